//! The window as a person uses it: under a virtual display, with a keyboard, a pointer and a file that is dropped on it.
//! Without Debian's package `xvfb` these tests do not run, and each says so on stderr. They are built only where X11 is.

mod capture;
mod comparison;
mod desktop;
mod editing;
mod paths;

use std::io::Write as _;
use std::time::Duration;

use desktop::{CTRL, Desktop, ESCAPE, HOME, SHIFT, Viewer};
use glam::DVec3;
use lapidary::bench::{CloudKind, ConvexCloud};
use lapidary::camera_path::{CameraPath, Key};
use lapidary::scene_file;
use lapidary::train::Checkpoint;

/// A time that no single step takes, even on a slow machine with the software driver.
const PATIENCE: Duration = Duration::from_secs(40);

fn dataset(folder: &std::path::Path) -> std::path::PathBuf {
    let out = folder.join("gems");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_lapidary"))
        .args(["synth", "--views", "3", "--test-views", "1", "--size", "96x64", "--out"])
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
    out
}

/// Packs the COLMAP model and the pictures of the dataset into an archive.
fn packed(gems: &std::path::Path, folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("gems.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for part in ["sparse/0", "images"] {
        for entry in std::fs::read_dir(gems.join(part)).unwrap() {
            let file = entry.unwrap();
            let name = format!("{part}/{}", file.file_name().to_str().unwrap());
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(&std::fs::read(file.path()).unwrap()).unwrap();
        }
    }
    archive.finish().unwrap();
    path
}

/// Starts a virtual display for a test. Without Xvfb the test cannot run, and a line on stderr says so; if
/// `LAPIDARY_REQUIRE_DISPLAY` is set, the test fails instead.
fn display() -> Option<Desktop> {
    let desktop = Desktop::start();
    if desktop.is_none() {
        let reason = "Xvfb is not installed; scripts/setup-display installs it";
        assert!(std::env::var_os("LAPIDARY_REQUIRE_DISPLAY").is_none(), "{reason}");
        let thread = std::thread::current();
        // Not by `eprintln!`: the harness hides what a test that passes prints.
        writeln!(std::io::stderr().lock(), "NOT RUN: {}: {reason}", thread.name().unwrap_or("a test")).unwrap();
    }
    desktop
}

/// A window with a dataset in it, of which the first picture is refined and which has the keyboard.
struct OpenDataset {
    viewer: Viewer,
    gems: std::path::PathBuf,
    folder: tempfile::TempDir,
    _desktop: Desktop,
}

/// Opens a window with a dataset, or returns nothing without a display.
fn open_dataset() -> Option<OpenDataset> {
    let desktop = display()?;
    let folder = tempfile::tempdir().unwrap();
    let gems = dataset(folder.path());
    let mut viewer = Viewer::start(&desktop, folder.path(), &gems, "900x600");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.focus();
    viewer.rest();
    Some(OpenDataset { viewer, gems, folder, _desktop: desktop })
}

#[test]
fn every_mode_shows_another_picture_and_tab_closes_the_panel() {
    let Some(OpenDataset { mut viewer, folder: _folder, _desktop, .. }) = open_dataset() else { return };
    let colour = viewer.screenshot("colour");
    assert!(colour.num_colours() > 200, "the gems are there: {} colours", colour.num_colours());
    let mut before = colour.clone();
    for (key, name) in [
        ('2', "Depth"),
        ('3', "Normal"),
        ('4', "Alpha"),
        ('5', "Convex"),
        ('6', "Contributors"),
        ('7', "Tiles"),
        ('8', "Hulls"),
    ] {
        viewer.key(key);
        viewer.wait_for(&format!("action Mode({name})"), PATIENCE);
        viewer.wait_for("frame ", PATIENCE);
        viewer.rest();
        let picture = viewer.screenshot(name);
        let changed = picture.part_that_differs(&before);
        assert!(changed > 0.05, "{name}: only {changed} of the window changed");
        before = picture;
    }
    viewer.key('1');
    viewer.rest();

    // The panel closes and opens, and keys still arrive.
    let open = viewer.screenshot("open");
    viewer.tab();
    viewer.wait_for("frame ", PATIENCE);
    viewer.rest();
    assert!(viewer.screenshot("closed").part_that_differs(&open) > 0.1, "Tab closes the panel");
    viewer.tab();
    viewer.wait_for("frame ", PATIENCE);
    viewer.key('h');
    viewer.wait_for("action ToggleHulls", PATIENCE);
    viewer.key('h');
    viewer.wait_for("action ToggleHulls", PATIENCE);
    viewer.key('?');
    viewer.wait_for("action ToggleHelp", PATIENCE);
    viewer.rest();
    viewer.screenshot("help");
    viewer.close(0);
}

