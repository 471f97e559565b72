//! The view that a scene opens with: found from the cameras of a capture, and kept in the file of the scene.

use glam::DVec3;

use super::{Extent, NORMALISED_RADIUS, Scene, Similarity};
use crate::camera::{self, Camera};
use crate::real::median;

/// The view that a scene opens with.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StartView {
    /// Position of the camera, world units.
    #[serde(with = "vector")]
    pub position: DVec3,
    /// The point in the middle of the picture that a viewer turns around, world units: what the cameras look at.
    #[serde(with = "vector")]
    pub focus: DVec3,
    /// The direction of up in the world, of length 1.
    #[serde(with = "vector")]
    pub up: DVec3,
    /// The smaller of the horizontal and the vertical field of view, degrees.
    pub fov: f64,
    /// Degrees of the turn about the axis through the focus that the cameras cover, with the position in their middle; 360
    /// where they stand all around, absent where they do not look at one point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arc: Option<f64>,
}

/// Largest length of the mean of the directions of the cameras: they then differ by fourteen degrees. The point that nearly
/// parallel axes come closest to is not reliable.
const MAX_MEAN_DIRECTION: f64 = 0.97;

/// Smallest length of the mean of the optical axes of cameras that look the same way: they differ by some 25 degrees.
const MIN_MEAN_AXIS: f64 = 0.9;

/// Cameras that leave out more than this of the turn, degrees, stand on one side.
const ONE_SIDED_GAP: f64 = 150.0;

/// Part of the corners that have to lie among the cameras, so that they show where the subject is.
const MIN_SUBJECT: f64 = 0.1;

/// Field of view and elevation of a view that no camera decides, degrees.
const FOV: f64 = 40.0;
const ELEVATION: f64 = 25.0;

impl StartView {
    /// The view of a capture: the focus is the point that the cameras look at, or, where they look the same way, what the
    /// scene holds before them; position and field of view are the median of the cameras. Cameras that look outwards give the
    /// view of the middle one. `None` without cameras, and where the scene holds nothing that would tell the distance.
    #[must_use]
    pub fn of_cameras(cameras: &[Camera], scene: &Scene) -> Option<Self> {
        let directions =
            |focus: DVec3| cameras.iter().map(move |camera| (camera.position() - focus).normalize_or_zero());
        let count = cameras.len() as f64;
        if let Some(focus) = camera::focus_of(cameras) {
            // Near the middle of the picture.
            let sees = |camera: &&Camera| {
                let seen = camera.view_from_world.transform_point3(focus);
                seen.z > 0.7 * seen.length()
            };
            let num_seeing = cameras.iter().filter(sees).count() as f64;
            let is_reliable = directions(focus).sum::<DVec3>().length() <= MAX_MEAN_DIRECTION * count;
            if num_seeing >= 0.9 * count && is_reliable {
                return Self::around(focus, cameras);
            }
        }
        let middle = middle_of(cameras)?;
        let depth = median_depth(scene, middle)?;
        let axis = |camera: &Camera| camera.view_from_world.matrix3.row(2);
        let mean_axis = cameras.iter().map(axis).sum::<DVec3>() / count;
        let mean_position = cameras.iter().map(Camera::position).sum::<DVec3>() / count;
        if mean_axis.length() >= MIN_MEAN_AXIS {
            return Self::around(mean_position + depth * mean_axis.normalize_or(axis(middle)), cameras);
        }
        let position = middle.position();
        let (focus, up) = (position + depth * axis(middle), camera::up_of(cameras));
        Some(Self { position, focus, up, fov: fov_of(middle), arc: None })
    }

