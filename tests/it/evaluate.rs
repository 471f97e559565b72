//! One set of metrics: the trainer's own figures, `lapidary eval` of the scene it wrote, and of the pictures it wrote.

use std::path::Path;
use std::sync::Arc;

use lapidary::camera::RenderOptions;
use lapidary::constants::NEAR;
use lapidary::dataset::{Dataset, DatasetOptions, Split};
use lapidary::evaluate::{GroundTruth, ImageFolder, Metrics, SceneViews};
use lapidary::image::Image;
use lapidary::reference;
use lapidary::scene::Similarity;
use lapidary::scene_file::{self, Metadata};
use lapidary::synth::{self, SynthOptions};
use lapidary::train::{Checkpoint, TrainOptions, Trainer};
use serde_json::Value;

use crate::cli::{refused, succeeds, text};
use crate::support::device::gpu;

/// A few small views of the gems.
fn gems(folder: &Path) -> Arc<Dataset> {
    let options =
        SynthOptions { views: 14, test_views: 3, width: 48, height: 40, points: 100, ..SynthOptions::default() };
    synth::write(folder, &options, &|_| ()).unwrap();
    Arc::new(Dataset::open(folder, &DatasetOptions::default()).unwrap())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn trainer_program_and_folder_measure_the_same_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let (data, run, out) = (folder.path().join("gems"), folder.path().join("run"), folder.path().join("out"));
    let dataset = gems(&data);
    let training =
        ["--iterations", "40", "--max-convexes", "300", "--set", "refine_every=10", "--set", "background=[1,0.5,0]"];
    succeeds(&[&["train", text(&data), "--out", text(&run), "--quiet", "--eval-every", "15"][..], &training].concat());
    let trained = json(&run.join("metrics.json"));
    assert_eq!(trained["views"].as_array().unwrap().len(), 3);
    assert!(trained.get("lpips_vgg").is_none(), "nobody gave weights");

    // The scene file: rounded to world units, so that a value here and there falls to another of the 256.
    succeeds(&["eval", text(&run), "--dataset", text(&data), "--out", text(&out)]);
    let evaluated = json(&out.join("metrics.json"));
    for metric in ["psnr", "ssim"] {
        let (then, now) = (number(&trained[metric]), number(&evaluated[metric]));
        assert!((then - now).abs() < 2e-3, "{metric}: {then} by the trainer, {now} of its scene");
    }
    assert_eq!(evaluated["num_convexes"], trained["num_convexes"]);

    // The pictures, which are what was compared.
    let arguments =
        ["eval", "--renders", text(&run.join("test")), "--dataset", text(&data), "--json"].map(str::to_owned);
    let of_pictures: Value = serde_json::from_str(&succeeds(&arguments.each_ref().map(String::as_str))).unwrap();
    assert_eq!(of_pictures["views"], trained["views"]);
    assert!(of_pictures.get("num_convexes").is_none());

    // What is written is there to be looked at.
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    let own = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(Image::load(&out.join("sheet.png")).is_ok());
    let names: Vec<&str> = dataset.indices(Split::Test).map(|view| dataset.views[view].name.as_str()).collect();
    for name in names {
        assert!(page.contains(name) && own.contains(name), "{name}");
        let stem = name.trim_end_matches(".png");
        for ending in ["", "_truth", "_difference"] {
            for pictures in [run.join("test"), out.join("pictures")] {
                let picture = Image::load(&pictures.join(format!("{stem}{ending}.png"))).unwrap();
                assert_eq!((picture.width, picture.height), (48, 40));
            }
        }
    }
    for page in [&page, &own] {
        assert!(page.contains("PSNR of 3 held-out views") && page.contains("<svg"), "curves of the training");
        assert!(page.contains("loss, images in full size") && page.contains("ssim_weight = 0.2"), "the options");
        assert!(page.contains(gpu().driver()) && page.contains("photographs were measured"));
        assert!(page.contains("class=\"stage pair\"") && page.contains("name=\"viewport\""), "a line to drag");
        assert!(
            !page.contains("{{") && !page.contains("http:") && !page.contains("https:"),
            "a whole page that fetches nothing"
        );
    }
    let log = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let looks: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line.get("test_psnr").is_some())
        .collect();
    let iterations: Vec<u64> = looks.iter().map(|line| line["iteration"].as_u64().unwrap()).collect();
    assert_eq!(iterations, [15, 30, 40], "two looks on the way, and one at the end");
    assert_eq!(looks[2]["test_psnr"], trained["psnr"]);
}

