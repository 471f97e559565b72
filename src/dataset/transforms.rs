//! `transforms.json` of NeRF, Blender and nerfstudio: cameras in OpenGL axes (x right, y up, z backward).

mod camera;

use std::path::{Path, PathBuf};

use glam::{DAffine3, DMat3, DMat4};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::json;
use super::pose::OPENGL_FROM_OPENCV;
pub use super::pose::RigidPose;
use crate::camera::{Camera, CameraError};
use crate::files::{self, FileError};
pub use camera::TransformsCamera;

/// A `transforms.json` file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transforms {
    /// The camera keys that all frames share.
    #[serde(flatten)]
    pub camera: TransformsCamera,
    /// nerfstudio: points to start from, a PLY file relative to this one, in the same axes as the poses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ply_file_path: Option<String>,
    /// nerfstudio: the first three rows of the matrix that was applied to the poses of structure from motion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_transform: Option<Vec<[f64; 4]>>,
    /// nerfstudio: the pictures to train on, as `file_path` names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_filenames: Option<Vec<String>>,
    /// nerfstudio: the pictures to validate on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_filenames: Option<Vec<String>>,
    /// nerfstudio: the pictures to test on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_filenames: Option<Vec<String>>,
    /// One entry per picture.
    pub frames: Vec<TransformsFrame>,
}

/// A picture and its pose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TransformsFrame {
    /// The picture, relative to the file's folder; the extension may be missing.
    pub file_path: String,
    /// Which pixels count, a picture relative to the file's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_path: Option<String>,
    /// Another key under which programs write the mask; a frame may have several of these keys.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub mask: Option<String>,
    /// Another key for the mask.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub masks_path: Option<String>,
    /// Another key for the mask.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub mask_file_path: Option<String>,
    /// Another key for the mask.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub mask_file: Option<String>,
    /// `world_from_camera`, row-major, OpenGL axes. Files may lack the last row, and have all numbers in one list.
    #[serde(deserialize_with = "matrix")]
    pub transform_matrix: [[f64; 4]; 4],
    /// The camera keys of this frame, which take precedence over those of the file.
    #[serde(flatten)]
    pub camera: TransformsCamera,
}

impl TransformsFrame {
    /// The paths of its mask, that of `mask_path` first.
    pub(super) fn masks(&self) -> impl Iterator<Item = &str> {
        let names = [&self.mask_path, &self.mask, &self.masks_path, &self.mask_file_path, &self.mask_file];
        names.into_iter().filter_map(|name| name.as_deref())
    }
}

/// A text; whatever else stands there means nothing to us.
fn text_or_nothing<'de, D: Deserializer<'de>>(json: D) -> Result<Option<String>, D::Error> {
    Ok(serde_json::Value::deserialize(json)?.as_str().map(str::to_owned))
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected three or four rows of four numbers")]
enum Part {
    Number(f64),
    Row([f64; 4]),
}

/// Three or four rows of four numbers, or the same numbers in one list.
fn matrix<'de, D: Deserializer<'de>>(json: D) -> Result<[[f64; 4]; 4], D::Error> {
    let parts = Vec::<Part>::deserialize(json)?;
    let numbers: Vec<f64> = parts
        .iter()
        .flat_map(|part| match part {
            Part::Number(number) => std::slice::from_ref(number),
            Part::Row(row) => row.as_slice(),
        })
        .copied()
        .collect();
    match numbers.as_chunks() {
        ([x, y, z], []) => Ok([*x, *y, *z, [0.0, 0.0, 0.0, 1.0]]),
        ([x, y, z, last], []) => Ok([*x, *y, *z, *last]),
        _ => Err(D::Error::custom(format!(
            "expected three or four rows of four numbers, found {} numbers",
            numbers.len()
        ))),
    }
}

/// A `transforms.json` that could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TransformsError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not JSON, or not of this kind.
    #[error("{} is not a transforms.json: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },
    /// A frame whose camera cannot take a picture.
    #[error("{}: frame {frame}: {source}", path.display())]
    Camera {
        /// The file.
        path: PathBuf,
        /// Index of the frame.
        frame: usize,
        /// The fault.
        source: CameraError,
    },
}

