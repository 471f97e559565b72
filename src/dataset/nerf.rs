//! Datasets described by `transforms.json` and its kin.

use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::lens::{Lens, LensModel};
use super::transforms::Transforms;
use super::{Dataset, DatasetOptions, Kind, Split, View, loaded_size, picture};

/// `transforms_train.json`, and `transforms_test.json` or `transforms_val.json`: the files say what is for testing.
pub(super) fn open_blender(path: &Path, options: &DatasetOptions) -> Result<Dataset, DatasetError> {
    let mut dataset =
        Dataset { path: path.into(), kind: Kind::Blender, views: Vec::new(), points: Vec::new(), notes: Vec::new() };
    add(&mut dataset, &path.join("transforms_train.json"), Split::Train, options)?;
    let test = ["transforms_test.json", "transforms_val.json"].map(|name| path.join(name));
    if let Some(test) = test.iter().find(|test| test.is_file()) {
        add(&mut dataset, test, Split::Test, options)?;
    } else {
        dataset.notes.push("there is neither transforms_test.json nor transforms_val.json: nothing to test on".into());
    }
    Ok(dataset)
}

pub(super) fn open_nerfstudio(path: &Path, options: &DatasetOptions) -> Result<Dataset, DatasetError> {
    let mut dataset =
        Dataset { path: path.into(), kind: Kind::Nerfstudio, views: Vec::new(), points: Vec::new(), notes: Vec::new() };
    add(&mut dataset, &path.join("transforms.json"), Split::Train, options)?;
    Ok(dataset)
}

fn add(dataset: &mut Dataset, file: &Path, split: Split, options: &DatasetOptions) -> Result<(), DatasetError> {
    let transforms = Transforms::load(file)?;
    let mut missing = Vec::new();
    for (i, frame) in transforms.frames.iter().enumerate() {
        let Some(picture) = find_picture(&dataset.path, &frame.file_path) else {
            missing.push(frame.file_path.clone());
            continue;
        };
        let found = picture::size_of(&picture)?;
        let whole = transforms.camera(file, i, Some(found.into()))?;
        let size = loaded_size(found, options.downscale, options.max_width);
        let lens = transforms.distortion().and_then(|(is_fisheye, distortion)| {
            let model = if is_fisheye { LensModel::OpenCvFisheye } else { LensModel::OpenCv };
            let pinhole = whole.intrinsics;
            let focal = [pinhole.fx, pinhole.fy, pinhole.cx, pinhole.cy];
            Lens::new(model, &[&focal[..], &distortion].concat())
        });
        dataset.views.push(View {
            name: frame.file_path.clone(),
            split,
            camera: whole.resized(size[0], size[1]),
            file: picture,
            mask: None,
            lens: lens.filter(|lens| !lens.is_pinhole()).map(|lens| (lens, found)),
        });
    }
    if let Some(first) = missing.first() {
        dataset.notes.push(format!(
            "{} pictures of {} are missing, the first is {first}",
            missing.len(),
            file.display()
        ));
    }
    Ok(())
}

/// The picture of a frame, whose extension may be missing; `None` also for a path that leaves the dataset.
fn find_picture(folder: &Path, name: &str) -> Option<PathBuf> {
    let relative = Path::new(name);
    let leaves = |part: std::path::Component<'_>| {
        matches!(
            part,
            std::path::Component::ParentDir | std::path::Component::RootDir | std::path::Component::Prefix(_)
        )
    };
    if relative.components().any(leaves) {
        return None;
    }
    let exact = folder.join(relative);
    let with_extension = ["png", "jpg", "jpeg", "JPG", "PNG", "webp"].map(|extension| {
        let mut name = exact.clone().into_os_string();
        name.push(format!(".{extension}"));
        PathBuf::from(name)
    });
    std::iter::once(exact).chain(with_extension).find(|candidate| candidate.is_file())
}
