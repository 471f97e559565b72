//! docs/spec.md §3 in the fewest words, for a handful of pixels: what a scene looks like.

use glam::{DVec2, DVec3};
use lapidary::camera::Camera;
use lapidary::scene::Scene;

/// A convex ready to be blended.
struct Flat {
    z: f64,
    /// Edges a → b of the hull, the inside to their left.
    edges: Vec<(DVec2, DVec2)>,
    delta: f64,
    sigma: f64,
    opacity: f64,
    colour: DVec3,
}

/// Colour over black and alpha of each pixel, row-major.
pub(super) fn draw(scene: &Scene, camera: &Camera) -> Vec<(DVec3, f64)> {
    let mut flats: Vec<Flat> = (0..scene.len()).map(|i| flatten(scene, i, camera)).collect();
    flats.sort_by(|a, b| a.z.total_cmp(&b.z));
    let pixels = (0..camera.height).flat_map(|j| (0..camera.width).map(move |i| (i, j)));
    pixels.map(|(i, j)| blend(&flats, camera, DVec2::new(f64::from(i) + 0.5, f64::from(j) + 0.5))).collect()
}

fn flatten(scene: &Scene, i: usize, camera: &Camera) -> Flat {
    let in_view = |k| camera.view_from_world.transform_point3(DVec3::from(scene.point(i, k).map(f64::from)));
    let points: Vec<DVec3> = (0..scene.points_per_convex).map(in_view).collect();
    assert!(points.iter().all(|p| p.z > 0.0), "no camera stands among the convexes");
    let flat: Vec<DVec2> = points.iter().map(|p| p.truncate() / p.z).collect();
    let params = &scene.params;
    let sh = |channel| 0.5 + 0.282_094_791_773_878_14 * f64::from(params.sh[i * 48 + channel]);
    Flat {
        z: points.iter().map(|p| p.z).sum::<f64>() / points.len() as f64,
        edges: hull(&flat),
        delta: f64::from(params.log_delta[i]).exp(),
        sigma: f64::from(params.log_sigma[i]).exp(),
        opacity: 1.0 / (1.0 + f64::from(-params.raw_opacity[i]).exp()),
        colour: DVec3::new(sh(0), sh(1), sh(2)).max(DVec3::ZERO),
    }
}

/// Edges of the hull by their definition: all points lie to the left of a → b, those on its line between a and b.
fn hull(points: &[DVec2]) -> Vec<(DVec2, DVec2)> {
    let mut edges: Vec<(DVec2, DVec2)> = Vec::new();
    for &a in points {
        for &b in points {
            let along = b - a;
            let is_edge = along.length() > 1e-9
                && points.iter().all(|&p| {
                    let side = along.perp_dot(p - a);
                    let place = along.dot(p - a) / along.length_squared();
                    side > 1e-12 || (side.abs() <= 1e-12 && (-1e-9..=1.0 + 1e-9).contains(&place))
                });
            let is_new = !edges.iter().any(|(c, d)| c.distance(a) < 1e-9 && d.distance(b) < 1e-9);
            if is_edge && is_new {
                edges.push((a, b));
            }
        }
    }
    edges
}

fn blend(flats: &[Flat], camera: &Camera, pixel: DVec2) -> (DVec3, f64) {
    let k = camera.intrinsics;
    let q = DVec2::new((pixel.x - k.cx) / k.fx, (pixel.y - k.cy) / k.fy);
    let (mut colour, mut transmittance) = (DVec3::ZERO, 1.0);
    for flat in flats.iter().filter(|flat| flat.edges.len() >= 3) {
        // The outside is to the right of an edge.
        let l = |(a, b): &(DVec2, DVec2)| -(*b - *a).perp_dot(q - *a);
        let exponents = flat.edges.iter().map(|edge| flat.z * flat.delta * l(edge));
        let largest = exponents.clone().fold(f64::NEG_INFINITY, f64::max);
        let phi = largest + exponents.map(|e| (e - largest).exp()).sum::<f64>().ln();
        let alpha = (flat.opacity / (1.0 + (flat.z * flat.sigma * phi).exp())).min(0.99);
        if alpha < 1.0 / 255.0 {
            continue;
        }
        if transmittance * (1.0 - alpha) < 1e-4 {
            break;
        }
        colour += transmittance * alpha * flat.colour;
        transmittance *= 1.0 - alpha;
    }
    (colour, 1.0 - transmittance)
}
