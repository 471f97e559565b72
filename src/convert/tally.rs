//! How many convexes are done, for whoever waits.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Convexes between two reports.
const STEP: usize = 1000;

/// Counts the convexes that threads have converted.
pub(super) struct Tally<'a> {
    done: AtomicUsize,
    report: &'a (dyn Fn(usize) + Sync),
}

impl<'a> Tally<'a> {
    pub(super) fn new(report: &'a (dyn Fn(usize) + Sync)) -> Self {
        Self { done: AtomicUsize::new(0), report }
    }

    /// All of so many are made; what is left is to write them.
    pub(super) fn finish(&self, total: usize) {
        (self.report)(total);
    }

    /// One more is done.
    pub(super) fn count(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(STEP) {
            (self.report)(done);
        }
    }
}
