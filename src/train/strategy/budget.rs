//! The number of convexes follows a schedule; no threshold depends on the scene. After 3DGS-MCMC (Kheradmand et al.
//! 2024), with cuts in place of copies.

use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::{ConvexStats, Edit, Preset, Refinement, ShapeEdit, Strategy, TrainOptions, keep};
use crate::train::OptionsError;
use crate::train::weighted_sample::weighted_sample;

/// Options of the budget strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BudgetOptions {
    /// Part of the budget to begin with, at least: where there are fewer points, seeds are scattered around them.
    pub start_part: f32,
    /// Opacity at the start.
    pub start_opacity: f32,
    /// Sharpness of a border at the start: how many times the logistic falls by e over the radius of a convex.
    pub start_sharpness: f32,
    /// Weight of the mean opacity in the loss.
    pub opacity_weight: f32,
    /// Weight of the mean extent of the convexes in the loss, per normalised unit.
    pub extent_weight: f32,
    /// Convexes of less opacity are dropped, and others are cut to replace them.
    pub dead_opacity: f32,
    /// Part of the convexes that is replaced at every refinement once there are as many as there may be: those with the
    /// smallest gradient of the points. At most a half.
    #[serde(alias = "spare")]
    pub recycle_fraction: f32,
    /// Part of the iterations after which the number of convexes stays.
    pub refine_until: f32,
    /// The number of times that width and height of the pictures are halved at the beginning, where `coarse_until` is above 0; at most 6.
    pub coarse_levels: u32,
    /// Part of the iterations after which the pictures have their full size.
    pub coarse_until: f32,
}

impl Default for BudgetOptions {
    fn default() -> Self {
        Self {
            start_part: 0.5,
            start_opacity: 0.5,
            start_sharpness: 10.0,
            opacity_weight: 0.01,
            extent_weight: 0.0,
            dead_opacity: 0.01,
            recycle_fraction: 0.02,
            refine_until: 0.6,
            coarse_levels: 2,
            coarse_until: 0.0,
        }
    }
}

/// Most halvings of the pictures.
const MAX_COARSE_LEVELS: u32 = 6;

impl BudgetOptions {
    /// Refuses values that do not make sense.
    ///
    /// # Errors
    /// [`OptionsError`] naming the first option at fault.
    pub(in crate::train) fn check(&self) -> Result<(), OptionsError> {
        let parts =
            [("refine_until", self.refine_until), ("coarse_until", self.coarse_until), ("start_part", self.start_part)];
        for (name, part) in parts {
            if !(0.0..=1.0).contains(&part) {
                return Err(OptionsError::new(name, &part, "0 to 1"));
            }
        }
        if !(0.0..=0.5).contains(&self.recycle_fraction) {
            return Err(OptionsError::new("recycle_fraction", &self.recycle_fraction, "0 to 0.5"));
        }
        if self.coarse_levels > MAX_COARSE_LEVELS {
            return Err(OptionsError::new("coarse_levels", &self.coarse_levels, "0 to 6"));
        }
        OptionsError::unless_positive("start_sharpness", self.start_sharpness)?;
        for (name, value) in [("opacity_weight", self.opacity_weight), ("extent_weight", self.extent_weight)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(OptionsError::new(name, &value, "a finite number from 0 on"));
            }
        }
        for (name, value) in [("start_opacity", self.start_opacity), ("dead_opacity", self.dead_opacity)] {
            if !(value > 0.0 && value < 1.0) {
                return Err(OptionsError::new(name, &value, "a number between 0 and 1"));
            }
        }
        Ok(())
    }
}

/// The strategy.
#[derive(Debug)]
pub(super) struct Budget;

impl Strategy for Budget {
    fn defaults(&self, preset: Preset) -> TrainOptions {
        let mut options = TrainOptions::default();
        options.paper.preset = preset;
        options
    }

    fn is_due(&self, options: &TrainOptions, iteration: u32) -> bool {
        let (from, until) = bounds(options);
        iteration.is_multiple_of(options.refinement_period())
            && (from..=until).contains(&options.schedule().planned(iteration))
    }

    fn edits(&self, refinement: &Refinement<'_>) -> Vec<Edit> {
        edits(refinement)
    }

    /// The iterations between the bounds are those behind the last one below them, up to the last one within.
    fn next_change(&self, options: &TrainOptions, iteration: u32) -> Option<u32> {
        let (from, until) = bounds(options);
        let last_within = |planned: u32| options.schedule().last_within(planned, u32::MAX);
        let first = last_within(from.saturating_sub(1)).saturating_add(1);
        let due = iteration.max(first).checked_next_multiple_of(options.refinement_period())?;
        (due <= last_within(until)).then_some(due)
    }

