//! COLMAP's sparse models.

mod binary;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glam::{DAffine3, DQuat, DVec3};
use rayon::prelude::*;

use super::error::DatasetError;
use super::found::{Found, Shape, picture_folder};
use super::lens::{Lens, LensModel};
use super::pinhole::Taken;
use super::tree::{Place, Tree, inside, join};
use super::{DatasetOptions, Kind, SfmPoint, Split, View};

/// A camera of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ColmapCamera {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// The lens.
    pub lens: Lens,
}

/// A picture of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ColmapImage {
    /// Path below the folder of pictures.
    pub name: String,
    /// Key of its camera.
    pub camera: u32,
    /// Pose.
    pub view_from_world: DAffine3,
}

/// What a folder such as `sparse/0` holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColmapModel {
    /// By COLMAP's numbers.
    pub cameras: BTreeMap<u32, ColmapCamera>,
    /// In the order of the file.
    pub images: Vec<ColmapImage>,
    /// In the order of the file.
    pub points: Vec<SfmPoint>,
}

/// Whether a folder holds a model, and in which format.
fn format_of(tree: &Tree, folder: &str) -> Option<&'static str> {
    ["bin", "txt"].into_iter().find(|format| tree.is_file(&join(folder, &format!("cameras.{format}"))))
}

/// The folders of the models: those below `sparse`, or else `sparse` itself.
pub(super) fn models(tree: &Tree, sparse: &str) -> Vec<String> {
    let has_model = |folder: &String| format_of(tree, folder).is_some();
    let below: Vec<String> = tree.folders(sparse).iter().map(|name| join(sparse, name)).filter(has_model).collect();
    if below.is_empty() { [sparse.to_owned()].into_iter().filter(has_model).collect() } else { below }
}

/// The model with the most pictures, and its folder.
fn largest(tree: &Tree, folders: &[String], notes: &mut Vec<String>) -> Result<(ColmapModel, String), DatasetError> {
    let mut best: Option<(ColmapModel, &String)> = None;
    let mut sizes = Vec::new();
    for folder in folders {
        let model = ColmapModel::read_poses(tree, folder)?;
        sizes.push(format!("{folder} has {}", model.images.len()));
        // Of equally large ones, the first.
        if best.as_ref().is_none_or(|(best, _)| model.images.len() > best.images.len()) {
            best = Some((model, folder));
        }
    }
    let Some((mut model, folder)) = best else { return Err(DatasetError::NotADataset { path: tree.path_of("") }) };
    if folders.len() > 1 {
        let list = sizes.join(", ");
        notes.push(format!("{} models; {folder} is used, the one with the most pictures ({list})", folders.len()));
    }
    model.points = ColmapModel::read_points(tree, folder)?;
    Ok((model, folder.clone()))
}

/// Reads the largest of the models in `folders`.
pub(super) fn open(tree: &Arc<Tree>, folders: &[String], options: &DatasetOptions) -> Result<Found, DatasetError> {
    let mut notes = Vec::new();
    let (model, folder) = largest(tree, folders, &mut notes)?;
    let pictures = picture_folder(tree, options)?;
    let mut missing = model.images.iter().filter(|image| pictures.find(&image.name).is_none());
    if let Some(first) = missing.next() {
        let path = pictures.place(&first.name).path();
        return Err(DatasetError::MissingPictures { path, missing: 1 + missing.count(), of: model.images.len() });
    }
    let taken: BTreeMap<u32, Taken> =
        model.cameras.par_iter().map(|(id, camera)| (*id, Taken::new(camera.lens.clone(), camera.size))).collect();
    let view = |image: &ColmapImage| -> Result<View, DatasetError> {
        let name = image.name.clone();
        let taken = taken.get(&image.camera).ok_or_else(|| DatasetError::NoCamera {
            path: tree.path_of(&folder),
            name: name.clone(),
            camera: image.camera,
        })?;
        let place = pictures.find(&name).unwrap_or_else(|| pictures.place(&name));
        let shape = Shape::new(taken, &place, pictures.divisor, options)?;
        let camera = shape.camera(image.view_from_world).map_err(|source| DatasetError::Camera {
            path: tree.path_of(&folder),
            name: name.clone(),
            source,
        })?;
        let mask = find_mask(tree, &name);
        Ok(View { name, split: Split::Train, camera, source: shape.source(place, mask) })
    };
    let views = model.images.par_iter().map(view).collect::<Result<Vec<_>, _>>()?;
    Ok(Found { kind: Kind::Colmap, views, points: model.points, notes, has_split: false })
}

