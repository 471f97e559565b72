//! Small buffers that results are copied back in, kept for the next copy of the same size.

use std::sync::{Mutex, PoisonError};

use super::memory_tracker::Allocation;

/// The largest copy that is kept, in bytes. Pictures are larger: their memory is given back at once.
const LARGEST_KEPT: u64 = 4 << 10;

/// The most copies that are kept.
const MOST_KEPT: usize = 16;

/// Copies that nobody reads any more.
#[derive(Debug, Default)]
pub(super) struct ReadbackPool(Mutex<Vec<(wgpu::Buffer, Allocation)>>);

impl ReadbackPool {
    /// A kept buffer of exactly this many bytes.
    pub(super) fn take(&self, bytes: u64) -> Option<(wgpu::Buffer, Allocation)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(|(buffer, _)| buffer.size() == bytes)?;
        Some(kept.swap_remove(index))
    }

    /// Frees all kept buffers.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Keeps a buffer that is not mapped, if it is small.
    pub(super) fn give_back(&self, buffer: wgpu::Buffer, allocation: Allocation) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.size() <= LARGEST_KEPT && kept.len() < MOST_KEPT {
            kept.push((buffer, allocation));
        }
    }
}
