//! COLMAP's sparse models.

mod binary;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use glam::{DAffine3, DQuat, DVec3};

use super::SfmPoint;
use super::error::DatasetError;
use super::lens::{Lens, LensModel};
use super::ply::PointCloud;
use super::tree::{Tree, inside, join};
use crate::text::quoted;

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
    /// The cameras by COLMAP's numbers.
    pub cameras: BTreeMap<u32, ColmapCamera>,
    /// The pictures in the order of the file.
    pub images: Vec<ColmapImage>,
    /// The points in the order of the file.
    pub points: Vec<SfmPoint>,
}

/// Whether a folder holds a model, and in which format.
fn format_of(tree: &Tree, folder: &str) -> Option<&'static str> {
    ["bin", "txt"].into_iter().find(|format| tree.spelled_file(&join(folder, &format!("cameras.{format}"))).is_some())
}

/// The folders of the models: those below `sparse`, or else `sparse` itself. Capitals do not matter.
pub(super) fn models(tree: &Tree, sparse: &str) -> Vec<String> {
    let Some(sparse) = tree.spelled(sparse) else { return Vec::new() };
    let has_model = |folder: &String| format_of(tree, folder).is_some();
    let below: Vec<String> = tree.folders(&sparse).iter().map(|name| join(&sparse, name)).filter(has_model).collect();
    if below.is_empty() { [sparse].into_iter().filter(has_model).collect() } else { below }
}

impl ColmapModel {
    /// Reads a folder, binary files before text files.
    ///
    /// # Errors
    /// [`DatasetError`] with file and place.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let tree = Tree::folder(folder);
        let points = Self::read_points(&tree, "")?;
        Ok(Self { points, ..Self::read_poses(&tree, "")? })
    }

    /// Everything but the points.
    pub(super) fn read_poses(tree: &Tree, folder: &str) -> Result<Self, DatasetError> {
        let file = |name: &str| {
            let path = join(folder, name);
            tree.spelled_file(&path).unwrap_or(path)
        };
        let open = |name: &str| binary::Reader::open(tree, &file(name));
        let (cameras, images) = if format_of(tree, folder) == Some("bin") {
            (binary::cameras(&mut open("cameras.bin")?)?, binary::images(&mut open("images.bin")?)?)
        } else {
            (text::cameras(tree, &file("cameras.txt"))?, text::images(tree, &file("images.txt"))?)
        };
        Ok(Self { cameras, images, points: Vec::new() })
    }

    /// The points; a model without their file has none.
    fn read_points(tree: &Tree, folder: &str) -> Result<Vec<SfmPoint>, DatasetError> {
        let files = ["points3D.bin", "points3D.txt"].map(|name| join(folder, name));
        let file = files.iter().find_map(|file| tree.spelled_file(file));
        file.map_or_else(|| Ok(Vec::new()), |file| Ok(Self::read_points_file(tree, &file)?.points))
    }

    /// The points of a file, which is binary unless it ends in `.txt`.
    pub(super) fn read_points_file(tree: &Tree, file: &str) -> Result<PointCloud, DatasetError> {
        if file.to_lowercase().ends_with(".txt") {
            text::points(tree, file)
        } else {
            binary::points(&mut binary::Reader::open(tree, file)?)
        }
    }
}

/// A name must stay below the folder of pictures. Of an absolute one, what is below its root is looked for there.
fn check_name(name: &str) -> Result<String, String> {
    let without_drive = name.get(2..).filter(|_| name.as_bytes().get(1) == Some(&b':')).unwrap_or(name);
    inside(without_drive.trim_start_matches(['/', '\\']))
        .ok_or_else(|| format!("`{}` is no path below the folder of images", quoted(name)))
}

/// What to say of a name that is in another encoding.
fn not_utf8(id: impl std::fmt::Display, name: &[u8]) -> String {
    let readable = quoted(&String::from_utf8_lossy(name));
    format!("the name of image {id} is not UTF-8 (`{readable}`); names in the model and of the files must be")
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

/// A model of a camera that is newer than this program, or none.
fn unknown_model(camera: u32, model: &str) -> String {
    format!(
        "camera {camera} has the camera model {model}, and those of COLMAP 4.2 are known, SIMPLE_PINHOLE (0) to \
         EQUIRECTANGULAR (17); the images that `colmap image_undistorter` makes of these have a known one"
    )
}

fn camera(model: LensModel, size: [u64; 2], parameters: &[f64]) -> Result<ColmapCamera, String> {
    let lens = Lens::new(model, parameters)
        .ok_or_else(|| format!("{} does not have {} values", model.name(), parameters.len()))?;
    let sides = size.map(|side| u32::try_from(side).ok().filter(|side| (1..=super::MAX_TAKEN_SIDE).contains(side)));
    let [Some(width), Some(height)] = sides else {
        return Err(format!("an image of {}×{} pixels", size[0], size[1]));
    };
    lens.check_of_size([width, height])?;
    Ok(ColmapCamera { size: [width, height], lens })
}
