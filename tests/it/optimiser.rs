//! Whole iterations on the GPU: against the twin, and what happens when a frame does not fit.

use std::time::Duration;

use lapidary::constants::SSIM_WEIGHT;
use lapidary::gpu::Buffer;
use lapidary::kernels::{Edit, Rates, ShapeEdit};
use lapidary::optimiser::{Iteration, LossMeans, Optimiser};
use lapidary::reference::{self, ImageCotangents};
use lapidary::renderer::GpuScene;
use lapidary::scene::{Params, Scene};

use crate::support::compare::relative_error;
use crate::support::device::{all_gpus, gpu};
use crate::support::toys::{self, Random};

const RATES: Params<Rates> = Params {
    points: Rates::uniform(1e-3),
    log_delta: Rates::uniform(5e-3),
    log_sigma: Rates::uniform(5e-3),
    raw_opacity: Rates::uniform(1e-2),
    sh: Rates { front_width: 3, front: 5e-3, rest: 5e-3 / 20.0 },
};

fn iteration(random: &mut Random, width: u32, height: u32, step: u32) -> (Iteration, Vec<[u8; 4]>) {
    let camera = toys::camera(random, width, height);
    let pixel = |_| [0; 3].map(|_: u8| random.index(256) as u8);
    let bytes: Vec<[u8; 4]> =
        (0..width * height).map(pixel).map(|[red, green, blue]| [red, green, blue, 255]).collect();
    (iteration_of(camera, &bytes, step), bytes)
}

fn iteration_of(camera: lapidary::camera::Camera, bytes: &[[u8; 4]], step: u32) -> Iteration {
    let words: Vec<u32> = bytes.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    Iteration {
        camera,
        options: toys::options(),
        target: gpu().upload("target", &words).unwrap(),
        ssim_weight: SSIM_WEIGHT as f32,
        rates: RATES,
        step,
        regularization: [0.0; 2],
    }
}

fn optimiser(scene: &Scene) -> Optimiser {
    Optimiser::new(gpu(), GpuScene::upload(gpu(), scene).unwrap()).unwrap()
}

fn params(optimiser: &Optimiser) -> Params<Vec<f32>> {
    optimiser.scene().params.as_ref().map(|values| values.read(gpu()).unwrap())
}

#[test]
fn the_gradient_of_the_loss_is_that_of_the_twin() {
    for seed in 0..24 {
        let mut random = Random::new(500 + seed);
        let scene = toys::scene(&mut random, 12, 3 + (seed as usize) % 6, (seed as usize) % 4).cast::<f32>();
        let (mut first, mut bytes) = iteration(&mut random, 40 + seed as u32, 37, 1);
        let wide = scene.cast::<f64>();
        let frame = reference::forward(&wide, &first.camera, &first.options);
        // Nothing is asked of pixels where f32 may decide otherwise.
        for (pixel, band) in bytes.iter_mut().zip(&frame.band) {
            pixel[3] = if *band { 0 } else { 255 };
        }
        first = iteration_of(first.camera, &bytes, 1);

        let unit = |(x, i): (&f64, usize)| {
            let target = f64::from(bytes[i / 3][i % 3]) / 255.0;
            if frame.band[i / 3] { (target, target) } else { (*x, target) }
        };
        let (image, target): (Vec<f64>, Vec<f64>) = frame.rgb.iter().zip(0..).map(unit).unzip();
        let loss = reference::loss::loss(&image, &target, frame.width, SSIM_WEIGHT);
        let kept = |(i, v): (usize, f64)| if frame.band[i / 3] { 0.0 } else { v };
        let zeros = vec![0.0; frame.band.len()];
        let v = ImageCotangents {
            rgb: loss.v_image.into_iter().enumerate().map(kept).collect(),
            alpha: zeros.clone(),
            depth: zeros,
        };
        let expected = reference::backward(&wide, &first.camera, &first.options, &frame, &v);

        let mut optimiser = optimiser(&scene);
        let means = optimiser.run(vec![first]).unwrap();
        assert!((f64::from(means[0].l1) - loss.l1).abs() < 1e-5 && (f64::from(means[0].ssim) - loss.ssim).abs() < 1e-5);
        // The mean of the gradient after one step is a tenth of the gradient.
        let found = optimiser.moments()[0].as_ref().map(|moment| moment.read(gpu()).unwrap());
        for (name, (found, expected)) in found.zip(expected).into_named() {
            let tenth: Vec<f64> = expected.iter().map(|v| v * 0.1).collect();
            let error = relative_error(&found, &tenth);
            assert!(error < 1e-3, "seed {seed}: `{name}` is off by {error:.1e}");
        }
    }
}

