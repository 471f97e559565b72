//! The time that a run will still take, by what its parts have taken so far. Nothing here reads a clock.

use std::time::Duration;

use super::iteration_costs::{IterationCosts, MIN_ITERATIONS, smaller};
use super::last_views::{LastViewCost, LastViews};
use crate::dataset::{DecodingTime, PictureCache, Split};
use crate::real::to_u32;
use crate::train::{PlannedIterations, num_decoders};

/// A measurement counts half after this part of the run, and not before so many iterations.
const HALF_LIFE_PART: f64 = 0.1;
const MIN_HALF_LIFE: f64 = 64.0;

/// The part of the run, or the time, that must be measured before anything is known.
const MIN_PART: f64 = 0.01;
const MIN_SECONDS: f64 = 2.0;

/// Most of an iteration's time that is taken for the decoding of its picture.
const MAX_DECODING_PART: f64 = 0.8;

/// Cost of a held-out view in iterations, until one is measured.
const VIEW_ITERATIONS: f64 = 0.5;

/// The costs of the parts of a run, in seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct RunCosts {
    iterations: IterationCosts,
    decoding: Decoding,
    view: Option<f64>,
    /// A held-out view at the end with its files, where that is known, and its LPIPS, where it is measured.
    last_view: Option<f64>,
    lpips: f64,
    checkpoint: Option<f64>,
}

/// The pictures that are trained on and were not decoded yet: one for every iteration of the first epoch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Decoding {
    /// The number of pictures.
    pub(super) num_left: u32,
    /// Seconds that one adds to its iteration.
    pub(super) seconds: f64,
}

impl Decoding {
    /// The pictures that a cache has still to decode, at the time that the others took.
    pub(super) fn of(pictures: &PictureCache) -> Self {
        let DecodingTime { number, total } = pictures.decoded();
        let num_views = to_u32(pictures.dataset().indices(Split::Train).count());
        let seconds = total.as_secs_f64() / f64::from(number.max(1)) / num_decoders() as f64;
        Self { num_left: num_views.saturating_sub(number), seconds }
    }
}

/// The parts of a run that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunRest<'a> {
    /// The iterations that are left.
    pub(super) plan: &'a [PlannedIterations],
    /// Held-out views that are still to be evaluated on the way, and at the end.
    pub(super) num_views: f64,
    pub(super) last_views: LastViews,
    /// Checkpoints that are still to be written at certain iterations or at the end.
    pub(super) num_checkpoints: u32,
    /// Time between other checkpoints.
    pub(super) checkpoint_period: Option<Duration>,
}

impl RunCosts {
    /// The costs of a run whose iterations were measured as far as these tell.
    pub(super) fn new(iterations: IterationCosts, decoding: Decoding) -> Self {
        Self { iterations, decoding, ..Self::default() }
    }

    /// Takes in how long some iterations took. `total` is the number of iterations of the run.
    pub(super) fn add_iterations(&mut self, iterations: &PlannedIterations, took: Duration, total: u32) {
        let half_life = (HALF_LIFE_PART * f64::from(total)).max(MIN_HALF_LIFE);
        if iterations.number > 0 {
            let num_decoded = iterations.number.min(self.decoding.num_left);
            self.decoding.num_left -= num_decoded;
            let took = took.as_secs_f64();
            let decoding = (f64::from(num_decoded) * self.decoding.seconds).min(MAX_DECODING_PART * took);
            self.iterations.add(iterations, took - decoding, half_life);
        }
    }

    /// Takes in what is left to decode.
    pub(super) const fn set_decoding(&mut self, decoding: Decoding) {
        self.decoding = decoding;
    }

    /// Takes in how long a held-out view takes at the end, with its files.
    pub(super) fn add_last_view(&mut self, seconds: f64) {
        self.last_view = Some(seconds);
    }

    /// Takes in how long the LPIPS of a held-out view takes, where it is measured.
    pub(super) fn add_lpips(&mut self, seconds: f64) {
        self.lpips = seconds;
    }

