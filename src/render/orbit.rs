//! A turntable: cameras on a circle, or on an arc of it, that look at the middle of a scene.

use std::f64::consts::TAU;

use glam::DVec3;

use crate::camera::{self, Camera};
use crate::scene::{Extent, Scene, StartView};

/// A circle around a scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orbit {
    /// The point that every camera looks at, world units.
    pub centre: DVec3,
    /// The axis that it goes round, of length 1.
    pub up: DVec3,
    /// The direction from the centre to the first camera; its part along the axis does not count. `None` for any direction.
    pub front: Option<DVec3>,
    /// Distance of the cameras from the centre, world units; `None` for the smallest that shows the whole scene.
    pub radius: Option<f64>,
    /// How far above the centre the cameras stand, degrees.
    pub elevation: f64,
    /// The smaller of the horizontal and the vertical field of view, degrees.
    pub fov: f64,
    /// Degrees of the turn that the cameras stand on, with the front in their middle; 360 for all around.
    pub arc: f64,
    /// The extent that fills the pictures.
    pub extent: Extent,
}

impl Orbit {
    /// An orbit around nearly all points of a scene.
    #[must_use]
    pub fn of_scene(scene: &Scene, up: DVec3) -> Self {
        let extent = Extent::of_corners(scene);
        let up = up.normalize_or(DVec3::Z);
        Self { centre: extent.centre(), up, front: None, radius: None, elevation: 25.0, fov: 40.0, arc: 360.0, extent }
    }

    /// The orbit of [`Self::of_cameras`], or one around the scene, with up where the tops of the pictures point.
    #[must_use]
    pub fn of(cameras: &[Camera], scene: &Scene) -> Self {
        Self::of_cameras(cameras, scene).unwrap_or_else(|| Self::of_scene(scene, camera::up_of(cameras)))
    }

    /// An orbit along the cameras of a capture: around the point that they look at, beginning in the middle of them, at their
    /// median distance, elevation and field of view. `None` where they look at no point.
    #[must_use]
    pub fn of_cameras(cameras: &[Camera], scene: &Scene) -> Option<Self> {
        let view = StartView::of_cameras(cameras, scene)?;
        view.arc.map(|_| Self::of_view(&view, scene))
    }

    /// The orbit that goes through a start view, or one around the scene where its cameras look at no point.
    #[must_use]
    pub fn of_view(view: &StartView, scene: &Scene) -> Self {
        let StartView { position, focus, up, fov, arc } = *view;
        let Some(arc) = arc else { return Self::of_scene(scene, up) };
        let offset = position - focus;
        Self {
            centre: focus,
            up,
            front: Some(offset.normalize_or_zero()),
            radius: Some(offset.length()),
            elevation: offset.normalize_or_zero().dot(up).clamp(-1.0, 1.0).asin().to_degrees(),
            fov,
            arc: arc.max(MIN_ARC),
            extent: Extent::of_corners(scene),
        }
    }

    /// Whether it leaves a side of the scene out.
    #[must_use]
    pub fn is_arc(&self) -> bool {
        self.arc < 360.0
    }

    /// `count` cameras, evenly once round, or along the arc from its one end to the other, for pictures of this size in pixels.
    /// Seen from above they go anticlockwise. One camera stands in front.
    #[must_use]
    pub fn cameras(&self, count: u32, width: u32, height: u32) -> Vec<Camera> {
        let focal = f64::from(width.min(height)) / (2.0 * (self.fov.to_radians() / 2.0).tan());
        let at = |direction: DVec3, radius: f64| {
            Camera::look_at(self.centre + radius * direction, self.centre, self.picture_up(), focal, width, height)
        };
        let directions: Vec<DVec3> = (0..count).map(|i| self.direction(self.turn(i, count))).collect();
        let fitting = || {
            let distances = directions.iter().map(|direction| self.fitting_distance(&at(*direction, 1.0)));
            distances.fold(self.extent.radius() * 0.05, f64::max)
        };
        let radius = self.radius.unwrap_or_else(fitting);
        directions.into_iter().map(|direction| at(direction, radius)).collect()
    }

    /// The part of the whole turn that camera `i` of `count` stands at; 0 is in front.
    fn turn(&self, i: u32, count: u32) -> f64 {
        if !self.is_arc() {
            return f64::from(i) / f64::from(count);
        }
        let along = if count > 1 { f64::from(i) / f64::from(count - 1) } else { 0.5 };
        (along - 0.5) * self.arc / 360.0
    }

    /// The direction from the centre to a camera, after a part of the whole turn.
    fn direction(&self, turn: f64) -> DVec3 {
        let across = self.front.unwrap_or(DVec3::ZERO).reject_from(self.up);
        let front = across.try_normalize().unwrap_or_else(|| self.up.any_orthonormal_vector());
        let (sin, cos) = (turn * TAU).sin_cos();
        let (up, level) = self.elevation.to_radians().sin_cos();
        level * (cos * front + sin * self.up.cross(front)) + up * self.up
    }

    /// The up direction of the pictures: the axis, or another direction where the cameras look along the axis.
    fn picture_up(&self) -> DVec3 {
        if self.elevation.abs() < 89.9 { self.up } else { self.up.any_orthonormal_vector() }
    }

