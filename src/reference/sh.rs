//! Spherical harmonics: colour of a convex as seen from a direction.
//!
//! The real basis up to degree 3 in the order and with the signs of 3D Gaussian Splatting: coefficient 0 is DC, degree l
//! has coefficients l² .. (l+1)², and odd powers of −x and −y carry the Condon–Shortley sign. The derivative is that
//! of the polynomials as written, by a free direction; [`direction_backward`] then keeps what is tangent to the sphere.
//! Source: docs/spec.md §2.

use super::vector::{accumulate, dot, is_finite, scale, sub};
use crate::constants::{SH_C0, SH_COEFFS};
use crate::real::Real;

/// `sqrt(1 / 4π)`
/// `sqrt(3 / 4π)`
const C1: f64 = 0.488_602_511_902_919_9;
/// `sqrt(15 / 4π)`, `sqrt(5 / 16π)`, `sqrt(15 / 16π)`
const C2: [f64; 3] = [1.092_548_430_592_079_2, 0.315_391_565_252_520_05, 0.546_274_215_296_039_6];
/// `sqrt(35 / 32π)`, `sqrt(105 / 4π)`, `sqrt(21 / 32π)`, `sqrt(7 / 16π)`, `sqrt(105 / 16π)`
const C3: [f64; 5] = [
    0.590_043_589_926_643_5,
    2.890_611_442_640_554,
    0.457_045_799_464_465_8,
    0.373_176_332_590_115_4,
    1.445_305_721_320_277,
];

/// Added to the sum, so that zero coefficients are mid grey.
const GREY: f64 = 0.5;

/// Coefficients per channel in use at a degree.
#[must_use]
pub const fn num_coeffs(degree: usize) -> usize {
    (degree + 1) * (degree + 1)
}

/// The 16 basis functions at a unit direction.
#[must_use]
pub fn basis<T: Real>(direction: [T; 3]) -> [T; SH_COEFFS] {
    let [x, y, z] = direction;
    let (xx, yy, zz) = (x * x, y * y, z * z);
    let [two, three, four] = [2.0, 3.0, 4.0].map(T::of);
    let (c1, c2, c3) = (T::of(C1), C2.map(T::of), C3.map(T::of));
    [
        T::of(SH_C0),
        -c1 * y,
        c1 * z,
        -c1 * x,
        c2[0] * x * y,
        -c2[0] * y * z,
        c2[1] * (two * zz - xx - yy),
        -c2[0] * x * z,
        c2[2] * (xx - yy),
        -c3[0] * y * (three * xx - yy),
        c3[1] * x * y * z,
        -c3[2] * y * (four * zz - xx - yy),
        c3[3] * z * (two * zz - three * xx - three * yy),
        -c3[2] * x * (four * zz - xx - yy),
        c3[4] * z * (xx - yy),
        -c3[0] * x * (xx - three * yy),
    ]
}

/// Gradient of each basis function by the direction's x, y, z, as polynomials.
#[must_use]
pub fn basis_gradient<T: Real>(direction: [T; 3]) -> [[T; 3]; SH_COEFFS] {
    let [x, y, z] = direction;
    let (xx, yy, zz) = (x * x, y * y, z * z);
    let o = T::zero();
    let [two, three, four, six, eight] = [2.0, 3.0, 4.0, 6.0, 8.0].map(T::of);
    let (c1, c2, c3) = (T::of(C1), C2.map(T::of), C3.map(T::of));
    [
        [o, o, o],
        [o, -c1, o],
        [o, o, c1],
        [-c1, o, o],
        scale([y, x, o], c2[0]),
        scale([o, z, y], -c2[0]),
        scale([-two * x, -two * y, four * z], c2[1]),
        scale([z, o, x], -c2[0]),
        scale([two * x, -two * y, o], c2[2]),
        scale([six * x * y, three * xx - three * yy, o], -c3[0]),
        scale([y * z, x * z, x * y], c3[1]),
        scale([-two * x * y, four * zz - xx - three * yy, eight * y * z], -c3[2]),
        scale([-six * x * z, -six * y * z, six * zz - three * xx - three * yy], c3[3]),
        scale([four * zz - three * xx - yy, -two * x * y, eight * x * z], -c3[2]),
        scale([two * x * z, -two * y * z, xx - yy], c3[4]),
        scale([three * xx - three * yy, -six * x * y, o], -c3[0]),
    ]
}

/// A direction of unit length from `offset`, and its length; `None` when it has none that is finite.
#[must_use]
pub fn direction<T: Real>(offset: [T; 3]) -> Option<([T; 3], T)> {
    let length = dot(offset, offset).sqrt();
    let direction = offset.map(|x| x / length);
    (length.is_finite() && is_finite(direction)).then_some((direction, length))
}

/// Cotangent of the offset that [`direction`] normalised: the tangent part over the length.
#[must_use]
pub fn direction_backward<T: Real>(direction: [T; 3], length: T, v_direction: [T; 3]) -> [T; 3] {
    let radial = scale(direction, dot(direction, v_direction));
    sub(v_direction, radial).map(|x| x / length)
}

