//! The choice of a training that fits a time: sizes of pictures, number of convexes and iterations, by what the parts of a run
//! cost and what they gain. Nothing here reads a clock.

use super::iteration_costs::smaller;
use super::last_views::{LastViews, MAX_LAST_PART};
use super::part_costs::PartCosts;
use crate::train::{BudgetOptions, StrategyKind, TrainOptions, TrainingSize};

/// The facts that a choice depends on besides the costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TimedDataset {
    /// Pictures that are trained on, and the mean number of their pixels.
    pub(super) num_pictures: u32,
    pub(super) pixels: f64,
    /// The shortest side of a picture.
    pub(super) shortest_side: u32,
    /// Held-out views, and those of them that are measured on the way.
    pub(super) num_held_back: u32,
    pub(super) num_watched: u32,
    /// Points to begin at; 0 where the training places its own.
    pub(super) num_points: u32,
    /// Convexes of the scene that the training begins with.
    pub(super) start_convexes: Option<u32>,
    /// Convexes that the device has room for.
    pub(super) most_convexes: u32,
}

/// The options that the user gave, which stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct GivenOptions {
    pub(super) iterations: bool,
    pub(super) max_convexes: bool,
    pub(super) coarse: bool,
    pub(super) eval_every: bool,
}

/// The training that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TimeChoice {
    pub(super) options: TrainOptions,
    /// The held-out views at the end.
    pub(super) last_views: LastViews,
    /// Seconds that the whole is expected to take.
    pub(super) seconds: f64,
    /// Iterations per second.
    pub(super) speed: f64,
}

/// A time that holds no training, and the seconds that one would take at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TooShort {
    pub(super) needed: f64,
}

/// Most of the time that the held-out views may take on the way.
const MAX_WATCHED_PART: f64 = 0.02;

/// The part of the time that checkpoints on the way may take.
const CHECKPOINT_PART: f64 = 0.02;

/// Evaluations on the way where nothing else is said.
const EVALUATIONS: u32 = 9;

/// Factor on the least time that is told.
const SLACK: f64 = 1.05;

/// Shortest side of a picture that is made smaller, pixels; and most halvings.
const MIN_SIDE: u32 = 48;
const MAX_LEVELS: u32 = 3;

/// Parts of the iterations with smaller pictures that are tried.
const COARSE_PARTS: [f32; 4] = [0.25, 0.5, 0.75, 1.0];

/// Part of the iterations after which the size of the pictures counts as that of the end.
const LAST_FROM: f64 = 0.95;

/// Fewest convexes that are tried, and the factor between two numbers.
const MIN_CONVEXES: f64 = 250.0;
const CONVEX_STEP: f64 = 1.259_921;

/// Length of the training whose plan stands for those of all lengths.
const SAMPLE_ITERATIONS: u32 = 200;

/// Most iterations that are chosen.
pub(super) const MAX_ITERATIONS: u32 = 2_000_000;

/// Everything that a choice is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeChooser<'a> {
    /// The options where nothing is chosen.
    pub(super) base: &'a TrainOptions,
    pub(super) given: GivenOptions,
    pub(super) costs: PartCosts,
    pub(super) dataset: TimedDataset,
}

/// A training that is weighed.
#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    options: TrainOptions,
    gain: f64,
}

