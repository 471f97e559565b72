//! The layout of cameras: how far apart cameras stand, within the precision of their poses, or whether all stand at one
//! place.

use std::collections::HashMap;

use glam::DVec3;

use crate::camera::{self, Camera};
use crate::real::median;

/// Places that differ by this part of their coordinates may be one place that was written with 32 bits: four steps of f32.
const ROUNDING: f64 = 5e-7;

/// Places that differ by this part of their coordinates are one place: several steps of f64.
const EXACT: f64 = 1e-12;

/// Cameras that are nearer to each other than this part of the distance of the points see no parallax of them: a pixel is
/// wider.
const PARALLAX: f64 = 1e-4;

/// A camera is a stray one where it stands this many times farther from the middle than most.
const STRAY: f64 = 100.0;

/// Steps of places that are a larger part of a capture or a scene than this blur its pictures.
pub(super) const COARSE: f64 = 1e-3;

/// Mean distance to the nearest f32, in steps of f32, below which coordinates are taken for numbers of 32 bits. It is a
/// quarter for numbers of 64 bits, and less than a tenth for the shortest decimals of f32.
const LIKE_F32: f64 = 0.1;

/// Numbers of 32 bits that went through sums of 64 bits differ by less than this, in steps of f32, where they were equal.
const SAME: f64 = 1e-4;

/// The layout of cameras.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraLayout {
    /// Mean of their places, world units.
    pub centre: DVec3,
    /// Largest distance of a camera from the centre, world units.
    pub radius: f64,
    /// Median distance of the points from the middle camera, world units; `None` without points.
    pub depth: Option<f64>,
    /// Number of cameras.
    pub num_cameras: usize,
    /// Cameras that stand at the middle place, as far as can be told.
    pub num_at_one_place: usize,
    /// Cameras that stand far from all others.
    pub num_stray: usize,
    /// Steps that places of cameras are rounded to, world units, where that is much of the radius.
    pub camera_step: Option<f64>,
    /// Steps that places of points are rounded to, world units, where that is much of the depth.
    pub point_step: Option<f64>,
}

impl CameraLayout {
    /// The layout of cameras in the world, with some of the points that they see, world units.
    #[must_use]
    pub fn of(cameras: &[Camera], points: &[DVec3]) -> Self {
        let places: Vec<DVec3> = cameras.iter().map(Camera::position).collect();
        let centre = places.iter().sum::<DVec3>() / (places.len().max(1) as f64);
        let radius = places.iter().map(|place| place.distance(centre)).fold(0.0, f64::max);
        let along = |axis: usize| median(places.iter().map(|place| place[axis])).unwrap_or(0.0);
        let middle = DVec3::new(along(0), along(1), along(2));
        let largest = places.iter().map(|place| place.abs().max_element()).fold(1.0, f64::max);
        let depth = median(points.iter().map(|point| point.distance(middle))).filter(|depth| *depth > EXACT * largest);
        // Points may be of another world: near ones show that cameras are apart, far ones do not show that they are not.
        let alone = if look_at_one_point(cameras, middle) { 0.0 } else { ROUNDING * largest };
        let tolerance = depth.map_or(alone, |depth| alone.min(PARALLAX * depth)).max(EXACT * largest);
        let away: Vec<f64> = places.iter().map(|place| place.distance(middle)).collect();
        let most = median(away.iter().copied()).unwrap_or(0.0);
        Self {
            centre,
            radius,
            depth,
            num_cameras: places.len(),
            num_at_one_place: away.iter().filter(|away| **away <= tolerance).count(),
            num_stray: away.iter().filter(|away| **away > STRAY * most.max(tolerance)).count(),
            camera_step: step(&places).filter(|step| *step > COARSE * radius && radius > tolerance),
            point_step: step(points).filter(|step| depth.is_some_and(|depth| *step > COARSE * depth)),
        }
    }

    /// Whether all cameras stand at one place, so that nothing tells how far anything is.
    #[must_use]
    pub const fn is_one_place(&self) -> bool {
        self.num_at_one_place == self.num_cameras
    }

