//! The cost of an iteration, by what iterations took: `constant + pixel·pixels + convex·convexes`. Nothing here reads a clock.

use glam::{DMat3, DVec3};

use crate::train::PlannedIterations;

/// The convexes that are assumed to cost as much as a pixel. Measured on a software device.
const COST_PER_PIXEL: f64 = 0.25;

/// Weights of that assumption, and of the one that an iteration costs nothing by itself, over that of the measurements. They
/// decide what was not measured.
const PIXEL_WEIGHT: f64 = 2e-3;
const CONSTANT_WEIGHT: f64 = 5e-3;

/// Weight of a trial, in iterations of a training.
const TRIAL_WEIGHT: f64 = 8.0;

/// Most that a measurement is taken for, over what was expected of it; twice in a row a surprise is believed.
const MAX_SURPRISE: f64 = 1.5;

/// Iterations without which nothing is known.
pub(super) const MIN_ITERATIONS: u32 = 2;

/// The part of the pixels that is left when the sides are halved so often.
pub(super) fn smaller(level: u32) -> f64 {
    0.25_f64.powi(level.min(16).cast_signed())
}

/// The cost of an iteration, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct IterationCost {
    /// The iteration, whatever its picture and convexes.
    pub(super) constant: f64,
    /// A pixel of its picture.
    pub(super) pixel: f64,
    /// A convex.
    pub(super) convex: f64,
}

impl IterationCost {
    /// Seconds of an iteration.
    pub(super) fn of(&self, pixels: f64, num_convexes: u32) -> f64 {
        self.constant + self.pixel * pixels + self.convex * f64::from(num_convexes)
    }
}

/// The measurements of iterations, as weighted sums of which older ones count less.
#[derive(Debug, Clone, Default)]
pub(super) struct IterationCosts {
    /// The mean number of pixels of a picture at its full size.
    pixels: f64,
    num_measured: u32,
    seconds: f64,
    /// The time of the last measurement over what was expected of it.
    surprise: f64,
    /// Pixels and convexes, and the cost, that others are relative to: those of the first measurement.
    unit: f64,
    scale: f64,
    /// Weight of all measurements.
    weight: f64,
    /// Sums of the products of a row with itself and with its value. Both are divided by the size of the iteration, so that small
    /// ones count as much; divided by what it took, they would make a mean too small.
    matrix: DMat3,
    right: DVec3,
}

impl IterationCosts {
    /// Nothing is measured yet. `pixels` is the mean number of pixels of a picture.
    pub(super) fn new(pixels: f64) -> Self {
        Self { pixels, ..Self::default() }
    }

    /// The mean number of pixels of a picture.
    pub(super) const fn pixels(&self) -> f64 {
        self.pixels
    }

    /// The number of iterations that were measured.
    pub(super) const fn num_measured(&self) -> u32 {
        self.num_measured
    }

    /// The time that they took.
    pub(super) const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Takes in how long some iterations took; earlier ones count half after `half_life` iterations. Drivers may compile a
    /// kernel on the way.
    pub(super) fn add(&mut self, iterations: &PlannedIterations, seconds: f64, half_life: f64) {
        let mut seconds = seconds;
        if self.num_measured >= MIN_ITERATIONS {
            let expected = f64::from(iterations.number) * self.seconds_of(&self.fitted(), iterations);
            let believed = MAX_SURPRISE * self.surprise.max(1.0) * expected;
            self.surprise = seconds / expected.max(f64::MIN_POSITIVE);
            seconds = seconds.min(believed);
        }
        let number = f64::from(iterations.number);
        self.weigh(iterations, seconds, number, 0.5_f64.powf(number / half_life));
    }

    /// Takes in how long the iterations of a trial took. All trials count alike: each is there for its size.
    pub(super) fn add_trial(&mut self, iterations: &PlannedIterations, seconds: f64) {
        self.weigh(iterations, seconds, TRIAL_WEIGHT, 1.0);
    }

    /// Takes in a measurement of some weight, and keeps a part of the weight of earlier ones.
    fn weigh(&mut self, iterations: &PlannedIterations, seconds: f64, weight: f64, kept: f64) {
        let number = f64::from(iterations.number);
        if self.num_measured == 0 {
            self.unit = (COST_PER_PIXEL * self.pixels + f64::from(iterations.num_convexes)).max(1.0);
            self.scale = (seconds / number).max(f64::MIN_POSITIVE);
            // The default is the identity.
            self.matrix = DMat3::ZERO;
        }
        self.num_measured = self.num_measured.saturating_add(iterations.number);
        self.seconds += seconds;
        let row = self.row(iterations);
        let size = (row.y + row.z).max(SMALLEST_SIZE);
        let (row, cost) = (row / size, seconds / number / self.scale / size);
        self.weight = self.weight * kept + weight;
        self.matrix = self.matrix * kept + square(row) * weight;
        self.right = self.right * kept + row * cost * weight;
    }

