//! What no adapter says of itself, found out by running a kernel.

use super::commands::{Commands, Grid};
use super::context::Gpu;
use super::error::GpuError;
use super::kernel::Kernel;
use super::shaders;
use crate::constants::WG_SIZE;

/// Whether the lanes of every subgroup are consecutive threads of a workgroup, which the kernels with subgroup operations
/// build on. The device must have subgroup operations.
///
/// # Errors
/// [`GpuError`] when the device was lost or refuses the kernel.
pub(super) fn has_ordered_lanes(gpu: &Gpu) -> Result<bool, GpuError> {
    let kernel = Kernel::new(gpu, &shaders::PROBE, &[])?;
    let findings = gpu.zeros::<u32>("findings", WG_SIZE.into())?;
    let mut commands = Commands::new(gpu, "probe");
    commands.dispatch(&kernel, Grid::Groups(1), &[("findings", findings.all())])?;
    commands.submit();
    Ok(findings.read(gpu)?.into_iter().all(|finding| finding == 1))
}
