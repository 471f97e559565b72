//! Models of the authors' code: `point_cloud_state_dict.pt`, which is a zip file around a pickle and its tensors.
//!
//! A pickle is a program. The crate that reads it runs nothing: it knows the few calls that rebuild tensors and keeps
//! the name of any other; a file with another call is refused. Sizes are bounded before anything is read: the pickle
//! of such a model is a few kilobytes, and its tensors lie in the file uncompressed, so that they cannot be more than
//! the file itself.
//!
//! The authors measure edge distances in pixels: their smoothness depends on the focal lengths of training, which stand
//! in other files of the model's folder. Source: docs/spec.md §8.

use std::io::{BufReader, Read as _};
use std::path::Path;

use half::f16;
use pytorch_reader::{DType, PickleValue, PytorchReader, Tensor};
use serde::Deserialize;

use super::{ConvertError, Focal};
use crate::constants::SH_COEFFS;
use crate::files;
use crate::scene::{Params, Scene};
use crate::scene_file::Metadata;

/// The name of these files in messages.
const WHAT: &str = "a model of the authors' code";

/// Largest pickle, bytes; that of a model has under a thousand.
const MAX_PICKLE_BYTES: u64 = 1 << 16;

/// Most entries of the zip file; a model has about ten.
const MAX_ENTRIES: usize = 1000;

/// Their code shrinks pictures to this width unless told otherwise.
const MAX_TRAINED_WIDTH: f64 = 1600.0;

/// Reads a model. Without `focal` the focal lengths come from `cameras.json` in a folder above it.
pub(super) fn read(path: &Path, focal: Option<Focal>) -> Result<(Scene, Metadata), ConvertError> {
    let (focal, origin) = match focal {
        Some(focal) => (focal, "as told".to_owned()),
        None => focal_beside(path)?,
    };
    let content = |reason| ConvertError::content(path, WHAT, reason);
    let file_bytes = check_container(path)?;
    let mut scene = state_dict(path, file_bytes).map_err(content)?;
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    let shift = (focal.x * focal.y).ln() as f32;
    scene.params.log_delta.iter_mut().for_each(|log_delta| *log_delta += shift);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let provenance =
        format!("{name} of the authors' code, focal lengths {:.2} and {:.2} px {origin}", focal.x, focal.y);
    Ok((scene, Metadata { provenance: Some(provenance), ..Metadata::default() }))
}

/// Size of the file in bytes, if it is a zip file without compression whose entries do not overlap.
fn check_container(path: &Path) -> Result<u64, ConvertError> {
    let content = |reason: String| ConvertError::content(path, WHAT, reason);
    let (mut file, file_bytes) = files::open(path)?;
    let mut magic = [0; 4];
    let begins = file.read_exact(&mut magic).is_ok();
    if !begins || magic != *b"PK\x03\x04" {
        return Err(content("it does not begin like a zip file of PyTorch 1.6 or later".to_owned()));
    }
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| content(error.to_string()))?;
    if archive.len() > MAX_ENTRIES {
        return Err(content(format!("it has {} entries, expected at most {MAX_ENTRIES}", archive.len())));
    }
    let mut stored: u64 = 0;
    for i in 0..archive.len() {
        let entry = archive.by_index_raw(i).map_err(|error| content(error.to_string()))?;
        let name = entry.name().map_err(|error| content(error.to_string()))?;
        if entry.compression() != zip::CompressionMethod::Stored || entry.size() != entry.compressed_size() {
            return Err(content(format!("its entry `{name}` is compressed, which PyTorch never does")));
        }
        if name.ends_with(".pkl") && entry.size() > MAX_PICKLE_BYTES {
            return Err(content(format!("its pickle has {} bytes, expected at most {MAX_PICKLE_BYTES}", entry.size())));
        }
        stored = stored.saturating_add(entry.size());
    }
    if stored > file_bytes {
        return Err(content(format!("its entries claim {stored} bytes of a file of {file_bytes}")));
    }
    Ok(file_bytes)
}

