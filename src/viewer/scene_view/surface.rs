//! The surface around a pixel, from the depths of a patch of pixels.

use glam::{DMat3, DVec2, DVec3};

use crate::camera::Camera;
use crate::real::median;

/// The surface that is seen at a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PickedSurface {
    /// The place, world units: that of a plane through most depths of the patch.
    pub point: DVec3,
    /// Half of the depths lie nearer to that plane than this, in parts of the depth.
    pub spread: f64,
}

/// The alpha from which a pixel shows a surface.
const LEAST_ALPHA: f64 = 0.5;

impl PickedSurface {
    /// Returns the surface in the middle of a square patch, which is a pixel of the camera: of each pixel, row after row, the sum of the
    /// depths and alpha. `None` where less than half of the patch shows one.
    pub(super) fn of_patch(camera: &Camera, pixel: DVec2, side: usize, pixels: &[(f64, f64)]) -> Option<Self> {
        let middle = DVec2::splat((side / 2) as f64);
        let at = |index: usize| DVec2::new((index % side) as f64, (index / side) as f64) - middle;
        let seen = pixels.iter().enumerate().filter(|(_, (depth, alpha))| *alpha >= LEAST_ALPHA && *depth > 0.0);
        // The inverse depth of a plane is linear in the picture.
        let seen: Vec<(DVec2, f64)> = seen.map(|(index, (depth, alpha))| (at(index), alpha / depth)).collect();
        if 2 * seen.len() < pixels.len() {
            return None;
        }
        let mut plane = DVec3::new(0.0, 0.0, median(seen.iter().map(|(_, inverse)| *inverse))?);
        let off = |plane: DVec3, (at, inverse): &(DVec2, f64)| (plane.dot(at.extend(1.0)) - inverse).abs();
        let mut spread = median(seen.iter().map(|place| off(plane, place)))?;
        // Fitted again and again to what lies near, so that an edge of something else does not count.
        for _ in 0..8 {
            let near = seen.iter().filter(|place| off(plane, place) <= 2.0 * spread + 1e-9 * plane.z);
            let (mut left, mut right) = (DMat3::ZERO, DVec3::ZERO);
            for (at, inverse) in near {
                let row = at.extend(1.0);
                left += DMat3::from_cols(row.x * row, row.y * row, row);
                right += *inverse * row;
            }
            if left.determinant().abs() < 1e-6 {
                break;
            }
            plane = left.inverse() * right;
            spread = median(seen.iter().map(|place| off(plane, place)))?;
        }
        let point = camera.position() + camera.ray(pixel) / plane.z;
        (plane.z > 0.0 && point.is_finite()).then_some(Self { point, spread: spread / plane.z })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 15;

    fn camera() -> Camera {
        Camera::look_at(DVec3::new(0.0, -3.0, 2.0), DVec3::ZERO, DVec3::Z, 300.0, 400, 300)
    }

    /// The patch around a pixel of a picture of the ground z = 0, changed by a function of column and row.
    fn patch(pixel: DVec2, change: impl Fn(usize, usize, f64) -> (f64, f64)) -> Vec<(f64, f64)> {
        let camera = camera();
        let depth = |column: usize, row: usize| {
            let ray = camera.ray(pixel + DVec2::new(column as f64, row as f64) - DVec2::splat(7.0));
            change(column, row, -camera.position().z / ray.z)
        };
        (0..SIDE * SIDE).map(|index| depth(index % SIDE, index / SIDE)).collect()
    }

    #[test]
    fn a_slanted_surface_is_found_exactly_through_edges_and_noise() {
        let pixel = DVec2::new(180.0, 140.0);
        let of = |pixels: &[(f64, f64)]| PickedSurface::of_patch(&camera(), pixel, SIDE, pixels);
        let plain = of(&patch(pixel, |_, _, depth| (depth, 1.0))).unwrap();
        assert!(plain.point.z.abs() < 1e-9 && plain.spread < 1e-9, "{plain:?}");
        // Half transparent, the sum of depths is half as large.
        let faint = of(&patch(pixel, |_, _, depth| (0.6 * depth, 0.6))).unwrap();
        assert!(faint.point.distance(plain.point) < 1e-9);
        // Something else stands before a third of it, also in the very middle.
        let edge = patch(pixel, |column, _, depth| (if (5..10).contains(&column) { 0.5 * depth } else { depth }, 1.0));
        let edge = of(&edge).unwrap();
        assert!(edge.point.z.abs() < 1e-6, "{edge:?}");
        let noisy = patch(pixel, |column, row, depth| {
            let noise = ((column * 7 + row * 13) % 11) as f64 / 11.0 - 0.4545;
            (depth * (1.0 + 0.2 * noise), 1.0)
        });
        let noisy = of(&noisy).unwrap();
        assert!(noisy.spread > 0.03 && noisy.spread < 0.08, "{noisy:?}");
        assert!(noisy.point.z.abs() < 0.05, "{noisy:?}");
    }

    #[test]
    fn what_is_mostly_transparent_is_no_surface() {
        let pixel = DVec2::new(200.0, 150.0);
        let few = patch(pixel, |column, _, depth| if column < 7 { (depth, 1.0) } else { (0.1 * depth, 0.1) });
        assert_eq!(PickedSurface::of_patch(&camera(), pixel, SIDE, &few), None);
        assert_eq!(PickedSurface::of_patch(&camera(), pixel, SIDE, &[(f64::NAN, 1.0); SIDE * SIDE]), None);
    }
}
