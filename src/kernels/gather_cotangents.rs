//! Cotangents of every projected convex: the sums over its instances.

use std::ops::Range;

use super::count_instances::RankedConvexes;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, shader};

/// Threads that gather the cotangents of a convex.
const LANES: u32 = 8;

/// The row of the kernel. Constants: POINTS, LANES.
pub(super) const SHADER: Shader = shader!(
    "gather_cotangents",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/cotangents.wgsl"),
        file!("shared/chunks.wgsl")
    ],
    &[&[("LANES", LANES)]]
);

/// The compiled kernel.
#[derive(Debug)]
pub struct GatherCotangents(Kernel);

/// The buffers that `forget_rest`, `gather_chunks` and `gather_cotangents` read and write.
#[derive(Debug, Clone, Copy)]
pub struct GatherArgs<'a> {
    /// The convexes, with a camera that knows the slots that `v_instances` shows.
    pub convexes: RankedConvexes<'a>,
    /// Those slots; windows of them begin at whole chunks of [`WINDOW_UNIT`](crate::constants::WINDOW_UNIT).
    pub slots: &'a Range<u64>,
    /// K.
    pub points_per_convex: u32,
    /// Number of instances.
    pub num_instances: &'a Buffer<u32>,
    /// The convex of every slot.
    pub convex_from_slot: &'a Buffer<u32>,
    /// Slots, tile after tile; behind all tiles those that no tile has.
    pub slots_by_tile: &'a Buffer<u32>,
    /// First instance of every tile, and the end of the last.
    pub first_instance_from_tile: &'a Buffer<u32>,
    /// Cotangents of the instances in those slots; sums take the place of some.
    pub v_instances: &'a Buffer<f32>,
    /// Cotangents of every projected convex, [`cotangents_per_convex`](super::cotangents_per_convex) each, to add to.
    pub v_projected: &'a Buffer<f32>,
}

impl GatherCotangents {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex), ("LANES", LANES)])?))
    }

    /// Records the sums over the instances of every convex. Where not all slots fit a binding, their windows are gathered in
    /// order.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(&self, commands: &mut Commands<'_>, args: GatherArgs<'_>) -> Result<(), GpuError> {
        let convexes = args.convexes;
        let bindings = [
            ("camera", convexes.camera.all()),
            ("projected", convexes.projected.convexes.all()),
            ("convex_from_rank", convexes.convex_from_rank.all()),
            ("first_slot_from_rank", convexes.first_slot_from_rank.all()),
            ("v_instances", args.v_instances.all()),
            ("v_projected", args.v_projected.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(convexes.num_convexes.saturating_mul(LANES)), &bindings)
    }
}