#[test]
fn evaluating_views_does_not_change_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let options = TrainOptions { iterations: 30, max_convexes: 300, refine_every: Some(10), ..TrainOptions::default() };
    let run = |look_every: Option<u32>| -> Checkpoint {
        let mut trainer = Trainer::new(gpu(), Arc::clone(&dataset), options.clone()).unwrap();
        while !trainer.is_done() {
            let iteration = trainer.iteration();
            let until = look_every.map_or(u32::MAX, |every| (iteration / every + 1) * every);
            trainer.advance(until).unwrap();
            if look_every.is_some() && trainer.iteration() == until {
                assert_eq!(trainer.watched_views().len(), 3);
                for view in trainer.watched_views() {
                    trainer.evaluate(view, &Metrics::default()).unwrap();
                }
            }
        }
        trainer.checkpoint().unwrap()
    };
    let alone = run(None);
    assert!(run(Some(7)) == alone, "a look every seven iterations changed the training");
}

#[test]
fn watched_views_are_a_few_and_evenly_apart() {
    let folder = tempfile::tempdir().unwrap();
    gems(folder.path());
    let options = DatasetOptions { test_every: Some(4), ..DatasetOptions::default() };
    let dataset = Arc::new(Dataset::open(folder.path(), &options).unwrap());
    let watched = |eval_views| {
        let options = TrainOptions { eval_views, ..TrainOptions::default() };
        Trainer::new(gpu(), Arc::clone(&dataset), options).unwrap().watched_views()
    };
    let held_back: Vec<usize> = dataset.indices(Split::Test).collect();
    assert_eq!((watched(0), watched(9)), (vec![], held_back.clone()));
    assert_eq!((watched(2), held_back.len()), (vec![held_back[0], held_back[2]], 5));
    let period = |iterations, eval_every, eval_views| {
        TrainOptions { iterations, eval_every, eval_views, ..TrainOptions::default() }.evaluation_period()
    };
    assert_eq!(
        [period(30_000, None, 4), period(3, None, 4), period(800, Some(50), 4)],
        [Some(3_000), Some(1), Some(50)]
    );
    assert_eq!([period(800, Some(0), 4), period(800, None, 0)], [None, None]);
}

#[test]
fn masked_pixels_of_the_ground_truth_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let view = dataset.indices(Split::Test).next().unwrap();
    let masks = folder.path().join("masks");
    std::fs::create_dir_all(&masks).unwrap();
    // The left half says nothing.
    let mask = Image::new(48, 40, (0..48 * 40).flat_map(|i| [if i % 48 < 24 { 0.0 } else { 1.0 }; 3]).collect());
    mask.save_png(&masks.join(&dataset.views[view].name)).unwrap();
    let masked = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap();
    let truth = GroundTruth::of_view(&masked, view).unwrap();
    let mut image = truth.image.clone();
    for i in (0..48 * 40).filter(|i| i % 48 < 24) {
        image.data[i * 3] = 1.0 - image.data[i * 3];
    }
    let wrong = |truth: GroundTruth, image: &Image| {
        truth.compare(image.clone(), "it", &Metrics::default()).unwrap().metrics.psnr
    };
    assert!((wrong(truth.clone(), &image) - 120.0).abs() < 1e-9, "only wrong where nobody knows better");
    assert!(wrong(GroundTruth::of_view(&dataset, view).unwrap(), &image) < 60.0, "without a mask it is wrong");
    image.data[30 * 3] = 1.0 - image.data[30 * 3];
    assert!(wrong(truth, &image) < 60.0, "and right of the mask it is wrong");
}