/// Soft convexes that cover the whole picture: far more instances than buffers are first made for.
fn large_scene(random: &mut Random) -> Scene {
    let mut scene = toys::scene(random, 300, 6, 1);
    scene.params.log_delta.iter_mut().for_each(|x| *x = -1.0);
    scene.params.log_sigma.iter_mut().for_each(|x| *x = -1.0);
    scene.cast()
}

#[test]
fn iterations_that_do_not_fit_are_skipped_and_repeated() {
    let mut random = Random::new(31);
    let scene = large_scene(&mut random);
    let far = |mut iteration: Iteration| {
        iteration.camera.view_from_world.translation.z += 60.0;
        iteration
    };
    // The first of each list is far away and fits; those that follow do not, and each asks for more.
    let sizes = [(32, 16), (64, 64), (128, 64), (32, 32), (128, 128), (40, 40)];
    let all: Vec<Iteration> = (1..)
        .zip(sizes)
        .map(|(step, (width, height))| {
            let (made, _) = iteration(&mut random, width, height, step);
            if step % 3 == 1 { far(made) } else { made }
        })
        .collect();

    let mut one_by_one = optimiser(&scene);
    let expected: Vec<LossMeans> =
        all.iter().flat_map(|iteration| one_by_one.run(vec![iteration.clone()]).unwrap()).collect();

    let mut in_lists = optimiser(&scene);
    in_lists.prepare(all.iter().map(|iteration| iteration.camera)).unwrap();
    in_lists.submit(all[..3].to_vec()).unwrap();
    in_lists.submit(all[3..].to_vec()).unwrap();
    assert_eq!(in_lists.num_submitted_lists(), 2);
    let mut found = Vec::new();
    while in_lists.num_submitted_lists() > 0 {
        found.extend(in_lists.collect().unwrap());
    }
    assert_eq!(found, expected);
    assert!(params(&in_lists) == params(&one_by_one));
    assert!(params(&in_lists) != scene.params, "nothing was learned");
}

#[test]
fn the_loss_falls_and_two_runs_give_the_same_bits() {
    let mut random = Random::new(77);
    let (scene, goal) = (toys::scene(&mut random, 40, 6, 0), toys::scene(&mut random, 3, 6, 0));
    let camera = toys::camera(&mut random, 48, 40);
    let picture = reference::forward(&goal, &camera, &toys::options());
    let byte = |value: &f64| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let bytes: Vec<[u8; 4]> =
        picture.rgb.chunks_exact(3).map(|rgb| [byte(&rgb[0]), byte(&rgb[1]), byte(&rgb[2]), 255]).collect();
    let run = || {
        let mut optimiser = optimiser(&scene.cast());
        let list = |first: u32| (first..first + 10).map(|step| iteration_of(camera, &bytes, step)).collect();
        let losses: Vec<LossMeans> = (0..6).flat_map(|i| optimiser.run(list(i * 10 + 1)).unwrap()).collect();
        (losses, params(&optimiser))
    };
    let first = run();
    let (begin, end) = (first.0[0], first.0[59]);
    println!("{begin:?} {end:?}");
    assert!(end.l1 < 0.6 * begin.l1 && end.ssim > begin.ssim);
    assert!(run() == first);
}

