//! `lapidary train` as a user runs it: stopped, killed, and fed with what it should wonder about.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use lapidary::image::Image;
use rand::{RngExt as _, SeedableRng as _};

use crate::cli::{refused, succeeds, text};

/// Few enough iterations to take seconds, many enough to be caught in the middle.
const ITERATIONS: u32 = 240;

/// Views of the gems, small.
pub(super) fn gems(folder: &Path) -> PathBuf {
    let out = folder.join("gems");
    succeeds(&["synth", "--out", text(&out), "--views", "12", "--test-views", "1", "--size", "48x40"]);
    out
}

pub(super) fn command(dataset: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapidary"));
    command.args(["train", text(dataset), "--out", text(out)]);
    command.args(["--iterations", &ITERATIONS.to_string(), "--max-convexes", "400", "--set", "refine_every=10"]);
    command
        .args(["--checkpoint-every", "23", "--test-every", "8"])
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

pub(super) fn checkpoint(out: &Path) -> PathBuf {
    out.join("checkpoint.safetensors")
}

/// The bytes that a training is judged by.
pub(super) fn results(out: &Path) -> [Vec<u8>; 2] {
    [checkpoint(out), out.join("scene.safetensors")].map(|path| std::fs::read(path).unwrap())
}

/// Starts the training, or goes on with it.
pub(super) fn start(dataset: &Path, out: &Path) -> Child {
    let more: &[&str] = if checkpoint(out).exists() { &["--resume"] } else { &[] };
    command(dataset, out, more).spawn().unwrap()
}

/// When the checkpoint was written.
#[cfg(unix)]
fn saved_at(out: &Path) -> Option<SystemTime> {
    checkpoint(out).metadata().and_then(|about| about.modified()).ok()
}

/// Trains to the end while it is sent signals at random times after it saved something; how many of them met a training
/// under way.
#[cfg(unix)]
fn interrupted(dataset: &Path, out: &Path, signals: &[&str], seed: u64) -> usize {
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(seed);
    let mut caught = 0;
    for signal in signals {
        let before = saved_at(out);
        let mut child = start(dataset, out);
        while saved_at(out) == before && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(random.random_range(0..200)));
        let is_running = child.try_wait().unwrap().is_none();
        let pid = child.id().to_string();
        if is_running {
            assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        }
        let code = child.wait().unwrap().code();
        let is_told = code == Some(130) || code == Some(0) || *signal == "KILL";
        assert!(is_told, "{signal}: {code:?}, unless the training had ended just before");
        caught += usize::from(is_running);
    }
    assert!(start(dataset, out).wait().unwrap().success());
    caught
}

#[cfg(unix)]
#[test]
fn a_training_that_is_killed_repeatedly_has_the_result_of_one_that_never_was() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let [whole, again, killed, stopped] = ["whole", "again", "killed", "stopped"].map(|name| folder.path().join(name));
    assert!(start(&dataset, &whole).wait().unwrap().success());
    let expected = results(&whole);
    assert!(start(&dataset, &again).wait().unwrap().success());
    assert!(results(&again) == expected, "two runs of one seed differ");
    let runs = [(&stopped, ["TERM", "INT", "TERM", "INT", "TERM"]), (&killed, ["KILL"; 5])];
    for ((out, signals), seed) in runs.into_iter().zip(1..) {
        let caught = interrupted(&dataset, out, &signals, seed);
        println!("{signals:?}: {caught} met a training under way");
        assert!(caught > 0, "{signals:?}: none met a training under way");
        assert!(results(out) == expected, "{signals:?}: the result is another one");
    }
}

/// Iterations of the lines about training; every line of the log is whole, and none is behind the one before.
fn logged(out: &Path) -> Vec<u64> {
    let log = std::fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.is_sorted_by_key(|line| line["iteration"].as_u64()), "{log}");
    lines.iter().filter(|line| line["l1"].is_number()).filter_map(|line| line["iteration"].as_u64()).collect()
}

