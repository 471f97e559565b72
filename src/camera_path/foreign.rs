//! Cameras and camera paths of other programs, told by what they hold.
//!
//! | file | what it holds | axes of a camera |
//! |---|---|---|
//! | nerfstudio's camera path | `camera_path`: a pose and a vertical field of view for each frame; `render_width`, `fps`, … | x right, y up, z back |
//! | `cameras.json` of 3DGS and its kin | a list: `position`, `rotation`, `fx`, `fy`, `width` and `height` of each camera | x right, y down, z forward |
//! | `.lookat` of SIBR | a line for each camera: `-D origin=… -D target=… -D up=… -D fovy=…` | – |
//!
//! Source: `camera_paths.py` and `render_panel.py` of nerfstudio, `camera_utils.py` of gaussian-splatting, and
//! `InputCamera.cpp` of SIBR. All places are taken as those of the scene: nerfstudio writes its own normalised ones.

use glam::{DAffine3, DMat3, DVec3};
use serde::Deserialize;
use serde_json::Value;

use crate::camera::{Camera, Intrinsics, nearest_rotation, rotation_error};

/// Frames a second where nothing is said.
const RATE: f64 = 30.0;

/// Size of pictures where nothing is said.
const SIZE: [u32; 2] = [1280, 720];

/// How far axes may be from unit length and right angles: files round them.
const MAX_SKEW: f64 = 0.01;

/// Cameras one after another.
#[derive(Debug)]
pub(super) struct Frames {
    pub(super) cameras: Vec<Camera>,
    pub(super) frames_per_second: f64,
    /// Width and height of all pictures, where the file has one for all.
    pub(super) size: Option<[u32; 2]>,
}

/// Reads what another program wrote; `None` where it is no format that is known here. `size` is that of pictures whose size
/// the file does not say.
pub(super) fn parse(bytes: &[u8], size: Option<[u32; 2]>) -> Option<Result<Frames, String>> {
    let Ok(json) = serde_json::from_slice::<Value>(bytes) else {
        let text = String::from_utf8_lossy(bytes);
        return text.contains("-D origin=").then(|| lookat(&text, size.unwrap_or(SIZE)));
    };
    let is_list_of_cameras = json.get(0).is_some_and(|first| first.get("rotation").is_some());
    if is_list_of_cameras {
        Some(list(json))
    } else if json.get("camera_path").is_some() {
        Some(nerfstudio(json, size))
    } else {
        None
    }
}

/// Nerfstudio's camera path.
#[derive(Deserialize)]
struct Nerfstudio {
    camera_path: Vec<NerfstudioFrame>,
    #[serde(alias = "camera_model")]
    camera_type: Option<String>,
    render_width: Option<f64>,
    render_height: Option<f64>,
    fps: Option<f64>,
    seconds: Option<f64>,
}

#[derive(Deserialize)]
struct NerfstudioFrame {
    /// 4×4, row after row.
    camera_to_world: Vec<f64>,
    /// Vertical, degrees.
    fov: f64,
    aspect: Option<f64>,
}

fn nerfstudio(json: Value, size: Option<[u32; 2]>) -> Result<Frames, String> {
    let file: Nerfstudio = serde_json::from_value(json).map_err(|error| error.to_string())?;
    if let Some(kind) = file.camera_type.filter(|kind| !["perspective", "pinhole"].contains(&kind.as_str())) {
        return Err(format!("its cameras are `{kind}`; only those of `perspective` are drawn"));
    }
    let said = match (file.render_width, file.render_height) {
        (Some(width), Some(height)) => Some([side(width)?, side(height)?]),
        _ => None,
    };
    let camera = |(index, frame): (usize, &NerfstudioFrame)| {
        let fault = |reason: &str| format!("frame {index} of `camera_path`: {reason}");
        let &[a, b, c, x, d, e, f, y, g, h, i, z, ..] = frame.camera_to_world.as_slice() else {
            return Err(fault("`camera_to_world` needs 16 numbers"));
        };
        // Of y up and z back become y down and z forward.
        let axes = [DVec3::new(a, d, g), -DVec3::new(b, e, h), -DVec3::new(c, f, i)];
        let rotation = rotation(axes).ok_or_else(|| fault("`camera_to_world` is no rotation with a place"))?;
        let [width, height] = said.or(size).unwrap_or_else(|| of_aspect(frame.aspect));
        let focal = f64::from(height) / 2.0 / (frame.fov.to_radians() / 2.0).tan();
        camera(rotation, DVec3::new(x, y, z), [focal; 2], [width, height]).map_err(|reason| fault(&reason))
    };
    let cameras = file.camera_path.iter().enumerate().map(camera).collect::<Result<Vec<_>, _>>()?;
    let positive = |number: Option<f64>| number.filter(|number| *number > 0.0);
    let frames_per_second =
        positive(file.fps).or_else(|| Some(cameras.len() as f64 / positive(file.seconds)?)).unwrap_or(RATE);
    Ok(Frames { size: said, cameras, frames_per_second })
}

