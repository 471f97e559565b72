//! The convex hull in space of the few points of one convex, exactly.
//!
//! A convex has at most eight points, so every triple of them is tried: it lies on a facet when all other points are on
//! one side of its plane. Which side is decided by exact predicates, so the hull is closed and convex whatever the
//! points are: nearly coplanar, collinear, repeated. Its corners are points of the convex, bit for bit. General hull
//! crates work with tolerances and refuse what is nearly flat. For eight points brute force is exact and fast enough.

use glam::{DMat3, DVec3};
use robust::{Coord, Coord3D};

/// A convex solid with flat facets.
#[derive(Debug, Clone, PartialEq)]
pub struct Polytope {
    /// Corners, in the frame of the points; each belongs to at least three facets.
    pub vertices: Vec<[f32; 3]>,
    /// Corners of each facet by index, anticlockwise as seen from outside; no three of them are collinear.
    pub facets: Vec<Vec<u32>>,
}

/// The hull of finite points; `None` where they span no volume.
///
/// Only the first eight points count.
#[must_use]
pub fn hull(points: &[[f32; 3]]) -> Option<Polytope> {
    let points = distinct(points);
    let facets = facets(&points);
    if facets.len() < 4 {
        return None;
    }
    let is_corner = |i: &usize| facets.iter().any(|facet| facet.contains(i));
    let corners: Vec<usize> = (0..points.len()).filter(is_corner).collect();
    let index = |i: &usize| u32::try_from(corners.iter().position(|corner| corner == i).unwrap_or(0)).unwrap_or(0);
    Some(Polytope {
        vertices: corners.iter().map(|i| points[*i]).collect(),
        facets: facets.iter().map(|facet| facet.iter().map(index).collect()).collect(),
    })
}

fn distinct(points: &[[f32; 3]]) -> Vec<[f32; 3]> {
    let mut kept: Vec<[f32; 3]> = Vec::with_capacity(8);
    for point in points.iter().take(8) {
        if !kept.contains(point) {
            kept.push(*point);
        }
    }
    kept
}

/// Corners of each facet in order.
fn facets(points: &[[f32; 3]]) -> Vec<Vec<usize>> {
    let count = points.len();
    let mut planes: Vec<u8> = Vec::new();
    let mut facets = Vec::new();
    for i in 0..count {
        for j in i + 1..count {
            for k in j + 1..count {
                let Some((plane, is_outward)) = facet_plane([i, j, k], points) else { continue };
                if !planes.contains(&plane) {
                    planes.push(plane);
                    let members: Vec<usize> = (0..count).filter(|p| plane & (1 << p) != 0).collect();
                    facets.push(in_order([i, j, k], is_outward, &members, points));
                }
            }
        }
    }
    facets
}

/// The points on the plane through three of them, one bit each, and whether the three run anticlockwise as seen from
/// outside; `None` unless all others lie on one side.
fn facet_plane(triple: [usize; 3], points: &[[f32; 3]]) -> Option<(u8, bool)> {
    let [a, b, c] = triple.map(|i| coord(points[i]));
    let (mut plane, mut below, mut above) = (0u8, false, false);
    for (i, point) in points.iter().enumerate() {
        // Positive below the plane from which the triple is seen anticlockwise.
        let side = if triple.contains(&i) { 0.0 } else { robust::orient3d(a, b, c, coord(*point)) };
        below |= side > 0.0;
        above |= side < 0.0;
        plane |= u8::from(side == 0.0) << i;
    }
    (below != above).then_some((plane, below))
}

fn coord([x, y, z]: [f32; 3]) -> Coord3D<f64> {
    Coord3D { x: x.into(), y: y.into(), z: z.into() }
}

/// The corners among the points of one plane, anticlockwise as seen from outside.
///
/// One coordinate is dropped such that the triple keeps an area. Dropping a coordinate is exact and keeps collinearity.
fn in_order(triple: [usize; 3], is_outward: bool, members: &[usize], points: &[[f32; 3]]) -> Vec<usize> {
    let flat = |i: usize, drop: usize| {
        let [x, y] = [(drop + 1) % 3, (drop + 2) % 3].map(|axis| f64::from(points[i][axis]));
        Coord { x, y }
    };
    let area = |drop: usize| {
        let [a, b, c] = triple.map(|i| flat(i, drop));
        robust::orient2d(a, b, c)
    };
    let drop = (0..3).max_by(|i, j| area(*i).abs().total_cmp(&area(*j).abs())).unwrap_or(0);
    let mut corners = flat_hull(members, |i| flat(i, drop));
    if (area(drop) > 0.0) != is_outward {
        corners.reverse();
    }
    corners
}

/// Indices of the strict hull of points in a plane, anticlockwise (Andrew's monotone chain).
fn flat_hull(members: &[usize], at: impl Fn(usize) -> Coord<f64>) -> Vec<usize> {
    let mut sorted = members.to_vec();
    sorted.sort_by(|a, b| at(*a).x.total_cmp(&at(*b).x).then(at(*a).y.total_cmp(&at(*b).y)));
    let half = |order: &mut dyn Iterator<Item = usize>| {
        let mut chain: Vec<usize> = Vec::with_capacity(members.len());
        for i in order {
            while let [.., a, b] = chain[..] {
                if robust::orient2d(at(a), at(b), at(i)) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(i);
        }
        // Each half ends where the other begins.
        chain.pop();
        chain
    };
    [half(&mut sorted.iter().copied()), half(&mut sorted.iter().rev().copied())].concat()
}

/// Volume, centre and covariance of a solid of even density.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SolidMoments {
    /// Cubic world units.
    pub volume: f64,
    /// Centre of mass, world units.
    pub centre: DVec3,
    /// Covariance about the centre, square world units.
    pub covariance: DMat3,
}