impl TimeChooser<'_> {
    /// The training with the largest expected gain among those that take no longer than so many seconds.
    pub(super) fn choose(&self, seconds: f64) -> Result<TimeChoice, TooShort> {
        let last_views = LastViews::fitting(self.dataset.num_held_back, &self.costs.last_view, seconds);
        let fixed = last_views.seconds(&self.costs.last_view);
        let left = (seconds - fixed) * (1.0 - CHECKPOINT_PART - MAX_WATCHED_PART);
        let mut best: Option<Candidate> = None;
        let mut needed = f64::INFINITY;
        for template in self.templates() {
            let num_fitting = self.num_fitting(&template, left);
            let wanted = if self.given.iterations { self.base.iterations } else { u32::MAX };
            let least = self.dataset.num_pictures.min(wanted).max(1);
            if num_fitting < f64::from(least) {
                needed = needed.min(self.least_seconds(&template, least));
                continue;
            }
            let candidate = self.candidate(template, num_fitting);
            if best.as_ref().is_none_or(|best| candidate.gain > best.gain) {
                best = Some(candidate);
            }
        }
        let Some(best) = best else { return Err(TooShort { needed }) };
        let options = self.fitted(best.options, left);
        let taken = fixed + self.seconds_of(&options);
        let speed = f64::from(options.schedule().end()) / self.iterations(&options).0.max(f64::MIN_POSITIVE);
        Ok(TimeChoice { options: self.with_evaluations(options, taken), last_views, seconds: taken, speed })
    }

    /// The options without a number of iterations that are weighed.
    fn templates(&self) -> Vec<TrainOptions> {
        let numbers = self.numbers_of_convexes();
        let sizes = self.picture_sizes();
        let template = |max_convexes: u32, (coarse_levels, coarse_until): (u32, f32)| TrainOptions {
            max_convexes,
            budget: BudgetOptions { coarse_levels, coarse_until, ..self.base.budget.clone() },
            ..self.base.clone()
        };
        sizes.iter().flat_map(|size| numbers.iter().map(|number| template(*number, *size))).collect()
    }

    fn numbers_of_convexes(&self) -> Vec<u32> {
        // The published strategy aims at no number.
        if self.given.max_convexes || self.base.strategy != StrategyKind::Budget {
            return vec![self.base.max_convexes];
        }
        let most = f64::from(self.dataset.most_convexes.max(1));
        let least = self.dataset.start_convexes.map_or(MIN_CONVEXES, f64::from).min(most);
        let steps = std::iter::successors(Some(least), |number| Some(number * CONVEX_STEP));
        steps
            .take_while(|number| *number < most)
            .map(rounded)
            .filter(|number| *number >= least)
            .chain([most])
            .map(whole)
            .collect()
    }

    fn picture_sizes(&self) -> Vec<(u32, f32)> {
        let BudgetOptions { coarse_levels, coarse_until, .. } = self.base.budget;
        if self.given.coarse || self.base.strategy != StrategyKind::Budget {
            return vec![(coarse_levels, coarse_until)];
        }
        let levels = 1..=most_levels(self.dataset.shortest_side);
        let smaller = levels.flat_map(|level| COARSE_PARTS.map(|part| (level, part)));
        std::iter::once((coarse_levels, 0.0)).chain(smaller).collect()
    }

    /// Convexes at the end of a training.
    fn num_convexes(&self, options: &TrainOptions) -> u32 {
        options.max_convexes.min(self.dataset.most_convexes)
    }

    /// Convexes at the start of a training.
    fn first_convexes(&self, options: &TrainOptions) -> u32 {
        let most = self.num_convexes(options);
        let start = self.dataset.start_convexes;
        start.unwrap_or_else(|| options.first_convexes(self.dataset.num_points, most))
    }

    /// Seconds of an iteration.
    fn iteration(&self, num_convexes: u32, level: u32) -> f64 {
        self.costs.iteration.of(self.dataset.pixels * smaller(level), num_convexes)
    }

    /// Seconds of all iterations, and the side of a pixel: a mean over the iterations, and that towards the end.
    fn iterations(&self, options: &TrainOptions) -> (f64, [f64; 2]) {
        let most = self.num_convexes(options);
        let plan = options.plan(most, 0, self.first_convexes(options), u32::MAX);
        let end = f64::from(options.schedule().end().max(1));
        let (mut done, mut seconds, mut sides, mut last_side) = (0.0, 0.0, 0.0, 1.0);
        for planned in &plan {
            let number = f64::from(planned.number);
            let side = smaller(planned.level).sqrt().recip();
            seconds += number * self.iteration(planned.num_convexes, planned.level);
            sides += number * side;
            // The very last iteration always has full pictures, and changes nothing.
            if done < LAST_FROM * end {
                last_side = side;
            }
            done += number;
        }
        (seconds, [sides / end, last_side])
    }

    /// Seconds of iterations, pictures and the last checkpoint.
    fn seconds_of(&self, options: &TrainOptions) -> f64 {
        let num_decoded = self.dataset.num_pictures.min(options.schedule().end());
        self.iterations(options).0
            + f64::from(num_decoded) * self.costs.picture
            + self.costs.saving(self.num_convexes(options))
    }

    /// A training that stands for the template's trainings of all lengths: numbers of convexes and sizes of pictures have the
    /// same parts of it.
    fn sample(template: &TrainOptions) -> TrainOptions {
        TrainOptions { iterations: SAMPLE_ITERATIONS, replanned: Vec::new(), ..template.clone() }
    }

    /// The number of iterations that so many seconds hold.
    fn num_fitting(&self, template: &TrainOptions, seconds: f64) -> f64 {
        let mean = self.iterations(&Self::sample(template)).0 / f64::from(SAMPLE_ITERATIONS);
        let seconds = seconds - self.costs.saving(self.num_convexes(template));
        let pictures = f64::from(self.dataset.num_pictures);
        let first = seconds / (mean + self.costs.picture);
        let number = if first < pictures { first } else { (seconds - pictures * self.costs.picture) / mean };
        if number.is_nan() { 0.0 } else { number.clamp(0.0, MAX_ITERATIONS.into()) }
    }

    /// Seconds of so many iterations of a template, with as much for the held-out views as they may take.
    fn least_seconds(&self, template: &TrainOptions, iterations: u32) -> f64 {
        let mean = self.iterations(&Self::sample(template)).0 / f64::from(SAMPLE_ITERATIONS);
        let saved = self.costs.saving(self.num_convexes(template));
        let part = (1.0 - CHECKPOINT_PART - MAX_WATCHED_PART) * (1.0 - MAX_LAST_PART);
        SLACK
            * ((f64::from(iterations) * (mean + self.costs.picture) + saved) / part
                + self.costs.last_view.seconds(true))
    }

    /// The template with as many iterations as fit, and its expected gain.
    fn candidate(&self, template: TrainOptions, num_fitting: f64) -> Candidate {
        let options = self.of_length(&template, whole(num_fitting).max(1));
        let [mean_side, last_side] = self.iterations(&Self::sample(&template)).1;
        let size = TrainingSize {
            num_convexes: self.num_convexes(&options),
            pixels: self.dataset.pixels,
            mean_side,
            last_side,
            iterations: options.schedule().end(),
        };
        Candidate { gain: size.expected_gain(), options }
    }

    /// The template with so many iterations; a number that was given is kept, and its schedule compressed if need be.
    fn of_length(&self, template: &TrainOptions, iterations: u32) -> TrainOptions {
        if !self.given.iterations {
            return TrainOptions { iterations, replanned: Vec::new(), ..template.clone() };
        }
        let whole = TrainOptions { iterations: self.base.iterations, replanned: Vec::new(), ..template.clone() };
        if iterations < whole.iterations { whole.ending_at(0, iterations) } else { whole }
    }

    /// The options with the number of iterations that fits by their own plan.
    fn fitted(&self, mut options: TrainOptions, seconds: f64) -> TrainOptions {
        for _ in 0..4 {
            let end = options.schedule().end();
            let is_whole = self.given.iterations && options.replanned.is_empty();
            let taken = self.seconds_of(&options);
            if is_whole && taken <= seconds {
                break;
            }
            let number = f64::from(end) * seconds / taken.max(f64::MIN_POSITIVE);
            options = self.of_length(&options, whole(number.min(MAX_ITERATIONS.into())).max(1));
        }
        options
    }

    /// The options with evaluations on the way that take a small part of the time.
    fn with_evaluations(&self, mut options: TrainOptions, seconds: f64) -> TrainOptions {
        let one = f64::from(self.dataset.num_watched) * self.costs.watched_view;
        let most = MAX_WATCHED_PART * seconds / one;
        if !self.given.eval_every && one > 0.0 && most < f64::from(EVALUATIONS) {
            let number = whole(most);
            options.eval_every = Some(if number == 0 { 0 } else { options.schedule().end().div_ceil(number + 1) });
        }
        options
    }
}

