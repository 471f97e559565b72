//! The first convexes: around the points of structure from motion, or where the cameras look.

use std::collections::HashSet;

use glam::{DVec2, DVec3};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::neighbours;
use super::options::TrainOptions;
use super::strategy::logit;
use super::weighted_sample::weighted_sample;
use crate::camera::{self, Camera};
use crate::constants::{SH_C0, SH_COEFFS};
use crate::dataset::{Dataset, DatasetFormat, SfmPoint};
use crate::real::{median, to_u32};
use crate::scene::{NORMALISED_RADIUS, Params, Scene, Similarity};

/// Radius of a first convex over the distance to its neighbours.
const RADIUS: f64 = 1.2;

/// Convexes to begin with where there are no points; fewer if `max_convexes` is smaller. More hide each other, and take long to
/// become transparent. Source: docs/archive/budget.md.
const RANDOM_POINTS: u32 = 4000;

/// Most convexes that a start is filled up to where there are fewer points: more hide each other as well.
const MOST_FILLED: u32 = 10_000;

/// A place and a colour.
type StartPoint = (DVec3, [f32; 3]);

/// The scene that training starts from, in normalised units, with at most so many convexes.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
pub(super) fn start(
    dataset: &Dataset,
    cameras: &[Camera],
    similarity: &Similarity,
    options: &TrainOptions,
    max_convexes: u32,
) -> Scene {
    let strategy = options.strategy.strategy();
    let mut random = Pcg64Mcg::seed_from_u64(options.seed);
    let mut seeds = StartPoints::of(&dataset.points, similarity).seeds;
    let has_points = !seeds.is_empty();
    if !has_points {
        let count = options.first_convexes(0, max_convexes);
        seeds = random_seeds(dataset.kind, cameras, count as usize, &mut random);
    }
    let far = if has_points { far_seeds(&seeds, cameras) } else { Vec::new() };
    if has_points {
        let most = max_convexes.saturating_sub(to_u32(far.len()));
        let count = options.first_convexes(to_u32(seeds.len()), most) as usize;
        if seeds.len() > count {
            seeds = thinned(&seeds, count, cameras, &mut random);
        } else {
            add_scattered(&mut seeds, count, cameras, &mut random);
        }
    }
    seeds.extend(far);
    seeds.truncate(max_convexes as usize);
    let raw_opacity = logit(strategy.start_opacity(options));
    let focal = mean_focal(cameras);
    let mut scene = Scene::empty(options.points_per_convex, 0);
    for ((centre, colour), distance) in seeds.iter().zip(neighbour_distances(&seeds)) {
        let radius = RADIUS * distance;
        let points: Vec<f32> = fibonacci_sphere(options.points_per_convex)
            .flat_map(|direction| (*centre + radius * direction).as_vec3().to_array())
            .collect();
        // Corners are as sharp as those of the published start at its resolution.
        let delta = 0.1 * focal * focal / distance;
        let sigma = strategy.start_sigma(options, delta, radius);
        let mut sh = [0.0; SH_COEFFS * 3];
        for (coefficient, channel) in sh.iter_mut().zip(colour) {
            *coefficient = (channel - 0.5) / SH_C0 as f32;
        }
        scene.push(Params {
            points: &points,
            log_delta: &[delta.ln() as f32],
            log_sigma: &[sigma.ln() as f32],
            raw_opacity: &[raw_opacity],
            sh: &sh,
        });
    }
    scene
}

impl TrainOptions {
    /// The number of convexes that a training begins with, of `most`, by the number of points that it begins at; 0 where it
    /// places its own.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
    pub fn first_convexes(&self, num_points: u32, most: u32) -> u32 {
        let least = (self.strategy.strategy().start_fraction(self) * f64::from(most)) as u32;
        let number = if num_points == 0 { RANDOM_POINTS } else { num_points.max(least.min(MOST_FILLED)) };
        number.clamp(1, most.max(1))
    }
}

/// Farthest point that is trained, normalised units: beyond it the squares and cubes of shaders leave single precision.
const FARTHEST: f64 = 1e12;

/// The points of a dataset that convexes can begin at.
pub(super) struct StartPoints {
    /// Places and colours in the order of the dataset.
    pub(super) seeds: Vec<StartPoint>,
    /// The number of points that were left out because another point lies at the same place.
    pub(super) copies: usize,
    /// The number of points that were left out because they are farther away than can be drawn.
    pub(super) beyond: usize,
}

