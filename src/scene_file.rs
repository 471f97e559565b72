//! The native scene file: safetensors with the names of docs/spec.md §2, see docs/formats.md.

mod header;
mod metadata;

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

pub use header::format_of;
pub(crate) use header::{read_safetensors, with_sorted_header};
pub use metadata::{Metadata, entries, parse_entries};
pub(crate) use metadata::{START_VIEW, parse_start_view, start_view_text};

use crate::constants::SH_COEFFS;
use crate::files::{self, FileError};
use crate::scene::{NAMES, Params, Scene, SceneError};

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
        /// A sentence with the expected and the found content.
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
    save_with(scene, &Metadata::default(), path)
}

/// Writes a scene as [`save`] does, with its metadata.
///
/// # Errors
/// [`SceneFileError`] naming the file; a scene with NaN or infinity, or a similarity that is none, is refused.
pub fn save_with(scene: &Scene, metadata: &Metadata, path: &Path) -> Result<(), SceneFileError> {
    scene.check().map_err(|source| SceneFileError::Scene { path: path.into(), source })?;
    let content = |error: safetensors::SafeTensorError| content(path, error.to_string());
    let tensors = scene
        .params
        .as_ref()
        .zip(shapes(scene.len(), scene.points_per_convex))
        .map(|(values, shape)| TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(values)))
        .transpose()
        .map_err(content)?;
    let entries = entries(scene, metadata).map_err(|reason| self::content(path, reason))?;
    let metadata = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
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

/// Reads a scene as [`load`] does, with its metadata.
///
/// # Errors
/// [`SceneFileError`] naming the file and what was expected.
pub fn load_with(path: &Path) -> Result<(Scene, Metadata), SceneFileError> {
    let bytes = read_safetensors(path)?;
    let (scene, metadata) = parse(&bytes).map_err(|reason| content(path, reason))?;
    scene.check().map_err(|source| SceneFileError::Scene { path: path.into(), source })?;
    Ok((scene, metadata))
}

/// The scene of a whole file, its shapes and values not yet checked.
fn parse(bytes: &[u8]) -> Result<(Scene, Metadata), String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let entries = header.metadata().clone().unwrap_or_default();
    let (scene, metadata) = parse_entries(|key| entries.get(key).map(String::as_str))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let rows = tensors.tensor(NAMES.raw_opacity).map_or(0, |tensor| tensor.shape().iter().product());
    let params = NAMES.zip(shapes(rows, scene.points_per_convex)).map(|(name, shape)| floats(&tensors, name, &shape));
    Ok((Scene { params: params.transpose()?, ..scene }, metadata))
}

/// Shape of each tensor.
fn shapes(rows: usize, points_per_convex: usize) -> Params<Vec<usize>> {
    Params {
        points: vec![rows, points_per_convex, 3],
        log_delta: vec![rows],
        log_sigma: vec![rows],
        raw_opacity: vec![rows],
        sh: vec![rows, SH_COEFFS, 3],
    }
}

fn content(path: &Path, reason: String) -> SceneFileError {
    SceneFileError::Content { path: path.into(), reason }
}

