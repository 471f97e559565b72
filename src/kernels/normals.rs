//! Normals of what a frame shows.

use super::rasterize::{BandArgs, PixelBuffers};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};

/// The compiled kernel.
#[derive(Debug)]
pub struct Normals {
    kernel: Kernel,
}

impl Normals {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self { kernel: Kernel::new(gpu, &shaders::NORMALS, &[])? })
    }

    /// Records the normals of the middle one of three bands, `[H, W, 3]`. Where there is no band above or below, give the
    /// middle one.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        pixels: &PixelBuffers,
        [above, band, below]: [BandArgs<'_>; 3],
        normals: &Buffer<f32>,
    ) -> Result<(), GpuError> {
        let rgba = |band: BandArgs<'_>| pixels.rgba.window(band.pixels.clone());
        let depth = |band: BandArgs<'_>| pixels.depth.window(band.pixels.clone());
        let bindings = [
            ("camera", band.camera.all()),
            ("rgba", rgba(band)),
            ("rgba_above", rgba(above)),
            ("rgba_below", rgba(below)),
            ("depth", depth(band)),
            ("depth_above", depth(above)),
            ("depth_below", depth(below)),
            ("normals", normals.window(band.pixels.start * 3..band.pixels.end * 3)),
        ];
        let num_pixels = u32::try_from(band.pixels.end - band.pixels.start).unwrap_or(u32::MAX);
        commands.dispatch(&self.kernel, Grid::Threads(num_pixels), &bindings)
    }
}
