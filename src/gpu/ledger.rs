//! How many bytes the buffers of a device hold, and how many they may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::GpuError;

/// The books of one device.
#[derive(Debug)]
pub(super) struct Ledger {
    held: AtomicU64,
    /// Most that was held since it was last asked for.
    peak: AtomicU64,
    allowed: AtomicU64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { held: AtomicU64::new(0), peak: AtomicU64::new(0), allowed: AtomicU64::new(u64::MAX) }
    }
}

impl Ledger {
    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// The most that was held at a time since this was last asked.
    pub(super) fn take_peak(&self) -> u64 {
        self.peak.swap(self.held(), Ordering::Relaxed)
    }

    pub(super) fn allow(&self, bytes: u64) {
        self.allowed.store(bytes, Ordering::Relaxed);
    }

    /// Enters a buffer.
    ///
    /// # Errors
    /// [`GpuError::OverBudget`] where it would be more than is allowed.
    pub(super) fn lease(self: &Arc<Self>, label: &str, bytes: u64) -> Result<Lease, GpuError> {
        let allowed = self.allowed.load(Ordering::Relaxed);
        let entered = self.held.try_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(bytes).filter(|held| *held <= allowed)
        });
        match entered {
            Ok(held) => {
                self.peak.fetch_max(held + bytes, Ordering::Relaxed);
                Ok(Lease { ledger: Arc::clone(self), bytes })
            }
            Err(held) => Err(GpuError::OverBudget { label: label.to_owned(), bytes, held, allowed }),
        }
    }
}

/// A buffer in the books; struck out when it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    ledger: Arc<Ledger>,
    bytes: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.ledger.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_makes_room() {
        let ledger = Arc::new(Ledger::default());
        ledger.allow(100);
        let first = ledger.lease("first", 60).unwrap();
        let error = ledger.lease("second", 50).unwrap_err();
        assert_eq!(error, GpuError::OverBudget { label: "second".into(), bytes: 50, held: 60, allowed: 100 });
        assert!(ledger.lease("endless", u64::MAX).is_err());
        drop(first);
        assert_eq!(ledger.held(), 0);
        assert!(ledger.lease("second", 100).is_ok());
    }

    #[test]
    fn a_peak_is_told_once() {
        let ledger = Arc::new(Ledger::default());
        let (first, second) = (ledger.lease("first", 60).unwrap(), ledger.lease("second", 30).unwrap());
        drop(second);
        assert_eq!((ledger.take_peak(), ledger.take_peak()), (90, 60));
        drop(first);
        assert_eq!((ledger.take_peak(), ledger.take_peak()), (60, 0));
    }
}
