//! Finds out by running a kernel what no adapter reports: whether lanes of a subgroup are consecutive threads.

use super::commands::{Commands, Grid};
use super::context::Gpu;
use super::error::GpuError;
use super::kernel::Kernel;
use super::shader::{Shader, shader};
use crate::constants::{TILE_SIZE, WG_SIZE};

/// The row of the kernel. Its constant is `PROBE_THREADS`.
pub(crate) const PROBE: Shader = shader!("probe", [], &[&[("PROBE_THREADS", 64)]]);

/// Workgroups of each size that are run.
const GROUPS: u32 = 4;

/// Whether the lanes of every subgroup are consecutive threads of a workgroup, which the kernels with subgroup operations
/// build on. The device must have subgroup operations; one that refuses them all the same has no such lanes.
///
/// # Errors
/// Returns [`GpuError`] when the device was lost.
pub(super) fn has_ordered_lanes(gpu: &Gpu) -> Result<bool, GpuError> {
    // The sizes of the scans and of the rasterizer.
    for threads in [WG_SIZE, TILE_SIZE * TILE_SIZE / 4] {
        let kernel = match Kernel::new(gpu, &PROBE, &[("PROBE_THREADS", threads)]) {
            Err(GpuError::Shader { .. }) => return Ok(false),
            kernel => kernel?,
        };
        let findings = gpu.zeros::<u32>("findings", u64::from(GROUPS * threads))?;
        let mut commands = Commands::new(gpu, "probe");
        commands.dispatch(&kernel, Grid::Groups(GROUPS), &[("findings", findings.all())])?;
        commands.submit();
        if findings.read(gpu)?.contains(&0) {
            return Ok(false);
        }
    }
    Ok(true)
}
