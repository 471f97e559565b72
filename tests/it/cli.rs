//! The program as a user runs it: exit codes, messages, files.

use std::path::Path;
use std::process::{Command, Output};

use lapidary::image::Image;
use lapidary::scene_file::Metadata;

fn lapidary(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lapidary")).args(args).output().unwrap()
}

/// Fails with this exit code, one `error:` on stderr that holds every one of `parts`, and no panic.
pub(crate) fn refused(args: &[&str], code: i32, parts: &[&str]) {
    let output = lapidary(args);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
    assert_eq!(message.matches("error:").count(), 1, "{args:?}: {message}");
    assert!(parts.iter().all(|part| message.contains(part)), "{args:?}: {message}");
}

pub(crate) fn succeeds(args: &[&str]) -> String {
    let output = lapidary(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A small dataset in a fresh folder.
pub(crate) fn dataset() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("gems");
    succeeds(&["synth", "--out", text(&out), "--views", "2", "--test-views", "1", "--size", "48x32"]);
    folder
}

#[test]
fn info_prints_a_table_or_json() {
    assert!(succeeds(&["info"]).contains("← used"));
    let json: serde_json::Value = serde_json::from_str(&succeeds(&["info", "--json"])).unwrap();
    let adapter = &json["adapters"][0];
    assert!(adapter["can_train"].is_boolean() && adapter["max_binding_bytes"].is_u64() && adapter["name"].is_string());
    assert!(["gpu", "software"].contains(&succeeds(&["info", "--check"]).trim()));
}

#[test]
fn info_describes_a_scene() {
    let folder = dataset();
    let scene = folder.path().join("gems/scene.safetensors");
    let table = succeeds(&["info", text(&scene)]);
    assert!(["scene", "8 each", "SH degree"].iter().all(|part| table.contains(part)), "{table}");
    let json: serde_json::Value = serde_json::from_str(&succeeds(&["info", "--json", text(&scene)])).unwrap();
    assert!(json["convexes"].as_u64() > Some(100) && json["low"][2].as_f64() < json["high"][2].as_f64(), "{json}");
    // Other programs leave a file of this name in their datasets.
    std::fs::write(folder.path().join("gems/cameras.json"), "[]").unwrap();
    std::fs::remove_file(&scene).unwrap();
    assert!(succeeds(&["info", text(&folder.path().join("gems"))]).contains("views"));
    refused(&["info", "absent.safetensors"], 2, &["cannot read absent.safetensors"]);
}

/// A scene, the checkpoint of the same training and the training's folder are the same to every command.
#[test]
fn a_training_leaves_what_every_command_reads() {
    let folder = dataset();
    let (gems, run) = (folder.path().join("gems"), folder.path().join("run"));
    let short = ["--iterations", "8", "--max-convexes", "60", "--quiet", "--set", "background=1,0.5,0"];
    succeeds(&[&["train", text(&gems), "--out", text(&run)], short.as_slice()].concat());
    let (scene, checkpoint) = (run.join("scene.safetensors"), run.join("checkpoint.safetensors"));
    let cameras = run.join("cameras.json");
    let picture = |source: &Path| {
        let out = folder.path().join("picture.png");
        let view = ["--cameras", text(&cameras), "--view", "0", "--size", "48x32", "--out", text(&out)];
        succeeds(&[&["render", text(source)], view.as_slice()].concat());
        Image::load(&out).unwrap()
    };
    let expected = picture(&scene);
    assert_eq!(picture(&run).data, expected.data);
    let apart = picture(&checkpoint).data.iter().zip(&expected.data).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 0.02, "brought to world units twice, once on each processor: {apart}");
    assert!(succeeds(&["info", text(&checkpoint)]).contains("after 8 iterations"));
    assert!(succeeds(&["info", text(&run)]).contains("in normalised units"));
    succeeds(&["convert", text(&checkpoint), text(&folder.path().join("solids.glb"))]);

    // What the training was before is behind its scene everywhere.
    let corner = |picture: &Image| picture.data[..3].to_vec();
    let away = folder.path().join("away.png");
    let aside = ["--orbit", "1", "--centre", "0,0,1000", "--radius", "1", "--size", "8x8", "--out", text(&away)];
    for source in [&run, &scene, &checkpoint] {
        succeeds(&[&["render", text(source)], aside.as_slice()].concat());
        let found = corner(&Image::load(&away).unwrap());
        assert!(found.iter().zip([1.0, 0.5, 0.0]).all(|(a, b)| (a - b).abs() < 0.01), "{found:?}");
    }
    // An evaluation agrees with what is rendered, and overwrites no report of the training.
    let (renders, data) = (folder.path().join("renders"), text(&gems));
    succeeds(&["render", text(&run), "--dataset", data, "--out", text(&renders)]);
    let psnr = |args: &[&str]| {
        let said = succeeds(&[&["eval", "--dataset", data, "--json"], args].concat());
        serde_json::from_str::<serde_json::Value>(&said).unwrap()["psnr"].as_f64().unwrap()
    };
    let [drawn, read] = [psnr(&[text(&run)]), psnr(&["--renders", text(&renders), "--background", "1,0.5,0"])];
    assert!((drawn - read).abs() < 1e-3, "{drawn} {read}");
    refused(&["eval", text(&run), "--dataset", data, "--out", text(&run)], 2, &["holds a scene"]);
    refused(&["eval", text(&run), "--dataset", data, "--out", data], 2, &["holds a scene"]);
    refused(&["eval", "--renders", text(&renders), "--dataset", data, "--out", text(&renders)], 2, &["read from"]);
    refused(&["eval", text(&run), "--dataset", data, "--out", text(&gems.join("images"))], 2, &["holds images"]);
}

