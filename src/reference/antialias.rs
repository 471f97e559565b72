//! Anti-aliasing: what a pixel sees of a convex is a mean over its area, and the centre alone stands for it.
//!
//! Two changes to a projected convex make its picture nearly that mean. All in pixels; Σ is the covariance of the
//! projected points, c their mean, v, κ and μ are `AA_SPREAD`, `AA_SLOPE`, `AA_FRINGE`.
//!
//! ```text
//! Σ' = Σ + v·I     N = (Σ·Σ'⁻¹)^½     t'(p) = t(c + N·(p − c))     o' = o·√det Σ / (√det Σ' + μ)
//! f_k = 1 / √(1 + (g_k/κ)²)     F = min f_k     edge k × f_k/F     sigma' = sigma·F
//! ```
//!
//! The first line stretches what is thin and leaves what is wide; the opacity falls as the area grows. In the second, `g_k`
//! is how much the exponent of the border changes per pixel across edge k. Each edge has a limit of its own, so that the
//! long edges of a sliver do not make its short ends fuzzy. Source: docs/spec.md §9.

use std::array::from_fn;

use super::hull::Edge;
use super::vector::{accumulate, dot, sub};
use crate::constants::{AA_FRINGE, AA_SLOPE, AA_SPREAD};
use crate::real::Real;

/// Rows of a matrix.
type Matrix<T> = [[T; 2]; 2];

/// Beyond this determinant, pixels⁴, a convex is left as it is: nothing would change, and f32 ends at 1e38.
const HUGE: f64 = 1e30;

/// Beyond this slope a border is as steep as that: squares must not overflow.
const STEEPEST: f64 = 1e15;

/// How a convex is stretched.
#[derive(Debug, Clone, PartialEq)]
struct Stretch<T> {
    /// Place of each point relative to the mean, pixels.
    offsets: Vec<[T; 2]>,
    /// c, pixels.
    centre: [T; 2],
    /// Σ
    covariance: Matrix<T>,
    /// Σ'⁻¹; zero where nothing is stretched.
    inverse: Matrix<T>,
    /// √det Σ and √det Σ'.
    areas: [T; 2],
    /// N, symmetric.
    squeeze: Matrix<T>,
    /// Factor of the opacity, below one.
    coverage: T,
}

/// The cotangents of a [`Stretch`], from later steps.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct StretchCotangents<T> {
    squeeze: Matrix<T>,
    centre: [T; 2],
    coverage: T,
}