/// The scene in their units: pixels in `log_delta`.
fn state_dict(path: &Path, file_bytes: u64) -> Result<Scene, String> {
    let values = PytorchReader::read_pickle_data(path, None).map_err(|error| error.to_string())?;
    refuse_calls(&values)?;
    let sh_degree = sh_degree(&values)?;
    let reader = PytorchReader::new(path).map_err(|error| error.to_string())?;
    let tensor = |name: &str| reader.get(name).ok_or_else(|| format!("it has no tensor `{name}`"));
    let names = ["convex_points", "delta", "sigma", "opacity", "features_dc", "features_rest"];
    let claimed = names
        .iter()
        .try_fold(0u64, |sum, name| Ok::<_, String>(sum.saturating_add(tensor(name)?.byte_len() as u64)))?;
    if claimed > file_bytes {
        return Err(format!("its tensors claim {claimed} bytes of a file of {file_bytes}"));
    }

    let points = tensor("convex_points")?;
    let &[rows, points_per_convex, 3] = points.shape() else {
        return Err(format!("`convex_points` has shape {:?}, expected [N, K, 3]", points.shape()));
    };
    let &[_, rest, _] = tensor("features_rest")?.shape() else {
        return Err(format!("`features_rest` has shape {:?}, expected [N, 15, 3]", tensor("features_rest")?.shape()));
    };
    if ![0, 3, 8, 15].contains(&rest) {
        return Err(format!("`features_rest` has {rest} coefficients, expected 0, 3, 8 or 15"));
    }
    let column = |name| tensor(name).and_then(|tensor| floats(tensor, &[rows, 1]));
    let dc = floats(tensor("features_dc")?, &[rows, 1, 3])?;
    let rest_values = floats(tensor("features_rest")?, &[rows, rest, 3])?;
    let params = Params {
        points: floats(points, &[rows, points_per_convex, 3])?,
        log_delta: column("delta")?,
        log_sigma: column("sigma")?,
        raw_opacity: column("opacity")?,
        sh: harmonics(&dc, &rest_values, rest),
    };
    Ok(Scene { params, ..Scene::empty(points_per_convex, sh_degree) })
}

/// Refuses whatever was built by a call of anything but a tensor.
fn refuse_calls(value: &PickleValue) -> Result<(), String> {
    match value {
        PickleValue::Unsupported(name) if name != "torch.Tensor" => {
            Err(format!("its pickle calls `{name}`; only tensors are read, and nothing is run"))
        }
        PickleValue::List(values) => values.iter().try_for_each(refuse_calls),
        PickleValue::Dict(values) => values.values().try_for_each(refuse_calls),
        _ => Ok(()),
    }
}

fn sh_degree(values: &PickleValue) -> Result<usize, String> {
    let PickleValue::Dict(values) = values else {
        return Err("its pickle is not a dictionary".to_owned());
    };
    match values.get("active_sh_degree") {
        Some(PickleValue::Int(degree)) => {
            usize::try_from(*degree).map_err(|_| format!("`active_sh_degree` is {degree}"))
        }
        _ => Err("it has no number `active_sh_degree`".to_owned()),
    }
}

/// Values of a tensor of this shape.
fn floats(tensor: &Tensor, shape: &[usize]) -> Result<Vec<f32>, String> {
    if tensor.shape() != shape {
        return Err(format!("`{}` has shape {:?}, expected {shape:?}", tensor.name, tensor.shape()));
    }
    let bytes = tensor.read().map_err(|error| error.to_string())?;
    match tensor.dtype() {
        DType::F32 => Ok(bytemuck::pod_collect_to_vec(&bytes)),
        DType::F16 => {
            let halves = bytes.chunks_exact(2).map(|bytes| f16::from_ne_bytes([bytes[0], bytes[1]]));
            Ok(halves.map(f16::to_f32).collect())
        }
        other => Err(format!("`{}` is {other:?}, expected F32 or F16", tensor.name)),
    }
}

/// Rows `[16, 3]` of a constant and `rest` further coefficients, the missing ones zero.
fn harmonics(dc: &[f32], rest_values: &[f32], rest: usize) -> Vec<f32> {
    let mut sh = Vec::with_capacity(dc.len() * SH_COEFFS);
    for (i, dc) in dc.chunks_exact(3).enumerate() {
        sh.extend_from_slice(dc);
        sh.extend_from_slice(&rest_values[i * rest * 3..(i + 1) * rest * 3]);
        sh.resize((i + 1) * SH_COEFFS * 3, 0.0);
    }
    sh
}

/// One entry of their `cameras.json`.
#[derive(Deserialize)]
struct Camera {
    width: f64,
    fx: f64,
    fy: f64,
}