#[test]
fn the_log_of_a_training_that_was_killed_while_it_saved_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    // The checkpoint can be written, the scene cannot.
    let obstacle = out.join("scene.safetensors");
    std::fs::create_dir_all(obstacle.join("held")).unwrap();
    assert!(!start(&dataset, &out).wait().unwrap().success());
    assert_eq!(logged(&out).last(), Some(&23), "as far as the checkpoint");

    // A line that is ahead of the checkpoint, and half a line.
    let path = out.join("metrics.jsonl");
    let log = std::fs::read_to_string(&path).unwrap();
    let ahead = log.lines().last().unwrap().replace("\"iteration\":23", "\"iteration\":25");
    std::fs::write(&path, format!("{log}{ahead}\n{{\"iterat")).unwrap();
    std::fs::remove_dir_all(&obstacle).unwrap();
    assert!(start(&dataset, &out).wait().unwrap().success());
    let found = logged(&out);
    // Every line is about three iterations, or ends at a checkpoint.
    let expected: Vec<u64> = (1..=ITERATIONS.into()).filter(|at| at % 3 == 0 || at % 23 == 0).collect();
    assert_eq!(found, expected);
}

#[test]
fn options_are_checked_and_a_resumed_training_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let (config, out) = (folder.path().join("options.toml"), folder.path().join("run"));
    let train = ["train", text(&dataset), "--out", text(&out)];
    let with = |more: &[&'static str]| [&train[..], more].concat();
    std::fs::write(&config, "colour_rat = 0.01\n").unwrap();
    refused(&[&train[..], &["--config", text(&config)]].concat(), 2, &["options.toml", "colour_rat"]);
    std::fs::write(&config, "sh_degree = 4\n").unwrap();
    refused(&[&train[..], &["--config", text(&config)]].concat(), 2, &["options.toml", "`sh_degree` is 4"]);
    refused(&with(&["--set", "colour_rate"]), 2, &["--set colour_rate", "NAME=VALUE"]);
    refused(&with(&["--set", "strategy=other"]), 2, &["--set strategy=other", "budget"]);
    refused(&with(&["--resume"]), 2, &["holds no checkpoint", "without --resume"]);
    assert!(!out.exists(), "nothing is written before the options are right");

    let lines = succeeds(&with(&["--iterations", "20", "--stop-at", "10", "--max-convexes", "300", "--json"]));
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["l1"].is_number()) && lines.iter().any(|line| line["test_psnr"].is_number()));
    refused(&with(&["--resume", "--set", "colour_rate=0.5"]), 2, &["`colour_rate` = 0.0025", "0.5"]);
    refused(&with(&[]), 2, &["holds a training", "--resume"]);
    refused(&with(&["--resume", "--max-convexes", "50"]), 2, &["checkpoint.safetensors", "allows 50"]);
    refused(&with(&["--resume", "--alpha", "mask"]), 2, &["alpha is a mask now, composited then"]);
    let quiet = succeeds(&with(&["--resume", "--max-convexes", "310", "--set", "eval_views=1", "--quiet"]));
    assert_eq!(quiet, "");
    let config = std::fs::read_to_string(out.join("config.toml")).unwrap();
    assert!(config.contains("eval_views = 1") && config.contains("max_convexes = 310"), "{config}");
}

#[test]
fn a_training_overwrites_no_files_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    let train = ["train", text(&dataset), "--iterations", "20", "--max-convexes", "100", "--quiet"];
    let with = |more: &[&'static str], out: &Path| {
        let out = out.to_str().unwrap().to_owned();
        train.iter().chain(more).map(|word| (*word).to_owned()).chain(["--out".to_owned(), out]).collect::<Vec<_>>()
    };
    let refuse = |more: &[&'static str], out: &Path, expected: &[&str]| {
        let words = with(more, out);
        refused(&words.iter().map(String::as_str).collect::<Vec<_>>(), 2, expected);
    };
    refuse(&[], &dataset, &["is the dataset"]);
    std::fs::create_dir(&out).unwrap();
    std::fs::copy(dataset.join("scene.safetensors"), out.join("scene.safetensors")).unwrap();
    refuse(&[], &out, &["holds a scene"]);
    std::fs::remove_file(out.join("scene.safetensors")).unwrap();

    // Another program that holds the folder, and what one left that was killed.
    let left = out.join(".unfinished-abc.safetensors");
    std::fs::write(&left, "half").unwrap();
    let lock = std::fs::File::create(out.join(".lock")).unwrap();
    lock.lock().unwrap();
    refuse(&[], &out, &["another training"]);
    assert!(left.exists(), "it may be that program's");
    drop(lock);
    let words = with(&["--stop-at", "8"], &out);
    succeeds(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!left.exists());
    refuse(&["--resume", "--downscale", "2"], &out, &["24x20 pixels now, 48x40 then"]);
}

