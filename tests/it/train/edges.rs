//! The edges of a long run: many views, bugs, closed outputs, signals, and files that a killed program left.

use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Stdio;
use std::process::{Command, Output};
use std::time::Duration;

use lapidary::image::Image;
use lapidary::train::Checkpoint;

use super::program::{checkpoint, command, gems, results, start};
use crate::cli::{refused, succeeds, text};

/// What stderr said.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A dataset of so many views of a pixel each, around the origin.
fn pixels(folder: &Path, count: u32) -> PathBuf {
    let out = folder.join("pixels");
    std::fs::create_dir_all(out.join("images")).unwrap();
    let first = out.join("images/00000.png");
    Image { width: 1, height: 1, data: vec![0.8, 0.4, 0.2] }.save_png(&first).unwrap();
    let frame = |i: u32| {
        let name = format!("images/{i:05}.png");
        if i > 0 {
            std::fs::hard_link(&first, out.join(&name)).unwrap();
        }
        let (sine, cosine) = (f64::from(i) * 0.01).sin_cos();
        // The camera looks along its negative z axis, at the origin.
        let matrix = [
            [-sine, 0.0, cosine, 4.0 * cosine],
            [cosine, 0.0, sine, 4.0 * sine],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        serde_json::json!({ "file_path": name, "transform_matrix": matrix })
    };
    let frames: Vec<_> = (0..count).map(frame).collect();
    let transforms =
        serde_json::json!({ "fl_x": 1.0, "fl_y": 1.0, "cx": 0.5, "cy": 0.5, "w": 1, "h": 1, "frames": frames });
    std::fs::write(out.join("transforms.json"), transforms.to_string()).unwrap();
    out
}

#[test]
fn five_thousand_views_are_trained_on_killed_resumed_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = pixels(folder.path(), 5000);
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    let train = |out: &Path, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapidary"));
        command.args(["train", text(&dataset), "--out", text(out), "--iterations", "48", "--max-convexes", "20"]);
        command.args(["--test-every", "1000", "--checkpoint-every", "8", "--quiet"]).args(more);
        command
    };
    assert!(train(&whole, &[]).status().unwrap().success());
    let mut child = train(&killed, &[]).spawn().unwrap();
    while !checkpoint(&killed).exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it has to be killed before it ends");
    assert!(train(&killed, &["--resume"]).status().unwrap().success());
    assert!(results(&killed) == results(&whole), "the result is another one");
    assert!(succeeds(&["info", text(&whole)]).contains("in normalised units"));
    assert!(succeeds(&["info", text(&checkpoint(&whole))]).contains("after 48 iterations"));
    let (cameras, picture) = (whole.join("cameras.json"), folder.path().join("last.png"));
    succeeds(&["render", text(&whole), "--cameras", text(&cameras), "--view", "4999", "--out", text(&picture)]);
    assert_eq!(Image::load(&picture).unwrap().width, 1);
}

#[cfg(debug_assertions)]
#[test]
fn a_training_that_meets_a_bug_is_saved_and_reports_the_bug() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let whole = folder.path().join("whole");
    assert!(start(&dataset, &whole).wait().unwrap().success());
    // In the trainer, and in a picture that nothing looks at before, whose decoding then fails in every thread.
    for (fault, name) in [("iteration 57", "trainer"), ("picture 4", "picture")] {
        let out = folder.path().join(name);
        let output = command(&dataset, &out, &[]).env("LAPIDARY_FAULT", fault).stderr(Stdio::piped()).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(101), "{said}");
        for part in ["stopped and saved after", "--resume", "a bug of lapidary", &format!("on purpose: {fault}")] {
            assert!(said.contains(part), "{fault}: {said}");
        }
        assert!(said.contains("please report it"), "{said}");
        assert!(succeeds(&["info", text(&out)]).contains("in normalised units"));
        assert!(start(&dataset, &out).wait().unwrap().success());
        assert!(results(&out) == results(&whole), "{fault}: the result is another one");
    }
    // What cannot be written for a bug does not take the rest with it.
    let out = folder.path().join("checkpoint");
    let output =
        command(&dataset, &out, &[]).env("LAPIDARY_FAULT", "checkpoint").stderr(Stdio::piped()).output().unwrap();
    assert!(said(&output).contains("only the scene could be saved"), "{}", said(&output));
    assert!(output.status.code() == Some(101) && succeeds(&["info", text(&out)]).contains("in normalised units"));
    // Threads that decode ahead are not needed.
    let out = folder.path().join("decoder");
    let output = command(&dataset, &out, &[]).env("LAPIDARY_FAULT", "decoder").stderr(Stdio::piped()).output().unwrap();
    assert!(said(&output).contains("on purpose: decoder"), "{}", said(&output));
    assert!(output.status.success() && results(&out) == results(&whole));
}

