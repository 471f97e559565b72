//! Counts what the rasterizer does in every tile, and the convexes that can be seen.

use super::rasterize::{BandArgs, RasterizeArgs};
use crate::gpu::layout::TileStatistics;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};

/// The compiled kernel.
#[derive(Debug)]
pub struct CountPairs {
    kernel: Kernel,
}

impl CountPairs {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self { kernel: Kernel::new(gpu, &shaders::STATISTICS, &[("POINTS", points_per_convex)])? })
    }

    /// Records the counting in some rows of tiles; `tiles` holds one element for every tile of the picture.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeArgs<'_>,
        band: BandArgs<'_>,
        tiles: &Buffer<TileStatistics>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", band.camera.all()),
            ("projected", args.projected.convexes.all()),
            ("lines", args.projected.lines.all()),
            ("convex_from_slot", args.convex_from_slot.all()),
            ("slots", args.slots.all()),
            ("first_instance_from_tile", args.first_instance_from_tile.all()),
            ("tiles", tiles.all()),
        ];
        commands.dispatch(&self.kernel, Grid::Plane(band.num_tiles[0], band.num_tiles[1]), &bindings)
    }
}

/// Counts the convexes that any tile can touch. The compiled kernel.
#[derive(Debug)]
pub struct CountVisible {
    kernel: Kernel,
}

impl CountVisible {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self { kernel: Kernel::new(gpu, &shaders::COUNT_VISIBLE, &[])? })
    }

    /// Records the search among the keys that convexes are sorted by.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        num_convexes: &Buffer<u32>,
        depth_keys: &Buffer<u32>,
        num_visible: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("num_convexes", num_convexes.all()),
            ("depth_keys", depth_keys.all()),
            ("num_visible", num_visible.all()),
        ];
        commands.dispatch(&self.kernel, Grid::Groups(1), &bindings)
    }
}
