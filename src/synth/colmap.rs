//! A COLMAP model in its binary format: `cameras.bin`, `images.bin`, `points3D.bin`, little-endian.
//!
//! Source: COLMAP's documentation, "Output format". Identifiers here are indices plus one.

use std::path::Path;

use glam::DQuat;

use super::points::SynthPoint;
use super::views::SynthView;
use crate::files::{FileError, write_atomically};

/// COLMAP's number for the camera model with fx, fy, cx, cy.
const PINHOLE: u32 = 1;

/// The one camera that took all pictures.
const CAMERA_ID: u32 = 1;

/// Writes the three files into `folder`.
pub(super) fn write(folder: &Path, views: &[SynthView], points: &[SynthPoint]) -> Result<(), FileError> {
    let observations = observations(views.len(), points);
    write_atomically(&folder.join("cameras.bin"), &cameras(views))?;
    write_atomically(&folder.join("images.bin"), &images(views, &observations, points))?;
    write_atomically(&folder.join("points3D.bin"), &points3d(&observations, points))
}

/// The points that each view sees with their place in the point's track, in the order of the picture's 2D points.
type Observations = Vec<Vec<(usize, usize)>>;

fn observations(num_views: usize, points: &[SynthPoint]) -> Observations {
    let mut of_view = vec![Vec::new(); num_views];
    for (point_id, point) in points.iter().enumerate() {
        for (place, (view, _)) in point.track.iter().enumerate() {
            of_view[*view].push((point_id, place));
        }
    }
    of_view
}

fn cameras(views: &[SynthView]) -> Vec<u8> {
    let mut bytes = Bytes::default();
    let cameras: Vec<_> = views.iter().map(|view| view.camera).take(1).collect();
    bytes.count(cameras.len());
    for camera in cameras {
        bytes.u32(CAMERA_ID);
        bytes.u32(PINHOLE);
        bytes.u64(u64::from(camera.width));
        bytes.u64(u64::from(camera.height));
        let intrinsics = camera.intrinsics;
        bytes.f64s(&[intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy]);
    }
    bytes.0
}

fn images(views: &[SynthView], observations: &Observations, points: &[SynthPoint]) -> Vec<u8> {
    let mut bytes = Bytes::default();
    bytes.count(views.len());
    for ((image, view), seen) in (1u32..).zip(views).zip(observations) {
        bytes.u32(image);
        let pose = view.camera.view_from_world;
        let rotation = DQuat::from_mat3(&pose.matrix3);
        bytes.f64s(&[rotation.w, rotation.x, rotation.y, rotation.z]);
        bytes.f64s(&pose.translation.to_array());
        bytes.u32(CAMERA_ID);
        bytes.0.extend(view.name.as_bytes());
        bytes.0.push(0);
        bytes.count(seen.len());
        for &(point_id, place) in seen {
            let (_, pixel) = points[point_id].track[place];
            bytes.f64s(&pixel.to_array());
            bytes.count(point_id + 1);
        }
    }
    bytes.0
}

fn points3d(observations: &Observations, points: &[SynthPoint]) -> Vec<u8> {
    // Where in its picture's list of 2D points each observation of each point stands.
    let mut tracks: Vec<Vec<(u32, u32)>> = vec![Vec::new(); points.len()];
    for (image, seen) in (1u32..).zip(observations) {
        for (at, &(point_id, _)) in (0u32..).zip(seen) {
            tracks[point_id].push((image, at));
        }
    }
    let mut bytes = Bytes::default();
    bytes.count(points.len());
    for (point_id, (point, track)) in points.iter().zip(&tracks).enumerate() {
        bytes.count(point_id + 1);
        bytes.f64s(&point.position.to_array());
        bytes.0.extend(point.rgb);
        // The reprojection error: the points are exact.
        bytes.f64s(&[0.0]);
        bytes.count(track.len());
        for &(image, at) in track {
            bytes.u32(image);
            bytes.u32(at);
        }
    }
    bytes.0
}

/// A little-endian byte stream.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    /// A count or identifier.
    fn count(&mut self, value: usize) {
        self.u64(value as u64);
    }

    fn f64s(&mut self, values: &[f64]) {
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
}
