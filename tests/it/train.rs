//! Training as a whole, at a small size.

mod edges;
mod program;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use image::imageops::FilterType;
use lapidary::dataset::{Dataset, DatasetFormat, DatasetOptions, Split};
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::metrics::ImageMetrics;
use lapidary::optimiser::Optimiser;
use lapidary::renderer::{Costs, GpuScene, Renderer};
use lapidary::scene::Scene;
use lapidary::synth::{self, SynthOptions};
use lapidary::train::{AutomaticBudget, BudgetOptions, Checkpoint, StrategyKind, TrainOptions, TrainPictures, Trainer};

use crate::support::compare::max_error;
use crate::support::device::{all_gpus, gpu};

/// A few small views of the gems.
fn dataset(folder: &Path) -> Arc<Dataset> {
    dataset_of_size(folder, [48, 40])
}

fn dataset_of_size(folder: &Path, [width, height]: [u32; 2]) -> Arc<Dataset> {
    let options = SynthOptions { views: 14, test_views: 2, width, height, points: 200, ..SynthOptions::default() };
    synth::write(folder, &options, &|_| ()).unwrap();
    Arc::new(Dataset::open(folder, &DatasetOptions::default()).unwrap())
}

fn options(strategy: StrategyKind) -> TrainOptions {
    TrainOptions { iterations: 60, max_convexes: 500, refine_every: Some(10), strategy, ..TrainOptions::default() }
}

fn trainer(dataset: &Arc<Dataset>, options: &TrainOptions) -> Trainer {
    Trainer::new(gpu(), Arc::clone(dataset), options.clone()).unwrap()
}

fn train(trainer: &mut Trainer, until: u32) -> Checkpoint {
    while trainer.iteration() < until {
        trainer.advance(until).unwrap();
    }
    trainer.checkpoint().unwrap()
}

fn psnr(trainer: &mut Trainer) -> f64 {
    let metrics: Vec<ImageMetrics> = trainer.evaluate_all().unwrap().iter().map(|view| view.metrics).collect();
    ImageMetrics::mean(&metrics).unwrap().psnr
}

#[test]
fn budget_warnings_and_trainings_share_decoded_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(StrategyKind::Budget);
    let pictures = TrainPictures::from(dataset(folder.path())).into_cache(&options);
    let num_views = pictures.dataset().indices(Split::Train).count();
    AutomaticBudget::choose(&pictures, &options).unwrap().unwrap();
    let num_looked = pictures.decoded().number;
    for _ in 0..2 {
        let mut trainer = Trainer::new(gpu(), Arc::clone(&pictures), options.clone()).unwrap();
        trainer.warnings().unwrap();
        train(&mut trainer, 24);
    }
    // A few views are looked at for the budget, and all are trained on.
    let num_decoded = pictures.decoded().number as usize;
    assert!(num_looked == 8 && (9..24).contains(&num_views), "{num_looked} of {num_views}");
    assert_eq!(num_decoded, num_views);
}

#[test]
fn a_resumed_training_equals_one_that_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    assert_eq!((dataset.kind, dataset.indices(Split::Test).count()), (DatasetFormat::Colmap, 2));
    for strategy in [StrategyKind::Budget, StrategyKind::Paper] {
        let options = options(strategy);
        let mut whole = trainer(&dataset, &options);
        let before = psnr(&mut whole);
        let expected = train(&mut whole, 60);
        let after = psnr(&mut whole);
        println!("{strategy:?}: {before:.2} dB, then {after:.2} dB with {} convexes", whole.num_convexes());
        assert!(after > before + 1.0, "{strategy:?}: {before:.2} dB, then {after:.2} dB");
        assert!(whole.num_convexes() <= options.max_convexes);
        // Stops within a list, at a refinement and between.
        let path = folder.path().join("checkpoint.safetensors");
        train(&mut trainer(&dataset, &options), 3).save(&path).unwrap();
        for stop in [10, 37, 60] {
            let checkpoint = Checkpoint::load(&path).unwrap();
            let mut resumed = Trainer::resume(gpu(), Arc::clone(&dataset), checkpoint, &path).unwrap();
            train(&mut resumed, stop).save(&path).unwrap();
        }
        assert!(Checkpoint::load(&path).unwrap() == expected, "{strategy:?} differs after a stop");
    }
}

