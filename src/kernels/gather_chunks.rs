//! Sums of the chunks of instances that are one convex's alone.

use super::gather_cotangents::GatherArgs;
use crate::constants::WINDOW_UNIT;
use crate::gpu::{Commands, Gpu, GpuError, Grid, Kernel, Shader, file, shader};
use crate::real::to_u32;

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!(
    "gather_chunks",
    [file!("shared/camera.wgsl"), file!("shared/cotangents.wgsl"), file!("shared/chunks.wgsl")]
);

/// The compiled kernel.
#[derive(Debug)]
pub struct GatherChunks(Kernel);

impl GatherChunks {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records the sums of the chunks of a window of slots.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(&self, commands: &mut Commands<'_>, args: GatherArgs<'_>) -> Result<(), GpuError> {
        let chunks = (args.slots.end - args.slots.start).div_ceil(WINDOW_UNIT.into());
        let numbers = chunks * super::cotangents_per_convex(args.points_per_convex);
        let bindings = [
            ("camera", args.convexes.camera.all()),
            ("num_instances", args.num_instances.all()),
            ("convex_from_slot", args.convex_from_slot.all()),
            ("v_instances", args.v_instances.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(to_u32(numbers)), &bindings)
    }
}
