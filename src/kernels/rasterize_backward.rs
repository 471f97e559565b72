//! Cotangents of every instance, from those of the pictures.

use super::parts::{CLUSTERS_PER_GROUP, ROW, SUMS, TOGETHER};
use super::rasterize::{BandArgs, RasterizeArgs};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Kernel, Shader, file, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!(
    "rasterize_backward",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/cotangents.wgsl"),
        file!("shared/blend.wgsl"),
        TOGETHER,
        ROW,
        CLUSTERS_PER_GROUP,
        SUMS
    ]
);

/// The compiled kernel.
#[derive(Debug)]
pub struct RasterizeBackward(Kernel);

/// The buffers that `totals` and `rasterize_backward` read and write.
#[derive(Debug, Clone, Copy)]
pub struct RasterizeBackwardArgs<'a> {
    /// The buffers of the forward pass.
    pub forward: RasterizeArgs<'a>,
    /// Cotangent of `rgba`.
    pub v_rgba: &'a Buffer<[f32; 4]>,
    /// Cotangent of `depth`.
    pub v_depth: &'a Buffer<f32>,
    /// `[H, W, 2]` to write: what the loss sees of each pixel in all, and `v_depth`.
    pub totals: &'a Buffer<[f32; 2]>,
    /// Cotangents of the instances to write that the camera's slots hold, [`cotangents_per_instance`](super::cotangents_per_instance)
    /// each.
    pub v_instances: &'a Buffer<f32>,
}

impl RasterizeBackward {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records the cotangents of a window of slots, for a band of the pictures.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeBackwardArgs<'_>,
        band: BandArgs<'_>,
    ) -> Result<(), GpuError> {
        let RasterizeBackwardArgs { forward, v_rgba, totals, v_instances, .. } = args;
        let pixels = || band.pixels.clone();
        let [camera, projected, lines, convexes, slots, ranges] = forward.tile_bindings(band);
        let (totals, v_rgba) = (("totals", totals.window(pixels())), ("v_rgba", v_rgba.window(pixels())));
        let v_instances = ("v_instances", v_instances.all());
        let bindings = [camera, projected, lines, convexes, slots, ranges, totals, v_rgba, v_instances];
        commands.dispatch(&self.0, band.grid(), &bindings)
    }
}
