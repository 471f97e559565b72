//! The learning rate of the points where none is given: it follows from how large the pictures show what they show.

use glam::DVec3;

use super::begin::similarity_of;
use super::warnings::every;
use super::{TrainError, TrainOptions};
use crate::camera::{Camera, focus_of};
use crate::dataset::{Dataset, Split};
use crate::real::median;
use crate::scene::NORMALISED_RADIUS;

/// Learning rates at the beginning and at the end, over half the side of a picture at the depth of what it shows. Source:
/// docs/archive/rates.md.
const PER_HALF_SIDE: [f64; 2] = [1.0e-3, 1.0e-5];

/// Half sides within which the rates follow them, normalised units.
const HALF_SIDES: [f64; 2] = [0.1, 100.0];

/// Views and points that are looked at.
const VIEWS: usize = 64;
const POINTS: usize = 4000;

/// Fewest points of a picture that tell its depth.
const FEWEST: usize = 8;

impl TrainOptions {
    /// The learning rate of the points for a dataset, at the beginning and at the end, normalised units per step: a part of
    /// half the side of a picture at the depth of what it shows, so that a step is as large in the pictures of every dataset.
    /// `None` for a strategy with rates of its own.
    ///
    /// # Errors
    /// [`TrainError`] when there is no view to train on, or the cameras cannot be normalised.
    #[expect(clippy::cast_possible_truncation, reason = "rates are stored in f32")]
    pub fn automatic_points_rate(&self, dataset: &Dataset) -> Result<Option<[f32; 2]>, TrainError> {
        if !self.strategy.strategy().aims_at_budget() {
            return Ok(None);
        }
        let similarity = similarity_of(dataset)?;
        let views: Vec<usize> = dataset.indices(Split::Train).collect();
        let cameras: Vec<Camera> =
            every(VIEWS, &views).map(|view| similarity.camera(&dataset.views[*view].camera)).collect();
        let points: Vec<DVec3> =
            every(POINTS, &dataset.points).map(|point| similarity.point(DVec3::from_array(point.position))).collect();
        let [least, most] = HALF_SIDES;
        let half_side = half_side(&cameras, &points).clamp(least, most);
        Ok(Some(PER_HALF_SIDE.map(|part| (part * half_side) as f32)))
    }
}

/// Half the side of a picture at the depth of what it shows, the median of the cameras, normalised units: the depth of its
/// points, else that of the place where the cameras look.
fn half_side(cameras: &[Camera], points: &[DVec3]) -> f64 {
    let focus = focus_of(cameras);
    let of_camera = |camera: &Camera| {
        let depth = depth_of_points(camera, points).or_else(|| {
            let depth = camera.view_from_world.transform_point3(focus?).z;
            (depth > 0.0).then_some(depth)
        });
        let half = camera.half_size();
        Some(depth? * (half.x * half.y).sqrt())
    };
    median(cameras.iter().filter_map(of_camera)).unwrap_or(NORMALISED_RADIUS)
}

/// The median depth of the points in a picture, where there are enough.
fn depth_of_points(camera: &Camera, points: &[DVec3]) -> Option<f64> {
    let depths: Vec<f64> = points.iter().filter_map(|point| camera.depth_in_picture(*point)).collect();
    if depths.len() < FEWEST { None } else { median(depths.into_iter()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cameras on a circle of radius 4 around a place, pictures twice as wide as high, 90 degrees across.
    fn ring(target: DVec3) -> Vec<Camera> {
        let camera = |i: i32| {
            let (sine, cosine) = f64::from(i).sin_cos();
            Camera::look_at(target + 4.0 * DVec3::new(cosine, sine, 0.0), target, DVec3::Z, 40.0, 80, 40)
        };
        (0..6).map(camera).collect()
    }

    #[test]
    fn without_points_the_place_where_cameras_look_tells_the_size() {
        let found = half_side(&ring(DVec3::new(1.0, 2.0, 3.0)), &[]);
        assert!((found - 4.0 * 0.5f64.sqrt()).abs() < 1e-9, "{found}");
    }

    #[test]
    fn points_tell_it_better_and_few_points_nothing() {
        let target = DVec3::new(1.0, 2.0, 3.0);
        let cameras = ring(target);
        // Every camera looks at what lies below the circle's middle, twice as far along its axis as the middle itself.
        let outward: Vec<DVec3> = cameras.iter().map(|camera| target - (camera.position() - target)).collect();
        let many: Vec<DVec3> = outward.iter().flat_map(|place| vec![*place; FEWEST]).collect();
        let found = half_side(&cameras, &many);
        assert!(found > 4.5 * 0.5f64.sqrt(), "{found}");
        assert!((half_side(&cameras, &many[..FEWEST - 1]) - 4.0 * 0.5f64.sqrt()).abs() < 1e-9, "few points");
    }

    #[test]
    fn cameras_that_look_along_one_direction_without_points_get_the_radius() {
        let camera = |i: i32| {
            let place = DVec3::new(f64::from(i), 0.0, 0.0);
            Camera::look_at(place, place + DVec3::Y, DVec3::Z, 40.0, 80, 40)
        };
        let found = half_side(&(0..3).map(camera).collect::<Vec<_>>(), &[]);
        assert!((found - NORMALISED_RADIUS).abs() < 1e-9, "{found}");
    }
}
