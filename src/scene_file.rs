//! The native scene file: safetensors with the names of docs/spec.md §2, see docs/formats.md.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use glam::{DAffine3, DMat3, DVec3};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::constants::SH_COEFFS;
use crate::files::{self, FileError};
use crate::scene::{NAMES, Params, Scene, SceneError};

/// Value of the metadata key `format`.
const FORMAT: &str = "lapidary-scene";

/// Value of the metadata key `version`; raised when an older reader would misread the file.
const VERSION: &str = "1";

/// Metadata key of [`SceneMetadata::normalised_from_world`].
const SIMILARITY: &str = "normalised_from_world";

/// A scene file that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SceneFileError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not safetensors, or tensors of another kind.
    #[error("{} is not a lapidary scene: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// The tensors do not form a scene.
    #[error("{} holds a broken scene: {source}", path.display())]
    Scene {
        /// The file.
        path: PathBuf,
        /// The fault.
        source: SceneError,
    },
}

/// What a scene file may say besides the scene.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SceneMetadata {
    /// The similarity that training worked in. The points of the file are in world units; this is for going on with
    /// training, and its scale says how large the scene is.
    pub normalised_from_world: Option<DAffine3>,
    /// Where the scene comes from, in words.
    pub provenance: Option<String>,
}

/// Writes a scene under a temporary name and renames it.
///
/// # Errors
/// [`SceneFileError`] naming the file; a scene with NaN or infinity is refused.
pub fn save(scene: &Scene, path: &Path) -> Result<(), SceneFileError> {
    save_with(scene, &SceneMetadata::default(), path)
}

/// [`save`], with what is known besides the scene.
///
/// # Errors
/// As [`save`]; also when `normalised_from_world` is not a similarity.
pub fn save_with(scene: &Scene, about: &SceneMetadata, path: &Path) -> Result<(), SceneFileError> {
    scene.check().map_err(|source| SceneFileError::Scene { path: path.into(), source })?;
    let content = |error: safetensors::SafeTensorError| content(path, error.to_string());
    let tensors = scene
        .params
        .as_ref()
        .zip(shapes(scene.len(), scene.points_per_convex))
        .map(|(values, shape)| TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(values)))
        .transpose()
        .map_err(content)?;
    let mut metadata = HashMap::from([
        ("format".to_owned(), FORMAT.to_owned()),
        ("version".to_owned(), VERSION.to_owned()),
        ("points_per_convex".to_owned(), scene.points_per_convex.to_string()),
        ("sh_degree".to_owned(), scene.sh_degree.to_string()),
    ]);
    if let Some(similarity) = &about.normalised_from_world {
        let text = similarity_text(similarity).map_err(|reason| self::content(path, reason))?;
        metadata.insert(SIMILARITY.to_owned(), text);
    }
    metadata.extend(about.provenance.iter().map(|text| ("provenance".to_owned(), text.clone())));
    let bytes = safetensors::serialize(tensors.into_named(), Some(metadata)).map_err(content)?;
    Ok(files::write_atomically(path, &with_sorted_header(bytes))?)
}

/// Reads a scene and checks format, version, shapes and finiteness.
///
/// # Errors
/// [`SceneFileError`] naming the file and what was expected.
pub fn load(path: &Path) -> Result<Scene, SceneFileError> {
    load_with(path).map(|(scene, _)| scene)
}

/// [`load`], with what the file says besides the scene.
///
/// # Errors
/// As [`load`]; also when `normalised_from_world` is not a similarity.
pub fn load_with(path: &Path) -> Result<(Scene, SceneMetadata), SceneFileError> {
    let (scene, metadata) = parse(&files::read(path)?).map_err(|reason| content(path, reason))?;
    scene.check().map_err(|source| SceneFileError::Scene { path: path.into(), source })?;
    Ok((scene, metadata))
}

