//! Writes what the fuzzers begin with: a few small good files for every target, below the folder named.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use lapidary::camera_path::{CameraPath, Key};
use lapidary::convert::{self, WriteOptions};
use lapidary::dataset::AlphaMode;
use lapidary::scene::{Scene, Similarity};
use lapidary::scene_file::{self, Metadata};
use lapidary::synth::{self, SynthOptions};
use lapidary::train::{Checkpoint, State, TrainOptions, TrainView};
use lapidary_fuzz::MARK;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = PathBuf::from(std::env::args().nth(1).ok_or("usage: seeds FOLDER")?);
    let gems = corpus.join("gems");
    let size = SynthOptions {
        views: 2,
        test_views: 1,
        width: 16,
        height: 16,
        samples_side: 1,
        points: 4,
        ..SynthOptions::default()
    };
    synth::write(&gems, &SynthOptions { overwrite: true, ..size }, &|_| ())?;
    datasets(&corpus, &gems)?;
    scenes(&corpus, &gems)?;
    std::fs::remove_dir_all(gems)?;
    Ok(())
}

fn datasets(corpus: &Path, gems: &Path) -> Result<(), Box<dyn Error>> {
    let model = ["cameras", "images", "points3D"].map(|name| std::fs::read(gems.join(format!("sparse/0/{name}.bin"))));
    let [cameras, images, points] = model;
    seed(corpus, "colmap_binary", &[cameras?, images?, points?].join(MARK))?;
    let images = "1 1 0 0 0 0 0 0 1 a.png\n1.5 2 -1 3 4 7\n2 0.7 0.7 0 0 1 2 3 2 b/c d.png\n\n";
    let points = "# points\n7 0 0 4 10 20 30 0.5 1 0 2 1\n9 1 1 5 40 50 60 0.5\n";
    for (i, camera) in
        ["PINHOLE 40 30 20 21 20 15", "OPENCV 9 9 9 9 4 4 .1 .2 .3 .4", "FOV 9 9 9 9 4 4 1"].iter().enumerate()
    {
        let cameras = format!("# cameras\n1 {camera}\n2 SIMPLE_RADIAL 64 48 50 32 24 0.1\n");
        seed_number(corpus, "colmap_text", i, &[cameras.as_bytes(), images.as_bytes(), points.as_bytes()].join(MARK))?;
    }
    let ply = b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\n\
        property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n0 0 0 1 2 3\n1 1 1 4 5 6\n";
    let nerfstudio = br#"{"camera_model":"OPENCV","w":40,"h":30,"fl_x":30,"fl_y":30,"cx":20,"cy":15,"k1":0.1,"p1":0.01,
        "ply_file_path":"a.ply","applied_transform":[[1,0,0,0],[0,0,1,0],[0,-1,0,0]],"frames":[{"file_path":"images/a.png",
        "transform_matrix":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]},{"file_path":"b","fl_x":20,
        "transform_matrix":[[1,0,0,1],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}],"train_filenames":["images/a.png"]}"#;
    let blender = std::fs::read(gems.join("transforms_train.json"))?;
    seed_number(corpus, "transforms", 0, &[nerfstudio.as_slice(), ply].join(MARK))?;
    seed_number(corpus, "transforms", 1, &[blender.as_slice(), b""].join(MARK))?;
    seed(corpus, "archive", &archive(gems)?)
}

/// The dataset in COLMAP's format.
fn archive(gems: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let names = ["sparse/0/cameras.bin", "sparse/0/images.bin", "sparse/0/points3D.bin"];
    let pictures = ["images/0000.png", "images/0001.png", "images/0002.png"];
    for name in names.iter().chain(&pictures) {
        zip.start_file(*name, SimpleFileOptions::default())?;
        zip.write_all(&std::fs::read(gems.join(name))?)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn scenes(corpus: &Path, gems: &Path) -> Result<(), Box<dyn Error>> {
    let scene = scene_file::load(&gems.join("scene.safetensors"))?.gather(&[0, 1]);
    let metadata =
        Metadata { normalised_from_world: Some(Similarity::IDENTITY), antialias: true, provenance: Some("a seed".to_owned()) };
    scene_file::save_with(&scene, &metadata, &path(corpus, "scene", "0")?)?;
    let ply = gems.join("scene.ply");
    convert::write(&scene, &metadata, &WriteOptions::default(), &ply, &|_| ())?;
    seed(corpus, "convexes_ply", &std::fs::read(ply)?)?;
    checkpoint(scene).save(&path(corpus, "checkpoint", "0")?)?;
    let camera = CameraPath::new(
        vec![
            Key { time: 0.0, position: [0.0; 3], orientation: [0.0, 0.0, 0.0, 1.0], fov_y: 50.0 },
            Key { time: 1.5, position: [1.0; 3], orientation: [1.0, 0.0, 0.0, 0.0], fov_y: 60.0 },
        ],
        30.0,
    );
    camera.save(&path(corpus, "camera_path", "0")?)?;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/files");
    for (i, name) in ["authors_full.pt", "authors_light.pt"].iter().enumerate() {
        seed_number(corpus, "authors_model", i, &std::fs::read(models.join(name))?)?;
    }
    Ok(())
}

fn checkpoint(scene: Scene) -> Checkpoint {
    let state = State {
        iteration: 7,
        options: TrainOptions::default(),
        changed_after: 0,
        similarity: Similarity::IDENTITY,
        alpha: AlphaMode::Composite,
        train_views: vec![TrainView { name: "a.png".to_owned(), size: [16, 16] }],
    };
    Checkpoint { moments: [scene.zeros(), scene.zeros()], statistics: vec![[0.0; 4]; scene.len()], state, scene }
}

fn seed(corpus: &Path, target: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    seed_number(corpus, target, 0, bytes)
}

fn seed_number(corpus: &Path, target: &str, number: usize, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    Ok(std::fs::write(path(corpus, target, &number.to_string())?, bytes)?)
}

fn path(corpus: &Path, target: &str, name: &str) -> std::io::Result<PathBuf> {
    let folder = corpus.join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}
