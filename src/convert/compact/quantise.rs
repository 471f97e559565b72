//! The numbers of a scene as whole numbers of steps.
//!
//! The step of the points follows from the size of their convex, because an error is seen against the size. The first point is
//! stored from the origin, the others from the first; red and blue from green, which they resemble. How the
//! steps were chosen is in docs/archive/compact.md.

use num_traits::ToPrimitive as _;

use crate::constants::SH_COEFFS;
use crate::scene::{Params, Scene};

/// Step of the logarithms and of the raw opacity.
const LOG_STEP: f64 = 1.0 / 16.0;

/// Step of the constant SH coefficient.
const CONSTANT_STEP: f64 = 0.03;

/// Step of the other SH coefficients.
const HARMONIC_STEP: f64 = 0.025;

/// The step of the points is the largest power of two that is at most this part of the size of their convex: of the root of the
/// mean squared distance of the points from their centre.
const POINT_STEP: f64 = 1.0 / 28.0;

/// Powers of two that a step of the points may be, so that it is a normal number of 32 bits.
const EXPONENTS: (i32, i32) = (-126, 127);

/// The number of tables.
const TABLES: usize = 8;

/// One table: a row of whole numbers for each convex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// The name of its entry.
    pub(super) name: &'static str,
    /// Numbers in a row.
    pub(super) columns: usize,
}

/// The tables of a scene with so many points in a convex and of this SH degree.
pub(super) fn layouts(points_per_convex: usize, sh_degree: usize) -> [Layout; TABLES] {
    let others = 3 * points_per_convex.saturating_sub(1);
    [
        ("exponent", 1),
        ("first_point", 3),
        ("other_points", others),
        ("log_delta", 1),
        ("log_sigma", 1),
        ("raw_opacity", 1),
        ("sh_constant", 3),
        ("sh_rest", 3 * (coefficients(sh_degree) - 1)),
    ]
    .map(|(name, columns)| Layout { name, columns })
}

/// Coefficients up to this degree.
fn coefficients(sh_degree: usize) -> usize {
    ((sh_degree + 1) * (sh_degree + 1)).min(SH_COEFFS)
}

