//! The ground of a capture: a plane with many places on it and few below.

use glam::{DMat3, DVec3};

use super::ViewSubject;
use super::subject::WeightedPlace;
use crate::camera::Camera;

/// The ground as it was found, world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GroundPlane {
    /// The place of the ground below the subject.
    pub origin: DVec3,
    /// The unit normal, upwards.
    pub up: DVec3,
    /// The part of the places around the subject that lie on it, 0 to 1.
    pub share: f64,
}

/// The farthest place that counts, in radii of the subject.
const REACH: f64 = 1.5;

/// The largest distance of a place from a plane that it lies on, in radii of the subject.
const THICKNESS: f64 = 0.03;

/// The steepest ground: the cosine of 30 degrees.
const LEAST_COSINE: f64 = 0.866;

/// Planes through three places that are tried.
const TRIES: u64 = 1000;

/// The number of places that the planes are compared by at most.
const MAX_PLACES: usize = 5000;

/// The weight of a place below the ground, for one on it.
const BELOW: f64 = 0.5;

/// The least part of the places that ground has.
const LEAST_SHARE: f64 = 0.05;

impl GroundPlane {
    /// Returns the plane that has most places on it, less half of those below it, among those that lie across `up`; `None` where no plane
    /// has a fair part.
    #[must_use]
    pub(crate) fn of(places: &[WeightedPlace], up: DVec3, subject: &ViewSubject) -> Option<Self> {
        let near: Vec<&WeightedPlace> =
            places.iter().filter(|(at, _)| at.distance(subject.centre) < REACH * subject.radius).collect();
        let every = near.len().div_ceil(MAX_PLACES).max(1);
        let near: Vec<WeightedPlace> = near.into_iter().step_by(every).copied().collect();
        let total: f64 = near.iter().map(|(_, weight)| weight).sum();
        let thickness = THICKNESS * subject.radius;
        let mut best: Option<(f64, DVec3, DVec3)> = None;
        for attempt in 0..if near.len() < 3 { 0 } else { TRIES } {
            let [a, b, c] = [0, 1, 2].map(|i| near[chosen(3 * attempt + i, near.len())].0);
            let Some(normal) = (b - a).cross(c - a).try_normalize() else { continue };
            let normal = if normal.dot(up) < 0.0 { -normal } else { normal };
            if normal.dot(up) < LEAST_COSINE {
                continue;
            }
            let worth = |(at, weight): &WeightedPlace| match normal.dot(*at - a) {
                height if height.abs() < thickness => *weight,
                height if height < -2.0 * thickness => -BELOW * weight,
                _ => 0.0,
            };
            let worth: f64 = near.iter().map(worth).sum();
            if best.is_none_or(|(most, ..)| worth > most) {
                best = Some((worth, a, normal));
            }
        }
        let (_, mut on, mut normal) = best?;
        let mut share = 0.0;
        // The places on the plane know it better than three of them.
        for _ in 0..5 {
            let is_on = |(at, _): &&WeightedPlace| normal.dot(*at - on).abs() < thickness;
            let inliers: Vec<WeightedPlace> = near.iter().filter(is_on).copied().collect();
            share = inliers.iter().map(|(_, weight)| weight).sum::<f64>() / total;
            let (centre, fitted) = fitted(&inliers, normal)?;
            (on, normal) = (centre, fitted);
        }
        let origin = subject.centre - normal.dot(subject.centre - on) * normal;
        (share >= LEAST_SHARE && origin.is_finite()).then_some(Self { origin, up: normal, share })
    }
}

/// The direction that people hold level: across the rows of all pictures, on the side of their tops. Their mean is tilted where all
/// cameras look down from one side. `None` where the rows point in one direction.
pub(crate) fn level_of(cameras: impl Iterator<Item = Camera> + Clone) -> Option<DVec3> {
    let axes = |axis: usize| cameras.clone().map(move |camera| camera.view_from_world.matrix3.row(axis));
    let top = -axes(1).sum::<DVec3>();
    let square = |row: DVec3| DMat3::from_cols(row.x * row, row.y * row, row.z * row);
    let count = cameras.clone().count().max(1) as f64;
    let spread = axes(0).map(square).fold(DMat3::ZERO, |sum, square| sum + square) * (1.0 / count);
    // The direction of the least spread grows fastest under the inverse.
    let inverse = (spread + DMat3::from_diagonal(DVec3::splat(1e-9))).inverse();
    let mut up = top.try_normalize()?;
    for _ in 0..100 {
        up = (inverse * up).try_normalize()?;
    }
    let least = up.dot(spread * up);
    let (a, b) = up.any_orthonormal_pair();
    let across = [a, b].map(|axis| axis.dot(spread * axis));
    let second =
        0.5 * (across[0] + across[1]) - (0.25 * (across[0] - across[1]).powi(2) + a.dot(spread * b).powi(2)).sqrt();
    let up = if up.dot(top) < 0.0 { -up } else { up };
    (second > 4.0 * least + 1e-4).then_some(up)
}

/// A number below `len` that depends on `seed` alone.
fn chosen(seed: u64, len: usize) -> usize {
    // The finaliser of SplitMix64.
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((x ^ (x >> 31)) % len as u64).unwrap_or(0)
}

