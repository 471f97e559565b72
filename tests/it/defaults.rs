//! Commands without options: they do what is meant, say what they do while it takes long, and end when they are told to.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lapidary::bench::{self, CloudKind, ConvexCloud, Limits, Subject};
use lapidary::camera::RenderOptions;

use super::cli::{dataset, refused, succeeds, text};
use super::support::device::gpu;

/// A dataset of two photographs to train on and one held back, and a training of a few iterations.
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
    assert!(said.contains("taking 1 held-back view of the training; --orbit"), "{said}");
    assert_eq!(names(&out), ["0000.png"], "the held-back one, by its name");
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
    refused(&["eval", text(&run)], 2, &["--dataset", "lapidary train", "--max-convexes 60"]);
    refused(&["eval", text(&run.join("scene.safetensors"))], 2, &["--dataset", "lapidary train"]);
    refused(&["eval", text(&trained.path("gems/scene.safetensors"))], 2, &["--dataset"]);
}

#[test]
fn an_evaluation_says_what_differs_from_the_training() {
    let trained = Trained::new(&["--downscale", "2", "--test-every", "2"]);
    let (run, gems) = (trained.path("run"), trained.path("gems"));
    let eval = |more: &[&str]| said(&[&["eval", text(&run), "--dataset", text(&gems)], more].concat());
    let same = eval(&["--downscale", "2", "--test-every", "2"]);
    assert!(!same.contains("warning"), "{same}");
    let larger = eval(&["--test-every", "2"]);
    assert!(larger.contains("warning: the training saw 0000.png with 24×16 pixels, and here it has 48×32"), "{larger}");
    let names = trained.path("names.txt");
    fs::write(&names, "0001.png\n").unwrap();
    let seen = eval(&["--downscale", "2", "--split-file", text(&names)]);
    assert!(seen.contains("warning: 1 of 1 held-back views are views that the scene was trained on"), "{seen}");
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
        line.starts_with("making 8 pictures of 256x192 and their depth maps: ")
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
        let subject =
            Subject { gpu: gpu(), scene: &scene, cameras: &cameras, options: RenderOptions::default(), limits };
        let runs = bench::measure(&subject, true, &mut |_| ()).unwrap();
        runs.iter().map(|run| (run.num_views, run.waited.samples)).collect::<Vec<_>>()
    };
    assert_eq!(num_views(None), [(3, 1); 2]);
    assert_eq!(num_views(Some(0.0)), [(1, 1); 2]);
}
