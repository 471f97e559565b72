//! Finds the largest share of a pixel that every convex of a frame has.

use super::count_instances::RankedConvexes;
use super::parts::{ROW, TOGETHER};
use super::rasterize::{BandArgs, RasterizeArgs};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, shader};

/// The row of the kernel for tiles. Constant: POINTS.
pub(super) const SHARES: Shader = shader!(
    "shares",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/blend.wgsl"),
        TOGETHER,
        ROW,
        file!("shared/batch.wgsl")
    ]
);

/// The row of the kernel for convexes. Constant: POINTS.
pub(super) const GATHER: Shader =
    shader!("gather_shares", [file!("shared/camera.wgsl"), file!("shared/projected.wgsl")]);

/// The compiled kernels.
#[derive(Debug)]
pub struct Shares {
    tiles: Kernel,
    gather: Kernel,
}

impl Shares {
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when one does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let compile = |shader: &Shader| Kernel::new(gpu, shader, &[("POINTS", points_per_convex)]);
        Ok(Self { tiles: compile(&SHARES)?, gather: compile(&GATHER)? })
    }

    /// Records the shares of the instances in some rows of tiles, into an element for every slot that held 0.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is longer than a binding.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeArgs<'_>,
        band: BandArgs<'_>,
        share_from_slot: &Buffer<f32>,
    ) -> Result<(), GpuError> {
        let [camera, projected, lines, convexes, slots, ranges] = args.tile_bindings(band);
        let shares = ("share_from_slot", share_from_slot.all());
        commands.dispatch(&self.tiles, band.grid(), &[camera, projected, lines, convexes, slots, ranges, shares])
    }

    /// Records the largest share of every convex.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is longer than a binding.
    pub fn record_gather(
        &self,
        commands: &mut Commands<'_>,
        convexes: RankedConvexes<'_>,
        share_from_slot: &Buffer<f32>,
        share_from_convex: &Buffer<f32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", convexes.camera.all()),
            ("projected", convexes.projected.convexes.all()),
            ("convex_from_rank", convexes.convex_from_rank.all()),
            ("first_slot_from_rank", convexes.first_slot_from_rank.all()),
            ("share_from_slot", share_from_slot.all()),
            ("share_from_convex", share_from_convex.all()),
        ];
        commands.dispatch(&self.gather, Grid::Threads(convexes.num_convexes), &bindings)
    }
}
