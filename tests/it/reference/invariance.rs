//! What must not change a picture: where the world's origin is, its scale, the resolution, and any numbering.

use glam::{DAffine3, DQuat, DVec3};
use lapidary::camera::{Camera, Intrinsics, RenderOptions};
use lapidary::reference::{ImageCotangents, ReferenceFrame, backward, forward};
use lapidary::scene::Scene;

use crate::support::compare::{max_error, relative_error};
use crate::support::toys::{self, Random};

const SEEDS: std::ops::Range<u64> = 0..25;

/// Rounding, after the 1e3-fold amplification of steep profiles.
const BAR: f64 = 1e-10;

fn setup(seed: u64, sh_degree: usize) -> (Random, Scene<f64>, Camera) {
    let mut random = Random::new(seed);
    let k = 3 + random.index(6);
    let scene = toys::scene(&mut random, 8, k, sh_degree);
    let camera = toys::camera(&mut random, 15, 12);
    (random, scene, camera)
}

fn assert_same(out: &ReferenceFrame<f64>, expected: &ReferenceFrame<f64>) {
    assert!(max_error(&out.rgb, &expected.rgb) < BAR);
    assert!(max_error(&out.alpha, &expected.alpha) < BAR);
    assert!(max_error(&out.depth, &expected.depth) < BAR);
    assert!(expected.alpha.iter().any(|alpha| *alpha > 0.1), "an empty image shows nothing");
}

#[test]
fn moving_world_and_camera_together_changes_nothing() {
    for seed in SEEDS {
        let (mut random, scene, camera) = setup(seed, 0);
        let turn = DQuat::from_scaled_axis(random.vector(3.0));
        let new_from_old = DAffine3::from_rotation_translation(turn, random.vector(10.0));
        let mut moved = scene.clone();
        for p in moved.params.points.chunks_exact_mut(3) {
            p.copy_from_slice(&new_from_old.transform_point3(DVec3::from_slice(p)).to_array());
        }
        let follower = Camera { view_from_world: camera.view_from_world * new_from_old.inverse(), ..camera };
        assert_same(&forward(&moved, &follower, &toys::options()), &forward(&scene, &camera, &toys::options()));
    }
}

#[test]
fn the_scale_of_the_world_changes_depth_only() {
    for seed in SEEDS {
        let (mut random, scene, camera) = setup(seed, 3);
        let scale = random.within(-5.0, 5.0).exp();
        let mut scaled = scene.clone();
        scaled.params.points.iter_mut().for_each(|x| *x *= scale);
        scaled.params.log_delta.iter_mut().for_each(|log| *log -= scale.ln());
        scaled.params.log_sigma.iter_mut().for_each(|log| *log -= scale.ln());
        // A near plane that culls some convexes, so that it must scale as well.
        let options = RenderOptions { near: 3.0, ..toys::options() };
        let expected = forward(&scene, &camera, &options);
        let mut far = camera;
        far.view_from_world.translation *= scale;
        let mut out = forward(&scaled, &far, &RenderOptions { near: 3.0 * scale, ..options });
        out.depth.iter_mut().for_each(|depth| *depth /= scale);
        assert!(max_error(&out.rgb, &expected.rgb) < BAR && max_error(&out.depth, &expected.depth) < BAR);
    }
}

#[test]
fn a_finer_picture_has_the_same_values_at_the_same_places() {
    for seed in SEEDS {
        let (_, scene, camera) = setup(seed, 3);
        let coarse = forward(&scene, &camera, &toys::options());
        let Intrinsics { fx, fy, cx, cy } = camera.intrinsics;
        let fine = Camera {
            intrinsics: Intrinsics { fx: 3.0 * fx, fy: 3.0 * fy, cx: 3.0 * cx, cy: 3.0 * cy },
            width: camera.width * 3,
            height: camera.height * 3,
            ..camera
        };
        let fine = forward(&scene, &fine, &toys::options());
        for (at, alpha) in coarse.alpha.iter().enumerate() {
            let (column, row) = (at % coarse.width, at / coarse.width);
            let middle = (row * 3 + 1) * fine.width + column * 3 + 1;
            assert!((fine.alpha[middle] - alpha).abs() < BAR);
            assert!(max_error(&fine.rgb[middle * 3..middle * 3 + 3], &coarse.rgb[at * 3..at * 3 + 3]) < BAR);
        }
    }
}

#[test]
fn the_numbering_of_convexes_does_not_matter() {
    for seed in SEEDS {
        let (mut random, scene, camera) = setup(seed, 3);
        let options = toys::options();
        let old_from_new = random.permutation(scene.len());
        let shuffled = scene.gather(&old_from_new);
        let (out, expected) = (forward(&shuffled, &camera, &options), forward(&scene, &camera, &options));
        assert_eq!((&out.rgb, &out.alpha, &out.depth), (&expected.rgb, &expected.alpha, &expected.depth), "to the bit");
        let v = ImageCotangents::of_rgb(random.values(out.rgb.len(), -1.0, 1.0));
        let gradients = Scene { params: backward(&scene, &camera, &options, &expected, &v), ..scene.clone() };
        let of_shuffled = backward(&shuffled, &camera, &options, &out, &v);
        assert_eq!(gradients.gather(&old_from_new).params, of_shuffled, "gradients move along");
    }
}

#[test]
fn the_numbering_of_points_does_not_matter() {
    for seed in SEEDS {
        let (mut random, scene, camera) = setup(seed, 3);
        let options = toys::options();
        let k = scene.points_per_convex;
        let old_from_new = random.permutation(k);
        let shuffle = |points: &[f64]| -> Vec<f64> {
            let rows = points.chunks_exact(k * 3);
            rows.flat_map(|row| old_from_new.iter().flat_map(|i| row[i * 3..i * 3 + 3].to_vec())).collect()
        };
        let mut shuffled = scene.clone();
        shuffled.params.points = shuffle(&scene.params.points);
        let (out, expected) = (forward(&shuffled, &camera, &options), forward(&scene, &camera, &options));
        assert_same(&out, &expected);
        let v = ImageCotangents::of_rgb(random.values(out.rgb.len(), -1.0, 1.0));
        let gradients = backward(&scene, &camera, &options, &expected, &v);
        let of_shuffled = backward(&shuffled, &camera, &options, &out, &v);
        assert!(relative_error(&of_shuffled.points, &shuffle(&gradients.points)) < BAR);
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let (mut random, scene, camera) = setup(1, 3);
    let camera = camera.resized(40, 35);
    let v = ImageCotangents::of_rgb(random.values(40 * 35 * 3, -1.0, 1.0));
    let run = || {
        let frame = forward(&scene, &camera, &toys::options());
        let gradients = backward(&scene, &camera, &toys::options(), &frame, &v);
        (frame, gradients)
    };
    let with_threads = |num: usize| rayon::ThreadPoolBuilder::new().num_threads(num).build().unwrap().install(run);
    let alone = with_threads(1);
    for num in [2, 3, 7] {
        assert_eq!(with_threads(num), alone, "{num} threads, to the bit");
    }
}
