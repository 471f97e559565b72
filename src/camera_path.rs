//! A path of the camera through a scene: key frames, and smooth motion between them. docs/viewer.md describes the file;
//! files of some other programs are read, too.

mod foreign;

use std::path::{Path, PathBuf};

use glam::{DAffine3, DMat3, DQuat, DVec3, DVec4};
use serde::{Deserialize, Serialize};

use crate::camera::{Camera, Intrinsics};
use crate::files::{self, FileError};

/// Value of the key `format`.
const FORMAT: &str = "lapidary-camera-path";

/// Value of the key `version`; raised when an older reader would misread the file.
const VERSION: u32 = 1;

/// Most frames of a path, and most keys: what a file claims decides about work and memory.
const MAX_FRAMES: f64 = 1e6;

/// A camera at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Seconds from the start.
    pub time: f64,
    /// The position of the camera, world units.
    pub position: [f64; 3],
    /// `world_from_view` as a quaternion x, y, z, w; the view's axes are x right, y down, z forward.
    pub orientation: [f64; 4],
    /// Vertical field of view, degrees.
    pub fov_y: f64,
}

impl Key {
    /// The key of a camera; only the vertical field of view is kept of its intrinsics.
    #[must_use]
    pub fn of_camera(time: f64, camera: &Camera) -> Self {
        let orientation = DQuat::from_mat3(&camera.view_from_world.matrix3).inverse().normalize();
        Self {
            time,
            position: camera.position().to_array(),
            orientation: orientation.to_array(),
            fov_y: (2.0 * camera.half_size().y.atan()).to_degrees(),
        }
    }

    /// The camera for a picture of this size, with square pixels and the principal point in the middle.
    #[must_use]
    pub fn camera(&self, width: u32, height: u32) -> Camera {
        let orientation = DQuat::from_array(self.orientation).normalize();
        let view_from_world = DMat3::from_quat(orientation.inverse());
        let focal = f64::from(height) / (2.0 * (self.fov_y.to_radians() / 2.0).tan());
        Camera {
            view_from_world: DAffine3::from_mat3_translation(
                view_from_world,
                -(view_from_world * DVec3::from_array(self.position)),
            ),
            intrinsics: Intrinsics { fx: focal, fy: focal, cx: f64::from(width) / 2.0, cy: f64::from(height) / 2.0 },
            width,
            height,
        }
    }

    fn fault(&self) -> Option<&'static str> {
        let numbers = [self.time, self.fov_y].into_iter().chain(self.position).chain(self.orientation);
        let length = DVec4::from_array(self.orientation).length();
        if !numbers.into_iter().all(f64::is_finite) {
            Some("a number is not finite")
        } else if !(0.5..2.0).contains(&length) {
            Some("`orientation` is not a unit quaternion")
        } else if !(0.1..179.0).contains(&self.fov_y) {
            Some("`fov_y` is not between 0.1 and 179 degrees")
        } else {
            None
        }
    }
}

/// Key frames in the order of their times.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraPath {
    keys: Vec<Key>,
    /// Frames per second of a video.
    pub frames_per_second: f64,
    /// Width and height of its pictures, pixels, where another program said them.
    pub size: Option<[u32; 2]>,
}

impl Default for CameraPath {
    fn default() -> Self {
        Self { keys: Vec::new(), frames_per_second: 30.0, size: None }
    }
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    format: String,
    version: u32,
    frames_per_second: f64,
    keys: Vec<Key>,
}

/// A camera path that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CameraPathError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that holds something else.
    #[error(
        "{} is not a camera path; read are those of the viewer (`format` {FORMAT}) and of nerfstudio (`camera_path`), \
         cameras.json of 3DGS, and .lookat of SIBR",
        path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A camera path with a fault.
    #[error("{} is not a camera path: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },
}

impl CameraPath {
    /// A path through these keys, in the order of their times.
    #[must_use]
    pub fn new(mut keys: Vec<Key>, frames_per_second: f64) -> Self {
        keys.sort_by(|a, b| a.time.total_cmp(&b.time));
        Self { keys, frames_per_second, size: None }
    }

    /// The keys in order.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Adds a key; one at the same time is replaced.
    pub fn insert(&mut self, key: Key) {
        self.keys.retain(|other| (other.time - key.time).abs() > 1e-6);
        let at = self.keys.partition_point(|other| other.time < key.time);
        self.keys.insert(at, key);
    }

