//! Marks the slots that no tile has, so that nothing is added up for them.

use super::gather_cotangents::GatherArgs;
use crate::gpu::{Commands, Gpu, GpuError, Grid, Kernel, Shader, file, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader =
    shader!("forget_rest", [file!("shared/camera.wgsl"), file!("shared/cotangents.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct ForgetRest(Kernel);

impl ForgetRest {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records that slots without a tile are seen in none.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(&self, commands: &mut Commands<'_>, args: GatherArgs<'_>) -> Result<(), GpuError> {
        let bindings = [
            ("camera", args.convexes.camera.all()),
            ("num_instances", args.num_instances.all()),
            ("first_instance_from_tile", args.first_instance_from_tile.all()),
            ("slots", args.slots_by_tile.all()),
            ("v_instances", args.v_instances.all()),
        ];
        commands.dispatch(&self.0, Grid::Groups(1), &bindings)
    }
}
