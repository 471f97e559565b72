//! Pinhole cameras, and the options of drawing.
//!
//! Axes are those of OpenCV and COLMAP: x right, y down, z forward. Pixel (column i, row j) is sampled at
//! `(i + 0.5, j + 0.5)`. Source: docs/spec.md §1.

use glam::{DAffine3, DMat3, DVec2, DVec3};

use crate::constants::NEAR;

/// Focal lengths and principal point in pixels; `u = fx·x/z + cx`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intrinsics {
    /// Focal length along x, pixels.
    pub fx: f64,
    /// Focal length along y, pixels.
    pub fy: f64,
    /// Principal point, pixels from the left border.
    pub cx: f64,
    /// Principal point, pixels from the upper border.
    pub cy: f64,
}

/// A pinhole camera in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Rigid transform `p_view = R·p_world + t`.
    pub view_from_world: DAffine3,
    /// Focal lengths and principal point.
    pub intrinsics: Intrinsics,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
}

/// Why a camera cannot take a picture.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum CameraError {
    /// Width or height is zero or beyond what any device renders.
    #[error("the image is {width}×{height} pixels; each side must be 1..=8192")]
    Size {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
    },
    /// A focal length is not a positive number, or the principal point is not finite.
    #[error(
        "the focal lengths are {}, {} and the principal point is ({}, {}); positive focal lengths and a finite principal \
         point are expected",
        _0.fx, _0.fy, _0.cx, _0.cy
    )]
    Intrinsics(Intrinsics),
    /// The pose is not finite or not a rotation and translation.
    #[error("the pose is not a rotation and a translation: {0}")]
    Pose(String),
}

/// Largest side of a picture, pixels.
pub const MAX_SIDE: u32 = 8192;

impl Camera {
    /// A camera at `position` that looks at `target`, with `up` pointing up in the picture and the
    /// principal point in its middle. `focal` is in pixels.
    #[must_use]
    pub fn look_at(position: DVec3, target: DVec3, up: DVec3, focal: f64, width: u32, height: u32) -> Self {
        let forward = (target - position).normalize();
        let right = forward.cross(up).normalize();
        let down = forward.cross(right);
        let view_from_world_rotation = DMat3::from_cols(right, down, forward).transpose();
        Self {
            view_from_world: DAffine3::from_mat3_translation(
                view_from_world_rotation,
                -(view_from_world_rotation * position),
            ),
            intrinsics: Intrinsics { fx: focal, fy: focal, cx: f64::from(width) / 2.0, cy: f64::from(height) / 2.0 },
            width,
            height,
        }
    }

    /// The position of the camera, in world units.
    #[must_use]
    pub fn position(&self) -> DVec3 {
        let rotation = self.view_from_world.matrix3;
        -(rotation.transpose() * self.view_from_world.translation)
    }

    /// The camera in a frame whose origin is this place of the world, with the same axes and units. Far from the origin of
    /// the world its numbers are small, so that f32 holds them exactly enough.
    #[must_use]
    pub fn relative_to(&self, origin: DVec3) -> Self {
        let DAffine3 { matrix3, translation } = self.view_from_world;
        Self { view_from_world: DAffine3 { matrix3, translation: matrix3 * origin + translation }, ..*self }
    }

    /// Pixel coordinates at which a point of view space is seen; they have no meaning for points behind the camera.
    #[must_use]
    pub fn pixel(&self, in_view: DVec3) -> DVec2 {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        DVec2::new(fx * in_view.x / in_view.z + cx, fy * in_view.y / in_view.z + cy)
    }

    /// The view depth of a place of the world that is before the camera and within its picture, world units.
    #[must_use]
    pub fn depth_in_picture(&self, world: DVec3) -> Option<f64> {
        let in_view = self.view_from_world.transform_point3(world);
        let pixel = self.pixel(in_view);
        let is_inside = pixel.cmpge(DVec2::ZERO).all() && pixel.cmple(self.size()).all();
        (in_view.z > 0.0 && is_inside).then_some(in_view.z)
    }

    /// Whether a place of the world is before the camera and within its picture.
    #[must_use]
    pub fn sees(&self, world: DVec3) -> bool {
        self.depth_in_picture(world).is_some()
    }

    /// Width and height, pixels.
    #[must_use]
    pub fn size(&self) -> DVec2 {
        DVec2::new(f64::from(self.width), f64::from(self.height))
    }

    /// Half of the picture's width and height at view z 1: the tangents of half the fields of view.
    #[must_use]
    pub fn half_size(&self) -> DVec2 {
        0.5 * self.size() / DVec2::new(self.intrinsics.fx, self.intrinsics.fy)
    }

    /// The direction, in world axes and not normalised, in which pixel coordinates `pixel` are seen; its view z is 1.
    #[must_use]
    pub fn ray(&self, pixel: DVec2) -> DVec3 {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let in_view = DVec3::new((pixel.x - cx) / fx, (pixel.y - cy) / fy, 1.0);
        self.view_from_world.matrix3.transpose() * in_view
    }

    /// The same camera taking a picture of another size: every ray keeps its place relative to the borders.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let x = f64::from(width) / f64::from(self.width);
        let y = f64::from(height) / f64::from(self.height);
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        Self { intrinsics: Intrinsics { fx: fx * x, fy: fy * y, cx: cx * x, cy: cy * y }, width, height, ..*self }
    }

    /// Refuses cameras that cannot take a picture.
    ///
    /// # Errors
    /// One of [`CameraError`]; a rotation may be off from orthonormal by 1e-3.
    pub fn check(&self) -> Result<(), CameraError> {
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&self.width) || !sides.contains(&self.height) {
            return Err(CameraError::Size { width: self.width, height: self.height });
        }
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let focal_is_good = [fx, fy].iter().all(|f| f.is_finite() && *f > 0.0);
        if !focal_is_good || !cx.is_finite() || !cy.is_finite() {
            return Err(CameraError::Intrinsics(self.intrinsics));
        }
        let rotation = self.view_from_world.matrix3;
        if !self.view_from_world.is_finite() {
            return Err(CameraError::Pose("it holds a value that is not finite".into()));
        }
        if rotation_error(rotation) > 1e-3 || rotation.determinant() < 0.0 {
            return Err(CameraError::Pose(format!("its 3×3 part has determinant {:.4}", rotation.determinant())));
        }
        Ok(())
    }
}

