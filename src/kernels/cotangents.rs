//! Cotangents that one kernel of the way back hands to the next: how many numbers they have (`shaders/shared/cotangents.wgsl`),
//! and the order in which they are made.

use super::project::ProjectArgs;
use crate::gpu::Buffer;
use crate::scene::Params;

/// Numbers of a projected convex's cotangent: three per line, and those of sharpness, opacity, colour and depth.
#[must_use]
pub const fn cotangents_per_convex(points_per_convex: u32) -> u64 {
    points_per_convex as u64 * 3 + 6
}

/// Numbers of an instance's cotangent: those of a projected convex, and whether it is seen.
#[must_use]
pub const fn cotangents_per_instance(points_per_convex: u32) -> u64 {
    cotangents_per_convex(points_per_convex) + 1
}

/// The buffers that `sh_backward` and `project_backward` read and write.
#[derive(Debug, Clone, Copy)]
pub struct ProjectBackwardArgs<'a> {
    /// The buffers of the forward pass.
    pub forward: ProjectArgs<'a>,
    /// K.
    pub points_per_convex: u32,
    /// Cotangents of every projected convex.
    pub v_projected: &'a Buffer<f32>,
    /// Gradients to write, of the shapes of the parameters.
    pub gradients: &'a Params<Buffer<f32>>,
}

/// Says that `sh_backward` was recorded for some convexes: in their cotangents the offset from the camera has taken the place
/// of the colour, which `project_backward` reads.
#[derive(Debug)]
#[must_use = "`project_backward` takes it"]
pub struct OffsetCotangents<'a>(pub(super) ProjectBackwardArgs<'a>);
