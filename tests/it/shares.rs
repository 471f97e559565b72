//! The largest share of a pixel that every convex has, against the walks of the twin.

use lapidary::reference;
use lapidary::renderer::{GpuScene, Outputs, Renderer};

use crate::support::device::all_gpus;
use crate::support::toys::{self, Random};

/// Absolute: that of pictures, docs/spec.md §5.
const TOLERANCE: f64 = 2e-4;

#[test]
fn shares_are_the_largest_of_the_twin_s_walks() {
    for (name, gpu) in all_gpus() {
        let mut renderer = Renderer::new(gpu, 6).unwrap();
        let (mut num_scenes, mut num_seen, mut num_hidden) = (0, 0, 0);
        for seed in 0..150 {
            let mut random = Random::new(500 + seed);
            let mut scene = toys::scene(&mut random, 1 + (seed as usize * 7) % 40, 6, 0);
            // Some scenes opaque enough that light ends.
            scene.params.raw_opacity.iter_mut().for_each(|x| *x += 6.0 * (seed % 2) as f64);
            let scene = scene.cast::<f32>();
            let (camera, options) = (toys::camera(&mut random, 25, 19), toys::options());
            let frame = reference::forward(&scene.cast::<f64>(), &camera, &options);
            if frame.band.contains(&true) {
                continue;
            }
            let mut expected = vec![0.0f64; scene.len()];
            for (row, column) in (0..frame.height).flat_map(|row| (0..frame.width).map(move |column| (row, column))) {
                for contribution in frame.walk(column, row).contributions {
                    let share = &mut expected[contribution.convex_id];
                    *share = share.max(contribution.weight());
                }
            }
            let on_gpu = GpuScene::upload(gpu, &scene).unwrap();
            let drawn = renderer.forward(&on_gpu, &camera, &options, Outputs::default()).unwrap();
            let found = renderer.shares(&on_gpu, &drawn).unwrap();
            renderer.recycle(drawn);
            assert_eq!(found.len(), expected.len());
            for (id, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(*found > 0.0, *expected > 0.0, "{name}, seed {seed}, convex {id}: {found}, not {expected}");
                let error = (f64::from(*found) - expected).abs();
                assert!(error <= TOLERANCE, "{name}, seed {seed}, convex {id}: {found}, not {expected}");
            }
            num_scenes += 1;
            num_seen += expected.iter().filter(|share| **share > 0.0).count();
            num_hidden += expected.iter().filter(|share| **share == 0.0).count();
        }
        let tells_apart = num_scenes > 20 && num_seen > 60 && num_hidden > 20;
        assert!(
            tells_apart,
            "{name}: {num_scenes} scenes, {num_seen} convexes that are seen, {num_hidden} that are not"
        );
    }
}

#[test]
fn a_picture_without_what_has_no_share_is_the_same() {
    for (name, gpu) in all_gpus() {
        let mut random = Random::new(77);
        let mut scene = toys::scene(&mut random, 250, 6, 1).cast::<f32>();
        scene.params.raw_opacity.iter_mut().for_each(|x| *x += 4.0);
        let (camera, options) = (toys::camera(&mut random, 64, 48), toys::options());
        let mut renderer = Renderer::new(gpu, 6).unwrap();
        let on_gpu = GpuScene::upload(gpu, &scene).unwrap();
        let drawn = renderer.forward(&on_gpu, &camera, &options, Outputs::default()).unwrap();
        let shares = renderer.shares(&on_gpu, &drawn).unwrap();
        let before = drawn.read(gpu).unwrap();
        renderer.recycle(drawn);
        let seen: Vec<usize> = (0..scene.len()).filter(|id| shares[*id] > 0.0).collect();
        let hidden = scene.len() - seen.len();
        assert!(hidden > 30 && seen.len() > 30, "{name}: {hidden} of {}", scene.len());
        let on_gpu = GpuScene::upload(gpu, &scene.gather(&seen)).unwrap();
        let after = renderer.render(&on_gpu, &camera, &options, Outputs::default()).unwrap();
        assert_eq!((before.rgba, before.depth), (after.rgba, after.depth), "{name}");
    }
}