/// How far a matrix is from a rotation or a mirrored one: the largest number of R·Rᵀ − 1.
pub(crate) fn rotation_error(matrix: DMat3) -> f64 {
    let off = (matrix * matrix.transpose() - DMat3::IDENTITY).to_cols_array();
    off.into_iter().map(f64::abs).fold(0.0, f64::max)
}

/// The rotation that is nearest to a matrix that nearly is one: Newton's iteration for the polar decomposition, which from
/// near a rotation doubles the digits each time.
pub(crate) fn nearest_rotation(mut matrix: DMat3) -> DMat3 {
    for _ in 0..6 {
        matrix = (matrix + matrix.inverse().transpose()) * 0.5;
    }
    matrix
}

/// The direction that is up: the mean of the directions in which the tops of all pictures point, or z without cameras.
pub fn up_of<'a>(cameras: impl IntoIterator<Item = &'a Camera>) -> DVec3 {
    let tops = cameras.into_iter().map(|camera| -(camera.view_from_world.matrix3.transpose() * DVec3::Y));
    let up = tops.sum::<DVec3>().normalize_or(DVec3::Z);
    // An axis that is nearly up was most likely meant to be up.
    let near = DVec3::AXES.into_iter().flat_map(|axis| [axis, -axis]).find(|axis| axis.dot(up) > 0.94);
    near.unwrap_or(up)
}

/// The point that the optical axes come closest to; `None` where they are parallel, or too nearly so to tell.
#[must_use]
pub fn focus_of(cameras: &[Camera]) -> Option<DVec3> {
    let (mut matrix, mut vector) = (DMat3::ZERO, DVec3::ZERO);
    for camera in cameras {
        let axis = camera.view_from_world.matrix3.row(2);
        let across = DMat3::IDENTITY - DMat3::from_cols(axis * axis.x, axis * axis.y, axis * axis.z);
        matrix += across;
        vector += across * camera.position();
    }
    // The mean does not depend on the number of cameras; its determinant is at most 8/27.
    let mean = matrix * (1.0 / cameras.len().max(1) as f64);
    (mean.determinant() > 1e-5).then(|| matrix.inverse() * vector)
}

/// The options of drawing: all that a picture depends on besides scene and camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RenderOptions {
    /// A convex with any point at or before this view depth is culled; scene units.
    pub near: f64,
    /// sRGB colour behind everything, in 0..=1.
    pub background: [f32; 3],
    /// Whether borders are made as soft, and small convexes as large and as faint, as a pixel sees them: docs/spec.md §9.
    pub antialias: bool,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { near: NEAR, background: [0.0; 3], antialias: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        Camera::look_at(DVec3::new(1.0, -2.0, 3.0), DVec3::ZERO, DVec3::Z, 50.0, 64, 48)
    }

    #[test]
    fn look_at_puts_the_target_in_the_middle_and_up_upwards() {
        let camera = camera();
        let target = camera.view_from_world.transform_point3(DVec3::ZERO);
        assert!(target.truncate().length() < 1e-12 && (target.z - 14f64.sqrt()).abs() < 1e-12);
        assert!(camera.view_from_world.transform_point3(DVec3::Z).y < 0.0, "y points down");
        assert!((camera.position() - DVec3::new(1.0, -2.0, 3.0)).length() < 1e-12);
        camera.check().unwrap();
    }

    #[test]
    fn a_ray_projects_back_to_its_pixel() {
        let camera = camera();
        let pixel = DVec2::new(10.5, 40.5);
        let seen = camera.view_from_world.transform_point3(camera.position() + 7.0 * camera.ray(pixel));
        let Intrinsics { fx, fy, cx, cy } = camera.intrinsics;
        let back = DVec2::new(fx * seen.x / seen.z + cx, fy * seen.y / seen.z + cy);
        assert!((back - pixel).length() < 1e-9 && (seen.z - 7.0).abs() < 1e-9);
    }

    #[test]
    fn a_camera_relative_to_an_origin_sees_what_it_saw() {
        let origin = DVec3::new(448_262.0, 5_411_932.0, 250.0);
        let far = Camera::look_at(camera().position() + origin, origin, DVec3::Z, 50.0, 64, 48);
        let near = far.relative_to(origin);
        assert!(near.position().distance(camera().position()) < 1e-8);
        assert!(near.view_from_world.abs_diff_eq(camera().view_from_world, 1e-8));
        assert_eq!(camera().relative_to(DVec3::ZERO), camera());
    }

    #[test]
    fn cameras_that_cannot_take_a_picture_are_refused() {
        let mut camera = camera();
        camera.width = 0;
        assert!(matches!(camera.check(), Err(CameraError::Size { .. })));
        camera.width = 64;
        camera.intrinsics.fx = f64::NAN;
        assert!(matches!(camera.check(), Err(CameraError::Intrinsics(_))));
        camera.intrinsics.fx = 1.0;
        camera.view_from_world.matrix3.x_axis *= 2.0;
        assert!(matches!(camera.check(), Err(CameraError::Pose(_))));
    }
}
