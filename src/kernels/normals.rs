//! Normals of the surface that the depth of a frame shows.

use super::rasterize::{BandArgs, PixelBuffers};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Kernel, Shader, file, shader};

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("normals", [file!("shared/camera.wgsl"), file!("shared/finite.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct Normals(Kernel);

impl Normals {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Records the normals of the middle one of three bands, `[H, W, 3]`. Where there is no band above or below, give the
    /// middle one.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
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
        commands.dispatch(&self.0, band.pixel_threads(), &bindings)
    }
}