#[test]
fn a_training_that_is_planned_anew_equals_one_that_had_the_plan_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    for strategy in [StrategyKind::Budget, StrategyKind::Paper] {
        let options = options(strategy);
        let mut told = trainer(&dataset, &options);
        while told.iteration() < 20 {
            told.advance(20).unwrap();
        }
        assert!(told.end_at(20).is_err() && told.options().replanned.is_empty());
        told.end_at(40).unwrap();
        let expected = train(&mut told, 40);
        assert!(told.is_done(), "{strategy:?}");
        let known = TrainOptions { replanned: vec![[20, 40]], ..options };
        assert!(train(&mut trainer(&dataset, &known), 40) == expected, "{strategy:?}: the plan was known before");
        if strategy == StrategyKind::Budget {
            assert_eq!(expected.state.changed_after, 20, "iteration 30 stands for 40, and refinement ends at 36");
        }
        let path = folder.path().join("checkpoint.safetensors");
        train(&mut trainer(&dataset, &known), 27).save(&path).unwrap();
        let checkpoint = Checkpoint::load(&path).unwrap();
        let mut resumed = Trainer::resume(gpu(), Arc::clone(&dataset), checkpoint, &path).unwrap();
        assert!(train(&mut resumed, 40) == expected, "{strategy:?} differs after a stop");
    }
}

#[test]
fn a_training_that_is_stopped_within_iterations_equals_one_that_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let path = folder.path().join("checkpoint.safetensors");
    for antialias in [false, true] {
        let options = TrainOptions { antialias, iterations: 24, ..options(StrategyKind::Budget) };
        let of_length = |iterations_per_submission| TrainOptions { iterations_per_submission, ..options.clone() };
        let expected = train(&mut trainer(&dataset, &of_length(8)), 24);
        for number in [0, 3] {
            let mut cut = trainer(&dataset, &of_length(number));
            let (mut num_stops, mut num_waits) = (0, 0);
            while !cut.is_done() {
                cut.set_pace(Duration::ZERO);
                // Some of these waits end within an iteration, others finish it.
                let patience = Duration::from_millis(1 << (num_waits % 11));
                num_waits += 1;
                let is_within = cut.advance_within(24, patience).unwrap().is_none();
                let submitted = cut.iteration();
                if is_within {
                    cut.fall_back();
                    num_stops += usize::from(cut.iteration() < submitted);
                    cut.checkpoint().unwrap().save(&path).unwrap();
                    let checkpoint = Checkpoint::load(&path).unwrap();
                    cut = Trainer::resume(gpu(), Arc::clone(&dataset), checkpoint, &path).unwrap();
                }
            }
            println!("{num_stops} iterations were ended early");
            assert!(num_stops > 3);
            let mut found = cut.checkpoint().unwrap();
            found.state.options = expected.state.options.clone();
            assert!(found == expected, "lists of {number}, anti-aliased: {antialias}");
        }
    }
}

#[test]
fn a_broken_checkpoint_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let path = folder.path().join("checkpoint.safetensors");
    train(&mut trainer(&dataset, &options(StrategyKind::Budget)), 1).save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for bytes in [&[][..], &whole[..9], &whole[..whole.len() / 2], &u64::MAX.to_le_bytes()] {
        std::fs::write(&path, bytes).unwrap();
        let message = Checkpoint::load(&path).unwrap_err().to_string();
        assert!(message.contains("checkpoint.safetensors"), "{message}");
    }
    let scene = folder.path().join("scene.safetensors");
    assert!(Checkpoint::load(&scene).unwrap_err().to_string().contains("lapidary-checkpoint"));
}

#[test]
fn the_scale_of_a_dataset_does_not_change_the_quality() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let options = TrainOptions { iterations: 30, ..options(StrategyKind::Budget) };
    let quality = |scale: f64| {
        let mut scaled = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap();
        for view in &mut scaled.views {
            view.camera.view_from_world.translation *= scale;
        }
        for point in &mut scaled.points {
            point.position = point.position.map(|x| x * scale);
        }
        let mut trainer = trainer(&Arc::new(scaled), &options);
        train(&mut trainer, 30);
        psnr(&mut trainer)
    };
    let mut at_one = trainer(&dataset, &options);
    train(&mut at_one, 30);
    let expected = psnr(&mut at_one);
    for scale in [0.01, 100.0] {
        let found = quality(scale);
        println!("{scale}: {found:.3} dB, {expected:.3} dB at 1");
        assert!((found - expected).abs() < 0.2, "{scale}: {found:.3} dB, {expected:.3} dB at 1");
    }
}

