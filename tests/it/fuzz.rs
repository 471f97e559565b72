//! Whatever parameters hold, no NaN or infinity leaves the GPU, and good convexes do not notice broken ones.

use lapidary::camera::{Camera, RenderOptions};
use lapidary::scene::Scene;

use crate::support::device::gpu;
use crate::support::renderers::Renderers;
use crate::support::toys::{self, Random};

const NASTY: [f32; 16] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    0.0,
    -0.0,
    1e-45,
    1e-40,
    -1e-20,
    1e-4,
    85.0,
    700.0,
    -700.0,
    1e10,
    -1e19,
    1e30,
    3e38,
];

/// Renders and differentiates, without anti-aliasing and with it; returns how many pixels show anything.
fn run(renderers: &mut Renderers<'_>, scene: &Scene, camera: &Camera, options: &RenderOptions, what: &str) -> usize {
    let mut run = |antialias| run_once(renderers, scene, camera, &RenderOptions { antialias, ..*options }, what);
    run(true).min(run(false))
}

fn run_once(
    renderers: &mut Renderers<'_>,
    scene: &Scene,
    camera: &Camera,
    options: &RenderOptions,
    what: &str,
) -> usize {
    let pixels = (camera.width * camera.height) as usize;
    let pictures = renderers.render(scene, camera, options);
    assert!(pictures.rgba.iter().flatten().all(|x| x.is_finite()), "{what}: rgba");
    assert!(pictures.depth.iter().all(|x| x.is_finite()), "{what}: depth");
    let v_rgba = vec![[0.5, -1.0, 0.25, 0.75]; pixels];
    let gradients = renderers.gradients(scene, camera, options, &v_rgba, &vec![0.3; pixels]);
    for (name, gradient) in gradients.into_named() {
        let bad = gradient.iter().position(|x| !x.is_finite());
        assert!(bad.is_none(), "{what}: gradient of {name} at {bad:?}");
    }
    pictures.rgba.iter().filter(|pixel| pixel[3] > 0.0).count()
}

#[test]
fn nasty_values_anywhere() {
    let mut renderers = Renderers::new(gpu());
    let mut seen = 0;
    for seed in 0..80 {
        let mut random = Random::new(seed);
        let mut scene = toys::scene(&mut random, 60, 6, (seed as usize) % 4).cast::<f32>();
        for values in scene.params.as_mut().into_array() {
            for _ in 0..random.index(12) {
                let at = random.index(values.len());
                values[at] = NASTY[random.index(NASTY.len())];
            }
        }
        let camera = toys::camera(&mut random, 40, 24);
        let options = RenderOptions { near: [0.0, 0.01, -5.0][random.index(3)], ..toys::options() };
        seen += run(&mut renderers, &scene, &camera, &options, &format!("seed {seed}"));
    }
    assert!(seen > 10_000, "only {seen} pixels saw anything");
}

#[test]
fn extreme_delta_sigma_and_size() {
    let mut renderers = Renderers::new(gpu());
    for seed in 0..80 {
        let mut random = Random::new(500 + seed);
        let mut scene = toys::scene(&mut random, 20, 6, 1);
        scene.params.log_delta = random.values(20, -120.0, 120.0);
        scene.params.log_sigma = random.values(20, -120.0, 120.0);
        let size = random.within(-40.0, 40.0).exp();
        scene.params.points.iter_mut().for_each(|x| *x *= size);
        let camera = toys::camera(&mut random, 24, 20);
        run(&mut renderers, &scene.cast(), &camera, &toys::options(), &format!("seed {seed}"));
    }
}

#[test]
fn points_on_a_grid_of_pixels_and_tiles() {
    let mut renderers = Renderers::new(gpu());
    let camera = Camera::look_at(glam::DVec3::new(0.0, 0.0, -1.0), glam::DVec3::ZERO, glam::DVec3::NEG_Y, 16.0, 64, 48);
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let mut scene = toys::scene(&mut random, 40, 6, 0);
        // Whole and half pixels, tile borders among them; many coincide or are collinear.
        for point in scene.params.points.chunks_exact_mut(3) {
            point[0] = (random.index(9) as f64 - 4.0) / 4.0;
            point[1] = (random.index(9) as f64 - 4.0) / 4.0;
            point[2] = random.index(2) as f64 - 0.5;
        }
        run(&mut renderers, &scene.cast(), &camera, &toys::options(), &format!("seed {seed}"));
    }
}

#[test]
fn good_convexes_do_not_notice_broken_ones() {
    let mut renderers = Renderers::new(gpu());
    for seed in 0..10 {
        let mut random = Random::new(seed);
        let good = toys::scene(&mut random, 20, 6, 2).cast::<f32>();
        let mut both = good.clone();
        for broken in 0..20 {
            let mut row = good.gather(&[broken]);
            row.params.points[broken % 18] = [f32::NAN, f32::INFINITY, -f32::INFINITY][broken % 3];
            let rows = row.params.as_ref().map(Vec::as_slice);
            both.push(rows);
        }
        let (camera, options) = (toys::camera(&mut random, 33, 30), toys::options());
        let (alone, among) = (renderers.render(&good, &camera, &options), renderers.render(&both, &camera, &options));
        assert!(alone == among, "seed {seed}");
    }
}
