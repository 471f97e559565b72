//! The plan of a training: how many convexes its iterations will work on.

use super::TrainOptions;

/// Iterations in a row that work on the same number of convexes and the same size of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedIterations {
    /// The number of iterations.
    pub number: u32,
    /// The number of convexes.
    pub num_convexes: u32,
    /// The number of times that width and height of the pictures are halved.
    pub level: u32,
}

impl TrainOptions {
    /// The iterations after `iteration` up to `end`, as far as the strategy can tell. `num_convexes` is the number before the
    /// refinement that may be due after `iteration`; there may be at most `max_convexes`.
    #[must_use]
    pub fn plan(&self, max_convexes: u32, iteration: u32, num_convexes: u32, end: u32) -> Vec<PlannedIterations> {
        let strategy = self.strategy.strategy();
        let mut num_convexes = num_convexes;
        let mut plan: Vec<PlannedIterations> = Vec::new();
        for next in iteration.saturating_add(1)..=end.min(self.schedule().end()) {
            if strategy.is_due(self, next - 1) {
                num_convexes = strategy.planned_convexes(self, max_convexes, next - 1, num_convexes);
            }
            let level = strategy.coarse_level(self, next);
            match plan.last_mut() {
                Some(last) if (last.num_convexes, last.level) == (num_convexes, level) => last.number += 1,
                _ => plan.push(PlannedIterations { number: 1, num_convexes, level }),
            }
        }
        plan
    }
}
