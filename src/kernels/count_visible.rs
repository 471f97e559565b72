//! Counts the convexes that any tile can touch.

use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, shader};

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("count_visible", []);

/// The compiled kernel.
#[derive(Debug)]
pub struct CountVisible(Kernel);

impl CountVisible {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Records the search among the keys that convexes are sorted by.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
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
        commands.dispatch(&self.0, Grid::Groups(1), &bindings)
    }
}
