//! `transforms.json` of NeRF, Blender and nerfstudio: cameras in OpenGL axes (x right, y up, z backward).

use std::path::{Path, PathBuf};

use glam::{DAffine3, DMat3, DMat4, DVec3};
use serde::{Deserialize, Serialize};

use crate::camera::{Camera, CameraError, Intrinsics};
use crate::files::{self, FileError};

/// A `transforms.json` file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transforms {
    /// Horizontal field of view in radians, as Blender writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_angle_x: Option<f64>,
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
    /// As above; of the fisheye model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k3: Option<f64>,
    /// As above; of the fisheye model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k4: Option<f64>,
    /// As above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p1: Option<f64>,
    /// As above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p2: Option<f64>,
    /// COLMAP's name of the camera model; `OPENCV` where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_model: Option<String>,
    /// One entry per picture.
    pub frames: Vec<TransformsFrame>,
}

/// A picture and its pose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransformsFrame {
    /// The picture, relative to the file's folder; the extension may be missing.
    pub file_path: String,
    /// `world_from_camera`, row-major, OpenGL axes.
    pub transform_matrix: [[f64; 4]; 4],
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
        let parsed: Self = serde_json::from_slice(&files::read(path)?)
            .map_err(|error| TransformsError::Content { path: path.into(), reason: error.to_string() })?;
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

    /// Whether the lens is a fisheye, and the four numbers of its distortion; `None` where the file gives none.
    #[must_use]
    pub fn distortion(&self) -> Option<(bool, [f64; 4])> {
        let is_fisheye = self.camera_model.as_deref() == Some("OPENCV_FISHEYE");
        let numbers =
            if is_fisheye { [self.k1, self.k2, self.k3, self.k4] } else { [self.k1, self.k2, self.p1, self.p2] };
        (is_fisheye || numbers.iter().any(Option::is_some)).then(|| (is_fisheye, numbers.map(|k| k.unwrap_or(0.0))))
    }

    /// Describes cameras of one size and one set of intrinsics.
    #[must_use]
    pub fn from_cameras(views: &[(String, Camera)]) -> Self {
        let shared = views.first().map(|(_, camera)| *camera);
        Self {
            camera_angle_x: shared.map(|c| 2.0 * (f64::from(c.width) / (2.0 * c.intrinsics.fx)).atan()),
            fl_x: shared.map(|c| c.intrinsics.fx),
            fl_y: shared.map(|c| c.intrinsics.fy),
            cx: shared.map(|c| c.intrinsics.cx),
            cy: shared.map(|c| c.intrinsics.cy),
            w: shared.map(|c| f64::from(c.width)),
            h: shared.map(|c| f64::from(c.height)),
            frames: views
                .iter()
                .map(|(file_path, camera)| TransformsFrame {
                    file_path: file_path.clone(),
                    transform_matrix: opengl_pose(camera),
                })
                .collect(),
            ..Self::default()
        }
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
        let (width, height) =
            self.size().or(size).ok_or_else(|| content("neither `w` and `h` nor a picture size is known"))?;
        let from_angle = self.camera_angle_x.map(|angle| f64::from(width) / (2.0 * (angle / 2.0).tan()));
        let fx = self.fl_x.or(from_angle).ok_or_else(|| content("it has neither `fl_x` nor `camera_angle_x`"))?;
        let camera = Camera {
            view_from_world: view_from_world(&pose.transform_matrix),
            intrinsics: Intrinsics {
                fx,
                fy: self.fl_y.unwrap_or(fx),
                cx: self.cx.unwrap_or(f64::from(width) / 2.0),
                cy: self.cy.unwrap_or(f64::from(height) / 2.0),
            },
            width,
            height,
        };
        camera.check().map_err(|source| TransformsError::Camera { path: path.into(), frame, source })?;
        Ok(size.map_or(camera, |(width, height)| camera.resized(width, height)))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "guarded by the range of the filter")]
    fn size(&self) -> Option<(u32, u32)> {
        let side = |value: Option<f64>| value.filter(|v| (1.0..1e6).contains(v)).map(|v| v.round() as u32);
        Some((side(self.w)?, side(self.h)?))
    }
}

/// OpenGL and OpenCV cameras differ by the signs of y and z.
const OPENGL_FROM_OPENCV: DVec3 = DVec3::new(1.0, -1.0, -1.0);

fn opengl_pose(camera: &Camera) -> [[f64; 4]; 4] {
    let world_from_view = camera.view_from_world.inverse();
    let world_from_opengl = DAffine3 {
        matrix3: world_from_view.matrix3 * DMat3::from_diagonal(OPENGL_FROM_OPENCV),
        translation: world_from_view.translation,
    };
    DMat4::from(world_from_opengl).transpose().to_cols_array_2d()
}

fn view_from_world(world_from_opengl: &[[f64; 4]; 4]) -> DAffine3 {
    let world_from_opengl = DMat4::from_cols_array_2d(world_from_opengl).transpose();
    let world_from_view = DMat3::from_mat4(world_from_opengl) * DMat3::from_diagonal(OPENGL_FROM_OPENCV);
    let position = world_from_opengl.w_axis.truncate();
    let view_from_world = world_from_view.transpose();
    DAffine3::from_mat3_translation(view_from_world, -(view_from_world * position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_come_back_through_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transforms_train.json");
        let mut camera = Camera::look_at(DVec3::new(3.0, 1.0, 2.0), DVec3::ZERO, DVec3::Z, 80.0, 64, 48);
        camera.intrinsics = Intrinsics { fx: 80.0, fy: 82.0, cx: 30.0, cy: 25.0 };
        Transforms::from_cameras(&[("train/0.png".into(), camera)]).save(&path).unwrap();
        let read = Transforms::load(&path).unwrap().camera(&path, 0, None).unwrap();
        assert!(read.view_from_world.abs_diff_eq(camera.view_from_world, 1e-12));
        assert_eq!((read.intrinsics, read.width, read.height), (camera.intrinsics, 64, 48));
    }

    #[test]
    fn blender_files_know_only_an_angle() {
        let transforms = Transforms {
            camera_angle_x: Some(std::f64::consts::FRAC_PI_2),
            frames: vec![TransformsFrame {
                file_path: "r_0".into(),
                transform_matrix: DMat4::IDENTITY.to_cols_array_2d(),
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