    /// The cost of a held-out view at the end, of a scene of so many convexes.
    pub(super) fn last_view(&self, num_convexes: u32) -> LastViewCost {
        let view = self.last_view.unwrap_or_else(|| self.view(num_convexes));
        LastViewCost { view, lpips: self.lpips }
    }

    /// Seconds of a held-out view on the way.
    fn view(&self, num_convexes: u32) -> f64 {
        let iteration = || self.iterations.fitted().of(self.iterations.pixels(), num_convexes);
        self.view.unwrap_or_else(|| VIEW_ITERATIONS * iteration())
    }

    /// Takes in how long some held-out views took.
    pub(super) fn add_views(&mut self, number: usize, took: Duration) {
        if number > 0 {
            self.view = Some(took.as_secs_f64() / number as f64);
        }
    }

    /// Takes in how long a checkpoint took.
    pub(super) fn add_checkpoint(&mut self, took: Duration) {
        self.checkpoint = Some(took.as_secs_f64());
    }

    /// The time that the last checkpoint took; `None` where there was none.
    pub(super) fn checkpoint(&self) -> Option<Duration> {
        self.checkpoint.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }

    /// The time that the rest takes; `None` until it is known.
    pub(super) fn remaining(&self, rest: &RunRest<'_>) -> Option<Duration> {
        let (costs, cost) = (&self.iterations, self.iterations.fitted());
        let num_left: f64 = rest.plan.iter().map(|planned| f64::from(planned.number)).sum();
        let measured = f64::from(costs.num_measured());
        let is_known = costs.num_measured() >= MIN_ITERATIONS
            && (costs.seconds() >= MIN_SECONDS || measured >= MIN_PART * (measured + num_left));
        if !is_known {
            return None;
        }
        let seconds_of = |planned: &PlannedIterations| {
            f64::from(planned.number) * cost.of(costs.pixels() * smaller(planned.level), planned.num_convexes)
        };
        let iterations: f64 = rest.plan.iter().map(seconds_of).sum();
        let num_convexes = rest.plan.first().map_or(0, |planned| planned.num_convexes);
        let views = rest.num_views * self.view(num_convexes) + rest.last_views.seconds(&self.last_view(num_convexes));
        let timed = rest.checkpoint_period.map_or(0.0, |period| (iterations / period.as_secs_f64()).floor());
        let checkpoints = (f64::from(rest.num_checkpoints) + timed) * self.checkpoint.unwrap_or(0.0);
        let decoding = f64::from(self.decoding.num_left).min(num_left) * self.decoding.seconds;
        Duration::try_from_secs_f64(iterations + decoding + views + checkpoints).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{BudgetOptions, TrainOptions};

    /// A recorded run: its name, rows, pixels, iterations, most convexes, `coarse_until`, pictures and seconds to
    /// decode one.
    type Recording = (&'static str, &'static str, u32, u32, u32, f32, u32, f64);

    /// Runs of a software device on two cores. A row has iterations, their number, their convexes and seconds; or held-out
    /// views, their number and seconds. Seconds are processor time over the number of cores, and `first` is what the compiling
    /// of kernels falls into.
    const RECORDINGS: [Recording; 6] = [
        ("gems_short", include_str!("../../tests/it/train/recorded/gems_short.tsv"), 6912, 400, 1500, 0.0, 52, 0.0005),
        (
            "gems_growing",
            include_str!("../../tests/it/train/recorded/gems_growing.tsv"),
            6912,
            120,
            12_000,
            0.0,
            52,
            0.0005,
        ),
        ("fern_long", include_str!("../../tests/it/train/recorded/fern_long.tsv"), 11718, 300, 2000, 0.0, 17, 0.005),
        (
            "fern_growing",
            include_str!("../../tests/it/train/recorded/fern_growing.tsv"),
            11718,
            120,
            16_000,
            0.0,
            17,
            0.005,
        ),
        ("chair_long", include_str!("../../tests/it/train/recorded/chair_long.tsv"), 2500, 1000, 1000, 0.0, 100, 0.005),
        (
            "chair_coarse",
            include_str!("../../tests/it/train/recorded/chair_coarse.tsv"),
            2500,
            600,
            4000,
            0.5,
            100,
            0.005,
        ),
    ];

    /// The part of its whole time that the estimates of a run are off by at most, after 5 % of its iterations.
    fn largest_error(
        (name, rows, pixels, iterations, max_convexes, coarse_until, num_pictures, seconds): Recording,
    ) -> f64 {
        let budget = BudgetOptions { coarse_until, ..BudgetOptions::default() };
        let options = TrainOptions { iterations, max_convexes, budget, ..TrainOptions::default() };
        let rows: Vec<(&str, u32, u32, f64)> = rows
            .lines()
            .map(|row| {
                let cells: Vec<&str> = row.split('\t').collect();
                (cells[0], cells[1].parse().unwrap(), cells[2].parse().unwrap_or(0), cells[3].parse().unwrap())
            })
            .collect();
        let whole: f64 = rows.iter().map(|row| row.3).sum();
        let mut num_views: u32 = rows.iter().filter(|row| row.0 == "views").map(|row| row.1).sum();
        let (mut costs, mut done, mut elapsed, mut worst) = (
            RunCosts::new(IterationCosts::new(pixels.into()), Decoding { num_left: num_pictures, seconds }),
            0,
            0.0,
            0.0_f64,
        );
        for (kind, number, num_convexes, took) in rows {
            elapsed += took;
            let time = Duration::from_secs_f64(took);
            if kind == "views" {
                costs.add_views(number as usize, time);
                num_views -= number;
                continue;
            }
            done += number;
            if kind == "iterations" {
                let level = options.coarse_level(done);
                costs.add_iterations(&PlannedIterations { number, num_convexes, level }, time, iterations);
            }
            let plan = options.plan(max_convexes, done, num_convexes, iterations);
            let rest = RunRest {
                plan: &plan,
                num_views: num_views.into(),
                last_views: LastViews::default(),
                num_checkpoints: 1,
                checkpoint_period: None,
            };
            if 20 * done > iterations && done < iterations {
                let remaining = costs.remaining(&rest).unwrap_or_else(|| panic!("{name}: unknown at {done}"));
                let error = (elapsed + remaining.as_secs_f64()) / whole - 1.0;
                println!("{name} {done}/{iterations}: {:+.0} %", 100.0 * error);
                worst = worst.max(error.abs());
            }
        }
        worst
    }

    #[test]
    fn the_end_of_recorded_runs_is_known_within_a_quarter() {
        for recording in RECORDINGS {
            let error = largest_error(recording);
            assert!(error <= 0.25, "{}: {:.0} % off", recording.0, 100.0 * error);
        }
    }

    #[test]
    fn nothing_is_told_before_two_iterations_are_measured() {
        let mut costs = RunCosts::new(IterationCosts::new(100.0), Decoding::default());
        let planned = |number| PlannedIterations { number, num_convexes: 100, level: 0 };
        let plan = [planned(1000)];
        let rest = RunRest {
            plan: &plan,
            num_views: 0.0,
            last_views: LastViews::default(),
            num_checkpoints: 1,
            checkpoint_period: None,
        };
        assert_eq!(costs.remaining(&rest), None);
        costs.add_iterations(&planned(1), Duration::from_secs(1), 1000);
        assert_eq!(costs.remaining(&rest), None);
        costs.add_iterations(&planned(3), Duration::from_secs(3), 1000);
        let seconds = costs.remaining(&rest).unwrap().as_secs_f64();
        assert!((seconds - 1000.0).abs() < 1.0, "{seconds}");
        costs.add_checkpoint(Duration::from_secs(10));
        let period = Some(Duration::from_secs(100));
        let seconds = costs.remaining(&RunRest { checkpoint_period: period, ..rest }).unwrap().as_secs_f64();
        assert!((seconds - 1110.0).abs() < 11.0, "{seconds}");
    }
}
