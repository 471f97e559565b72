//! Gradients of the GPU against the test vectors and against the twin.

use lapidary::camera::{Camera, RenderOptions};
use lapidary::gpu::{Commands, Gpu};
use lapidary::kernels::Gradient;
use lapidary::reference::{self, ImageCotangents, ReferenceFrame};
use lapidary::renderer::{BackwardMemory, Differentiator, GpuScene, PictureCotangents, Renderer};
use lapidary::scene::{Params, Scene};

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
fn gradients_match_the_test_vectors() {
    for (name, gpu) in all_gpus() {
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
    let mut clamps = [0; 3];
    for seed in 0..120 {
        let mut random = Random::new(1000 + seed);
        let mut scene = random_scene(&mut random, seed);
        if seed % 2 == 1 {
            make_opaque(&mut scene);
        }
        let frame = check_against_twin(&mut renderers, &mut random, &scene, &toys::options(), small_size(seed));
        count_clamps(&frame, &mut clamps);
    }
    assert!(clamps.iter().all(|count| *count > 1000), "alpha, light and colour were held {clamps:?} times");
}

#[test]
fn antialiased_scenes_have_the_gradients_of_the_twin() {
    let mut renderers = Renderers::new(gpu());
    for seed in 0..90 {
        let mut random = Random::new(2000 + seed);
        let mut scene = random_scene(&mut random, seed);
        let part = [1.0, 0.2, 0.02][seed as usize / 2 % 3];
        toys::press(&mut scene, &mut random, part);
        if seed % 2 == 1 {
            make_opaque(&mut scene);
        }
        check_against_twin(&mut renderers, &mut random, &scene, &toys::antialiased(), small_size(seed));
    }
}

/// Convexes in many tiles go other ways: whole workgroups emit their instances, whose cotangents are added up in chunks.
#[test]
fn convexes_in_many_tiles_have_the_gradients_of_the_twin() {
    let mut renderers = Renderers::new(gpu());
    // The last picture has more rows of tiles than a workgroup has threads.
    let cases = [(6, 4.0, [352, 210]), (3, 4.0, [336, 240]), (5, 4.0, [320, 260]), (8, 8.0, [20, 4200])];
    for (seed, (points, softness, size)) in (0..).zip(cases) {
        let mut random = Random::new(3000 + seed);
        let scene = wide_scene(&mut random, points, softness);
        let frame = check_against_twin(&mut renderers, &mut random, &scene, &toys::options(), size);
        let tiles = tiles_of(&frame, scene.len());
        let wide = tiles.iter().filter(|count| **count > 256).count();
        assert!(wide >= 3, "{size:?}: tiles of each convex: {tiles:?}");
    }
}

/// Half of the convexes fill pictures.
fn wide_scene(random: &mut Random, points: usize, softness: f64) -> Scene<f64> {
    let mut scene = toys::scene(random, 12, points, 2);
    scene.params.log_sigma.iter_mut().step_by(2).for_each(|x| *x -= softness);
    scene
}

/// Tiles in whose middle each convex is drawn.
fn tiles_of(frame: &ReferenceFrame<f64>, num_convexes: usize) -> Vec<usize> {
    let mut tiles = vec![0; num_convexes];
    for row in (8..frame.height).step_by(16) {
        for column in (8..frame.width).step_by(16) {
            frame.walk(column, row).contributions.iter().for_each(|contribution| tiles[contribution.convex_id] += 1);
        }
    }
    tiles
}

#[test]
fn convexes_whose_cotangents_overflow_get_no_gradient() {
    let mut random = Random::new(5000);
    let scene = toys::scene(&mut random, 3, 6, 2).cast::<f32>();
    let camera = toys::camera(&mut random, 40, 40);
    // The cotangents of the colour overflow, those of the depth are small.
    let (v_rgba, v_depth) = (vec![[3e38, 0.0, 0.0, 0.0]; 1600], vec![0.01; 1600]);
    let found = Renderers::new(gpu()).gradients(&scene, &camera, &toys::options(), &v_rgba, &v_depth);
    for (name, values) in found.into_named() {
        assert!(values.iter().all(|value| *value == 0.0), "`{name}`");
    }
}

/// Trainings use one memory again and again: what a tile has not seen must not be taken from the iteration before.
#[test]
fn old_contents_of_the_memory_do_not_matter() {
    for (name, gpu) in all_gpus() {
        assert!(does_memory_not_matter(gpu), "{name}");
    }
}

fn does_memory_not_matter(gpu: &Gpu) -> bool {
    let mut random = Random::new(4000);
    let (renderer, differentiator) = (Renderer::new(gpu, 6).unwrap(), Differentiator::new(gpu, 6).unwrap());
    let mut scene = toys::scene(&mut random, 20, 6, 1);
    scene.params.log_sigma.iter_mut().for_each(|x| *x -= 4.0);
    let clear = GpuScene::upload(gpu, &scene.cast()).unwrap();
    make_opaque(&mut scene);
    let opaque = GpuScene::upload(gpu, &scene.cast()).unwrap();
    let camera = toys::camera(&mut random, 244, 336);
    let v = PictureCotangents {
        rgba: gpu.upload("v_rgba", &vec![[1.0, -1.0, 0.5, 0.1]; 244 * 336]).unwrap(),
        depth: gpu.upload("v_depth", &vec![0.1; 244 * 336]).unwrap(),
    };
    let frame = renderer.memory(renderer.shape(&clear, &camera).with_instances(20 * 336)).unwrap();
    let gradients_of = |scene: &GpuScene, memory: &BackwardMemory| {
        let mut commands = Commands::new(gpu, "test");
        let view = frame.view(&mut commands, &clear, &camera, &toys::options()).unwrap();
        renderer.record(&mut commands, scene, &view).unwrap();
        differentiator.record(&mut commands, scene, &view, &v, memory).unwrap();
        commands.submit();
        memory.gradients.as_ref().map(|gradient| gradient.read(gpu).unwrap())
    };
    let expected = gradients_of(&opaque, &BackwardMemory::new(gpu, &opaque, &frame).unwrap());
    let memory = BackwardMemory::new(gpu, &clear, &frame).unwrap();
    assert!(gradients_of(&clear, &memory) != expected);
    gradients_of(&opaque, &memory) == expected
}

/// Width and height of a picture.
fn small_size(seed: u64) -> [u32; 2] {
    [17 + (seed as u32 * 7) % 40, 16 + (seed as u32 * 5) % 35]
}

fn random_scene(random: &mut Random, seed: u64) -> Scene<f64> {
    let (points, degree) = (3 + (seed as usize) % 6, (seed as usize) % 4);
    toys::scene(random, 1 + (seed as usize * 13) % 30, points, degree)
}

/// Compares the gradients of random cotangents; returns the frame of the twin.
fn check_against_twin(
    renderers: &mut Renderers<'_>,
    random: &mut Random,
    scene: &Scene<f64>,
    options: &RenderOptions,
    [width, height]: [u32; 2],
) -> ReferenceFrame<f64> {
    let scene = scene.cast::<f32>();
    let camera = toys::camera(random, width, height);
    let wide = scene.cast::<f64>();
    let frame = reference::forward(&wide, &camera, options);

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
    let expected = reference::backward(&wide, &camera, options, &frame, &v);

    let found = renderers.gradients(&scene, &camera, options, &v_rgba, &v_depth);
    for (parameter, error) in errors(&found, &expected) {
        assert!(error <= TOLERANCE, "{width}×{height}: `{parameter}` is off by {error:.1e}");
    }
    frame
}

/// Brings the clamp of alpha, that of the colour and the end of the light into play.
fn make_opaque(scene: &mut Scene<f64>) {
    scene.params.raw_opacity.iter_mut().for_each(|x| *x += 6.0);
    scene.params.log_delta.iter_mut().for_each(|x| *x += 1.5);
    scene.params.log_sigma.iter_mut().for_each(|x| *x += 1.0);
    scene.params.sh.iter_mut().for_each(|x| *x *= 4.0);
}

/// Adds up how often alpha was clamped, how many pixels have no light left, and how often the colour of what is drawn
/// was clamped.
fn count_clamps(frame: &ReferenceFrame<f64>, clamps: &mut [usize; 3]) {
    for (row, column) in (0..frame.height).flat_map(|row| (0..frame.width).map(move |column| (row, column))) {
        let walk = frame.walk(column, row);
        clamps[1] += usize::from(walk.transmittance < 0.01);
        for contribution in &walk.contributions {
            clamps[0] += usize::from(contribution.alpha_is_clamped);
            let convex = frame.layers.projected[contribution.convex_id].as_ref().unwrap();
            clamps[2] += usize::from(convex.colour_is_clamped.contains(&true));
        }
    }
}

#[test]
fn gradients_for_comparison_leave_out_the_parts_that_they_name() {
    let mut random = Random::new(5);
    // Colours that do not depend on the direction, and a square picture: then the authors' gradient of the points is the
    // one without depth times half the inverse of the width.
    let scene = toys::scene(&mut random, 12, 6, 0).cast::<f32>();
    let (camera, options) = (toys::camera(&mut random, 64, 64), toys::options());
    let v_rgba: Vec<[f32; 4]> = (0..64 * 64).map(|i| [(i as f32).sin(), (i as f32).cos(), 0.3, 0.1]).collect();
    let [expected, no_depth, authors] = [Gradient::True, Gradient::NoDepth, Gradient::Authors].map(|gradient| {
        let mut renderers = Renderers::with(gpu(), gradient);
        renderers.gradients(&scene, &camera, &options, &v_rgba, &vec![0.0; 64 * 64])
    });
    for found in [&no_depth, &authors] {
        let others = |params: &Params<Vec<f32>>| Params { points: Vec::new(), ..params.clone() };
        assert!(others(found) == others(&expected), "only the points differ");
    }
    let widen = |values: &[f32], factor: f64| values.iter().map(|x| factor * f64::from(*x)).collect::<Vec<f64>>();
    let depth = relative_error(&no_depth.points, &widen(&expected.points, 1.0));
    assert!(depth > 1e-3, "the part through the depth is {depth:.1e} of the gradient");
    let scale = relative_error(&authors.points, &widen(&no_depth.points, 2.0 / 64.0));
    assert!(scale < 1e-6, "{scale:.1e}");
}

#[test]
fn twenty_runs_give_the_same_bits() {
    for (options, runs) in [(toys::options(), 20), (toys::antialiased(), 3)] {
        runs_give_the_same_bits(&options, runs);
    }
}

fn runs_give_the_same_bits(options: &RenderOptions, runs: usize) {
    let mut renderers = Renderers::new(gpu());
    let mut random = Random::new(7);
    let scene = toys::scene(&mut random, 200, 6, 3).cast::<f32>();
    let camera = toys::camera(&mut random, 120, 90);
    let v_rgba: Vec<[f32; 4]> = (0..120 * 90).map(|i| [(i as f32).sin(), (i as f32).cos(), 0.3, 0.1]).collect();
    let v_depth = vec![0.01; 120 * 90];
    let mut run = || {
        let pictures = renderers.render(&scene, &camera, options);
        let gradients = renderers.gradients(&scene, &camera, options, &v_rgba, &v_depth);
        let bits = |values: &Vec<f32>| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
        (pictures, gradients.as_ref().map(bits))
    };
    let first = run();
    for _ in 1..runs {
        assert!(run() == first);
    }
}

#[test]
fn neither_windows_nor_variants_of_kernels_change_a_bit() {
    let mut random = Random::new(11);
    // More instances than one binding of 64 KiB shows cotangents of, more pixels than it shows colours of, more convexes
    // than it shows coefficients of.
    let mut scene = toys::scene(&mut random, 350, 6, 3);
    scene.params.log_sigma.iter_mut().for_each(|x| *x += 2.5);
    scene.params.points.iter_mut().for_each(|x| *x *= 0.6);
    bits_are_the_same(&scene, &toys::camera(&mut random, 148, 130));
    // Convexes in many tiles: their slots are in several windows.
    let scene = wide_scene(&mut random, 6, 4.0);
    bits_are_the_same(&scene, &toys::camera(&mut random, 244, 400));
}

fn bits_are_the_same(scene: &Scene<f64>, camera: &Camera) {
    let (scene, options) = (scene.cast::<f32>(), toys::options());
    let num_pixels = (camera.width * camera.height) as usize;
    let v_rgba: Vec<[f32; 4]> = (0..num_pixels).map(|i| [(i as f32).sin(), (i as f32).cos(), 0.3, 0.1]).collect();
    let v_depth = vec![0.01; num_pixels];
    let run = |gpu| {
        let mut renderers = Renderers::new(gpu);
        let pictures = renderers.render(&scene, camera, &options);
        (pictures, renderers.gradients(&scene, camera, &options, &v_rgba, &v_depth))
    };
    let expected = run(gpu());
    assert!(expected.0.num_instances > 2 * 655, "{} instances", expected.0.num_instances);
    for (name, gpu) in &all_gpus()[1..] {
        assert!(run(gpu) == expected, "{name}");
    }
}
