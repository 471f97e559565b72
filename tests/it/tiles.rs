//! Tiles that a convex is put into: never one too few, hardly one too many, and far fewer than a bounding circle gives.
//!
//! The judge is the twin, which has no tiles: a tile is needed if one of its pixels has alpha >= 1/255, whatever light is
//! left there.

use std::collections::HashSet;

use glam::{DVec2, DVec3};
use lapidary::camera::Camera;
use lapidary::constants::{ALPHA_MIN, TILE_SIZE};
use lapidary::reference;
use lapidary::reference::profile::Profile;
use lapidary::reference::project::Projected;
use lapidary::reference::view::ViewTransform;
use lapidary::renderer::{GpuScene, Outputs, Renderer};
use lapidary::scene::{Params, Scene};
use rayon::prelude::*;

use crate::support::device::gpu;
use crate::support::toys::{self, Random};

/// Pairs of a tile and a convex.
type Instances = HashSet<(u32, u32)>;

fn found(renderer: &mut Renderer, scene: &Scene<f64>, camera: &Camera) -> Instances {
    let scene = GpuScene::upload(gpu(), &scene.cast()).unwrap();
    let frame = renderer.forward(&scene, camera, &toys::options(), Outputs::default()).unwrap();
    let instances = frame.instances(gpu()).unwrap();
    renderer.recycle(frame);
    let distinct: Instances = instances.iter().copied().collect();
    assert_eq!(distinct.len(), instances.len(), "no pair comes twice");
    distinct
}

/// The fewest that will do.
fn needed(projected: &[Option<Projected<f64>>], camera: &Camera) -> Instances {
    let view = ViewTransform::new(camera, &toys::options());
    let num_columns = camera.width.div_ceil(TILE_SIZE);
    let of_convex = |(id, convex): (usize, &Option<Projected<f64>>)| -> Instances {
        let Some(convex) = convex else { return Instances::new() };
        let is_visible = |column: u32, row: u32| {
            let profile = Profile::at(convex, view.plane_from_pixel(column as usize, row as usize));
            profile.is_some_and(|profile| convex.opacity * profile.indicator >= ALPHA_MIN)
        };
        let pixels = (0..camera.height).flat_map(|row| (0..camera.width).map(move |column| (column, row)));
        pixels
            .filter(|(column, row)| is_visible(*column, *row))
            .map(|(column, row)| ((row / TILE_SIZE) * num_columns + column / TILE_SIZE, id as u32))
            .collect()
    };
    projected.par_iter().enumerate().map(of_convex).reduce(Instances::new, |a, b| &a | &b)
}

/// Tiles of the square around the circle that the method's authors bound a convex with: 1.1 times the furthest vertex,
/// or the mean distance of the corners of lines pushed out to where the profile is 0.11, if that is further.
fn in_circle(id: u32, convex: &Projected<f64>, centre: DVec2, camera: &Camera) -> Instances {
    let focal = DVec2::new(camera.intrinsics.fx, camera.intrinsics.fy);
    let offset = 2.1 / (convex.z * convex.z * convex.delta * convex.sigma);
    let furthest = convex.edges.iter().map(|edge| ((DVec2::from_array(edge.start) - centre) * focal).length());
    let pairs = convex.edges.windows(2).filter_map(|pair| {
        let [p, q] = [0, 1].map(|i| DVec2::from_array(pair[i].normal));
        let [c, d] = [0, 1].map(|i| offset + DVec2::from_array(pair[i].normal).dot(DVec2::from_array(pair[i].start)));
        let det = p.perp_dot(q);
        let corner = DVec2::new(c * q.y - d * p.y, d * p.x - c * q.x) / det;
        (0.1..3.0).contains(&p.angle_to(q).abs()).then(|| ((corner - centre) * focal).length())
    });
    let corners: Vec<f64> = pairs.collect();
    let mean = corners.iter().sum::<f64>() / corners.len().max(1) as f64;
    let radius = (1.1 * furthest.fold(0.0, f64::max)).max(mean).ceil();
    // Whole numbers are centres of pixels there.
    let middle = centre * focal + DVec2::new(camera.intrinsics.cx, camera.intrinsics.cy) - 0.5;
    let tiles = |middle: f64, size: u32| {
        let (tile, last) = (f64::from(TILE_SIZE), f64::from(size.div_ceil(TILE_SIZE)));
        let first = ((middle - radius) / tile).floor().clamp(0.0, last);
        let end = ((middle + radius + tile - 1.0) / tile).floor().clamp(0.0, last);
        first as u32..end as u32
    };
    let (columns, rows) = (tiles(middle.x, camera.width), tiles(middle.y, camera.height));
    let row = |row: u32| columns.clone().map(move |column| (row * camera.width.div_ceil(TILE_SIZE) + column, id));
    rows.flat_map(row).collect()
}

