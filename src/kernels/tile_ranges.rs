//! First instance of every tile.

use super::camera::CameraUniform;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, shader};
use crate::real::to_u32;

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("tile_ranges", [file!("shared/camera.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct TileRanges(Kernel);

impl TileRanges {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Records the search for the first instance of every tile among sorted keys.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        camera: &Uniform<CameraUniform>,
        num_instances: &Buffer<u32>,
        tile_keys: &Buffer<u32>,
        first_instance_from_tile: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", camera.all()),
            ("num_instances", num_instances.all()),
            ("tile_keys", tile_keys.all()),
            ("first_instance_from_tile", first_instance_from_tile.all()),
        ];
        let threads = to_u32(tile_keys.len()).saturating_add(1);
        commands.dispatch(&self.0, Grid::Threads(threads), &bindings)
    }
}
