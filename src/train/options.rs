//! The options of a training. Lengths are in normalised units: cameras stand within a radius of five.

use serde::{Deserialize, Serialize};

use super::strategy::{BudgetOptions, PaperOptions, Preset, StrategyKind};
use crate::constants::{DEFAULT_POINTS, SH_MAX_DEGREE, SSIM_WEIGHT};
use crate::gpu::Pace;
use crate::kernels::Gradient;

/// Everything that a training depends on besides the dataset. Files hold the options of all strategies side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// Number of iterations; schedules stretch with it.
    pub iterations: u32,
    /// Plans that replaced the schedule of the rest of the training: after iteration `[0]` it is compressed or stretched, so
    /// that iteration `[1]` is the last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replanned: Vec<[u32; 2]>,
    /// The largest number of convexes.
    pub max_convexes: u32,
    /// Points per convex, 3 to 8.
    pub points_per_convex: usize,
    /// Degree of the spherical harmonics at the end, 0 to 3.
    pub sh_degree: usize,
    /// The strategy, which changes the number of convexes.
    pub strategy: StrategyKind,
    /// Options of the budget strategy.
    #[serde(flatten)]
    pub budget: BudgetOptions,
    /// Options of the published strategy.
    #[serde(flatten)]
    pub paper: PaperOptions,
    /// The seed of everything random.
    pub seed: u64,
    /// The colour behind everything, sRGB in 0..=1.
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
    /// Iterations between refinements, the changes of the number of convexes; `None` for a twentieth of the run and at most a
    /// hundred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refine_every: Option<u32>,
    /// Iterations between evaluations of held-out views; 0 for never, and `None` for a tenth of the iterations. Changes
    /// nothing but the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_every: Option<u32>,
    /// The number of held-out views that are evaluated then.
    pub eval_views: u32,
    /// The gradient, or for comparison a published approximation of it.
    pub gradient: Gradient,
    /// Iterations submitted at once; 0 where their number follows from the time that they take. Changes nothing but the speed.
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
            replanned: Vec::new(),
            max_convexes: 1_000_000,
            points_per_convex: DEFAULT_POINTS,
            sh_degree: SH_MAX_DEGREE,
            strategy: StrategyKind::default(),
            budget: BudgetOptions::default(),
            paper: PaperOptions::default(),
            seed: 0,
            background: [0.0; 3],
            antialias: false,
            ssim_weight: SSIM_WEIGHT as f32,
            points_rate: [2e-3, 2e-5],
            delta_rate: 0.005,
            sigma_rate: 0.0045,
            opacity_rate: 0.01,
            colour_rate: 0.0025,
            refine_every: None,
            eval_every: None,
            eval_views: 4,
            gradient: Gradient::True,
            iterations_per_submission: 0,
            picture_memory: 2048,
            memory: 0,
        }
    }
}

/// An option with a value that makes no sense.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("`{name}` is {found}; expected {expected}")]
pub struct OptionsError {
    /// The name of the option.
    pub name: &'static str,
    /// The value.
    pub found: String,
    /// The possible values.
    pub expected: &'static str,
}

impl OptionsError {
    pub(super) fn new(name: &'static str, found: &dyn std::fmt::Debug, expected: &'static str) -> Self {
        Self { name, found: format!("{found:?}"), expected }
    }

    /// Refuses a value that is not a finite number above 0.
    pub(super) fn unless_positive(name: &'static str, value: f32) -> Result<(), Self> {
        let is_positive = value.is_finite() && value > 0.0;
        if is_positive { Ok(()) } else { Err(Self::new(name, &value, "a finite number above 0")) }
    }
}

/// Length of the runs that the learning rates are given for.
const FULL_ITERATIONS: f32 = 30_000.0;

/// Largest factor of the learning rates of short runs.
const MAX_LR_SCALE: f32 = 5.0;

/// Refinements that a short run has time for, if refinement went on to the end; and iterations between them in long runs. Gradients
/// need time to settle after a refinement.
const REFINEMENTS: u32 = 20;
const MAX_REFINEMENT_PERIOD: u32 = 100;

/// Iterations that are submitted at once at most.
const MAX_ITERATIONS_PER_SUBMISSION: u32 = 1000;

/// Evaluations of held-out views during a training, where nothing else is given.
const EVALUATIONS: u32 = 10;

impl TrainOptions {
    /// The names of all options, as files and checkpoints have them.
    #[must_use]
    pub fn names() -> Vec<String> {
        // Options without a value are not written.
        let all = Self { refine_every: Some(1), eval_every: Some(1), replanned: vec![[0, 1]], ..Self::default() };
        let value = serde_json::to_value(all).unwrap_or_default();
        value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    }

