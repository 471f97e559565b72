//! Admits the instances of a frame if the buffers hold them all.

use super::camera::CameraUniform;
use super::status::Status;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, shader};

/// The row of the kernel.
pub(super) const SHADER: Shader =
    shader!("admit_instances", [file!("shared/camera.wgsl"), file!("shared/status.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct AdmitInstances(Kernel);

impl AdmitInstances {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Records that the `total` of the scan becomes the number of instances, or zero where the buffers do not hold them.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        camera: &Uniform<CameraUniform>,
        total: &Buffer<u32>,
        num_instances: &Buffer<u32>,
        status: &Buffer<Status>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", camera.all()),
            ("total", total.all()),
            ("num_instances", num_instances.all()),
            ("status", status.all()),
        ];
        commands.dispatch(&self.0, Grid::Groups(1), &bindings)
    }
}
