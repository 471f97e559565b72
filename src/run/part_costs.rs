//! What the parts of a run cost on a device, by trials.

use super::iteration_costs::IterationCost;
use super::last_views::LastViewCost;

/// Seconds that parts of a run take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct PartCosts {
    /// An iteration.
    pub(super) iteration: IterationCost,
    /// A picture that is decoded for its first iteration.
    pub(super) picture: f64,
    /// A held-out view on the way.
    pub(super) watched_view: f64,
    /// A held-out view at the end.
    pub(super) last_view: LastViewCost,
    /// A checkpoint of few convexes.
    pub(super) checkpoint: f64,
}

/// Seconds that a convex adds to a checkpoint. A trial has too few to measure them; docs/benchmarks.md has those of a million.
const SAVED_CONVEX: f64 = 1.5e-5;

impl PartCosts {
    /// Seconds of a checkpoint.
    pub(super) fn saving(&self, num_convexes: u32) -> f64 {
        self.checkpoint + SAVED_CONVEX * f64::from(num_convexes)
    }
}