    fn planned_convexes(&self, options: &TrainOptions, max_convexes: u32, iteration: u32, now: u32) -> u32 {
        u32::try_from(target(options, max_convexes, iteration, now as usize)).unwrap_or(max_convexes)
    }

    fn why_empty(&self) -> &'static str {
        "all are fainter than `dead_opacity`"
    }

    fn aims_at_budget(&self) -> bool {
        true
    }

    fn start_fraction(&self, options: &TrainOptions) -> f64 {
        f64::from(options.budget.start_part)
    }

    fn start_opacity(&self, options: &TrainOptions) -> f32 {
        options.budget.start_opacity
    }

    /// The number of falls by e over the radius is sigma·delta·radius².
    fn start_sigma(&self, options: &TrainOptions, delta: f64, radius: f64) -> f64 {
        f64::from(options.budget.start_sharpness) / (delta * radius * radius)
    }

    fn regularization(&self, options: &TrainOptions) -> [f32; 2] {
        [options.budget.opacity_weight, options.budget.extent_weight]
    }

    /// The level falls in equal parts of the iterations.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the number of levels")]
    fn coarse_level(&self, options: &TrainOptions, iteration: u32) -> u32 {
        let BudgetOptions { coarse_levels, coarse_until, .. } = options.budget;
        if coarse_until == 0.0 {
            return 0;
        }
        let planned = options.schedule().planned(iteration);
        let part = f64::from(planned) / (f64::from(coarse_until) * f64::from(options.iterations));
        let levels = f64::from(coarse_levels);
        (levels * (1.0 - part)).ceil().clamp(0.0, levels) as u32
    }
}

/// Part of the iterations before the first change.
const WARM_UP: f32 = 0.02;

/// The first and the last planned iteration with a change.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a small count")]
fn bounds(options: &TrainOptions) -> (u32, u32) {
    let part = |part: f32| (f64::from(options.iterations) * f64::from(part)) as u32;
    (part(WARM_UP).max(options.refinement_period()), part(options.budget.refine_until))
}

/// The number of convexes after a refinement: it grows by the same factor each time, so that the last one reaches the
/// budget.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the budget, a u32")]
fn target(options: &TrainOptions, max_convexes: u32, iteration: u32, now: usize) -> usize {
    let until = options.schedule().last_within(bounds(options).1, iteration);
    let refinements_left = (until.saturating_sub(iteration) / options.refinement_period() + 1) as f64;
    let factor = (f64::from(max_convexes) / now.max(1) as f64).max(1.0).powf(1.0 / refinements_left);
    // Gradients need time to settle after a refinement.
    ((now as f64 * factor.min(1.3)).ceil() as usize).min(max_convexes as usize)
}

fn edits(refinement: &Refinement<'_>) -> Vec<Edit> {
    let Refinement { options, iteration, max_convexes, stats } = *refinement;
    let is_dead = |i: &usize| stats[*i].opacity() < options.budget.dead_opacity;
    let mut kept: Vec<usize> = (0..stats.len()).filter(|i| !is_dead(i)).collect();
    if stats.len() >= max_convexes as usize {
        drop_smallest_gradients(&mut kept, options.budget.recycle_fraction, stats);
    }
    let num_cuts = target(options, max_convexes, iteration, stats.len()).saturating_sub(kept.len()).min(kept.len());
    let mut is_cut = vec![false; stats.len()];
    let mut random = Pcg64Mcg::seed_from_u64(options.seed ^ (u64::from(iteration) << 32));
    let gradients: Vec<f64> = kept.iter().map(|i| stats[*i].mean_position_grad()).collect();
    for index in weighted_sample(&mut random, num_cuts, &gradients) {
        is_cut[kept[index]] = true;
    }
    let mut edits = Vec::with_capacity(kept.len() + num_cuts);
    for i in kept {
        let whole = keep(i, stats[i].raw_opacity);
        if is_cut[i] {
            let half = Edit { keeps_moments: 0, log_delta_shift: CUT_DELTA_SHIFT, ..whole };
            edits.push(Edit { shape: ShapeEdit::FrontHalf as u32, ..half });
            edits.push(Edit { shape: ShapeEdit::BackHalf as u32, ..half });
        } else {
            edits.push(whole);
        }
    }
    edits
}

/// The sides along the cut are half as long, and the distance to them is weighed by their length: half of what
/// keeps their slope keeps the mean slope of all sides.
const CUT_DELTA_SHIFT: f32 = 0.5 * std::f32::consts::LN_2;

