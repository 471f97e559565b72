//! Datasets of every layout, made here, read back; and every way in which they can be broken.

mod archive;
mod cache;
mod colmap;
mod exports;
mod findings;
mod memory;
mod mutations;
mod nerf;
mod panoramas;
mod pictures;
mod refusals;
mod undistorter;

use std::path::Path;
use std::sync::LazyLock;

use image::{Rgb, RgbImage};
use lapidary::dataset::{Dataset, DatasetOptions};
use lapidary::synth::{self, SynthOptions};

/// One dataset for all tests that only read: five pictures to train on and two to test on, 64×48.
static GEMS: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let options = SynthOptions {
        views: 5,
        test_views: 2,
        width: 64,
        height: 48,
        points: 300,
        samples_side: 1,
        ..SynthOptions::default()
    };
    synth::write(folder.path(), &options, &|_| ()).unwrap();
    folder
});

fn open(path: &Path) -> Dataset {
    Dataset::open(path, &DatasetOptions::default()).unwrap()
}

/// Writes a file, with the folders above it.
fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Writes a picture whose red is the column and whose green is the row.
fn write_picture(path: &Path, width: u32, height: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 7])).save(path).unwrap();
}

/// A COLMAP text model of one camera, `MODEL WIDTH HEIGHT PARAMETERS`, that looks along z, with its pictures' names.
fn write_text_model(folder: &Path, camera: &str, names: &[&str]) {
    write(&folder.join("cameras.txt"), format!("# a comment\n1 {camera}\n"));
    let line = |(i, name): (usize, &&str)| format!("{} 1 0 0 0 0 0 {i} 1 {name}\n1.0 2.0 -1\n", i + 1);
    write(&folder.join("images.txt"), names.iter().enumerate().map(line).collect::<String>());
    write(&folder.join("points3D.txt"), "7 0 0 4 10 20 30 0.5 1 0\n8 1 nan 4 10 20 30 0.5\n9 1 1 5 40 50 60 0.5\n");
}

/// A dataset of one 40×30 picture in COLMAP's text format.
fn one_picture(camera: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_text_model(&folder.path().join("sparse/0"), camera, &["a.png"]);
    write_picture(&folder.path().join("images/a.png"), 40, 30);
    folder
}
