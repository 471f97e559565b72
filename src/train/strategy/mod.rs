//! Strategies: when the number of convexes changes, and how. A strategy decides from a few numbers per convex and returns
//! one [`Edit`] for each convex of the new scene; the GPU builds the scene from them.
//!
//! A new strategy is a file beside this one that implements [`Strategy`], and a row in the table below. Its own options are a
//! struct in its file: they need a field in [`TrainOptions`], flattened, an entry in its `Default`, and a call of their
//! `check` from [`TrainOptions::check`].

mod budget;
mod paper;

pub use budget::BudgetOptions;
pub use paper::{PaperOptions, Preset};
use serde::{Deserialize, Serialize};

use super::TrainOptions;

use crate::kernels::{Edit, ShapeEdit};
use crate::real::to_u32;

/// Declares the strategies: their names in options, in lower case, and the values that implement them.
macro_rules! strategies {
    ($($(#[$meta:meta])* $Name:ident => $strategy:expr,)*) => {
        /// The strategies, which change the number of convexes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum StrategyKind { $($(#[$meta])* $Name,)* }

        impl StrategyKind {
            /// The implementation of the strategy.
            pub(super) fn strategy(self) -> &'static dyn Strategy {
                match self { $(Self::$Name => &$strategy,)* }
            }
        }
    };
}

strategies! {
    /// The number follows a schedule to `max_convexes`; convexes are cut where the pictures ask for it.
    #[default]
    Budget => budget::Budget,
    /// The published strategy, presets and thresholds included.
    Paper => paper::Paper,
}

/// The decisions of a training that depend on its strategy.
pub(super) trait Strategy {
    /// The options of a training with this strategy where nothing else is given.
    fn defaults(&self, preset: Preset) -> TrainOptions;

    /// Whether convexes may change after an iteration, counted from 1.
    fn is_due(&self, options: &TrainOptions, iteration: u32) -> bool;

    /// The scene after a refinement that is due, one edit per convex.
    fn edits(&self, refinement: &Refinement<'_>) -> Vec<Edit>;

    /// The first iteration from this one on after which the number of convexes is planned to change; `None` where no such change
    /// can be told before.
    fn next_change(&self, _options: &TrainOptions, _iteration: u32) -> Option<u32> {
        None
    }

    /// The number of convexes after the refinement that is due after an iteration, of `now`, as far as it can be told before.
    fn planned_convexes(&self, _options: &TrainOptions, _max_convexes: u32, _iteration: u32, now: u32) -> u32 {
        now
    }

    /// The reason for the error if no convex is left after a refinement, as the end of a sentence.
    fn why_empty(&self) -> &'static str;

    /// Whether the number of convexes grows to `max_convexes` in every scene.
    fn aims_at_budget(&self) -> bool {
        false
    }

    /// The part of the convexes that there may be to begin with, at least.
    fn start_fraction(&self, _options: &TrainOptions) -> f64 {
        0.0
    }

    /// The opacity of the first convexes.
    fn start_opacity(&self, options: &TrainOptions) -> f32;

    /// The sigma of a first convex with this delta and this radius, normalised units.
    fn start_sigma(&self, options: &TrainOptions, delta: f64, radius: f64) -> f64;

    /// Weights of the mean opacity, and of the mean extent of the convexes per normalised unit, in the loss.
    fn regularization(&self, _options: &TrainOptions) -> [f32; 2] {
        [0.0; 2]
    }

    /// The number of times that width and height of the pictures are halved in an iteration.
    fn coarse_level(&self, _options: &TrainOptions, _iteration: u32) -> u32 {
        0
    }
}

/// A refinement that is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refinement<'a> {
    pub(super) options: &'a TrainOptions,
    /// The iteration that it comes after, counted from 1.
    pub(super) iteration: u32,
    /// The number of convexes that options and device allow.
    pub(super) max_convexes: u32,
    /// The convexes.
    pub(super) stats: &'a [ConvexStats],
}

/// The values of one convex that a strategy decides from. Sums are over the iterations since the last refinement.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ConvexStats {
    /// Opacity before the sigmoid.
    pub raw_opacity: f32,
    /// Logarithm of sigma.
    pub log_sigma: f32,
    /// Sum of the norm of the gradient of the points, times the extent.
    pub position_grad: f32,
    /// Sum of the gradient of `log_sigma`.
    pub log_sigma_grad: f32,
    /// Number of iterations whose picture shows the convex.
    pub num_views: f32,
    /// Largest standard deviation of the points along an axis, normalised units.
    pub extent: f32,
}

impl ConvexStats {
    /// Puts together the parameters of a convex and its row of the statistics on the GPU.
    pub(super) const fn of_row(raw_opacity: f32, log_sigma: f32, row: [f32; 4]) -> Self {
        let [position_grad, log_sigma_grad, num_views, extent] = row;
        Self { raw_opacity, log_sigma, position_grad, log_sigma_grad, num_views, extent }
    }

    /// Opacity, 0 to 1.
    fn opacity(&self) -> f32 {
        sigmoid(self.raw_opacity)
    }

    /// Mean of the position gradient over the pictures that show the convex.
    fn mean_position_grad(&self) -> f64 {
        f64::from(self.position_grad / self.num_views.max(1.0))
    }

    /// Mean of the gradient of sigma over the pictures that show the convex.
    fn mean_sigma_grad(&self) -> f32 {
        self.log_sigma_grad / self.log_sigma.exp() / self.num_views.max(1.0)
    }
}

/// The edit that keeps a convex as it is, with this opacity before the sigmoid.
fn keep(source: usize, raw_opacity: f32) -> Edit {
    Edit {
        source: to_u32(source),
        shape: ShapeEdit::Same as u32,
        point: 0,
        keeps_moments: 1,
        scale: 1.0,
        sigma_exponent: 1.0,
        log_delta_shift: 0.0,
        raw_opacity,
    }
}

fn sigmoid(raw: f32) -> f32 {
    1.0 / (1.0 + (-raw).exp())
}

/// The inverse of the sigmoid.
pub(super) fn logit(opacity: f32) -> f32 {
    (opacity / (1.0 - opacity)).ln()
}