    /// The distance from which a camera that looks at the centre sees every corner of the extent's box.
    fn fitting_distance(&self, camera: &Camera) -> f64 {
        let Extent { low, high } = self.extent;
        let corner = |i: usize| {
            let side = |axis: usize| if i >> axis & 1 == 0 { low[axis] } else { high[axis] };
            DVec3::new(side(0), side(1), side(2)) - self.centre
        };
        let half = camera.half_size();
        let distance = |corner: DVec3| {
            let seen = camera.view_from_world.matrix3 * corner;
            (seen.truncate().abs() / half).max_element() - seen.z
        };
        (0..8).map(|i| distance(corner(i))).fold(0.0, f64::max)
    }
}

/// Least degrees of an arc: cameras at nearly one place would make a video that stands still.
const MIN_ARC: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orbit_follows_the_cameras_of_a_capture() {
        let focus = DVec3::new(1.0, 2.0, 3.0);
        let taken = Orbit { centre: focus, radius: Some(4.0), elevation: 20.0, ..orbit(DVec3::Z) };
        let scene = Scene::empty(6, 0);
        let found = Orbit::of_cameras(&taken.cameras(9, 64, 48), &scene).unwrap();
        assert!(found.centre.distance(focus) < 1e-9 && found.up == DVec3::Z);
        assert!((found.radius.unwrap() - 4.0).abs() < 1e-9 && (found.elevation - 20.0).abs() < 1e-9);
        assert!((found.fov - taken.fov).abs() < 1e-9);
        let few = taken.cameras(9, 64, 48)[..3].to_vec();
        let found = Orbit::of_cameras(&few, &scene).unwrap();
        let one = found.cameras(1, 64, 48);
        assert!((one[0].position() - few[1].position()).length() < 1e-6, "a single one stands in their middle");
        let arc = found.cameras(5, 64, 48);
        for (at, taken) in [(0, 0), (2, 1), (4, 2)] {
            assert!((arc[at].position() - few[taken].position()).length() < 1e-6, "the arc is theirs: {at}");
        }
        let none = |cameras: &[Camera], what: &str| assert_eq!(Orbit::of_cameras(cameras, &scene), None, "{what}");
        let look = |at: DVec3, target: DVec3| Camera::look_at(at, target, DVec3::Z, 50.0, 64, 48);
        let places = taken.cameras(9, 64, 48);
        let outwards = |camera: &Camera| look(camera.position(), 2.0 * camera.position() - focus);
        none(&places.iter().map(outwards).collect::<Vec<_>>(), "outwards");
        let panorama = |camera: &Camera| look(focus, camera.position());
        none(&places.iter().map(panorama).collect::<Vec<_>>(), "from one place");
        let side_by_side = |x: f64| look(DVec3::new(x, 0.0, 0.0), DVec3::new(x, 1.0, 0.0));
        none(&[side_by_side(0.0), side_by_side(1.0)], "side by side");
        let nearly = |x: i32| look(DVec3::new(0.2 * f64::from(x), 0.0, 0.0), DVec3::new(0.0, 3.0, 0.0));
        none(&(-3..=3).map(nearly).collect::<Vec<_>>(), "all from the same side");
        none(&[], "no cameras");
        none(&[side_by_side(0.0)], "one camera");
    }

    fn orbit(up: DVec3) -> Orbit {
        let extent = Extent { low: DVec3::new(-1.0, 0.0, 2.0), high: DVec3::new(3.0, 1.0, 2.5) };
        Orbit { centre: extent.centre(), up, front: None, radius: None, elevation: 30.0, fov: 50.0, arc: 360.0, extent }
    }

    #[test]
    fn cameras_look_at_the_centre_from_their_elevation() {
        for up in [DVec3::Z, DVec3::NEG_Y, DVec3::new(1.0, 2.0, -0.5).normalize()] {
            let orbit = orbit(up);
            let cameras = orbit.cameras(7, 64, 48);
            assert_eq!(cameras.len(), 7);
            let radius = (cameras[0].position() - orbit.centre).length();
            for camera in &cameras {
                camera.check().unwrap();
                let centre = camera.view_from_world.transform_point3(orbit.centre);
                assert!(centre.truncate().length() < 1e-9 * radius && (centre.z - radius).abs() < 1e-9, "{centre}");
                let above = (camera.position() - orbit.centre).dot(up) / radius;
                assert!((above - 0.5).abs() < 1e-9, "{above}");
                assert!(camera.view_from_world.matrix3.mul_vec3(up).y < 0.0, "up is up in the image");
            }
        }
    }

    #[test]
    fn the_box_fills_the_picture_and_no_more() {
        let orbit = orbit(DVec3::Z);
        let mut farthest = 0f64;
        for camera in orbit.cameras(16, 64, 48) {
            for i in 0..8 {
                let side = |axis: usize| if i >> axis & 1 == 0 { orbit.extent.low } else { orbit.extent.high }[axis];
                let seen = camera.view_from_world.transform_point3(DVec3::new(side(0), side(1), side(2)));
                let place = seen.truncate() / seen.z * camera.intrinsics.fx;
                farthest = farthest.max(place.x.abs() / 32.0).max(place.y.abs() / 24.0);
            }
        }
        assert!((farthest - 1.0).abs() < 1e-9, "{farthest}");
    }

    #[test]
    fn cameras_straight_above_are_valid() {
        let cameras = Orbit { elevation: 90.0, radius: Some(4.0), ..orbit(DVec3::Z) }.cameras(3, 8, 8);
        assert!(cameras.iter().all(|camera| camera.check().is_ok()));
    }
}