    /// The options of a strategy where nothing else is given. Source: docs/spec.md §6.
    #[must_use]
    pub fn of_strategy(strategy: StrategyKind, preset: Preset) -> Self {
        strategy.strategy().defaults(preset)
    }

    /// Factor of the learning rates: a short run has to take larger steps. Drift by noise grows with the root of the
    /// number of steps, and so may they.
    #[must_use]
    pub fn lr_scale(&self) -> f32 {
        (FULL_ITERATIONS / self.length() as f32).sqrt().clamp(1.0, MAX_LR_SCALE)
    }

    /// The number of times that width and height of the pictures are halved in an iteration.
    #[must_use]
    pub fn coarse_level(&self, iteration: u32) -> u32 {
        self.strategy.strategy().coarse_level(self, iteration)
    }

    /// Iterations between refinements.
    #[must_use]
    pub fn refinement_period(&self) -> u32 {
        self.refine_every.unwrap_or((self.length() / REFINEMENTS).clamp(1, MAX_REFINEMENT_PERIOD))
    }

    /// Iterations between evaluations of held-out views; `None` for never.
    #[must_use]
    pub fn evaluation_period(&self) -> Option<u32> {
        let period = self.eval_every.unwrap_or((self.length() / EVALUATIONS).max(1));
        (period > 0 && self.eval_views > 0).then_some(period)
    }

    /// Most iterations of one submission. It does not depend on measured times, because what memory is left for convexes
    /// depends on it.
    pub(super) const fn longest_list(&self) -> u32 {
        match self.iterations_per_submission {
            0 => Pace::MAX_LIST,
            number => number,
        }
    }

    /// Refuses values that do not make sense.
    ///
    /// # Errors
    /// [`OptionsError`] naming the first option at fault.
    pub fn check(&self) -> Result<(), OptionsError> {
        let fault = |name, found: &dyn std::fmt::Debug, expected| Err(OptionsError::new(name, found, expected));
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
        if self.iterations_per_submission > MAX_ITERATIONS_PER_SUBMISSION {
            return fault("iterations_per_submission", &self.iterations_per_submission, "0 to 1000");
        }
        if self.refine_every == Some(0) {
            return fault("refine_every", &0, "at least 1");
        }
        if !(0.0..=1.0).contains(&self.ssim_weight) {
            return fault("ssim_weight", &self.ssim_weight, "0 to 1");
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
        ];
        positive.into_iter().try_for_each(|(name, value)| OptionsError::unless_positive(name, value))?;
        // Files hold whole numbers of 63 bits.
        if i64::try_from(self.seed).is_err() {
            return fault("seed", &self.seed, "a number below 2^63");
        }
        self.check_replanned()?;
        self.budget.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(budget: BudgetOptions) -> TrainOptions {
        TrainOptions { budget, ..TrainOptions::default() }
    }

    #[test]
    fn errors_name_the_option() {
        TrainOptions::default().check().unwrap();
        let message = |options: TrainOptions| options.check().unwrap_err().to_string();
        assert_eq!(
            message(TrainOptions { points_per_convex: 9, ..TrainOptions::default() }),
            "`points_per_convex` is 9; expected 3 to 8"
        );
        assert!(message(TrainOptions { colour_rate: f32::NAN, ..TrainOptions::default() }).contains("colour_rate"));
        let budget = BudgetOptions::default;
        assert!(message(with(BudgetOptions { start_opacity: 1.0, ..budget() })).contains("start_opacity"));
        assert!(message(with(BudgetOptions { recycle_fraction: 0.6, ..budget() })).contains("recycle_fraction"));
        assert!(message(with(BudgetOptions { coarse_levels: 7, ..budget() })).contains("coarse_levels"));
    }

    #[test]
    fn files_hold_all_options_side_by_side_and_unknown_names_are_refused() {
        let mut options = with(BudgetOptions { recycle_fraction: 0.25, ..BudgetOptions::default() });
        options.paper.preset = Preset::Indoor;
        let text = toml::to_string_pretty(&options).unwrap();
        assert!(text.lines().all(|line| !line.starts_with('[')), "{text}");
        assert_eq!(toml::from_str::<TrainOptions>(&text).unwrap(), options);
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<TrainOptions>(&json).unwrap(), options);
        let old = json.replace("recycle_fraction", "spare");
        assert_eq!(serde_json::from_str::<TrainOptions>(&old).unwrap(), options, "checkpoints of earlier versions");
        assert!(serde_json::from_str::<TrainOptions>(r#"{"seeds": 1}"#).unwrap_err().to_string().contains("seeds"));
        assert!(TrainOptions::names().contains(&"recycle_fraction".to_owned()));
        assert!(TrainOptions::names().contains(&"eval_every".to_owned()));
    }
}