#[test]
fn pointer_keys_and_paths_move_the_camera_and_then_nothing_is_drawn() {
    let Some(OpenDataset { mut viewer, folder: _folder, _desktop, .. }) = open_dataset() else { return };
    let start = viewer.screenshot("start");
    viewer.drag((300, 300), (420, 340), 1);
    viewer.wait_for("frame ", PATIENCE);
    viewer.rest();
    let turned = viewer.screenshot("turned");
    assert!(turned.part_that_differs(&start) > 0.05, "a drag turns");
    viewer.wheel((300, 300), 3);
    viewer.rest();
    let nearer = viewer.screenshot("nearer");
    assert!(nearer.part_that_differs(&turned) > 0.05, "the wheel comes nearer");
    viewer.hold('w', Duration::from_millis(1200));
    viewer.rest();
    assert!(viewer.screenshot("flown").part_that_differs(&nearer) > 0.02, "W flies");
    // The first view, the one before it, and the first one again.
    viewer.symbol(HOME);
    viewer.wait_for("action GoHome", PATIENCE);
    viewer.rest();
    // The sentence about what was opened is gone.
    let home = viewer.screenshot("home");
    assert!(home.part_that_differs(&start) < 0.06, "Home is the first view");
    viewer.key('z');
    viewer.wait_for("action ViewBack", PATIENCE);
    viewer.rest();
    assert!(viewer.screenshot("back").part_that_differs(&start) > 0.05, "Z is the view before");
    viewer.holding(&[SHIFT], || viewer.key('z'));
    viewer.wait_for("action ViewForward", PATIENCE);
    viewer.rest();
    assert!(viewer.screenshot("forward").part_that_differs(&home) < 0.02, "and back");
    let frames = viewer.count("frame ");
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(viewer.count("frame "), frames, "a window at rest draws nothing");

    // A camera path: two key frames, played to its end, and then nothing is drawn.
    viewer.key('k');
    viewer.drag((300, 300), (260, 300), 1);
    viewer.rest();
    viewer.key('k');
    viewer.wait_for("Key frame 2 added", PATIENCE);
    let frames = viewer.count("frame ");
    viewer.key(' ');
    viewer.wait_for("action TogglePlay", PATIENCE);
    viewer.rest();
    let played = viewer.count("frame ") - frames;
    assert!(played > 8, "two seconds of a path are {played} frames");
    viewer.close(0);
}

#[test]
fn a_render_is_compared_and_saved_and_the_size_of_the_window_is_kept() {
    let Some(OpenDataset { mut viewer, folder, _desktop, .. }) = open_dataset() else { return };
    viewer.right_arrow();
    viewer.wait_for("action Step(1)", PATIENCE);
    viewer.key('v');
    viewer.wait_for("PSNR", PATIENCE);
    viewer.key('v');
    viewer.rest();
    viewer.screenshot("split");
    viewer.key('v');
    viewer.rest();
    viewer.screenshot("difference");

    viewer.key('p');
    viewer.wait_for("Saved", PATIENCE);
    let saved = lapidary::image::Image::load(&folder.path().join("view-1.png")).unwrap();
    assert!(saved.width >= 96 && saved.height >= 64);
    viewer.resize(700, 480);
    viewer.rest();
    let small = viewer.screenshot("small");
    assert_eq!((small.width, small.height), (700, 480));
    assert!(small.num_colours() > 100, "{} colours after a change of size", small.num_colours());
    viewer.close(0);
    let settings = std::fs::read_to_string(folder.path().join("settings/lapidary/viewer.json")).unwrap();
    assert!(settings.contains("700"), "{settings}");
}

