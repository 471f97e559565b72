//! The published strategy. Source: docs/spec.md §6.

use serde::{Deserialize, Serialize};

use super::{Edit, Refinement, ShapeEdit, Strategy, StrategyKind, TrainOptions, keep, logit};
use crate::scene::NORMALISED_RADIUS;

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

/// Options of the published strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaperOptions {
    /// Start values, thresholds and rates.
    pub preset: Preset,
}

/// The strategy.
#[derive(Debug)]
pub(super) struct Paper;

impl Strategy for Paper {
    fn defaults(&self, preset: Preset) -> TrainOptions {
        let (points_rate, sigma_rate) = match preset {
            Preset::Light => ([5e-4, 5e-6], 0.0045),
            Preset::Indoor => ([4e-4, 4e-6], 0.0045),
            Preset::Outdoor => ([5e-4, 5e-6], 0.004),
        };
        let paper = PaperOptions { preset };
        TrainOptions { strategy: StrategyKind::Paper, paper, points_rate, sigma_rate, ..TrainOptions::default() }
    }

    fn is_due(&self, options: &TrainOptions, iteration: u32) -> bool {
        changes_after(options, iteration).is_some()
    }

    fn edits(&self, refinement: &Refinement<'_>) -> Vec<Edit> {
        edits(refinement, changes_after(refinement.options, refinement.iteration).unwrap_or_default())
    }

    fn why_empty(&self) -> &'static str {
        "the published strategy dropped all; it is made for more iterations"
    }

    fn start_opacity(&self, _options: &TrainOptions) -> f32 {
        START_OPACITY
    }

    fn start_sigma(&self, options: &TrainOptions, _delta: f64, _radius: f64) -> f64 {
        match options.paper.preset {
            Preset::Light => 0.000_95,
            Preset::Indoor => 0.0009,
            Preset::Outdoor => 0.001,
        }
    }
}

/// Opacity of the first convexes.
const START_OPACITY: f32 = 0.1;

/// Length of the published runs; schedules stretch with the length of this one.
const PUBLISHED_ITERATIONS: f64 = 30_000.0;
const MIN_OPACITY: f32 = 0.03;
const RESET_OPACITY: f32 = 0.2;
/// Largest standard deviation along an axis, of the radius of the cameras.
const MAX_EXTENT: f64 = 0.3;

/// The changes after an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Changes {
    splits: bool,
    drops_large: bool,
    resets: bool,
}

/// Values that differ between the presets.
struct Values {
    threshold: f32,
    scale: f32,
    exponent: f32,
    until: u32,
}

const fn values(preset: Preset) -> Values {
    match preset {
        Preset::Light => Values { threshold: 2.5e-5, scale: 0.63, exponent: 0.88, until: 9000 },
        Preset::Indoor => Values { threshold: 6e-6, scale: 0.7, exponent: 0.85, until: 9500 },
        Preset::Outdoor => Values { threshold: 1e-6, scale: 0.6, exponent: 0.88, until: 9000 },
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn changes_after(options: &TrainOptions, iteration: u32) -> Option<Changes> {
    let stretched = |published: u32| {
        ((f64::from(published) * f64::from(options.iterations) / PUBLISHED_ITERATIONS).round() as u32).max(1)
    };
    let schedule = options.schedule();
    let planned = schedule.planned(iteration);
    let until = stretched(values(options.paper.preset).until);
    let resets = planned < until && schedule.reaches_multiple(iteration, stretched(3000));
    // Gradients need time to settle after a split, however fast the schedule is run through.
    let splits = planned < until
        && planned >= stretched(600)
        && iteration.is_multiple_of(stretched(200).max(options.refinement_period().min(200)));
    let prunes =
        planned >= until && schedule.reaches_multiple(iteration, stretched(1000)) && planned < options.iterations;
    let drops_large = planned > stretched(3000);
    (splits || resets || prunes).then_some(Changes { splits, drops_large, resets })
}

fn edits(refinement: &Refinement<'_>, changes: Changes) -> Vec<Edit> {
    let Refinement { options, max_convexes, stats, .. } = *refinement;
    let Values { threshold, scale, exponent, .. } = values(options.paper.preset);
    let children = options.points_per_convex;
    let mut edits = Vec::new();
    let mut num_free = (max_convexes as usize).saturating_sub(stats.len());
    for (i, convex) in stats.iter().enumerate() {
        let opacity = convex.opacity();
        if changes.drops_large && f64::from(convex.extent) > MAX_EXTENT * NORMALISED_RADIUS {
            continue;
        }
        let reset = |opacity: f32| if changes.resets { opacity.min(RESET_OPACITY) } else { opacity };
        if changes.splits && convex.mean_sigma_grad() >= threshold && num_free + 1 >= children {
            if 0.5 * opacity < MIN_OPACITY {
                continue;
            }
            num_free -= children - 1;
            for point in 0..children {
                edits.push(Edit {
                    shape: ShapeEdit::AtPoint as u32,
                    point: u32::try_from(point).unwrap_or(0),
                    keeps_moments: 0,
                    scale,
                    sigma_exponent: exponent,
                    ..keep(i, logit(reset(0.5 * opacity)))
                });
            }
        } else if opacity >= MIN_OPACITY {
            let raw = if changes.resets { logit(reset(opacity)) } else { convex.raw_opacity };
            edits.push(keep(i, raw));
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::super::{ConvexStats, sigmoid};
    use super::*;

    #[test]
    fn splits_and_resets_happen_at_the_published_iterations() {
        let options = TrainOptions::of_strategy(StrategyKind::Paper, Preset::Outdoor);
        let all: Vec<(u32, Changes)> =
            (1..=30_000).filter_map(|iteration| Some((iteration, changes_after(&options, iteration)?))).collect();
        let splits: Vec<u32> = all.iter().filter(|(_, changes)| changes.splits).map(|(i, _)| *i).collect();
        assert_eq!((splits.first(), splits.last(), splits.len()), (Some(&600), Some(&8800), 42));
        let resets: Vec<u32> = all.iter().filter(|(_, changes)| changes.resets).map(|(i, _)| *i).collect();
        assert_eq!(resets, [3000, 6000]);
        assert_eq!(all.last().map(|(i, _)| *i), Some(29_000));
    }

    #[test]
    fn a_split_replaces_a_convex_by_children_at_its_points() {
        let stats = [(0.0, 1.0), (0.0, -1.0), (-9.0, 0.0)].map(|(raw_opacity, log_sigma_grad)| ConvexStats {
            raw_opacity,
            log_sigma_grad,
            num_views: 1.0,
            extent: 0.1,
            ..ConvexStats::default()
        });
        let options = TrainOptions::default();
        let changes = Changes { splits: true, drops_large: false, resets: false };
        let edits = edits(&Refinement { options: &options, iteration: 600, max_convexes: 100, stats: &stats }, changes);
        let sources: Vec<u32> = edits.iter().map(|edit| edit.source).collect();
        assert_eq!(sources, [0, 0, 0, 0, 0, 0, 1], "six children, one stays, one is too faint");
        assert!((sigmoid(edits[0].raw_opacity) - 0.25).abs() < 1e-6);
    }
}
