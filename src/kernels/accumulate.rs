//! Adds the gradients of an iteration to the statistics that densification reads.

use super::camera::CameraUniform;
use super::status::Status;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, shader};
use crate::real::to_u32;
use crate::scene::Params;

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader =
    shader!("accumulate", [file!("shared/camera.wgsl"), file!("shared/status.wgsl"), file!("shared/projected.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct Accumulate(Kernel);

/// The buffers that the kernel reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct AccumulateArgs<'a> {
    /// The camera of the iteration.
    pub camera: &'a Uniform<CameraUniform>,
    /// Whether a frame did not fit; then nothing is added.
    pub status: &'a Buffer<Status>,
    /// The projected convexes of the frame.
    pub projected: &'a Buffer<u32>,
    /// The points of the convexes.
    pub points: &'a Buffer<f32>,
    /// Gradients of the loss.
    pub gradients: &'a Params<Buffer<f32>>,
    /// The norm of the gradient of its points times its extent, the gradient of `log_sigma`, the number of
    /// views that see it, each summed; and its extent; of each convex.
    pub statistics: &'a Buffer<[f32; 4]>,
}

impl Accumulate {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records that the gradients of an iteration are added to the statistics.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(&self, commands: &mut Commands<'_>, args: AccumulateArgs<'_>) -> Result<(), GpuError> {
        let bindings = [
            ("camera", args.camera.all()),
            ("status", args.status.all()),
            ("projected", args.projected.all()),
            ("v_points", args.gradients.points.all()),
            ("v_log_sigma", args.gradients.log_sigma.all()),
            ("points", args.points.all()),
            ("statistics", args.statistics.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(to_u32(args.statistics.len())), &bindings)
    }
}