impl Polytope {
    /// The facets cut into triangles, each anticlockwise as seen from outside.
    pub fn triangles(&self) -> impl Iterator<Item = [u32; 3]> + '_ {
        self.facets.iter().flat_map(|facet| {
            let first = facet[0];
            facet.windows(2).skip(1).map(move |pair| [first, pair[0], pair[1]])
        })
    }

    /// Moments of the solid: the sum over the tetrahedra between one corner and every triangle.
    #[must_use]
    pub fn moments(&self) -> SolidMoments {
        let corner = |i: u32| DVec3::from(self.vertices[i as usize].map(f64::from));
        let apex = corner(0);
        let (mut volume, mut first, mut second) = (0.0, DVec3::ZERO, DMat3::ZERO);
        for triangle in self.triangles() {
            let [a, b, c] = triangle.map(|i| corner(i) - apex);
            let part = a.dot(b.cross(c)) / 6.0;
            let sum = a + b + c;
            volume += part;
            first += part / 4.0 * sum;
            second += part / 20.0 * (outer(a) + outer(b) + outer(c) + outer(sum));
        }
        let centre = first / volume;
        SolidMoments { volume, centre: apex + centre, covariance: second * (1.0 / volume) - outer(centre) }
    }
}

/// `v·vᵀ`.
fn outer(v: DVec3) -> DMat3 {
    DMat3::from_cols(v * v.x, v * v.y, v * v.z)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::{RngExt as _, SeedableRng as _};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    /// Checks the properties of a hull by other means than those that made it.
    fn check(polytope: &Polytope, points: &[[f32; 3]]) {
        let mut edges = HashSet::new();
        for facet in &polytope.facets {
            for (i, a) in facet.iter().enumerate() {
                assert!(edges.insert((*a, facet[(i + 1) % facet.len()])), "an edge is used twice in one direction");
            }
        }
        assert!(edges.iter().all(|(a, b)| edges.contains(&(*b, *a))), "closed");
        let (v, e, f) = (polytope.vertices.len(), edges.len() / 2, polytope.facets.len());
        assert_eq!(v + f, e + 2, "Euler");
        assert!(polytope.vertices.iter().all(|vertex| points.contains(vertex)));
        let wide = |p: [f32; 3]| DVec3::from(p.map(f64::from));
        for triangle in polytope.triangles() {
            let [a, b, c] = triangle.map(|i| wide(polytope.vertices[i as usize]));
            let normal = (b - a).cross(c - a);
            for point in points {
                let scale = normal.length() * (wide(*point) - a).length();
                assert!(normal.dot(wide(*point) - a) <= 1e-9 * scale + 1e-30, "a point lies outside");
            }
        }
        let SolidMoments { volume, centre, covariance } = polytope.moments();
        assert!(volume > 0.0 && centre.is_finite() && covariance.is_finite());
    }

    fn cube() -> Vec<[f32; 3]> {
        (0..8u8).map(|i| [0, 1, 2].map(|axis| f32::from(i >> axis & 1))).collect()
    }

    #[test]
    fn a_cube_has_six_squares() {
        let cube = cube();
        let polytope = hull(&cube).unwrap();
        check(&polytope, &cube);
        assert_eq!((polytope.vertices.len(), polytope.facets.len()), (8, 6));
        assert!(polytope.facets.iter().all(|facet| facet.len() == 4));
        let SolidMoments { volume, centre, covariance } = polytope.moments();
        assert!((volume - 1.0).abs() < 1e-12 && centre.distance(DVec3::splat(0.5)) < 1e-12);
        assert!((covariance - DMat3::IDENTITY * (1.0 / 12.0)).to_cols_array().iter().all(|x| x.abs() < 1e-12));
    }

    #[test]
    fn points_inside_on_facets_on_edges_and_repeated_are_no_corners() {
        let mut points = vec![[0.0; 3], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]];
        points.extend([[0.5, 0.5, 0.5], [1.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 4.0, 0.0]]);
        let polytope = hull(&points).unwrap();
        check(&polytope, &points);
        assert_eq!(polytope.vertices, points[..4]);
        assert_eq!(polytope.facets.len(), 4);
    }

    #[test]
    fn points_without_a_volume_have_no_hull() {
        assert_eq!(hull(&[]), None);
        assert_eq!(hull(&[[1.0, 2.0, 3.0]; 8]), None);
        let line: Vec<[f32; 3]> = (0..8u8).map(|i| [f32::from(i), 2.0 * f32::from(i), 0.0]).collect();
        assert_eq!(hull(&line), None);
        let square: Vec<[f32; 3]> = cube().into_iter().map(|[x, y, _]| [x, y, x + y]).collect();
        assert_eq!(hull(&square), None);
    }

    #[test]
    fn hulls_of_random_points_are_closed_and_convex() {
        let mut random = Pcg64Mcg::seed_from_u64(1);
        for round in 0..3000 {
            let count = random.random_range(4..=8);
            // Few different values make coplanar points, large ones make rounding.
            let place = |random: &mut Pcg64Mcg| match round % 3 {
                0 => random.random_range(-1i8..=1).into(),
                1 => 1000.0 + 1e-3 * random.random::<f32>(),
                _ => random.random::<f32>(),
            };
            let points: Vec<[f32; 3]> = (0..count).map(|_| [(); 3].map(|()| place(&mut random))).collect();
            if let Some(polytope) = hull(&points) {
                check(&polytope, &points);
            }
        }
    }
}
