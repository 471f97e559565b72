//! The native scene file: safetensors with the names of docs/spec.md §2, see docs/formats.md.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::constants::SH_COEFFS;
use crate::files::{self, FileError};
use crate::scene::{NAMES, Params, Scene, SceneError};

/// Value of the metadata key `format`.
const FORMAT: &str = "lapidary-scene";

/// Value of the metadata key `version`; raised when an older reader would misread the file.
const VERSION: &str = "1";

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

/// Writes a scene under a temporary name and renames it.
///
/// # Errors
/// [`SceneFileError`] naming the file; a scene with NaN or infinity is refused.
pub fn save(scene: &Scene, path: &Path) -> Result<(), SceneFileError> {
    scene.check().map_err(|source| SceneFileError::Scene { path: path.into(), source })?;
    let content = |error: safetensors::SafeTensorError| content(path, error.to_string());
    let rows = scene.len();
    let shapes = Params {
        points: vec![rows, scene.points_per_convex, 3],
        log_delta: vec![rows],
        log_sigma: vec![rows],
        raw_opacity: vec![rows],
        sh: vec![rows, SH_COEFFS, 3],
    };
    let tensors = scene
        .params
        .as_ref()
        .zip(shapes)
        .map(|(values, shape)| TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(values)))
        .transpose()
        .map_err(content)?;
    let metadata = HashMap::from([
        ("format".to_owned(), FORMAT.to_owned()),
        ("version".to_owned(), VERSION.to_owned()),
        ("points_per_convex".to_owned(), scene.points_per_convex.to_string()),
        ("sh_degree".to_owned(), scene.sh_degree.to_string()),
    ]);
    let bytes = safetensors::serialize(tensors.into_named(), Some(metadata)).map_err(content)?;
    Ok(files::write_atomically(path, &with_sorted_header(bytes))?)
}

/// Reads a scene and checks format, version, shapes and finiteness.
///
/// # Errors
/// [`SceneFileError`] naming the file and what was expected.
pub fn load(path: &Path) -> Result<Scene, SceneFileError> {
    let bytes = files::read(path)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| content(path, error.to_string()))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let key = |name: &str| metadata.get(name).map_or("nothing", String::as_str);
    for (name, expected) in [("format", FORMAT), ("version", VERSION)] {
        if key(name) != expected {
            return Err(content(path, format!("metadata `{name}` is {}, expected {expected}", key(name))));
        }
    }
    let number = |name: &str| {
        key(name)
            .parse::<usize>()
            .map_err(|_| content(path, format!("metadata `{name}` is {}, not a number", key(name))))
    };
    let (points_per_convex, sh_degree) = (number("points_per_convex")?, number("sh_degree")?);

    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| content(path, error.to_string()))?;
    let params = NAMES.map(|name| floats(&tensors, name).map_err(|reason| content(path, reason))).transpose()?;
    let scene = Scene { params, points_per_convex, sh_degree };
    scene.check().map_err(|source| SceneFileError::Scene { path: path.into(), source })?;
    Ok(scene)
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

fn floats(tensors: &SafeTensors<'_>, name: &str) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("tensor `{name}` is missing"))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("tensor `{name}` is {:?}, expected F32", tensor.dtype()));
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
    fn broken_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        save(&scene(), &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let huge_header = u64::MAX.to_le_bytes().to_vec();
        for bytes in [&[][..], &whole[..7], &whole[..100], &whole[..whole.len() - 1], &huge_header] {
            std::fs::write(&path, bytes).unwrap();
            let message = load(&path).unwrap_err().to_string();
            assert!(message.contains("scene.safetensors"), "{message}");
        }
        let mut nan = scene();
        nan.params.sh[3] = f32::NAN;
        assert!(matches!(save(&nan, &path), Err(SceneFileError::Scene { .. })));
    }
}
