//! Points exactly on the surfaces, as structure from motion would find them without error.

use glam::{DVec2, DVec3};
use rayon::prelude::*;

use super::light::SunSample;
use super::material::stored;
use super::random::Stream;
use super::views::SynthView;
use super::world::World;
use crate::camera::Camera;
use crate::image::quantise;

/// A point and the views that see it.
#[derive(Debug, Clone, PartialEq)]
pub struct SynthPoint {
    /// The place, world units.
    pub position: DVec3,
    /// The sRGB colour as the first view sees it.
    pub rgb: [u8; 3],
    /// Index of each view that sees it, and where in the picture, pixels.
    pub track: Vec<(usize, DVec2)>,
}

/// A point is seen where the ray towards it meets something at the point's own depth, to this relative accuracy.
const SAME_DEPTH: f64 = 1e-7;

/// Tries for each point before giving up: much of a picture may be sky.
const TRIES: u64 = 64;

/// Up to `count` points that at least two views see, found through random places of the pictures.
#[must_use]
pub fn points(world: &World, views: &[SynthView], count: u32, seed: u64) -> Vec<SynthPoint> {
    let find =
        |i: u32| (0..TRIES).find_map(|attempt| point(world, views, Stream::of(&[seed, u64::from(i), attempt, 17])));
    (0..count).into_par_iter().filter_map(find).collect()
}

fn point(world: &World, views: &[SynthView], mut stream: Stream) -> Option<SynthPoint> {
    let of_count = |count: f64, number: f64| (count * number).floor();
    let first = of_count(views.len() as f64, stream.unit());
    let camera = &views.get(index(first))?.camera;
    let pixel = DVec2::new(f64::from(camera.width) * stream.unit(), f64::from(camera.height) * stream.unit());
    let direction = camera.ray(pixel);
    let hit = world.hit(camera.position(), direction)?;
    let track: Vec<_> =
        views.iter().enumerate().filter_map(|(i, view)| Some((i, seen(world, &view.camera, hit.point)?))).collect();
    let sun: Vec<SunSample> = (0..64).map(|_| DVec2::new(stream.unit(), stream.unit())).collect();
    let colour = stored(world.shade(&hit, direction, &sun)).as_vec3();
    (track.len() >= 2).then(|| SynthPoint { position: hit.point, rgb: colour.to_array().map(quantise), track })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number below a length")]
fn index(whole: f64) -> usize {
    whole as usize
}

/// The place in its picture where a camera sees `point`, in pixels; `None` when it is outside or hidden.
#[must_use]
pub fn seen(world: &World, camera: &Camera, point: DVec3) -> Option<DVec2> {
    let in_view = camera.view_from_world.transform_point3(point);
    if in_view.z <= 0.0 {
        return None;
    }
    let pixel = camera.pixel(in_view);
    if pixel.cmplt(DVec2::ZERO).any() || pixel.cmpge(camera.size()).any() {
        return None;
    }
    let first = world.hit(camera.position(), camera.ray(pixel))?;
    ((first.t - in_view.z).abs() <= SAME_DEPTH * in_view.z).then_some(pixel)
}
