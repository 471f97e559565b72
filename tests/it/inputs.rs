//! What is given in place of files, and what files say that a terminal must not obey.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lapidary::image::Image;
use lapidary::scene::Scene;
use lapidary::scene_file::{self, Metadata};

use crate::cli::{dataset, refused, succeeds, text};

/// Ends what a terminal shows, changes its colours, turns text around, hides, and breaks lines.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\u{7f}\r\nb";

/// What a terminal would obey.
fn is_obeyed(c: char) -> bool {
    (c.is_control() && c != '\n') || ['\u{202e}', '\u{200b}'].contains(&c)
}

/// Runs a command that has to refuse its input within seconds, naming it.
fn refuses_at_once(args: &[&str], name: &str) {
    let begin = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapidary"));
    let mut child = command.args(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{args:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    assert!(message.contains("error: ") && message.contains(name), "{args:?}: {message}");
}

/// A pipe that nobody writes to, a socket, and a file of a TiB without content.
#[cfg(unix)]
fn no_inputs(folder: &Path, name: &str) -> [PathBuf; 3] {
    let [pipe, socket, sparse] = ["pipe", "socket", "sparse"].map(|kind| folder.join(kind).join(name)).map(|path| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    });
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
    [pipe, socket, sparse]
}

#[cfg(unix)]
#[test]
fn every_command_refuses_pipes_and_devices_at_once() {
    let folder = dataset();
    let (data, out) = (folder.path().join("gems"), folder.path().join("out"));
    let scene = data.join("scene.safetensors");
    let (data, out, scene) = (text(&data), text(&out), text(&scene));
    for name in ["a.safetensors", "a.ply", "a.pt", "a.json", "a.zip", "a.toml"] {
        let files = no_inputs(&folder.path().join(name), name);
        let folder_in_place = folder.path().join("folder").join(name);
        std::fs::create_dir_all(&folder_in_place).unwrap();
        let other = [folder_in_place, "/dev/zero".into()];
        for file in files.iter().chain(&other).map(|path| text(path)) {
            let commands: &[&[&str]] = match name {
                "a.safetensors" => &[
                    &["info", file],
                    &["convert", file, "b.ply"],
                    &["render", file, "--orbit", "1", "--out", out],
                    &["eval", file, "--dataset", data],
                    &["eval", scene, "--dataset", data, "--lpips-weights", file],
                    &["bench", file],
                ],
                "a.ply" | "a.pt" => &[&["convert", file, "b.safetensors"], &["info", file]],
                "a.json" => &[
                    &["render", scene, "--path", file, "--out", out],
                    &["render", scene, "--cameras", file, "--out", out],
                    &["bench", scene, "--baseline", file],
                ],
                "a.zip" => &[&["info", file], &["train", file, "--out", out]],
                _ => &[&["train", data, "--out", out, "--config", file], &["info", data, "--split-file", file]],
            };
            commands.iter().for_each(|args| refuses_at_once(args, file));
        }
    }
    assert!(!Path::new(out).exists(), "nothing is made");
}

#[test]
fn a_picture_of_a_tebibyte_is_refused() {
    let folder = dataset();
    let picture = folder.path().join("gems/images/0000.png");
    File::create(&picture).unwrap().set_len(1 << 40).unwrap();
    let data = folder.path().join("gems");
    refused(&["info", text(&data)], 2, &[text(&picture), "at most 2147483648 are read"]);
}

#[test]
fn a_scene_that_is_longer_than_its_header_says_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.safetensors");
    scene_file::save_with(&Scene::empty(4, 0), &Metadata::default(), &path).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(1 << 35).unwrap();
    refused(&["info", text(&path)], 2, &[text(&path), "its header describes", "the file has 34359738368"]);
}

#[cfg(unix)]
#[test]
fn outputs_that_are_no_files_are_left_alone() {
    let folder = dataset();
    let scene = folder.path().join("gems/scene.safetensors");
    let link = folder.path().join("link.ply");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let pipe = folder.path().join("pipe.ply");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, reason) in [(&link, "a link to something that is not there"), (&pipe, "it is a pipe")] {
        refused(&["convert", text(&scene), text(path)], 2, &[text(path), reason]);
        refused(&["train", text(&scene.with_file_name("")), "--out", text(path)], 2, &[text(path), reason]);
        refused(&["render", text(&scene), "--orbit", "1", "--out", &format!("{}/x/", text(path))], 2, &[text(path)]);
    }
    refused(&["bench", text(&scene), "--json", "/dev/null"], 2, &["/dev/null", "it is a device"]);
    refused(&["convert", text(&scene), text(&scene)], 2, &["both IN and OUT"]);
    assert!(link.is_symlink() && !pipe.is_file() && File::open("/dev/null").is_ok());
}

#[test]
fn control_characters_in_metadata_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.safetensors");
    let provenance = format!("{HOSTILE}{}", "日本".repeat(10_000));
    let about = Metadata { provenance: Some(provenance.clone()), ..Metadata::default() };
    scene_file::save_with(&Scene::empty(4, 0), &about, &path).unwrap();
    let converted = folder.path().join("b.safetensors");
    for shown in [succeeds(&["info", text(&path)]), succeeds(&["convert", text(&path), text(&converted)])] {
        assert!(shown.contains("a\\u{1b}[2J\\u{9b}31m\\u{202e}\\u{200b}\\u{7f}\\r\\nb日本"), "{shown}");
        assert!(!shown.contains(is_obeyed) && shown.lines().all(|line| line.chars().count() < 400), "{shown}");
    }
    let json = succeeds(&["info", "--json", text(&path)]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(report["provenance"] == provenance.as_str() && !json.contains(is_obeyed));
}

#[test]
fn control_characters_in_errors_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{HOSTILE}{}", "x".repeat(100_000));
    let frame = serde_json::json!({"file_path": name, "transform_matrix": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]});
    let transforms = serde_json::json!({"camera_angle_x": 1.0, "frames": [frame]});
    std::fs::write(folder.path().join("transforms.json"), transforms.to_string()).unwrap();
    let command = Command::new(env!("CARGO_BIN_EXE_lapidary")).arg("info").arg(folder.path()).output().unwrap();
    let message = String::from_utf8(command.stderr).unwrap();
    assert_eq!(command.status.code(), Some(2));
    assert!(message.contains("error: ") && message.contains("\\u{1b}[2J"), "{message}");
    assert!(!message.contains(is_obeyed) && message.lines().count() == 1 && message.len() < 1500, "{message}");
}

#[cfg(unix)]
#[test]
fn control_characters_in_tables_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let [truth, renders] = ["truth", "renders"].map(|name| folder.path().join(name));
    let name = "写真\u{1b}[31m\u{202e}";
    for folder in [&truth, &renders] {
        Image::filled(16, 16, [0.5; 3]).save_png(&folder.join(format!("{name}.png"))).unwrap();
    }
    let table = succeeds(&["eval", "--renders", text(&renders), "--truth", text(&truth)]);
    assert!(table.contains("写真\\u{1b}[31m\\u{202e}") && !table.contains(is_obeyed), "{table}");
    let json = succeeds(&["eval", "--renders", text(&renders), "--truth", text(&truth), "--json"]);
    let metrics: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(metrics["views"][0]["name"] == name && !json.contains(is_obeyed), "{json}");
}
