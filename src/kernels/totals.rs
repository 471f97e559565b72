//! Totals of the pixels: what the loss sees of each in all, before the backward pass of the rasterizer.

use super::rasterize::BandArgs;
use super::rasterize_backward::RasterizeBackwardArgs;
use crate::gpu::{Commands, Gpu, GpuError, Kernel, Shader, file, shader};

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("totals", [file!("shared/camera.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct Totals(Kernel);

impl Totals {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Records the totals of the pixels of a band; once, before the bands of any window of slots.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeBackwardArgs<'_>,
        band: BandArgs<'_>,
    ) -> Result<(), GpuError> {
        let pixels = || band.pixels.clone();
        let bindings = [
            ("camera", band.camera.all()),
            ("rgba", args.forward.pixels.rgba.window(pixels())),
            ("depth", args.forward.pixels.depth.window(pixels())),
            ("v_rgba", args.v_rgba.window(pixels())),
            ("v_depth", args.v_depth.window(pixels())),
            ("totals", args.totals.window(pixels())),
        ];
        commands.dispatch(&self.0, band.pixel_threads(), &bindings)
    }
}
