//! Good files of every format, and the commands that read them.

use std::io::Write as _;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use lapidary::camera_path::{CameraPath, Key};
use zip::write::SimpleFileOptions;

use crate::case::Ground;
use crate::outputs::{Files, files_of};
use crate::program::{Program, lapidary};

/// A file that is read by a command.
#[derive(Debug)]
pub(crate) struct Seed {
    /// The file and those beside it.
    pub(crate) files: Files,
    /// Which is to be broken.
    pub(crate) file: &'static str,
    /// The command: `@` begins a path in the folder of the files, `%` one in the folder of all cases.
    words: &'static [&'static str],
    /// Whether the command uses the device.
    pub(crate) is_dear: bool,
}

const NERFSTUDIO: &str = r#"{"camera_model": "OPENCV", "w": 48, "h": 36, "fl_x": 40, "fl_y": 40, "cx": 24, "cy": 18,
"k1": 0.1, "k2": 0.01, "p1": 0.01, "ply_file_path": "points.ply", "applied_transform": [[1,0,0,0],[0,0,1,0],[0,-1,0,0]],
"frames": [{"file_path": "images/0000.png", "mask_path": "masks/0000.png",
"transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}, {"file_path": "images/0001.png", "fl_x": 20,
"transform_matrix": [[1,0,0,1],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}], "train_filenames": ["images/0000.png"],
"test_filenames": ["images/0001.png"]}"#;

const CLOUD: &str = "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\n\
property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n0 0 -3 1 2 3\n1 1 -4 4 5 6\n";

const CAMERAS: &str =
    "# cameras\n1 OPENCV 48 36 40 40 24 18 0.1 0.01 0.001 0.002\n2 SIMPLE_RADIAL 48 36 40 24 18 0.1\n";

const IMAGES: &str = "# images\n1 1 0 0 0 0 0 0 1 0000.png\n1.5 2 -1 3 4 7\n2 0.7 0.7 0 0 1 2 3 2 0001.png\n\n";

const POINTS: &str = "# points\n7 0 0 4 10 20 30 0.5 1 0 2 1\n9 1 1 5 40 50 60 0.5\n";

const CONFIG: &str = "iterations = 100\nstrategy = \"budget\"\npoints_rate = [0.002, 2e-5]\nbackground = [0, 0.5, 1]\n";

/// What draws one small picture of a scene on the processor.
macro_rules! drawing {
    ($($word:literal),*) => {
        &["render", "@scene.safetensors", $($word),*, "--view", "0", "--size", "8x8", "--reference", "--out", "@drawn"]
    };
}

/// What reads the pictures of a dataset, and compares them with those of a folder.
const COMPARE: &[&str] = &["eval", "--renders", "@images", "--dataset", "@", "--split", "all"];

impl Seed {
    /// Seeds of all formats.
    pub(crate) fn make_all(ground: &Ground) -> anyhow::Result<Vec<Self>> {
        let mut seeds = Vec::new();
        datasets(ground, &mut seeds)?;
        pictures(&mut seeds)?;
        scenes(ground, &mut seeds)?;
        cameras(ground, &mut seeds)?;
        dear(ground, &mut seeds)?;
        Ok(seeds)
    }

    /// The command, where its files lie in `folder`.
    pub(crate) fn program(&self, folder: &Path, ground: &Path) -> Program {
        lapidary(self.words.iter().map(|word| match (word.strip_prefix('@'), word.strip_prefix('%')) {
            (Some(path), _) => folder.join(path).into_os_string(),
            (_, Some(path)) => ground.join(path).into_os_string(),
            _ => (*word).into(),
        }))
    }
}