#[test]
fn a_scene_is_drawn_as_the_twin_draws_it_with_the_near_plane_of_its_training() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let scene = scene_file::load(&folder.path().join("scene.safetensors")).unwrap();
    let background = [1.0, 0.5, 0.0];
    let view = dataset.indices(Split::Test).next().unwrap();
    let twin = |near| {
        let options = RenderOptions { near, background, ..RenderOptions::default() };
        let frame = reference::forward(&scene, &dataset.views[view].camera, &options);
        Image::new(frame.width, frame.height, frame.rgb)
    };
    // Through the middle of the gems.
    let far = dataset.views[view].camera.position().length();
    let similarity = Similarity { scale: NEAR / far, centre: [7.0; 3] };
    for (similarity, near) in [(None, NEAR), (Some(similarity), far)] {
        let about = Metadata { normalised_from_world: similarity, background, ..Metadata::default() };
        let mut views = SceneViews::new(gpu(), &scene, &dataset, about.render_options()).unwrap();
        let found = views.evaluate(view, &Metrics::default()).unwrap();
        assert_eq!(found.name, dataset.views[view].name);
        let psnr = lapidary::metrics::psnr(found.image.mean_square(&twin(near)));
        assert!(psnr > 55.0, "{psnr} dB from the twin with the near plane at {near}");
    }
    assert!(lapidary::metrics::psnr(twin(NEAR).mean_square(&twin(far))) < 40.0, "the near plane can be seen");
}

/// A run knows its photographs, their size and its background, also where both folders have moved; other options are told.
#[test]
fn a_run_is_measured_and_drawn_as_it_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("before");
    let (data, run) = (before.join("gems"), before.join("run"));
    gems(&data);
    let smaller = ["--downscale", "2", "--test-every", "5", "--set", "background=[1,0.5,0]"];
    let short = ["--iterations", "20", "--max-convexes", "200", "--quiet"];
    succeeds(&[&["train", text(&data), "--out", text(&run)][..], &smaller, &short].concat());
    let trained = json(&run.join("metrics.json"));
    let after = folder.path().join("after");
    std::fs::rename(&before, &after).unwrap();
    let run = after.join("run");
    let report = after.join("report");
    let eval = |more: &[&str]| {
        let args = [&["eval", text(&run), "--out", text(&report)], more].concat();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_lapidary")).args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        (json(&report.join("metrics.json")), said)
    };
    let (found, said) = eval(&[]);
    assert_eq!(found["views"].as_array().unwrap().len(), trained["views"].as_array().unwrap().len());
    let (then, now) = (number(&trained["psnr"]), number(&found["psnr"]));
    assert!((then - now).abs() < 2e-3 && !said.contains("not as in the training"), "{then} {now}: {said}");
    let (other, said) = eval(&["--downscale", "1"]);
    assert!((number(&other["psnr"]) - now).abs() > 0.01, "another size has other figures");
    assert!(said.contains("warning: not as in the training") && said.contains("downscale"), "{said}");
    let out = folder.path().join("renders");
    succeeds(&["render", text(&run), "--out", text(&out), "--quiet"]);
    let drawn = std::fs::read_dir(&out).unwrap().next().unwrap().unwrap().path();
    let drawn = Image::load(&drawn).unwrap();
    assert_eq!((drawn.width, drawn.height), (24, 20), "half of the photographs");
}

