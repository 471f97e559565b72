//! What can be chosen about a training. Lengths are in normalised units: cameras stand within a radius of five.

use serde::{Deserialize, Serialize};

use crate::constants::{DEFAULT_POINTS, SH_MAX_DEGREE, SSIM_WEIGHT};
use crate::kernels::Gradient;

/// How the number of convexes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StrategyKind {
    /// The number follows a schedule to `max_convexes`; convexes are cut where the pictures ask for it.
    #[default]
    Budget,
    /// The published one, presets and thresholds included.
    Paper,
}

/// Effective values of the published configurations. Source: docs/spec.md §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Few convexes.
    Light,
    /// Rooms.
    Indoor,
    /// Landscapes.
    #[default]
    Outdoor,
}

/// Everything that a training depends on besides the dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// Number of iterations; schedules stretch with it.
    pub iterations: u32,
    /// Most convexes.
    pub max_convexes: u32,
    /// Points per convex, 3 to 8.
    pub points_per_convex: usize,
    /// Degree of the spherical harmonics at the end, 0 to 3.
    pub sh_degree: usize,
    /// How the number of convexes changes.
    pub strategy: StrategyKind,
    /// Start values, thresholds and rates of the published strategy.
    pub preset: Preset,
    /// Everything random depends on it alone.
    pub seed: u64,
    /// sRGB behind everything.
    pub background: [f32; 3],
    /// Whether convexes are anti-aliased: `RenderOptions::antialias`.
    pub antialias: bool,
    /// Weight of 1 − SSIM in the loss.
    pub ssim_weight: f32,
    /// Learning rate of the points at the beginning and at the end, normalised units per step. All rates are those of a
    /// run of 30 000 iterations; shorter runs multiply them by up to five.
    pub points_rate: [f32; 2],
    /// Learning rate of `log_delta`.
    pub delta_rate: f32,
    /// Learning rate of `log_sigma`.
    pub sigma_rate: f32,
    /// Learning rate of `raw_opacity`.
    pub opacity_rate: f32,
    /// Learning rate of the constant colour; that of the other coefficients is a twentieth of it.
    pub colour_rate: f32,
    /// Part of the budget to begin with, at least: where there are fewer points, seeds are scattered around them. Not of the
    /// published strategy.
    pub start_part: f32,
    /// Opacity at the start; the published strategy has its own.
    pub start_opacity: f32,
    /// Sharpness of a border at the start, but for the published strategy: how many times the logistic falls by e over the radius of a convex.
    pub start_sharpness: f32,
    /// Weight of the mean opacity in the loss.
    pub opacity_weight: f32,
    /// Weight of the mean extent of the convexes in the loss, per normalised unit.
    pub extent_weight: f32,
    /// Convexes of less opacity are given another place.
    pub dead_opacity: f32,
    /// Part of the convexes that is given another place at every change once there are as many as there may be: those with
    /// the smallest gradient of the points. At most a half.
    #[serde(alias = "spare")]
    pub recycle_fraction: f32,
    /// Iterations between changes of the number of convexes; a twentieth of the run and at most a hundred where nothing is
    /// said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refine_every: Option<u32>,
    /// Part of the iterations after which the number of convexes stays.
    pub refine_until: f32,
    /// How often width and height of the pictures are halved at the beginning, where `coarse_until` says so; at most 6.
    pub coarse_levels: u32,
    /// Part of the iterations after which the pictures have their full size; not of the published strategy.
    pub coarse_until: f32,
    /// Iterations between looks at held-back views; 0 for never, and a tenth of the iterations where nothing is said.
    /// Changes nothing but the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_every: Option<u32>,
    /// How many held-back views are looked at then.
    pub eval_views: u32,
    /// What is followed in place of the gradient, for comparison.
    pub gradient: Gradient,
    /// Iterations submitted at once.
    pub iterations_per_submission: u32,
    /// Decoded pictures kept in the host's memory, MiB; changes nothing but the speed.
    pub picture_memory: u32,
    /// GPU memory that may be taken, MiB; 0 for four fifths of what the adapter has, two fifths of a software device.
    pub memory: u32,
}

