//! Gradients of the GPU against the test vectors and against the twin.

use lapidary::reference::{self, ImageCotangents};
use lapidary::scene::Params;

use crate::support::compare::relative_error;
use crate::support::device::{all_gpus, gpu};
use crate::support::renderers::Renderers;
use crate::support::toys::{self, Random};
use crate::support::vectors::scene_cases;

/// ‖out − ref‖ / ‖ref‖ per parameter: docs/spec.md §5.
const TOLERANCE: f64 = 1e-3;

fn rows_of_four(v_rgb: &[f32]) -> Vec<[f32; 4]> {
    v_rgb.chunks_exact(3).map(|v| [v[0], v[1], v[2], 0.0]).collect()
}

/// Error of every parameter, with its name.
fn errors(found: &Params<Vec<f32>>, expected: &Params<Vec<f64>>) -> [(&'static str, f64); 5] {
    found.as_ref().zip(expected.as_ref()).map(|(found, expected)| relative_error(found, expected)).into_named()
}

#[test]
fn every_vector_is_met() {
    for (name, gpu) in all_gpus().iter().take(2) {
        let mut renderers = Renderers::new(gpu);
        for case in scene_cases() {
            let (v_rgba, v_depth) = (rows_of_four(&case.v_rgb), vec![0.0; case.depth.len()]);
            let found = renderers.gradients(&case.scene, &case.camera, &case.options, &v_rgba, &v_depth);
            let expected = case.gradients.map(|values| values.into_iter().map(f64::from).collect());
            let errors = errors(&found, &expected);
            println!("| {} |{}", case.name, errors.map(|(_, error)| format!(" {error:.1e} |")).concat());
            for (parameter, error) in errors {
                assert!(error <= TOLERANCE, "{} on {name}: `{parameter}` is off by {error:.1e}", case.name);
            }
        }
    }
}

#[test]
fn random_scenes_have_the_gradients_of_the_twin() {
    let mut renderers = Renderers::new(gpu());
    for seed in 0..120 {
        let mut random = Random::new(1000 + seed);
        let (points, degree) = (3 + (seed as usize) % 6, (seed as usize) % 4);
        let scene = toys::scene(&mut random, 1 + (seed as usize * 13) % 30, points, degree).cast::<f32>();
        let (width, height) = (17 + (seed as u32 * 7) % 40, 16 + (seed as u32 * 5) % 35);
        let (camera, options) = (toys::camera(&mut random, width, height), toys::options());
        let wide = scene.cast::<f64>();
        let frame = reference::forward(&wide, &camera, &options);

        // Nothing is asked of pixels where f32 may decide otherwise.
        let pixels = frame.band.len();
        let mut v = |per_pixel: usize| -> Vec<f32> {
            let mut values = random.values(pixels * per_pixel, -1.0, 1.0);
            for (i, value) in values.iter_mut().enumerate() {
                *value *= f64::from(u8::from(!frame.band[i / per_pixel]));
            }
            values.into_iter().map(|value| value as f32).collect()
        };
        let (v_rgb, v_alpha, v_depth) = (v(3), v(1), v(1));
        let v_rgba: Vec<[f32; 4]> =
            v_rgb.chunks_exact(3).zip(&v_alpha).map(|(v, alpha)| [v[0], v[1], v[2], *alpha]).collect();
        let widen = |values: Vec<f32>| values.into_iter().map(f64::from).collect();
        let v = ImageCotangents { rgb: widen(v_rgb), alpha: widen(v_alpha), depth: widen(v_depth.clone()) };
        let expected = reference::backward(&wide, &camera, &options, &frame, &v);

        let found = renderers.gradients(&scene, &camera, &options, &v_rgba, &v_depth);
        for (parameter, error) in errors(&found, &expected) {
            assert!(error <= TOLERANCE, "seed {seed}: `{parameter}` is off by {error:.1e}");
        }
    }
}

#[test]
fn twenty_runs_give_the_same_bits() {
    let mut renderers = Renderers::new(gpu());
    let mut random = Random::new(7);
    let scene = toys::scene(&mut random, 200, 6, 3).cast::<f32>();
    let (camera, options) = (toys::camera(&mut random, 120, 90), toys::options());
    let v_rgba: Vec<[f32; 4]> = (0..120 * 90).map(|i| [(i as f32).sin(), (i as f32).cos(), 0.3, 0.1]).collect();
    let v_depth = vec![0.01; 120 * 90];
    let mut run = || {
        let pictures = renderers.render(&scene, &camera, &options);
        let gradients = renderers.gradients(&scene, &camera, &options, &v_rgba, &v_depth);
        let bits = |values: &Vec<f32>| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
        (pictures, gradients.as_ref().map(bits))
    };
    let first = run();
    for _ in 0..19 {
        assert!(run() == first);
    }
}