/// One entry of a `cameras.json`.
#[derive(Deserialize)]
struct Listed {
    width: f64,
    height: f64,
    position: [f64; 3],
    /// `world_from_view`, row after row.
    rotation: [[f64; 3]; 3],
    fx: f64,
    fy: f64,
}

fn list(json: Value) -> Result<Frames, String> {
    let listed: Vec<Listed> = serde_json::from_value(json).map_err(|error| error.to_string())?;
    let camera = |(index, listed): (usize, &Listed)| {
        let fault = |reason: &str| format!("camera {index}: {reason}");
        let Listed { width, height, position, rotation: rows, fx, fy } = listed;
        let matrix = DMat3::from_cols_array_2d(rows).transpose();
        let rotation = rotation([matrix.x_axis, matrix.y_axis, matrix.z_axis]);
        let rotation = rotation.ok_or_else(|| fault("`rotation` is no rotation"))?;
        let size = [side(*width)?, side(*height)?];
        camera(rotation, (*position).into(), [*fx, *fy], size).map_err(|reason| fault(&reason))
    };
    let cameras = listed.iter().enumerate().map(camera).collect::<Result<Vec<_>, _>>()?;
    let size = |camera: &Camera| [camera.width, camera.height];
    let first = cameras.first().map(size);
    let size = first.filter(|first| cameras.iter().all(|camera| size(camera) == *first));
    Ok(Frames { size, cameras, frames_per_second: RATE })
}

fn lookat(text: &str, size: [u32; 2]) -> Result<Frames, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let camera = |(number, line): (usize, &str)| {
        let fault = |reason: &str| format!("line {number}: {reason}");
        let value = |key: &str| line.split_once(&format!("-D {key}="))?.1.split_whitespace().next();
        let place = |key: &str| {
            let numbers: Option<Vec<f64>> = value(key)?.split(',').map(|number| number.parse().ok()).collect();
            Some(DVec3::from_array(numbers?.try_into().ok()?))
        };
        let (origin, target, up) = (place("origin"), place("target"), place("up"));
        let places = origin.zip(target).zip(up).ok_or_else(|| fault("`origin`, `target` and `up` need three numbers"));
        let ((origin, target), up) = places?;
        let angle: Option<f64> = value("fovy").and_then(|angle| angle.parse().ok());
        let angle = angle.ok_or_else(|| fault("`fovy` is no number"))?;
        // SIBR reads degrees and writes radians. Numbers below π are radians, because a field of view of three degrees is rare.
        let angle = if angle < std::f64::consts::PI { angle } else { angle.to_radians() };
        let forward = target - origin;
        let right = forward.cross(up).normalize_or_zero();
        let down = forward.cross(right).normalize_or_zero();
        let rotation = rotation([right, down, forward.normalize_or_zero()]);
        let rotation = rotation.ok_or_else(|| fault("`target` and `up` give no direction"))?;
        let focal = f64::from(size[1]) / 2.0 / (angle / 2.0).tan();
        camera(rotation, origin, [focal; 2], size).map_err(|reason| fault(&reason))
    };
    let cameras = lines.map(camera).collect::<Result<Vec<_>, _>>()?;
    Ok(Frames { cameras, frames_per_second: RATE, size: None })
}

/// `world_from_view` from the axes of a camera in the world, which may have a common length; `None` where they are no
/// axes of a right-handed system.
fn rotation(axes: [DVec3; 3]) -> Option<DMat3> {
    let matrix = DMat3::from_cols(axes[0], axes[1], axes[2]);
    let scale = matrix.determinant().cbrt();
    let matrix = matrix * scale.recip();
    let is_rotation = scale > 0.0 && rotation_error(matrix) < MAX_SKEW;
    is_rotation.then(|| nearest_rotation(matrix))
}

fn camera(
    world_from_view: DMat3,
    position: DVec3,
    focal: [f64; 2],
    [width, height]: [u32; 2],
) -> Result<Camera, String> {
    let view_from_world = world_from_view.transpose();
    let camera = Camera {
        view_from_world: DAffine3::from_mat3_translation(view_from_world, -(view_from_world * position)),
        intrinsics: Intrinsics { fx: focal[0], fy: focal[1], cx: f64::from(width) / 2.0, cy: f64::from(height) / 2.0 },
        width,
        height,
    };
    camera.check().map_err(|error| error.to_string())?;
    Ok(camera)
}

/// A side of a picture, pixels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a small whole number")]
fn side(pixels: f64) -> Result<u32, String> {
    let is_side = (1.0..=f64::from(u16::MAX)).contains(&pixels);
    if is_side { Ok(pixels.round() as u32) } else { Err(format!("{pixels} is no width or height of an image")) }
}

