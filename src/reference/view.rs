//! A camera in the twin's precision: world → view → focal-free image plane, and pixels into that plane.
//!
//! Source: docs/spec.md §1.

use std::array::from_fn;

use super::vector::{add, dot, sub};
use crate::camera::{Camera, RenderOptions};
use crate::real::Real;

/// The transform from world to view and to the image plane, which projection needs of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewTransform<T> {
    /// Rows of R in `p_view = R·p_world + t`.
    rotation: [[T; 3]; 3],
    /// t, world units.
    translation: [T; 3],
    /// The position of the camera, world units.
    pub position: [T; 3],
    /// fx, fy in pixels.
    pub focal: [T; 2],
    /// cx, cy in pixels.
    principal: [T; 2],
    /// Least view depth that is not culled, world units; never negative.
    pub near: T,
    /// Whether convexes are changed so that pixel centres see what pixels would.
    pub antialias: bool,
}

impl<T: Real> ViewTransform<T> {
    /// The camera in this precision.
    #[must_use]
    pub fn new(camera: &Camera, options: &RenderOptions) -> Self {
        let rows = camera.view_from_world.matrix3.transpose().to_cols_array_2d();
        let intrinsics = camera.intrinsics;
        Self {
            rotation: rows.map(|row| row.map(T::of)),
            translation: camera.view_from_world.translation.to_array().map(T::of),
            position: camera.position().to_array().map(T::of),
            focal: [intrinsics.fx, intrinsics.fy].map(T::of),
            principal: [intrinsics.cx, intrinsics.cy].map(T::of),
            near: T::of(options.near).max(T::zero()),
            antialias: options.antialias,
        }
    }

    /// A world position in view axes.
    #[must_use]
    pub fn view_from_world(&self, p_world: [T; 3]) -> [T; 3] {
        add(self.rotation.map(|row| dot(row, p_world)), self.translation)
    }

    /// Cotangent of the world position: `Rᵀ·v`.
    #[must_use]
    pub fn view_from_world_backward(&self, v_view: [T; 3]) -> [T; 3] {
        from_fn(|i| dot(self.rotation.map(|row| row[i]), v_view))
    }

    /// The focal-free image plane `(x/z, y/z)`.
    #[must_use]
    pub fn plane_from_view([x, y, z]: [T; 3]) -> [T; 2] {
        [x / z, y / z]
    }

    /// Cotangent of the view position that [`Self::plane_from_view`] projected.
    #[must_use]
    pub fn plane_from_view_backward([x, y, z]: [T; 3], v_plane: [T; 2]) -> [T; 3] {
        let [v_x, v_y] = v_plane.map(|v| v / z);
        [v_x, v_y, -(v_x * (x / z) + v_y * (y / z))]
    }

    /// The point of the focal-free image plane that pixel (column, row) samples: its centre.
    #[must_use]
    pub fn plane_from_pixel(&self, column: usize, row: usize) -> [T; 2] {
        let centre = [column, row].map(|i| T::of(i as f64 + 0.5));
        let offset = sub(centre, self.principal);
        [offset[0] / self.focal[0], offset[1] / self.focal[1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::{DVec2, DVec3};

    fn camera() -> Camera {
        let mut camera = Camera::look_at(DVec3::new(1.0, -2.0, 3.0), DVec3::ZERO, DVec3::Z, 50.0, 64, 48);
        camera.intrinsics.fy = 40.0;
        camera
    }

    #[test]
    fn a_pixel_and_a_point_on_its_ray_have_the_same_place_in_the_plane() {
        let view: ViewTransform<f64> = ViewTransform::new(&camera(), &RenderOptions::default());
        let on_ray = camera().position() + 3.0 * camera().ray(DVec2::new(10.5, 40.5));
        let p_view = view.view_from_world(on_ray.to_array());
        let difference = sub(ViewTransform::plane_from_view(p_view), view.plane_from_pixel(10, 40));
        assert!(dot(difference, difference) < 1e-24);
    }

    #[test]
    fn cotangents_are_difference_quotients() {
        let view: ViewTransform<f64> = ViewTransform::new(&camera(), &RenderOptions::default());
        let (p_world, v_plane) = ([0.2, 0.3, -0.4], [0.7, -1.3]);
        let p_view = view.view_from_world(p_world);
        let v_world = view.view_from_world_backward(ViewTransform::plane_from_view_backward(p_view, v_plane));
        for i in 0..3 {
            let moved = |by: f64| {
                let mut moved = p_world;
                moved[i] += by;
                dot(ViewTransform::plane_from_view(view.view_from_world(moved)), v_plane)
            };
            assert!(((moved(1e-5) - moved(-1e-5)) / 2e-5 - v_world[i]).abs() < 1e-9);
        }
    }

    #[test]
    fn a_near_plane_behind_the_camera_is_one_at_the_camera() {
        let options = RenderOptions { near: f64::NAN, ..Default::default() };
        assert_eq!(ViewTransform::<f64>::new(&camera(), &options).near, 0.0);
    }
}
