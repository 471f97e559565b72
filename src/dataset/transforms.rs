//! `transforms.json` of NeRF, Blender and nerfstudio: cameras in OpenGL axes (x right, y up, z backward).

use std::ops::Range;
use std::path::{Path, PathBuf};

use glam::{DAffine3, DMat3, DMat4};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::json;
use super::lens::{Lens, LensModel};
use super::pose::OPENGL_FROM_OPENCV;
pub use super::pose::RigidPose;
use crate::camera::{Camera, CameraError, Intrinsics};
use crate::files::{self, FileError};

/// A `transforms.json` file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transforms {
    /// What all frames share.
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
    /// The same by another name that programs give it; a frame may have several.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub mask: Option<String>,
    /// As above.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub masks_path: Option<String>,
    /// As above.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub mask_file_path: Option<String>,
    /// As above.
    #[serde(default, skip_serializing, deserialize_with = "text_or_nothing")]
    pub mask_file: Option<String>,
    /// `world_from_camera`, row-major, OpenGL axes. Files may lack the last row, and have all numbers in one list.
    #[serde(deserialize_with = "matrix")]
    pub transform_matrix: [[f64; 4]; 4],
    /// What is different from what all frames share.
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

/// How pictures were taken; everything may be missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TransformsCamera {
    /// Horizontal field of view in radians, as Blender writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_angle_x: Option<f64>,
    /// Vertical field of view in radians.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_angle_y: Option<f64>,
    /// Focal length along x, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fl_x: Option<f64>,
    /// Focal length along y, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fl_y: Option<f64>,
    /// Principal point from the left border, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cx: Option<f64>,
    /// Principal point from the upper border, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cy: Option<f64>,
    /// Width, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub w: Option<f64>,
    /// Height, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h: Option<f64>,
    /// Lens distortion of OpenCV's models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k1: Option<f64>,
    /// As above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k2: Option<f64>,
    /// As above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k3: Option<f64>,
    /// As above; a fourth radial term, but of `FULL_OPENCV` the first of three that divide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k4: Option<f64>,
    /// Of `FULL_OPENCV` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k5: Option<f64>,
    /// As above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k6: Option<f64>,
    /// Tangential distortion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p1: Option<f64>,
    /// As above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p2: Option<f64>,
    /// nerfstudio's other way to say k1, k2, k3, k4, p1, p2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distortion_params: Option<Vec<f64>>,
    /// instant-ngp: a lens of NVIDIA's, which is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ftheta_p0: Option<f64>,
    /// COLMAP's name of the camera model; that of OpenCV where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_model: Option<String>,
    /// instant-ngp's way to say that it is a fisheye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_fisheye: Option<bool>,
}

