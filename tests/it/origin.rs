//! Captures far from the origin of the world, and cameras at one place: the digits of their places are kept from the dataset
//! to the picture.

use std::path::Path;
use std::sync::Arc;

use glam::DVec3;
use lapidary::camera::{Camera, RenderOptions};
use lapidary::dataset::transforms::Transforms;
use lapidary::dataset::{Dataset, DatasetOptions, Split};
use lapidary::evaluate::{Metrics, SceneViews};
use lapidary::metrics::ImageMetrics;
use lapidary::scene::Scene;
use lapidary::scene_file::{self, Metadata};
use lapidary::synth::{self, SynthOptions};
use lapidary::train::{Checkpoint, TrainOptions, Trainer};
use lapidary::{reference, render};

use crate::cli::{refused, succeeds, text};
use crate::support::compare::max_error;
use crate::support::device::gpu;
use crate::support::renderers::Renderers;
use crate::support::toys::{self, Random};

/// Easting, northing and height; and a place on the ground in metres from the centre of the earth.
const FAR: [DVec3; 2] = [DVec3::new(448_262.37, 5_411_932.91, 250.4), DVec3::new(3_900_123.4, 860_321.7, 4_950_456.2)];

fn gems(folder: &Path) {
    let options =
        SynthOptions { views: 14, test_views: 2, width: 48, height: 40, points: 200, ..SynthOptions::default() };
    synth::write(folder, &options, &|_| ()).unwrap();
}

fn moved(camera: &Camera, by: DVec3) -> Camera {
    camera.relative_to(-by)
}

/// The dataset of a folder, elsewhere in the world.
fn dataset_at(folder: &Path, place: DVec3) -> Arc<Dataset> {
    let mut dataset = Dataset::open(folder, &DatasetOptions::default()).unwrap();
    for view in &mut dataset.views {
        view.camera = moved(&view.camera, place);
    }
    for point in &mut dataset.points {
        point.position = (DVec3::from_array(point.position) + place).to_array();
    }
    Arc::new(dataset)
}

const ITERATIONS: u32 = 40;

fn trained(dataset: &Arc<Dataset>, trainer: Option<Trainer>, until: u32) -> Trainer {
    let options =
        TrainOptions { iterations: ITERATIONS, max_convexes: 400, refine_every: Some(10), ..TrainOptions::default() };
    let mut trainer = trainer.unwrap_or_else(|| Trainer::new(gpu(), Arc::clone(dataset), options).unwrap());
    while trainer.iteration() < until {
        trainer.advance(until).unwrap();
    }
    trainer
}

fn mean(metrics: impl Iterator<Item = ImageMetrics>) -> f64 {
    ImageMetrics::mean(&metrics.collect::<Vec<_>>()).unwrap().psnr
}

/// PSNR of the held-out views as the trainer draws them, dB.
fn reported(trainer: &mut Trainer) -> f64 {
    mean(trainer.evaluate_all().unwrap().iter().map(|view| view.metrics))
}

/// Likewise of the scene that it saves, read again.
fn evaluated(trainer: &mut Trainer, dataset: &Dataset, file: &Path) -> f64 {
    let about = Metadata { normalised_from_world: Some(trainer.similarity()), ..Metadata::default() };
    scene_file::save_with(&trainer.scene().unwrap(), &about, file).unwrap();
    let (scene, about) = scene_file::load_with(file).unwrap();
    let mut views = SceneViews::new(gpu(), &scene, dataset, about.render_options()).unwrap();
    let test: Vec<usize> = dataset.indices(Split::Test).collect();
    mean(test.into_iter().map(|view| views.evaluate(view, &Metrics::default()).unwrap().metrics))
}