/// Convexes of six points within `radius` pixels of centres all over a picture of 288×224 pixels. The profile falls by a
/// factor of e within `fall` pixels of an edge as long as the radius.
fn scene(radius: f64, fall: f64, opacity: f64) -> (Scene<f64>, Camera) {
    let mut random = Random::new((radius * 64.0 + fall * 8.0 + opacity * 4.0) as u64);
    let focal = 300.0;
    let camera = Camera::look_at(DVec3::new(0.0, 0.0, -1.0), DVec3::ZERO, DVec3::NEG_Y, focal, 288, 224);
    let mut scene = Scene::empty(6, 0);
    for _ in 0..96 {
        let z = random.within(2.0, 4.0);
        let world_from_pixel = z / focal;
        let centre = DVec3::new(random.within(-144.0, 144.0), random.within(-112.0, 112.0), 0.0) * world_from_pixel
            + DVec3::Z * (z - 1.0);
        let mut point = || loop {
            let offset = random.vector(1.0);
            if offset.length() <= 1.0 {
                return centre + offset * radius * world_from_pixel;
            }
        };
        let points: Vec<f64> = (0..6).flat_map(|_| point().to_array()).collect();
        // Twenty times steeper towards corners than across the border, so that corners stay corners.
        let exponent_per_area = focal * focal / (z * z * fall * radius);
        let sigma = 0.05 / z;
        scene.push(Params {
            points: &points,
            log_delta: &[(exponent_per_area / sigma).ln()],
            log_sigma: &[sigma.ln()],
            raw_opacity: &[(opacity / (1.0 - opacity)).ln()],
            sh: &[0.1; 48],
        });
    }
    (scene, camera)
}

#[test]
fn instances_contain_all_needed_ones_and_few_others() {
    let mut renderer = Renderer::new(gpu(), 6).unwrap();
    println!("| radius, fall, opacity | needed | ours | ours / needed | circle | circle / ours | lost by the circle |");
    let mut total = [0; 4];
    for radius in [4.0, 8.0, 16.0, 32.0] {
        for (fall, opacity) in [(0.5, 0.6), (0.125, 0.6), (0.5, 0.1), (0.03, 0.95)] {
            let (scene, camera) = scene(radius, fall * radius, opacity);
            let frame = reference::forward(&scene, &Camera { width: 1, height: 1, ..camera }, &toys::options());
            let needed = needed(&frame.layers.projected, &camera);
            let found = found(&mut renderer, &scene, &camera);
            assert!(needed.is_subset(&found), "{:?} are missing", needed.difference(&found).collect::<Vec<_>>());
            let centre = |id: usize| {
                let sum: DVec3 = (0..6).map(|k| DVec3::from_array(scene.point(id, k))).sum();
                let p = camera.view_from_world.transform_point3(sum / 6.0);
                p.truncate() / p.z
            };
            let convexes = frame.layers.projected.iter().enumerate();
            let circle: Instances = convexes
                .filter_map(|(id, convex)| Some(in_circle(id as u32, convex.as_ref()?, centre(id), &camera)))
                .flatten()
                .collect();
            let counts = [needed.len(), found.len(), circle.len(), needed.difference(&circle).count()];
            let [fewest, ours, theirs, lost] = counts;
            let ratio = |a: usize, b: usize| a as f64 / b as f64;
            println!(
                "| {radius}, {}, {opacity} | {fewest} | {ours} | {:.3} | {theirs} | {:.2} | {lost} |",
                fall * radius,
                ratio(ours, fewest),
                ratio(theirs, ours)
            );
            // The least convexes are slivers that pass between the centres of pixels.
            assert!(ratio(ours, fewest) <= 1.15, "{ours} instances where {fewest} would do");
            (0..4).for_each(|i| total[i] += counts[i]);
        }
    }
    println!("{total:?}");
    assert!(total[1] * 100 <= total[0] * 102 && total[2] * 10 > total[1] * 14, "needed, ours, circle, lost: {total:?}");
}

#[test]
fn no_tile_with_a_visible_pixel_is_missing() {
    let mut renderer = Renderer::new(gpu(), 6).unwrap();
    let mut total = [0; 2];
    for seed in 0..40 {
        let mut random = Random::new(3000 + seed);
        let mut scene = toys::scene(&mut random, 20, 6, 0);
        // From hair-thin borders to fogs, from faint to opaque.
        scene.params.log_delta.iter_mut().for_each(|x| *x += random.within(-3.0, 6.0));
        scene.params.log_sigma.iter_mut().for_each(|x| *x += random.within(-2.0, 3.0));
        scene.params.raw_opacity.iter_mut().for_each(|x| *x += random.within(-4.0, 6.0));
        let size = random.within(-4.0, 1.0).exp();
        scene.params.points.iter_mut().for_each(|x| *x *= size);
        let mut camera = toys::camera(&mut random, 70, 52);
        camera.intrinsics.fx /= size.max(0.1);
        camera.intrinsics.fy /= size.max(0.1);
        // The device sees what f32 can hold.
        let scene = scene.cast::<f32>().cast::<f64>();
        let frame = reference::forward(&scene, &Camera { width: 1, height: 1, ..camera }, &toys::options());
        let needed = needed(&frame.layers.projected, &camera);
        let found = found(&mut renderer, &scene, &camera);
        let missing: Vec<_> = needed.difference(&found).collect();
        assert!(missing.is_empty(), "seed {seed}: {missing:?} of {} are missing", needed.len());
        total = [total[0] + needed.len(), total[1] + found.len()];
    }
    println!("needed, found: {total:?}");
    assert!(total[0] > 1000, "{total:?}");
}
