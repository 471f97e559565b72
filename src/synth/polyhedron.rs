//! Convex polyhedra as intersections of half-spaces: exact ray hits, facets and vertices.

use glam::{DAffine3, DVec3};

/// Facets are clipped out of a square of this half side, world units: more than any polyhedron here spans.
const LARGE: f64 = 64.0;

/// Corners closer than this are one corner, world units.
const SAME_CORNER: f64 = 1e-7;

/// The half-space `normal · p ≤ offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// Unit normal, pointing out of the half-space.
    pub normal: DVec3,
    /// Distance of the border from the origin along the normal, world units.
    pub offset: f64,
}

impl Plane {
    /// The half-space below `point` as seen along `normal`, which need not have unit length.
    #[must_use]
    pub fn through(point: DVec3, normal: DVec3) -> Self {
        let normal = normal.normalize();
        Self { normal, offset: normal.dot(point) }
    }

    /// Signed distance of `point` from the border, positive outside; world units.
    #[must_use]
    pub fn distance(&self, point: DVec3) -> f64 {
        self.normal.dot(point) - self.offset
    }

    /// Two unit vectors that span the border and form a right-handed frame with the normal.
    #[must_use]
    pub fn tangents(&self) -> (DVec3, DVec3) {
        let helper = if self.normal.z.abs() < 0.9 { DVec3::Z } else { DVec3::X };
        let u = helper.cross(self.normal).normalize();
        (u, self.normal.cross(u))
    }
}

/// A bounded intersection of half-spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Polyhedron {
    /// The half-spaces; facet i lies on plane i.
    pub planes: Vec<Plane>,
}

/// The point where a ray enters a polyhedron.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// Distance along the ray in lengths of its direction.
    pub t: f64,
    /// Index of the plane.
    pub facet: usize,
}

impl Polyhedron {
    /// A box with its edges along the axes.
    #[must_use]
    pub fn cuboid(low: DVec3, high: DVec3) -> Self {
        let pair = |axis: DVec3| [Plane::through(high, axis), Plane::through(low, -axis)];
        Self { planes: DVec3::AXES.into_iter().flat_map(pair).collect() }
    }

    /// The first point of the ray `origin + t·direction`, t > 0, on the surface, for an origin outside.
    #[must_use]
    pub fn entry(&self, origin: DVec3, direction: DVec3) -> Option<Entry> {
        let (mut enter, mut leave) = (Entry { t: 0.0, facet: usize::MAX }, f64::INFINITY);
        for (facet, plane) in self.planes.iter().enumerate() {
            let (distance, slope) = (plane.distance(origin), plane.normal.dot(direction));
            if slope == 0.0 {
                if distance > 0.0 {
                    return None;
                }
                continue;
            }
            let t = -distance / slope;
            if slope > 0.0 {
                leave = leave.min(t);
            } else if t > enter.t {
                enter = Entry { t, facet };
            }
            if enter.t >= leave {
                return None;
            }
        }
        (enter.facet != usize::MAX).then_some(enter)
    }

    /// How far `point` is outside of the nearest-to-violated plane: negative inside; world units.
    #[must_use]
    pub fn distance(&self, point: DVec3) -> f64 {
        self.planes.iter().map(|plane| plane.distance(point)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The corners of facet `facet`, anticlockwise as seen from outside; empty where other planes cut all of it away.
    #[must_use]
    pub fn facet(&self, facet: usize) -> Vec<DVec3> {
        let plane = &self.planes[facet];
        let (u, v) = plane.tangents();
        let middle = plane.normal * plane.offset;
        let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        let square = square.map(|(x, y)| middle + LARGE * (x * u + y * v)).to_vec();
        let others = self.planes.iter().enumerate().filter(|(i, _)| *i != facet);
        let clipped = others.fold(square, |corners, (_, plane)| clip(&corners, plane));
        let corners = without_repeats(&clipped);
        if corners.len() < 3 { Vec::new() } else { corners }
    }

    /// All corners, each once.
    #[must_use]
    pub fn corners(&self) -> Vec<DVec3> {
        let mut found: Vec<DVec3> = Vec::new();
        for corner in (0..self.planes.len()).flat_map(|facet| self.facet(facet)) {
            if found.iter().all(|other| other.distance(corner) > SAME_CORNER) {
                found.push(corner);
            }
        }
        found
    }

    /// The polyhedron moved by a rotation, a uniform scale and a translation.
    #[must_use]
    pub fn moved(&self, world_from_local: &DAffine3) -> Self {
        let moved = |plane: &Plane| {
            let on_border = world_from_local.transform_point3(plane.normal * plane.offset);
            Plane::through(on_border, world_from_local.transform_vector3(plane.normal))
        };
        Self { planes: self.planes.iter().map(moved).collect() }
    }
}

/// The part of a polygon inside of a half-space (Sutherland–Hodgman).
fn clip(corners: &[DVec3], plane: &Plane) -> Vec<DVec3> {
    let mut kept = Vec::with_capacity(corners.len() + 1);
    for (i, &a) in corners.iter().enumerate() {
        let b = corners[(i + 1) % corners.len()];
        let (at_a, at_b) = (plane.distance(a), plane.distance(b));
        if at_a <= 0.0 {
            kept.push(a);
        }
        if (at_a < 0.0 && at_b > 0.0) || (at_a > 0.0 && at_b < 0.0) {
            kept.push(a.lerp(b, at_a / (at_a - at_b)));
        }
    }
    kept
}

fn without_repeats(corners: &[DVec3]) -> Vec<DVec3> {
    let before = |i: usize| corners[(i + corners.len() - 1) % corners.len()];
    let is_new = |i: &usize| corners[*i].distance(before(*i)) > SAME_CORNER;
    (0..corners.len()).filter(is_new).map(|i| corners[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cuboid_has_8_corners_and_outward_facets() {
        let cuboid = Polyhedron::cuboid(DVec3::new(0.0, 1.0, 2.0), DVec3::new(1.0, 3.0, 5.0));
        assert_eq!(cuboid.corners().len(), 8);
        for (facet, plane) in cuboid.planes.iter().enumerate() {
            let corners = cuboid.facet(facet);
            assert_eq!(corners.len(), 4);
            let turn = (corners[1] - corners[0]).cross(corners[2] - corners[1]);
            assert!(turn.dot(plane.normal) > 0.0, "anticlockwise from outside");
        }
        assert!((cuboid.distance(DVec3::new(0.5, 2.0, 7.0)) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_ray_enters_where_it_first_touches() {
        let cuboid = Polyhedron::cuboid(DVec3::ZERO, DVec3::ONE);
        let entry = cuboid.entry(DVec3::new(0.5, 0.5, 3.0), DVec3::new(0.0, 0.0, -0.5)).unwrap();
        assert!((entry.t - 4.0).abs() < 1e-12 && cuboid.planes[entry.facet].normal == DVec3::Z);
        assert_eq!(cuboid.entry(DVec3::new(0.5, 0.5, 3.0), DVec3::Z), None, "behind");
        assert_eq!(cuboid.entry(DVec3::new(2.0, 0.5, 3.0), DVec3::NEG_Z), None, "beside");
    }
}