/// The usual size with the sides in this proportion.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
fn of_aspect(aspect: Option<f64>) -> [u32; 2] {
    let width = |aspect: f64| (f64::from(SIZE[1]) * aspect.clamp(0.1, 10.0)).round() as u32;
    [aspect.filter(|aspect| aspect.is_finite()).map_or(SIZE[0], width), SIZE[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera at (1, 2, 3) that looks along +x, with z up.
    fn along_x(camera: &Camera) {
        let at = |x: f64, y: f64, z: f64| camera.view_from_world.transform_point3(DVec3::new(x, y, z));
        let near = |found: DVec3, expected: [f64; 3]| {
            assert!(found.distance(expected.into()) < 1e-9, "{found} {expected:?}");
        };
        near(camera.position(), [1.0, 2.0, 3.0]);
        near(at(5.0, 2.0, 3.0), [0.0, 0.0, 4.0]);
        near(at(1.0, 2.0, 5.0), [0.0, -2.0, 0.0]);
        // Right of the direction x with z up is −y.
        near(at(1.0, 1.0, 3.0), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_path_of_nerfstudio_has_its_axes_its_field_of_view_and_its_times() {
        // Columns: right (0, −1, 0), up (0, 0, 1), back (−1, 0, 0), place.
        let pose = "[0,0,-1,1, -1,0,0,2, 0,1,0,3, 0,0,0,1]";
        let frame = format!(r#"{{"camera_to_world": {pose}, "fov": 90, "aspect": 2}}"#);
        let file = |more: &str| format!(r#"{{"keyframes": [], "camera_path": [{frame},{frame},{frame}]{more}}}"#);
        let read = |text: String| parse(text.as_bytes(), None).unwrap();
        let frames = read(file(r#", "render_width": 400, "render_height": 200, "fps": 24, "seconds": 9"#)).unwrap();
        along_x(&frames.cameras[2]);
        let Camera { intrinsics, width, height, .. } = frames.cameras[0];
        assert!((intrinsics.fy - 100.0).abs() < 1e-9 && (intrinsics.fx - 100.0).abs() < 1e-9, "90° over 200 rows");
        assert_eq!(([width, height], frames.size, frames.frames_per_second), ([400, 200], Some([400, 200]), 24.0));
        let frames = read(file(r#", "seconds": 1.5"#)).unwrap();
        assert_eq!((frames.size, frames.cameras[0].width, frames.frames_per_second), (None, 1440, 2.0));
        for (more, part) in [
            (r#", "camera_type": "fisheye""#, "`fisheye`"),
            (r#", "render_width": -1, "render_height": 2"#, "no width"),
        ] {
            assert!(read(file(more)).unwrap_err().contains(part));
        }
        let mirrored = file("").replace("[0,0,-1,1,", "[0,0,1,1,");
        assert!(read(mirrored).unwrap_err().contains("frame 0"));
        assert!(read(file("").replace(r#""fov": 90"#, r#""fov": 360"#)).unwrap_err().contains("frame 0"));
    }

    #[test]
    fn cameras_of_3dgs_have_their_axes_and_their_focal_lengths() {
        // Columns: right (0, −1, 0), down (0, 0, −1), forward (1, 0, 0).
        let text = r#"[{"id": 0, "img_name": "a", "width": 40, "height": 30, "position": [1, 2, 3],
            "rotation": [[0, 0, 1], [-1, 0, 0], [0, -1, 0]], "fx": 50.5, "fy": 51}]"#;
        let frames = parse(text.as_bytes(), None).unwrap().unwrap();
        along_x(&frames.cameras[0]);
        let Intrinsics { fx, fy, cx, cy } = frames.cameras[0].intrinsics;
        assert_eq!(([fx, fy, cx, cy], frames.size), ([50.5, 51.0, 20.0, 15.0], Some([40, 30])));
        let flat = text.replace("[0, -1, 0]", "[0, 0, 0]");
        assert!(parse(flat.as_bytes(), None).unwrap().unwrap_err().contains("camera 0: `rotation`"));
    }

    #[test]
    fn lines_of_sibr_look_from_place_to_place() {
        let line = "Cam0 -D origin=1,2,3 -D target=3,2,3 -D up=0,0,1 -D fovy=90 -D clip=0.1,100\n";
        let radians = line.replace("fovy=90", "fovy=1.5707963267948966");
        let frames = parse(format!("{line}\n{radians}").as_bytes(), None).unwrap().unwrap();
        for camera in &frames.cameras {
            along_x(camera);
            assert!((camera.intrinsics.fy - f64::from(SIZE[1]) / 2.0).abs() < 1e-9);
        }
        let upright = line.replace("up=0,0,1", "up=1,0,0");
        assert!(parse(upright.as_bytes(), None).unwrap().unwrap_err().contains("line 1"));
    }

    #[test]
    fn other_files_are_of_no_such_format() {
        for text in ["", "{}", "[]", "[1]", r#"{"frames": []}"#, "a text", "\u{0}"] {
            assert!(parse(text.as_bytes(), None).is_none(), "{text}");
        }
    }
}
