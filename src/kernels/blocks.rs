//! Lines of items cut into blocks, and blocks into windows that a binding can show.

use crate::constants::BLOCK_SIZE;
use crate::gpu::layout::GroupsArgs;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel};

/// A number of items that is known only on the GPU.
#[derive(Debug, Clone, Copy)]
pub struct Count<'a> {
    /// Where it is written before it is used.
    pub buffer: &'a Buffer<u32>,
    /// Its place there.
    pub index: u32,
}

/// Blocks that one binding shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) first_block: u32,
    pub(super) num_blocks: u32,
}

impl Window {
    /// The windows of a line of `max_count` items of four bytes. There is always one, so that a count of zero is seen.
    pub(super) fn all(gpu: &Gpu, max_count: u32) -> Vec<Self> {
        let per_binding = gpu.binding_elements::<u32>() / u64::from(BLOCK_SIZE);
        let per_window = u32::try_from(per_binding).unwrap_or(u32::MAX).max(1);
        let blocks = max_count.div_ceil(BLOCK_SIZE).max(1);
        (0..blocks)
            .step_by(per_window as usize)
            .map(|first_block| Self { first_block, num_blocks: per_window.min(blocks - first_block) })
            .collect()
    }

    /// The items that the binding shows.
    pub(super) fn items(self) -> std::ops::Range<u64> {
        let block = u64::from(BLOCK_SIZE);
        u64::from(self.first_block) * block..u64::from(self.first_block + self.num_blocks) * block
    }
}

/// Workgroups of the blocks of a window, computed on the GPU from a count.
#[derive(Debug)]
pub(super) struct WindowGroups {
    args: Buffer<GroupsArgs>,
    /// Workgroups in x, y and z, then the entries that the blocks of all windows write.
    pub(super) groups: Buffer<u32>,
}

impl WindowGroups {
    pub(super) fn new(gpu: &Gpu, window: Window, args: GroupsArgs) -> Result<Self, GpuError> {
        let args = GroupsArgs {
            items_per_group: BLOCK_SIZE,
            first_group: window.first_block,
            window_groups: window.num_blocks,
            ..args
        };
        Ok(Self { args: gpu.uniform("groups.args", &args)?, groups: gpu.zeros("groups", 4)? })
    }

    /// Computes the workgroups; `kernel` is `groups`.
    pub(super) fn update(
        &self,
        commands: &mut Commands<'_>,
        kernel: &Kernel,
        counts: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [("args", self.args.all()), ("counts", counts.all()), ("groups", self.groups.all())];
        commands.dispatch(kernel, Grid::Groups(1), &bindings)
    }

    pub(super) fn grid(&self) -> Grid<'_> {
        Grid::Indirect(&self.groups, 0)
    }
}