/// Focal lengths at the size of training, and a remark on where they come from.
fn focal_beside(path: &Path) -> Result<(Focal, String), ConvertError> {
    // <model>/point_cloud/iteration_N/point_cloud_state_dict.pt
    let folders = path.ancestors().skip(1).take(3);
    let found = folders.map(|folder| folder.join("cameras.json")).find(|cameras| cameras.is_file());
    let cameras_path = found.ok_or_else(|| ConvertError::NoFocal { path: path.into() })?;
    let content = |reason: String| ConvertError::content(&cameras_path, "cameras of the authors' code", reason);
    let cameras: Vec<Camera> =
        serde_json::from_slice(&files::read(&cameras_path)?).map_err(|error| content(error.to_string()))?;
    // Absent or unreadable, their defaults hold.
    let options = files::read(&cameras_path.with_file_name("cfg_args")).unwrap_or_default();
    focal_of(&cameras, &String::from_utf8_lossy(&options)).map_err(content)
}

/// The geometric mean over all cameras: the product of the focal lengths is what counts.
fn focal_of(cameras: &[Camera], options: &str) -> Result<(Focal, String), String> {
    if cameras.is_empty() {
        return Err("it has no cameras".to_owned());
    }
    let (mut log_x, mut log_y, mut widths) = (0.0, 0.0, 0.0);
    for Camera { width, fx, fy } in cameras {
        let trained = trained_width(*width, options);
        log_x += (fx * trained / width).ln();
        log_y += (fy * trained / width).ln();
        widths += trained;
    }
    let count = cameras.len() as f64;
    let focal = Focal { x: (log_x / count).exp(), y: (log_y / count).exp() };
    if !focal.is_good() {
        return Err("it has focal lengths or widths that are not positive numbers".to_owned());
    }
    Ok((focal, format!("from cameras.json for images {:.0} px wide", widths / count)))
}

/// Width of the pictures that they trained on, from that of the camera and the text of `cfg_args`.
fn trained_width(width: f64, options: &str) -> f64 {
    let value = |key: &str| options.split_once(key).map(|(_, rest)| rest.split([',', ')']).next().unwrap_or(rest));
    let folder = value("images=").and_then(|folder| folder.trim_matches(['\'', '"']).rsplit_once('_')?.1.parse().ok());
    let width = folder.map_or(width, |factor: u32| (width / f64::from(factor.max(1))).round());
    match value("resolution=").and_then(|resolution| resolution.trim().parse::<f64>().ok()) {
        Some(factor) if [1.0, 2.0, 4.0, 8.0].contains(&factor) => (width / factor).round(),
        Some(resolution) if resolution > 0.0 => resolution,
        _ => width.min(MAX_TRAINED_WIDTH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn focal(cameras: &[(f64, f64, f64)], options: &str) -> Result<Focal, String> {
        let cameras: Vec<Camera> = cameras.iter().map(|&(width, fx, fy)| Camera { width, fx, fy }).collect();
        focal_of(&cameras, options).map(|(focal, _)| focal)
    }

    #[test]
    fn focal_lengths_are_those_of_the_pictures_that_were_trained_on() {
        let at = |options: &str| focal(&[(4000.0, 3000.0, 2000.0)], options).unwrap();
        assert!((at("").x - 1200.0).abs() < 1e-9, "shrunk to 1600 px");
        assert!((at("").y - 800.0).abs() < 1e-9);
        let namespace = |images: &str, resolution: i32| {
            format!("Namespace(eval=True, images='{images}', resolution={resolution}, sh_degree=3)")
        };
        assert!((at(&namespace("images_4", -1)).x - 750.0).abs() < 1e-9);
        assert!((at(&namespace("images", 1)).x - 3000.0).abs() < 1e-9);
        assert!((at(&namespace("images_2", 2)).x - 750.0).abs() < 1e-9);
        assert!((at(&namespace("my_images", 800)).x - 600.0).abs() < 1e-9);
        assert!((focal(&[(800.0, 500.0, 500.0)], "").unwrap().x - 500.0).abs() < 1e-9);
    }

    #[test]
    fn the_focal_length_is_the_geometric_mean_of_the_cameras() {
        let mean = focal(&[(800.0, 100.0, 100.0), (800.0, 400.0, 100.0)], "").unwrap();
        assert!((mean.x - 200.0).abs() < 1e-9 && (mean.y - 100.0).abs() < 1e-9);
    }

    #[test]
    fn focal_lengths_that_are_none_are_refused() {
        for camera in [(0.0, 1.0, 1.0), (800.0, -1.0, 1.0), (800.0, 1.0, 0.0), (f64::NAN, 1.0, 1.0)] {
            assert!(focal(&[camera], "").is_err(), "{camera:?}");
        }
        assert!(focal(&[], "").is_err());
    }
}
