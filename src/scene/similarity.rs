//! The similarity between a dataset's world and the one that training happens in, where cameras stand within a fixed
//! radius: rates, thresholds and start values then mean the same for every dataset.

use glam::{DAffine3, DVec3};

use super::Scene;
use crate::camera::Camera;

/// Radius around the mean camera that holds all cameras, with a tenth to spare, in normalised units. It is about that of
/// the captures that the method's published rates were chosen on.
pub const NORMALISED_RADIUS: f64 = 5.0;

/// `p_normalised = scale · (p_world − centre)`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Similarity {
    /// Normalised units per world unit.
    pub scale: f64,
    /// World position of the normalised origin.
    pub centre: [f64; 3],
}

impl Similarity {
    /// Nothing changes.
    pub const IDENTITY: Self = Self { scale: 1.0, centre: [0.0; 3] };

    /// The one that puts cameras around the origin.
    #[must_use]
    pub fn of_cameras(cameras: &[Camera]) -> Self {
        let positions: Vec<DVec3> = cameras.iter().map(Camera::position).collect();
        let centre = positions.iter().sum::<DVec3>() / (positions.len().max(1) as f64);
        let radius = 1.1 * positions.iter().map(|p| p.distance(centre)).fold(0.0, f64::max);
        // A single camera says nothing about scale.
        let scale = if radius > 0.0 && radius.is_finite() { NORMALISED_RADIUS / radius } else { 1.0 };
        Self { scale, centre: centre.to_array() }
    }

    /// Whether it does the same as another one, to a millionth of the radius of the cameras.
    #[must_use]
    pub fn is_near(&self, other: &Self) -> bool {
        let is_scale = (self.scale / other.scale - 1.0).abs() < 1e-6;
        is_scale && self.point(DVec3::from_array(other.centre)).length() < 1e-6 * NORMALISED_RADIUS
    }

    /// A point of the world in normalised units.
    #[must_use]
    pub fn point(&self, world: DVec3) -> DVec3 {
        self.scale * (world - DVec3::from_array(self.centre))
    }

    /// A camera that sees the normalised world as the given one sees the world.
    #[must_use]
    pub fn camera(&self, camera: &Camera) -> Camera {
        let DAffine3 { matrix3, translation } = camera.view_from_world;
        let translation = self.scale * (matrix3 * DVec3::from_array(self.centre) + translation);
        Camera { view_from_world: DAffine3 { matrix3, translation }, ..*camera }
    }

    /// A scene of normalised units in world units: it looks the same, with the near plane moved likewise.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    pub fn to_world(&self, normalised: &Scene) -> Scene {
        let mut scene = normalised.clone();
        for point in scene.params.points.chunks_exact_mut(3) {
            for (value, centre) in point.iter_mut().zip(self.centre) {
                *value = (f64::from(*value) / self.scale + centre) as f32;
            }
        }
        // Depth becomes smaller by the scale, and both factors that it is multiplied by larger.
        let shift = self.scale.ln() as f32;
        let shapes = scene.params.log_delta.iter_mut().chain(&mut scene.params.log_sigma);
        shapes.for_each(|value| *value += shift);
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_stand_within_the_radius_whatever_the_scale() {
        for scale in [0.01, 1.0, 100.0] {
            let place = |x: f64, y: f64| {
                let position = scale * DVec3::new(x + 7.0, y, 3.0);
                Camera::look_at(position, scale * DVec3::new(7.0, 0.0, 0.0), DVec3::Z, 50.0, 64, 48)
            };
            let cameras = [place(1.0, 0.0), place(-1.0, 0.0), place(0.0, 1.0), place(0.0, -1.0)];
            let similarity = Similarity::of_cameras(&cameras);
            assert!(similarity.is_near(&Similarity::of_cameras(&cameras)));
            assert!(!similarity.is_near(&Similarity::of_cameras(&cameras[..3])));
            for camera in &cameras {
                let normalised = similarity.camera(camera);
                normalised.check().unwrap();
                assert!((normalised.position().length() - NORMALISED_RADIUS / 1.1).abs() < 1e-9);
                let point = scale * DVec3::new(6.5, 0.3, -0.2);
                let seen = normalised.view_from_world.transform_point3(similarity.point(point));
                let expected = similarity.scale * camera.view_from_world.transform_point3(point);
                assert!((seen - expected).length() < 1e-9);
            }
        }
    }
}