    /// Notes on what cannot be reconstructed or looks wrong, a sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let Self { num_cameras, num_at_one_place, num_stray, camera_step, point_step, depth, radius, .. } = *self;
        let is_most = num_cameras > 2 && 2 * num_at_one_place > num_cameras;
        let place = match num_cameras {
            0 | 1 => None,
            _ if self.is_one_place() => {
                Some("all cameras stand at one place: without parallax there is no depth".to_owned())
            }
            _ if is_most => Some(format!(
                "{num_at_one_place} of {num_cameras} cameras stand at one place: there is depth only where the others look"
            )),
            _ => None,
        };
        let stray = (num_stray > 0 && !is_most).then(|| {
            format!(
                "{num_stray} of {num_cameras} cameras stand {STRAY} times farther from the middle of the cameras than most: \
                 their poses may be wrong"
            )
        });
        let is_apart = num_cameras > 1 && !self.is_one_place();
        let far = depth.filter(|depth| is_apart && radius < PARALLAX * depth).map(|depth| {
            format!(
                "most points are {depth:.1e} from the cameras, which are only {radius:.1e} apart: there is hardly any depth, or poses and points are of \
                 different worlds"
            )
        });
        let rounded = |what: &str, step: f64| {
            format!(
                "the places of the {what} are rounded to steps of {step}, as 32-bit numbers are so far from the origin of the \
                 world: write them with more digits, or relative to a place near the cameras"
            )
        };
        let cameras = camera_step.map(|step| rounded("cameras", step));
        let points = point_step.map(|step| rounded("points", step));
        [place, stray, far, cameras, points].into_iter().flatten().collect()
    }
}

/// Whether nearly all cameras have one point in front of them that their optical axes come closest to. Where cameras only
/// seem to stand at several places, that point lies among them, and most do not look at it.
fn look_at_one_point(cameras: &[Camera], middle: DVec3) -> bool {
    let cameras: Vec<Camera> = cameras.iter().map(|camera| camera.relative_to(middle)).collect();
    let Some(focus) = camera::focus_of(&cameras).filter(|_| cameras.len() > 3) else { return false };
    let sees = |camera: &&Camera| {
        let seen = camera.view_from_world.transform_point3(focus);
        seen.z > 0.7 * seen.length()
    };
    10 * cameras.iter().filter(sees).count() >= 9 * cameras.len()
}

/// The distance from a number to the next one that f32 can hold.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "that is the question")]
pub fn step_of_f32(value: f64) -> f64 {
    let value = value.abs() as f32;
    f64::from(value.next_up()) - f64::from(value)
}

