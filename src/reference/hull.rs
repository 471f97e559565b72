//! The strict convex hull of the few projected points of one convex, and its edges.
//!
//! Turning order: vertices run so that `(b − a) × (c − b) > 0` in the axes of the image plane, x right and y down,
//! which looks clockwise in the picture. For this order the normal `(b.y − a.y, −(b.x − a.x))` of an edge a→b points
//! outwards. The walk starts at the vertex of least x (then least y), so the result depends on where the points lie
//! and not on how they are numbered. Only among coincident points one must stand for all, with their whole gradient:
//! it is the one of greatest index.
//!
//! Andrew's monotone chain: comparisons and products only, no angle. Source: docs/spec.md §3.

use std::cmp::Ordering;

use super::vector::{accumulate, dot, sub};
use crate::real::Real;

/// Indices of the strict hull's vertices in turning order, for finite `points` in the focal-free image plane.
///
/// Points inside, on an edge, or coincident with a vertex are left out. Fewer than three indices come back when the
/// points span no area.
#[must_use]
pub fn hull<T: Real>(points: &[[T; 2]]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..points.len()).collect();
    sorted.sort_by(|a, b| by_position(points[*a], points[*b]).then(b.cmp(a)));
    sorted.dedup_by(|later, first| points[*later] == points[*first]);
    let mut vertices = half_hull(points, sorted.iter().copied());
    let back = half_hull(points, sorted.iter().rev().copied());
    // Each half ends where the other begins.
    vertices.pop();
    vertices.extend(back);
    if vertices.len() > 1 {
        vertices.pop();
    }
    vertices
}

fn by_position<T: Real>(a: [T; 2], b: [T; 2]) -> Ordering {
    let order = |i: usize| a[i].partial_cmp(&b[i]).unwrap_or(Ordering::Equal);
    order(0).then(order(1))
}

/// The chain of strict left-to-right (or right-to-left) turns through points sorted by position.
fn half_hull<T: Real>(points: &[[T; 2]], sorted: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut chain: Vec<usize> = Vec::with_capacity(points.len());
    for id in sorted {
        while let [.., a, b] = chain[..] {
            if turn(points[a], points[b], points[id]) > T::zero() {
                break;
            }
            chain.pop();
        }
        chain.push(id);
    }
    chain
}

/// `(b − a) × (c − a)`: positive when a, b, c follow the turning order, zero when they are collinear.
#[must_use]
pub fn turn<T: Real>(a: [T; 2], b: [T; 2], c: [T; 2]) -> T {
    let (ab, ac) = (sub(b, a), sub(c, a));
    ab[0] * ac[1] - ab[1] * ac[0]
}

/// One side of a hull; also the cotangent of one, field by field.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Edge<T> {
    /// n, outward and as long as the edge; focal-free image plane.
    pub normal: [T; 2],
    /// a, the vertex where the edge begins; focal-free image plane.
    pub start: [T; 2],
}

impl<T: Real> Edge<T> {
    /// The edge a→b of a hull in turning order.
    #[must_use]
    pub fn new(a: [T; 2], b: [T; 2]) -> Self {
        Self { normal: [b[1] - a[1], -(b[0] - a[0])], start: a }
    }

    /// Adds to `v_a` and `v_b` what the cotangent `v` of the edge says about its end points.
    pub fn new_backward(v: &Self, v_a: &mut [T; 2], v_b: &mut [T; 2]) {
        let along = [-v.normal[1], v.normal[0]];
        accumulate(v_b, along);
        *v_a = sub(*v_a, along);
        accumulate(v_a, v.start);
    }

    /// `L(q) = n·(q − a)`: negative inside, (edge length)·(signed distance).
    #[must_use]
    pub fn distance(&self, q: [T; 2]) -> T {
        dot(self.normal, sub(q, self.start))
    }

    /// Adds to the cotangent `v` of this edge what the cotangent of `L(q)` says. `q − a` is taken before any sum over
    /// pixels, so that the sums are moments about the vertex and do not cancel in f32.
    pub fn distance_backward(&self, q: [T; 2], v_distance: T, v: &mut Self) {
        accumulate(&mut v.normal, sub(q, self.start).map(|x| x * v_distance));
        accumulate(&mut v.start, self.normal.map(|x| -x * v_distance));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_with_points_inside_on_edges_and_repeated() {
        let points: [[f64; 2]; 8] =
            [[0.5, 0.5], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.5, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.5]];
        assert_eq!(hull(&points), [2, 3, 6, 5], "6 stands for 1 as well");
    }

    #[test]
    fn points_without_area_have_no_hull() {
        assert_eq!(hull(&[[1.0f64, 2.0]; 6]).len(), 1);
        assert!(hull(&[[0.0f64, 0.0], [1.0, 1.0], [2.0, 2.0], [0.5, 0.5]]).len() < 3);
        assert!(hull::<f64>(&[]).is_empty());
    }

    #[test]
    fn normals_point_outwards() {
        let points = [[0.0f64, 0.0], [2.0, 0.5], [1.5, 2.0], [-0.5, 1.0]];
        let vertices = hull(&points);
        for (i, a) in vertices.iter().enumerate() {
            let edge = Edge::new(points[*a], points[vertices[(i + 1) % vertices.len()]]);
            assert!(edge.distance([0.8, 0.9]) < 0.0);
        }
    }

    #[test]
    fn distance_is_length_times_signed_distance() {
        let edge = Edge::new([0.0f64, 0.0], [0.0, 2.0]);
        assert_eq!((edge.normal, edge.distance([3.0, 7.0])), ([2.0, 0.0], 6.0));
    }

    #[test]
    fn cotangents_of_an_edge_are_difference_quotients() {
        let (a, b, q) = ([0.3f64, -0.2], [1.1, 0.7], [0.4, 0.9]);
        let edge = Edge::new(a, b);
        let mut v_edge = Edge::default();
        edge.distance_backward(q, 1.0, &mut v_edge);
        let (mut v_a, mut v_b) = ([0.0; 2], [0.0; 2]);
        Edge::new_backward(&v_edge, &mut v_a, &mut v_b);
        for i in 0..2 {
            let moved = |by: f64, end: usize| {
                let mut ends = [a, b];
                ends[end][i] += by;
                Edge::new(ends[0], ends[1]).distance(q)
            };
            for (end, v) in [v_a, v_b].iter().enumerate() {
                assert!(((moved(1e-4, end) - moved(-1e-4, end)) / 2e-4 - v[i]).abs() < 1e-10);
            }
        }
    }
}
