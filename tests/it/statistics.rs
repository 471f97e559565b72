//! What the rasterizer counts, against counting by hand on the twin's convexes.

use std::collections::HashSet;

use lapidary::camera::Camera;
use lapidary::constants::{ALPHA_MIN, TILE_SIZE};
use lapidary::reference::hull::Edge;
use lapidary::reference::project::Projected;
use lapidary::reference::view::ViewTransform;
use lapidary::reference::{self, ReferenceFrame};
use lapidary::renderer::{GpuScene, Outputs, Renderer, Statistics};

use crate::support::device::{all_gpus, gpu};
use crate::support::toys::{self, Random};

/// Decisions that are not part of the twin's band are not expected to be exact: this far apart, relatively, they are.
const MARGIN: f64 = 1e-3;

/// Largest line, largest allowed line, and by how much the second line stays behind beyond what counts; base 2.
fn lines(convex: &Projected<f64>, q: [f64; 2]) -> [f64; 3] {
    let factor = convex.z * convex.delta * std::f64::consts::LOG2_E;
    let mut values: Vec<f64> = convex.edges.iter().map(|edge: &Edge<f64>| factor * edge.distance(q)).collect();
    values.sort_by(f64::total_cmp);
    let (largest, second) = (values[values.len() - 1], values[values.len() - 2]);
    let sharpness = convex.z * convex.sigma;
    let limit = (convex.opacity / ALPHA_MIN - 1.0).log2() / sharpness;
    let tau = ((sharpness * (convex.edges.len() - 1) as f64).log2() + 14.0).max(12.0);
    [largest, limit, largest - tau - second]
}

/// The counts of a frame with these instances; near and smooth pairs that are certain, then those that are possible.
fn expected(frame: &ReferenceFrame<f64>, view: &ViewTransform<f64>, instances: &[(u32, u32)]) -> [Statistics; 2] {
    let num_columns = (frame.width as u32).div_ceil(TILE_SIZE);
    let mut counts = [Statistics { num_instances: instances.len() as u64, ..Statistics::default() }; 2];
    let mut drawn_instances = HashSet::new();
    for (row, column) in (0..frame.height).flat_map(|row| (0..frame.width).map(move |column| (row, column))) {
        let tile = (row as u32 / TILE_SIZE) * num_columns + column as u32 / TILE_SIZE;
        let here: Vec<usize> = instances.iter().filter(|(at, _)| *at == tile).map(|(_, id)| *id as usize).collect();
        let walk = frame.walk(column, row);
        let q = view.plane_from_pixel(column, row);
        let mut light = 1.0;
        for id in here {
            let convex = frame.layers.projected[id].as_ref().unwrap();
            let [largest, limit, behind] = lines(convex, q);
            let slack = MARGIN * (1.0 + largest.abs());
            let near = [largest < limit - slack, largest < limit + slack];
            let smooth = [near[0] && behind < -slack, near[1] && behind < slack];
            let drawn = walk.contributions.iter().find(|contribution| contribution.convex_id == id);
            for i in 0..2 {
                counts[i].tested_pairs += 1;
                counts[i].near_pairs += u64::from(near[i]);
                counts[i].smooth_pairs += u64::from(smooth[i]);
                counts[i].drawn_pairs += u64::from(drawn.is_some());
            }
            match drawn {
                Some(contribution) => {
                    drawn_instances.insert((tile, id));
                    light *= 1.0 - contribution.alpha;
                }
                // It would take the last light: nothing behind it is tested.
                None if light * (1.0 - alpha(convex, q)) < 1e-4 && alpha(convex, q) >= ALPHA_MIN => break,
                None => {}
            }
        }
    }
    for count in &mut counts {
        count.num_idle_instances = count.num_instances - drawn_instances.len() as u64;
    }
    counts
}

fn alpha(convex: &Projected<f64>, q: [f64; 2]) -> f64 {
    let indicator = reference::profile::Profile::at(convex, q).map_or(0.0, |profile| profile.indicator);
    (convex.opacity * indicator).min(0.99)
}

fn random_scene(seed: u64, random: &mut Random) -> lapidary::scene::Scene<f64> {
    let mut scene = toys::scene(random, 1 + (seed as usize * 7) % 25, 6, 0);
    // Some scenes sharp, some opaque enough that light ends.
    scene.params.log_delta.iter_mut().for_each(|x| *x += 4.0 * (seed % 2) as f64);
    scene.params.raw_opacity.iter_mut().for_each(|x| *x += 5.0 * ((seed / 2) % 2) as f64);
    scene
}