/// Adds a seed for each of the files that are to be broken.
fn add(seeds: &mut Vec<Seed>, files: &Files, broken: &[&'static str], words: &'static [&'static str]) {
    seeds.extend(broken.iter().map(|file| Seed { files: files.clone(), file, words, is_dear: false }));
}

fn files<const N: usize>(all: [(&str, &[u8]); N]) -> Files {
    all.into_iter().map(|(path, bytes)| (path.into(), bytes.to_vec())).collect()
}

fn picture(format: ImageFormat) -> anyhow::Result<Vec<u8>> {
    let channel = |value: u32| u8::try_from(value % 256).unwrap_or(0);
    let picture = RgbImage::from_fn(48, 36, |x, y| Rgb([channel(x * 5), channel(y * 7), channel(x * y)]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, format)?;
    Ok(bytes.into_inner())
}

fn datasets(ground: &Ground, seeds: &mut Vec<Seed>) -> anyhow::Result<()> {
    let png = picture(ImageFormat::Png)?;
    let pictures = [("images/0000.png", png.as_slice()), ("images/0001.png", &png), ("masks/0000.png", &png)];
    let with = |more: &[(&str, &[u8])]| -> Files {
        pictures.iter().chain(more).map(|(path, bytes)| (path.into(), bytes.to_vec())).collect()
    };
    let text = with(&[
        ("sparse/0/cameras.txt", CAMERAS.as_bytes()),
        ("sparse/0/images.txt", IMAGES.as_bytes()),
        ("sparse/0/points3D.txt", POINTS.as_bytes()),
        ("split.txt", b"0001.png\n"),
    ]);
    add(seeds, &text, &["sparse/0/cameras.txt", "sparse/0/images.txt", "sparse/0/points3D.txt"], &["info", "@"]);
    add(seeds, &text, &["sparse/0/cameras.txt"], COMPARE);
    add(seeds, &text, &["split.txt"], &["info", "@", "--split-file", "@split.txt"]);
    let nerf = with(&[("transforms.json", NERFSTUDIO.as_bytes()), ("points.ply", CLOUD.as_bytes())]);
    add(seeds, &nerf, &["transforms.json", "transforms.json", "points.ply"], &["info", "@"]);
    add(seeds, &nerf, &["transforms.json"], COMPARE);

    let gems = files_of(ground.gems()?)?;
    let is_model = |path: &Path| path.starts_with("sparse") || path.starts_with("images");
    let binary: Files = gems.iter().filter(|(path, _)| is_model(path)).map(|(a, b)| (a.clone(), b.clone())).collect();
    add(seeds, &binary, &["sparse/0/cameras.bin", "sparse/0/images.bin", "sparse/0/points3D.bin"], &["info", "@"]);
    add(seeds, &gems, &["transforms_train.json"], &["info", "@transforms_train.json"]);
    let zipped = files([("a.zip", archive(&text)?.as_slice()), ("images/0000.png", &png), ("images/0001.png", &png)]);
    add(seeds, &zipped, &["a.zip"], &["info", "@a.zip"]);
    add(seeds, &zipped, &["a.zip"], &["eval", "--renders", "@images", "--dataset", "@a.zip", "--split", "all"]);
    Ok(())
}

fn archive(files: &Files) -> anyhow::Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(path.to_string_lossy(), SimpleFileOptions::default())?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn pictures(seeds: &mut Vec<Seed>) -> anyhow::Result<()> {
    let good = picture(ImageFormat::Png)?;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let dataset = files([
            ("images/0000.png", picture(format)?.as_slice()),
            ("images/0001.png", &good),
            ("masks/0000.png", &good),
            ("sparse/0/cameras.txt", b"1 PINHOLE 48 36 40 40 24 18\n2 PINHOLE 48 36 40 40 24 18\n"),
            ("sparse/0/images.txt", IMAGES.as_bytes()),
            ("sparse/0/points3D.txt", POINTS.as_bytes()),
        ]);
        add(seeds, &dataset, &["images/0000.png"], &["info", "@"]);
        add(seeds, &dataset, &["images/0000.png", "masks/0000.png"], COMPARE);
        add(seeds, &dataset, &["images/0000.png"], &["eval", "--renders", "@images", "--truth", "@masks"]);
    }
    Ok(())
}

fn scenes(ground: &Ground, seeds: &mut Vec<Seed>) -> anyhow::Result<()> {
    let run = &ground.training()?.folder;
    let ply = ground.folder.join("scene.ply");
    lapidary(["convert"]).arg(run).arg(&ply).run()?.succeeded()?;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let read = |path: &Path| std::fs::read(path);
    let all = files([
        ("scene.safetensors", &read(&run.join("scene.safetensors"))?),
        ("checkpoint.safetensors", &read(&run.join("checkpoint.safetensors"))?),
        ("scene.ply", &read(&ply)?),
        ("full.pt", &read(&models.join("authors_full.pt"))?),
        ("light.pt", &read(&models.join("authors_light.pt"))?),
    ]);
    add(seeds, &all, &["scene.safetensors"], &["info", "@scene.safetensors"]);
    add(seeds, &all, &["scene.safetensors"], &["convert", "@scene.safetensors", "@out.glb"]);
    add(seeds, &all, &["checkpoint.safetensors"], &["info", "@checkpoint.safetensors"]);
    add(seeds, &all, &["checkpoint.safetensors"], &["convert", "@checkpoint.safetensors", "@out.json", "--colliders"]);
    add(seeds, &all, &["scene.ply"], &["info", "@scene.ply"]);
    add(seeds, &all, &["scene.ply"], &["convert", "@scene.ply", "@out.safetensors"]);
    add(seeds, &all, &["full.pt"], &["convert", "@full.pt", "@out.safetensors", "--focal", "500"]);
    add(seeds, &all, &["light.pt"], &["convert", "@light.pt", "@out.ply", "--gaussians", "--focal", "500"]);
    Ok(())
}

fn cameras(ground: &Ground, seeds: &mut Vec<Seed>) -> anyhow::Result<()> {
    let run = &ground.training()?.folder;
    let path = ground.folder.join("path.json");
    let key = |time: f64, x: f64| Key { time, position: [x, 0.0, 2.0], orientation: [0.0, 0.0, 0.0, 1.0], fov_y: 50.0 };
    CameraPath::new(vec![key(0.0, 0.0), key(1.5, 1.0)], 30.0).save(&path)?;
    let all = files([
        ("scene.safetensors", &std::fs::read(run.join("scene.safetensors"))?),
        ("cameras.json", &std::fs::read(run.join("cameras.json"))?),
        ("path.json", &std::fs::read(&path)?),
        ("config.toml", CONFIG.as_bytes()),
    ]);
    add(seeds, &all, &["path.json"], drawing!("--path", "@path.json"));
    add(seeds, &all, &["cameras.json"], drawing!("--cameras", "@cameras.json"));
    add(seeds, &all, &["cameras.json"], drawing!("--orbit", "3"));
    add(seeds, &all, &["config.toml"], &["train", "@absent", "--config", "@config.toml", "--out", "@run"]);
    Ok(())
}

/// Those whose commands use the device.
fn dear(ground: &Ground, seeds: &mut Vec<Seed>) -> anyhow::Result<()> {
    let run = files_of(&ground.training()?.folder)?;
    let baseline = ground.folder.join("baseline.json");
    lapidary(BENCH).arg("--json").arg(&baseline).run()?.succeeded()?;
    let baseline = files([("baseline.json", std::fs::read(baseline)?.as_slice())]);
    let readers: [(&Files, &'static str, &'static [&'static str]); 5] = [
        (&run, "metrics.jsonl", &["eval", "@", "--dataset", "%gems"]),
        (&run, "metrics.jsonl", RESUME),
        (&run, "checkpoint.safetensors", RESUME),
        (&run, "scene.safetensors", &["render", "@", "--orbit", "2", "--size", "32x24", "--out", "@drawn"]),
        (&baseline, "baseline.json", MEASURE),
    ];
    let seed = |(files, file, words): (&Files, _, _)| Seed { files: files.clone(), file, words, is_dear: true };
    seeds.extend(readers.map(seed));
    Ok(())
}

const RESUME: &[&str] = &["train", "%gems", "--out", "@", "--resume", "--stop-at", "60"];

const BENCH: [&str; 11] =
    ["bench", "--synthetic", "64", "--size", "32x32", "--frames", "1", "--seconds", "0.01", "--warm-up", "0"];

const MEASURE: &[&str] = &[
    "bench",
    "--synthetic",
    "64",
    "--size",
    "32x32",
    "--frames",
    "1",
    "--seconds",
    "0.01",
    "--warm-up",
    "0",
    "--threshold",
    "1e9",
    "--baseline",
    "@baseline.json",
];