    /// The view of cameras around a point, at their median distance, elevation and field of view.
    fn around(focus: DVec3, cameras: &[Camera]) -> Option<Self> {
        let up = camera::up_of(cameras);
        let offset = |camera: &Camera| camera.position() - focus;
        let middle = |of: &dyn Fn(&Camera) -> f64| median(cameras.iter().map(of));
        let radius = middle(&|camera| offset(camera).length())?;
        let elevation = middle(&|camera| offset(camera).normalize_or_zero().dot(up).clamp(-1.0, 1.0).asin())?;
        let fov = middle(&fov_of)?;
        let offsets: Vec<DVec3> = cameras.iter().map(offset).collect();
        let (front, arc) = front_and_arc(&offsets, up);
        let (above, level) = elevation.sin_cos();
        let position = focus + radius * (level * front + above * up);
        Some(Self { position, focus, up, fov, arc: Some(arc) })
    }

    /// The view of a trained scene whose cameras are not known: they stood within a radius around a centre, and what lies in there
    /// fills the picture, z up. `None` where hardly anything does.
    #[must_use]
    pub fn of_training(scene: &Scene, normalised_from_world: &Similarity) -> Option<Self> {
        let centre = DVec3::from_array(normalised_from_world.centre);
        let reach = NORMALISED_RADIUS / normalised_from_world.scale;
        let every = (scene.params.points.len() / 3 / 100_000).max(1);
        let point = |p: &[f32]| scene.origin + DVec3::new(p[0].into(), p[1].into(), p[2].into());
        let points: Vec<DVec3> = scene.params.points.chunks_exact(3).step_by(every).map(point).collect();
        let within: Vec<DVec3> = points.iter().copied().filter(|point| point.distance(centre) < reach).collect();
        if within.is_empty() || (within.len() as f64) < MIN_SUBJECT * points.len() as f64 {
            return None;
        }
        let extent = Extent::of_points(within);
        let (above, level) = ELEVATION.to_radians().sin_cos();
        let distance = extent.radius() / (FOV.to_radians() / 2.0).sin();
        let position = extent.centre() + distance * DVec3::new(level, 0.0, above);
        Some(Self { position, focus: extent.centre(), up: DVec3::Z, fov: FOV, arc: Some(360.0) })
    }

    /// The camera of this view for a picture of this size, pixels.
    #[must_use]
    pub fn camera(&self, width: u32, height: u32) -> Camera {
        let focal = f64::from(width.min(height)) / (2.0 * (self.fov.to_radians() / 2.0).tan());
        let forward = (self.focus - self.position).normalize_or(DVec3::X);
        let up = if forward.cross(self.up).length() > 1e-6 { self.up } else { forward.any_orthonormal_vector() };
        Camera::look_at(self.position, self.focus, up, focal, width, height)
    }

    /// The view after a similarity of the world: every point `p` moves to `moved(p)`; `rotated` turns directions.
    #[must_use]
    pub fn moved(&self, moved: impl Fn(DVec3) -> DVec3, rotated: impl Fn(DVec3) -> DVec3) -> Self {
        let up = rotated(self.up).normalize_or(self.up);
        Self { position: moved(self.position), focus: moved(self.focus), up, ..*self }
    }

    /// Refuses a view that no camera can take.
    ///
    /// # Errors
    /// A sentence with what was expected.
    pub fn check(&self) -> Result<(), String> {
        let Self { position, focus, up, fov, arc } = *self;
        let is_finite = [position, focus].iter().all(|place| place.as_vec3().is_finite());
        let is_direction = (up.length() - 1.0).abs() < 1e-3;
        let is_angle = (0.1..=179.0).contains(&fov) && arc.is_none_or(|arc| (0.0..=360.0).contains(&arc));
        let is_good = is_finite && is_direction && is_angle && position.distance(focus) > 0.0;
        is_good.then_some(()).ok_or_else(|| {
            "expected `position` and `focus` at two finite places, `up` of length 1, `fov` from 0.1 to 179 and `arc` from 0 to \
             360 degrees"
                .to_owned()
        })
    }
}