/// Runs a line of the shell, in which `$TRAIN` is the command of a training.
#[cfg(unix)]
fn shell(line: &str, dataset: &Path, out: &Path) -> Output {
    let train = command(dataset, out, &[]);
    let words = std::iter::once(train.get_program()).chain(train.get_args());
    let words: Vec<&str> = words.map(|word| word.to_str().unwrap()).collect();
    Command::new("sh").args(["-c", &line.replace("$TRAIN", &words.join(" "))]).output().unwrap()
}

#[cfg(unix)]
#[test]
fn closed_and_full_outputs_change_nothing_about_a_training() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let whole = folder.path().join("whole");
    assert!(start(&dataset, &whole).wait().unwrap().success());
    let full: &[&str] = if Path::new("/dev/full").exists() {
        &["$TRAIN -vv 2>/dev/full", "$TRAIN >/dev/full", "$TRAIN --json >/dev/full 2>&1"]
    } else {
        &[]
    };
    let closed = [
        "$TRAIN -vv 2>&-",
        "$TRAIN >&-",
        "$TRAIN --profile <&- >&- 2>&-",
        "(($TRAIN -vv; echo $? >code) 2>&1 | head -n 1) && exit $(cat code)",
    ];
    for (number, line) in closed.iter().chain(full).enumerate() {
        let out = folder.path().join(format!("run{number}"));
        let code = folder.path().join(format!("code{number}"));
        let output = shell(&line.replace("code", text(&code)), &dataset, &out);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", said(&output));
        assert!(results(&out) == results(&whole), "{line}: the result is another one");
    }
}

#[cfg(unix)]
fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn signals_that_were_ignored_stay_ignored_and_others_are_told_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let [whole, deaf, heard] = ["whole", "deaf", "heard"].map(|name| folder.path().join(name));
    assert!(start(&dataset, &whole).wait().unwrap().success());
    let wait_and_signal = |line: &str, out: &Path| {
        let words = format!("{:?}", command(&dataset, out, &[])).replace('"', "");
        let line = line.replace("$TRAIN", &words);
        let mut child =
            Command::new("sh").args(["-c", &line]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !checkpoint(out).exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        send("HUP", child.id());
        child.wait().unwrap()
    };
    assert!(wait_and_signal("trap '' HUP INT; exec $TRAIN", &deaf).success());
    assert!(results(&deaf) == results(&whole), "an ignored signal changed the result");
    assert_eq!(wait_and_signal("exec $TRAIN", &heard).code(), Some(130));
    assert!(start(&dataset, &heard).wait().unwrap().success());
    assert!(results(&heard) == results(&whole), "a signal changed the result");
}

