//! One step of Adam on one array. Source: Kingma & Ba 2015, algorithm 1; the numbers are those of docs/spec.md §6.

use crate::constants::{ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON};
use crate::real::Real;

/// Running means of a parameter array's gradient.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdamMoments<T> {
    /// Mean of the gradient.
    pub first: Vec<T>,
    /// Mean of its square.
    pub second: Vec<T>,
}

impl<T: Real> AdamMoments<T> {
    /// Moments before the first step.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        Self { first: vec![T::zero(); len], second: vec![T::zero(); len] }
    }
}

/// Moves `values` against `gradient`.
///
/// * `rate` — the learning rate, in units of the values
/// * `step` — 1 for the first step; the moments are corrected for having begun at zero
///
/// # Panics
/// When the arrays differ in length: a bug of the caller.
pub fn step<T: Real>(values: &mut [T], gradient: &[T], moments: &mut AdamMoments<T>, rate: T, step: i32) {
    let lengths = [gradient.len(), moments.first.len(), moments.second.len()];
    assert!(lengths.iter().all(|len| *len == values.len()), "Adam needs arrays of one length");
    let (beta1, beta2) = (T::of(ADAM_BETA1), T::of(ADAM_BETA2));
    let (correction1, correction2) = (T::one() - beta1.powi(step), T::one() - beta2.powi(step));
    let moments = moments.first.iter_mut().zip(&mut moments.second);
    for ((value, gradient), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
        *first = beta1 * *first + (T::one() - beta1) * *gradient;
        *second = beta2 * *second + (T::one() - beta2) * *gradient * *gradient;
        *value -= rate * (*first / correction1) / ((*second / correction2).sqrt() + T::of(ADAM_EPSILON));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_rate_against_the_sign() {
        let mut values = [1.0f64, 1.0, 1.0];
        step(&mut values, &[3.0, -1e-6, 0.0], &mut AdamMoments::zeros(3), 0.1, 1);
        assert!((values[0] - 0.9).abs() < 1e-12 && (values[1] - 1.1).abs() < 1e-9 && values[2] == 1.0);
    }

    #[test]
    fn the_second_step_in_closed_form() {
        let (g1, g2) = (2.0f64, -0.5);
        let (mut values, mut moments) = ([0.0], AdamMoments::zeros(1));
        step(&mut values, &[g1], &mut moments, 0.01, 1);
        let after_first = values[0];
        step(&mut values, &[g2], &mut moments, 0.01, 2);
        let mean = (0.09 * g1 + 0.1 * g2) / (1.0 - 0.81);
        let square = (0.999 * 0.001 * g1 * g1 + 0.001 * g2 * g2) / (1.0 - 0.999 * 0.999);
        assert!((values[0] - (after_first - 0.01 * mean / square.sqrt())).abs() < 1e-12);
    }
}