    /// Takes a key out; nothing happens if there is no such key.
    pub fn remove(&mut self, index: usize) {
        if index < self.keys.len() {
            self.keys.remove(index);
        }
    }

    /// Seconds from the first key to the last.
    #[must_use]
    pub fn duration(&self) -> f64 {
        match (self.keys.first(), self.keys.last()) {
            (Some(first), Some(last)) => last.time - first.time,
            _ => 0.0,
        }
    }

    /// The camera at a time, `None` without keys; before the first key and after the last it stands still.
    #[must_use]
    pub fn at(&self, time: f64) -> Option<Key> {
        let after = self.keys.partition_point(|key| key.time <= time);
        let (Some(first), Some(last)) = (self.keys.first(), self.keys.last()) else { return None };
        let (Some(a), Some(b)) = (after.checked_sub(1).and_then(|i| self.keys.get(i)), self.keys.get(after)) else {
            return Some(if after == 0 { *first } else { *last });
        };
        let part = (time - a.time) / (b.time - a.time);
        let values = |key: &Key| {
            let [x, y, z] = key.position;
            // Fields of view change evenly by their tangents, as the picture's size does.
            [x, y, z, (key.fov_y.to_radians() / 2.0).tan().ln()]
        };
        let before = after.checked_sub(2).and_then(|i| self.keys.get(i));
        let next = self.keys.get(after + 1);
        let blend = Hermite { before, a, b, next, part };
        let [x, y, z, tangent] = blend.of(values);
        // A quaternion and its negative are one turn: take the near ones.
        let towards = DVec4::from_array(a.orientation).normalize();
        let near = |key: &Key| {
            let q = DVec4::from_array(key.orientation).normalize();
            (if q.dot(towards) < 0.0 { -q } else { q }).to_array()
        };
        let orientation = DVec4::from_array(blend.of(near)).normalize_or(towards).to_array();
        let fov_y = (2.0 * tangent.exp().atan()).to_degrees();
        Some(Key { time, position: [x, y, z], orientation, fov_y })
    }

    /// Every frame of a video, from the first key to the last; one for a single key.
    #[must_use]
    pub fn frames(&self) -> Vec<Key> {
        let first = self.keys.first().map_or(0.0, |key| key.time);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked when read; saturates")]
        // The time of the last frame is rounded.
        let count = (self.duration() * self.frames_per_second + 1e-6).floor().clamp(0.0, MAX_FRAMES) as usize;
        (0..=count).filter_map(|frame| self.at(first + frame as f64 / self.frames_per_second)).collect()
    }

    /// Reads a file of the viewer, of nerfstudio, of 3DGS or of SIBR. Cameras of the last three follow each other frame by
    /// frame.
    ///
    /// # Errors
    /// [`CameraPathError`] naming the file and what was expected.
    pub fn load(path: &Path) -> Result<Self, CameraPathError> {
        let content = |reason: String| CameraPathError::Content { path: path.into(), reason };
        let bytes = files::read(path)?;
        let bytes = files::without_byte_order_mark(&bytes).map_err(content)?;
        match foreign::parse(bytes, None) {
            Some(frames) => frames.map(Self::of_frames).and_then(Self::checked).map_err(content),
            None if has_key(bytes, "format") => Self::parse(bytes).and_then(Self::checked).map_err(content),
            None => Err(CameraPathError::Unknown { path: path.into() }),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let stored: Stored = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if stored.format != FORMAT || stored.version != VERSION {
            return Err(format!("expected `format` {FORMAT} and `version` {VERSION}"));
        }
        if stored.keys.windows(2).any(|pair| pair[0].time >= pair[1].time) {
            return Err("the times of its keys do not grow".into());
        }
        Ok(Self::new(stored.keys, stored.frames_per_second))
    }

    /// A key for each frame.
    fn of_frames(frames: foreign::Frames) -> Self {
        let foreign::Frames { cameras, frames_per_second, size } = frames;
        let key = |(index, camera)| Key::of_camera(f64::from(index) / frames_per_second, camera);
        Self { size, ..Self::new((0u32..).zip(&cameras).map(key).collect(), frames_per_second) }
    }

    fn checked(self) -> Result<Self, String> {
        if self.keys.is_empty() {
            return Err("it has no keys".into());
        }
        if let Some((index, fault)) = self.keys.iter().enumerate().find_map(|(i, key)| Some((i, key.fault()?))) {
            return Err(format!("key {index}: {fault}"));
        }
        if !(0.1..=1000.0).contains(&self.frames_per_second) {
            return Err("`frames_per_second` is not between 0.1 and 1000".into());
        }
        if self.duration() * self.frames_per_second > MAX_FRAMES {
            return Err(format!("it has more than {MAX_FRAMES} frames"));
        }
        Ok(self)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// [`CameraPathError`] naming the file.
    pub fn save(&self, path: &Path) -> Result<(), CameraPathError> {
        let stored = Stored {
            format: FORMAT.into(),
            version: VERSION,
            frames_per_second: self.frames_per_second,
            keys: self.keys.clone(),
        };
        let json = serde_json::to_vec_pretty(&stored)
            .map_err(|error| CameraPathError::Content { path: path.into(), reason: error.to_string() })?;
        Ok(files::write_atomically(path, &json)?)
    }
}

/// Whether bytes are a JSON object with this key.
fn has_key(bytes: &[u8], key: &str) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|json| json.get(key).is_some())
}

