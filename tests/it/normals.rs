//! Normals of the GPU against those of the twin.

use lapidary::constants::NORMAL_ALPHA_MIN;
use lapidary::reference;
use lapidary::reference::normals::normals;

use crate::support::device::{all_gpus, gpu};
use crate::support::renderers::Renderers;
use crate::support::toys::{self, Random};

/// Length of the difference of unit vectors. Neighbours are two pixels apart, a fortieth of their depth or so: what is left
/// of the 1e-6 that depths are exact to.
const TOLERANCE: f64 = 2e-4;

#[test]
fn random_scenes_have_the_normals_of_the_twin() {
    let mut renderers = Renderers::new(gpu());
    let (mut num_compared, mut worst) = (0, 0.0f64);
    for seed in 0..40 {
        let mut random = Random::new(700 + seed);
        let mut scene = toys::scene(&mut random, 30, 6, 0);
        scene.params.raw_opacity.iter_mut().for_each(|x| *x += 3.0);
        let scene = scene.cast::<f32>();
        let (camera, options) = (toys::camera(&mut random, 41, 35), toys::options());
        let frame = reference::forward(&scene.cast::<f64>(), &camera, &options);
        let expected = normals(&camera, &frame.alpha, &frame.depth);
        let found = renderers.render(&scene, &camera, &options).normals.unwrap();
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let around = [i.checked_sub(41), i.checked_sub(1), Some(i), Some(i + 1), Some(i + 41)];
            let is_unsure = |at: usize| {
                frame.band.get(at).is_some_and(|in_band| *in_band)
                    || frame.alpha.get(at).is_some_and(|alpha| (alpha - NORMAL_ALPHA_MIN).abs() < 1e-4)
            };
            if around.into_iter().flatten().any(is_unsure) {
                continue;
            }
            let difference = (0..3).map(|axis| (f64::from(found[axis]) - expected[axis]).powi(2)).sum::<f64>().sqrt();
            assert!(difference <= TOLERANCE, "seed {seed}, pixel {i}: {found:?}, expected {expected:?}");
            worst = worst.max(difference);
            num_compared += usize::from(*expected != [0.0; 3]);
        }
    }
    println!("{num_compared} normals, the worst is off by {worst:.1e}");
    assert!(num_compared > 5000, "{num_compared} normals");
}

#[test]
fn bands_change_no_bit() {
    let [(_, whole), _, (_, split)] = all_gpus() else { panic!("three devices") };
    let mut random = Random::new(11);
    let mut scene = toys::scene(&mut random, 100, 6, 0);
    scene.params.raw_opacity.iter_mut().for_each(|x| *x += 3.0);
    let (scene, camera) = (scene.cast(), toys::camera(&mut random, 150, 130));
    let [expected, found] =
        [whole, split].map(|gpu| Renderers::new(gpu).render(&scene, &camera, &toys::options()).normals.unwrap());
    let row_is_seen = |row: usize| expected[row * 150..(row + 1) * 150].iter().any(|normal| *normal != [0.0; 3]);
    assert!((10..120).all(row_is_seen), "normals on every border of bands");
    assert!(expected == found);
}
