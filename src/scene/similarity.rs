//! The similarity between a dataset's world and the one that training happens in, where cameras stand within a fixed
//! radius: rates, thresholds and start values then mean the same for every dataset.

use glam::{DAffine3, DVec3};

use super::{CameraLayout, Scene, SceneError};
use crate::camera::Camera;

/// Radius around the mean camera that holds all cameras, with a tenth to spare, in normalised units. It is about that of
/// the captures that the method's published rates were chosen on.
pub const NORMALISED_RADIUS: f64 = 5.0;

/// A centre that is farther from the origin of the world than so many radii is far. At this distance a step of f32 is a
/// hundred-thousandth of the radius, hardly a hundredth of a pixel.
const FAR: f64 = 100.0;

/// `p_normalised = scale · (p_world − centre)`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Similarity {
    /// Normalised units per world unit.
    pub scale: f64,
    /// World position of the normalised origin.
    pub centre: [f64; 3],
}

impl Similarity {
    /// The similarity that changes nothing.
    pub const IDENTITY: Self = Self { scale: 1.0, centre: [0.0; 3] };

    /// The similarity that puts cameras around the origin. Where all stand at one place, the distance of the points that they
    /// see gives the scale; without points it is 1.
    #[must_use]
    pub fn of_layout(layout: &CameraLayout) -> Self {
        let CameraLayout { centre, radius, depth, .. } = *layout;
        let reach = if layout.is_one_place() { depth.unwrap_or(NORMALISED_RADIUS) } else { 1.1 * radius };
        Self { scale: NORMALISED_RADIUS / reach, centre: centre.to_array() }
    }

    /// Refuses a similarity that shaders and files cannot hold.
    ///
    /// # Errors
    /// A sentence with the similarity.
    #[expect(clippy::cast_possible_truncation, reason = "that is the question")]
    pub fn check(&self) -> Result<(), String> {
        let Self { scale, centre } = self;
        let is_scale = *scale > 0.0 && [*scale, scale.recip()].iter().all(|scale| (*scale as f32).is_normal());
        let is_good = is_scale && DVec3::from_array(*centre).as_vec3().is_finite();
        is_good.then_some(()).ok_or_else(|| {
            format!(
                "expected a positive scale and a centre that 32-bit numbers can hold, found {scale:?} and {centre:?}"
            )
        })
    }

    /// World position that scenes are stored relative to: the centre, rounded to f32 so that every file can hold it, where
    /// the centre is so many radii from the origin of the world that f32 has too few digits for places; else zero.
    #[must_use]
    pub fn origin(&self) -> DVec3 {
        let centre = DVec3::from_array(self.centre);
        let is_far = self.scale * centre.length() > FAR * NORMALISED_RADIUS;
        if is_far { centre.as_vec3().as_dvec3() } else { DVec3::ZERO }
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

    /// A scene of world units in normalised units. This is the inverse of [`Self::to_world`].
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    pub fn from_world(&self, world: &Scene) -> Scene {
        let mut scene = world.clone();
        scene.origin = DVec3::ZERO;
        let offset = (world.origin - DVec3::from_array(self.centre)).to_array();
        for point in scene.params.points.chunks_exact_mut(3) {
            for (value, offset) in point.iter_mut().zip(offset) {
                *value = (self.scale * (f64::from(*value) + offset)) as f32;
            }
        }
        let shift = self.shift();
        let shapes = scene.params.log_delta.iter_mut().chain(&mut scene.params.log_sigma);
        shapes.for_each(|value| *value -= shift);
        scene
    }

    /// A scene of normalised units in world units, relative to [`Self::origin`]: it looks the same, with the near plane moved
    /// in the same way.
    #[must_use]
    pub fn to_world(&self, normalised: &Scene) -> Scene {
        let mut scene = normalised.clone();
        scene.origin = self.origin();
        for point in scene.params.points.chunks_exact_mut(3) {
            for (value, offset) in point.iter_mut().zip(self.offset()) {
                *value = self.coordinate(*value, offset);
            }
        }
        let shift = self.shift();
        let shapes = scene.params.log_delta.iter_mut().chain(&mut scene.params.log_sigma);
        shapes.for_each(|value| *value += shift);
        scene
    }

    /// Refuses a scene of normalised units that is not finite in world units.
    ///
    /// # Errors
    /// [`SceneError::NotFiniteInWorld`] with the first such value.
    pub fn check_in_world(&self, normalised: &Scene) -> Result<(), SceneError> {
        let fault = |name: &'static str, convex: usize, value: f32| {
            Err(SceneError::NotFiniteInWorld { name, convex, value: format!("{value:e}") })
        };
        let params = &normalised.params;
        let offsets = self.offset().into_iter().cycle();
        let mut places = params.points.iter().zip(offsets).enumerate();
        if let Some((at, (value, _))) =
            places.find(|(_, (value, offset))| !self.coordinate(**value, *offset).is_finite())
        {
            return fault("points", at / normalised.row_widths().points, *value);
        }
        for (name, values) in [("log_delta", &params.log_delta), ("log_sigma", &params.log_sigma)] {
            if let Some(convex) = values.iter().position(|value| !(value + self.shift()).is_finite()) {
                return fault(name, convex, values[convex]);
            }
        }
        Ok(())
    }