#[test]
fn a_far_capture_trains_and_is_saved_as_well_as_a_near_one() {
    let folder = tempfile::tempdir().unwrap();
    gems(folder.path());
    let file = folder.path().join("saved.safetensors");
    let near = dataset_at(folder.path(), DVec3::ZERO);
    let mut trainer = trained(&near, None, ITERATIONS);
    assert_eq!(trainer.scene().unwrap().origin, DVec3::ZERO);
    let expected = reported(&mut trainer);
    assert!((evaluated(&mut trainer, &near, &file) - expected).abs() < 0.01);
    for place in FAR {
        let far = dataset_at(folder.path(), place);
        let mut trainer = trained(&far, None, ITERATIONS);
        let found = [reported(&mut trainer), evaluated(&mut trainer, &far, &file)];
        println!("near {expected:.3} dB, at {place} {:.3} dB, saved {:.3} dB", found[0], found[1]);
        assert!((found[0] - expected).abs() < 0.05, "{} dB at {place}, {expected} near", found[0]);
        assert!((found[1] - found[0]).abs() < 0.01, "{} dB at {place}, {} when saved", found[0], found[1]);

        // What is shown of a training under way is what it saves.
        let (shown, saved) = (trainer.snapshot().unwrap(), scene_file::load(&file).unwrap());
        assert_eq!(shown.origin, saved.origin);
        assert!(max_error(&shown.params.points.read(gpu()).unwrap(), &saved.params.points) < 1e-5);

        // A training that stops and goes on saves the same.
        let path = folder.path().join("checkpoint.safetensors");
        trained(&far, None, 15).checkpoint().unwrap().save(&path).unwrap();
        let checkpoint = Checkpoint::load(&path).unwrap();
        let resumed = Trainer::resume(gpu(), Arc::clone(&far), checkpoint, &path).unwrap();
        assert!(trained(&far, Some(resumed), ITERATIONS).scene().unwrap() == saved, "the resumed training differs");
    }
}

#[test]
fn a_scene_with_an_origin_is_drawn_as_one_without() {
    let mut random = Random::new(5);
    let scene: Scene = toys::scene(&mut random, 60, 6, 2).cast();
    let camera = toys::camera(&mut random, 96, 64);
    let options = RenderOptions::default();
    let mut renderers = Renderers::new(gpu());
    let mut draw =
        |scene: &Scene, camera: &Camera| renderers.render(scene, camera, &options).rgba.as_flattened().to_vec();
    let (expected, twin) = (draw(&scene, &camera), reference::forward(&scene, &camera, &options));
    for place in FAR {
        let (far, camera) = (Scene { origin: place, ..scene.clone() }, moved(&camera, place));
        assert!(max_error(&draw(&far, &camera), &expected) < 1e-3);
        assert!(max_error(&reference::forward(&far, &camera, &options).rgb, &twin.rgb) < 1e-3);
        let depths = [(&scene, moved(&camera, -place)), (&far, camera)].map(|(s, c)| render::depth_range(s, [&c]));
        assert!(max_error(&depths[0], &depths[1]) < 1e-4, "{depths:?}");
    }
}

/// The gems as a dataset without points whose cameras are changed one by one.
fn transforms_with(folder: &Path, change: impl Fn(&Camera) -> Camera) {
    gems(folder);
    std::fs::remove_dir_all(folder.join("sparse")).unwrap();
    for name in ["transforms_train.json", "transforms_test.json"] {
        let path = folder.join(name);
        let transforms = Transforms::load(&path).unwrap();
        let cameras = transforms.cameras(&path, None).unwrap();
        let views =
            transforms.frames.iter().zip(&cameras).map(|(frame, camera)| (frame.file_path.clone(), change(camera)));
        Transforms::from_cameras(&views.collect::<Vec<_>>()).save(&path).unwrap();
    }
}

/// Trains with the program; PSNR as it reports it, and as it evaluates the folder.
fn psnr_of_program(dataset: &Path, run: &Path) -> [f64; 2] {
    let options = ["--iterations", "30", "--max-convexes", "300", "--quiet"];
    succeeds(&[&["train", text(dataset), "--out", text(run)], &options[..]].concat());
    let report = std::fs::read_to_string(run.join("metrics.json")).unwrap();
    let evaluation = succeeds(&["eval", text(run), "--dataset", text(dataset), "--json"]);
    [report, evaluation].map(|json| serde_json::from_str::<serde_json::Value>(&json).unwrap()["psnr"].as_f64().unwrap())
}