/// Drops a part of the convexes, those with the smallest position gradients, so that a budget that is used up moves to where
/// it is needed.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a number of convexes")]
fn drop_smallest_gradients(kept: &mut Vec<usize>, part: f32, stats: &[ConvexStats]) {
    let number = (f64::from(part) * kept.len() as f64) as usize;
    if number >= kept.len() {
        return;
    }
    let mut by_gradient = kept.clone();
    let gradient = |i: &usize| stats[*i].mean_position_grad();
    let (smallest, ..) =
        by_gradient.select_nth_unstable_by(number, |a, b| gradient(a).total_cmp(&gradient(b)).then(a.cmp(b)));
    let mut is_dropped = vec![false; stats.len()];
    for i in smallest {
        is_dropped[*i] = true;
    }
    kept.retain(|i| !is_dropped[*i]);
}

#[cfg(test)]
mod tests {
    use super::super::StrategyKind;
    use super::*;

    const MAX_CONVEXES: u32 = 1000;

    fn options() -> TrainOptions {
        TrainOptions { iterations: 10_000, max_convexes: MAX_CONVEXES, ..TrainOptions::default() }
    }

    fn with(budget: BudgetOptions) -> TrainOptions {
        TrainOptions { budget, ..options() }
    }

    fn sources(options: &TrainOptions, max_convexes: u32, stats: &[ConvexStats]) -> Vec<u32> {
        let refinement = Refinement { options, iteration: 1000, max_convexes, stats };
        edits(&refinement).iter().map(|edit| edit.source).collect()
    }

    #[test]
    fn the_number_reaches_the_budget_and_stays() {
        let options = options();
        let mut now = 100;
        for iteration in (1..=options.iterations).filter(|iteration| Budget.is_due(&options, *iteration)) {
            let next = target(&options, MAX_CONVEXES, iteration, now);
            assert!(next >= now && next <= MAX_CONVEXES as usize);
            now = next;
        }
        assert_eq!(now, MAX_CONVEXES as usize);
    }

    #[test]
    fn the_plan_follows_the_schedule() {
        let options = options();
        let plan = options.plan(MAX_CONVEXES, 0, 500, options.iterations);
        assert_eq!(plan.iter().map(|planned| planned.number).sum::<u32>(), options.iterations);
        assert_eq!((plan[0].number, plan[0].num_convexes), (200, 500), "nothing changes in the first fiftieth");
        assert!(plan.is_sorted_by_key(|planned| planned.num_convexes));
        assert_eq!(plan.last().map(|planned| planned.num_convexes), Some(MAX_CONVEXES));
        assert!(options.plan(MAX_CONVEXES, 10_000, 500, options.iterations).is_empty());
    }

    #[test]
    fn faint_convexes_are_replaced_by_halves_of_those_with_large_gradients() {
        let stats = [(2.0, 0.0), (-9.0, 9.0), (2.0, 9.0), (2.0, 0.0)].map(|(raw_opacity, position_grad)| ConvexStats {
            raw_opacity,
            position_grad,
            num_views: 1.0,
            extent: 1.0,
            ..ConvexStats::default()
        });
        let options = with(BudgetOptions { recycle_fraction: 0.0, ..BudgetOptions::default() });
        let found = edits(&Refinement { options: &options, iteration: 1000, max_convexes: 4, stats: &stats });
        assert_eq!(found.iter().map(|edit| edit.source).collect::<Vec<_>>(), [0, 2, 2, 3]);
        assert_ne!(found[1].shape, found[2].shape);
    }

    #[test]
    fn a_full_budget_moves_from_small_gradients_to_large_ones() {
        let stats = [3.0, 1.0, 2.0, 4.0, 900.0].map(|gradient| ConvexStats {
            raw_opacity: 2.0,
            position_grad: 2.0 * gradient,
            num_views: 2.0,
            extent: 1.0,
            ..ConvexStats::default()
        });
        let options = with(BudgetOptions { recycle_fraction: 0.4, ..BudgetOptions::default() });
        let full = sources(&options, 5, &stats);
        assert_eq!(full.len(), 5);
        assert!(!full.contains(&1) && !full.contains(&2), "{full:?}");
        assert_eq!(full.iter().filter(|source| **source == 4).count(), 2, "{full:?}");
        let growing = sources(&options, 100, &stats);
        assert!((0..5).all(|source| growing.contains(&source)), "{growing:?}");
    }

    #[test]
    fn pictures_grow_to_their_size_in_equal_parts() {
        let budget = BudgetOptions { coarse_until: 0.5, ..BudgetOptions::default() };
        let options = TrainOptions { iterations: 100, ..with(budget) };
        let levels = [1, 24, 25, 49, 50, 100].map(|iteration| options.coarse_level(iteration));
        assert_eq!(levels, [2, 2, 1, 1, 0, 0]);
        assert_eq!(TrainOptions { budget: BudgetOptions::default(), ..options.clone() }.coarse_level(1), 0);
        assert_eq!(TrainOptions { strategy: StrategyKind::Paper, ..options }.coarse_level(1), 0);
    }
}
