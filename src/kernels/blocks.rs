//! Lines of items cut into blocks, and blocks into windows that a binding can show.

use crate::constants::BLOCK_SIZE;
use crate::gpu::groups::IndirectGroups;
use crate::gpu::{Buffer, Gpu, GpuError, GroupsArgs};
use crate::real::to_u32;

/// A number of items that is known only on the GPU.
#[derive(Debug, Clone, Copy)]
pub struct Count<'a> {
    /// The buffer that it is written to before it is used.
    pub buffer: &'a Buffer<u32>,
    /// The place of the number in the buffer.
    pub index: u32,
}

/// Blocks that one binding shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockWindow {
    pub(super) first_block: u32,
    pub(super) num_blocks: u32,
}

impl BlockWindow {
    /// The windows of a line of `max_count` items of four bytes. There is always one, so that a count of zero is seen.
    pub(super) fn all(gpu: &Gpu, max_count: u32) -> Vec<Self> {
        let per_binding = gpu.binding_elements::<u32>() / u64::from(BLOCK_SIZE);
        let per_window = to_u32(per_binding).max(1);
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
pub(super) fn groups_of(gpu: &Gpu, window: BlockWindow, args: GroupsArgs) -> Result<IndirectGroups, GpuError> {
    let args = GroupsArgs {
        items_per_group: BLOCK_SIZE,
        first_group: window.first_block,
        window_groups: window.num_blocks,
        ..args
    };
    IndirectGroups::new(gpu, &args)
}
