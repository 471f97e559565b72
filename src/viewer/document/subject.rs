//! The part of a scene that a capture is about: what the camera of the window turns around first.

use glam::DVec3;

use crate::camera::Camera;
use crate::scene::{Scene, StartView};

/// A sphere around what a scene is about, world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ViewSubject {
    /// The middle.
    pub centre: DVec3,
    /// The radius; never 0.
    pub radius: f64,
}

/// A place, and how much it counts.
pub(crate) type WeightedPlace = (DVec3, f64);

/// The number of cameras that are asked what they see at most.
const MAX_CAMERAS: usize = 32;

/// The fewest places that say where something is.
const MIN_PLACES: usize = 8;

impl ViewSubject {
    /// Returns what the cameras look at, in the size that fills their pictures. Where they look at no point, it is the dense part
    /// of what most of them see, and without cameras the dense part of everything; `None` of nothing.
    #[must_use]
    pub(crate) fn of(cameras: &[Camera], places: &[WeightedPlace]) -> Option<Self> {
        Self::of_cameras(cameras).or_else(|| Self::of_dense_part(&seen_by_most(cameras, places)))
    }

    /// The point that the cameras look at, around which `lapidary render --orbit` goes.
    fn of_cameras(cameras: &[Camera]) -> Option<Self> {
        let StartView { position, focus, fov, arc, .. } = StartView::of_cameras(cameras, &Scene::empty(6, 0))?;
        let radius = position.distance(focus) * (fov.to_radians() / 2.0).sin();
        arc.map(|_| Self { centre: focus, radius }).filter(Self::is_good)
    }

    /// The dense part: the middle is a median, and what is much farther away than the nearest third does not count, over and
    /// over. So neither strays nor a sky around everything move it.
    fn of_dense_part(places: &[WeightedPlace]) -> Option<Self> {
        let mut kept = places.to_vec();
        let mut found = None;
        for _ in 0..6 {
            let centre = median_place(&kept)?;
            let distances = |kept: &[WeightedPlace]| kept.iter().map(|(at, w)| (at.distance(centre), *w)).collect();
            let reach = 2.0 * quantile(distances(places), 0.3)?;
            let near: Vec<WeightedPlace> =
                places.iter().copied().filter(|(at, _)| at.distance(centre) <= reach).collect();
            found = quantile(distances(&near), 0.9).map(|radius| Self { centre, radius });
            kept = near;
        }
        found.map(|subject| Self { radius: subject.radius.max(1e-3), ..subject }).filter(Self::is_good)
    }

    fn is_good(&self) -> bool {
        self.centre.is_finite() && self.radius.is_finite() && self.radius > 0.0
    }
}

/// Returns the places that at least half of the cameras have in their pictures; all places where those are too few.
fn seen_by_most(cameras: &[Camera], places: &[WeightedPlace]) -> Vec<WeightedPlace> {
    let every = cameras.len().div_ceil(MAX_CAMERAS).max(1);
    let asked: Vec<&Camera> = cameras.iter().step_by(every).collect();
    let is_seen = |(at, _): &&WeightedPlace| 2 * asked.iter().filter(|camera| camera.sees(*at)).count() >= asked.len();
    let seen: Vec<WeightedPlace> = places.iter().filter(is_seen).copied().collect();
    if seen.len() < MIN_PLACES { places.to_vec() } else { seen }
}

/// The median along each axis.
fn median_place(places: &[WeightedPlace]) -> Option<DVec3> {
    let along = |axis: usize| quantile(places.iter().map(|(at, weight)| (at[axis], *weight)).collect(), 0.5);
    Some(DVec3::new(along(0)?, along(1)?, along(2)?))
}