#[test]
fn scenes_datasets_archives_and_camera_paths_can_be_dropped_on_the_window() {
    let Some(OpenDataset { mut viewer, gems, folder, _desktop }) = open_dataset() else { return };
    viewer.drop_file(&gems.join("scene.safetensors"));
    viewer.wait_for("scene.safetensors:", PATIENCE);
    viewer.rest();
    assert!(viewer.screenshot("dropped").num_colours() > 100);
    viewer.tab();
    viewer.key('c');
    viewer.rest();
    let with_scene = viewer.screenshot("scene").part_of([0; 3]);
    let archive = packed(&gems, folder.path());
    viewer.drop_file(&archive);
    viewer.wait_for("gems.zip: 0 convexes, 4 cameras", PATIENCE);
    viewer.wait_for("frame ", PATIENCE);
    viewer.rest();
    let points = viewer.screenshot("points");
    assert!(points.num_colours() > 50, "the points of a dataset without a scene");
    let (without, before) = (points.part_of([0; 3]), with_scene);
    assert!(without > 0.9 && before < 0.88, "nothing is left of the scene: {before} was black, now {without}");
    viewer.drop_file(&gems.join("images/0000.png"));
    viewer.wait_for("error shown", PATIENCE);
    viewer.drop_file(&gems);
    viewer.wait_for("gems: 545 convexes, 4 cameras", PATIENCE);
    let file = folder.path().join("path.json");
    let camera = lapidary::camera::Camera::look_at(DVec3::X * 4.0, DVec3::ZERO, DVec3::Z, 60.0, 80, 60);
    let keys = [0.0, 1.0].map(|time| Key::of_camera(time, &camera));
    CameraPath::new(keys.to_vec(), 30.0).save(&file).unwrap();
    viewer.drop_file(&file);
    viewer.wait_for("Camera path with 2 key frames", PATIENCE);
    viewer.close(0);
}

/// Whether this machine has something that shows file dialogs: a window would wait for a person.
fn has_file_dialogs() -> bool {
    let is_program = |name: &str| std::process::Command::new(name).arg("--version").output().is_ok();
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() || is_program("zenity")
}

#[test]
fn paths_are_typed_where_the_desktop_has_no_file_dialogs() {
    if has_file_dialogs() {
        return;
    }
    let Some(OpenDataset { mut viewer, folder, _desktop, .. }) = open_dataset() else { return };
    viewer.holding(&[CTRL], || viewer.key('o'));
    viewer.wait_for("asked in text", PATIENCE);
    viewer.rest();
    viewer.screenshot("typed-path");
    viewer.enter("gems/scene.safetensors");
    viewer.wait_for("Opened gems/scene.safetensors", PATIENCE);
    viewer.rest();
    viewer.holding(&[CTRL, SHIFT], || viewer.key('s'));
    viewer.wait_for("asked in text", PATIENCE);
    viewer.rest();
    viewer.enter("");
    viewer.wait_for("Saved scene-edited-1.safetensors", PATIENCE);
    assert_eq!(scene_file::load(&folder.path().join("scene-edited-1.safetensors")).unwrap().len(), 545);
    viewer.holding(&[CTRL], || viewer.key('e'));
    viewer.wait_for("asked in text", PATIENCE);
    viewer.rest();
    viewer.symbol(ESCAPE);
    viewer.rest();
    viewer.close(0);
}

#[test]
fn a_training_is_shown_while_it_runs() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let gems = dataset(folder.path());
    let run = folder.path().join("run");
    let mut viewer = Viewer::launch(&desktop, folder.path(), &training(&gems, &run));
    viewer.wait_for("the trainer's scene", PATIENCE);
    viewer.focus();
    viewer.wait_for("frame ", PATIENCE);
    let first = viewer.screenshot("training");
    assert!(first.num_colours() > 100, "the scene is there: {} colours", first.num_colours());
    for _ in 0..3 {
        viewer.wait_for("the trainer's scene", PATIENCE);
    }
    viewer.wait_for("frame ", PATIENCE);
    assert!(viewer.screenshot("later").part_that_differs(&first) > 0.001, "training goes on");
    viewer.close(130);
    let checkpoint = Checkpoint::load(&run.join("checkpoint.safetensors")).unwrap();
    assert!(checkpoint.state.iteration > 0);
    assert!(scene_file::load(&run.join("scene.safetensors")).unwrap().len() > 10);
}