impl Transforms {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TransformsError`] naming the file.
    pub fn load(path: &Path) -> Result<Self, TransformsError> {
        Self::parse(&files::read(path)?, path)
    }

    /// Reads a file's content; `path` is for messages.
    ///
    /// # Errors
    /// [`TransformsError`] naming the file.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, TransformsError> {
        let parsed: Self =
            json::parse(bytes).map_err(|reason| TransformsError::Content { path: path.into(), reason })?;
        if parsed.frames.is_empty() {
            return Err(TransformsError::Content { path: path.into(), reason: "it has no frames".into() });
        }
        Ok(parsed)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// [`TransformsError`] naming the file.
    pub fn save(&self, path: &Path) -> Result<(), TransformsError> {
        let json = serde_json::to_string_pretty(self)
            .map_err(|error| TransformsError::Content { path: path.into(), reason: error.to_string() })?;
        Ok(files::write_atomically(path, json.as_bytes())?)
    }

    /// Describes cameras: what the first one is like for all, and for each frame what differs.
    #[must_use]
    pub fn from_cameras(views: &[(String, Camera)]) -> Self {
        let shared = views.first().map(|(_, camera)| TransformsCamera::of(camera)).unwrap_or_default();
        let frame = |(file_path, camera): &(String, Camera)| {
            let own = Some(TransformsCamera::of(camera)).filter(|own| *own != shared);
            TransformsFrame {
                file_path: file_path.clone(),
                mask_path: None,
                mask: None,
                masks_path: None,
                mask_file_path: None,
                mask_file: None,
                transform_matrix: opengl_pose(camera),
                camera: own.unwrap_or_default(),
            }
        };
        Self { frames: views.iter().map(frame).collect(), camera: shared, ..Self::default() }
    }

    /// The cameras of all frames, as [`Self::camera`] gives them.
    ///
    /// # Errors
    /// The same as [`Self::camera`].
    pub fn cameras(&self, path: &Path, size: Option<(u32, u32)>) -> Result<Vec<Camera>, TransformsError> {
        (0..self.frames.len()).map(|frame| self.camera(path, frame, size)).collect()
    }

    /// The camera of frame `frame` for a picture of `size` (width, height) pixels. A file without a size is scaled to
    /// that picture by its field of view alone.
    ///
    /// # Errors
    /// [`TransformsError`] when the file does not say a focal length, or the camera cannot take a picture.
    pub fn camera(&self, path: &Path, frame: usize, size: Option<(u32, u32)>) -> Result<Camera, TransformsError> {
        let content = |reason: &str| TransformsError::Content { path: path.into(), reason: reason.into() };
        let pose = self
            .frames
            .get(frame)
            .ok_or_else(|| content(&format!("there is no frame {frame}; it has {}", self.frames.len())))?;
        let said = pose.camera.or(&self.camera);
        let (width, height) =
            said.size().or(size).ok_or_else(|| content("neither `w` and `h` nor an image size is known"))?;
        let fault = |source| TransformsError::Camera { path: path.into(), frame, source };
        let camera = Camera {
            view_from_world: pose.pose().map_err(fault)?.view_from_world,
            intrinsics: said.intrinsics((width, height)).map_err(|reason| content(&reason))?,
            width,
            height,
        };
        camera.check().map_err(fault)?;
        Ok(size.map_or(camera, |(width, height)| camera.resized(width, height)))
    }
}

impl TransformsFrame {
    /// The pose in the axes of [`Camera`].
    ///
    /// # Errors
    /// [`CameraError::Pose`] where the matrix is no rotation and translation, up to a common scale.
    pub fn pose(&self) -> Result<RigidPose, CameraError> {
        RigidPose::of(&self.transform_matrix).map_err(CameraError::Pose)
    }
}

fn opengl_pose(camera: &Camera) -> [[f64; 4]; 4] {
    let world_from_view = camera.view_from_world.inverse();
    let world_from_opengl = DAffine3 {
        matrix3: world_from_view.matrix3 * DMat3::from_diagonal(OPENGL_FROM_OPENCV),
        translation: world_from_view.translation,
    };
    DMat4::from(world_from_opengl).transpose().to_cols_array_2d()
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;
    use crate::camera::Intrinsics;

    #[test]
    fn cameras_come_back_through_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transforms_train.json");
        let mut camera = Camera::look_at(DVec3::new(3.0, 1.0, 2.0), DVec3::ZERO, DVec3::Z, 80.0, 64, 48);
        camera.intrinsics = Intrinsics { fx: 80.0, fy: 82.0, cx: 30.0, cy: 25.0 };
        let other = Camera { width: 32, intrinsics: Intrinsics { cx: 16.0, ..camera.intrinsics }, ..camera };
        let written = Transforms::from_cameras(&[("train/0.png".into(), camera), ("train/1.png".into(), other)]);
        written.save(&path).unwrap();
        let read = Transforms::load(&path).unwrap();
        for (index, camera) in [camera, other].into_iter().enumerate() {
            let read = read.camera(&path, index, None).unwrap();
            assert!(read.view_from_world.abs_diff_eq(camera.view_from_world, 1e-12));
            assert_eq!((read.intrinsics, read.width, read.height), (camera.intrinsics, camera.width, camera.height));
        }
    }

    #[test]
    fn blender_files_know_only_an_angle() {
        let transforms = Transforms {
            camera: TransformsCamera {
                camera_angle_x: Some(std::f64::consts::FRAC_PI_2),
                ..TransformsCamera::default()
            },
            frames: vec![TransformsFrame {
                file_path: "r_0".into(),
                mask_path: None,
                mask: None,
                masks_path: None,
                mask_file_path: None,
                mask_file: None,
                transform_matrix: DMat4::IDENTITY.to_cols_array_2d(),
                camera: TransformsCamera::default(),
            }],
            ..Transforms::default()
        };
        let path = Path::new("transforms.json");
        let camera = transforms.camera(path, 0, Some((800, 600))).unwrap();
        assert!((camera.intrinsics.fx - 400.0).abs() < 1e-9 && (camera.intrinsics.cy - 300.0).abs() < 1e-9);
        let ahead = camera.view_from_world.transform_point3(DVec3::NEG_Z);
        assert!(ahead.abs_diff_eq(DVec3::Z, 1e-12), "an OpenGL camera looks along −z");
        assert!(transforms.camera(path, 0, None).is_err());
    }
}