impl Default for TrainOptions {
    #[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
    fn default() -> Self {
        Self {
            iterations: 30_000,
            max_convexes: 1_000_000,
            points_per_convex: DEFAULT_POINTS,
            sh_degree: SH_MAX_DEGREE,
            strategy: StrategyKind::default(),
            preset: Preset::default(),
            seed: 0,
            background: [0.0; 3],
            antialias: false,
            ssim_weight: SSIM_WEIGHT as f32,
            points_rate: [2e-3, 2e-5],
            delta_rate: 0.005,
            sigma_rate: 0.0045,
            opacity_rate: 0.01,
            colour_rate: 0.0025,
            start_part: 0.5,
            start_opacity: 0.5,
            start_sharpness: 10.0,
            opacity_weight: 0.01,
            extent_weight: 0.0,
            dead_opacity: 0.01,
            recycle_fraction: 0.02,
            refine_every: None,
            refine_until: 0.6,
            coarse_levels: 2,
            coarse_until: 0.0,
            eval_every: None,
            eval_views: 4,
            gradient: Gradient::True,
            iterations_per_submission: 8,
            picture_memory: 2048,
            memory: 0,
        }
    }
}

/// Options that do not make sense.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("`{name}` is {found}; expected {expected}")]
pub struct OptionsError {
    /// The option.
    pub name: &'static str,
    /// Its value.
    pub found: String,
    /// What is possible.
    pub expected: &'static str,
}

/// Length of the runs that the learning rates are given for.
const FULL_ITERATIONS: f32 = 30_000.0;

/// Largest factor of the learning rates of short runs.
const MAX_LR_SCALE: f32 = 5.0;

/// Changes of the number of convexes that a short run has time for, were there any to its end; and iterations between them
/// in long runs. Gradients need time to settle after a change.
const REFINEMENTS: u32 = 20;
const MAX_REFINEMENT_PERIOD: u32 = 100;

/// Iterations that are submitted at once at most: a signal is answered after them.
const MAX_ITERATIONS_PER_SUBMISSION: u32 = 1000;

/// Most halvings of the pictures.
const MAX_COARSE_LEVELS: u32 = 6;

/// Looks at held-back views during a training, where nothing else is said.
const EVALUATIONS: u32 = 10;

impl TrainOptions {
    /// The names of all options, as files and checkpoints have them.
    #[must_use]
    pub fn names() -> Vec<String> {
        // Options without a value are not written.
        let all = Self { refine_every: Some(1), eval_every: Some(1), ..Self::default() };
        let value = serde_json::to_value(all).unwrap_or_default();
        value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    }

    /// The options of a strategy where nothing else is given. Source: docs/spec.md §6.
    #[must_use]
    pub fn of_strategy(strategy: StrategyKind, preset: Preset) -> Self {
        if strategy == StrategyKind::Budget {
            return Self { preset, ..Self::default() };
        }
        let (points_rate, sigma_rate) = match preset {
            Preset::Light => ([5e-4, 5e-6], 0.0045),
            Preset::Indoor => ([4e-4, 4e-6], 0.0045),
            Preset::Outdoor => ([5e-4, 5e-6], 0.004),
        };
        Self { strategy: StrategyKind::Paper, preset, points_rate, sigma_rate, ..Self::default() }
    }

    /// Factor of the learning rates: a short run has to take larger steps. Drift by noise grows with the root of the
    /// number of steps, and so may they.
    #[must_use]
    pub fn lr_scale(&self) -> f32 {
        (FULL_ITERATIONS / self.iterations as f32).sqrt().clamp(1.0, MAX_LR_SCALE)
    }

    /// How often width and height of the pictures are halved in an iteration: less and less, in equal parts.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the number of levels")]
    pub fn coarse_level(&self, iteration: u32) -> u32 {
        if self.strategy == StrategyKind::Paper || self.coarse_until == 0.0 {
            return 0;
        }
        let part = f64::from(iteration) / (f64::from(self.coarse_until) * f64::from(self.iterations));
        let levels = f64::from(self.coarse_levels);
        (levels * (1.0 - part)).ceil().clamp(0.0, levels) as u32
    }

    /// Iterations between changes of the number of convexes.
    #[must_use]
    pub fn refinement_period(&self) -> u32 {
        self.refine_every.unwrap_or((self.iterations / REFINEMENTS).clamp(1, MAX_REFINEMENT_PERIOD))
    }

    /// Iterations between looks at held-back views; `None` for never.
    #[must_use]
    pub fn evaluation_period(&self) -> Option<u32> {
        let period = self.eval_every.unwrap_or((self.iterations / EVALUATIONS).max(1));
        (period > 0 && self.eval_views > 0).then_some(period)
    }