fn floats(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("tensor `{name}` is missing"))?;
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
    use glam::DVec3;

    use super::metadata::{FORMAT, SIMILARITY};
    use super::*;
    use crate::camera::RenderOptions;
    use crate::constants::NEAR;
    use crate::scene::{Bookmark, Similarity, StartView};

    const START_VIEW: StartView = StartView {
        position: DVec3::new(1.0 / 3.0, -2.0, 1e-9),
        focus: DVec3::new(5_411_932.1, 0.0, 0.0),
        up: DVec3::Z,
        fov: 41.3,
        arc: Some(120.0),
    };

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

    /// A checkpoint names every picture in its header.
    #[test]
    fn headers_of_a_mebibyte_and_more_are_sorted_and_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        let provenance = Some("an image with a long name, ".repeat(50_000));
        let metadata = Metadata { provenance, ..Metadata::default() };
        save_with(&scene(), &metadata, &path).unwrap();
        assert_eq!(load_with(&path).unwrap(), (scene(), metadata));
        assert_eq!(format_of(&path).as_deref(), Some(FORMAT));
        let bytes = std::fs::read(&path).unwrap();
        let place = |key: &str| bytes.windows(key.len()).position(|found| found == key.as_bytes()).unwrap();
        assert!(place("\"format\"") < place("\"provenance\"") && place("\"provenance\"") < place("\"version\""));
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
        assert_eq!(std::fs::read(&path).unwrap(), huge_header, "nothing is written");
    }

    #[test]
    fn metadata_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        let metadata = Metadata {
            normalised_from_world: Some(Similarity { scale: 0.1, centre: [1.0, -2.0 / 3.0, 1e-9] }),
            antialias: true,
            background: [1.0, 0.3, 0.0],
            start_view: Some(START_VIEW),
            bookmarks: vec![Bookmark { name: "the \"front\" → here\n".to_owned(), view: START_VIEW }],
            provenance: Some("made \"by hand\" → here".to_owned()),
            left_out: 0,
        };
        save_with(&scene(), &metadata, &path).unwrap();
        assert_eq!(load_with(&path).unwrap(), (scene(), metadata));
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let normalised_from_world = Some(Similarity { scale, centre: [0.0; 3] });
            let wrong = Metadata { normalised_from_world, ..Metadata::default() };
            assert!(save_with(&scene(), &wrong, &path).unwrap_err().to_string().contains("positive scale"));
        }
        let wrong = Metadata { background: [0.0, f32::NAN, 0.0], ..Metadata::default() };
        assert!(save_with(&scene(), &wrong, &path).unwrap_err().to_string().contains("`background`"));
        let start_view = Some(StartView { fov: f64::NAN, ..START_VIEW });
        let wrong = Metadata { start_view, ..Metadata::default() };
        assert!(save_with(&scene(), &wrong, &path).unwrap_err().to_string().contains("`start_view`"));
        let bookmark = Bookmark { name: String::new(), view: StartView { fov: f64::NAN, ..START_VIEW } };
        for bookmarks in [vec![bookmark], vec![Bookmark { name: String::new(), view: START_VIEW }; 1001]] {
            let wrong = Metadata { bookmarks, ..Metadata::default() };
            assert!(save_with(&scene(), &wrong, &path).unwrap_err().to_string().contains("`bookmarks`"));
        }
    }

    #[test]
    fn the_origin_comes_back_and_is_not_written_where_it_is_zero() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        let far = Scene { origin: DVec3::new(448_262.25, 5_411_932.1, -1e-3), ..scene() };
        save(&far, &path).unwrap();
        assert_eq!(load(&path).unwrap(), far);
        let header = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        assert!(header(&path).contains(r#""version":"2""#), "older readers would put it elsewhere");
        save(&scene(), &path).unwrap();
        assert!(!header(&path).contains("origin") && header(&path).contains(r#""version":"1""#));
    }

    #[test]
    fn a_scene_is_drawn_as_it_was_trained() {
        let similarity = Some(Similarity { scale: 0.1, centre: [0.0; 3] });
        let about = Metadata { normalised_from_world: similarity, background: [0.5; 3], ..Metadata::default() };
        let options = about.render_options();
        assert!((options.near - 10.0 * NEAR).abs() < 1e-12);
        assert_eq!((options.background, options.antialias), ([0.5; 3], false));
        assert_eq!(Metadata::default().render_options(), RenderOptions::default());
    }

    /// A file whose header is the JSON of `edit`ing a good one; no byte of the data changes.
    fn edited(path: &Path, edit: impl FnOnce(&mut serde_json::Value)) {
        save(&scene(), path).unwrap();
        let whole = std::fs::read(path).unwrap();
        let length = usize::try_from(u64::from_le_bytes(*whole.first_chunk().unwrap())).unwrap();
        let mut header = serde_json::from_slice(&whole[8..8 + length]).unwrap();
        edit(&mut header);
        let header = header.to_string();
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &whole[8 + length..]].concat();
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn headers_that_say_something_else_are_refused_by_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        let refused = |part: &str, edit: &dyn Fn(&mut serde_json::Value)| {
            edited(&path, edit);
            let message = load(&path).unwrap_err().to_string();
            assert!(message.contains("scene.safetensors") && message.contains(part), "{part}: {message}");
        };
        refused("`version` is 3, expected 1 or 2", &|header| header["__metadata__"]["version"] = "3".into());
        refused("`origin` is [1e99, 0, 0]", &|header| header["__metadata__"]["origin"] = "[1e99, 0, 0]".into());
        refused("`origin` is [0, 0]", &|header| header["__metadata__"]["origin"] = "[0, 0]".into());
        refused("`format` is nothing", &|header| {
            header["__metadata__"].as_object_mut().unwrap().remove("format");
        });
        refused("shape [2, 4, 3], expected [2, 5, 3]", &|header| {
            header["__metadata__"]["points_per_convex"] = "5".into();
        });
        refused("shape [2, 6, 2]", &|header| header["points"]["shape"] = vec![2, 6, 2].into());
        refused("has 9 points", &|header| {
            header["__metadata__"]["points_per_convex"] = "9".into();
        });
        refused("SH degree is 4", &|header| header["__metadata__"]["sh_degree"] = "4".into());
        refused("not a number", &|header| header["__metadata__"]["sh_degree"] = "-1".into());
        refused("`sh` is missing", &|header| {
            let sh = header.as_object_mut().unwrap().remove("sh").unwrap();
            header["other"] = sh;
        });
        refused("I32, expected F32", &|header| header["log_delta"]["dtype"] = "I32".into());
        refused("no similarity", &|header| header["__metadata__"][SIMILARITY] = "{}".into());
        refused("positive scale", &|header| {
            header["__metadata__"][SIMILARITY] = r#"{"scale":-1,"centre":[0,0,0]}"#.into();
        });
        refused("`start_view` is no view", &|header| header["__metadata__"]["start_view"] = "{}".into());
        refused("`start_view`: expected", &|header| {
            header["__metadata__"]["start_view"] =
                r#"{"position":[0,0,1],"focus":[0,0,1],"up":[0,0,1],"fov":40}"#.into();
        });
        refused("", &|header| header["points"]["data_offsets"] = vec![0u64, 1 << 60].into());
    }

    #[test]
    fn a_header_that_is_longer_than_any_file_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        for length in [1u64 << 60, u64::MAX, 1 << 32, 100_000_001, 9] {
            std::fs::write(&path, [&length.to_le_bytes()[..], b"{}"].concat()).unwrap();
            assert!(load(&path).unwrap_err().to_string().contains("not a lapidary scene"));
        }
    }

    #[test]
    fn more_tensors_than_a_scene_needs_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.safetensors");
        edited(&path, |header| {
            let end = header.as_object().unwrap().values().filter_map(|entry| entry["data_offsets"][1].as_u64()).max();
            header["moment"] = serde_json::json!({"dtype": "U8", "shape": [0], "data_offsets": [end, end]});
        });
        assert_eq!(load(&path).unwrap(), scene());
    }
}