#[test]
fn a_steady_iteration_creates_no_buffer_and_no_bind_group() {
    // A device of its own, so that no other test creates anything on it.
    let gpu = lapidary::gpu::Gpu::open(&lapidary::gpu::GpuOptions::default()).unwrap();
    let mut random = Random::new(61);
    let scene = toys::scene(&mut random, 20, 6, 2).cast::<f32>();
    let iterations: Vec<Iteration> = (1..=4)
        .map(|step| {
            let target = gpu.upload("target", &vec![0xff80_4020; 48 * 40]).unwrap();
            let camera = toys::camera(&mut random, 48, 40);
            let regularization = [1e-3, 1e-3];
            let options = toys::options();
            let ssim_weight = SSIM_WEIGHT as f32;
            Iteration { camera, options, target, ssim_weight, rates: RATES, step, regularization }
        })
        .collect();
    for limit in [Duration::from_secs(3600), Duration::ZERO] {
        let mut optimiser = Optimiser::new(&gpu, GpuScene::upload(&gpu, &scene).unwrap()).unwrap();
        optimiser.set_pace(limit);
        let mut run = |num_lists: usize| {
            // As in a training: two lists are under way at once, or one that is cut; their lengths differ.
            let num_under_way = usize::from(!optimiser.is_cut());
            for i in 0..num_lists {
                optimiser.submit(iterations[i % 2..].to_vec()).unwrap();
                while optimiser.num_submitted_lists() > num_under_way {
                    optimiser.collect().unwrap();
                }
            }
            optimiser.run(iterations.clone()).unwrap();
        };
        // The first iterations are cut, because nothing is known of their time.
        run(1);
        run(4);
        let before = gpu.num_created();
        run(8);
        assert_eq!(gpu.num_created(), before, "buffers and bind groups; limit: {limit:?}");
    }
}

/// An iteration that is ended between its parts was never begun, wherever that happens; those before it stay.
#[test]
fn an_abandoned_iteration_leaves_no_trace() {
    let mut random = Random::new(17);
    let scene = large_scene(&mut random);
    let all: Vec<Iteration> = (1..=3).map(|step| iteration(&mut random, 40, 90, step).0).collect();
    let mut whole = optimiser(&scene);
    let mut expected = whole.run(all[..2].to_vec()).unwrap();
    let before = params(&whole);
    expected.extend(whole.run(all[2..].to_vec()).unwrap());

    let mut num_abandoned = 0;
    for num_waits in 0..12 {
        let mut stopped = optimiser(&scene);
        stopped.set_pace(Duration::ZERO);
        let mut found = stopped.run(all[..2].to_vec()).unwrap();
        stopped.submit(all[2..].to_vec()).unwrap();
        // The first waits end early in the iteration, the last behind it.
        if num_waits > 0 {
            let patience = Duration::from_millis(1 << num_waits);
            found.extend(stopped.collect_within(patience).unwrap().unwrap_or_default());
        }
        found.extend(stopped.abandon());
        let num_done = stopped.num_done() as usize;
        assert_eq!(found, expected[..num_done], "{num_waits}");
        if num_done == 2 {
            num_abandoned += 1;
            assert!(params(&stopped) == before, "{num_waits}: half an iteration");
        }
        found.extend(stopped.run(all[num_done..].to_vec()).unwrap());
        assert!(found == expected && params(&stopped) == params(&whole), "{num_waits}: it does not go on");
    }
    println!("{num_abandoned} of 12 were abandoned");
    assert!(num_abandoned > 0);
}

#[test]
fn a_host_that_comes_late_is_not_taken_for_a_slow_device() {
    let mut random = Random::new(23);
    let scene = toys::scene(&mut random, 20, 6, 0).cast::<f32>();
    let all: Vec<Iteration> = (1..=9).map(|step| iteration(&mut random, 32, 32, step).0).collect();
    let mut optimiser = optimiser(&scene);
    // Lists of eight where an iteration takes up to a quarter of a second.
    optimiser.set_pace(Duration::from_secs(4));
    // Drivers compile in the first list.
    optimiser.run(all[..4].to_vec()).unwrap();
    optimiser.run(all[4..8].to_vec()).unwrap();
    assert_eq!(optimiser.list_len(), 8);
    optimiser.submit(all[8..].to_vec()).unwrap();
    gpu().wait().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    optimiser.collect().unwrap();
    assert_eq!(optimiser.list_len(), 8);
}

