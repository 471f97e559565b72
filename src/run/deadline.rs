//! The time by which a run is to end. Where it would end later, or much earlier, the rest of its schedule is planned anew.

use web_time::{Duration, Instant};

use super::time_choice::MAX_ITERATIONS;
use crate::evaluate::ReplanReason;

/// Parts of the time: a run that would end outside of the first two is planned anew, for the third.
const EARLIEST: f64 = 0.89;
const LATEST: f64 = 0.98;
pub(super) const PLANNED: f64 = 0.95;

/// Most that the rest may take less or more than it is estimated, as a part of it: it can still be planned anew later, when more
/// is known. To lengthen it later costs nothing.
const UNCERTAINTY: f64 = 0.25;
const UNCERTAINTY_OF_EARLY: f64 = 0.5;

/// Time between two looks at it: this part of the whole, near the end this part of what is left, and at least so many seconds.
const LOOK_PART: f64 = 0.05;
const LOOK_PART_LEFT: f64 = 0.25;
const MIN_LOOK: f64 = 0.1;

/// The time that a run may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    begin: Instant,
    limit: Duration,
    /// The seconds that were taken before it began.
    spent_before: f64,
    /// Whether the run may also become longer.
    pub(super) may_lengthen: bool,
    /// Why a new plan is made.
    pub(super) reason: ReplanReason,
    next_look: Instant,
    /// Whether the user waits for an answer, so that any estimate counts as it is.
    is_asked: bool,
}

impl Deadline {
    pub(super) fn new(begin: Instant, limit: Duration, reason: ReplanReason) -> Self {
        let may_lengthen = reason == ReplanReason::Time;
        Self { begin, limit, spent_before: 0.0, may_lengthen, reason, next_look: begin, is_asked: false }
    }

    /// The same for a run that took so many seconds before.
    pub(super) const fn after(self, spent_before: f64) -> Self {
        Self { spent_before, ..self }
    }

    /// The same where the user waits for an answer: any estimate counts as it is.
    pub(super) const fn asked(self) -> Self {
        Self { is_asked: true, ..self }
    }

    /// Seconds that the run may take.
    pub(super) const fn seconds(&self) -> f64 {
        self.limit.as_secs_f64()
    }

    /// Seconds that are left.
    pub(super) fn left(&self, now: Instant) -> f64 {
        self.limit.as_secs_f64() - self.spent(now)
    }

    /// Seconds that are left of those that are planned for.
    pub(super) fn planned(&self, now: Instant) -> f64 {
        PLANNED * self.limit.as_secs_f64() - self.spent(now)
    }

    fn spent(&self, now: Instant) -> f64 {
        self.spent_before + now.saturating_duration_since(self.begin).as_secs_f64()
    }