/// The number with two digits.
fn rounded(number: f64) -> f64 {
    let unit = 10.0_f64.powf((number.log10().floor() - 1.0).max(0.0));
    unit * (number / unit).round()
}

/// Most halvings of pictures with such a shortest side.
pub(super) fn most_levels(shortest_side: u32) -> u32 {
    (1..=MAX_LEVELS).take_while(|level| shortest_side >> level >= MIN_SIDE).last().unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn whole(number: f64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::super::iteration_costs::IterationCost;
    use super::super::last_views::LastViewCost;
    use super::*;

    const COSTS: PartCosts = PartCosts {
        iteration: IterationCost { constant: 1e-3, pixel: 1e-6, convex: 4e-6 },
        picture: 0.005,
        watched_view: 0.1,
        last_view: LastViewCost { view: 0.15, lpips: 0.0 },
        checkpoint: 0.02,
    };

    const DATASET: TimedDataset = TimedDataset {
        num_pictures: 80,
        pixels: 180_000.0,
        shortest_side: 360,
        num_held_back: 10,
        num_watched: 4,
        num_points: 10_000,
        start_convexes: None,
        most_convexes: 500_000,
    };

    fn chooser(base: &TrainOptions, given: GivenOptions) -> TimeChooser<'_> {
        TimeChooser { base, given, costs: COSTS, dataset: DATASET }
    }

    fn choose(seconds: f64) -> Result<TimeChoice, TooShort> {
        chooser(&TrainOptions::default(), GivenOptions::default()).choose(seconds)
    }

    fn gain(choice: &TimeChoice) -> f64 {
        let base = TrainOptions::default();
        let [mean_side, last_side] = chooser(&base, GivenOptions::default()).iterations(&choice.options).1;
        TrainingSize {
            num_convexes: choice.options.max_convexes,
            pixels: DATASET.pixels,
            mean_side,
            last_side,
            iterations: choice.options.iterations,
        }
        .expected_gain()
    }

    #[test]
    fn more_time_is_used_and_gives_no_less() {
        let mut last = f64::NEG_INFINITY;
        for seconds in [30.0, 60.0, 120.0, 300.0, 1000.0, 4000.0, 20_000.0] {
            let found = choose(seconds).unwrap();
            found.options.check().unwrap();
            let TrainOptions { iterations, max_convexes, .. } = found.options;
            println!("{seconds} s: {iterations} iterations, {max_convexes} convexes, {:?}", found.options.budget);
            assert!(found.seconds <= seconds, "{} of {seconds} s", found.seconds);
            assert!(found.seconds >= 0.85 * seconds, "{} of {seconds} s", found.seconds);
            assert!(gain(&found) >= last - 0.02, "{seconds} s");
            last = gain(&found);
        }
    }

    #[test]
    fn one_full_picture_at_the_very_end_is_no_end_with_full_pictures() {
        let sides = |coarse_until: f32| {
            let budget = BudgetOptions { coarse_levels: 1, coarse_until, ..BudgetOptions::default() };
            let options = TrainOptions { iterations: 1000, budget, ..TrainOptions::default() };
            chooser(&options, GivenOptions::default()).iterations(&options).1
        };
        assert_eq!((sides(0.0), sides(1.0)[1], sides(0.75)[1]), ([1.0, 1.0], 2.0, 1.0));
        assert!((sides(0.75)[0] - 1.75).abs() < 0.01 && sides(1.0)[0] > 1.99);
    }

    #[test]
    fn a_time_that_is_too_short_says_what_would_do() {
        for seconds in [-5.0, 0.0, 0.1, 1.0] {
            let TooShort { needed } = choose(seconds).unwrap_err();
            assert!(needed > seconds && needed < 20.0, "{needed}");
            assert!(choose(needed).is_ok(), "{needed} s do not suffice");
        }
    }

    #[test]
    fn given_options_stay() {
        let budget = BudgetOptions { coarse_levels: 1, coarse_until: 0.3, ..BudgetOptions::default() };
        let base = TrainOptions {
            iterations: 2000,
            max_convexes: 7000,
            eval_every: Some(9),
            budget,
            ..TrainOptions::default()
        };
        let given = GivenOptions { iterations: true, max_convexes: true, coarse: true, eval_every: true };
        let long = chooser(&base, given).choose(10_000.0).unwrap();
        assert_eq!(long.options, base, "the iterations decide");
        let short = chooser(&base, given).choose(60.0).unwrap();
        let end = short.options.schedule().end();
        assert!(end < 2000 && short.seconds <= 60.0, "{end} iterations, {} s", short.seconds);
        assert_eq!(short.options, base.ending_at(0, end), "the time decides, and the schedule is compressed");
    }

    #[test]
    fn extremes_are_no_trouble() {
        let base = TrainOptions::default();
        let of = |costs: PartCosts, dataset: TimedDataset| TimeChooser {
            base: &base,
            given: GivenOptions::default(),
            costs,
            dataset,
        };
        let small = TimedDataset { num_pictures: 1, pixels: 64.0, shortest_side: 8, most_convexes: 100, ..DATASET };
        let found = of(COSTS, small).choose(60.0).unwrap();
        assert!(found.options.max_convexes <= 100 && found.options.budget.coarse_until == 0.0);
        let nothing = of(PartCosts::default(), DATASET).choose(60.0).unwrap();
        assert!(nothing.options.iterations <= MAX_ITERATIONS);
        let begun = TimedDataset { start_convexes: Some(40_000), ..DATASET };
        assert!(of(COSTS, begun).choose(600.0).unwrap().options.max_convexes >= 40_000);
        let paper = TrainOptions::of_strategy(StrategyKind::Paper, crate::train::Preset::Light);
        let paper_chooser = chooser(&paper, GivenOptions::default());
        let TooShort { needed } = paper_chooser.choose(1.0).unwrap_err();
        let found = paper_chooser.choose(2.0 * needed).unwrap();
        let TrainOptions { iterations, eval_every, .. } = found.options;
        println!("paper: {iterations} iterations in {} s", found.seconds);
        assert!((DATASET.num_pictures..paper.iterations).contains(&iterations), "{iterations} iterations");
        assert!((needed..=2.0 * needed).contains(&found.seconds), "{} of {} s", found.seconds, 2.0 * needed);
        assert_eq!(found.options, TrainOptions { iterations, eval_every, ..paper }, "the strategy's own options stay");
    }

    #[test]
    fn held_back_views_take_a_small_part_of_the_time() {
        let base = TrainOptions::default();
        let of = |view: f64, lpips: f64| {
            let costs = PartCosts { last_view: LastViewCost { view, lpips }, watched_view: view, ..COSTS };
            let chosen =
                TimeChooser { base: &base, given: GivenOptions::default(), costs, dataset: DATASET }.choose(60.0);
            let chosen = chosen.unwrap();
            (chosen.last_views.number, chosen.last_views.skips_lpips, chosen.options.eval_every)
        };
        assert_eq!(of(0.01, 0.0), (10, false, None));
        assert_eq!(of(0.01, 1.0), (8, false, None), "as many as LPIPS leaves time for");
        assert_eq!(of(0.01, 9.0), (10, true, None), "without LPIPS");
        assert_eq!(of(3.0, 0.0), (3, false, Some(0)), "none on the way");
    }
}