impl StartPoints {
    pub(super) fn of(points: &[SfmPoint], similarity: &Similarity) -> Self {
        let mut found = Self { seeds: Vec::with_capacity(points.len()), copies: 0, beyond: 0 };
        let mut places = HashSet::with_capacity(points.len());
        for point in points {
            let place = similarity.point(DVec3::from_array(point.position));
            // Both zeros are one place.
            if !places.insert(point.position.map(|value| (value + 0.0).to_bits())) {
                found.copies += 1;
            } else if place.length() <= FARTHEST {
                found.seeds.push((place, point.colour.map(|channel| f32::from(channel) / 255.0)));
            } else {
                found.beyond += 1;
            }
        }
        found
    }
}

/// Draws so many of the seeds, by the part of the pictures that each stands for. Points of structure from motion lie densely
/// on what was photographed from near, and a draw without weights leaves nothing for what is behind it.
fn thinned(seeds: &[StartPoint], count: usize, cameras: &[Camera], random: &mut Pcg64Mcg) -> Vec<StartPoint> {
    let shares = shares(seeds, &neighbour_distances(seeds), cameras);
    weighted_sample(random, count, &shares).into_iter().map(|index| seeds[index]).collect()
}

/// Adds copies of seeds, scattered around them, until there are so many: the surfaces between sparse points are better made of
/// small convexes from the beginning than of large ones that are cut. Seeds are drawn like those of [`thinned`], so that the
/// gaps that a picture would show are filled.
fn add_scattered(seeds: &mut Vec<StartPoint>, count: usize, cameras: &[Camera], random: &mut Pcg64Mcg) {
    if seeds.len() >= count {
        return;
    }
    let distances = neighbour_distances(seeds);
    let mut sum = 0.0;
    let add = |share: f64| {
        sum += share;
        sum
    };
    let sums: Vec<f64> = shares(seeds, &distances, cameras).into_iter().map(add).collect();
    for _ in seeds.len()..count {
        let drawn = sum * random.random::<f64>();
        let source = sums.partition_point(|sum| *sum <= drawn).min(sums.len() - 1);
        let (place, colour) = seeds[source];
        // The sum of three such numbers has a standard deviation of one.
        let offset =
            DVec3::from_array(std::array::from_fn(|_| (0..3).map(|_| 2.0 * random.random::<f64>() - 1.0).sum::<f64>()));
        seeds.push((place + SCATTER * distances[source] * offset, colour));
    }
}

/// Standard deviation of added seeds along an axis, over the distance of their source to its neighbours.
const SCATTER: f64 = 0.5;

/// The part of the pictures that each seed stands for, unnormalised, from distances to neighbours.
fn shares(seeds: &[StartPoint], distances: &[f64], cameras: &[Camera]) -> Vec<f64> {
    let share = |((place, _), distance): (&StartPoint, &f64)| (distance / mean_span(cameras, *place)).powi(2);
    seeds.par_iter().zip(distances).map(share).collect()
}

/// The width of a picture at the depth of a place, the mean of the cameras that see it; infinite where none does.
fn mean_span(cameras: &[Camera], place: DVec3) -> f64 {
    let span = |camera: &Camera| {
        let depth = camera.view_from_world.transform_point3(place).z;
        depth * f64::from(camera.width) / camera.intrinsics.fx
    };
    let spans: Vec<f64> = cameras.iter().filter(|camera| cell(camera, place).is_some()).map(span).collect();
    if spans.is_empty() { f64::INFINITY } else { spans.iter().sum::<f64>() / spans.len() as f64 }
}

/// The mean focal length of the cameras in pictures 1200 pixels wide; the published start values were chosen at that width.
fn mean_focal(cameras: &[Camera]) -> f64 {
    let per_width = |camera: &Camera| camera.intrinsics.fx / f64::from(camera.width);
    1200.0 * cameras.iter().map(per_width).sum::<f64>() / (cameras.len().max(1) as f64)
}

/// Root of the mean squared distance to the three nearest others.
fn neighbour_distances(seeds: &[StartPoint]) -> Vec<f64> {
    neighbours::neighbour_distances(&seeds.iter().map(|(place, _)| place.to_array()).collect::<Vec<_>>())
}

/// Directions spread evenly; the first and the last are the poles.
fn fibonacci_sphere(count: usize) -> impl Iterator<Item = DVec3> {
    let turn = std::f64::consts::PI * (3.0 - 5f64.sqrt());
    (0..count).map(move |k| {
        let z = 1.0 - 2.0 * k as f64 / (count - 1) as f64;
        let (sine, cosine) = (turn * k as f64).sin_cos();
        let ring = (1.0 - z * z).max(0.0).sqrt();
        DVec3::new(ring * cosine, ring * sine, z)
    })
}

