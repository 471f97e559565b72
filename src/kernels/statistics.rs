//! Counts what the rasterizer does in every tile.

use super::rasterize::{BandArgs, RasterizeArgs};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Kernel, Shader, file, mirror, shader};

/// The row of the kernel. Constant: POINTS. The parts are the same on every device, and so are the counts.
pub(super) const SHADER: Shader = shader!(
    "statistics",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/blend.wgsl"),
        file!("shared/together.wgsl"),
        file!("shared/row.wgsl"),
        file!("shared/batch.wgsl")
    ]
);

mirror! {
    /// The counts of one tile.
    pub struct TileStatistics {
        /// Convexes that the tile was visited for.
        pub num_instances: u32,
        /// Those that are drawn in at least one pixel.
        pub num_drawn_instances: u32,
        /// Pairs of a pixel and a convex whose lines are evaluated.
        pub tested_pairs: u32,
        /// Those that the largest line alone does not reject.
        pub near_pairs: u32,
        /// Those among them that need the sum of exponentials.
        pub smooth_pairs: u32,
        /// Those that are drawn.
        pub drawn_pairs: u32,
    }
}

/// The compiled kernel.
#[derive(Debug)]
pub struct CountPairs(Kernel);

impl CountPairs {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records the counting in some rows of tiles; `tiles` holds one element for every tile of the picture.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeArgs<'_>,
        band: BandArgs<'_>,
        tiles: &Buffer<TileStatistics>,
    ) -> Result<(), GpuError> {
        let [camera, projected, lines, convexes, slots, ranges] = args.tile_bindings(band);
        let bindings = [camera, projected, lines, convexes, slots, ranges, ("tiles", tiles.all())];
        commands.dispatch(&self.0, band.grid(), &bindings)
    }
}