/// The value that this part of the weight lies below.
fn quantile(mut values: Vec<(f64, f64)>, part: f64) -> Option<f64> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let end = part * values.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut sum = 0.0;
    let at = values.iter().find(|(_, weight)| {
        sum += weight;
        sum >= end
    });
    at.or(values.last()).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand places evenly in a cube of half this side.
    fn cube(centre: DVec3, half: f64) -> impl Iterator<Item = WeightedPlace> {
        let at = move |i: u32, unit: u32| f64::from(i / unit % 10) / 4.5 - 1.0;
        (0..1000).map(move |i| (centre + half * DVec3::new(at(i, 1), at(i, 10), at(i, 100)), 1.0))
    }

    /// Places on a sphere, as a sky has them.
    fn shell(radius: f64, count: u32) -> impl Iterator<Item = WeightedPlace> {
        (0..count).map(move |i| {
            let (z, turn) = (2.0 * (f64::from(i) + 0.5) / f64::from(count) - 1.0, 2.4 * f64::from(i));
            let level = (1.0 - z * z).sqrt();
            (radius * DVec3::new(level * turn.cos(), level * turn.sin(), z), 1.0)
        })
    }

    #[test]
    fn cameras_that_look_at_a_point_say_where_and_how_large() {
        let focus = DVec3::new(1.0, 2.0, 3.0);
        let camera = |i: u32| {
            let (sine, cosine) = (f64::from(i) * 0.7).sin_cos();
            Camera::look_at(focus + 4.0 * DVec3::new(cosine, sine, 0.3), focus, DVec3::Z, 60.0, 80, 60)
        };
        let cameras: Vec<Camera> = (0..9).map(camera).collect();
        let everything: Vec<WeightedPlace> = shell(50.0, 3000).collect();
        let found = ViewSubject::of(&cameras, &everything).unwrap();
        assert!(found.centre.distance(focus) < 1e-6, "{found:?}");
        let expected = 4.0 * 1.09f64.sqrt() * 0.5f64.atan().sin();
        assert!((found.radius - expected).abs() < 1e-6, "it fills the images: {found:?}");
    }

    #[test]
    fn the_dense_part_is_found_within_a_sky_and_beside_strays() {
        let centre = DVec3::new(5.0, -2.0, 1.0);
        let strays = [(DVec3::splat(1e6), 1.0), (DVec3::new(-1e5, 3.0, 0.0), 1.0)];
        let places: Vec<WeightedPlace> = cube(centre, 1.0).chain(shell(60.0, 1000)).chain(strays).collect();
        let found = ViewSubject::of(&[], &places).unwrap();
        assert!(found.centre.distance(centre) < 0.2, "{found:?}");
        assert!((0.7..2.5).contains(&found.radius), "{found:?}");
        assert_eq!(ViewSubject::of(&[], &[]), None);
    }

    #[test]
    fn cameras_in_a_row_are_about_what_most_of_them_see() {
        let camera = |x: i32| {
            let at = DVec3::new(0.1 * f64::from(x), 0.0, 0.0);
            Camera::look_at(at, at + DVec3::Y, DVec3::Z, 60.0, 80, 60)
        };
        let cameras: Vec<Camera> = (-3..=3).map(camera).collect();
        let (seen, behind) = (DVec3::new(0.0, 9.0, 0.0), DVec3::new(0.0, -9.0, 0.0));
        let places: Vec<WeightedPlace> = cube(seen, 1.0).chain(cube(behind, 0.5)).collect();
        let found = ViewSubject::of(&cameras, &places).unwrap();
        assert!(found.centre.distance(seen) < 0.3, "{found:?}");
    }

    #[test]
    fn faint_convexes_hardly_count() {
        let haze = cube(DVec3::ZERO, 20.0).map(|(at, _)| (at, 0.01));
        let places: Vec<WeightedPlace> = haze.chain(cube(DVec3::splat(8.0), 0.5)).collect();
        let found = ViewSubject::of(&[], &places).unwrap();
        assert!(found.centre.distance(DVec3::splat(8.0)) < 0.3, "{found:?}");
    }
}