/// So many random places inside the sphere that all cameras see, and where the world is not bounded also further away.
fn random_seeds(kind: DatasetFormat, cameras: &[Camera], count: usize, random: &mut Pcg64Mcg) -> Vec<StartPoint> {
    let (focus, radius) = common_view(cameras);
    // Cameras at one place have no common sphere before them.
    let is_one_place = cameras.iter().all(|camera| camera.position().length() < ONE_PLACE);
    let num_far = match kind {
        _ if is_one_place => count,
        DatasetFormat::Blender => 0,
        DatasetFormat::Colmap | DatasetFormat::Nerfstudio => count / 2,
    };
    let mut seeds = Vec::with_capacity(count);
    while seeds.len() < count - num_far {
        let place = DVec3::from_array(std::array::from_fn(|_| 2.0 * random.random::<f64>() - 1.0));
        if place.length() <= 1.0 {
            seeds.push((focus + radius * place, [0.5; 3]));
        }
    }
    for _ in 0..num_far {
        let camera = &cameras[random.random_range(0..cameras.len())];
        let pixel = DVec2::new(
            random.random::<f64>() * f64::from(camera.width),
            random.random::<f64>() * f64::from(camera.height),
        );
        let distance = if is_one_place { NORMALISED_RADIUS } else { camera.position().distance(focus) };
        let depth = 0.3 * distance * (random.random::<f64>() * 3.5).exp();
        seeds.push((camera.position() + depth * camera.ray(pixel), [0.5; 3]));
    }
    seeds
}

/// Cameras that are all nearer to their middle than this have no parallax, normalised units.
const ONE_PLACE: f64 = 1e-3 * NORMALISED_RADIUS;

/// Directions that are tried for the far sphere.
const FAR_DIRECTIONS: usize = 600;

/// Cells along each side of a picture, to see where it has no points.
const CELLS: usize = 12;

/// Seeds on a sphere behind all points, in the directions in which some camera sees none: sky, and walls without
/// texture. Nothing else would fill those pixels but convexes that grow through the whole scene.
fn far_seeds(seeds: &[StartPoint], cameras: &[Camera]) -> Vec<StartPoint> {
    let mut distances: Vec<f64> = seeds.iter().map(|(place, _)| place.length()).collect();
    distances.sort_by(f64::total_cmp);
    // A few points are always far off.
    let reach = distances.get(distances.len() * 19 / 20).copied().unwrap_or(0.0);
    let radius = 2.0 * reach.max(2.0 * NORMALISED_RADIUS);
    let occupied: Vec<HashSet<usize>> =
        cameras.par_iter().map(|camera| seeds.iter().filter_map(|(place, _)| cell(camera, *place)).collect()).collect();
    let is_bare = |place: &DVec3| {
        let mut cells = cameras.iter().zip(&occupied);
        cells.any(|(camera, occupied)| cell(camera, *place).is_some_and(|cell| !occupied.contains(&cell)))
    };
    let places = fibonacci_sphere(FAR_DIRECTIONS).map(|direction| radius * direction);
    places.filter(is_bare).map(|place| (place, [0.5; 3])).collect()
}

