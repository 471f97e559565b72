//! Pictures and depth by ray casting. A pixel depends on the world, its camera and a seed, never on other pixels, so
//! that threads may share the work in any way.

use glam::DVec2;
use rayon::prelude::*;

use super::light::{SunSample, sky};
use super::material::stored;
use super::random::Stream;
use super::world::World;
use crate::camera::Camera;
use crate::image::Image;

/// Shadow rays per sample of a pixel, along each side of a square: together they cover the sun evenly.
const SUN_SIDE: u32 = 2;

/// Takes the picture of `camera` with `samples_side`² samples a pixel, averaged as sRGB values.
///
/// `seed` places the samples within their strata.
#[must_use]
pub fn picture(world: &World, camera: &Camera, samples_side: u32, seed: u64) -> Image {
    let row = |j: u32| {
        (0..camera.width).flat_map(move |i| {
            let key = [seed, u64::from(j), u64::from(i)];
            pixel(world, camera, (i, j), samples_side, Stream::of(&key))
        })
    };
    let data: Vec<f32> = (0..camera.height).into_par_iter().flat_map_iter(row).collect();
    Image::new(camera.width as usize, camera.height as usize, data)
}

/// View depth of what is seen through the middle of each pixel, row-major, world units; 0 is sky.
#[must_use]
pub fn depth(world: &World, camera: &Camera) -> Vec<f32> {
    let origin = camera.position();
    let at = move |i: u32, j: u32| {
        let direction = camera.ray(DVec2::new(f64::from(i) + 0.5, f64::from(j) + 0.5));
        // The view z of a ray's direction is 1, so its parameter is the view depth.
        world.hit(origin, direction).map_or(0.0, |hit| single(hit.t))
    };
    (0..camera.height).into_par_iter().flat_map_iter(|j| (0..camera.width).map(move |i| at(i, j))).collect()
}

fn pixel(world: &World, camera: &Camera, (i, j): (u32, u32), side: u32, mut stream: Stream) -> [f32; 3] {
    let corner = DVec2::new(f64::from(i), f64::from(j));
    let origin = camera.position();
    let sum = (0..side * side)
        .map(|sample| {
            let within = in_stratum(sample, side, &mut stream);
            let direction = camera.ray(corner + within);
            let Some(hit) = world.hit(origin, direction) else { return stored(sky(direction)) };
            stored(world.shade(&hit, direction, &sun_samples(sample, side, &mut stream)))
        })
        .sum::<glam::DVec3>();
    (sum / f64::from(side * side)).to_array().map(single)
}

/// A place in 0..1 squared inside of stratum `index` of `side`².
fn in_stratum(index: u32, side: u32, stream: &mut Stream) -> DVec2 {
    let cell = DVec2::new(f64::from(index % side), f64::from(index / side));
    (cell + DVec2::new(stream.unit(), stream.unit())) / f64::from(side)
}

/// The places on the sun for sample `sample` of a pixel. The samples of a pixel share out (side·`SUN_SIDE`)² strata.
fn sun_samples(sample: u32, side: u32, stream: &mut Stream) -> [SunSample; 4] {
    // An odd stride keeps places on the sun unrelated to places in the pixel.
    let shuffled = (sample * 7 + 3) % (side * side);
    let (column, row) = (shuffled % side, shuffled / side);
    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| {
        let (x, y) = (column + side * right, row + side * down);
        in_stratum(x + y * side * SUN_SIDE, side * SUN_SIDE, stream)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "images and depths are stored in single precision")]
fn single(value: f64) -> f32 {
    value as f32
}