/// The cameras of a file of nerfstudio, 3DGS or SIBR, each with its own size, or of `size` where the file says none; `None`
/// where it is another file.
///
/// # Errors
/// [`CameraPathError`] naming the file and what was expected.
pub fn cameras_of_others(path: &Path, size: Option<[u32; 2]>) -> Result<Option<Vec<Camera>>, CameraPathError> {
    let content = |reason: String| CameraPathError::Content { path: path.into(), reason };
    let bytes = files::read(path)?;
    let text = files::without_byte_order_mark(&bytes).map_err(content)?;
    let frames = foreign::parse(text, size).transpose().map_err(content)?;
    Ok(frames.map(|frames| frames.cameras))
}

/// Cubic Hermite interpolation between the keys a and b; the tangent at a key is the slope between its neighbours, so the
/// velocity has no jumps.
struct Hermite<'a> {
    before: Option<&'a Key>,
    a: &'a Key,
    b: &'a Key,
    next: Option<&'a Key>,
    part: f64,
}

impl Hermite<'_> {
    fn of(&self, values: impl Fn(&Key) -> [f64; 4]) -> [f64; 4] {
        let (a, b) = (values(self.a), values(self.b));
        let span = self.b.time - self.a.time;
        // A path starts and ends at rest.
        let slope = |from: Option<&Key>, to: Option<&Key>| match (from, to) {
            (Some(from), Some(to)) => {
                let (low, high) = (values(from), values(to));
                [0, 1, 2, 3].map(|i| (high[i] - low[i]) / (to.time - from.time) * span)
            }
            _ => [0.0; 4],
        };
        let (leaving, arriving) = (slope(self.before, Some(self.b)), slope(Some(self.a), self.next));
        let t = self.part;
        let (t2, t3) = (t * t, t * t * t);
        let weights = [2.0 * t3 - 3.0 * t2 + 1.0, t3 - 2.0 * t2 + t, 3.0 * t2 - 2.0 * t3, t3 - t2];
        [0, 1, 2, 3].map(|i| weights[0] * a[i] + weights[1] * leaving[i] + weights[2] * b[i] + weights[3] * arriving[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(time: f64, x: f64, turn: f64) -> Key {
        let orientation = DQuat::from_rotation_y(turn).to_array();
        Key { time, position: [x, 0.0, 1.0], orientation, fov_y: 50.0 }
    }

    fn path() -> CameraPath {
        CameraPath::new(vec![key(2.0, 5.0, 1.0), key(0.0, 0.0, 0.0), key(1.0, 1.0, 0.5)], 30.0)
    }

    #[test]
    fn a_path_goes_through_its_keys_and_stands_still_outside() {
        let path = path();
        for stored in path.keys() {
            let found = path.at(stored.time).unwrap();
            assert!((found.position[0] - stored.position[0]).abs() < 1e-12 && (found.fov_y - 50.0).abs() < 1e-9);
            let turn = DQuat::from_array(found.orientation).angle_between(DQuat::from_array(stored.orientation));
            assert!(turn < 1e-6);
        }
        assert_eq!(path.at(-1.0).unwrap().position, [0.0, 0.0, 1.0]);
        assert_eq!(path.at(9.0).unwrap().position, [5.0, 0.0, 1.0]);
        assert!(CameraPath::default().at(0.0).is_none());
    }

    #[test]
    fn place_and_velocity_have_no_jumps() {
        let path = path();
        let x = |time: f64| path.at(time).unwrap().position[0];
        let velocity = |time: f64| (x(time + 1e-5) - x(time - 1e-5)) / 2e-5;
        for time in [0.0, 1.0, 2.0] {
            assert!((x(time + 1e-7) - x(time - 1e-7)).abs() < 1e-5);
            assert!((velocity(time + 1e-4) - velocity(time - 1e-4)).abs() < 0.05, "at {time}");
        }
    }

    #[test]
    fn the_shorter_turn_is_taken() {
        let mut keys = vec![key(0.0, 0.0, 0.0), key(1.0, 1.0, 1.0)];
        keys[1].orientation = keys[1].orientation.map(|value| -value);
        let half = CameraPath::new(keys, 30.0).at(0.5).unwrap();
        let angle = DQuat::from_array(half.orientation).angle_between(DQuat::from_rotation_y(0.5));
        assert!(angle < 1e-6, "{angle}");
    }

    #[test]
    fn a_camera_becomes_a_key_and_back() {
        let camera = Camera::look_at(DVec3::new(1.0, -2.0, 3.0), DVec3::ZERO, DVec3::Z, 50.0, 64, 48);
        let back = Key::of_camera(0.0, &camera).camera(64, 48);
        assert!((back.position() - camera.position()).length() < 1e-9);
        assert!((back.intrinsics.fx - 50.0).abs() < 1e-9);
        back.check().unwrap();
    }

    #[test]
    fn files_come_back_and_bad_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("path.json");
        path().save(&file).unwrap();
        let loaded = CameraPath::load(&file).unwrap();
        assert_eq!(loaded, path());
        assert_eq!(loaded.frames().len(), 61);
        files::write_atomically(&file, &[b"\xef\xbb\xbf", &std::fs::read(&file).unwrap()[..]].concat()).unwrap();
        assert_eq!(CameraPath::load(&file).unwrap(), path(), "with a byte order mark");
        path().save(&file).unwrap();
        let good = std::fs::read_to_string(&file).unwrap();
        for (from, to, part) in [
            ("lapidary-camera-path", "other", "format"),
            ("\"format\"", "\"other\"", "camera_path"),
            ("\"time\": 1.0", "\"time\": 7.0", "do not grow"),
            ("\"fov_y\": 50.0", "\"fov_y\": 0.0", "fov_y"),
            ("\"frames_per_second\": 30.0", "\"frames_per_second\": 1e300", "frames_per_second"),
        ] {
            files::write_atomically(&file, good.replacen(from, to, 1).as_bytes()).unwrap();
            let message = CameraPath::load(&file).unwrap_err().to_string();
            assert!(message.contains("path.json") && message.contains(part), "{message}");
        }
    }

    #[test]
    fn every_frame_of_another_program_is_one_of_the_video() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("path.json");
        let frame = |x: usize| serde_json::json!({"camera_to_world": [1, 0, 0, x, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], "fov": 40});
        for count in [1, 2, 30, 100] {
            let frames: Vec<_> = (0..count).map(frame).collect();
            let json =
                serde_json::json!({"camera_path": frames, "fps": 29.97, "render_width": 64, "render_height": 48});
            files::write_atomically(&file, format!("\u{feff}{json}").as_bytes()).unwrap();
            let path = CameraPath::load(&file).unwrap();
            let found: Vec<f64> = path.frames().iter().map(|key| key.position[0]).collect();
            assert_eq!(found, (0..count).map(|x| x as f64).collect::<Vec<_>>());
            assert_eq!((path.size, path.frames_per_second), (Some([64, 48]), 29.97));
            assert!((path.keys()[0].fov_y - 40.0).abs() < 1e-9);
        }
        assert_eq!(cameras_of_others(&file, None).unwrap().unwrap().len(), 100);
        files::write_atomically(&file, b"[]").unwrap();
        assert!(cameras_of_others(&file, None).unwrap().is_none());
        assert!(CameraPath::load(&file).unwrap_err().to_string().contains("nerfstudio"));
    }

    #[test]
    fn a_key_at_the_same_time_is_replaced() {
        let mut path = path();
        path.insert(key(1.0, 7.0, 0.0));
        assert_eq!(path.keys().len(), 3);
        assert_eq!(path.at(1.0).unwrap().position[0], 7.0);
        path.remove(9);
        path.remove(0);
        assert_eq!(path.keys().len(), 2);
    }
}