/// Pictures of twice the size that say no more: the trainings begin with the same scene, and at the smaller size, where both
/// are looked at, they end alike.
#[test]
fn pictures_of_twice_the_size_give_the_same_quality() {
    let folder = tempfile::tempdir().unwrap();
    dataset_of_size(folder.path(), [96, 80]);
    for entry in std::fs::read_dir(folder.path().join("images")).unwrap() {
        let path = entry.unwrap().path();
        let picture = image::open(&path).unwrap().thumbnail_exact(48, 40);
        picture.resize_exact(96, 80, FilterType::CatmullRom).save(path).unwrap();
    }
    let at = |downscale| {
        Arc::new(Dataset::open(folder.path(), &DatasetOptions { downscale, ..DatasetOptions::default() }).unwrap())
    };
    let (small, large) = (at(Some(2)), at(None));
    let budget = BudgetOptions { refine_until: 0.0, ..BudgetOptions::default() };
    let options = TrainOptions { iterations: 100, budget, antialias: true, ..options(StrategyKind::Budget) };
    let [first, second] = [&small, &large].map(|dataset| trainer(dataset, &options).normalised_scene().unwrap().params);
    for (name, (first, second)) in first.as_ref().zip(second.as_ref()).into_named() {
        let error = max_error(first, second);
        assert!(error < 1e-5, "{name} begins with a difference of {error}");
    }
    let mut means = [0.0; 2];
    for seed in 0..4 {
        let options = TrainOptions { seed, ..options.clone() };
        let [mut of_small, mut of_large] = [&small, &large].map(|dataset| trainer(dataset, &options));
        train(&mut of_small, 100);
        let mut checkpoint = train(&mut of_large, 100);
        // A training would not go on with pictures of another size; here it is only looked at.
        checkpoint.state.train_views.iter_mut().for_each(|view| view.size = [48, 40]);
        let mut of_large = Trainer::resume(gpu(), Arc::clone(&small), checkpoint, Path::new("")).unwrap();
        let found = [&mut of_small, &mut of_large].map(psnr);
        println!("{found:.3?} dB");
        means = std::array::from_fn(|i| means[i] + found[i] / 4.0);
    }
    assert!((means[1] - means[0]).abs() < 0.2, "{means:.3?} dB, trained at the size and at twice the size");
}

#[test]
fn the_number_of_convexes_stays_within_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    // A device of its own: what it allows holds for all that use it.
    let gpu = Gpu::open(&GpuOptions::default()).unwrap();
    let options = |memory| TrainOptions { memory, max_convexes: 1_000_000, ..options(StrategyKind::Budget) };
    let mut trainer = Trainer::new(&gpu, Arc::clone(&dataset), options(4)).unwrap();
    let note = trainer.note().unwrap();
    let most: u32 = note.split("about ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((100..2000).contains(&most), "{note}");
    train(&mut trainer, 60);
    // Those that fade at the last change are not replaced.
    assert!((most * 9 / 10..=most).contains(&trainer.num_convexes()), "{} of {most}", trainer.num_convexes());
    trainer.evaluate_all().unwrap();
    assert!((1..=4 << 20).contains(&trainer.memory()), "{} bytes", trainer.memory());
    drop(trainer);
    gpu.free_unused();
    assert_eq!(gpu.held(), 0, "all memory is free again");
    let folder = tempfile::tempdir().unwrap();
    let error = Trainer::new(&gpu, dataset_of_size(folder.path(), [160, 128]), options(1)).err().unwrap().to_string();
    assert!(error.contains("1 MiB") && error.contains("160x128"), "{error}");
}

