//! A scene brought to the units of the dataset on the GPU against the same on the host.

use lapidary::gpu::Commands;
use lapidary::kernels::ToWorld;
use lapidary::renderer::GpuScene;
use lapidary::scene::Similarity;

use crate::support::device::gpu;
use crate::support::toys::{self, Random};

#[test]
fn the_gpu_and_the_host_bring_a_scene_to_the_same_units() {
    let near = Similarity { scale: 0.37, centre: [1.5, -20.0, 300.0] };
    let far = Similarity { centre: [448_262.03, 5_411_932.7, 250.0], ..near };
    let mut random = Random::new(77);
    for (k, similarity) in [(3, near), (6, near), (8, far)] {
        let scene = toys::scene(&mut random, 300, k, 2).cast::<f32>();
        let expected = similarity.to_world(&scene);
        let shown = GpuScene::upload(gpu(), &scene).unwrap();
        let kernel = ToWorld::new(gpu(), k as u32).unwrap();
        let mut commands = Commands::new(gpu(), "to world");
        kernel.record(&mut commands, &similarity, &shown.params).unwrap();
        commands.submit();
        let params = shown.params.as_ref().map(|values| values.read(gpu()).unwrap());
        for ((name, found), expected) in lapidary::scene::NAMES.zip(params).zip(expected.params).into_array() {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() <= 2e-7 * expected.abs().max(1.0), "{name}: {found}, not {expected}");
            }
        }
    }
}
