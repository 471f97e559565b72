//! Number of instances of every convex in the order of depth, for the scan that gives each its slots.

use super::camera::CameraUniform;
use super::project::ProjectedBuffers;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader =
    shader!("count_instances", [file!("shared/camera.wgsl"), file!("shared/projected.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct CountInstances(Kernel);

/// Projected convexes and their order.
#[derive(Debug, Clone, Copy)]
pub struct RankedConvexes<'a> {
    /// The camera.
    pub camera: &'a Uniform<CameraUniform>,
    /// Number of convexes.
    pub num_convexes: u32,
    /// The projected convexes.
    pub projected: &'a ProjectedBuffers,
    /// Convexes in the order of depth.
    pub convex_from_rank: &'a Buffer<u32>,
    /// Number of instances by rank; after the scan, the first slot.
    pub first_slot_from_rank: &'a Buffer<u32>,
}

impl CountInstances {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records the counts in the order of depth, into `first_slot_from_rank`.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(&self, commands: &mut Commands<'_>, convexes: RankedConvexes<'_>) -> Result<(), GpuError> {
        let bindings = [
            ("camera", convexes.camera.all()),
            ("projected", convexes.projected.convexes.all()),
            ("convex_from_rank", convexes.convex_from_rank.all()),
            ("first_slot_from_rank", convexes.first_slot_from_rank.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(convexes.num_convexes), &bindings)
    }
}
