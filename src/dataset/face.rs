//! Pictures of all directions, cut into six pinholes of 90°: the faces of a cube around the camera.
//!
//! The picture is equirectangular: columns are angles around the y axis, the middle one straight ahead, and rows are angles
//! from straight up to straight down. COLMAP and nerfstudio mean the same by it.

use std::f64::consts::PI;

use glam::{DMat3, DVec2, DVec3};

use super::names::split_extension;
use crate::camera::Intrinsics;

/// The direction in which a pinhole looks, in the axes of the panorama's camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Front,
    Right,
    Back,
    Left,
    Up,
    Down,
}

impl Face {
    pub(super) const ALL: [Self; 6] = [Self::Front, Self::Right, Self::Back, Self::Left, Self::Up, Self::Down];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Right => "right",
            Self::Back => "back",
            Self::Left => "left",
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// Pixels of a side, for a panorama of that width and height. In the middle of a face, where a pinhole's pixels see the
    /// most, they see no more than the panorama's do, so that nothing is lost.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no more than the panorama's sides")]
    pub(super) fn side([width, height]: [u32; 2]) -> u32 {
        (f64::from(width) / PI).max(2.0 * f64::from(height) / PI).ceil() as u32
    }

    /// `NAME.front.EXTENSION` for `NAME.EXTENSION`.
    pub(super) fn name(self, panorama: &str) -> String {
        let face = self.word();
        match split_extension(panorama) {
            (stem, Some(extension)) => format!("{stem}.{face}.{extension}"),
            (stem, None) => format!("{stem}.{face}"),
        }
    }

    /// The name of the panorama, given that of the face.
    pub(super) fn panorama(self, name: &str) -> String {
        let infix = format!(".{}", self.word());
        match name.rfind(&infix) {
            Some(at) => [&name[..at], &name[at + infix.len()..]].concat(),
            None => name.into(),
        }
    }

    /// The rotation from the axes of the panorama's camera to those of the face's. The horizon is level in the four faces
    /// around; the lower border of the upper face and the upper border of the lower one meet the front.
    pub(super) fn face_from_panorama(self) -> DMat3 {
        let (right, down, ahead) = match self {
            Self::Front => (DVec3::X, DVec3::Y, DVec3::Z),
            Self::Right => (DVec3::NEG_Z, DVec3::Y, DVec3::X),
            Self::Back => (DVec3::NEG_X, DVec3::Y, DVec3::NEG_Z),
            Self::Left => (DVec3::Z, DVec3::Y, DVec3::NEG_X),
            Self::Up => (DVec3::X, DVec3::Z, DVec3::NEG_Y),
            Self::Down => (DVec3::X, DVec3::NEG_Z, DVec3::Y),
        };
        DMat3::from_cols(right, down, ahead).transpose()
    }

    /// Pixel coordinates in the panorama of the face's direction (x, y, 1), `p = (x, y)`. `panorama` holds its pixels a
    /// radian and its middle.
    pub(super) fn project(self, p: DVec2, panorama: &Intrinsics) -> DVec2 {
        let d = self.face_from_panorama().transpose() * p.extend(1.0);
        let around = d.x.atan2(d.z);
        let down = d.y.atan2(d.x.hypot(d.z));
        DVec2::new(panorama.fx * around + panorama.cx, panorama.fy * down + panorama.cy)
    }
}