#[test]
fn the_number_of_convexes_stays_within_what_the_device_binds() {
    let small = tempfile::tempdir().unwrap();
    let dataset = dataset_of_size(small.path(), [32, 24]);
    let (_, gpu) = all_gpus().iter().find(|(name, _)| name.contains("64 KiB")).unwrap();
    let options = TrainOptions { max_convexes: 5000, ..options(StrategyKind::Budget) };
    let mut trainer = Trainer::new(gpu, Arc::clone(&dataset), options).unwrap();
    let note = trainer.note().unwrap();
    // Six lines of sixteen bytes each.
    assert!(note.contains("can bind hold 682 convexes of the 5000"), "{note}");
    train(&mut trainer, 60);
    assert!((600..=682).contains(&trainer.num_convexes()), "{}", trainer.num_convexes());
    let folder = tempfile::tempdir().unwrap();
    let large = dataset_of_size(folder.path(), [48, 40]);
    let error = Trainer::new(gpu, large, TrainOptions::default()).unwrap_err().to_string();
    assert!(error.contains("48x40") && error.contains("1820 pixels"), "{error}");
    // Both ways up, the largest has 1800 pixels.
    let mut turned = Dataset::open(small.path(), &DatasetOptions::default()).unwrap();
    turned.views[0].camera = turned.views[0].camera.resized(30, 60);
    turned.views[1].camera = turned.views[1].camera.resized(60, 30);
    assert!(Trainer::new(gpu, Arc::new(turned), TrainOptions::default()).is_ok());
}

#[test]
fn a_training_whose_convexes_all_fade_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let budget = BudgetOptions { dead_opacity: 0.999, ..BudgetOptions::default() };
    let options = TrainOptions { budget, ..options(StrategyKind::Budget) };
    let mut trainer = trainer(&dataset, &options);
    train(&mut trainer, 10);
    let before = trainer.num_convexes();
    let error = trainer.advance(60).unwrap_err().to_string();
    assert!(error.contains("no convex is left after iteration 10") && error.contains("dead_opacity"), "{error}");
    trainer.fall_back();
    assert_eq!(trainer.checkpoint().unwrap().scene.len(), before as usize, "what there was can be saved");
}

#[test]
fn a_training_that_runs_out_of_memory_keeps_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let gpu = Gpu::open(&GpuOptions::default()).unwrap();
    let options = options(StrategyKind::Budget);
    let path = folder.path().join("checkpoint.safetensors");
    let expected = train(&mut trainer(&dataset, &options), 60);
    // The scene changes after 30 iterations: first there is no room for what comes after the change, then for the change.
    for (until, room) in [(25, None), (30, Some(1 << 10))] {
        let mut trainer = Trainer::new(&gpu, Arc::clone(&dataset), options.clone()).unwrap();
        train(&mut trainer, until);
        // Otherwise the memory that the device keeps for later would be the room that is missing.
        gpu.free_unused();
        gpu.allow(room.unwrap_or(trainer.memory() + (1 << 16)));
        let error = loop {
            match trainer.advance(60) {
                Ok(_) if trainer.is_done() => panic!("it did not run out"),
                Ok(_) => {}
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("--memory"), "{error}");
        gpu.allow(u64::MAX);
        trainer.fall_back();
        let saved = trainer.checkpoint().unwrap();
        assert!((until..60).contains(&saved.state.iteration), "{}", saved.state.iteration);
        drop(trainer);
        let mut resumed = Trainer::resume(&gpu, Arc::clone(&dataset), saved, &path).unwrap();
        assert!(train(&mut resumed, 60) == expected, "what was saved after {until} is another training");
    }
}

#[test]
fn costs_equal_allocated_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = dataset(folder.path());
    let gpu = Gpu::open(&GpuOptions::default()).unwrap();
    let renderer = Renderer::new(&gpu, 6).unwrap();
    let Costs { convex, instance, pixel } = Optimiser::costs(&renderer, 6);
    println!("bytes: {convex} for a convex, {instance} for an instance, {pixel} for a pixel");
    // Buffers begin with room for four instances of a convex.
    let held = |num_convexes: u32| {
        let row = |width: usize| vec![0.0_f32; width * num_convexes as usize];
        let params = lapidary::scene::row_widths(6).map(row);
        let scene = Scene { params, ..Scene::empty(6, 3) };
        let mut optimiser = Optimiser::new(&gpu, GpuScene::upload(&gpu, &scene).unwrap()).unwrap();
        optimiser.prepare([dataset.views[0].camera]).unwrap();
        gpu.held()
    };
    let difference = (held(40_000) - held(20_000)) as f64 / 20_000.0;
    let expected = (convex + 4 * instance) as f64;
    println!("{difference} bytes for a convex with four instances, by the buffers; {expected} by the costs");
    assert!((difference / expected - 1.0).abs() < 0.02);
}