/// The processor time that a window at rest may take: a hundredth of the time that passes.
fn most_at_rest(time: Duration) -> Duration {
    time / 100
}

#[test]
fn a_window_that_watches_a_training_at_rest_takes_no_processor_time() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (gems, run) = (dataset(folder.path()), folder.path().join("run"));
    let places = ["train", gems.to_str().unwrap(), "--out", run.to_str().unwrap()];
    let short = ["--iterations", "400", "--max-convexes", "400", "--view", "--quiet"];
    let mut viewer = Viewer::launch(&desktop, folder.path(), &[&places[..], &short].concat());
    viewer.wait_for("the trainer's scene", PATIENCE);
    viewer.focus();
    let taken = |viewer: &Viewer, time: Duration| {
        viewer.rest();
        // Sentences in the window stay for some seconds.
        std::thread::sleep(Duration::from_secs(6));
        let before = viewer.processor_time();
        std::thread::sleep(time);
        viewer.processor_time() - before
    };
    viewer.holding(&[SHIFT], || viewer.key(' '));
    viewer.wait_for("action TogglePause", PATIENCE);
    let time = Duration::from_secs(10);
    let paused = taken(&viewer, time);
    assert!(paused <= most_at_rest(time), "{paused:?} of {time:?} while paused");
    assert_eq!(viewer.count("the training is over"), 0, "it was paused before its end");
    viewer.holding(&[SHIFT], || viewer.key(' '));
    viewer.wait_for("the training is over", 4 * PATIENCE);
    let time = Duration::from_secs(60);
    let over = taken(&viewer, time);
    assert!(over <= most_at_rest(time), "{over:?} of {time:?} after the end");
    viewer.close(0);
}

/// Returns the one error of the program among the lines of its log.
fn sentence(log: &str) -> &str {
    assert!(!log.contains("panicked"), "{log}");
    let sentences: Vec<&str> = log.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(sentences.len(), 1, "{log}");
    sentences[0]
}

/// Returns the arguments of a training with a window.
fn training<'a>(gems: &'a std::path::Path, run: &'a std::path::Path) -> Vec<&'a str> {
    let places = ["train", gems.to_str().unwrap(), "--out", run.to_str().unwrap()];
    let endless = ["--iterations", "1000000", "--max-convexes", "400", "--view", "--quiet"];
    [&places[..], &endless].concat()
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no keys that lose the device")]
fn a_lost_surface_and_a_lost_device_are_opened_again() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let gems = dataset(folder.path());
    let mut viewer = Viewer::start(&desktop, folder.path(), &gems, "900x600");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.focus();
    viewer.rest();
    let before = viewer.screenshot("before");
    viewer.function_key(10);
    viewer.wait_for("lost what", PATIENCE);
    viewer.hide_and_show();
    viewer.focus();
    viewer.resize(1, 1);
    viewer.rest();
    viewer.resize(900, 600);
    viewer.rest();
    // The panel may be a pixel wider after so small a window.
    let changed = viewer.screenshot("surface").part_that_differs(&before);
    assert!(changed < 0.15, "the same image on a new surface, but for {changed}");
    viewer.function_key(9);
    viewer.wait_for("has been opened again", PATIENCE);
    viewer.wait_for("frame ", PATIENCE);
    viewer.rest();
    let changed = viewer.screenshot("device").part_that_differs(&before);
    assert!(changed < 0.15, "the same image and a sentence from a new device, but for {changed}");
    // In the middle of a motion.
    viewer.function_key_while('w', 9);
    viewer.wait_for("has been opened again", PATIENCE);
    viewer.wait_for("frame ", PATIENCE);
    viewer.rest();
    viewer.function_key(9);
    viewer.wait_for("has been opened again", PATIENCE);
    viewer.rest();
    viewer.function_key(9);
    let (code, log) = viewer.end();
    assert!(sentence(&log).contains("the GPU was lost"), "{log}");
    assert_eq!(code, Some(3), "four times in a minute are too many");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a release build has no keys that lose the device")]
fn a_training_that_loses_its_device_says_what_was_saved() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (gems, run) = (dataset(folder.path()), folder.path().join("run"));
    let often = ["--checkpoint-every", "3"];
    let mut viewer = Viewer::launch(&desktop, folder.path(), &[&training(&gems, &run)[..], &often].concat());
    for _ in 0..4 {
        viewer.wait_for("the trainer's scene", PATIENCE);
    }
    viewer.focus();
    viewer.function_key(9);
    let (code, log) = viewer.end();
    assert!(sentence(&log).contains("holds what was saved before"), "{log}");
    assert_eq!(code, Some(3));
    assert!(Checkpoint::load(&run.join("checkpoint.safetensors")).unwrap().state.iteration > 0);
}

