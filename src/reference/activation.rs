//! The logistic function, free of overflow and of cancellation at both ends.

use crate::real::Real;

/// `1 / (1 + exp(−x))`. Only non-positive numbers are exponentiated, so nothing overflows.
#[must_use]
pub fn sigmoid<T: Real>(x: T) -> T {
    let small = (-x.abs()).exp();
    let numerator = if x >= T::zero() { T::one() } else { small };
    numerator / (T::one() + small)
}

/// Derivative of [`sigmoid`] at `x`: `s(1 − s)`, written so that `1 − s` does not cancel for large `x`.
#[must_use]
pub fn sigmoid_slope<T: Real>(x: T) -> T {
    sigmoid(x) * sigmoid(-x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_exact_and_the_middle_is_half() {
        assert_eq!([-1e30f32, -200.0, 0.0, 200.0, 1e30].map(sigmoid), [0.0, 0.0, 0.5, 1.0, 1.0]);
        assert!((sigmoid(-700.0f64) / (-700.0f64).exp() - 1.0).abs() < 1e-12);
        assert!((sigmoid(3.0f64) + sigmoid(-3.0f64) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn slope_is_the_difference_quotient() {
        for x in [-4.0f64, -0.3, 0.0, 2.0] {
            let quotient = (sigmoid(x + 1e-5) - sigmoid(x - 1e-5)) / 2e-5;
            assert!((quotient - sigmoid_slope(x)).abs() < 1e-9);
        }
        assert!((sigmoid_slope(50.0f64) / (-50.0f64).exp() - 1.0).abs() < 1e-12, "no cancellation");
    }
}
