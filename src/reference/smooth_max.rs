//! The smooth maximum and its derivative: log-sum-exp and softmax, both shifted by the largest value so that no
//! exponential overflows however far apart the values lie. Source: docs/spec.md §3 (phi) and §4 (`p_k`).

use crate::constants::MAX_POINTS;
use crate::real::Real;

/// `log Σ exp(values_k)` of finite values; at least their maximum, at most that plus `log(values.len())`.
#[must_use]
pub fn smooth_max<T: Real>(values: &[T]) -> T {
    let largest = max(values);
    largest + values.iter().map(|value| (*value - largest).exp()).sum::<T>().ln()
}

/// `p_k = exp(values_k) / Σ exp(values_j)`, the derivative of [`smooth_max`] by each value; zero beyond `values`.
#[must_use]
pub fn softmax<T: Real>(values: &[T]) -> [T; MAX_POINTS] {
    let largest = max(values);
    let mut weights = [T::zero(); MAX_POINTS];
    for (weight, value) in weights.iter_mut().zip(values) {
        *weight = (*value - largest).exp();
    }
    let total: T = weights.iter().copied().sum();
    weights.map(|weight| weight / total)
}

fn max<T: Real>(values: &[T]) -> T {
    values.iter().copied().fold(T::neg_infinity(), T::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_add_the_logarithm_of_their_number() {
        assert!((smooth_max(&[2.0f64; 5]) - (2.0 + 5f64.ln())).abs() < 1e-15);
        assert_eq!(softmax(&[2.0f64; 4])[..5], [0.25, 0.25, 0.25, 0.25, 0.0]);
    }

    #[test]
    fn values_that_would_overflow_alone_do_not() {
        assert_eq!(smooth_max(&[1e38f32, -3e38, 0.0]), 1e38);
        assert_eq!(softmax(&[1e38f32, -3e38, 1e38])[..3], [0.5, 0.0, 0.5]);
        assert_eq!(smooth_max(&[-1e300f64, -2e300]), -1e300);
    }

    #[test]
    fn softmax_is_the_difference_quotient_of_smooth_max() {
        let values = [0.3f64, -1.2, 0.9, 2.5];
        for k in 0..values.len() {
            let moved = |by: f64| {
                let mut moved = values;
                moved[k] += by;
                smooth_max(&moved)
            };
            let quotient = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((quotient - softmax(&values)[k]).abs() < 1e-9);
        }
    }
}