/// The cell of a picture that a place is seen in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the image")]
fn cell(camera: &Camera, place: DVec3) -> Option<usize> {
    let seen = camera.view_from_world.transform_point3(place);
    let DVec2 { x, y } = camera.pixel(seen) / camera.size();
    let is_inside = seen.z > 0.0 && (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
    is_inside.then(|| (y * CELLS as f64) as usize * CELLS + (x * CELLS as f64) as usize)
}

/// The point that the optical axes come closest to, and the radius of the sphere around it that every camera sees.
fn common_view(cameras: &[Camera]) -> (DVec3, f64) {
    let focus = camera::focus_of(cameras).unwrap_or(DVec3::ZERO);
    let seen = |camera: &Camera| camera.view_from_world.transform_point3(focus).z * camera.half_size().min_element();
    // Some cameras may stand too near or look elsewhere.
    let radius = median(cameras.iter().map(seen).filter(|radius| *radius > 0.0)).unwrap_or(1.0);
    (focus, radius)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_on_a_circle_look_at_its_middle() {
        let target = DVec3::new(1.0, 2.0, 3.0);
        let camera = |i: i32| {
            let (sine, cosine) = f64::from(i).sin_cos();
            Camera::look_at(target + 4.0 * DVec3::new(cosine, sine, 0.5), target, DVec3::Z, 100.0, 80, 60)
        };
        let (focus, radius) = common_view(&(0..6).map(camera).collect::<Vec<_>>());
        assert!(focus.distance(target) < 1e-9);
        assert!((radius - 4.0 * 1.25f64.sqrt() * 0.3).abs() < 1e-9, "half of 60 pixels at a focal length of 100");
    }

    /// Two walls fill the same part of the picture, one ten times as far as the other and of a ninth of its points.
    #[test]
    fn near_and_far_are_thinned_to_the_same_density_in_the_picture() {
        let grid = |depth: f64, across: u32| {
            let side = move |i: u32| depth * (0.8 * (f64::from(i) + 0.5) / f64::from(across) - 0.4);
            (0..across * across).map(move |i| (DVec3::new(side(i % across), side(i / across), depth), [0.0; 3]))
        };
        let camera = Camera::look_at(DVec3::ZERO, DVec3::Z, DVec3::Y, 100.0, 100, 100);
        let seeds: Vec<StartPoint> = grid(1.0, 60).chain(grid(10.0, 20)).collect();
        let kept = thinned(&seeds, 400, &[camera], &mut Pcg64Mcg::seed_from_u64(0));
        let num_far = kept.iter().filter(|(place, _)| place.z > 5.0).count();
        assert!((150..=250).contains(&num_far), "{num_far} of 400, where 40 are drawn without weights");
        let unseen = vec![(DVec3::new(0.0, 0.0, -1.0), [0.0; 3]); 9];
        let kept = thinned(&[unseen, seeds[..8].to_vec()].concat(), 8, &[camera], &mut Pcg64Mcg::seed_from_u64(0));
        assert!(kept.iter().all(|(place, _)| place.z > 0.0), "what no camera sees goes first");
    }

    #[test]
    fn gaps_between_points_are_filled_and_unseen_ones_stay() {
        let camera = Camera::look_at(DVec3::ZERO, DVec3::Z, DVec3::Y, 100.0, 100, 100);
        // Dense on the left, sparse on the right, and some behind the camera.
        let grid = |from: f64, side: f64, across: u32| {
            let at = move |i: u32| side * (f64::from(i) + 0.5) / f64::from(across);
            (0..across * across).map(move |i| (DVec3::new(from + at(i % across), at(i / across), 2.0), [0.25; 3]))
        };
        let behind = grid(-0.4, 0.8, 10).map(|(place, colour)| (place * DVec3::new(1.0, 1.0, -1.0), colour));
        let points: Vec<StartPoint> = grid(-0.8, 0.8, 20).chain(grid(0.0, 0.8, 5)).chain(behind).collect();
        let mut seeds = points.clone();
        add_scattered(&mut seeds, 1500, &[camera], &mut Pcg64Mcg::seed_from_u64(0));
        assert_eq!((seeds.len(), &seeds[..points.len()]), (1500, &points[..]));
        let added = &seeds[points.len()..];
        assert!(added.iter().all(|(place, colour)| place.z > 0.0 && *colour == [0.25; 3]));
        let right = added.iter().filter(|(place, _)| place.x > 0.0).count() as f64 / added.len() as f64;
        assert!((0.4..0.6).contains(&right), "{right} of them on the right, where a seventeenth of the points lies");
        add_scattered(&mut seeds, 100, &[camera], &mut Pcg64Mcg::seed_from_u64(0));
        assert_eq!(seeds.len(), 1500, "nothing is taken away");
    }

    #[test]
    fn duplicate_and_far_points_are_left_out() {
        let point = |position: [f64; 3]| SfmPoint { position, colour: [255, 0, 0] };
        let places =
            [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [-0.0, 0.0, 0.0], [1e30, 0.0, 0.0], [1e200, 0.0, 0.0], [1.0, 2.0, 3.0]];
        let found = StartPoints::of(&places.map(point), &Similarity::IDENTITY);
        assert_eq!((found.copies, found.beyond), (2, 2));
        assert_eq!(found.seeds, [(DVec3::ZERO, [1.0, 0.0, 0.0]), (DVec3::new(1.0, 2.0, 3.0), [1.0, 0.0, 0.0])]);
    }

    #[test]
    fn distances_are_to_the_three_nearest() {
        let line: Vec<StartPoint> = [0.0, 1.0, 2.0, 4.0, 100.0].map(|x| (DVec3::new(x, 0.0, 0.0), [0.0; 3])).to_vec();
        let distances = neighbour_distances(&line);
        assert!(
            (distances[0] - (21f64 / 3.0).sqrt()).abs() < 1e-9 && (distances[1] - (11f64 / 3.0).sqrt()).abs() < 1e-9
        );
    }

    #[test]
    fn a_sphere_has_its_poles_and_unit_length() {
        let sphere: Vec<DVec3> = fibonacci_sphere(6).collect();
        assert!((sphere[0] - DVec3::Z).length() < 1e-12 && (sphere[5] + DVec3::Z).length() < 1e-12);
        assert!(sphere.iter().all(|p| (p.length() - 1.0).abs() < 1e-12));
    }
}
