//! The cuts of the gems: polyhedra about the origin, about one unit in radius, table facet up.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use glam::{DVec2, DVec3, Vec3Swizzles as _};

use super::polyhedron::{Plane, Polyhedron};

/// Eight triangles with their tips cut off.
pub(super) fn octahedron() -> Polyhedron {
    let faces = SIGNS.map(|sign| Plane::through(sign / 3.0, sign));
    let tips = DVec3::AXES.into_iter().flat_map(|axis| [axis, -axis]).map(|axis| Plane::through(0.9 * axis, axis));
    Polyhedron { planes: faces.into_iter().chain(tips).collect() }
}

/// Twelve pentagons.
pub(super) fn dodecahedron() -> Polyhedron {
    let golden = (1.0 + 5f64.sqrt()) / 2.0;
    let normals = cyclic(golden, 1.0);
    Polyhedron { planes: normals.into_iter().map(|n| Plane::through(0.8 * n.normalize(), n)).collect() }
}

/// Twenty triangles.
pub(super) fn icosahedron() -> Polyhedron {
    let golden = (1.0 + 5f64.sqrt()) / 2.0;
    let normals = SIGNS.into_iter().chain(cyclic(1.0 / golden, golden));
    Polyhedron { planes: normals.map(|n| Plane::through(0.8 * n.normalize(), n)).collect() }
}

/// A cube with cut corners and bevelled edges.
pub(super) fn bevelled_cube() -> Polyhedron {
    let faces = DVec3::AXES.into_iter().flat_map(|axis| [axis, -axis]).map(|n| Plane::through(0.62 * n, n));
    let corners = SIGNS.map(|sign| Plane::through(0.9 * sign.normalize(), sign));
    let edges = [DVec3::new(1.0, 1.0, 0.0), DVec3::new(1.0, -1.0, 0.0)]
        .into_iter()
        .flat_map(|n| [n, n.zxy(), n.yzx()])
        .flat_map(|n| [n, -n])
        .map(|n| Plane::through(0.81 * n.normalize(), n));
    Polyhedron { planes: faces.chain(corners).chain(edges).collect() }
}

/// A hexagonal column with a bevelled point at the top and a bevelled foot.
pub(super) fn crystal() -> Polyhedron {
    let side = |i: u32| {
        let azimuth = TAU * f64::from(i) / 6.0;
        // Natural crystals have sides of unequal width.
        let reach = if i.is_multiple_of(2) { 0.5 } else { 0.56 };
        let point = if i.is_multiple_of(2) { 0.42 } else { 0.6 };
        [
            tilted(azimuth, FRAC_PI_2, DVec2::new(reach, 0.0)),
            tilted(azimuth, 0.76, DVec2::new(reach, point)),
            tilted(azimuth, PI - 0.7, DVec2::new(reach, -0.9)),
        ]
    };
    let foot = Plane::through(-DVec3::Z, DVec3::NEG_Z);
    Polyhedron { planes: (0..6).flat_map(side).chain([foot]).collect() }
}

/// The round brilliant: table, star, main and upper girdle facets above; girdle; main and lower girdle facets below.
pub(super) fn brilliant() -> Polyhedron {
    let mut planes = vec![Plane::through(0.36 * DVec3::Z, DVec3::Z)];
    let girdle = 0.04;
    for i in 0..8 {
        let main = TAU * f64::from(i) / 8.0;
        planes.push(tilted(main, 0.61, DVec2::new(1.0, girdle)));
        planes.push(tilted(main + TAU / 16.0, 0.36, DVec2::new(0.53, 0.36)));
        planes.push(tilted(main, PI - 0.73, DVec2::new(1.0, -girdle)));
        for side in [-1.0, 1.0] {
            let azimuth = main + side * TAU / 32.0;
            planes.push(tilted(azimuth, 0.72, DVec2::new(0.985, girdle)));
            planes.push(tilted(azimuth, FRAC_PI_2, DVec2::new(0.985, 0.0)));
            planes.push(tilted(azimuth, PI - 0.78, DVec2::new(0.985, -girdle)));
        }
    }
    Polyhedron { planes }
}

/// The emerald cut: a cropped rectangle in steps, two above the girdle and three below.
pub(super) fn emerald() -> Polyhedron {
    let mut planes = vec![Plane::through(0.34 * DVec3::Z, DVec3::Z), Plane::through(-0.52 * DVec3::Z, DVec3::NEG_Z)];
    for i in 0..8 {
        let reach = match i % 4 {
            0 => 1.0,
            2 => 0.7,
            _ => 0.98,
        };
        // Tilt from up, and a point (reach, height) of each step.
        let steps = [
            (FRAC_PI_2, reach, 0.0),
            (0.95, reach, 0.06),
            (0.6, reach - 0.11, 0.19),
            (PI - 0.95, reach, -0.06),
            (PI - 0.7, reach - 0.16, -0.26),
        ];
        let azimuth = TAU * f64::from(i) / 8.0;
        planes.extend(steps.map(|(tilt, radius, height)| tilted(azimuth, tilt, DVec2::new(radius, height))));
    }
    Polyhedron { planes }
}

const SIGNS: [DVec3; 8] = [
    DVec3::new(1.0, 1.0, 1.0),
    DVec3::new(-1.0, 1.0, 1.0),
    DVec3::new(1.0, -1.0, 1.0),
    DVec3::new(-1.0, -1.0, 1.0),
    DVec3::new(1.0, 1.0, -1.0),
    DVec3::new(-1.0, 1.0, -1.0),
    DVec3::new(1.0, -1.0, -1.0),
    DVec3::new(-1.0, -1.0, -1.0),
];

/// (0, ±a, ±b) and its cyclic permutations.
fn cyclic(a: f64, b: f64) -> Vec<DVec3> {
    let signs = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)];
    let of_sign = |(s, t): (f64, f64)| {
        [DVec3::new(0.0, s * a, t * b), DVec3::new(s * a, t * b, 0.0), DVec3::new(t * b, 0.0, s * a)]
    };
    signs.into_iter().flat_map(of_sign).collect()
}

/// A facet that faces `azimuth`, tilted by `tilt` from up (radians), through (radius, height) at that azimuth.
fn tilted(azimuth: f64, tilt: f64, through: DVec2) -> Plane {
    let outwards = DVec3::new(azimuth.cos(), azimuth.sin(), 0.0);
    let normal = tilt.sin() * outwards + tilt.cos() * DVec3::Z;
    Plane::through(through.x * outwards + through.y * DVec3::Z, normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_have_the_facets_of_their_name() {
        let facets = |cut: &Polyhedron| (0..cut.planes.len()).filter(|i| !cut.facet(*i).is_empty()).count();
        assert_eq!(facets(&octahedron()), 14);
        assert_eq!(facets(&dodecahedron()), 12);
        assert_eq!(facets(&icosahedron()), 20);
        assert_eq!(facets(&bevelled_cube()), 26);
        for cut in [crystal(), brilliant(), emerald()] {
            assert_eq!(facets(&cut), cut.planes.len(), "no plane is wasted");
        }
    }

    #[test]
    fn cuts_obey_euler() {
        for cut in [octahedron(), dodecahedron(), icosahedron(), bevelled_cube(), crystal(), brilliant(), emerald()] {
            let polygons: Vec<_> = (0..cut.planes.len()).map(|i| cut.facet(i)).filter(|f| !f.is_empty()).collect();
            let edges = polygons.iter().map(Vec::len).sum::<usize>() / 2;
            assert_eq!(cut.corners().len() + polygons.len(), edges + 2);
        }
    }
}