#[test]
fn an_orbit_goes_where_the_cameras_of_the_training_stood() {
    let folder = dataset();
    let (gems, run) = (folder.path().join("gems"), folder.path().join("run"));
    succeeds(&["train", text(&gems), "--out", text(&run), "--iterations", "2", "--max-convexes", "900", "--quiet"]);
    let alone = folder.path().join("alone.safetensors");
    std::fs::copy(run.join("scene.safetensors"), &alone).unwrap();
    let render = |scene: &Path, more: &[&str]| {
        let out = folder.path().join("orbit.png");
        let args = ["render", text(scene), "--orbit", "1", "--size", "48x36", "--out", text(&out)];
        succeeds(&[&args, more].concat());
        Image::load(&out).unwrap().data
    };
    let expected = render(&alone, &["--dataset", text(&gems)]);
    assert_eq!(render(&run, &[]), expected);
    assert_eq!(render(&alone, &["--cameras", text(&run.join("cameras.json"))]), expected);
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart(&render(&alone, &[]), &expected) < 0.02, "the file of the scene knows it");
    let ply = folder.path().join("alone.ply");
    for more in [&[][..], &["--gaussians"]] {
        succeeds(&[&["convert", text(&alone), text(&ply)], more].concat());
        let (_, metadata) = lapidary::convert::read(&ply, None).unwrap();
        let (_, known) = lapidary::convert::read(&alone, None).unwrap();
        assert!(known.start_view.is_some() && metadata.start_view == known.start_view, "{metadata:?}");
    }
    // A file of an older version.
    let (scene, metadata) = lapidary::convert::read(&alone, None).unwrap();
    lapidary::scene_file::save_with(&scene, &Metadata { start_view: None, ..metadata }, &alone).unwrap();
    assert_ne!(render(&alone, &[]), expected);
}

#[test]
fn an_adapter_that_is_not_there_is_a_gpu_error() {
    refused(&["info", "--adapter", "no such thing"], 3, &["no such thing", "0: "]);
    assert_eq!(succeeds(&["info", "--check", "--adapter", "no such thing"]).trim(), "none");
}

#[test]
fn gpu_and_reference_draw_the_same_picture() {
    let folder = dataset();
    let gems = folder.path().join("gems");
    let (scene, cameras) = (gems.join("scene.safetensors"), gems.join("transforms_test.json"));
    let picture = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let mut args = vec!["render", text(&scene), "--cameras", text(&cameras), "--background", "0.5,0.5,1"];
        args.extend(["--size", "96x64", "--out", text(&out)]);
        args.extend(more);
        succeeds(&args);
        Image::load(&out).unwrap()
    };
    let (gpu, reference) = (picture("gpu.png", &[]), picture("reference.png", &["--reference"]));
    assert_eq!((gpu.width, gpu.height), (96, 64));
    let psnr = lapidary::metrics::psnr(gpu.mean_square(&reference));
    assert!(psnr > 55.0, "{psnr} dB apart: more than the rounding to 8 bits");
    assert!(
        lapidary::metrics::psnr(gpu.mean_square(&Image::filled(96, 64, [0.5, 0.5, 1.0]))) < 25.0,
        "nothing was drawn"
    );
}