impl<T: Real> Stretch<T> {
    /// The stretch of points in pixels. Where they span no area the coverage is zero, and nothing else has a meaning.
    fn new(points: &[[T; 2]]) -> Self {
        let share = T::one() / T::of(points.len() as f64);
        let centre = from_fn(|i| points.iter().map(|p| p[i]).sum::<T>() * share);
        let offsets: Vec<[T; 2]> = points.iter().map(|p| sub(*p, centre)).collect();
        let covariance = from_fn(|i| from_fn(|j| offsets.iter().map(|d| d[i] * d[j]).sum::<T>() * share));
        // A sum of squares: the usual difference has no digits left for a sliver.
        let pairs = (0..offsets.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
        let det = pairs.map(|(i, j)| cross(offsets[i], offsets[j]).powi(2)).sum::<T>() * share * share;
        let (v, trace) = (T::of(AA_SPREAD), covariance[0][0] + covariance[1][1]);
        let wide_det = det + v * trace + v * v;
        let mut stretch = Self {
            offsets,
            centre,
            covariance,
            inverse: [[T::zero(); 2]; 2],
            areas: [det.sqrt(), wide_det.sqrt()],
            squeeze: identity(),
            coverage: T::one(),
        };
        if !wide_det.is_finite() || wide_det >= T::of(HUGE) {
            return stretch;
        }
        let [[xx, xy], [_, yy]] = covariance;
        stretch.inverse = [[yy + v, -xy], [-xy, xx + v]].map(|row| row.map(|x| x / wide_det));
        let (ratio, root) = stretch.ratio_and_root();
        let squared = stretch.squared();
        stretch.squeeze = from_fn(|i| from_fn(|j| (squared[i][j] + if i == j { ratio } else { T::zero() }) / root));
        stretch.coverage = stretch.areas[0] / (stretch.areas[1] + T::of(AA_FRINGE));
        stretch
    }

    /// N², which is Σ·Σ'⁻¹.
    fn squared(&self) -> Matrix<T> {
        let unit = identity::<T>();
        from_fn(|i| from_fn(|j| unit[i][j] - T::of(AA_SPREAD) * self.inverse[i][j]))
    }

    /// q = det N and r in the closed form of a root: N = (N² + q·I) / r, r = √(tr N² + 2q).
    fn ratio_and_root(&self) -> (T, T) {
        let ratio = self.areas[0] / self.areas[1];
        let squared = self.squared();
        (ratio, (squared[0][0] + squared[1][1] + ratio + ratio).sqrt())
    }

    fn is_none(&self) -> bool {
        self.inverse[0][0] == T::zero()
    }

    /// M = N⁻¹, which takes places of the convex to where they are now.
    fn widen(&self) -> Matrix<T> {
        let [[xx, xy], [_, yy]] = self.squeeze;
        let det = xx * yy - xy * xy;
        [[yy / det, -xy / det], [-xy / det, xx / det]]
    }

    /// An edge in pixels.
    fn edge(&self, edge: Edge<T>) -> Edge<T> {
        let mut start = times(&self.widen(), sub(edge.start, self.centre));
        accumulate(&mut start, self.centre);
        Edge { normal: times(&self.squeeze, edge.normal), start }
    }

    /// Turns the cotangent of a stretched edge into that of the edge, and adds what it says about the stretch.
    fn edge_backward(&self, edge: &Edge<T>, v: &Edge<T>, v_stretch: &mut StretchCotangents<T>) -> Edge<T> {
        let widen = self.widen();
        let offset = sub(edge.start, self.centre);
        let v_offset = times(&widen, v.start);
        accumulate(&mut v_stretch.centre, sub(v.start, v_offset));
        let moved = times(&widen, offset);
        for (row, (v_n, v_o)) in v_stretch.squeeze.iter_mut().zip(v.normal.iter().zip(v_offset)) {
            accumulate(row, sub(edge.normal.map(|n| *v_n * n), moved.map(|m| v_o * m)));
        }
        Edge { normal: times(&self.squeeze, v.normal), start: v_offset }
    }

    /// Cotangents of the points, pixels.
    fn backward(&self, v: &StretchCotangents<T>) -> Vec<[T; 2]> {
        let share = T::one() / T::of(self.offsets.len() as f64);
        let v_covariance = if self.is_none() { [[T::zero(); 2]; 2] } else { self.covariance_backward(v) };
        let of_offset = |d: &[T; 2]| {
            let mut v_point = times(&v_covariance, *d).map(|x| (x + x) * share);
            accumulate(&mut v_point, v.centre.map(|x| x * share));
            v_point
        };
        self.offsets.iter().map(of_offset).collect()
    }

    /// Cotangent of Σ, symmetric.
    fn covariance_backward(&self, v: &StretchCotangents<T>) -> Matrix<T> {
        let half = T::of(0.5);
        let (ratio, root) = self.ratio_and_root();
        let [area, wide_area] = self.areas;
        let v_n = &v.squeeze;
        let v_radicand = -half * (dot(v_n[0], self.squeeze[0]) + dot(v_n[1], self.squeeze[1])) / (root * root);
        let v_ratio = (v_n[0][0] + v_n[1][1]) / root + v_radicand + v_radicand;
        let off = half * (v_n[0][1] + v_n[1][0]) / root;
        let v_squared = [[v_n[0][0] / root + v_radicand, off], [off, v_n[1][1] / root + v_radicand]];
        let fringed = wide_area + T::of(AA_FRINGE);
        let v_area = v_ratio / wide_area + v.coverage / fringed;
        let v_wide_area = -v_ratio * ratio / wide_area - v.coverage * self.coverage / fringed;
        let [[xx, xy], [_, yy]] = self.covariance;
        let adjugate = [[yy, -xy], [-xy, xx]];
        let through_squared = product(&product(&self.inverse, &v_squared), &self.inverse);
        from_fn(|i| {
            from_fn(|j| {
                half * v_area / area * adjugate[i][j]
                    + half * v_wide_area * wide_area * self.inverse[i][j]
                    + T::of(AA_SPREAD) * through_squared[i][j]
            })
        })
    }
}

/// How much the exponent of the border may change.
#[derive(Debug, Clone, PartialEq)]
struct Cap<T> {
    /// f of each edge, in 0..=1.
    factors: Vec<T>,
    /// Index of the steepest edge; its factor is F.
    steepest: usize,
}

impl<T: Real> Cap<T> {
    /// `scale` is the change of the exponent where |normal| is one per pixel.
    fn new(edges: &[Edge<T>], scale: T) -> Self {
        let factor = |edge: &Edge<T>| {
            let slope = (scale * dot(edge.normal, edge.normal).sqrt()).min(T::of(STEEPEST)) / T::of(AA_SLOPE);
            T::one() / (T::one() + slope * slope).sqrt()
        };
        let factors: Vec<T> = edges.iter().map(factor).collect();
        let steepest = (0..factors.len()).fold(0, |best, k| if factors[k] < factors[best] { k } else { best });
        Self { factors, steepest }
    }

