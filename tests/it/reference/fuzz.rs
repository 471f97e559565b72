//! Whatever parameters hold, pictures and gradients are finite, in both precisions.

use lapidary::camera::{Camera, RenderOptions};
use lapidary::real::Real;
use lapidary::reference::{ImageCotangents, backward, forward};
use lapidary::scene::Scene;

use crate::support::toys::{self, Random};

const NASTY: [f64; 16] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    1e-310,
    1e-40,
    -1e-20,
    1e-4,
    85.0,
    700.0,
    -700.0,
    1e10,
    -1e19,
    3e38,
    1e308,
];

/// Renders, differentiates, and returns how many pixels show anything.
fn run<T: Real>(scene: &Scene<f64>, camera: &Camera, random: &mut Random, antialias: bool, what: &str) -> usize {
    let scene: Scene<T> = scene.cast();
    let options = RenderOptions { near: [0.0, 0.01, -5.0][random.index(3)], antialias, ..toys::options() };
    let frame = forward(&scene, camera, &options);
    let mut values = |len: usize| random.values(len, -1.0, 1.0).into_iter().map(T::of).collect::<Vec<T>>();
    let pixels = frame.alpha.len();
    let v = ImageCotangents { rgb: values(pixels * 3), alpha: values(pixels), depth: values(pixels) };
    let gradients = backward(&scene, camera, &options, &frame, &v);
    for (name, picture) in [("rgb", &frame.rgb), ("alpha", &frame.alpha), ("depth", &frame.depth)] {
        assert!(picture.iter().all(|x| x.is_finite()), "{what}: {name}");
    }
    for (name, gradient) in gradients.into_named() {
        assert!(gradient.iter().all(|x| x.is_finite()), "{what}: gradient of {name}");
    }
    frame.num_contributions.iter().filter(|num| **num > 0).count()
}

fn run_both(scene: &Scene<f64>, camera: &Camera, random: &mut Random, what: &str) -> usize {
    let mut run = |antialias| {
        run::<f64>(scene, camera, random, antialias, what) + run::<f32>(scene, camera, random, antialias, what)
    };
    run(false) + run(true)
}

#[test]
fn nasty_values_anywhere() {
    let mut seen = 0;
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let k = 3 + random.index(6);
        let mut scene = toys::scene(&mut random, 6, k, (k + 1) % 4);
        for values in scene.params.as_mut().into_array() {
            for _ in 0..random.index(3) {
                let at = random.index(values.len());
                values[at] = NASTY[random.index(NASTY.len())];
            }
        }
        let camera = toys::camera(&mut random, 8, 6);
        seen += run_both(&scene, &camera, &mut random, &format!("seed {seed}"));
    }
    assert!(seen > 1000, "only {seen} pixels saw anything");
}

#[test]
fn extreme_delta_sigma_and_size() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let k = 3 + random.index(6);
        let mut scene = toys::scene(&mut random, 4, k, 1);
        scene.params.log_delta = random.values(4, -120.0, 300.0);
        scene.params.log_sigma = random.values(4, -120.0, 300.0);
        let size = random.within(-60.0, 60.0).exp();
        scene.params.points.iter_mut().for_each(|x| *x *= size);
        let camera = toys::camera(&mut random, 8, 6);
        run_both(&scene, &camera, &mut random, &format!("seed {seed}"));
    }
}

#[test]
fn coincident_collinear_and_around_the_camera() {
    let mut seen = 0;
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let k = 3 + random.index(6);
        let mut scene = toys::scene(&mut random, 4, k, 2);
        let camera = toys::camera(&mut random, 8, 6);
        let [coincident, collinear, around, _] = [0, 1, 2, 3].map(|i| i * k * 3..(i + 1) * k * 3);
        let first = scene.point(0, 0);
        scene.params.points[coincident].chunks_exact_mut(3).for_each(|p| p.copy_from_slice(&first));
        let (start, along) = (random.vector(1.0), random.vector(1.0));
        for p in scene.params.points[collinear].chunks_exact_mut(3) {
            p.copy_from_slice(&(start + along * random.within(-1.0, 1.0)).to_array());
        }
        let position = camera.position().to_array();
        scene.params.points[around].iter_mut().enumerate().for_each(|(i, x)| *x += position[i % 3]);
        seen += run_both(&scene, &camera, &mut random, &format!("seed {seed}"));
    }
    assert!(seen > 1000, "only {seen} pixels saw anything");
}

#[test]
fn a_broken_convex_does_not_touch_the_others() {
    let mut random = Random::new(9);
    let good = toys::scene(&mut random, 5, 6, 1);
    let camera = toys::camera(&mut random, 12, 9);
    let v = ImageCotangents::of_rgb(random.values(12 * 9 * 3, -1.0, 1.0));
    let expected = forward(&good, &camera, &toys::options());
    let expected_gradient = backward(&good, &camera, &toys::options(), &expected, &v);
    for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for field in 0..5 {
            let mut scene = good.gather(&[0, 1, 2, 3, 4, 0]);
            let width = scene.row_widths().into_array()[field];
            scene.params.as_mut().into_array()[field][5 * width] = poison;
            let frame = forward(&scene, &camera, &toys::options());
            assert_eq!(frame.rgb, expected.rgb, "{poison} in parameter {field}");
            let gradients = backward(&scene, &camera, &toys::options(), &frame, &v);
            assert_eq!(gradients.points[..5 * 18], expected_gradient.points, "{poison} in parameter {field}");
        }
    }
}