/// The numbers of the tables of a scene.
pub(super) fn tables_of(scene: &Scene) -> [Vec<i32>; TABLES] {
    let Params { points, log_delta, log_sigma, raw_opacity, sh } = &scene.params;
    let logs = |values: &[f32]| values.iter().map(|value| steps(*value, LOG_STEP)).collect();
    let (mut exponents, mut first, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for points in points.chunks_exact(3 * scene.points_per_convex) {
        let exponent = exponent(points);
        let points: Vec<i32> = points.iter().map(|value| steps(*value, power_of_two(exponent))).collect();
        exponents.push(exponent);
        first.extend(&points[..3]);
        others.extend(points.iter().enumerate().skip(3).map(|(at, value)| value - points[at % 3]));
    }
    let (mut constant, mut rest) = (Vec::new(), Vec::new());
    for sh in sh.chunks_exact(3 * SH_COEFFS) {
        constant.extend(from_colours(&sh[..3], CONSTANT_STEP));
        rest.extend(from_colours(&sh[3..3 * coefficients(scene.sh_degree)], HARMONIC_STEP));
    }
    [exponents, first, others, logs(log_delta), logs(log_sigma), logs(raw_opacity), constant, rest]
}

/// The scene of these tables; `empty` has its origin, number of points and SH degree.
pub(super) fn scene_of(tables: &[Vec<i32>; TABLES], empty: Scene) -> Scene {
    let [exponents, first, others, log_delta, log_sigma, raw_opacity, constant, rest] = tables;
    let logs = |numbers: &[i32]| numbers.iter().map(|number| value(*number, LOG_STEP)).collect();
    let (num_others, num_rest) = (3 * (empty.points_per_convex - 1), 3 * (coefficients(empty.sh_degree) - 1));
    let (mut points, mut sh) = (Vec::new(), Vec::new());
    for (i, exponent) in exponents.iter().enumerate() {
        let step = power_of_two(*exponent);
        let first = &first[3 * i..3 * i + 3];
        let others = others[num_others * i..num_others * (i + 1)].iter().enumerate();
        points.extend(first.iter().map(|number| value(*number, step)));
        points.extend(others.map(|(at, number)| value(first[at % 3].saturating_add(*number), step)));
        sh.extend(to_colours(&constant[3 * i..3 * i + 3], CONSTANT_STEP));
        sh.extend(to_colours(&rest[num_rest * i..num_rest * (i + 1)], HARMONIC_STEP));
        sh.resize(3 * SH_COEFFS * (i + 1), 0.0);
    }
    let (log_delta, log_sigma, raw_opacity) = (logs(log_delta), logs(log_sigma), logs(raw_opacity));
    Scene { params: Params { points, log_delta, log_sigma, raw_opacity, sh }, ..empty }
}

/// Coefficients of red, green and blue as green and what red and blue have more.
fn from_colours(coefficients: &[f32], step: f64) -> impl Iterator<Item = i32> {
    coefficients.as_chunks::<3>().0.iter().flat_map(move |colours| {
        let [red, green, blue] = colours.map(|value| steps(value, step));
        [red - green, green, blue - green]
    })
}

fn to_colours(numbers: &[i32], step: f64) -> impl Iterator<Item = f32> {
    numbers.as_chunks::<3>().0.iter().flat_map(move |[red, green, blue]| {
        [red.saturating_add(*green), *green, blue.saturating_add(*green)].map(|number| value(number, step))
    })
}

/// The power of two of a convex's step: never so small that its points need more than the 24 bits of their own digits.
fn exponent(points: &[f32]) -> i32 {
    let count = (points.len() / 3) as f64;
    let along = |axis: usize| points.iter().skip(axis).step_by(3).map(|value| f64::from(*value));
    let variance = |axis: usize| {
        let mean = along(axis).sum::<f64>() / count;
        along(axis).map(|value| (value - mean) * (value - mean)).sum::<f64>() / count
    };
    let size = (variance(0) + variance(1) + variance(2)).sqrt();
    let reach = points.iter().map(|value| f64::from(value.abs())).fold(0.0, f64::max);
    floor_log2(size * POINT_STEP).max(floor_log2(reach) - 23).clamp(EXPONENTS.0, EXPONENTS.1)
}

/// The exponent of a positive number of 64 bits, the same on every machine; that of zero is the lowest.
fn floor_log2(value: f64) -> i32 {
    let biased = (value.to_bits() >> 52) & 0x7ff;
    biased.to_i32().unwrap_or(0) - 1023
}

/// Two to the power of an exponent, which is brought into the range that steps have.
fn power_of_two(exponent: i32) -> f64 {
    let biased = exponent.clamp(EXPONENTS.0, EXPONENTS.1) + 1023;
    f64::from_bits(u64::from(biased.unsigned_abs()) << 52)
}

/// The nearest number of steps.
fn steps(value: f32, step: f64) -> i32 {
    let steps = (f64::from(value) / step).round();
    steps.clamp(f64::from(i32::MIN / 2), f64::from(i32::MAX / 2)).to_i32().unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
fn value(steps: i32, step: f64) -> f32 {
    (f64::from(steps) * step).clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A convex of four points, `size` large around `centre`.
    fn scene(centre: f32, size: f32) -> Scene {
        let mut scene = Scene::empty(4, 1);
        let points = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0].map(|part| centre + size * part);
        let sh: Vec<f32> = (0..48u8).map(|i| f32::from(i) / 48.0 - 0.5).collect();
        scene.push(Params { points: &points, log_delta: &[3.21], log_sigma: &[-0.7], raw_opacity: &[9.9], sh: &sh });
        scene
    }

    fn again(scene: &Scene) -> Scene {
        let empty = Scene { origin: scene.origin, ..Scene::empty(scene.points_per_convex, scene.sh_degree) };
        scene_of(&tables_of(scene), empty)
    }

    #[test]
    fn errors_are_at_most_half_a_step_and_relative_to_the_size() {
        for (centre, size) in [(0.0, 1.0), (5.0, 0.01), (-300.0, 20.0), (1e-6, 1e-9), (1e9, 1e8)] {
            let before = scene(centre, size);
            let after = again(&before);
            let apart = |pick: fn(&Params<Vec<f32>>) -> &[f32]| {
                let pairs = pick(&before.params).iter().zip(pick(&after.params));
                pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
            };
            assert!(apart(|params| &params.points) <= size / 56.0, "{centre}, {size}");
            assert!(apart(|params| &params.log_delta) <= 1.0 / 32.0 + 1e-6);
            assert!(apart(|params| &params.raw_opacity) <= 1.0 / 32.0 + 1e-6);
            assert!(apart(|params| &params.sh[..3]) <= 0.015 + 1e-6);
            assert!(apart(|params| &params.sh[3..12]) <= 0.0125 + 1e-6);
            assert!(after.params.sh[12..].iter().all(|value| *value == 0.0), "above the degree");
        }
    }

    #[test]
    fn points_never_get_more_digits_than_they_had() {
        let small = scene(1.0, 1e-9);
        assert_eq!(again(&small).params.points, small.params.points);
        let mut huge = scene(0.0, f32::MAX);
        huge.params.sh[0] = f32::MAX;
        huge.params.log_sigma[0] = -f32::MAX;
        assert!(again(&huge).check().is_ok());
        let mut tiny = scene(0.0, 0.0);
        tiny.params.points[0] = f32::from_bits(1);
        assert!(again(&tiny).params.points.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in [-126, -1, 0, 1, 127] {
            assert_eq!(power_of_two(exponent), f64::from(2.0f32.powi(exponent)));
            assert_eq!(floor_log2(power_of_two(exponent) * 1.99), exponent);
        }
        assert_eq!(power_of_two(i32::MIN), power_of_two(-126));
    }
}