/// `masks/NAME.png` as COLMAP names them, or a mask of the picture's own name, maybe with another extension.
pub(super) fn find_mask(tree: &Arc<Tree>, name: &str) -> Option<Place> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let candidates = [format!("masks/{name}.png"), format!("masks/{name}"), format!("masks/{stem}.png")];
    let found = candidates.into_iter().find(|candidate| tree.is_file(candidate))?;
    Some(Place { tree: Arc::clone(tree), inside: found })
}

impl ColmapModel {
    /// Reads a folder, binary files before text files.
    ///
    /// # Errors
    /// [`DatasetError`] with file and place.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let tree = Tree::Folder(PathBuf::from(folder));
        let points = Self::read_points(&tree, "")?;
        Ok(Self { points, ..Self::read_poses(&tree, "")? })
    }

    /// Everything but the points.
    fn read_poses(tree: &Tree, folder: &str) -> Result<Self, DatasetError> {
        let open = |name: &str| binary::Reader::open(tree, &join(folder, name));
        let (cameras, images) = if format_of(tree, folder) == Some("bin") {
            (binary::cameras(&mut open("cameras.bin")?)?, binary::images(&mut open("images.bin")?)?)
        } else {
            (text::cameras(tree, &join(folder, "cameras.txt"))?, text::images(tree, &join(folder, "images.txt"))?)
        };
        Ok(Self { cameras, images, points: Vec::new() })
    }

    /// The points; a model without their file has none.
    pub(super) fn read_points(tree: &Tree, folder: &str) -> Result<Vec<SfmPoint>, DatasetError> {
        let [binary, text] = ["points3D.bin", "points3D.txt"].map(|name| join(folder, name));
        if tree.is_file(&binary) {
            binary::points(&mut binary::Reader::open(tree, &binary)?)
        } else if tree.is_file(&text) {
            text::points(tree, &text)
        } else {
            Ok(Vec::new())
        }
    }
}

/// A name must stay below the folder of pictures.
fn check_name(name: &str) -> Result<String, String> {
    let short = || name.chars().take(80).collect::<String>().escape_debug().to_string();
    inside(name).ok_or_else(|| format!("`{}` is no path below the folder of pictures", short()))
}

fn pose(rotation: [f64; 4], translation: [f64; 3]) -> Result<DAffine3, String> {
    let [w, x, y, z] = rotation;
    let quaternion = DQuat::from_xyzw(x, y, z, w);
    let translation = DVec3::from_array(translation);
    let length = quaternion.length();
    if !length.is_finite() || length < 1e-6 || !translation.is_finite() {
        return Err(format!("the pose {rotation:?} {:?} is not a rotation and a translation", translation.to_array()));
    }
    Ok(DAffine3::from_rotation_translation(quaternion.normalize(), translation))
}

fn camera(model: LensModel, size: [u64; 2], parameters: &[f64]) -> Result<ColmapCamera, String> {
    let lens = Lens::new(model, parameters)
        .ok_or_else(|| format!("{} does not have {} values", model.name(), parameters.len()))?;
    let sides = size.map(|side| u32::try_from(side).ok().filter(|side| (1..=super::MAX_TAKEN_SIDE).contains(side)));
    let [Some(width), Some(height)] = sides else {
        return Err(format!("a picture of {}×{} pixels", size[0], size[1]));
    };
    lens.check().map_err(|error| error.to_string())?;
    Ok(ColmapCamera { size: [width, height], lens })
}