#[test]
fn random_scenes_count_as_the_twin_walks() {
    let mut renderer = Renderer::new(gpu(), 6).unwrap();
    let mut total = Statistics::default();
    let (mut num_scenes, mut walked_pairs) = (0, 0);
    for seed in 0..150 {
        let mut random = Random::new(9000 + seed);
        let scene = random_scene(seed, &mut random);
        let (camera, options): (Camera, _) = (toys::camera(&mut random, 37, 21), toys::options());
        let frame = reference::forward(&scene.cast::<f32>().cast(), &camera, &options);
        if frame.band.contains(&true) {
            continue;
        }
        let on_gpu = GpuScene::upload(gpu(), &scene.cast()).unwrap();
        let drawn = renderer.forward(&on_gpu, &camera, &options, Outputs::default()).unwrap();
        let found = renderer.statistics(&on_gpu, &drawn).unwrap();
        let [least, most] = expected(&frame, &ViewTransform::new(&camera, &options), &drawn.instances(gpu()).unwrap());
        renderer.recycle(drawn);
        let bounds = |of: fn(&Statistics) -> u64| (of(&least)..=of(&most)).contains(&of(&found));
        let are_near = bounds(|count| count.near_pairs) && bounds(|count| count.smooth_pairs);
        let exact = |count: Statistics| Statistics { tested_pairs: 0, near_pairs: 0, smooth_pairs: 0, ..count };
        assert_eq!(exact(found), exact(least), "seed {seed}");
        assert!(are_near, "seed {seed}: {found:?} is not between {least:?} and {most:?}");
        // Blocks of pixels that a convex misses are not tested, those of its near pixels are.
        assert!((found.near_pairs..=least.tested_pairs).contains(&found.tested_pairs), "seed {seed}: {found:?}");
        walked_pairs += least.tested_pairs;
        num_scenes += 1;
        total.drawn_pairs += found.drawn_pairs;
        total.tested_pairs += found.tested_pairs;
        total.num_idle_instances += found.num_idle_instances;
        total.smooth_pairs += least.smooth_pairs;
        total.near_pairs += least.near_pairs;
    }
    println!("{num_scenes} scenes: {total:?}");
    assert!(total.tested_pairs < walked_pairs * 4 / 5, "{} of {walked_pairs} pairs are tested", total.tested_pairs);
    assert!(num_scenes > 20, "{num_scenes} scenes without a pixel in the band");
    let all_differ = total.smooth_pairs < total.near_pairs && total.drawn_pairs < total.near_pairs;
    assert!(all_differ && total.num_idle_instances > 10, "{total:?} tells nothing apart");
}

#[test]
fn every_device_counts_alike() {
    let mut random = Random::new(21);
    let scene = toys::scene(&mut random, 120, 6, 1);
    let (camera, options) = (toys::camera(&mut random, 90, 75), toys::options());
    let counts = all_gpus().iter().map(|(_, gpu)| {
        let mut renderer = Renderer::new(gpu, 6).unwrap();
        let scene = GpuScene::upload(gpu, &scene.cast()).unwrap();
        let frame = renderer.forward(&scene, &camera, &options, Outputs::default()).unwrap();
        let counts = renderer.statistics(&scene, &frame).unwrap();
        assert_eq!(counts.num_instances, u64::from(frame.num_instances()));
        counts
    });
    let counts: Vec<Statistics> = counts.collect();
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[test]
fn convexes_that_can_be_seen_are_those_with_an_instance() {
    for (name, gpu) in all_gpus() {
        for seed in 0..4 {
            let mut random = Random::new(31 + seed);
            let num_convexes = [0, 1, 70, 200][seed as usize];
            let mut scene = toys::scene(&mut random, num_convexes, 6, 1);
            // No pixel of these reaches an alpha that counts.
            scene.params.raw_opacity.iter_mut().step_by(3).for_each(|opacity| *opacity = -9.0);
            let camera = toys::camera(&mut random, 40, 30);
            let mut renderer = Renderer::new(gpu, 6).unwrap();
            let scene = GpuScene::upload(gpu, &scene.cast()).unwrap();
            let frame = renderer.forward(&scene, &camera, &toys::options(), Outputs::default()).unwrap();
            let seen: HashSet<u32> = frame.instances(gpu).unwrap().into_iter().map(|(_, id)| id).collect();
            assert_eq!(renderer.num_visible(&frame).unwrap() as usize, seen.len(), "{name}, {num_convexes} convexes");
            assert!(
                num_convexes < 70 || (1..num_convexes).contains(&seen.len()),
                "{name}: some are hidden, some are not"
            );
        }
    }
}