#[test]
fn bad_input_is_named_and_nothing_is_written() {
    let folder = dataset();
    let gems = folder.path().join("gems");
    let (scene, cameras) = (gems.join("scene.safetensors"), gems.join("transforms_test.json"));
    let (scene, cameras, out) = (text(&scene), text(&cameras), folder.path().join("out.png"));
    let render = |scene: &str, cameras: &str, more: &[&str], parts: &[&str]| {
        let mut args = vec!["render", scene, "--cameras", cameras, "--out", text(&out)];
        args.extend(more);
        refused(&args, 2, parts);
        assert!(!out.exists());
    };
    render("absent.safetensors", cameras, &[], &["absent.safetensors"]);
    render(cameras, cameras, &[], &["transforms_test.json", "ends in .safetensors"]);
    render(scene, "absent.json", &[], &["absent.json"]);
    render(scene, scene, &[], &["scene.safetensors", "not a transforms.json"]);
    render(scene, cameras, &["--view", "7"], &["--view 7", "from 0 to 0"]);
    render(scene, cameras, &["--size", "0x9"], &["--size"]);
    render(scene, cameras, &["--size", "9999x9"], &["8192"]);
    render(scene, cameras, &["--background", "2,0,0"], &["--background"]);
    refused(&["synth", "--out", text(&gems)], 2, &["gems"]);
    refused(&["synth", "--out", text(&folder.path().join("new")), "--views", "0"], 2, &["view"]);
}

#[test]
fn shells_and_manuals_know_every_command() {
    for (shell, own) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef lapidary"),
        ("fish", "complete -c lapidary"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let script = succeeds(&["completions", shell]);
        assert!(script.contains(own), "{shell}: {script}");
        assert!(["max-convexes", "within-cameras", "completions"].iter().all(|word| script.contains(word)), "{shell}");
    }
    refused(&["completions", "cmd"], 2, &["bash", "powershell"]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    succeeds(&["man", "--out", text(&out)]);
    for (command, word) in [("", "LAPIDARY_CONFIG"), ("-train", "max\\-convexes"), ("-eval", "lpips\\-weights")] {
        let page = std::fs::read_to_string(out.join(format!("lapidary{command}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains(word), "{command}: {page}");
        if let Some(name) = command.strip_prefix('-') {
            assert_eq!(succeeds(&["man", name]), page);
        }
    }
    refused(&["man", "trian"], 2, &["trian", "train"]);
    assert!(succeeds(&["--version"]).starts_with(concat!("lapidary ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn help_says_image_held_out_and_training_run() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(&["man", "--out", text(folder.path())]);
    for page in std::fs::read_dir(folder.path()).unwrap() {
        let path = page.unwrap().path();
        // Names of options keep what they were first called.
        let page = std::fs::read_to_string(&path).unwrap().to_lowercase().replace("picture_memory", "");
        for other in ["picture", "held back", "held\\-back", "film", "movie"] {
            assert!(!page.contains(other), "{} says {other}", path.display());
        }
    }
}

#[test]
fn options_that_are_not_given_have_the_defaults_of_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("defaults.toml");
    let run = |content: &str, args: &[&str]| {
        std::fs::write(&file, content).unwrap();
        Command::new(env!("CARGO_BIN_EXE_lapidary")).args(args).env("LAPIDARY_CONFIG", &file).output().unwrap()
    };
    let gems = |name: &str| folder.path().join(name);
    let defaults = "[synth]\nviews = 3\ntest-views = 1\nsize = \"32x24\"\noverwrite = false\n[train]\nquiet = true\n";
    let output = run(defaults, &["synth", "--out", text(&gems("a")), "--views", "2"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("2 training and 1 test images of 32x24"), "{said}");
    let out = gems("b");
    let args = ["synth", "--out", text(&out), "--size", "16x12", "--test-views", "1"];
    for (wrong, parts) in [
        ("[synht]\nviews = 3\n", &["no command `synht`"][..]),
        ("[synth]\nview = 3\n", &["`view` of [synth]", "no such option"]),
        ("[synth]\nviews = \"many\"\n", &["many", "--views"]),
        ("[synth]\nout = \"x\"\n", &["`out` of [synth]", "has to be given"]),
        ("[synth]\noverwrite = 1\n", &["`overwrite` of [synth]", "true or false"]),
        ("[train]\nmax-convexs = 1\n", &["`max-convexs` of [train]"]),
        ("views", &["defaults.toml"]),
    ] {
        let output = run(wrong, &args);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {message}");
        let is_named = message.starts_with("error: ") && message.contains("defaults.toml");
        assert!(is_named && parts.iter().all(|part| message.contains(part)), "{wrong}: {message}");
        assert!(!out.exists());
    }
    assert!(run("[info]\njson = true\nadapter = \"0\"\n", &["info"]).stdout.starts_with(b"{"));
}
