//! Strategies: which convexes are cut, moved or dropped, and when. They decide from a few numbers per convex; the GPU
//! builds the new scene from the edits.

use super::draw::draw;
use super::options::{Preset, StrategyKind, TrainOptions};
use super::start::logit;
use crate::kernels::{Edit, ShapeEdit};
use crate::scene::NORMALISED_RADIUS;

/// What a strategy knows of the convexes.
#[derive(Debug)]
pub struct ConvexStats {
    /// Opacity before the sigmoid.
    pub raw_opacity: Vec<f32>,
    /// Logarithm of sigma.
    pub log_sigma: Vec<f32>,
    /// Sums since the last change: gradient of the points times the extent, gradient of `log_sigma`, views that see it;
    /// and the extent.
    pub statistics: Vec<[f32; 4]>,
}

/// A convex as it is.
fn keep(source: usize, raw_opacity: f32) -> Edit {
    Edit {
        source: u32::try_from(source).unwrap_or(u32::MAX),
        shape: ShapeEdit::Same as u32,
        point: 0,
        keeps_moments: 1,
        scale: 1.0,
        sigma_exponent: 1.0,
        log_delta_shift: 0.0,
        raw_opacity,
    }
}

/// The scene after iteration `iteration` (counted from 1), as edits of the convexes; `None` where it stays as it is.
#[must_use]
pub(super) fn refine(
    options: &TrainOptions,
    iteration: u32,
    census: impl FnOnce() -> Option<ConvexStats>,
) -> Option<Vec<Edit>> {
    match options.strategy {
        StrategyKind::Budget => budget::is_due(options, iteration)
            .then(census)
            .flatten()
            .map(|census| budget::refine(options, iteration, &census)),
        StrategyKind::Paper => {
            paper::event(options, iteration).and_then(|event| Some(paper::refine(options, event, &census()?)))
        }
    }
}

/// Whether the scene may change after this iteration.
#[must_use]
pub(super) fn is_due(options: &TrainOptions, iteration: u32) -> bool {
    match options.strategy {
        StrategyKind::Budget => budget::is_due(options, iteration),
        StrategyKind::Paper => paper::event(options, iteration).is_some(),
    }
}

fn sigmoid(raw: f32) -> f32 {
    1.0 / (1.0 + (-raw).exp())
}

/// The number of convexes follows a schedule; no threshold depends on the scene. After 3DGS-MCMC (Kheradmand et al.
/// 2024), with cuts in place of copies.
mod budget {
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64Mcg;

    use super::{ConvexStats, Edit, ShapeEdit, TrainOptions, draw, keep, sigmoid};

    /// Part of the iterations before the first change.
    const WARM_UP: f32 = 0.02;

