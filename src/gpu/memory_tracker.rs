//! How many bytes the buffers of a device hold, and how many they may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bind_groups::BindGroupCache;
use super::error::GpuError;

/// Adds up the buffers of one device.
#[derive(Debug)]
pub(super) struct MemoryTracker {
    held: AtomicU64,
    /// Most that was held since it was last asked for.
    peak: AtomicU64,
    allowed: AtomicU64,
    num_buffers: AtomicU64,
    /// The bind groups that must not outlive the buffers they bind.
    pub(super) groups: BindGroupCache,
}

impl Default for MemoryTracker {
    fn default() -> Self {
        Self {
            held: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            allowed: AtomicU64::new(u64::MAX),
            num_buffers: AtomicU64::new(0),
            groups: BindGroupCache::default(),
        }
    }
}

impl MemoryTracker {
    /// Bytes of all buffers that exist.
    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// The most that was held at a time since this was last asked.
    pub(super) fn take_peak(&self) -> u64 {
        self.peak.swap(self.held(), Ordering::Relaxed)
    }

    /// Refuses allocations from now on that would make it hold more than this many bytes.
    pub(super) fn allow(&self, bytes: u64) {
        self.allowed.store(bytes, Ordering::Relaxed);
    }

    /// Number of buffers that were created so far.
    pub(super) fn num_buffers(&self) -> u64 {
        self.num_buffers.load(Ordering::Relaxed)
    }

    /// Counts a buffer until the result is dropped.
    ///
    /// # Errors
    /// Returns [`GpuError::OverBudget`] when it would be more than is allowed.
    pub(super) fn allocate(self: &Arc<Self>, label: &str, bytes: u64) -> Result<Allocation, GpuError> {
        let allowed = self.allowed.load(Ordering::Relaxed);
        let entered = self.held.try_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(bytes).filter(|held| *held <= allowed)
        });
        match entered {
            Ok(held) => {
                self.peak.fetch_max(held + bytes, Ordering::Relaxed);
                let id = self.num_buffers.fetch_add(1, Ordering::Relaxed);
                Ok(Allocation { tracker: Arc::clone(self), bytes, id })
            }
            Err(held) => Err(GpuError::OverBudget { label: label.to_owned(), bytes, held, allowed }),
        }
    }
}

/// A buffer that is counted; it is no longer when this is dropped.
#[derive(Debug)]
pub(super) struct Allocation {
    tracker: Arc<MemoryTracker>,
    bytes: u64,
    /// A number that no other buffer of the device has or had.
    pub(super) id: u64,
}

impl Drop for Allocation {
    fn drop(&mut self) {
        self.tracker.groups.forget(self.id);
        self.tracker.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_buffers_no_longer_count() {
        let tracker = Arc::new(MemoryTracker::default());
        tracker.allow(100);
        let first = tracker.allocate("first", 60).unwrap();
        let error = tracker.allocate("second", 50).unwrap_err();
        assert_eq!(error, GpuError::OverBudget { label: "second".into(), bytes: 50, held: 60, allowed: 100 });
        assert!(tracker.allocate("endless", u64::MAX).is_err());
        drop(first);
        assert_eq!(tracker.held(), 0);
        assert!(tracker.allocate("second", 100).is_ok());
    }

    #[test]
    fn taking_the_peak_starts_it_anew() {
        let tracker = Arc::new(MemoryTracker::default());
        let (first, second) = (tracker.allocate("first", 60).unwrap(), tracker.allocate("second", 30).unwrap());
        drop(second);
        assert_eq!((tracker.take_peak(), tracker.take_peak()), (90, 60));
        drop(first);
        assert_eq!((tracker.take_peak(), tracker.take_peak()), (60, 0));
    }
}
