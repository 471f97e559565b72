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
        let end = end.min(self.schedule().end());
        let (mut done, mut num_convexes) = (iteration, num_convexes);
        let mut plan = Plan::default();
        while done < end {
            let mut due = strategy.next_change(self, done);
            if due == Some(done) {
                num_convexes = strategy.planned_convexes(self, max_convexes, done, num_convexes);
                due = strategy.next_change(self, done + 1);
            }
            let until = due.unwrap_or(end).min(end);
            while done < until {
                let level = self.coarse_level(done + 1);
                let last = self.last_of_level(level, done + 1, until);
                plan.push(PlannedIterations { number: last - done, num_convexes, level });
                done = last;
            }
        }
        plan.0
    }

    /// The last iteration of `first..=last` whose pictures are halved as often as those of the first. The number never rises.
    fn last_of_level(&self, level: u32, first: u32, last: u32) -> u32 {
        let (mut same, mut end) = (first, last);
        while same < end {
            let middle = end - (end - same) / 2;
            if self.coarse_level(middle) == level {
                same = middle;
            } else {
                end = middle - 1;
            }
        }
        same
    }
}

/// A plan whose neighbours differ.
#[derive(Default)]
struct Plan(Vec<PlannedIterations>);

impl Plan {
    fn push(&mut self, next: PlannedIterations) {
        match self.0.last_mut() {
            Some(last) if (last.num_convexes, last.level) == (next.num_convexes, next.level) => {
                last.number += next.number;
            }
            _ => self.0.push(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BudgetOptions, Preset, StrategyKind};
    use super::*;

    /// The same plan, found by a look at every iteration.
    fn walked(options: &TrainOptions, max_convexes: u32, iteration: u32, num_convexes: u32, end: u32) -> Plan {
        let strategy = options.strategy.strategy();
        let (mut num_convexes, mut plan) = (num_convexes, Plan::default());
        for next in iteration.saturating_add(1)..=end.min(options.schedule().end()) {
            if strategy.is_due(options, next - 1) {
                num_convexes = strategy.planned_convexes(options, max_convexes, next - 1, num_convexes);
            }
            plan.push(PlannedIterations { number: 1, num_convexes, level: strategy.coarse_level(options, next) });
        }
        plan
    }

    /// Some options of a length, with all kinds of schedules.
    fn many_options(iterations: u32) -> Vec<TrainOptions> {
        let plans = [
            vec![],
            vec![[0, iterations / 3 + 1]],
            vec![[iterations / 4, iterations / 2 + 1]],
            vec![[iterations / 5, 2 * iterations], [iterations / 4 + 1, iterations]],
        ];
        let periods = [None, Some(1), Some(7), Some(1000)];
        let budgets = [(0.6, 2, 0.0), (1.0, 3, 1.0), (0.0, 1, 0.3), (0.03, 6, 0.61)];
        let mut all =
            vec![TrainOptions { iterations, ..TrainOptions::of_strategy(StrategyKind::Paper, Preset::Light) }];
        for replanned in plans {
            for refine_every in periods {
                for (refine_until, coarse_levels, coarse_until) in budgets {
                    let budget =
                        BudgetOptions { refine_until, coarse_levels, coarse_until, ..BudgetOptions::default() };
                    let replanned = replanned.clone();
                    let base = TrainOptions::default();
                    all.push(TrainOptions { iterations, replanned, refine_every, budget, ..base });
                }
            }
        }
        all.retain(|options| options.check().is_ok());
        all
    }

    #[test]
    fn a_plan_is_what_a_look_at_every_iteration_finds() {
        let mut num_compared = 0;
        for options in [1, 2, 9, 40, 777, 3000].into_iter().flat_map(many_options) {
            let whole = options.schedule().end();
            for done in [0, 1, whole / 4 + 1, whole / 2, whole.saturating_sub(1), whole, whole + 5] {
                for (num_convexes, end) in [(1, u32::MAX), (300, whole / 2), (1000, whole), (5000, u32::MAX)] {
                    let found = options.plan(1000, done, num_convexes, end);
                    let Plan(expected) = walked(&options, 1000, done, num_convexes, end);
                    assert_eq!(found, expected, "{num_convexes} convexes after {done} of {options:?}");
                    num_compared += 1;
                }
            }
        }
        assert!(num_compared > 5000, "{num_compared}");
    }
}