/// The step of f32 at the largest coordinate, where all coordinates look like numbers of 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "that is the question")]
fn step(places: &[DVec3]) -> Option<f64> {
    let off = |value: f64| (value - f64::from(value as f32)).abs() / step_of_f32(value);
    let coordinates = || places.iter().flat_map(DVec3::to_array).filter(|value| value.abs() > 1.0);
    let count = coordinates().count();
    // Numbers of 64 bits that are much closer together than the steps of f32 are all about as far from the nearest one.
    let mut first = HashMap::new();
    let mut is_one_number = |value: f64| {
        let known: f64 = *first.entry((value as f32).to_bits()).or_insert(value);
        (value - known).abs() < SAME * step_of_f32(value)
    };
    let is_like_f32 = count > 0
        && coordinates().all(&mut is_one_number)
        && coordinates().map(off).sum::<f64>() < LIKE_F32 * count as f64;
    is_like_f32.then(|| coordinates().map(step_of_f32).fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The world of a UTM zone, and the earth's centre.
    const UTM: DVec3 = DVec3::new(448_262.0, 5_411_932.0, 250.0);
    const ECEF: DVec3 = DVec3::new(3_900_123.4, 860_321.7, 4_950_456.2);

    /// Cameras at these places, looking in directions all around.
    fn around(places: impl IntoIterator<Item = DVec3>) -> Vec<Camera> {
        let look = |(i, place): (u32, DVec3)| {
            let (sine, cosine) = (1.7 * f64::from(i)).sin_cos();
            Camera::look_at(place, place + DVec3::new(cosine, sine, 0.2), DVec3::Z, 50.0, 64, 48)
        };
        (0..).zip(places).map(look).collect()
    }

    /// Places on a ring of this radius.
    fn ring(middle: DVec3, radius: f64) -> Vec<DVec3> {
        (0..12).map(|i| middle + radius * DVec3::from((f64::from(i).cos(), f64::from(i).sin(), 0.1))).collect()
    }

    fn notes(cameras: &[Camera], points: &[DVec3]) -> String {
        CameraLayout::of(cameras, points).notes().join("; ")
    }

    #[test]
    fn cameras_that_differ_by_rounding_stand_at_one_place() {
        for (middle, spread) in [
            (DVec3::ZERO, 0.0),
            (DVec3::new(5.0, 0.0, 1.0), 0.0),
            (DVec3::new(5.0, 0.0, 1.0), 5e-7),
            (UTM, 1e-9),
            (UTM, 0.5),
            (ECEF, 1e-9),
        ] {
            let cameras = around(ring(middle, spread));
            assert!(CameraLayout::of(&cameras, &[]).is_one_place(), "{middle} {spread}");
            assert!(notes(&cameras, &[]).contains("no depth"));
            assert!(
                CameraLayout::of(&cameras[..2], &[]).is_one_place()
                    && CameraLayout::of(&cameras[..1], &[]).is_one_place()
            );
        }
        // As files of 32 bits write them.
        let rounded = ring(UTM, 0.0).into_iter().map(|place| (place + DVec3::splat(0.02)).as_vec3().as_dvec3());
        assert!(CameraLayout::of(&around(rounded), &[]).is_one_place());
    }

    #[test]
    fn cameras_far_from_the_origin_stand_apart() {
        for middle in [UTM, ECEF] {
            for radius in [1.0, 4.0, 500.0] {
                let inwards = |place: DVec3| Camera::look_at(place, middle, DVec3::Z, 50.0, 64, 48);
                let cameras: Vec<Camera> = ring(middle, radius).into_iter().map(inwards).collect();
                let layout = CameraLayout::of(&cameras, &[]);
                assert!(!layout.is_one_place() && layout.notes().is_empty(), "{middle} {radius}: {layout:?}");
                assert!((layout.radius / radius - 1.0).abs() < 0.1);
            }
            // Cameras that look at no common point, with points that tell how much parallax there is.
            let outwards = around(ring(middle, 1.0));
            assert!(!CameraLayout::of(&outwards, &ring(middle, 20.0)).is_one_place());
            assert!(CameraLayout::of(&outwards, &ring(middle, 1e5)).is_one_place(), "a view from a hill");
        }
    }

    #[test]
    fn points_elsewhere_do_not_bring_cameras_to_one_place() {
        let inwards = |middle: DVec3| -> Vec<Camera> {
            let look = |place| Camera::look_at(place, middle, DVec3::Z, 50.0, 64, 48);
            ring(middle, 4.0).into_iter().map(look).collect()
        };
        let half_away: Vec<DVec3> =
            ring(DVec3::ZERO, 1.0).into_iter().chain(ring(DVec3::new(1e9, 0.0, 0.0), 1.0)).collect();
        for (middle, points) in [
            (UTM, ring(DVec3::ZERO, 3.0)),
            (DVec3::ZERO, ring(DVec3::new(4e5, 0.0, 0.0), 3.0)),
            (DVec3::ZERO, ring(DVec3::new(1e9, 0.0, 0.0), 3.0)),
            (DVec3::ZERO, half_away),
        ] {
            let cameras = inwards(middle);
            assert!(!CameraLayout::of(&cameras, &points).is_one_place(), "{middle}");
            let notes = notes(&cameras, &points);
            assert!(notes.contains("different worlds") && !notes.contains("rounded"), "{middle}: {notes}");
        }
    }

    #[test]
    fn notes_name_cameras_at_one_place_stray_cameras_and_rounded_places() {
        let mut places = vec![DVec3::new(5.0, 0.0, 1.0); 9];
        places.push(DVec3::new(9.0, 2.0, 0.0));
        assert!(notes(&around(places), &[]).starts_with("9 of 10 cameras stand at one place"));
        let mut places = ring(DVec3::ZERO, 2.0);
        places.push(DVec3::splat(4000.0));
        assert!(notes(&around(places), &[]).starts_with("1 of 13 cameras stand 100 times farther"));
        let rounded = ring(UTM, 40.0).into_iter().map(|place| place.as_vec3().as_dvec3());
        assert!(notes(&around(rounded), &[]).starts_with("the places of the cameras are rounded to steps of 0.5"));
        let (cameras, points) = (around(ring(UTM, 40.0)), ring(UTM, 7.0));
        assert_eq!(notes(&cameras, &points), "");
        let points: Vec<DVec3> = points.into_iter().map(|place| place.as_vec3().as_dvec3()).collect();
        assert!(notes(&cameras, &points).starts_with("the places of the points are rounded to steps of 0.5"));
        let line = (0..9).map(|i| DVec3::new(f64::from(i), 0.0, 0.0));
        assert_eq!(notes(&around(line), &[]), "");
        assert_eq!((notes(&[], &[]), notes(&around([DVec3::ONE]), &[])), (String::new(), String::new()));
    }
}