#[cfg(unix)]
#[test]
fn a_signal_in_the_first_second_ends_a_training_and_leaves_a_folder_to_train_in() {
    use std::os::unix::process::ExitStatusExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    for milliseconds in [0, 3, 10, 30, 60, 100, 150, 250, 400] {
        let mut child = start(&dataset, &out);
        std::thread::sleep(Duration::from_millis(milliseconds));
        send("INT", child.id());
        let status = child.wait().unwrap();
        // A program that has had no time to take signals is ended by the system.
        let is_ended = milliseconds <= 30 && status.signal().is_some();
        let is_told = status.code() == Some(130) || is_ended || status.success();
        assert!(is_told, "after {milliseconds} ms: {status}");
    }
    assert!(start(&dataset, &out).wait().unwrap().success());
    // The dataset is open, the device is not.
    let mut child = start(&dataset, &folder.path().join("other"));
    while !folder.path().join("other/.lock").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    send("INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// A training would show it too, were it not that Mesa's software driver keeps its memory in a file.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_is_an_error_of_writing_it() {
    let folder = tempfile::tempdir().unwrap();
    let scene = gems(folder.path()).join("scene.safetensors");
    let out = folder.path().join("solids");
    let program = env!("CARGO_BIN_EXE_lapidary");
    let line = format!("ulimit -f 8; exec {program} convert {} {}", text(&scene), text(&out.join("solids.obj")));
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write") && said.contains("solids.obj"), "{said}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
}

/// How many unfinished files a folder holds.
fn unfinished(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(".unfinished-")).count()
}

#[cfg(unix)]
#[test]
fn a_film_that_is_stopped_leaves_nothing_and_one_that_was_killed_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let scene = gems(folder.path()).join("scene.safetensors");
    let films = folder.path().join("films");
    let film = films.join("film.gif");
    let render = |frames: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapidary"));
        command.args(["render", text(&scene), "--orbit", frames, "--size", "64x48", "--video", text(&film)]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let stopped_by = |signal: &str| {
        let mut child = render("100000").spawn().unwrap();
        while !films.exists() || unfinished(&films) == 0 {
            assert!(child.try_wait().unwrap().is_none(), "it has to be caught while it draws");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(300));
        send(signal, child.id());
        child.wait().unwrap()
    };
    assert_eq!(stopped_by("TERM").code(), Some(130));
    assert_eq!((unfinished(&films), film.exists()), (0, false));
    stopped_by("KILL");
    assert_eq!(unfinished(&films), 1);
    assert!(render("2").status().unwrap().success());
    assert_eq!((unfinished(&films), film.exists()), (0, true));
}

#[test]
fn a_folder_is_read_before_its_scene_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, out) = (gems(folder.path()), folder.path().join("run"));
    let train = ["train", text(&dataset), "--out", text(&out), "--iterations", "8", "--max-convexes", "60", "--quiet"];
    succeeds(&train);
    std::fs::remove_file(out.join("scene.safetensors")).unwrap();
    assert!(succeeds(&["info", text(&out)]).contains("after 8 iterations"));
    assert!(succeeds(&["eval", text(&out), "--dataset", text(&dataset)]).contains("mean"));
    succeeds(&["convert", text(&out), text(&folder.path().join("scene.ply"))]);
    std::fs::remove_file(checkpoint(&out)).unwrap();
    refused(&["info", text(&out)], 2, &["holds neither scene.safetensors nor checkpoint.safetensors"]);
}

#[test]
fn extending_a_run_is_deterministic() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let train = |out: &Path, more: &[&str]| {
        let args = ["train", text(&dataset), "--out", text(out), "--max-convexes", "300", "--quiet"];
        succeeds(&[&args, more].concat());
    };
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    for out in [&one, &two] {
        train(out, &["--iterations", "20", "--set", "refine_every=4"]);
    }
    let short = results(&one);
    train(&one, &["--resume", "--iterations", "44"]);
    train(&two, &["--resume", "--iterations", "44", "--stop-at", "30"]);
    train(&two, &["--resume"]);
    assert!(results(&one) == results(&two) && results(&one) != short);
    let metrics: serde_json::Value = serde_json::from_slice(&std::fs::read(one.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics["iterations"], 44);
    assert!(std::fs::read_to_string(one.join("config.toml")).unwrap().contains("iterations = 44"));
    let fewer = ["train", text(&dataset), "--out", text(&one), "--resume", "--iterations", "43"];
    refused(&fewer, 2, &["43 iterations are asked for", "has done 44"]);
}

