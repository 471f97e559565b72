//! Writes a dataset into a folder.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

use super::exact::exact_scene;
use super::picture::{depth, picture};
use super::points::points;
use super::views::{SynthView, views};
use super::world::World;
use super::{SynthError, SynthOptions, colmap};
use crate::dataset::Split;
use crate::dataset::transforms::Transforms;
use crate::files::{FileError, write_atomically};
use crate::scene_file;

/// Folders of pictures.
const PICTURE_FOLDERS: [&str; 3] = ["train", "test", "images"];

/// Counts of the written dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SynthSummary {
    /// The number of pictures for training.
    pub train: usize,
    /// The number of pictures for testing.
    pub test: usize,
    /// Points in the COLMAP model.
    pub points: usize,
    /// Convexes in `scene.safetensors`.
    pub convexes: usize,
}

/// Makes the dataset and writes it into `folder`, which is created where it is missing.
///
/// The files depend on `options` alone; docs/formats.md describes them.
///
/// # Errors
/// [`SynthError`]: options out of range, a folder that is not empty without `overwrite`, or a file that
/// cannot be written.
pub fn write(folder: &Path, options: &SynthOptions) -> Result<SynthSummary, SynthError> {
    options.check()?;
    prepare(folder, options.overwrite)?;
    let world = World::new(options.seed);
    let views = views(options);
    let points = points(&world, &views, options.points, options.seed);
    let scene = exact_scene(&world);

    (0u64..).zip(&views).collect::<Vec<_>>().into_par_iter().try_for_each(|(i, view)| {
        let seed = options.seed.wrapping_mul(1 << 20).wrapping_add(i);
        let picture = picture(&world, &view.camera, options.samples_side, seed);
        picture.save_png(&folder.join(view.path()))?;
        picture.save_png(&folder.join("images").join(&view.name))
    })?;
    write_depth(&folder.join("depth.safetensors"), &world, &views)?;
    write_transforms(folder, &views)?;
    colmap::write(&folder.join("sparse/0"), &views, &points)?;
    scene_file::save(&scene, &folder.join("scene.safetensors"))?;
    write_atomically(&folder.join("README.txt"), README.as_bytes())?;

    let count = |split| views.iter().filter(|view| view.split == split).count();
    let (train, test) = (count(Split::Train), count(Split::Test));
    Ok(SynthSummary { train, test, points: points.len(), convexes: scene.len() })
}

const README: &str = "\
A synthetic dataset: cut gems on a checkered table, z up, unit about 1, all of it exact; made by `lapidary synth`.
transforms_train.json, transforms_test.json: cameras in NeRF's format (OpenGL axes) for the pictures in train/ and test/.
sparse/0/: the same cameras as a COLMAP binary model, with exact points; images/ holds train and test in one order. What reads it
  holds back pictures of its own, lapidary every eighth.
depth.safetensors: for each picture, by its path, the view z of the surface behind each pixel's middle, F32, 0 is sky.
scene.safetensors: gems and table as a lapidary scene of convexes of exact shape, each of one colour: without sky, patterns and
  reflections, and so far from the pictures.
";

/// Makes `folder` and removes the pictures of an earlier run.
fn prepare(folder: &Path, overwrite: bool) -> Result<(), SynthError> {
    crate::files::create_folder(folder)?;
    let is_empty = std::fs::read_dir(folder).map_err(FileError::of("read", folder))?.next().is_none();
    if !is_empty && !overwrite {
        return Err(SynthError::NotEmpty(folder.into()));
    }
    for pictures in PICTURE_FOLDERS.map(|name| folder.join(name)).iter().filter(|path| path.is_dir()) {
        remove_pictures(pictures)?;
    }
    Ok(())
}

/// Removes `0000.png` and the like, and nothing else: pictures beyond the new ones would be taken for part of them.
fn remove_pictures(folder: &Path) -> Result<(), FileError> {
    for entry in std::fs::read_dir(folder).map_err(FileError::of("read", folder))? {
        let path = entry.map_err(FileError::of("read", folder))?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_numbered = stem.len() >= 4 && stem.bytes().all(|byte| byte.is_ascii_digit());
        if is_numbered && path.extension().is_some_and(|extension| extension == "png") {
            std::fs::remove_file(&path).map_err(FileError::of("remove", &path))?;
        }
    }
    Ok(())
}

fn write_transforms(folder: &Path, views: &[SynthView]) -> Result<(), SynthError> {
    for (split, name) in [(Split::Train, "transforms_train.json"), (Split::Test, "transforms_test.json")] {
        let of_split: Vec<_> =
            views.iter().filter(|view| view.split == split).map(|view| (view.path(), view.camera)).collect();
        Transforms::from_cameras(&of_split).save(&folder.join(name))?;
    }
    Ok(())
}

fn write_depth(path: &Path, world: &World, views: &[SynthView]) -> Result<(), SynthError> {
    let maps: Vec<_> = views.iter().map(|view| (view, depth(world, &view.camera))).collect();
    let content =
        |error: safetensors::SafeTensorError| SynthError::Depth { path: path.into(), reason: error.to_string() };
    let tensor = |(view, map): &(&SynthView, Vec<f32>)| {
        let shape = vec![view.camera.height as usize, view.camera.width as usize];
        // The bytes are copied to be little-endian whatever the machine.
        (view.path(), shape, map.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    };
    let tensors: Vec<_> = maps.iter().map(tensor).collect();
    let views_of = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(content)?;
    // One key only: the order of more would vary from run to run.
    let metadata = HashMap::from([("format".to_owned(), "lapidary-depth".to_owned())]);
    let bytes = safetensors::serialize(views_of, Some(metadata)).map_err(content)?;
    Ok(write_atomically(path, &bytes)?)
}
