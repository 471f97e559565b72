//! The position and orientation of the camera of the window.

use glam::{DAffine3, DMat3, DQuat, DVec3};

use crate::camera::{Camera, Intrinsics};

/// The position and orientation of a camera. The axes of the view are x right, y down, z forward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// The position, in world units.
    pub position: DVec3,
    /// The rotation `world_from_view`.
    pub orientation: DQuat,
    /// The distance of the pivot in front of the camera, in world units.
    pub distance: f64,
    /// The vertical field of view, in radians.
    pub fov_y: f64,
}

impl Pose {
    /// Returns a pose that looks at `pivot` from `direction · distance`, with `up` upwards.
    #[must_use]
    pub fn look_at(pivot: DVec3, direction: DVec3, distance: f64, up: DVec3, fov_y: f64) -> Self {
        let forward = -direction.normalize_or(DVec3::X);
        Self { position: pivot - forward * distance, orientation: facing(forward, up), distance, fov_y }
    }

    /// Returns the pose of a camera, with the pivot at `distance`.
    #[must_use]
    pub fn of_camera(camera: &Camera, distance: f64) -> Self {
        let orientation = DQuat::from_mat3(&camera.view_from_world.matrix3).inverse().normalize();
        let fov_y = 2.0 * camera.half_size().y.atan();
        Self { position: camera.position(), orientation, distance, fov_y }
    }

    /// Returns the camera for a picture of this size, with square pixels and the principal point in the middle.
    #[must_use]
    pub fn camera(&self, width: u32, height: u32) -> Camera {
        let view_from_world = DMat3::from_quat(self.orientation.inverse());
        let focal = f64::from(height) / (2.0 * (self.fov_y / 2.0).tan());
        Camera {
            view_from_world: DAffine3::from_mat3_translation(view_from_world, -(view_from_world * self.position)),
            intrinsics: Intrinsics { fx: focal, fy: focal, cx: f64::from(width) / 2.0, cy: f64::from(height) / 2.0 },
            width,
            height,
        }
    }

    /// The direction of the view in the world.
    #[must_use]
    pub fn forward(&self) -> DVec3 {
        self.orientation * DVec3::Z
    }

    /// The direction to the right of the picture in the world.
    #[must_use]
    pub fn right(&self) -> DVec3 {
        self.orientation * DVec3::X
    }

    /// The direction to the top of the picture in the world.
    #[must_use]
    pub fn up(&self) -> DVec3 {
        self.orientation * DVec3::NEG_Y
    }

    /// The point that the camera turns around, in world units.
    #[must_use]
    pub fn pivot(&self) -> DVec3 {
        self.position + self.forward() * self.distance
    }

    /// Returns the pose at a part 0..=1 of the way to another.
    #[must_use]
    pub fn towards(&self, other: &Self, part: f64) -> Self {
        let (a, b) = (self.distance.max(1e-9).ln(), other.distance.max(1e-9).ln());
        Self {
            position: self.position.lerp(other.position, part),
            orientation: self.orientation.slerp(other.orientation, part).normalize(),
            distance: (a + (b - a) * part).exp(),
            fov_y: self.fov_y + (other.fov_y - self.fov_y) * part,
        }
    }

    /// Returns the pose after a rotation about an axis through `centre`.
    pub(crate) fn turned(self, turn: DQuat, centre: DVec3) -> Self {
        Self {
            position: centre + turn * (self.position - centre),
            orientation: (turn * self.orientation).normalize(),
            ..self
        }
    }
}

/// Returns an orientation that looks along `forward` with `up` upwards in the picture.
pub(crate) fn facing(forward: DVec3, up: DVec3) -> DQuat {
    let right = forward.cross(up).try_normalize().unwrap_or_else(|| forward.any_orthonormal_vector());
    DQuat::from_mat3(&DMat3::from_cols(right, forward.cross(right), forward)).normalize()
}
