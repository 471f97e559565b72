//! What the parts of a run cost on a device, by trials: an iteration costs `constant + pixel·pixels + convex·convexes`.

use glam::{DMat3, DVec3};

use super::remaining::{COST_PER_PIXEL, smaller};
use crate::train::PlannedIterations;

/// Seconds that parts of a run take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct PartCosts {
    /// An iteration, whatever its picture and convexes.
    pub(super) iteration: f64,
    /// A pixel of an iteration.
    pub(super) pixel: f64,
    /// A convex of an iteration.
    pub(super) convex: f64,
    /// A picture that is decoded for its first iteration.
    pub(super) picture: f64,
    /// A held-back view on the way.
    pub(super) watched_view: f64,
    /// A held-back view at the end, with its files and without LPIPS.
    pub(super) last_view: f64,
    /// LPIPS of a held-back view, where it is measured.
    pub(super) lpips: f64,
    /// A checkpoint of few convexes.
    pub(super) checkpoint: f64,
}

/// Seconds that a convex adds to a checkpoint. A trial has too few to measure them; docs/benchmarks.md has those of a million.
const SAVED_CONVEX: f64 = 1.5e-5;

/// Some iterations of a trial, and the seconds that they took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TrialSample {
    pub(super) iterations: PlannedIterations,
    pub(super) seconds: f64,
}

/// Weight of the assumptions that an iteration costs nothing by itself and that a pixel costs as much as so many convexes, over
/// that of a measurement. They decide what was not measured.
const ASSUMPTION_WEIGHT: f64 = 1e-3;

impl PartCosts {
    /// Seconds of a checkpoint.
    pub(super) fn saving(&self, num_convexes: u32) -> f64 {
        self.checkpoint + SAVED_CONVEX * f64::from(num_convexes)
    }

    /// The same costs, with those of an iteration by least squares of relative errors; none is negative. `pixels` is the mean
    /// number of pixels of a picture.
    pub(super) fn with_samples(self, samples: &[TrialSample], pixels: f64) -> Self {
        let Some(first) = samples.first() else { return self };
        let cost = |sample: &TrialSample| sample.seconds / f64::from(sample.iterations.number.max(1));
        let pixels_of = |sample: &TrialSample| COST_PER_PIXEL * pixels * smaller(sample.iterations.level);
        let unit = pixels_of(first) + f64::from(first.iterations.num_convexes);
        let scale = cost(first).max(f64::MIN_POSITIVE);
        let assumptions = [(DVec3::X, 0.0), (DVec3::new(0.0, 1.0, -1.0), 0.0)];
        let assumptions = assumptions.map(|(row, value)| (row * ASSUMPTION_WEIGHT.sqrt(), value));
        let measured = samples.iter().map(|sample| {
            let row = DVec3::new(1.0, pixels_of(sample) / unit, f64::from(sample.iterations.num_convexes) / unit);
            let relative = scale / cost(sample).max(f64::MIN_POSITIVE);
            (row * relative, 1.0)
        });
        let rows: Vec<(DVec3, f64)> = measured.chain(assumptions).collect();
        let [iteration, pixel, convex] = (least_squares(&rows) * scale).to_array();
        Self { iteration, pixel: pixel * COST_PER_PIXEL / unit, convex: convex / unit, ..self }
    }
}

/// The three numbers, none of them negative, that bring the products with the rows closest to their values.
fn least_squares(rows: &[(DVec3, f64)]) -> DVec3 {
    let fault = |found: DVec3| rows.iter().map(|(row, value)| (row.dot(found) - value).powi(2)).sum::<f64>();
    let solutions = (1..8_u32).map(|kept| {
        let mask = DVec3::from_array([0, 1, 2].map(|i| f64::from(kept >> i & 1)));
        // Numbers that are left out have equations of their own.
        let mut matrix = DMat3::from_diagonal(DVec3::ONE - mask);
        let mut right = DVec3::ZERO;
        for (row, value) in rows {
            let row = *row * mask;
            matrix += DMat3::from_cols(row * row.x, row * row.y, row * row.z);
            right += row * *value;
        }
        matrix.inverse() * right
    });
    let possible = solutions.filter(|found| found.is_finite() && found.min_element() >= 0.0);
    possible.min_by(|a, b| fault(*a).total_cmp(&fault(*b))).unwrap_or(DVec3::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: f64 = 40_000.0;

    /// A sample of a device on which an iteration costs so much.
    fn sample(num_convexes: u32, level: u32, [constant, pixel, convex]: [f64; 3]) -> TrialSample {
        let seconds = 3.0 * (constant + pixel * PIXELS * smaller(level) + convex * f64::from(num_convexes));
        TrialSample { iterations: PlannedIterations { number: 3, num_convexes, level }, seconds }
    }

    fn fitted(costs: [f64; 3], trials: &[(u32, u32)]) -> [f64; 3] {
        let samples: Vec<_> = trials.iter().map(|(num_convexes, level)| sample(*num_convexes, *level, costs)).collect();
        let found = PartCosts::default().with_samples(&samples, PIXELS);
        [found.iteration, found.pixel, found.convex]
    }

    #[test]
    fn costs_are_found_from_three_trials() {
        for costs in [[2e-3, 1e-6, 5e-6], [0.0, 2e-6, 8e-6], [5e-3, 0.0, 1e-6]] {
            let found = fitted(costs, &[(2000, 1), (2000, 0), (16_000, 0)]);
            for (level, num_convexes) in [(0, 2000), (1, 16_000), (0, 8000)] {
                let seconds = |costs| sample(num_convexes, level, costs).seconds;
                let part = seconds(found) / seconds(costs);
                assert!((part - 1.0).abs() < 0.03, "{costs:?}: {found:?}, {part} of the cost");
            }
        }
    }

    #[test]
    fn what_was_not_tried_is_assumed_and_nothing_is_negative() {
        let [_, pixel, convex] = fitted([0.0, 1e-6, 4e-6], &[(2000, 0)]);
        assert!((convex / pixel * COST_PER_PIXEL - 1.0).abs() < 0.01, "{pixel} {convex}");
        let noisy = [(2000, 1, 0.3), (2000, 0, 0.2), (8000, 0, 0.1)].map(|(num_convexes, level, seconds)| {
            TrialSample { iterations: PlannedIterations { number: 1, num_convexes, level }, seconds }
        });
        let found = PartCosts::default().with_samples(&noisy, PIXELS);
        assert!(found.iteration >= 0.0 && found.pixel >= 0.0 && found.convex >= 0.0, "{found:?}");
        assert!(found.iteration + found.pixel + found.convex > 0.0, "{found:?}");
    }
}