/// The smaller field of view of a camera, degrees.
fn fov_of(camera: &Camera) -> f64 {
    (2.0 * camera.half_size().min_element().atan()).to_degrees()
}

/// The camera that stands nearest to the middle of all.
fn middle_of(cameras: &[Camera]) -> Option<&Camera> {
    let mean = cameras.iter().map(Camera::position).sum::<DVec3>() / cameras.len().max(1) as f64;
    let distance = |camera: &Camera| camera.position().distance_squared(mean);
    cameras.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// The median view depth of what a camera sees of a scene, without regard to what hides what.
fn median_depth(scene: &Scene, camera: &Camera) -> Option<f64> {
    let width = (3 * scene.points_per_convex).max(3);
    let every = (scene.len() / 100_000).max(1);
    let depth =
        |row: &[f32]| camera.depth_in_picture(scene.origin + DVec3::new(row[0].into(), row[1].into(), row[2].into()));
    let rows = scene.params.points.chunks_exact(width).step_by(every);
    median(rows.filter_map(depth)).filter(|depth| depth.is_finite())
}

/// The level direction to the middle of cameras around an axis, and the degrees of the turn that they cover.
fn front_and_arc(offsets: &[DVec3], up: DVec3) -> (DVec3, f64) {
    let (x, y) = up.any_orthonormal_pair();
    let mut turns: Vec<f64> = offsets.iter().map(|offset| offset.dot(y).atan2(offset.dot(x)).to_degrees()).collect();
    turns.sort_by(f64::total_cmp);
    let following = turns.iter().skip(1).copied().chain(turns.first().map(|first| first + 360.0));
    let gaps = turns.iter().zip(following).map(|(turn, next)| (next, next - turn));
    let (after, gap) = gaps.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, 0.0));
    if gap > ONE_SIDED_GAP {
        let arc = 360.0 - gap;
        let (sin, cos) = (after + arc / 2.0).to_radians().sin_cos();
        return (cos * x + sin * y, arc.max(0.0));
    }
    let mean: DVec3 = offsets.iter().map(|offset| offset.normalize_or_zero()).sum();
    (mean.reject_from(up).try_normalize().unwrap_or(x), 360.0)
}