    /// Refuses what does not make sense.
    ///
    /// # Errors
    /// [`OptionsError`] naming the first option at fault.
    pub fn check(&self) -> Result<(), OptionsError> {
        let fault = |name: &'static str, found: &dyn std::fmt::Debug, expected: &'static str| {
            Err(OptionsError { name, found: format!("{found:?}"), expected })
        };
        if self.iterations == 0 {
            return fault("iterations", &0, "at least 1");
        }
        if self.max_convexes == 0 {
            return fault("max_convexes", &0, "at least 1");
        }
        if !(3..=8).contains(&self.points_per_convex) {
            return fault("points_per_convex", &self.points_per_convex, "3 to 8");
        }
        if self.sh_degree > 3 {
            return fault("sh_degree", &self.sh_degree, "0 to 3");
        }
        if !(1..=MAX_ITERATIONS_PER_SUBMISSION).contains(&self.iterations_per_submission) {
            return fault("iterations_per_submission", &self.iterations_per_submission, "1 to 1000");
        }
        if self.refine_every == Some(0) {
            return fault("refine_every", &0, "at least 1");
        }
        if !(0.0..=1.0).contains(&self.ssim_weight) {
            return fault("ssim_weight", &self.ssim_weight, "0 to 1");
        }
        let parts =
            [("refine_until", self.refine_until), ("coarse_until", self.coarse_until), ("start_part", self.start_part)];
        for (name, part) in parts {
            if !(0.0..=1.0).contains(&part) {
                return fault(name, &part, "0 to 1");
            }
        }
        if !(0.0..=0.5).contains(&self.recycle_fraction) {
            return fault("recycle_fraction", &self.recycle_fraction, "0 to 0.5");
        }
        if self.coarse_levels > MAX_COARSE_LEVELS {
            return fault("coarse_levels", &self.coarse_levels, "0 to 6");
        }
        if self.background.iter().any(|channel| !(0.0..=1.0).contains(channel)) {
            return fault("background", &self.background, "three numbers from 0 to 1");
        }
        let positive = [
            ("points_rate", self.points_rate[0].min(self.points_rate[1])),
            ("delta_rate", self.delta_rate),
            ("sigma_rate", self.sigma_rate),
            ("opacity_rate", self.opacity_rate),
            ("colour_rate", self.colour_rate),
            ("start_sharpness", self.start_sharpness),
        ];
        for (name, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return fault(name, &value, "a finite number above 0");
            }
        }
        for (name, value) in [("opacity_weight", self.opacity_weight), ("extent_weight", self.extent_weight)] {
            if !(value.is_finite() && value >= 0.0) {
                return fault(name, &value, "a finite number from 0 on");
            }
        }
        for (name, value) in [("start_opacity", self.start_opacity), ("dead_opacity", self.dead_opacity)] {
            if !(value > 0.0 && value < 1.0) {
                return fault(name, &value, "a number between 0 and 1");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named() {
        TrainOptions::default().check().unwrap();
        let message = |options: TrainOptions| options.check().unwrap_err().to_string();
        assert_eq!(
            message(TrainOptions { points_per_convex: 9, ..TrainOptions::default() }),
            "`points_per_convex` is 9; expected 3 to 8"
        );
        assert!(message(TrainOptions { colour_rate: f32::NAN, ..TrainOptions::default() }).contains("colour_rate"));
        assert!(message(TrainOptions { start_opacity: 1.0, ..TrainOptions::default() }).contains("start_opacity"));
        assert!(
            message(TrainOptions { recycle_fraction: 0.6, ..TrainOptions::default() }).contains("recycle_fraction")
        );
        assert!(message(TrainOptions { coarse_levels: 7, ..TrainOptions::default() }).contains("coarse_levels"));
    }

    #[test]
    fn pictures_grow_to_their_size_in_equal_parts() {
        let options = TrainOptions { iterations: 100, coarse_until: 0.5, ..TrainOptions::default() };
        let levels = [1, 24, 25, 49, 50, 100].map(|iteration| options.coarse_level(iteration));
        assert_eq!(levels, [2, 2, 1, 1, 0, 0]);
        assert_eq!(TrainOptions { coarse_until: 0.0, ..options.clone() }.coarse_level(1), 0);
        assert_eq!(TrainOptions { strategy: StrategyKind::Paper, ..options }.coarse_level(1), 0);
    }
}
