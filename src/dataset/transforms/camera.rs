//! The camera keys of a `transforms.json`: size, focal lengths and lens, each of which may be missing.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::camera::{Camera, Intrinsics};
use crate::dataset::lens::{Lens, LensModel};
use crate::text::quoted;

/// The camera of pictures; every key may be missing.
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
    /// The first radial term of OpenCV's distortion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k1: Option<f64>,
    /// The second radial term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k2: Option<f64>,
    /// The third radial term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k3: Option<f64>,
    /// The fourth radial term; in `FULL_OPENCV` the first of three terms in the divisor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k4: Option<f64>,
    /// The second term in the divisor, which `FULL_OPENCV` alone has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k5: Option<f64>,
    /// The third term in the divisor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k6: Option<f64>,
    /// The first term of tangential distortion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p1: Option<f64>,
    /// The second term of tangential distortion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p2: Option<f64>,
    /// nerfstudio's list of k1, k2, k3, k4, p1, p2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distortion_params: Option<Vec<f64>>,
    /// instant-ngp: a lens of NVIDIA's, which is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ftheta_p0: Option<f64>,
    /// COLMAP's name of the camera model; a missing one means `OPENCV`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera_model: Option<String>,
    /// instant-ngp's flag of a fisheye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_fisheye: Option<bool>,
}

/// The models of nerfstudio whose radial terms are a polynomial of the squared radius.
const PERSPECTIVE: [&str; 6] = ["PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "PERSPECTIVE"];

/// The models of nerfstudio whose radial terms are a polynomial of the squared angle.
const FISHEYE: [&str; 5] = ["OPENCV_FISHEYE", "FISHEYE", "SIMPLE_FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE"];

/// COLMAP's model with a polynomial in the divisor.
const FULL: &str = "FULL_OPENCV";

/// Widths and heights that are accepted, pixels.
const SIDES: Range<f64> = 1.0..1e6;

/// A picture of all directions.
const PANORAMA: &str = "EQUIRECTANGULAR";

impl TransformsCamera {
    /// Size and intrinsics of a camera.
    pub(super) fn of(camera: &Camera) -> Self {
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

    /// These keys, and those of `shared` where these are missing. An angle gives a focal length as well.
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

    /// Width and height of the picture, where the file has them.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "guarded by the range of the filter")]
    pub fn size(&self) -> Option<(u32, u32)> {
        let side = |value: Option<f64>| value.filter(|side| SIDES.contains(side)).map(|side| side.round() as u32);
        Some((side(self.w)?, side(self.h)?))
    }

    /// Focal lengths and principal point for a picture of this size.
    ///
    /// # Errors
    /// A sentence when there is no focal length or an angle is out of range.
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
    /// A sentence when there is no focal length or the model of the camera is not known.
    pub fn lens(&self, size: (u32, u32)) -> Result<Lens, String> {
        self.check_size()?;
        let name = self.camera_model.as_deref().unwrap_or("OPENCV").to_ascii_uppercase();
        let name = name.as_str();
        if name == PANORAMA {
            let lens = Lens::new(LensModel::Equirectangular, &[size.0.into(), size.1.into()]);
            return lens.ok_or_else(|| "its image has no size".into());
        }
        if self.ftheta_p0.is_some() {
            return Err(
                "`ftheta_p0` stands for a lens that is not read; its images have to be undistorted before".into()
            );
        }
        let is_fisheye = FISHEYE.contains(&name) || self.is_fisheye == Some(true);
        if !is_fisheye && name != FULL && !PERSPECTIVE.contains(&name) {
            let name = quoted(name);
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