#[test]
fn the_program_follows_the_origin_through_files_and_cameras() {
    let folder = tempfile::tempdir().unwrap();
    let [dataset, run] = ["gems", "run"].map(|name| folder.path().join(name));
    transforms_with(&dataset, |camera| moved(camera, FAR[0]));
    let [reported, evaluated] = psnr_of_program(&dataset, &run);
    assert!((reported - evaluated).abs() < 0.01, "{reported} dB, and {evaluated} dB of what was saved");

    let about: serde_json::Value = serde_json::from_str(&succeeds(&["info", text(&run), "--json"])).unwrap();
    let numbers = |key: &str| -> Vec<f64> { serde_json::from_value(about[key].clone()).unwrap() };
    for key in ["origin", "low", "high"] {
        assert!(DVec3::from_slice(&numbers(key)).distance(FAR[0]) < 300.0, "{key}: {about}");
    }
    assert!(succeeds(&["info", text(&run)]).contains("the file holds places relative to it"));

    // From scene, from PLY and back, and from the checkpoint the pictures are the same; so they are from a file of cameras.
    let ply = folder.path().join("scene.ply");
    let back = folder.path().join("back.safetensors");
    succeeds(&["convert", text(&run), text(&ply)]);
    succeeds(&["convert", text(&ply), text(&back)]);
    assert!(std::fs::read(&back).unwrap() == std::fs::read(run.join("scene.safetensors")).unwrap());
    let picture = |scene: &Path, more: &[&str]| {
        let out = folder.path().join("picture.png");
        succeeds(&[&["render", text(scene), "--out", text(&out), "--quiet"], more].concat());
        lapidary::image::Image::load(&out).unwrap().data
    };
    let of_dataset = ["--dataset", text(&dataset), "--split", "all", "--view", "3"];
    let expected = picture(&run, &of_dataset);
    for (scene, most) in [(&ply, 0.0), (&run.join("checkpoint.safetensors"), 0.0)] {
        assert!(max_error(&picture(scene, &of_dataset), &expected) <= most, "{}", scene.display());
    }
    let cameras = run.join("cameras.json");
    assert!(max_error(&picture(&run, &["--cameras", text(&cameras), "--view", "3"]), &expected) < 0.01);
    let orbit = picture(&run, &["--orbit", "1", "--size", "48x40"]);
    assert!(orbit.iter().any(|value| *value > 0.1), "the orbit goes round the scene");
}

#[test]
fn cameras_at_one_place_are_said_and_the_saved_scene_is_the_trained_one() {
    let folder = tempfile::tempdir().unwrap();
    let [dataset, run] = ["gems", "run"].map(|name| folder.path().join(name));
    let place = DVec3::new(5.0, 0.0, 1.0);
    transforms_with(&dataset, |camera| moved(&camera.relative_to(camera.position()), place));
    assert!(succeeds(&["info", text(&dataset)]).contains("all cameras stand at one place"));
    let [reported, evaluated] = psnr_of_program(&dataset, &run);
    assert!((reported - evaluated).abs() < 0.01, "{reported} dB, and {evaluated} dB of what was saved");
    let about: serde_json::Value = serde_json::from_str(&succeeds(&["info", text(&run), "--json"])).unwrap();
    assert_eq!(about["normalised_from_world"]["scale"].as_f64(), Some(1.0), "{about}");
    // Convexes stand before the cameras, not in them.
    let size = (0..3).map(|i| about["high"][i].as_f64().unwrap() - about["low"][i].as_f64().unwrap());
    assert!(size.fold(0.0, f64::max) > 1.0, "{about}");
}

#[test]
fn checkpoints_that_are_not_finite_in_the_world_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    gems(folder.path());
    let good = trained(&dataset_at(folder.path(), DVec3::ZERO), None, 1).checkpoint().unwrap();
    let file = folder.path().join("broken.safetensors");
    let mut broken = good.clone();
    broken.scene.params.points[7] = 3e38;
    broken.state.similarity.scale = 0.5;
    broken.save(&file).unwrap();
    refused(&["info", text(&file)], 2, &["broken.safetensors", "`points` of convex 0 is 3e38"]);
    for scale in [0.0, 1e-320] {
        let mut broken = good.clone();
        broken.state.similarity.scale = scale;
        broken.save(&file).unwrap();
        refused(
            &["convert", text(&file), "out.ply"],
            2,
            &["broken.safetensors", "positive scale", &format!("{scale:?}")],
        );
    }
}
