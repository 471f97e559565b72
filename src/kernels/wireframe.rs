//! Draws the edges of the hulls in a picture.

use std::ops::Range;

use super::display::DisplayBuffers;
use super::windows::{points_of, threads};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Kernel, Shader, file, shader};
use crate::scene::Params;

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!("wireframe", [file!("shared/display.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct Wireframe {
    points_per_convex: u32,
    kernel: Kernel,
}

impl Wireframe {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let kernel = Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?;
        Ok(Self { points_per_convex, kernel })
    }

    /// Draws edges of a window of convexes into `buffers.edges`, which the caller has cleared; nothing where there is no
    /// such buffer. The arguments must be those of the window.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        buffers: DisplayBuffers<'_>,
        window: &Range<u64>,
        params: &Params<Buffer<f32>>,
        hull_edges: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let Some(edges) = buffers.edges else { return Ok(()) };
        let pixels = 0..buffers.num_pixels;
        let bindings = [
            ("args", buffers.args.all()),
            ("points", params.points.window(points_of(self.points_per_convex, window))),
            ("raw_opacity", params.raw_opacity.window(window.clone())),
            ("hull_edges", hull_edges.window(window.clone())),
            ("rgba", buffers.rgba.window(pixels.clone())),
            ("depth", buffers.depth.window(pixels.clone())),
            ("edges", edges.window(pixels)),
        ];
        let pairs = self.points_per_convex * (self.points_per_convex - 1) / 2;
        commands.dispatch(&self.kernel, threads(window, pairs), &bindings)
    }
}