/// Everything but the finiteness of values; the error says what was expected.
fn parse(bytes: &[u8]) -> Result<(Scene, SceneMetadata), String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let key = |name: &str| metadata.get(name).map_or("nothing", String::as_str);
    for (name, expected) in [("format", FORMAT), ("version", VERSION)] {
        if key(name) != expected {
            return Err(format!("metadata `{name}` is {}, expected {expected}", key(name)));
        }
    }
    let number =
        |name| key(name).parse::<usize>().map_err(|_| format!("metadata `{name}` is {}, not a number", key(name)));
    let (points_per_convex, sh_degree) = (number("points_per_convex")?, number("sh_degree")?);
    let about = SceneMetadata {
        normalised_from_world: metadata.get(SIMILARITY).map(|text| parse_similarity(text)).transpose()?,
        provenance: metadata.get("provenance").cloned(),
    };
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let opacities = tensors.tensor(NAMES.raw_opacity).map_err(|_| missing(NAMES.raw_opacity))?;
    let rows = opacities.shape().first().copied().unwrap_or_default();
    let params =
        NAMES.zip(shapes(rows, points_per_convex)).map(|(name, shape)| floats(&tensors, name, &shape)).transpose()?;
    Ok((Scene { params, points_per_convex, sh_degree }, about))
}

/// Shapes of the tensors of a scene.
fn shapes(rows: usize, points_per_convex: usize) -> Params<Vec<usize>> {
    Params {
        points: vec![rows, points_per_convex, 3],
        log_delta: vec![rows],
        log_sigma: vec![rows],
        raw_opacity: vec![rows],
        sh: vec![rows, SH_COEFFS, 3],
    }
}

/// A 3×4 matrix as JSON, row-major. Its digits give every bit back.
fn similarity_text(similarity: &DAffine3) -> Result<String, String> {
    check_similarity(similarity)?;
    let [x, y, z] = similarity.matrix3.transpose().to_cols_array_2d();
    let t = similarity.translation;
    let rows = [[x[0], x[1], x[2], t.x], [y[0], y[1], y[2], t.y], [z[0], z[1], z[2], t.z]];
    serde_json::to_string(&rows).map_err(|error| error.to_string())
}

fn parse_similarity(text: &str) -> Result<DAffine3, String> {
    let rows: [[f64; 4]; 3] =
        serde_json::from_str(text).map_err(|_| format!("metadata `{SIMILARITY}` is not a 3×4 matrix in JSON"))?;
    let transposed = DMat3::from_cols_array_2d(&rows.map(|[x, y, z, _]| [x, y, z]));
    let translation = DVec3::from(rows.map(|row| row[3]));
    let similarity = DAffine3 { matrix3: transposed.transpose(), translation };
    check_similarity(&similarity)?;
    Ok(similarity)
}

/// A rotation times a positive number, to six digits, and a translation.
fn check_similarity(similarity: &DAffine3) -> Result<(), String> {
    let scale = similarity.matrix3.determinant().cbrt();
    let rotation = similarity.matrix3 * scale.recip();
    let off = rotation * rotation.transpose() - DMat3::IDENTITY;
    let is_good = similarity.is_finite() && scale > 0.0 && off.to_cols_array().iter().all(|x| x.abs() < 1e-6);
    if is_good { Ok(()) } else { Err(format!("metadata `{SIMILARITY}` is not a rotation, scale and translation")) }
}

/// The same file with the keys of its header in alphabetical order, so that equal scenes give equal bytes: safetensors
/// writes metadata in the order of a hash map, which differs from run to run.
pub(crate) fn with_sorted_header(mut bytes: Vec<u8>) -> Vec<u8> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return bytes };
    let header = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.get(..length));
    let json = header.and_then(|header| serde_json::from_slice::<serde_json::Value>(header).ok());
    let Some((header, json)) = header.zip(json) else { return bytes };
    // The header is padded with spaces, and sorting does not change its length.
    let sorted = format!("{:<width$}", json.to_string(), width = header.len());
    if sorted.len() == header.len() {
        bytes[8..8 + sorted.len()].copy_from_slice(sorted.as_bytes());
    }
    bytes
}

fn content(path: &Path, reason: String) -> SceneFileError {
    SceneFileError::Content { path: path.into(), reason }
}

fn missing(name: &str) -> String {
    format!("tensor `{name}` is missing")
}

