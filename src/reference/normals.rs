//! Normals of what a picture shows: of the surface that the expected depth, `depth / alpha`, spans between the four
//! neighbours of a pixel.

use std::array::from_fn;

use super::vector::{dot, scale, sub};
use super::view::ViewTransform;
use crate::camera::{Camera, RenderOptions};
use crate::constants::NORMAL_ALPHA_MIN;
use crate::real::Real;

/// Unit normals in world axes, towards the camera, `[H, W, 3]`, from alpha and depth, `[H, W]`, as [`super::forward`] makes
/// them. Zero where the pixel or one of its neighbours has alpha below `NORMAL_ALPHA_MIN` or lies outside the picture.
#[must_use]
pub fn normals<T: Real>(camera: &Camera, alpha: &[T], depth: &[T]) -> Vec<[T; 3]> {
    let view = ViewTransform::new(camera, &RenderOptions::default());
    let (width, height) = (camera.width as usize, camera.height as usize);
    // In view axes.
    let surface = |column: usize, row: usize| {
        let at = row * width + column;
        let is_seen = column < width && row < height && alpha[at] >= T::of(NORMAL_ALPHA_MIN);
        is_seen.then(|| {
            let [x, y] = view.plane_from_pixel(column, row);
            scale([x, y, T::one()], depth[at] / alpha[at])
        })
    };
    let normal = |column: usize, row: usize| {
        let here = surface(column, row)?;
        let [left, right] = [surface(column.checked_sub(1)?, row)?, surface(column + 1, row)?];
        let [above, below] = [surface(column, row.checked_sub(1)?)?, surface(column, row + 1)?];
        let normal = cross(sub(below, above), sub(right, left));
        let towards = if dot(normal, here) > T::zero() { -T::one() } else { T::one() };
        let length = dot(normal, normal).sqrt();
        (length > T::zero()).then(|| view.view_from_world_backward(scale(normal, towards / length)))
    };
    let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
    pixels.map(|(column, row)| normal(column, row).unwrap_or([T::zero(); 3])).collect()
}

fn cross<T: Real>(a: [T; 3], b: [T; 3]) -> [T; 3] {
    from_fn(|i| a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::{DVec2, DVec3};

    /// A plane through the origin, as a camera sees it.
    fn plane(normal: DVec3) -> (Camera, Vec<f64>) {
        let mut camera = Camera::look_at(DVec3::new(1.0, -2.0, 3.0), DVec3::ZERO, DVec3::Z, 50.0, 12, 9);
        camera.intrinsics.fy = 40.0;
        let pixels = (0..9).flat_map(|row| (0..12).map(move |column| DVec2::new(column as f64, row as f64) + 0.5));
        let depth = pixels.map(|pixel| -camera.position().dot(normal) / camera.ray(pixel).dot(normal)).collect();
        (camera, depth)
    }

    #[test]
    fn a_plane_has_its_own_normal_on_the_side_of_the_camera() {
        for sign in [1.0, -1.0] {
            let towards = DVec3::new(0.4, -0.5, 0.8).normalize();
            let (camera, depth) = plane(sign * towards);
            let found = normals(&camera, &vec![0.75; 108], &depth.iter().map(|z| 0.75 * z).collect::<Vec<f64>>());
            for (i, normal) in found.into_iter().enumerate() {
                let is_inside = (1..11).contains(&(i % 12)) && (1..8).contains(&(i / 12));
                let expected = if is_inside { towards } else { DVec3::ZERO };
                assert!((DVec3::from_array(normal) - expected).length() < 1e-12, "pixel {i}: {normal:?}");
            }
        }
    }

    #[test]
    fn a_faint_pixel_invalidates_neighbouring_normals() {
        let (camera, depth) = plane(DVec3::Z);
        let mut alpha = vec![1.0; 108];
        alpha[4 * 12 + 5] = 0.49;
        let found = normals(&camera, &alpha, &depth);
        let is_zero = |column: usize, row: usize| found[row * 12 + column] == [0.0; 3];
        assert!(is_zero(5, 4) && is_zero(4, 4) && is_zero(6, 4) && is_zero(5, 3) && is_zero(5, 5));
        assert!(!is_zero(4, 3) && !is_zero(7, 4));
    }
}