/// The middle of places, and the normal of the plane that is nearest to them by squares: heights over a plane of about this normal are
/// linear.
fn fitted(places: &[WeightedPlace], normal: DVec3) -> Option<(DVec3, DVec3)> {
    let total: f64 = places.iter().map(|(_, weight)| weight).sum();
    let centre = places.iter().map(|(at, weight)| *weight * *at).sum::<DVec3>() / total;
    let (across, along) = normal.any_orthonormal_pair();
    let [mut xx, mut xy, mut yy, mut xz, mut yz] = [0.0; 5];
    for (at, weight) in places {
        let from = *at - centre;
        let (x, y, z) = (across.dot(from), along.dot(from), normal.dot(from));
        xx += weight * x * x;
        xy += weight * x * y;
        yy += weight * y * y;
        xz += weight * x * z;
        yz += weight * y * z;
    }
    let determinant = xx * yy - xy * xy;
    let is_spread = determinant > 1e-9 * (xx + yy).powi(2);
    if !is_spread {
        return None;
    }
    let slope_x = (xz * yy - yz * xy) / determinant;
    let slope_y = (yz * xx - xz * xy) / determinant;
    let fitted = (normal - slope_x * across - slope_y * along).try_normalize()?;
    centre.is_finite().then_some((centre, fitted))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evenly distributed numbers in −1..1.
    fn numbers(seed: u64) -> impl Iterator<Item = f64> {
        (seed..).map(|i| chosen(i, 20_001) as f64 / 10_000.0 - 1.0)
    }

    /// A floor with a toy on it, a table edge above, a ceiling, and strays below as reflections have them.
    fn room(up: DVec3, height: f64) -> Vec<WeightedPlace> {
        let (x, y) = up.any_orthonormal_pair();
        let at = |a: f64, b: f64, c: f64| (a * x + b * y + (c + height) * up, 1.0);
        let mut random = numbers(7);
        let mut next = || random.next().unwrap();
        let mut places = Vec::new();
        for _ in 0..600 {
            places.push(at(2.5 * next(), 2.5 * next(), 0.01 * next()));
        }
        for _ in 0..900 {
            places.push(at(0.4 * next(), 0.4 * next(), 0.5 + 0.5 * next()));
        }
        for _ in 0..1500 {
            places.push(at(2.5 * next(), 2.5 * next(), 1.6 + 0.005 * next()));
        }
        for _ in 0..60 {
            places.push(at(2.5 * next(), 2.5 * next(), -1.0 + 0.5 * next()));
        }
        places
    }

    #[test]
    fn the_floor_is_found_under_a_ceiling_with_strays_below() {
        for (turn, height) in [(0.0, 0.0), (0.2, 5.0), (-0.35, -2.0)] {
            let up = DVec3::new(f64::sin(turn), 0.0, f64::cos(turn));
            let subject = ViewSubject { centre: (height + 0.5) * up, radius: 1.0 };
            // The tops of the pictures point only about upwards.
            let about = (up + DVec3::new(0.1, 0.15, 0.0)).normalize();
            let found = GroundPlane::of(&room(up, height), about, &subject).unwrap();
            let tilt = found.up.angle_between(up).to_degrees();
            assert!(tilt < 0.2, "{tilt} degrees");
            assert!((found.origin - height * up).length() < 0.01, "{found:?}");
            assert!(found.share > 0.1 && found.share < 0.3, "{found:?}");
        }
    }

    #[test]
    fn level_is_across_the_rows_of_pictures_that_look_down_from_one_side() {
        let up = DVec3::new(0.2, -0.9, 0.3).normalize();
        let (x, y) = up.any_orthonormal_pair();
        let camera = |turn: f64| {
            let from = 4.0 * (turn.cos() * x + turn.sin() * y) + 2.0 * up;
            Camera::look_at(from, DVec3::ZERO, up, 60.0, 80, 60)
        };
        let cameras = [-0.6, -0.3, 0.0, 0.2, 0.5].map(camera);
        let found = level_of(cameras.into_iter()).unwrap();
        assert!(found.angle_between(up).to_degrees() < 0.01, "{found}");
        let mean = crate::camera::up_of(&cameras);
        assert!(mean.angle_between(up).to_degrees() > 15.0, "{mean}");
        assert_eq!(level_of([camera(0.0); 3].into_iter()), None, "all look alike");
        assert_eq!(level_of(cameras.into_iter().take(0)), None);
    }

    #[test]
    fn nothing_flat_is_no_ground() {
        let subject = ViewSubject { centre: DVec3::ZERO, radius: 1.0 };
        let mut random = numbers(3);
        let mut next = || random.next().unwrap();
        let cloud: Vec<WeightedPlace> = (0..3000).map(|_| (DVec3::new(next(), next(), next()), 1.0)).collect();
        assert_eq!(GroundPlane::of(&cloud, DVec3::Z, &subject), None);
        assert_eq!(GroundPlane::of(&cloud[..2], DVec3::Z, &subject), None);
        let line: Vec<WeightedPlace> = (0..100).map(|i| (DVec3::X * f64::from(i) * 0.01, 1.0)).collect();
        assert_eq!(GroundPlane::of(&line, DVec3::Z, &subject), None);
    }
}
