//! Counts an iteration that was not skipped.

use super::status::Status;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, shader};

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("finish_step", [file!("shared/status.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct FinishStep(Kernel);

impl FinishStep {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Records that an iteration is over: it counts unless it was skipped.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(&self, commands: &mut Commands<'_>, status: &Buffer<Status>) -> Result<(), GpuError> {
        commands.dispatch(&self.0, Grid::Groups(1), &[("status", status.all())])
    }
}