/// The models of nerfstudio whose radial terms are a polynomial of the squared radius.
const PERSPECTIVE: [&str; 6] = ["PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "PERSPECTIVE"];

/// Those whose radial terms are a polynomial of the squared angle.
const FISHEYE: [&str; 5] = ["OPENCV_FISHEYE", "FISHEYE", "SIMPLE_FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE"];

/// COLMAP's model with a polynomial in the divisor.
const FULL: &str = "FULL_OPENCV";

/// Widths and heights that are believed, pixels.
const SIDES: Range<f64> = 1.0..1e6;

/// A picture of all directions.
const PANORAMA: &str = "EQUIRECTANGULAR";

impl TransformsCamera {
    /// Size and intrinsics of a camera.
    fn of(camera: &Camera) -> Self {
        let Camera { intrinsics: Intrinsics { fx, fy, cx, cy }, width, height, .. } = *camera;
        Self {
            camera_angle_x: Some(2.0 * (f64::from(width) / (2.0 * fx)).atan()),
            fl_x: Some(fx),
            fl_y: Some(fy),
            cx: Some(cx),
            cy: Some(cy),
            w: Some(width.into()),
            h: Some(height.into()),
            ..Self::default()
        }
    }

    /// This, and `shared` for what this does not say. A focal length is said by an angle as well.
    #[must_use]
    pub fn or(&self, shared: &Self) -> Self {
        let has_focal = self.fl_x.is_some() || self.camera_angle_x.is_some();
        let focal = if has_focal { self } else { shared };
        Self {
            camera_angle_x: focal.camera_angle_x,
            camera_angle_y: focal.camera_angle_y,
            fl_x: focal.fl_x,
            fl_y: focal.fl_y,
            cx: self.cx.or(shared.cx),
            cy: self.cy.or(shared.cy),
            w: self.w.or(shared.w),
            h: self.h.or(shared.h),
            k1: self.k1.or(shared.k1),
            k2: self.k2.or(shared.k2),
            k3: self.k3.or(shared.k3),
            k4: self.k4.or(shared.k4),
            k5: self.k5.or(shared.k5),
            k6: self.k6.or(shared.k6),
            p1: self.p1.or(shared.p1),
            p2: self.p2.or(shared.p2),
            distortion_params: self.distortion_params.clone().or_else(|| shared.distortion_params.clone()),
            ftheta_p0: self.ftheta_p0.or(shared.ftheta_p0),
            camera_model: self.camera_model.clone().or_else(|| shared.camera_model.clone()),
            is_fisheye: self.is_fisheye.or(shared.is_fisheye),
        }
    }

    /// Width and height of the picture, where they are said.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "guarded by the range of the filter")]
    pub fn size(&self) -> Option<(u32, u32)> {
        let side = |value: Option<f64>| value.filter(|side| SIDES.contains(side)).map(|side| side.round() as u32);
        Some((side(self.w)?, side(self.h)?))
    }

    /// Focal lengths and principal point for a picture of this size.
    ///
    /// # Errors
    /// A sentence, where no focal length is said or an angle is none of a camera.
    pub fn intrinsics(&self, (width, height): (u32, u32)) -> Result<Intrinsics, String> {
        let (width, height) = (f64::from(width), f64::from(height));
        let fx = match (self.fl_x, self.camera_angle_x) {
            (Some(fx), _) => fx,
            (None, Some(angle)) => focal_of_angle("camera_angle_x", angle, width)?,
            (None, None) => return Err("it has neither `fl_x` nor `camera_angle_x`".into()),
        };
        let fy = match (self.fl_y, self.fl_x, self.camera_angle_y) {
            (Some(fy), ..) => fy,
            (None, None, Some(angle)) => focal_of_angle("camera_angle_y", angle, height)?,
            _ => fx,
        };
        Ok(Intrinsics { fx, fy, cx: self.cx.unwrap_or(width / 2.0), cy: self.cy.unwrap_or(height / 2.0) })
    }

    /// The lens of a picture of this size.
    ///
    /// # Errors
    /// A sentence, where no focal length is said or the model of the camera is not a known one.
    pub fn lens(&self, size: (u32, u32)) -> Result<Lens, String> {
        self.check_size()?;
        let name = self.camera_model.as_deref().unwrap_or("OPENCV").to_ascii_uppercase();
        let name = name.as_str();
        if name == PANORAMA {
            let lens = Lens::new(LensModel::Equirectangular, &[size.0.into(), size.1.into()]);
            return lens.ok_or_else(|| "its picture has no size".into());
        }
        if self.ftheta_p0.is_some() {
            return Err(
                "`ftheta_p0` stands for a lens that is not read; its pictures have to be undistorted before".into()
            );
        }
        let is_fisheye = FISHEYE.contains(&name) || self.is_fisheye == Some(true);
        if !is_fisheye && name != FULL && !PERSPECTIVE.contains(&name) {
            let name: String = name.chars().take(40).collect();
            let known = [&PERSPECTIVE[..5], &FISHEYE, &[FULL, PANORAMA]].concat().join(", ");
            return Err(format!("camera model `{name}` is not known; known are {known}"));
        }
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics(size)?;
        let (model, distortion) = self.distortion(is_fisheye, name == FULL)?;
        let lens = Lens::new(model, &[&[fx, fy, cx, cy], distortion.as_slice()].concat());
        let lens = lens.ok_or("its lens has the wrong number of values")?;
        lens.check_of_size([size.0, size.1])?;
        Ok(lens)
    }

    /// Refuses sizes that no picture has.
    fn check_size(&self) -> Result<(), String> {
        for (key, side) in [("w", self.w), ("h", self.h)] {
            if let Some(side) = side.filter(|side| !SIDES.contains(side)) {
                return Err(format!("`{key}` is {side}; a number of pixels from 1 on is expected"));
            }
        }
        Ok(())
    }

    /// The simplest model that has the terms that are not zero, and its parameters of distortion.
    fn distortion(&self, is_fisheye: bool, is_full: bool) -> Result<(LensModel, Vec<f64>), String> {
        let value = |value: Option<f64>| value.unwrap_or(0.0);
        let [k1, k2, k3, k4, p1, p2] = match self.distortion_params.as_deref() {
            None => [self.k1, self.k2, self.k3, self.k4, self.p1, self.p2].map(value),
            Some(&[k1, k2, k3, k4, p1, p2]) => [k1, k2, k3, k4, p1, p2],
            Some(list) => return Err(format!("`distortion_params` has {} values, six are expected", list.len())),
        };
        let [k5, k6] = [self.k5, self.k6].map(value);
        if is_full {
            return Ok((LensModel::FullOpenCv, vec![k1, k2, p1, p2, k3, k4, k5, k6]));
        }
        if [k5, k6] != [0.0; 2] {
            return Err(format!("k5 is {k5} and k6 is {k6}, and only {FULL} has them"));
        }
        Ok(match (is_fisheye, [p1, p2] != [0.0; 2]) {
            (true, false) => (LensModel::OpenCvFisheye, vec![k1, k2, k3, k4]),
            (true, true) => (LensModel::ThinPrismFisheye, vec![k1, k2, p1, p2, k3, k4, 0.0, 0.0]),
            _ if k4 != 0.0 => (LensModel::Nerfstudio, vec![k1, k2, p1, p2, k3, k4]),
            _ if k3 != 0.0 => (LensModel::FullOpenCv, vec![k1, k2, p1, p2, k3, 0.0, 0.0, 0.0]),
            _ if [k1, k2, p1, p2] == [0.0; 4] => (LensModel::Pinhole, Vec::new()),
            _ => (LensModel::OpenCv, vec![k1, k2, p1, p2]),
        })
    }
}

/// The focal length of a field of view, in the unit of `side`.
fn focal_of_angle(key: &str, angle: f64, side: f64) -> Result<f64, String> {
    if angle > 0.0 && angle < std::f64::consts::PI {
        return Ok(side / (2.0 * (angle / 2.0).tan()));
    }
    Err(format!("`{key}` is {angle}; radians between 0 and π are expected"))
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
    /// As [`Self::camera`].
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
            said.size().or(size).ok_or_else(|| content("neither `w` and `h` nor a picture size is known"))?;
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
