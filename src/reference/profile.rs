//! The soft indicator of one convex at one point of the image plane, and its derivative.
//!
//! ```text
//! e_k = z·delta·L_k(q)      u = z·sigma·phi      phi = log Σ exp(e_k)      I = 1 / (1 + exp(u))
//! ```
//!
//! Derivatives are written in the exponents e and u and not in delta, sigma and z: what is large in a product is then
//! multiplied only once, and the derivative by a logarithm is a plain product. Source: docs/spec.md §3 and §4.

use super::activation::{sigmoid, sigmoid_slope};
use super::project::{Projected, ProjectedCotangents};
use super::smooth_max::{smooth_max, softmax};
use crate::constants::MAX_POINTS;
use crate::real::Real;

/// The profile of a convex at one point q.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile<T> {
    /// e, one per edge; unused ones are zero.
    exponents: [T; MAX_POINTS],
    /// u; may be infinite, where I is 0 or 1.
    border: T,
    /// I, in 0..=1.
    pub indicator: T,
}

impl<T: Real> Profile<T> {
    /// The profile at `q`; `None` where an exponent overflows the precision, and nothing can be said.
    #[must_use]
    pub fn at(convex: &Projected<T>, q: [T; 2]) -> Option<Self> {
        let mut exponents = [T::zero(); MAX_POINTS];
        for (exponent, edge) in exponents.iter_mut().zip(&convex.edges) {
            *exponent = convex.z * convex.delta * edge.distance(q);
        }
        let in_use = &exponents[..convex.edges.len()];
        if !in_use.iter().all(|exponent| exponent.is_finite()) {
            return None;
        }
        let border = convex.z * convex.sigma * smooth_max(in_use);
        Some(Self { exponents, border, indicator: sigmoid(-border) })
    }

    /// Adds to `v` what the cotangent of the indicator says about edges, depth, delta and sigma.
    pub fn backward(&self, convex: &Projected<T>, q: [T; 2], v_indicator: T, v: &mut ProjectedCotangents<T>) {
        let slope = sigmoid_slope(-self.border);
        // Where the indicator is flat, an infinite u times zero must not become NaN.
        if slope == T::zero() {
            return;
        }
        let v_border = -slope * v_indicator;
        v.log_sigma += self.border * v_border;
        v.z += self.border / convex.z * v_border;
        let v_phi = convex.z * convex.sigma * v_border;
        let weights = softmax(&self.exponents[..convex.edges.len()]);
        for (k, edge) in convex.edges.iter().enumerate() {
            let v_exponent = weights[k] * v_phi;
            v.log_delta += self.exponents[k] * v_exponent;
            v.z += self.exponents[k] / convex.z * v_exponent;
            edge.distance_backward(q, convex.z * convex.delta * v_exponent, &mut v.edges[k]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::hull::Edge;

    fn square(z: f64, delta: f64, sigma: f64) -> Projected<f64> {
        let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
        Projected {
            hull: vec![0, 1, 2, 3],
            edges: (0..4).map(|k| Edge::new(corners[k], corners[(k + 1) % 4])).collect(),
            z,
            delta,
            sigma,
            opacity: 0.8,
            colour: [0.5; 3],
            colour_is_clamped: [false; 3],
        }
    }

    #[test]
    fn a_sharp_square_is_one_inside_half_on_the_border_and_zero_outside() {
        let square = square(2.0, 1e4, 1e4);
        let at = |x: f64| Profile::at(&square, [x, 0.0]).unwrap().indicator;
        assert_eq!((at(0.9), at(1.1)), (1.0, 0.0));
        assert!((at(1.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_centre_of_a_square_by_hand() {
        // L = (edge length 2)·(distance −1) on all four sides, so phi = log 4 + z·delta·(−2).
        let indicator = Profile::at(&square(1.5, 0.4, 0.7), [0.0, 0.0]).unwrap().indicator;
        let u = 1.5 * 0.7 * (4f64.ln() - 1.5 * 0.4 * 2.0);
        assert!((indicator - 1.0 / (1.0 + u.exp())).abs() < 1e-15);
    }

    #[test]
    fn overflow_is_skipped_and_flat_ends_have_no_gradient() {
        assert_eq!(Profile::at(&square(1.0, 1e308, 1.0), [9.0, 0.0]), None);
        let square = square(1.0, 1e300, 1e300);
        let profile = Profile::at(&square, [0.0, 0.0]).unwrap();
        assert_eq!(profile.indicator, 1.0);
        let mut v = ProjectedCotangents::default();
        profile.backward(&square, [0.0, 0.0], 1.0, &mut v);
        assert_eq!(v, ProjectedCotangents::default());
    }

    #[test]
    fn cotangents_are_difference_quotients() {
        let q = [0.7, -0.4];
        let value = |z, log_delta: f64, log_sigma: f64| {
            Profile::at(&square(z, log_delta.exp(), log_sigma.exp()), q).unwrap().indicator
        };
        let mut v = ProjectedCotangents::default();
        let at = square(1.5, 0.3f64.exp(), (-0.2f64).exp());
        Profile::at(&at, q).unwrap().backward(&at, q, 1.0, &mut v);
        let h = 1e-5;
        assert!(((value(1.5 + h, 0.3, -0.2) - value(1.5 - h, 0.3, -0.2)) / (2.0 * h) - v.z).abs() < 1e-9);
        assert!(((value(1.5, 0.3 + h, -0.2) - value(1.5, 0.3 - h, -0.2)) / (2.0 * h) - v.log_delta).abs() < 1e-9);
        assert!(((value(1.5, 0.3, -0.2 + h) - value(1.5, 0.3, -0.2 - h)) / (2.0 * h) - v.log_sigma).abs() < 1e-9);
    }
}