fn floats(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| missing(name))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("tensor `{name}` is {:?}, expected F32", tensor.dtype()));
    }
    if tensor.shape() != shape {
        return Err(format!("tensor `{name}` has shape {:?}, expected {shape:?}", tensor.shape()));
    }
    Ok(bytemuck::pod_collect_to_vec(tensor.data()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        let mut scene = Scene::empty(4, 2);
        for i in [1.0f32, 2.0] {
            scene.push(Params {
                points: &[i; 12],
                log_delta: &[i],
                log_sigma: &[-i],
                raw_opacity: &[0.5 * i],
                sh: &[i; 48],
            });
        }
        scene
    }

    #[test]
    fn a_scene_comes_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        save(&scene(), &path).unwrap();
        assert_eq!(load(&path).unwrap(), scene());
    }

    #[test]
    fn equal_scenes_give_equal_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        let write = || {
            save(&scene(), &path).unwrap();
            std::fs::read(&path).unwrap()
        };
        let first = write();
        assert!((0..8).all(|_| write() == first));
    }

    #[test]
    fn what_is_known_besides_comes_back_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        let similarity = DAffine3::from_scale_rotation_translation(
            DVec3::splat(0.1),
            glam::DQuat::from_rotation_y(0.7),
            DVec3::new(1.0, -2.0, 1.0 / 3.0),
        );
        let about = SceneMetadata { normalised_from_world: Some(similarity), provenance: Some("a \"test\"\n".into()) };
        save_with(&scene(), &about, &path).unwrap();
        assert_eq!(load_with(&path).unwrap(), (scene(), about));
        save(&scene(), &path).unwrap();
        assert_eq!(load_with(&path).unwrap().1, SceneMetadata::default());
        for wrong in [DAffine3::from_scale(DVec3::new(1.0, 1.0, 2.0)), DAffine3::ZERO, DAffine3::NAN] {
            let about = SceneMetadata { normalised_from_world: Some(wrong), provenance: None };
            assert!(save_with(&scene(), &about, &path).is_err(), "{wrong}");
        }
    }

    #[test]
    fn broken_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        save(&scene(), &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let huge_header = [&(1u64 << 60).to_le_bytes()[..], &whole[8..]].concat();
        let no_length = u64::MAX.to_le_bytes();
        let pieces = [&[][..], &whole[..7], &whole[..100], &whole[..whole.len() - 1], &huge_header, &no_length];
        for bytes in pieces {
            std::fs::write(&path, bytes).unwrap();
            let message = load(&path).unwrap_err().to_string();
            assert!(message.contains("scene.safetensors"), "{message}");
        }
        let mut nan = scene();
        nan.params.sh[3] = f32::NAN;
        assert!(matches!(save(&nan, &path), Err(SceneFileError::Scene { .. })));
    }

    #[test]
    fn headers_that_say_something_else_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        save(&scene(), &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let changed = |from: &str, to: &str| {
            assert_eq!(from.len(), to.len());
            let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).expect(from);
            let bytes = [&whole[..at], to.as_bytes(), &whole[at + to.len()..]].concat();
            std::fs::write(&path, bytes).unwrap();
            load(&path).unwrap_err().to_string()
        };
        for (from, to, expected) in [
            ("\"version\":\"1\"", "\"version\":\"2\"", "`version` is 2, expected 1"),
            ("lapidary-scene", "something-else", "`format` is something-else"),
            ("\"sh_degree\":\"2\"", "\"sh_degree\":\"9\"", "SH degree is 9"),
            ("\"sh_degree\":\"2\"", "\"sh_degree\":\"x\"", "`sh_degree` is x"),
            ("points_per_convex\":\"4", "points_per_convex\":\"5", "`points` has shape [2, 4, 3], expected [2, 5, 3]"),
            ("[2,4,3]", "[4,2,3]", "`points` has shape [4, 2, 3]"),
            ("[2,16,3]", "[3,2,16]", "`sh` has shape"),
            ("raw_opacity", "ram_opacity", "`raw_opacity` is missing"),
        ] {
            let message = changed(from, to);
            assert!(message.contains(expected) && message.contains("scene.safetensors"), "{message}");
        }
        let mut nan = whole.clone();
        let last = nan.len() - 4;
        nan[last..].copy_from_slice(&f32::NAN.to_le_bytes());
        std::fs::write(&path, nan).unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("is not finite"));
    }
}
