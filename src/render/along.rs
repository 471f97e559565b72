//! The shots of cameras that follow each other.

use super::Shot;
use crate::camera::Camera;
use crate::camera_path::CameraPath;

/// Shots that are named by their place in the list.
#[must_use]
pub fn numbered(cameras: Vec<Camera>) -> Vec<Shot> {
    let digits = cameras.len().saturating_sub(1).to_string().len().max(4);
    let shot = |(index, camera)| Shot { name: format!("{index:0digits$}"), camera };
    cameras.into_iter().enumerate().map(shot).collect()
}

/// A shot for every frame of a camera path, width and height in pixels.
#[must_use]
pub fn shots_along(path: &CameraPath, [width, height]: [u32; 2]) -> Vec<Shot> {
    numbered(path.frames().iter().map(|key| key.camera(width, height)).collect())
}