    fn least(&self) -> T {
        self.factors[self.steepest]
    }
}

/// What anti-aliasing makes of the parameters of a convex.
#[derive(Debug, Clone, PartialEq)]
pub struct Antialiased<T> {
    /// The edges, focal-free image plane.
    pub edges: Vec<Edge<T>>,
    /// F, the factor of sigma.
    pub sigma_factor: T,
    stretch: Stretch<T>,
    cap: Cap<T>,
    /// Before the cap, pixels.
    stretched: Vec<Edge<T>>,
}

/// The cotangents of an [`Antialiased`] convex after rasterization. Logarithms are those of stored parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct AntialiasedCotangents<T> {
    /// Cotangents of the edges without anti-aliasing.
    pub edges: Vec<Edge<T>>,
    /// Cotangents of the projected points, focal-free image plane, besides what goes through the edges.
    pub plane: Vec<[T; 2]>,
    /// Cotangent of the logarithm of the slope z²·sigma·delta, besides what goes through the changed convex.
    pub log_slope: T,
}

impl<T: Real> Antialiased<T> {
    /// * `plane` — the projected points, and `edges` of their hull; focal-free image plane
    /// * `focal` — pixels
    /// * `scale` — z²·sigma·delta
    #[must_use]
    pub fn new(plane: &[[T; 2]], edges: &[Edge<T>], focal: [T; 2], scale: T) -> Self {
        let points: Vec<[T; 2]> = plane.iter().map(|p| multiply(*p, focal)).collect();
        let stretch = Stretch::new(&points);
        let stretched: Vec<Edge<T>> = edges.iter().map(|edge| stretch.edge(in_pixels(edge, focal))).collect();
        let cap = Cap::new(&stretched, scale);
        let capped = |(edge, factor): (&Edge<T>, &T)| Edge {
            normal: multiply(edge.normal, focal).map(|x| x * (*factor / cap.least())),
            start: divide(edge.start, focal),
        };
        let edges = stretched.iter().zip(&cap.factors).map(capped).collect();
        Self { edges, sigma_factor: cap.least(), stretch, cap, stretched }
    }

    /// Factor of the opacity.
    #[must_use]
    pub const fn coverage(&self) -> T {
        self.stretch.coverage
    }

    /// * `edges`, `focal` — as given to [`Self::new`]
    /// * `v_edges` — cotangents of [`Self::edges`]
    /// * `v_log_sigma` — of the logarithm of the changed sigma
    /// * `v_coverage` — of the factor of the opacity
    #[must_use]
    pub fn backward(
        &self,
        edges: &[Edge<T>],
        focal: [T; 2],
        v_edges: &[Edge<T>],
        (v_log_sigma, v_coverage): (T, T),
    ) -> AntialiasedCotangents<T> {
        let cap = &self.cap;
        // Of the logarithms of the factors; F is a factor too.
        let mut v_log_factors: Vec<T> =
            self.edges.iter().zip(v_edges).map(|(edge, v)| dot(edge.normal, v.normal)).collect();
        let sum: T = v_log_factors.iter().copied().sum();
        v_log_factors[cap.steepest] += v_log_sigma - sum;
        let mut v_stretch = StretchCotangents { coverage: v_coverage, ..StretchCotangents::default() };
        let mut log_slope = T::zero();
        let mut of_edges = Vec::with_capacity(edges.len());
        for (k, edge) in edges.iter().enumerate() {
            let factor = cap.factors[k];
            let normal = self.stretched[k].normal;
            let v_log = -(T::one() - factor * factor) * v_log_factors[k];
            log_slope += v_log;
            let mut v_stretched = Edge {
                normal: multiply(v_edges[k].normal, focal).map(|x| x * (factor / cap.least())),
                start: divide(v_edges[k].start, focal),
            };
            accumulate(&mut v_stretched.normal, normal.map(|x| x * v_log / dot(normal, normal)));
            let v_edge = self.stretch.edge_backward(&in_pixels(edge, focal), &v_stretched, &mut v_stretch);
            of_edges.push(Edge { normal: divide(v_edge.normal, focal), start: multiply(v_edge.start, focal) });
        }
        let plane = self.stretch.backward(&v_stretch).iter().map(|v| multiply(*v, focal)).collect();
        AntialiasedCotangents { edges: of_edges, plane, log_slope }
    }
}

fn in_pixels<T: Real>(edge: &Edge<T>, focal: [T; 2]) -> Edge<T> {
    Edge { normal: divide(edge.normal, focal), start: multiply(edge.start, focal) }
}

fn multiply<T: Real>(a: [T; 2], b: [T; 2]) -> [T; 2] {
    from_fn(|i| a[i] * b[i])
}

fn divide<T: Real>(a: [T; 2], b: [T; 2]) -> [T; 2] {
    from_fn(|i| a[i] / b[i])
}

fn cross<T: Real>(a: [T; 2], b: [T; 2]) -> T {
    a[0] * b[1] - a[1] * b[0]
}

fn identity<T: Real>() -> Matrix<T> {
    [[T::one(), T::zero()], [T::zero(), T::one()]]
}

fn times<T: Real>(matrix: &Matrix<T>, vector: [T; 2]) -> [T; 2] {
    matrix.map(|row| dot(row, vector))
}

fn product<T: Real>(a: &Matrix<T>, b: &Matrix<T>) -> Matrix<T> {
    from_fn(|i| from_fn(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
}