#[test]
fn a_preset_is_the_published_strategy() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    succeeds(&["train", text(&dataset), "--out", text(&out), "--iterations", "2", "--preset", "indoor", "--quiet"]);
    let config = std::fs::read_to_string(out.join("config.toml")).unwrap();
    let config: toml::Table = config.parse().unwrap();
    assert_eq!((config["strategy"].as_str(), config["preset"].as_str()), (Some("paper"), Some("indoor")));
    let rates: Vec<f64> = config["points_rate"].as_array().unwrap().iter().filter_map(toml::Value::as_float).collect();
    assert!((rates[0] - 4e-4).abs() < 1e-9 && (rates[1] - 4e-6).abs() < 1e-11, "{rates:?}");
}

/// What a training says on stderr before it begins.
fn warnings(dataset: &Path) -> String {
    let out = tempfile::tempdir().unwrap();
    let mut command = command(dataset, &out.path().join("run"), &["--stop-at", "1"]);
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{message}");
    message.lines().filter(|line| line.starts_with("warning:")).collect::<Vec<_>>().join("\n")
}

fn pictures(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
}

#[test]
fn a_training_warns_of_datasets_that_look_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    assert_eq!(warnings(&dataset), "", "nothing is wrong with the gems");

    // Poses of the other convention: three cameras around the gems look away from them.
    let transforms = dataset.join("transforms_train.json");
    let good = std::fs::read_to_string(&transforms).unwrap();
    let mut turned: serde_json::Value = serde_json::from_str(&good).unwrap();
    let frames = turned["frames"].as_array_mut().unwrap();
    *frames = [0, 4, 8].map(|i| frames[i].clone()).to_vec();
    for frame in frames {
        for row in frame["transform_matrix"].as_array_mut().unwrap().iter_mut().take(3) {
            for column in 1..3 {
                row[column] = serde_json::json!(-row[column].as_f64().unwrap());
            }
        }
    }
    std::fs::write(&transforms, turned.to_string()).unwrap();
    let found = warnings(&transforms);
    assert!(found.contains("share nothing with any other view"), "{found}");
    std::fs::write(&transforms, good).unwrap();

    // Masks that leave out the middle of every picture.
    std::fs::create_dir(dataset.join("masks")).unwrap();
    for picture in pictures(&dataset.join("images")) {
        let is_border = |i: usize| !(9..39).contains(&(i % 48)) || !(6..34).contains(&(i / 48));
        let mask = (0..48 * 40).flat_map(|i| [f32::from(u8::from(is_border(i))); 3]).collect();
        Image::new(48, 40, mask).save_png(&dataset.join("masks").join(picture.file_name().unwrap())).unwrap();
    }
    let found = warnings(&dataset);
    assert!(found.contains("inverted") && found.lines().count() == 1, "{found}");
    std::fs::remove_dir_all(dataset.join("masks")).unwrap();

    for picture in pictures(&dataset.join("images")) {
        Image::filled(48, 40, [0.0; 3]).save_png(&picture).unwrap();
    }
    let found = warnings(&dataset);
    assert!(found.contains("8 of 8 images") && found.contains("show nothing"), "{found}");
}

#[test]
fn a_training_goes_on_when_its_output_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    let mut training = command(&dataset, &out, &["--json"]);
    let mut child = training.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(out.join("metrics.json").exists());
}