/// A vector as three numbers.
mod vector {
    use glam::DVec3;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(vector: &DVec3, serializer: S) -> Result<S::Ok, S::Error> {
        vector.to_array().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DVec3, D::Error> {
        <[f64; 3]>::deserialize(deserializer).map(DVec3::from_array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Params;

    /// Triangles at these places.
    fn scene(places: &[DVec3]) -> Scene {
        let mut scene = Scene::empty(3, 0);
        for place in places {
            let points = place.as_vec3().to_array().repeat(3);
            scene.push(Params {
                points: &points,
                log_delta: &[0.0],
                log_sigma: &[0.0],
                raw_opacity: &[0.0],
                sh: &[0.0; 48],
            });
        }
        scene
    }

    /// Cameras that look at a point from a distance of 4, at these degrees of the turn about z.
    fn cameras(focus: DVec3, turns: impl Iterator<Item = f64>) -> Vec<Camera> {
        let at = |turn: f64| focus + 4.0 * DVec3::new(turn.to_radians().cos(), turn.to_radians().sin(), 0.0);
        turns.map(|turn| Camera::look_at(at(turn), focus, DVec3::Z, 50.0, 64, 48)).collect()
    }

    #[test]
    fn the_view_is_that_of_cameras_around_a_point() {
        let focus = DVec3::new(1.0, 2.0, 3.0);
        let view = StartView::of_cameras(&cameras(focus, (0..12).map(|i| 30.0 * f64::from(i))), &scene(&[])).unwrap();
        assert!(view.focus.distance(focus) < 1e-9 && view.up == DVec3::Z && view.arc == Some(360.0), "{view:?}");
        assert!((view.position.distance(focus) - 4.0).abs() < 1e-9);
        view.check().unwrap();
        let seen = view.camera(64, 48).view_from_world.transform_point3(focus);
        assert!(seen.distance(4.0 * DVec3::Z) < 1e-9, "{seen}");
    }

    #[test]
    fn cameras_on_one_side_leave_an_arc_with_the_position_in_its_middle() {
        // Behind the place where the angle jumps from 180 to -180 degrees.
        let view =
            StartView::of_cameras(&cameras(DVec3::ZERO, (0..8).map(|i| 130.0 + 20.0 * f64::from(i))), &scene(&[]));
        let view = view.unwrap();
        assert!((view.arc.unwrap() - 140.0).abs() < 1e-6, "{view:?}");
        let turn = view.position.y.atan2(view.position.x).to_degrees();
        assert!((turn + 160.0).abs() < 1e-6, "{turn}");
    }

    #[test]
    fn what_is_before_parallel_cameras_is_their_focus() {
        let row: Vec<Camera> = (-2..=2)
            .map(|x| DVec3::new(0.1 * f64::from(x), 0.0, 0.0))
            .map(|at| Camera::look_at(at, at + DVec3::Y, DVec3::Z, 50.0, 64, 48))
            .collect();
        let places = [1.0, 5.0, 9.0].map(|y| DVec3::new(0.0, y, 0.0));
        let view = StartView::of_cameras(&row, &scene(&places)).unwrap();
        assert!(view.focus.distance(DVec3::new(0.0, 5.0, 0.0)) < 1e-6, "{view:?}");
        assert!(view.arc.unwrap() < 10.0);
        assert_eq!(StartView::of_cameras(&row, &scene(&[])), None, "nothing tells the distance");
        assert_eq!(StartView::of_cameras(&[], &scene(&places)), None);
    }

    #[test]
    fn cameras_that_look_outwards_give_the_view_of_the_middle_one() {
        let outwards: Vec<Camera> = cameras(DVec3::ZERO, (0..12).map(|i| 30.0 * f64::from(i)))
            .iter()
            .map(|camera| Camera::look_at(camera.position(), 2.0 * camera.position(), DVec3::Z, 50.0, 64, 48))
            .collect();
        let wall: Vec<DVec3> = outwards.iter().map(|camera| 3.0 * camera.position()).collect();
        let view = StartView::of_cameras(&outwards, &scene(&wall)).unwrap();
        assert!(view.arc.is_none() && (view.focus.length() - 12.0).abs() < 1e-4, "{view:?}");
    }

    #[test]
    fn a_shell_far_away_is_no_part_of_a_training_without_cameras() {
        let near = (0..50).map(|i| DVec3::new(f64::from(i) / 50.0, 0.0, 0.0));
        let far = (0..50).map(|i| 1000.0 * DVec3::new(f64::from(i).cos(), f64::from(i).sin(), 0.0));
        let scene = scene(&near.chain(far).collect::<Vec<_>>());
        let similarity = Similarity { scale: 1.0, centre: [0.0; 3] };
        let view = StartView::of_training(&scene, &similarity).unwrap();
        assert!(view.focus.length() < 1.0 && view.position.length() < 5.0, "{view:?}");
        view.check().unwrap();
        let elsewhere = Similarity { scale: 1.0, centre: [0.0, 0.0, 100.0] };
        assert_eq!(StartView::of_training(&scene, &elsewhere), None);
    }

    #[test]
    fn views_that_are_none_are_refused() {
        let good = StartView { position: DVec3::X, focus: DVec3::ZERO, up: DVec3::Z, fov: 40.0, arc: None };
        good.check().unwrap();
        for wrong in [
            StartView { position: DVec3::ZERO, ..good },
            StartView { focus: DVec3::splat(1e300), ..good },
            StartView { up: DVec3::ZERO, ..good },
            StartView { fov: 180.0, ..good },
            StartView { arc: Some(-1.0), ..good },
            StartView { position: DVec3::NAN, ..good },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