#[test]
fn faults_are_refused_with_the_file_at_fault() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("gems");
    let dataset = gems(&data);
    let scene = data.join("scene.safetensors");
    let eval = |more: &[&str], parts: &[&str]| refused(&[&["eval"], more].concat(), 2, parts);
    let (data, scene) = (text(&data), text(&scene));
    eval(&["absent.safetensors", "--dataset", data], &["absent.safetensors"]);
    eval(&[scene, "--dataset", "nowhere"], &["nowhere"]);
    eval(&[scene, "--dataset", data, "--test-every", "0"], &["gems", "no held-out image", "--split"]);
    eval(&[scene, "--dataset", data, "--lpips-weights", "absent.weights"], &["--lpips-weights", "absent.weights"]);
    eval(&[scene, "--dataset", data, "--lpips-weights", scene], &["scene.safetensors", "`conv0.weight` is missing"]);
    eval(&[scene, "--dataset", data, "--background", "1,2,3"], &["--background", "0 to 1"]);
    eval(&[scene, "--dataset", data, "--lpips-normalised"], &["--lpips-weights"]);
    eval(&[scene], &["--dataset"]);
    eval(&["--dataset", data], &["SCENE"]);
    eval(&[scene, "--renders", data, "--dataset", data], &["--renders"]);
    let train = ["train", data, "--out", text(&folder.path().join("run")), "--lpips-weights", scene].map(str::to_owned);
    refused(&train.each_ref().map(String::as_str), 2, &["scene.safetensors", "conv0.weight"]);
    assert!(!folder.path().join("run").exists(), "known before anything is trained");

    // Pictures of another program.
    let renders = folder.path().join("renders");
    std::fs::create_dir(&renders).unwrap();
    let against = |more: &[&str], parts: &[&str]| eval(&[&["--renders", text(&renders)], more].concat(), parts);
    against(&["--dataset", data], &["renders", "no image"]);
    let names: Vec<&str> = dataset.indices(Split::Test).map(|view| dataset.views[view].name.as_str()).collect();
    let grey = Image::filled(48, 40, [0.5; 3]);
    grey.save_png(&renders.join(names[0])).unwrap();
    against(&["--dataset", data], &["lacks 2 of 3", names[1], names[2]]);
    for name in &names[1..] {
        grey.save_png(&renders.join(name)).unwrap();
    }
    succeeds(&["eval", "--renders", text(&renders), "--dataset", data]);
    succeeds(&["eval", "--renders", text(&renders), "--truth", text(&renders)]);
    against(&["--dataset", data, "--downscale", "2"], &[names[0], "48×40", "24×20", "--downscale"]);
    std::fs::write(renders.join(names[1]), "not an image").unwrap();
    against(&["--dataset", data], &[names[1], "not an image"]);
    let folder = ImageFolder::open(&renders).unwrap();
    assert_eq!(folder.names().count(), 3);
}

#[test]
fn every_command_prints_the_notes_of_a_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("gems");
    gems(&data);
    let of_a_view = std::fs::read_dir(data.join("images")).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(of_a_view, data.join("images/without_a_camera.png")).unwrap();
    let notes = Dataset::open(&data, &DatasetOptions::default()).unwrap().notes;
    let (scene, out) = (data.join("scene.safetensors"), folder.path().join("out"));
    let [scene, data, out] = [&scene, &data, &out].map(|path| text(path));
    let said = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_lapidary")).args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{args:?}: {said}");
        said
    };
    let eval = ["eval", scene, "--dataset", data];
    let render = ["render", scene, "--dataset", data, "--view", "0", "--out", out];
    let bench = ["bench", scene, "--dataset", data, "--frames", "1", "--warm-up", "0", "--size", "8x8"];
    for (args, quiet) in [(&eval[..], "--json"), (&render, "--quiet"), (&bench, "--quiet")] {
        assert!(
            !notes.is_empty() && notes.iter().all(|note| said(args).contains(&format!("note: {note}"))),
            "{args:?}"
        );
        assert!(!said(&[args, &[quiet]].concat()).contains("note:"), "{args:?}");
    }
}