    /// The numbers that the three costs are multiplied with; pixels count as the convexes that are assumed to cost as much.
    fn row(&self, iterations: &PlannedIterations) -> DVec3 {
        let pixels = COST_PER_PIXEL * self.pixels * smaller(iterations.level);
        DVec3::new(1.0, pixels / self.unit, f64::from(iterations.num_convexes) / self.unit)
    }

    /// Seconds of one of these iterations.
    fn seconds_of(&self, cost: &IterationCost, iterations: &PlannedIterations) -> f64 {
        cost.of(self.pixels * smaller(iterations.level), iterations.num_convexes)
    }

    /// The cost by least squares; no part of it is negative.
    pub(super) fn fitted(&self) -> IterationCost {
        if self.num_measured == 0 {
            return IterationCost::default();
        }
        let assumed = square(DVec3::new(0.0, 1.0, -1.0)) * PIXEL_WEIGHT + square(DVec3::X) * CONSTANT_WEIGHT;
        let [constant, pixel, convex] =
            (least_squares(self.matrix + assumed * self.weight, self.right) * self.scale).to_array();
        IterationCost { constant, pixel: pixel * COST_PER_PIXEL / self.unit, convex: convex / self.unit }
    }
}

/// Fewest pixels and convexes of a measurement, over those of the first.
const SMALLEST_SIZE: f64 = 1e-9;

/// The products of all pairs of three numbers.
fn square(row: DVec3) -> DMat3 {
    DMat3::from_cols(row * row.x, row * row.y, row * row.z)
}

/// The three numbers, none of them negative, that solve normal equations best.
fn least_squares(matrix: DMat3, right: DVec3) -> DVec3 {
    let fault = |found: DVec3| found.dot(matrix * found) - 2.0 * found.dot(right);
    let solutions = (1..8_u32).map(|kept| {
        let mask = DVec3::from_array([0, 1, 2].map(|i| f64::from(kept >> i & 1)));
        let masked = DMat3::from_diagonal(mask);
        // Numbers that are left out have equations of their own.
        let equations = masked * matrix * masked + DMat3::from_diagonal(DVec3::ONE - mask);
        equations.inverse() * (mask * right)
    });
    let possible = solutions.filter(|found| found.is_finite() && found.min_element() >= 0.0);
    possible.min_by(|a, b| fault(*a).total_cmp(&fault(*b))).unwrap_or(DVec3::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: f64 = 40_000.0;

    /// Costs by trials of a device, each of so many convexes at a level, and the seconds of three iterations.
    fn fitted(trials: &[(u32, u32, f64)]) -> IterationCost {
        let mut costs = IterationCosts::new(PIXELS);
        for (num_convexes, level, seconds) in trials {
            let iterations = PlannedIterations { number: 3, num_convexes: *num_convexes, level: *level };
            costs.add_trial(&iterations, *seconds);
        }
        costs.fitted()
    }

    #[test]
    fn costs_are_found_from_three_trials() {
        for [constant, pixel, convex] in [[2e-3, 1e-6, 5e-6], [0.0, 2e-6, 8e-6], [5e-3, 0.0, 1e-6]] {
            let truth = IterationCost { constant, pixel, convex };
            let of = |cost: &IterationCost, num_convexes, level| cost.of(PIXELS * smaller(level), num_convexes);
            let trials = [(2000, 1), (2000, 0), (16_000, 0)];
            let found = fitted(&trials.map(|(number, level)| (number, level, 3.0 * of(&truth, number, level))));
            for (level, num_convexes) in [(0, 2000), (1, 16_000), (0, 8000)] {
                let part = of(&found, num_convexes, level) / of(&truth, num_convexes, level);
                assert!((part - 1.0).abs() < 0.03, "{truth:?}: {found:?}, {part} of the cost");
            }
        }
    }

    #[test]
    fn what_was_not_tried_is_assumed_and_nothing_is_negative() {
        let IterationCost { constant, pixel, convex } = fitted(&[(2000, 0, 0.144)]);
        assert!((convex / pixel * COST_PER_PIXEL - 1.0).abs() < 0.01, "{pixel} {convex}");
        assert!(constant < 0.1 * 0.048, "{constant}");
        let found = fitted(&[(2000, 1, 0.9), (2000, 0, 0.6), (8000, 0, 0.3)]);
        assert!(found.constant >= 0.0 && found.pixel >= 0.0 && found.convex >= 0.0, "{found:?}");
        assert!(found.of(PIXELS, 2000) > 0.0, "{found:?}");
    }
}