/// `SH(direction) + 0.5` per channel, before it is clamped at zero.
///
/// * `sh` — `[16, 3]`, a row of the scene; coefficients above `degree` are not read
#[must_use]
pub fn colour<T: Real>(sh: &[T], degree: usize, direction: [T; 3]) -> [T; 3] {
    let mut colour = [T::of(GREY); 3];
    for (weight, coeffs) in basis(direction).iter().zip(sh.chunks_exact(3)).take(num_coeffs(degree)) {
        accumulate(&mut colour, [coeffs[0], coeffs[1], coeffs[2]].map(|c| c * *weight));
    }
    colour
}

/// Cotangents of [`colour`]'s `sh` (`[16, 3]`, zero above `degree`) and direction.
#[must_use]
pub fn colour_backward<T: Real>(
    sh: &[T],
    degree: usize,
    direction: [T; 3],
    v_colour: [T; 3],
) -> ([[T; 3]; SH_COEFFS], [T; 3]) {
    let mut v_sh = [[T::zero(); 3]; SH_COEFFS];
    let mut v_direction = [T::zero(); 3];
    let (basis, gradient) = (basis(direction), basis_gradient(direction));
    for (i, coeffs) in sh.chunks_exact(3).enumerate().take(num_coeffs(degree)) {
        v_sh[i] = scale(v_colour, basis[i]);
        accumulate(&mut v_direction, scale(gradient[i], dot([coeffs[0], coeffs[1], coeffs[2]], v_colour)));
    }
    (v_sh, v_direction)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of a product rule on the sphere that integrates polynomials of degree 6 exactly, with their weights.
    fn quadrature() -> Vec<([f64; 3], f64)> {
        // Gauss–Legendre with four nodes in z, eight equal steps around.
        let nodes: [(f64, f64); 2] =
            [(0.339_981_043_584_856_3, 0.652_145_154_862_546_1), (0.861_136_311_594_052_6, 0.347_854_845_137_453_9)];
        let mut rule = Vec::new();
        for (z, weight) in nodes.iter().flat_map(|(z, weight)| [(*z, *weight), (-*z, *weight)]) {
            for i in 0..8 {
                let angle = f64::from(i) * std::f64::consts::PI / 4.0;
                let r = (1.0 - z * z).sqrt();
                rule.push(([r * angle.cos(), r * angle.sin(), z], weight * std::f64::consts::PI / 4.0));
            }
        }
        rule
    }

    #[test]
    fn the_basis_is_orthonormal_on_the_sphere() {
        for i in 0..SH_COEFFS {
            for j in 0..SH_COEFFS {
                let integral: f64 = quadrature().iter().map(|(d, weight)| weight * basis(*d)[i] * basis(*d)[j]).sum();
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((integral - expected).abs() < 1e-12, "{i} {j}: {integral}");
            }
        }
    }

    #[test]
    fn signs_are_those_of_3dgs() {
        let [x, y, z] = [0.6f64, 0.48, 0.64];
        // Where all coordinates are positive, x > y and 3y > x, and so on: the sign of each function alone.
        let signs = basis([x, y, z]).map(f64::signum);
        assert_eq!(signs, [1., -1., 1., -1., 1., -1., 1., -1., 1., -1., 1., -1., -1., -1., 1., 1.]);
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let at = [0.36f64, -0.48, 0.8];
        let gradient = basis_gradient(at);
        for i in 0..3 {
            let moved = |by: f64| {
                let mut moved = at;
                moved[i] += by;
                basis(moved)
            };
            let (above, below) = (moved(1e-4), moved(-1e-4));
            for k in 0..SH_COEFFS {
                let quotient = (above[k] - below[k]) / 2e-4;
                assert!((quotient - gradient[k][i]).abs() < 1e-7, "coefficient {k} by {i}");
            }
        }
    }

    #[test]
    fn degree_0_is_one_colour_from_everywhere() {
        let mut sh = [9.0f64; 48];
        sh[..3].copy_from_slice(&[1.0, 0.0, -1.0]);
        assert_eq!(colour(&sh, 0, [1.0, 0.0, 0.0]), [0.5 + SH_C0, 0.5, 0.5 - SH_C0]);
        let (v_sh, v_direction) = colour_backward(&sh, 0, [1.0, 0.0, 0.0], [1.0; 3]);
        assert_eq!(v_direction, [0.0; 3]);
        assert!(v_sh[1..].iter().all(|v| *v == [0.0; 3]));
    }

    #[test]
    fn the_gradient_of_a_direction_is_orthogonal_to_it() {
        let offset = [3.0f64, -4.0, 12.0];
        let (unit, length) = direction(offset).unwrap();
        assert_eq!(length, 13.0);
        let v_offset = direction_backward(unit, length, [0.3, 0.1, -0.7]);
        assert!(dot(offset, v_offset).abs() < 1e-15);
        assert_eq!(direction([0.0f64; 3]), None);
        assert_eq!(direction([1e300f64; 3]), None);
    }
}