#[test]
fn a_signal_saves_and_closes_the_window_which_opens_where_it_was() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (gems, run) = (dataset(folder.path()), folder.path().join("run"));
    let mut viewer = Viewer::start(&desktop, folder.path(), &gems, "500x400");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.rest();
    viewer.move_to(120, 90);
    viewer.rest();
    viewer.signal("TERM");
    let (code, log) = viewer.end();
    assert_eq!(code, Some(0), "{log}");
    let mut viewer = Viewer::launch(&desktop, folder.path(), &training(&gems, &run));
    for _ in 0..3 {
        viewer.wait_for("the trainer's scene", PATIENCE);
    }
    assert_eq!(viewer.place(), (120, 90));
    viewer.signal("INT");
    let (code, log) = viewer.end();
    assert_eq!(code, Some(130), "{log}");
    // The signal may have come within the first iteration.
    Checkpoint::load(&run.join("checkpoint.safetensors")).unwrap();
}

/// Returns the median of the milliseconds in lines such as `frame 480x270 in 31.5 ms`, and its line.
fn median(lines: &[String]) -> Option<(f64, &str)> {
    let time = |line: &'_ String| line.rsplit_once(" in ")?.1.split(' ').next()?.parse().ok();
    let mut times: Vec<(f64, &str)> = lines.iter().filter_map(|line| Some((time(line)?, line.as_str()))).collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    times.get(times.len() / 2).copied()
}

/// Prints the numbers of the window in docs/benchmarks.md. `LAPIDARY` names the program, which should be a release build.
#[test]
#[ignore = "measures; takes minutes"]
fn frame_times() {
    let Some(desktop) = display() else { return };
    for n in [10_000, 100_000, 360_000] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cloud.safetensors");
        scene_file::save(&ConvexCloud { num_convexes: n, kind: CloudKind::Dense }.scene(), &file).unwrap();
        let mut viewer = Viewer::start(&desktop, folder.path(), &file, "1280x720");
        viewer.wait_for("first picture after", 6 * PATIENCE);
        viewer.focus();
        viewer.tab();
        viewer.rest();
        let seen = viewer.count("frame ");
        for _ in 0..6 {
            viewer.drag((500, 300), (640, 330), 1);
        }
        viewer.rest();
        viewer.rest();
        let bytes = std::fs::metadata(&file).unwrap().len();
        println!("{n} convexes, {} MB, {}", bytes / 1_000_000, viewer.lines_with("drawing with")[0]);
        println!("  {:?}", viewer.lines_with("scene on the GPU").last());
        println!("  {:?}", viewer.lines_with("first picture").last());
        println!("  moving: {:?}", median(&viewer.lines_with("frame ")[seen..]));
        println!("  refined: {:?}", median(&viewer.lines_with("refined in")));
        assert!(viewer.screenshot(&format!("cloud-{n}")).num_colours() > 50, "the cloud is in the image");
        viewer.close(0);
    }
}

#[test]
fn without_a_display_the_error_names_the_command_that_needs_none() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lapidary"))
        .args(["view"])
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(message.contains("lapidary render") && message.trim().lines().count() == 1, "{message}");
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lapidary"))
        .args(["view", "absent.safetensors"])
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("absent.safetensors"), "{message}");
}