    pub(super) fn is_due(options: &TrainOptions, iteration: u32) -> bool {
        let (from, until) = bounds(options);
        iteration.is_multiple_of(options.refinement_period()) && (from..=until).contains(&iteration)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a small count")]
    fn bounds(options: &TrainOptions) -> (u32, u32) {
        let part = |part: f32| (f64::from(options.iterations) * f64::from(part)) as u32;
        (part(WARM_UP).max(options.refinement_period()), part(options.refine_until))
    }

    /// How many convexes there should be after a change: the same factor each time, so that the last one reaches the
    /// budget.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the budget, a u32")]
    fn target(options: &TrainOptions, iteration: u32, now: usize) -> usize {
        let (_, until) = bounds(options);
        let changes_left = (until.saturating_sub(iteration) / options.refinement_period() + 1) as f64;
        let factor = (f64::from(options.max_convexes) / now.max(1) as f64).max(1.0).powf(1.0 / changes_left);
        // Gradients need time to settle after a change.
        ((now as f64 * factor.min(1.3)).ceil() as usize).min(options.max_convexes as usize)
    }

    pub(super) fn refine(options: &TrainOptions, iteration: u32, census: &ConvexStats) -> Vec<Edit> {
        let now = census.raw_opacity.len();
        let is_dead = |i: usize| sigmoid(census.raw_opacity[i]) < options.dead_opacity;
        let mut alive: Vec<usize> = (0..now).filter(|i| !is_dead(*i)).collect();
        if now >= options.max_convexes as usize {
            drop_spare(&mut alive, options.recycle_fraction, &census.statistics);
        }
        let births = target(options, iteration, now).saturating_sub(alive.len()).min(alive.len());
        let mut is_cut = vec![false; now];
        let mut random = Pcg64Mcg::seed_from_u64(options.seed ^ (u64::from(iteration) << 32));
        let pulls: Vec<f64> = alive.iter().map(|i| pull(&census.statistics[*i])).collect();
        for index in draw(&mut random, births, &pulls) {
            is_cut[alive[index]] = true;
        }
        let mut edits = Vec::with_capacity(alive.len() + births);
        for i in alive {
            let whole = keep(i, census.raw_opacity[i]);
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

    /// Drops the part of the convexes that the pictures pull at least, so that a budget that is used up moves to where it is
    /// needed.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a number of convexes")]
    fn drop_spare(alive: &mut Vec<usize>, part: f32, statistics: &[[f32; 4]]) {
        let number = (f64::from(part) * alive.len() as f64) as usize;
        if number >= alive.len() {
            return;
        }
        let mut by_pull = alive.clone();
        let pull_of = |i: &usize| pull(&statistics[*i]);
        let (spare, ..) =
            by_pull.select_nth_unstable_by(number, |a, b| pull_of(a).total_cmp(&pull_of(b)).then(a.cmp(b)));
        let mut is_spare = vec![false; statistics.len()];
        for i in spare {
            is_spare[*i] = true;
        }
        alive.retain(|i| !is_spare[*i]);
    }

    /// How much the pictures pull at a convex when they see it.
    fn pull(&[moved, _, views, _]: &[f32; 4]) -> f64 {
        f64::from(moved / views.max(1.0))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn options() -> TrainOptions {
            TrainOptions { iterations: 10_000, max_convexes: 1000, ..TrainOptions::default() }
        }

        #[test]
        fn the_number_reaches_the_budget_and_stays() {
            let options = options();
            let mut now = 100;
            for iteration in (1..=options.iterations).filter(|iteration| is_due(&options, *iteration)) {
                let next = target(&options, iteration, now);
                assert!(next >= now && next <= 1000);
                now = next;
            }
            assert_eq!(now, 1000);
        }

        #[test]
        fn the_dead_make_room_and_the_needy_are_cut() {
            let census = ConvexStats {
                raw_opacity: vec![2.0, -9.0, 2.0, 2.0],
                log_sigma: vec![0.0; 4],
                statistics: vec![
                    [0.0, 0.0, 1.0, 1.0],
                    [9.0, 0.0, 1.0, 1.0],
                    [9.0, 0.0, 1.0, 1.0],
                    [0.0, 0.0, 1.0, 1.0],
                ],
            };
            let options = TrainOptions { max_convexes: 4, recycle_fraction: 0.0, ..options() };
            let edits = refine(&options, 1000, &census);
            let sources: Vec<u32> = edits.iter().map(|edit| edit.source).collect();
            assert_eq!(sources, [0, 2, 2, 3]);
            assert_ne!(edits[1].shape, edits[2].shape);
        }

        #[test]
        fn a_full_budget_moves_from_where_nothing_pulls() {
            let pulls = [3.0, 1.0, 2.0, 4.0, 900.0];
            let census = ConvexStats {
                raw_opacity: vec![2.0; 5],
                log_sigma: vec![0.0; 5],
                statistics: pulls.map(|pull| [2.0 * pull, 0.0, 2.0, 1.0]).to_vec(),
            };
            let sources = |max_convexes: u32| {
                let options = TrainOptions { max_convexes, recycle_fraction: 0.4, ..options() };
                refine(&options, 1000, &census).iter().map(|edit| edit.source).collect::<Vec<u32>>()
            };
            let full = sources(5);
            assert_eq!(full.len(), 5);
            assert!(!full.contains(&1) && !full.contains(&2), "{full:?}");
            assert_eq!(full.iter().filter(|source| **source == 4).count(), 2, "{full:?}");
            let growing = sources(100);
            assert!((0..5).all(|source| growing.contains(&source)), "{growing:?}");
        }
    }
}

/// The published strategy. Source: docs/spec.md §6.
mod paper {
    use super::{ConvexStats, Edit, NORMALISED_RADIUS, Preset, ShapeEdit, TrainOptions, keep, logit, sigmoid};

    /// Length of the published runs; schedules stretch with the length of this one.
    const PUBLISHED_ITERATIONS: f64 = 30_000.0;
    const MIN_OPACITY: f32 = 0.03;
    const RESET_OPACITY: f32 = 0.2;
    /// Largest standard deviation along an axis, of the radius of the cameras.
    const MAX_EXTENT: f64 = 0.3;

    /// What happens after an iteration.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Event {
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
    pub(super) fn event(options: &TrainOptions, iteration: u32) -> Option<Event> {
        let stretched = |published: u32| {
            ((f64::from(published) * f64::from(options.iterations) / PUBLISHED_ITERATIONS).round() as u32).max(1)
        };
        let until = stretched(values(options.preset).until);
        let resets = iteration < until && iteration.is_multiple_of(stretched(3000));
        let splits = iteration < until
            && iteration >= stretched(600)
            && iteration.is_multiple_of(stretched(200).max(options.refinement_period().min(200)));
        let prunes = iteration >= until && iteration.is_multiple_of(stretched(1000)) && iteration < options.iterations;
        let drops_large = iteration > stretched(3000);
        (splits || resets || prunes).then_some(Event { splits, drops_large, resets })
    }

    pub(super) fn refine(options: &TrainOptions, event: Event, census: &ConvexStats) -> Vec<Edit> {
        let Values { threshold, scale, exponent, .. } = values(options.preset);
        let children = options.points_per_convex;
        let mut edits = Vec::new();
        let mut room = (options.max_convexes as usize).saturating_sub(census.raw_opacity.len());
        for (i, [_, v_log_sigma, views, extent]) in census.statistics.iter().enumerate() {
            let opacity = sigmoid(census.raw_opacity[i]);
            let is_large = event.drops_large && f64::from(*extent) > MAX_EXTENT * NORMALISED_RADIUS;
            if is_large {
                continue;
            }
            let v_sigma = v_log_sigma / census.log_sigma[i].exp() / views.max(1.0);
            let reset = |opacity: f32| if event.resets { opacity.min(RESET_OPACITY) } else { opacity };
            if event.splits && v_sigma >= threshold && room + 1 >= children {
                if 0.5 * opacity < MIN_OPACITY {
                    continue;
                }
                room -= children - 1;
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
                let raw = if event.resets { logit(reset(opacity)) } else { census.raw_opacity[i] };
                edits.push(keep(i, raw));
            }
        }
        edits
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_published_timeline() {
            let options = TrainOptions { preset: Preset::Outdoor, ..TrainOptions::default() };
            let all: Vec<(u32, Event)> =
                (1..=30_000).filter_map(|iteration| Some((iteration, event(&options, iteration)?))).collect();
            let splits: Vec<u32> = all.iter().filter(|(_, event)| event.splits).map(|(i, _)| *i).collect();
            assert_eq!((splits.first(), splits.last(), splits.len()), (Some(&600), Some(&8800), 42));
            let resets: Vec<u32> = all.iter().filter(|(_, event)| event.resets).map(|(i, _)| *i).collect();
            assert_eq!(resets, [3000, 6000]);
            assert_eq!(all.last().map(|(i, _)| *i), Some(29_000));
        }

        #[test]
        fn a_split_replaces_a_convex_by_children_at_its_points() {
            let census = ConvexStats {
                raw_opacity: vec![0.0, 0.0, -9.0],
                log_sigma: vec![0.0; 3],
                statistics: vec![[0.0, 1.0, 1.0, 0.1], [0.0, -1.0, 1.0, 0.1], [0.0, 0.0, 1.0, 0.1]],
            };
            let event = Event { splits: true, drops_large: false, resets: false };
            let edits = refine(&TrainOptions::default(), event, &census);
            let sources: Vec<u32> = edits.iter().map(|edit| edit.source).collect();
            assert_eq!(sources, [0, 0, 0, 0, 0, 0, 1], "six children, one stays, one is too faint");
            assert!((sigmoid(edits[0].raw_opacity) - 0.25).abs() < 1e-6);
        }
    }
}
