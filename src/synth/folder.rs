//! Writes a dataset into a folder.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::exact::exact_scene;
use super::picture::{depth, picture};
use super::points::points;
use super::views::{SynthView, views};
use super::world::World;
use super::{SynthError, SynthOptions, colmap};
use crate::dataset::Split;
use crate::dataset::transforms::Transforms;
use crate::files::{FileError, Unfinished, write_atomically};
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

/// Makes the dataset and writes it into `folder`, which is created where it is missing. `report` is called from any thread when
/// so many of its pictures and depth maps are written, of two for each view.
///
/// The files depend on `options` alone; docs/formats.md describes them.
///
/// # Errors
/// [`SynthError`]: options out of range, a folder that is not empty without `overwrite`, or a file that
/// cannot be written.
pub fn write(
    folder: &Path,
    options: &SynthOptions,
    report: &(dyn Fn(usize) + Sync),
) -> Result<SynthSummary, SynthError> {
    options.check()?;
    prepare(folder, options.overwrite)?;
    let world = World::new(options.seed);
    let views = views(options);
    let points = points(&world, &views, options.points, options.seed);
    let scene = exact_scene(&world);

    let num_written = AtomicUsize::new(0);
    (0u64..).zip(&views).collect::<Vec<_>>().into_par_iter().try_for_each(|(i, view)| {
        let seed = options.seed.wrapping_mul(1 << 20).wrapping_add(i);
        let picture = picture(&world, &view.camera, options.samples_side, seed);
        picture.save_png(&folder.join(view.path()))?;
        picture.save_png(&folder.join("images").join(&view.name))?;
        report(num_written.fetch_add(1, Ordering::Relaxed) + 1);
        Ok::<_, SynthError>(())
    })?;
    write_depth(&folder.join("depth.safetensors"), &world, &views, &|done| report(views.len() + done))?;
    write_transforms(folder, &views)?;
    colmap::write(&folder.join("sparse/0"), &views, &points)?;
    let tests = views.iter().filter(|view| view.split == Split::Test).map(|view| format!("{}\n", view.name));
    write_atomically(&folder.join("sparse/0/test.txt"), tests.collect::<String>().as_bytes())?;
    scene_file::save(&scene, &folder.join("scene.safetensors"))?;
    write_atomically(&folder.join("README.txt"), README.as_bytes())?;

    let count = |split| views.iter().filter(|view| view.split == split).count();
    let (train, test) = (count(Split::Train), count(Split::Test));
    Ok(SynthSummary { train, test, points: points.len(), convexes: scene.len() })
}

const README: &str = "\
A synthetic dataset: cut gems on a checkered table, z up, unit about 1, all of it exact; made by `lapidary synth`.
transforms_train.json, transforms_test.json: cameras in NeRF's format (OpenGL axes) for the images in train/ and test/.
sparse/0/: the same cameras as a COLMAP binary model, with exact points; images/ holds train and test in one order, and test.txt names
  those to hold back, as lapidary does.
depth.safetensors: for each image, by its path, the view z of the surface behind each pixel's middle, F32, 0 is sky.
scene.safetensors: gems and table as a lapidary scene of convexes of exact shape, each of one colour: without sky, patterns and
  reflections, and so far from the images.
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

/// Writes the depth map of every view, and reports how many are written. Each is made when it is written: all of them need not
/// fit into memory.
fn write_depth(path: &Path, world: &World, views: &[SynthView], report: &dyn Fn(usize)) -> Result<(), SynthError> {
    let mut views: Vec<(String, &SynthView)> = views.iter().map(|view| (view.path(), view)).collect();
    views.sort_by(|(one, _), (other, _)| one.cmp(other));
    let fault = |reason: String| SynthError::Depth { path: path.into(), reason };
    let header = depth_header(&views).map_err(fault)?;
    let mut file = Unfinished::create(path)?;
    file.write_all(&header).map_err(FileError::of("write", path))?;
    for (i, (_, view)) in views.iter().enumerate() {
        // The bytes are copied to be little-endian whatever the machine.
        let bytes: Vec<u8> = depth(world, &view.camera).iter().flat_map(|value| value.to_le_bytes()).collect();
        file.write_all(&bytes).map_err(FileError::of("write", path))?;
        report(i + 1);
    }
    Ok(file.finish()?)
}

/// What stands before the values in a safetensors file: the number of bytes of the description, and the description.
fn depth_header(views: &[(String, &SynthView)]) -> Result<Vec<u8>, String> {
    let mut end = 0;
    let tensors = views.iter().map(|(name, view)| {
        let shape = vec![view.camera.height as usize, view.camera.width as usize];
        let begin = end;
        end += shape.iter().product::<usize>() * size_of::<f32>();
        (name.clone(), TensorInfo { dtype: Dtype::F32, shape, data_offsets: (begin, end) })
    });
    // One key only: the order of more would vary from run to run.
    let about = HashMap::from([("format".to_owned(), "lapidary-depth".to_owned())]);
    let tensors = Metadata::new(Some(about), tensors.collect()).map_err(|error| error.to_string())?;
    let mut text = serde_json::to_vec(&tensors).map_err(|error| error.to_string())?;
    // Values are aligned to eight bytes.
    text.resize(text.len().next_multiple_of(8), b' ');
    Ok([(text.len() as u64).to_le_bytes().as_slice(), &text].concat())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_picture_and_every_depth_map_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let options =
            SynthOptions { views: 3, test_views: 1, width: 16, height: 16, points: 9, ..SynthOptions::default() };
        let reports = Mutex::new(Vec::new());
        write(&folder.path().join("gems"), &options, &|done| reports.lock().unwrap().push(done)).unwrap();
        let mut reports = reports.into_inner().unwrap();
        // Threads report pictures in any order.
        reports.sort_unstable();
        assert_eq!(reports, (1..=8).collect::<Vec<_>>());
    }
}
