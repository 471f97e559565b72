//! Pictures of the GPU against the test vectors and against the twin, which has no tiles.

use std::time::Duration;

use lapidary::reference;
use lapidary::renderer::{GpuScene, Outputs, Pictures, Renderer};
use lapidary::scene::Scene;

use crate::support::compare::max_error_outside;
use crate::support::device::{all_gpus, gpu};
use crate::support::renderers::Renderers;
use crate::support::toys::{self, Random};
use crate::support::vectors::scene_cases;

/// Absolute, outside the band: docs/spec.md §5.
const TOLERANCE: f64 = 2e-4;

/// Largest errors of rgb, alpha and depth.
fn errors(found: &Pictures, rgb: &[f64], alpha: &[f64], depth: &[f64], band: &[bool]) -> [f64; 3] {
    let found_alpha: Vec<f32> = found.rgba.iter().map(|pixel| pixel[3]).collect();
    [
        max_error_outside(&found.image().data, rgb, band),
        max_error_outside(&found_alpha, alpha, band),
        max_error_outside(&found.depth, depth, band),
    ]
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

#[test]
fn pictures_match_the_test_vectors() {
    for (name, gpu) in all_gpus() {
        let mut renderers = Renderers::new(gpu);
        for case in scene_cases() {
            let found = renderers.render(&case.scene, &case.camera, &case.options);
            let [rgb, alpha, depth] =
                errors(&found, &wide(&case.rgb), &wide(&case.alpha), &wide(&case.depth), &case.band);
            println!("| {} | {rgb:.1e} | {alpha:.1e} | {depth:.1e} | {} |", case.name, found.num_instances);
            // Depth is in scene units: its error is that of the weights times the depth.
            let deepest = case.depth.iter().copied().fold(1.0f32, f32::max);
            let is_met = rgb <= TOLERANCE && alpha <= TOLERANCE && depth <= TOLERANCE * f64::from(deepest);
            assert!(is_met, "{} on {name}: rgb {rgb:.1e}, alpha {alpha:.1e}, depth {depth:.1e}", case.name);
        }
    }
}

#[test]
fn random_scenes_look_as_the_twin_draws_them() {
    let mut renderers = Renderers::new(gpu());
    for seed in 0..180 {
        let mut random = Random::new(seed);
        let points = 3 + (seed as usize) % 6;
        let mut scene = toys::scene(&mut random, 1 + random_len(seed), points, (seed as usize) % 4);
        let (width, height) = (17 + (seed as u32 * 7) % 40, 16 + (seed as u32 * 5) % 35);
        let camera = toys::camera(&mut random, width, height);
        let options = if seed % 2 == 1 { toys::antialiased() } else { toys::options() };
        if options.antialias {
            let part = [1.0, 0.2, 0.02][seed as usize / 2 % 3];
            toys::press(&mut scene, &mut random, part);
        }
        let scene = scene.cast::<f32>();
        let expected = reference::forward(&scene.cast::<f64>(), &camera, &options);
        let found = renderers.render(&scene, &camera, &options);
        let worst = errors(&found, &expected.rgb, &expected.alpha, &expected.depth, &expected.band);
        assert!(worst[0] <= TOLERANCE && worst[1] <= TOLERANCE, "seed {seed}: {worst:?}");
        assert!(worst[2] <= TOLERANCE * 6.0, "seed {seed}: {worst:?}, the scene is six units deep");
    }
}

fn random_len(seed: u64) -> usize {
    (seed as usize * 13) % 40
}

#[test]
fn a_scene_without_convexes_is_background() {
    let mut random = Random::new(3);
    let (camera, options) = (toys::camera(&mut random, 20, 17), toys::options());
    let found = Renderers::new(gpu()).render(&Scene::empty(6, 0), &camera, &options);
    let [red, green, blue] = options.background;
    assert!(found.rgba.iter().all(|pixel| *pixel == [red, green, blue, 0.0]));
    assert_eq!(found.num_instances, 0);
}

#[test]
fn buffers_grow_within_a_frame_and_serve_the_next() {
    let mut renderers = Renderers::new(gpu());
    let mut random = Random::new(5);
    // Soft convexes that cover the whole picture: far more instances than buffers are first made for.
    let mut large = toys::scene(&mut random, 300, 6, 1);
    large.params.log_delta.iter_mut().for_each(|x| *x = -1.0);
    large.params.log_sigma.iter_mut().for_each(|x| *x = -1.0);
    let (large, small) = (large.cast::<f32>(), toys::scene(&mut random, 5, 6, 1).cast::<f32>());
    let (wide, narrow) = (toys::camera(&mut random, 128, 64), toys::camera(&mut random, 40, 50));
    let options = toys::options();
    let first = renderers.render(&large, &wide, &options);
    assert!(first.num_instances > 300 * 8, "{} instances fit from the beginning", first.num_instances);
    let expected = reference::forward(&large.cast::<f64>(), &wide, &options);
    let worst = errors(&first, &expected.rgb, &expected.alpha, &expected.depth, &expected.band);
    assert!(worst[0] <= TOLERANCE && worst[1] <= TOLERANCE, "{worst:?}");
    let between = renderers.render(&small, &narrow, &options);
    assert!(renderers.render(&large, &wide, &options) == first);
    assert!(renderers.render(&small, &narrow, &options) == between);
}

#[test]
fn a_frame_that_is_cut_has_the_same_bits() {
    let outputs = Outputs { inspection: true, normals: true };
    for (name, gpu) in all_gpus() {
        let mut random = Random::new(4);
        let scene = GpuScene::upload(gpu, &toys::scene(&mut random, 300, 6, 1).cast::<f32>()).unwrap();
        for options in [toys::options(), toys::antialiased()] {
            let cameras =
                [(70, 93), (33, 200), (128, 60)].map(|(width, height)| toys::camera(&mut random, width, height));
            let pictures = |limit: Duration| {
                let mut renderer = Renderer::new(gpu, 6).unwrap();
                renderer.set_pace(limit);
                let mut pictures = Vec::new();
                // The first frame is cut in any case, because nothing is known of its time.
                renderer.render(&scene, &cameras[0], &options, outputs).unwrap();
                let num_pieces = renderer.num_pieces(&renderer.shape(&scene, &cameras[0]));
                assert_eq!(num_pieces > 1, limit.is_zero());
                for camera in &cameras {
                    pictures.push(renderer.render(&scene, camera, &options, outputs).unwrap());
                }
                let started =
                    cameras.each_ref().map(|camera| renderer.start(&scene, camera, &options, outputs).unwrap());
                pictures.extend(started.into_iter().map(|pending| renderer.finish(&scene, pending).unwrap()));
                pictures
            };
            let (whole, cut) = (pictures(Duration::from_secs(3600)), pictures(Duration::ZERO));
            assert!(whole == cut, "{name}, {options:?}");
            assert!(whole[..3] == whole[3..], "{name}, {options:?}: frames under way");
        }
    }
}
