//! Writes an instance for every tile that a convex can touch.

use super::count_instances::RankedConvexes;
use super::parts::WORKGROUP_SCAN;
use super::sort::Pairs;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!(
    "emit_instances",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/tiles.wgsl"),
        file!("shared/scan_u32.wgsl"),
        WORKGROUP_SCAN
    ]
);

/// The compiled kernel.
#[derive(Debug)]
pub struct EmitInstances(Kernel);

impl EmitInstances {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records the emission of tiles and slots into `instances`.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        convexes: RankedConvexes<'_>,
        instances: &Pairs,
        convex_from_slot: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("camera", convexes.camera.all()),
            ("projected", convexes.projected.convexes.all()),
            ("lines", convexes.projected.lines.all()),
            ("convex_from_rank", convexes.convex_from_rank.all()),
            ("first_slot_from_rank", convexes.first_slot_from_rank.all()),
            ("tile_keys", instances.keys.all()),
            ("slots", instances.values.all()),
            ("convex_from_slot", convex_from_slot.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(convexes.num_convexes), &bindings)
    }
}