    /// Whether it is time to look at it.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.next_look
    }

    /// It was looked at.
    pub(super) fn looked(&mut self, now: Instant) {
        let pause = (LOOK_PART * self.limit.as_secs_f64()).min(LOOK_PART_LEFT * self.left(now)).max(MIN_LOOK);
        self.next_look = now.checked_add(super::seconds(pause)).unwrap_or(now);
    }

    /// A pause is not counted.
    pub(super) fn forgive(&mut self, pause: Duration) {
        self.begin = self.begin.checked_add(pause).unwrap_or(self.begin);
    }

    /// The iteration that a run should end with in place of `end`; `None` where it ends in time or nothing is known.
    /// `remaining` is the time of the rest of a run that ends with some iteration.
    pub(super) fn new_end(
        &self,
        now: Instant,
        iteration: u32,
        end: u32,
        remaining: &dyn Fn(u32) -> Option<Duration>,
    ) -> Option<u32> {
        let limit = self.limit.as_secs_f64();
        let rest = remaining(end)?.as_secs_f64();
        let total = self.spent(now) + rest;
        let of_iterations = rest - remaining(iteration.saturating_add(1))?.as_secs_f64();
        let uncertain = if self.is_asked { 0.0 } else { of_iterations.clamp(0.0, self.left(now).max(0.0)) };
        let is_late = total - UNCERTAINTY * uncertain > LATEST * limit;
        let ends_early = total + UNCERTAINTY_OF_EARLY * uncertain < EARLIEST * limit;
        let is_early = ends_early && self.may_lengthen && end < MAX_ITERATIONS;
        if iteration >= end || !(is_late || is_early) {
            return None;
        }
        let time = self.planned(now);
        let fits = |end: u32| remaining(end).is_some_and(|remaining| remaining.as_secs_f64() <= time);
        // The last iteration that fits lies in low..high, or is the last one that is ever chosen.
        let (mut low, mut high) = if is_late { (iteration, end) } else { (end, (2 * end).min(MAX_ITERATIONS)) };
        while is_early && low < high && fits(high) {
            (low, high) = (high, (2 * high).min(MAX_ITERATIONS));
        }
        while high > low + 1 {
            let middle = low.midpoint(high);
            *(if fits(middle) { &mut low } else { &mut high }) = middle;
        }
        Some(low.max(iteration + 1)).filter(|new| *new != end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::iteration_costs::IterationCosts;
    use super::super::last_views::LastViews;
    use super::super::remaining::{Decoding, RunCosts, RunRest};
    use super::*;
    use crate::train::{PlannedIterations, TrainOptions};

    const PIXELS: f64 = 10_000.0;
    const NUM_CONVEXES: u32 = 3000;

    /// Seconds that a run is given, and the iterations that fill most of them.
    const LIMIT: f64 = 30.0;
    const ITERATIONS: u32 = 1150;

    /// The cost of an iteration over that of a trial.
    type Slowness = fn(u32) -> f64;

    fn cost_of(num_convexes: u32) -> f64 {
        1e-6 * PIXELS + 4e-6 * f64::from(num_convexes)
    }

    /// A run on a device whose iterations take so many times what a trial said, by the iteration.
    struct Simulation {
        begin: Instant,
        deadline: Deadline,
        costs: RunCosts,
        options: TrainOptions,
        slowness: Slowness,
    }

    impl Simulation {
        fn new(may_lengthen: bool, slowness: Slowness) -> Self {
            let begin = Instant::now();
            let mut deadline = Deadline::new(begin, Duration::from_secs_f64(LIMIT), ReplanReason::Time);
            deadline.may_lengthen = may_lengthen;
            let trial = PlannedIterations { number: 10, num_convexes: NUM_CONVEXES, level: 0 };
            let mut iterations = IterationCosts::new(PIXELS);
            iterations.add_trial(&trial, 10.0 * cost_of(NUM_CONVEXES));
            let mut costs = RunCosts::new(iterations, Decoding::default());
            costs.add_last_view(0.02 * LIMIT);
            let options =
                TrainOptions { iterations: ITERATIONS, max_convexes: NUM_CONVEXES, ..TrainOptions::default() };
            Self { begin, deadline, costs, options, slowness }
        }

        fn remaining(&self, options: &TrainOptions, iteration: u32) -> Option<Duration> {
            let plan = options.plan(NUM_CONVEXES, iteration, NUM_CONVEXES, u32::MAX);
            let rest = RunRest {
                plan: &plan,
                num_views: 0.0,
                last_views: LastViews { number: 4, skips_lpips: false },
                num_checkpoints: 1,
                checkpoint_period: None,
            };
            self.costs.remaining(&rest)
        }

        /// Runs to the end, and returns the part of the time that it took, with its last options.
        fn run(mut self) -> (f64, TrainOptions) {
            let (mut iteration, mut elapsed) = (0, 0.0);
            while iteration < self.options.schedule().end() {
                let iterations = PlannedIterations { number: 1, num_convexes: NUM_CONVEXES, level: 0 };
                let took = cost_of(NUM_CONVEXES) * (self.slowness)(iteration);
                self.costs.add_iterations(&iterations, Duration::from_secs_f64(took), self.options.iterations);
                (iteration, elapsed) = (iteration + 1, elapsed + took);
                let now = self.begin + Duration::from_secs_f64(elapsed);
                if !self.deadline.is_due(now) {
                    continue;
                }
                self.deadline.looked(now);
                let (options, end) = (&self.options, self.options.schedule().end());
                let remaining = |new: u32| {
                    let changed = options.ending_at(iteration, new);
                    self.remaining(if new == end { options } else { &changed }, iteration)
                };
                if let Some(end) = self.deadline.new_end(now, iteration, end, &remaining) {
                    self.options = self.options.ending_at(iteration, end);
                }
            }
            (elapsed / LIMIT + 4.0 * 0.02, self.options)
        }
    }

    #[test]
    fn runs_end_in_their_time_whatever_the_device_does() {
        let devices: [(&str, Slowness, usize); 8] = [
            ("as tried", |_| 1.0, 0),
            ("a tenth slower", |_| 1.1, 2),
            ("a fifth faster", |_| 0.8, 1),
            ("half as fast", |_| 2.0, 2),
            ("five times slower", |_| 5.0, 4),
            ("twice as fast", |_| 0.5, 2),
            ("slower later", |iteration| if iteration < 400 { 1.0 } else { 2.5 }, 4),
            ("restless", |iteration| if (iteration / 50).is_multiple_of(2) { 0.6 } else { 1.6 }, 2),
        ];
        for (name, slowness, most_plans) in devices {
            let (part, options) = Simulation::new(true, slowness).run();
            println!("{name}: {part:.3} of the time, {:?}", options.replanned);
            options.check().unwrap();
            assert!((0.85..=1.0).contains(&part), "{name}: {part:.3} of the time");
            assert!(options.replanned.len() <= most_plans, "{name}: {:?}", options.replanned);
        }
    }

    #[test]
    fn a_run_that_keeps_its_time_is_left_alone_and_a_given_length_is_not_lengthened() {
        assert!(Simulation::new(true, |_| 1.0).run().1.replanned.is_empty());
        let (part, options) = Simulation::new(false, |_| 0.5).run();
        assert!(options.replanned.is_empty() && part < 0.6, "{part} {:?}", options.replanned);
    }

    #[test]
    fn a_run_is_never_lengthened_without_bound() {
        let now = Instant::now();
        let deadline = Deadline::new(now, Duration::from_secs(10), ReplanReason::Time);
        let nothing = |_| Some(Duration::ZERO);
        assert_eq!(deadline.new_end(now, 100, 200, &nothing), Some(MAX_ITERATIONS), "every end fits");
        assert_eq!(deadline.new_end(now, 100, MAX_ITERATIONS, &nothing), None);
        assert_eq!(deadline.new_end(now, 100, u32::MAX, &nothing), None);
        let some = |end: u32| Some(Duration::from_secs(if end > 1_234_567 { 10 } else { 0 }));
        assert_eq!(deadline.new_end(now, 100, 200, &some), Some(1_234_567));
    }

    #[test]
    fn time_that_was_taken_before_counts_and_pauses_do_not() {
        let begin = Instant::now();
        let second = Duration::from_secs(1);
        let mut deadline = Deadline::new(begin, 10 * second, ReplanReason::Asked).after(4.0);
        assert!((deadline.left(begin + second) - 5.0).abs() < 1e-9);
        deadline.forgive(2 * second);
        assert!((deadline.left(begin + 3 * second) - 5.0).abs() < 1e-9);
        let remaining = |end: u32| Some(end.saturating_sub(100) * second);
        assert_eq!(deadline.new_end(begin + 3 * second, 100, 200, &remaining), Some(104), "half a second is kept");
        assert_eq!(deadline.new_end(begin + 3 * second, 100, 103, &remaining), None, "it is not lengthened");
    }
}
