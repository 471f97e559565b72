//! Exclusive prefix sum of u32, in place, wrapping around at 2³²; the total saturates.
//!
//! A scan takes three dispatches for any length: they reduce the blocks, scan the sums of the blocks and apply them. No
//! workgroup waits for another, and every run gives the same bits.

use super::blocks::{BlockWindow, Count, groups_of};
use super::parts::WORKGROUP_SCAN;
use crate::constants::BLOCK_SIZE;
use crate::gpu::groups::IndirectGroups;
use crate::gpu::{Buffer, Commands, GROUPS, Gpu, GpuError, Grid, GroupsArgs, Kernel, Shader, file, mirror, shader};

/// Sum of each block.
pub(super) const REDUCE: Shader =
    shader!("scan_reduce", [file!("shared/block.wgsl"), file!("shared/scan_u32.wgsl"), WORKGROUP_SCAN]);

/// Exclusive prefix sums of the sums of the blocks.
pub(super) const SUMS: Shader =
    shader!("scan_sums", [file!("shared/block.wgsl"), file!("shared/scan_u32.wgsl"), WORKGROUP_SCAN]);

/// Exclusive prefix sums within each block, on top of those of the blocks.
pub(super) const APPLY: Shader =
    shader!("scan_apply", [file!("shared/block.wgsl"), file!("shared/scan_u32.wgsl"), WORKGROUP_SCAN]);

mirror! {
    /// Arguments of the scan kernels.
    pub struct ScanArgs {
        /// Place of the count in its buffer.
        pub count_index: u32,
        /// Largest count that the buffers hold.
        pub max_count: u32,
        /// First block of the window that the bindings show.
        pub first_block: u32,
    }
}

/// The compiled kernels.
#[derive(Debug)]
pub struct Scan {
    groups: Kernel,
    reduce: Kernel,
    sums: Kernel,
    apply: Kernel,
}

/// Memory and arguments for arrays of up to a given length.
#[derive(Debug)]
pub struct ScanPlan {
    windows: Vec<PlannedWindow>,
    sums: Buffer<u32>,
    total: Buffer<u32>,
}

#[derive(Debug)]
struct PlannedWindow {
    window: BlockWindow,
    args: Buffer<ScanArgs>,
    groups: IndirectGroups,
}

impl Scan {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self {
            groups: Kernel::new(gpu, &GROUPS, &[])?,
            reduce: Kernel::new(gpu, &REDUCE, &[])?,
            sums: Kernel::new(gpu, &SUMS, &[])?,
            apply: Kernel::new(gpu, &APPLY, &[])?,
        })
    }

    /// Prepares for arrays of up to `max_count` items, whose count will be at `count_index` of a buffer of counts.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn plan(&self, gpu: &Gpu, max_count: u32, count_index: u32) -> Result<ScanPlan, GpuError> {
        let plan_window = |window: BlockWindow| {
            let args = ScanArgs { count_index, max_count, first_block: window.first_block };
            let groups_args = GroupsArgs { count_index, max_count, ..GroupsArgs::default() };
            Ok(PlannedWindow {
                window,
                args: gpu.uniform("scan.args", &args)?,
                groups: groups_of(gpu, window, groups_args)?,
            })
        };
        Ok(ScanPlan {
            windows: BlockWindow::all(gpu, max_count).into_iter().map(plan_window).collect::<Result<_, GpuError>>()?,
            sums: gpu.zeros("scan.sums", max_count.div_ceil(BLOCK_SIZE).into())?,
            total: gpu.zeros("scan.total", 1)?,
        })
    }

    /// Records the scan of the first `count` items of `values`.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when `values` is shorter than the plan.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        plan: &ScanPlan,
        counts: &Buffer<u32>,
        values: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        for planned in &plan.windows {
            planned.groups.update(commands, &self.groups, counts)?;
            let bindings = [
                ("args", planned.args.all()),
                ("counts", counts.all()),
                ("values", values.window(planned.window.items())),
                ("sums", plan.sums.all()),
            ];
            commands.dispatch(&self.reduce, planned.groups.grid(), &bindings)?;
        }
        let Some(first) = plan.windows.first() else { return Ok(()) };
        let bindings = [
            ("args", first.args.all()),
            ("counts", counts.all()),
            ("sums", plan.sums.all()),
            ("total", plan.total.all()),
        ];
        commands.dispatch(&self.sums, Grid::Groups(1), &bindings)?;
        for planned in &plan.windows {
            let bindings = [
                ("args", planned.args.all()),
                ("counts", counts.all()),
                ("values", values.window(planned.window.items())),
                ("sums", plan.sums.all()),
            ];
            commands.dispatch(&self.apply, planned.groups.grid(), &bindings)?;
        }
        Ok(())
    }
}

impl ScanPlan {
    /// One element: the sum of all items of the last scan, or 2³² − 1 where it is larger. Sums of single blocks must
    /// stay below 2³².
    #[must_use]
    pub const fn total(&self) -> Count<'_> {
        Count { buffer: &self.total, index: 0 }
    }
}