    /// The centre relative to the origin, world units.
    pub(crate) fn offset(&self) -> [f64; 3] {
        (DVec3::from_array(self.centre) - self.origin()).to_array()
    }

    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    fn coordinate(&self, normalised: f32, offset: f64) -> f32 {
        (f64::from(normalised) / self.scale + offset) as f32
    }

    /// The number that is added to the logarithms of delta and sigma in world units: depth becomes smaller by the scale, and both factors
    /// that it is multiplied by larger.
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    pub(crate) fn shift(&self) -> f32 {
        self.scale.ln() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Params;

    #[test]
    fn cameras_stand_within_the_radius_whatever_the_scale() {
        for scale in [0.01, 1.0, 100.0] {
            let place = |x: f64, y: f64| {
                let position = scale * DVec3::new(x + 7.0, y, 3.0);
                Camera::look_at(position, scale * DVec3::new(7.0, 0.0, 0.0), DVec3::Z, 50.0, 64, 48)
            };
            let cameras = [place(1.0, 0.0), place(-1.0, 0.0), place(0.0, 1.0), place(0.0, -1.0)];
            let of = |cameras: &[Camera]| Similarity::of_layout(&CameraLayout::of(cameras, &[]));
            let similarity = of(&cameras);
            assert!(similarity.is_near(&of(&cameras)));
            assert!(!similarity.is_near(&of(&cameras[..3])));
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

    #[test]
    fn cameras_at_one_place_are_scaled_by_what_they_see() {
        let look = |i: u32| {
            let (sine, cosine) = f64::from(i).sin_cos();
            let place = DVec3::new(5.0 + 1e-7 * sine, 1e-7 * cosine, 1.0);
            Camera::look_at(place, place + DVec3::new(cosine, sine, 0.1), DVec3::Z, 50.0, 64, 48)
        };
        let cameras: Vec<Camera> = (0..9).map(look).collect();
        let of = |points: &[DVec3]| Similarity::of_layout(&CameraLayout::of(&cameras, points));
        assert_eq!((of(&[]).scale, of(&[]).origin()), (1.0, DVec3::ZERO));
        assert!((of(&[DVec3::new(5.0, 40.0, 1.0)]).scale - NORMALISED_RADIUS / 40.0).abs() < 1e-6);
    }

    #[test]
    fn far_scenes_are_relative_to_an_origin_and_near_ones_are_not() {
        let mut scene = Scene::empty(3, 0);
        let points = [0.1, -4.0, 0.333, 1.0, 2.0, 3.0, -5.0, 1e-3, 0.0];
        scene.push(Params {
            points: &points,
            log_delta: &[1.0],
            log_sigma: &[2.0],
            raw_opacity: &[0.0],
            sh: &[0.0; 48],
        });
        let near = Similarity { scale: 0.25, centre: [30.0, -20.0, 10.0] };
        let far = Similarity { centre: [448_262.123, 5_411_932.7, 250.4], ..near };
        assert_eq!(
            (near.origin(), far.origin()),
            (DVec3::ZERO, DVec3::new(448_262.125, 5_411_932.5, 250.399_993_896_484_38))
        );
        for similarity in [near, far] {
            let world = similarity.to_world(&scene);
            for k in 0..3 {
                let place = world.origin + DVec3::from(world.point(0, k).map(f64::from));
                let normalised = DVec3::from(scene.point(0, k).map(f64::from));
                assert!(similarity.point(place).distance(normalised) < 1e-5, "{place}");
            }
            let back = similarity.from_world(&world);
            assert_eq!((back.origin, back.len()), (DVec3::ZERO, 1));
            let params = |scene: &Scene| [scene.params.points.clone(), scene.params.log_delta.clone()].concat();
            assert!(params(&back).iter().zip(params(&scene)).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn values_that_are_not_finite_in_the_world_are_refused_with_their_name() {
        let similarity = Similarity { scale: 0.1, centre: [0.0; 3] };
        let mut scene = Scene::empty(3, 0);
        for value in [1.0, 3e38] {
            let row = Params {
                points: &[value; 9][..],
                log_delta: &[0.0],
                log_sigma: &[0.0],
                raw_opacity: &[0.0],
                sh: &[0.0; 48],
            };
            scene.push(row);
        }
        let message = similarity.check_in_world(&scene).unwrap_err().to_string();
        assert_eq!(message, "`points` of convex 1 is 3e38, which is not finite in world units");
        assert_eq!(similarity.check_in_world(&scene.gather(&[0])), Ok(()));
        for scale in [0.0, -1.0, 1e-320, 1e-39, 1e39, f64::NAN, f64::INFINITY] {
            assert!(Similarity { scale, ..similarity }.check().is_err(), "{scale}");
        }
        assert!(Similarity { centre: [0.0, 1e39, 0.0], ..similarity }.check().is_err());
    }
}
