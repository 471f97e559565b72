//! Commands without options: they do what is meant, say what they do while it takes long, and end when they are told to.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lapidary::bench::{self, CloudKind, ConvexCloud, Limits, Subject};
use lapidary::camera::RenderOptions;
use lapidary::dataset::{DatasetOptions, Split};
use lapidary::source::{self, LoadedCameras};

use super::cli::{dataset, refused, succeeds, text};
use super::support::device::gpu;

/// A dataset of two photographs to train on and one held out, and a training of a few iterations.
struct Trained {
    folder: tempfile::TempDir,
}

impl Trained {
    fn new(more: &[&str]) -> Self {
        let trained = Self { folder: dataset() };
        let (gems, run) = (trained.path("gems"), trained.path("run"));
        let short = ["--iterations", "2", "--max-convexes", "60", "--quiet", "--out", text(&run)];
        succeeds(&[&["train", text(&gems)], &short[..], more].concat());
        trained
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lapidary")).args(args).output().unwrap()
}

/// What a command that succeeds writes to stderr.
fn said(args: &[&str]) -> String {
    let output = run(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    said
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_training_is_rendered_from_its_own_views() {
    let trained = Trained::new(&[]);
    let (scene, out) = (trained.path("run"), trained.path("out"));
    let said = said(&["render", text(&scene), "--out", text(&out)]);
    assert!(said.contains("taking 1 held-out view of the training; --orbit"), "{said}");
    assert_eq!(names(&out), ["0000.png"], "the held-out one, by its name");
    assert_eq!(image::image_dimensions(out.join("0000.png")).unwrap(), (48, 32));
    succeeds(&["render", text(&scene), "--split", "train", "--out", text(&trained.path("train"))]);
    assert_eq!(names(&trained.path("train")), ["0001.png", "0002.png"]);
    let one = trained.path("one.png");
    let said = self::said(&["render", text(&scene), "--split", "all", "--out", text(&one)]);
    assert!(said.contains("taking the first of 3 views of the training"), "{said}");
    assert_eq!(fs::read(one).unwrap(), fs::read(out.join("0000.png")).unwrap(), "the first of them");
}

#[test]
fn a_film_is_an_orbit_and_a_scene_alone_is_seen_from_all_around() {
    let trained = Trained::new(&[]);
    let (run, alone) = (trained.path("run"), trained.path("alone.safetensors"));
    fs::copy(run.join("scene.safetensors"), &alone).unwrap();
    let film = trained.path("film.gif");
    let small = ["--size", "24x16", "--video", text(&film)];
    for (scene, more) in [(&run, &[][..]), (&alone, &[]), (&run, &["--orbit"])] {
        let told = succeeds(&[&["render", text(scene)], &small[..], more].concat());
        assert!(told.contains("120 frames of 24×16"), "{told}");
    }
    let out = trained.path("out");
    let said = said(&["render", text(&alone), "--size", "24x16", "--out", text(&out)]);
    assert!(said.contains("taking 8 views of an orbit"), "{said}");
    assert_eq!(names(&out).len(), 8);
}

#[test]
fn an_evaluation_without_photographs_tells_the_training_that_had_some() {
    let trained = Trained::new(&[]);
    let run = trained.path("run");
    fs::remove_file(run.join("dataset.toml")).unwrap();
    refused(&["eval", text(&run)], 2, &["--dataset", "lapidary train", "--max-convexes 60"]);
    refused(&["eval", text(&run.join("scene.safetensors"))], 2, &["--dataset", "lapidary train"]);
    refused(&["eval", text(&trained.path("gems/scene.safetensors"))], 2, &["--dataset"]);
}

#[test]
fn an_evaluation_says_what_differs_from_the_training() {
    let trained = Trained::new(&["--downscale", "2", "--test-every", "2"]);
    let (run, gems) = (trained.path("run"), trained.path("gems"));
    let eval = |more: &[&str]| said(&[&["eval", text(&run), "--dataset", text(&gems)], more].concat());
    let record = run.join("dataset.toml");
    let recorded = fs::read(&record).unwrap();
    for more in [&[][..], &["--downscale", "2", "--test-every", "2"]] {
        assert!(!eval(more).contains("warning"), "the options of the training are taken");
    }
    let others = eval(&["--downscale", "1", "--test-every", "3"]);
    let expected = "warning: not as in the training: --downscale 1 (it had 2), --test-every 3 (it had 2)";
    assert!(others.contains(expected) && others.matches("warning").count() == 1, "{others}");

    // An older training remembers nothing.
    fs::remove_file(&record).unwrap();
    let same = eval(&["--downscale", "2", "--test-every", "2"]);
    assert!(!same.contains("warning"), "{same}");
    let larger = eval(&["--test-every", "2"]);
    assert!(larger.contains("warning: the training saw 0000.png with 24×16 pixels, and here it has 48×32"), "{larger}");
    let names = trained.path("names.txt");
    fs::write(&names, "0001.png\n").unwrap();
    let seen = eval(&["--downscale", "2", "--split-file", text(&names)]);
    assert!(seen.contains("warning: 1 of 1 held-out views are views that the scene was trained on"), "{seen}");
    fs::write(record, recorded).unwrap();
    let other = trained.path("other");
    succeeds(&["synth", "--out", text(&other), "--views", "3", "--test-views", "1", "--size", "48x32", "--seed", "5"]);
    let other = said(&["eval", text(&run), "--dataset", text(&other)]);
    let named = format!("not as in the training: {} (it had", trained.path("other").display());
    assert!(other.contains(&named) && other.matches("warning").count() == 1, "{other}");
}

#[test]
fn a_training_remembers_its_photographs() {
    let trained = Trained::new(&["--downscale", "2", "--test-every", "2", "--set", "background=0.5,0.5,0.5"]);
    let figures = |args: &[&str]| {
        let json: serde_json::Value = serde_json::from_str(&succeeds(&[args, &["--json"]].concat())).unwrap();
        (json["psnr"].as_f64().unwrap(), json["views"].as_array().unwrap().len())
    };
    let run = trained.path("run");
    let given = ["--dataset", text(&trained.path("gems")), "--downscale", "2", "--test-every", "2"].map(str::to_owned);
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let expected = figures(&[&["eval", text(&run)], &given[..]].concat());
    assert_eq!(figures(&["eval", text(&run)]), expected);
    assert_eq!(figures(&["eval", text(&run.join("scene.safetensors"))]), expected, "also of its scene");

    let contents = |data: Option<&Path>| source::open(&run, data, &DatasetOptions::default()).unwrap();
    let file = source::open(&run.join("scene.safetensors"), None, &DatasetOptions::default()).unwrap();
    for contents in [contents(None), file] {
        let LoadedCameras::Dataset(shown) = contents.cameras else { panic!("without its photographs") };
        assert_eq!((shown.views[0].camera.width, shown.indices(Split::Test).count()), (24, 2));
    }
    let alone = trained.path("run/edited.safetensors");
    fs::copy(run.join("scene.safetensors"), &alone).unwrap();
    let contents_of_copy = source::open(&alone, None, &DatasetOptions::default()).unwrap();
    assert!(matches!(contents_of_copy.cameras, LoadedCameras::Missing), "another scene in the folder is shown alone");
    fs::remove_file(alone).unwrap();

    // The dataset and the run move together, then the dataset alone.
    let moved = trained.path("moved");
    fs::create_dir(&moved).unwrap();
    for part in ["gems", "run"] {
        fs::rename(trained.path(part), moved.join(part)).unwrap();
    }
    let run = moved.join("run");
    assert_eq!(figures(&["eval", text(&run)]), expected);
    fs::rename(moved.join("gems"), moved.join("gone")).unwrap();
    refused(&["eval", text(&run)], 2, &["dataset.toml", "gems", "--dataset DIR"]);
    assert_eq!(figures(&["eval", text(&run), "--dataset", text(&moved.join("gone"))]), expected);
    let contents = source::open(&run, None, &DatasetOptions::default()).unwrap();
    assert!(contents.messages()[0].contains("without its photographs"), "{:?}", contents.messages());
    assert!(matches!(contents.cameras, LoadedCameras::Training(_)) && contents.scene.is_some());
    let out = trained.path("out");
    succeeds(&["render", text(&run), "--out", text(&out), "--dataset", text(&moved.join("gone")), "--split", "all"]);
    assert_eq!(names(&out).len(), 3);
    assert_eq!(image::image_dimensions(out.join("0000.png")).unwrap(), (24, 16), "in the size of the training");
    let out = trained.path("of_scene");
    succeeds(&["render", text(&run.join("scene.safetensors")), "--out", text(&out)]);
    assert_eq!(names(&out), ["0000.png", "0002.png"], "the held-out views of the training");
}

#[test]
fn two_scenes_are_compared_view_by_view() {
    let trained = Trained::new(&["--downscale", "2", "--test-every", "2"]);
    let (run, out) = (trained.path("run"), trained.path("pair"));
    let other = trained.path("gems/scene.safetensors");
    let json = succeeds(&["eval", text(&run), text(&other), "--json", "--out", text(&out)]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let figures = |side: &str| {
        let views = json[side]["views"].as_array().unwrap();
        views.iter().map(|view| view["psnr"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let (a, b) = (figures("a"), figures("b"));
    let alone: serde_json::Value = serde_json::from_str(&succeeds(&["eval", text(&run), "--json"])).unwrap();
    assert_eq!((a.len(), alone["views"][1]["psnr"].as_f64()), (2, Some(a[1])));
    let mean = (b[0] - a[0] + b[1] - a[1]) / 2.0;
    let found = &json["b_less_a"]["psnr"];
    assert!((found["mean"].as_f64().unwrap() - mean).abs() < 1e-9, "{found}");
    // Of two views the standard error is half of the distance of their differences.
    let error = ((b[0] - a[0]) - (b[1] - a[1])).abs() / 2.0;
    assert!((found["standard_error"].as_f64().unwrap() - error).abs() < 1e-9, "{found}");
    for file in ["metrics.json", "a/report.html", "a/pictures/0000.png", "b/metrics.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let table = succeeds(&["eval", text(&run), text(&other)]);
    let sentence = format!("PSNR, dB: B − A is {mean:+.3} ± {error:.3} (mean, standard error); B is better in");
    assert!(table.contains("0002.png") && table.contains(&sentence), "{table}");
    refused(&["eval", text(&run), "absent.safetensors"], 2, &["absent.safetensors"]);
    refused(&["eval", text(&run), text(&other), "--renders", "x"], 2, &["--renders"]);
}

#[test]
fn a_training_without_a_terminal_says_what_runs_where() {
    let folder = dataset();
    let (gems, out) = (folder.path().join("gems"), folder.path().join("run"));
    let said = said(&["train", text(&gems), "--out", text(&out), "--iterations", "2", "--max-convexes", "60"]);
    let line = said.lines().find(|line| line.starts_with("training on ")).unwrap();
    assert!(line.ends_with(": 2 views of at most 48×32 pixels, 2 iterations, budget 60 convexes"), "{line}");
    assert!(line.contains(gpu().name()), "{line}");
}

#[test]
fn long_work_is_told_of_within_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let measured = ["--synthetic", "9", "--size", "16x16", "--views", "1", "--frames", "1000000", "--seconds", "1.3"];
    let said = said(&[&["bench"], &measured[..]].concat());
    assert!(said.contains("measuring one frame after another, 4 s left"), "{said}");
    // One thread takes longer than a second for these pictures, on any machine.
    let mut synth = Command::new(env!("CARGO_BIN_EXE_lapidary"));
    synth.args(["synth", "--views", "7", "--test-views", "1", "--size", "256x192", "--out"]).arg(folder.path());
    let begin = Instant::now();
    let mut child = synth.env("RAYON_NUM_THREADS", "1").stderr(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(child.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(
        line.starts_with("making 8 images of 256x192 and their depth maps: ")
            && begin.elapsed() < Duration::from_secs(2),
        "{line}"
    );
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_signal_does_not_wait_for_a_long_frame() {
    let trained = Trained::new(&[]);
    let (scene, out) = (trained.path("gems/scene.safetensors"), trained.path("out"));
    let mut render = Command::new(env!("CARGO_BIN_EXE_lapidary"));
    // The processor draws this for minutes.
    render.args(["render", text(&scene), "--reference", "--size", "8192x8192", "--out", text(&out)]);
    let mut child = render.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let begun = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with("rendering 8 frames"));
    assert_eq!(begun.as_deref(), Some("rendering 8 frames of 8192×8192 pixels: 0/8, estimating the time"));
    let begin = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let waited = begin.elapsed();
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), ["stopped after 0 of 8 frames; go on with --resume"]);
}

#[test]
fn where_frames_take_long_fewer_cameras_are_measured() {
    let (scene, cameras) =
        (ConvexCloud { num_convexes: 9, kind: CloudKind::Thin }.scene(), ConvexCloud::cameras(3, 16, 16));
    let num_views = |camera_seconds| {
        let limits = Limits { samples: 2, seconds: 0.0, warm_up: 0.0, camera_seconds };
        let options = RenderOptions::default();
        let subject = Subject { gpu: gpu(), scene: &scene, cameras: &cameras, options, limits, counts_visits: false };
        let runs = bench::measure(&subject, true, &mut |_| ()).unwrap();
        runs.iter().map(|run| (run.num_views, run.waited.samples)).collect::<Vec<_>>()
    };
    assert_eq!(num_views(None), [(3, 1); 2]);
    assert_eq!(num_views(Some(0.0)), [(1, 1); 2]);
}