#[test]
fn a_training_says_what_it_begins_with_and_what_it_does_not_use() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let [one, two, moved] = ["one", "two", "moved.safetensors"].map(|name| folder.path().join(name));
    let train = |out: &Path, more: &[&str]| {
        let args = ["train", text(&dataset), "--out", text(out), "--max-convexes", "600"];
        let output = Command::new(env!("CARGO_BIN_EXE_lapidary")).args(args).args(more).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let first = train(&one, &["--iterations", "4"]);
    assert!(!first.contains("not used") && !first.contains("begins with"), "{first}");
    let points = dataset.join("sparse/0/points3D.bin");
    let resumed = train(&one, &["--resume", "--start", text(&one), "--points", text(&points)]);
    assert!(resumed.contains("--start") && resumed.contains("--points"), "{resumed}");
    assert_eq!(resumed.matches("is not used: --resume goes on").count(), 2, "{resumed}");

    let scene = one.join("scene.safetensors");
    let begun = train(&two, &["--iterations", "4", "--start", text(&scene)]);
    let mut elsewhere = lapidary::scene_file::load(&scene).unwrap();
    let expected = format!("note: the training begins with {} convexes from", elsewhere.len());
    assert!(begun.contains(&expected) && !begun.contains("preparing the training from"), "{begun}");
    assert!(!begun.contains("different worlds"), "{begun}");
    elsewhere.origin += 1e5;
    lapidary::scene_file::save(&elsewhere, &moved).unwrap();
    let begun = train(&folder.path().join("three"), &["--iterations", "4", "--start", text(&moved)]);
    assert!(begun.contains("see none of the convexes that it begins with"), "{begun}");
}

#[test]
fn a_training_begins_with_a_scene_where_one_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = gems(folder.path());
    let args = |out: &str| {
        let held_back = ["--test-every", "8"];
        let short = ["train", text(&dataset), "--max-convexes", "300", "--iterations", "24", "--out", out];
        [&short[..], &held_back[..]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let path = |name: &str| folder.path().join(name);
    let run = |name: &str, more: &[&str]| {
        let args = args(text(&path(name)));
        let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let lines = succeeds(&[&args[..], &["--json", "--eval-every", "1"]].concat());
        let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let psnr: Vec<f64> = lines.iter().filter_map(|line| line["test_psnr"].as_f64()).collect();
        (psnr[0], *psnr.last().unwrap())
    };
    let (first, trained) = run("first", &[]);
    let scene = path("first").join("scene.safetensors");
    // After one iteration it is as good as the scene that it began with.
    let (second, _) = run("second", &["--start", text(&path("first"))]);
    assert!(trained > first + 0.5 && (second - trained).abs() < 0.5, "{first} {trained} {second}");
    let begun = Checkpoint::load(&checkpoint(&path("second"))).unwrap();
    assert_eq!((begun.state.iteration, begun.scene.points_per_convex, begun.scene.sh_degree), (24, 6, 3));

    let gaussians = path("gaussians.ply");
    succeeds(&["convert", text(&scene), text(&gaussians), "--gaussians"]);
    let (third, _) = run("third", &["--start", text(&gaussians)]);
    assert!(third > first, "{first} {third}");

    let refuse = |more: &[&str], code: i32, parts: &[&str]| {
        let args = args(text(&path("none")));
        refused(&args.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>(), code, parts);
    };
    refuse(&["--start", "absent.ply"], 2, &["--start", "absent.ply"]);
    refuse(&["--start", text(&scene), "--set", "points_per_convex=5"], 2, &["6 points", "`points_per_convex` = 5"]);
    refuse(&["--start", text(&scene), "--set", "sh_degree=1"], 2, &["`sh_degree` = 1", "at least 3"]);
    let none = path("none");
    let fewer = ["train", text(&dataset), "--out", text(&none), "--max-convexes", "7", "--start", text(&scene)];
    refused(&fewer, 2, &["`max_convexes` allows 7"]);
}