#[test]
fn uniforms_of_another_list_are_refused() {
    let mut first = lapidary::gpu::Commands::new(gpu(), "first");
    let args = first.uniform(&lapidary::gpu::GroupsArgs::default()).unwrap();
    let kernel = lapidary::gpu::Kernel::new(gpu(), &lapidary::gpu::GROUPS, &[]).unwrap();
    let words = gpu().zeros::<u32>("words", 4).unwrap();
    let bindings = [("args", args.all()), ("counts", words.all()), ("groups", words.all())];
    let mut second = lapidary::gpu::Commands::new(gpu(), "second");
    let error = second.dispatch(&kernel, lapidary::gpu::Grid::Groups(1), &bindings).unwrap_err();
    assert!(error.to_string().contains("another list"), "{error}");
}

/// Keeps every second convex, with its moments.
fn second_convex(index: u32) -> Edit {
    let (shape, keeps_moments) = (ShapeEdit::Same as u32, 1);
    let (scale, sigma_exponent, log_delta_shift, raw_opacity) = (1.0, 1.0, 0.0, -1.0);
    Edit { source: 2 * index, shape, point: 0, keeps_moments, scale, sigma_exponent, log_delta_shift, raw_opacity }
}

/// Every way of cutting and grouping iterations gives the same losses and the same bits, anti-aliased or not, with frames that do
/// not fit and a rebuilt scene in between.
#[test]
fn cuts_and_lists_change_no_bit() {
    for (name, gpu) in all_gpus() {
        for antialias in [false, true] {
            let mut random = Random::new(91);
            let scene = large_scene(&mut random);
            // The smallest bindings hold the loss of 1820 pixels.
            let sizes = [(32, 16), (33, 54), (16, 112), (32, 32), (40, 41), (36, 36), (64, 28), (20, 90)];
            let all: Vec<Iteration> = (1..)
                .zip(sizes)
                .map(|(step, (width, height))| {
                    let (mut made, bytes) = iteration(&mut random, width, height, step);
                    let words: Vec<u32> = bytes.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
                    made.target = gpu.upload("target", &words).unwrap();
                    made.options.antialias = antialias;
                    made.regularization = [1e-3, 1e-3];
                    made
                })
                .collect();
            let run = |len: usize, limit: Option<Duration>| {
                let mut optimiser = Optimiser::new(gpu, GpuScene::upload(gpu, &scene).unwrap()).unwrap();
                optimiser.set_pace(limit.unwrap_or(Duration::from_secs(3600)));
                let (mut losses, mut num_convexes) = (Vec::new(), scene.len() as u32);
                for half in all.chunks(all.len() / 2) {
                    for list in half.chunks(len) {
                        optimiser.submit(list.to_vec()).unwrap();
                        if optimiser.num_submitted_lists() > 1 {
                            losses.extend(optimiser.collect().unwrap());
                        }
                    }
                    while optimiser.num_submitted_lists() > 0 {
                        losses.extend(optimiser.collect().unwrap());
                    }
                    num_convexes /= 2;
                    optimiser.rebuild(&(0..num_convexes).map(second_convex).collect::<Vec<_>>()).unwrap();
                }
                let read = |values: &Buffer<f32>| values.read(gpu).unwrap();
                let moments = optimiser.moments().each_ref().map(|moments| moments.as_ref().map(read));
                (losses, optimiser.scene().params.as_ref().map(read), moments)
            };
            let expected = run(1, None);
            assert_eq!(expected.0.len(), all.len());
            for (len, limit) in [(3, None), (8, None), (1, Some(Duration::ZERO)), (3, Some(Duration::ZERO))] {
                assert!(run(len, limit) == expected, "{name}: lists of {len}, {limit:?}, anti-aliased: {antialias}");
            }
        }
    }
}
