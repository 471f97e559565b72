//! What a path holds that a user gives: a scene in any format that is read, a checkpoint, the folder of a training, or a
//! dataset. The commands and the window open paths through this module alone.

mod dataset_record;

use std::path::{Path, PathBuf};

pub use dataset_record::{DATASET_FILE, DatasetRecord};

use crate::camera::Camera;
use crate::convert::{self, ConvertError, Focal};
use crate::dataset::transforms::{Transforms, TransformsError, TransformsFrame};
use crate::dataset::{Dataset, DatasetError, DatasetOptions, Split};
use crate::files;
use crate::scene::{Extent, Scene, StartView};
use crate::scene_file::{self, Metadata};
use crate::train::{Checkpoint, CheckpointError};

/// The file of the scene in the folder of a training.
pub const SCENE_FILE: &str = "scene.safetensors";

/// The file of the cameras in the folder of a training.
pub const CAMERAS_FILE: &str = "cameras.json";

/// The file in the folder of a training that it is resumed from.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// Why a path could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The path does not exist.
    #[error("{}: there is no such file or folder", .0.display())]
    NotFound(PathBuf),
    /// A folder holds no scene.
    #[error(
        "{} holds neither {SCENE_FILE} nor {CHECKPOINT_FILE}; a training writes both when it saves for the first time",
        .0.display()
    )]
    NoScene(PathBuf),
    /// A file is not a scene that can be read.
    #[error(transparent)]
    Scene(#[from] ConvertError),
    /// A checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A dataset cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// What a training remembers of its dataset cannot be read.
    #[error("{} does not tell the dataset of a training: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// The dataset of a training is no longer there.
    #[error("{} names photographs that are not at {tried}", record.display())]
    DatasetMoved {
        /// The file that names it.
        record: PathBuf,
        /// The places where it was looked for.
        tried: String,
    },
    /// A file of cameras cannot be read.
    #[error(transparent)]
    Cameras(#[from] TransformsError),
}

/// A scene in world units, and what its file says about it.
#[derive(Debug)]
pub struct LoadedScene {
    /// The scene.
    pub scene: Scene,
    /// How it was trained and is to be drawn.
    pub metadata: Metadata,
    /// Sentences about what of the file was left out, and about positions that have too few digits.
    pub warnings: Vec<String>,
}

/// The cameras that belong to what is open.
#[derive(Debug)]
pub enum LoadedCameras {
    /// There are none.
    Missing,
    /// The cameras and pictures of a dataset.
    Dataset(Box<Dataset>),
    /// The cameras that a training leaves beside its scene, without pictures: name, split and camera of each.
    Training(Vec<(String, Split, Camera)>),
}

/// What a path holds.
#[derive(Debug)]
pub struct PathContents {
    /// The scene, if there is one.
    pub scene: Option<LoadedScene>,
    /// The cameras that go with it.
    pub cameras: LoadedCameras,
    /// A sentence about cameras that were not used because they are broken or not there, or are not those of the training.
    pub cameras_warning: Option<String>,
}

impl PathContents {
    /// Returns the lines that a user should read about what was opened: notes of the dataset and warnings.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let notes = match &self.cameras {
            LoadedCameras::Dataset(dataset) => dataset.notes.as_slice(),
            _ => &[],
        };
        let warnings = self.scene.iter().flat_map(|loaded| &loaded.warnings);
        let notes = notes.iter().map(|note| format!("note: {note}"));
        notes.chain(self.cameras_warning.iter().chain(warnings).map(|text| format!("warning: {text}"))).collect()
    }
}

/// Opens a path. `data` is a dataset whose cameras and pictures are taken where the path has none of its own; without it, the
/// folder of a training, and the scene or the checkpoint in it, are shown with its dataset. That is read as in the training,
/// except for the treatment of alpha.
///
/// # Errors
/// Returns [`SourceError`] when nothing at the path can be opened, or when a scene or dataset there is broken.
pub fn open(path: &Path, data: Option<&Path>, options: &DatasetOptions) -> Result<PathContents, SourceError> {
    let dataset = |path: &Path| Dataset::open(path, options).map(|dataset| LoadedCameras::Dataset(Box::new(dataset)));
    if is_scene(path) && files::is_file(path) {
        let (cameras, cameras_warning) = match is_of_training(path) {
            true => cameras_of_run(path, data, options, true)?,
            false => (data.map(dataset).transpose()?.unwrap_or(LoadedCameras::Missing), None),
        };
        return Ok(PathContents { scene: Some(load_scene(path, None)?), cameras, cameras_warning });
    }
    let has_scene = path.is_dir() && scene_file_of(path).is_file();
    let has_cameras = path.join(CAMERAS_FILE).is_file();
    let (cameras, cameras_warning) = match dataset(path) {
        Err(error) if (has_scene || has_cameras) && is_no_dataset(&error) => {
            cameras_of_run(path, data, options, has_scene)?
        }
        own => (own?, None),
    };
    let scene = has_scene.then(|| load_scene(path, None)).transpose()?;
    Ok(PathContents { scene, cameras, cameras_warning })
}

/// Returns whether a file is the scene or the checkpoint of a training. A scene that was saved there under another name may
/// have been moved, and opens with a view of its own.
fn is_of_training(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == SCENE_FILE || name == CHECKPOINT_FILE)
}

/// The cameras that go with a folder of a training, or with a scene in it: those of its dataset, or of `data`, or else those
/// that it left; and a sentence about what is not used or differs.
fn cameras_of_run(
    path: &Path,
    data: Option<&Path>,
    options: &DatasetOptions,
    has_scene: bool,
) -> Result<(LoadedCameras, Option<String>), SourceError> {
    let mut warning = None;
    let recorded = recorded_dataset(path, data, options).unwrap_or_else(|error| {
        warning = Some(format!("{error}; the scene is shown without its photographs"));
        None
    });
    if let Some((recorded, note)) = recorded {
        return Ok((LoadedCameras::Dataset(Box::new(recorded)), note));
    }
    if let Some(data) = data {
        return Ok((LoadedCameras::Dataset(Box::new(Dataset::open(data, options)?)), warning));
    }
    let file = if path.is_dir() { path.join(CAMERAS_FILE) } else { path.with_file_name(CAMERAS_FILE) };
    if !file.is_file() {
        return Ok((LoadedCameras::Missing, warning));
    }
    match cameras_of_training(&file) {
        Ok(cameras) => Ok((LoadedCameras::Training(cameras), warning)),
        // The scene can be looked at without them.
        Err(error) if has_scene => {
            Ok((LoadedCameras::Missing, Some(format!("{error}; the scene is shown without its cameras"))))
        }
        Err(error) => Err(error.into()),
    }
}

/// The dataset of a training, or `data` read as that was, and a sentence where they are not the same. `None` where the training
/// remembers nothing.
fn recorded_dataset(
    path: &Path,
    data: Option<&Path>,
    options: &DatasetOptions,
) -> Result<Option<(Dataset, Option<String>)>, SourceError> {
    let Some(record) = DatasetRecord::beside(path)? else { return Ok(None) };
    let DatasetOptions { alpha, background, points, .. } = options.clone();
    let recorded = record.options();
    let options = DatasetOptions { alpha, background, points: points.or(recorded.points), ..recorded };
    let place = record.locate();
    let note = match (data, &place) {
        (Some(data), Ok(place)) if !files::is_same(data, place) => {
            Some(format!("the training was made from {}, and {} is shown", place.display(), data.display()))
        }
        _ => None,
    };
    let dataset = Dataset::open(&data.map_or(place, |data| Ok(data.into()))?, &options)?;
    Ok(Some((dataset, note)))
}

/// Returns whether a path is no dataset at all, rather than a broken one.
fn is_no_dataset(error: &DatasetError) -> bool {
    use DatasetError::{NotADataset, SeveralDatasets, Unreadable};
    matches!(error, NotADataset { .. } | SeveralDatasets { .. } | Unreadable { .. })
}

fn cameras_of_training(file: &Path) -> Result<Vec<(String, Split, Camera)>, TransformsError> {
    let transforms = Transforms::load(file)?;
    let test = transforms.test_filenames.as_deref().unwrap_or_default();
    let named = |(frame, camera): (&TransformsFrame, Camera)| {
        let split = if test.contains(&frame.file_path) { Split::Test } else { Split::Train };
        (frame.file_path.clone(), split, camera)
    };
    let cameras = transforms.cameras(file, None)?;
    Ok(transforms.frames.iter().zip(cameras).map(named).collect())
}

/// Returns the file of the scene that a path means: the path itself, or, in a folder, the scene or, while a training has not
/// written it yet, the checkpoint.
#[must_use]
pub fn scene_file_of(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_path_buf();
    }
    let [scene, checkpoint] = [SCENE_FILE, CHECKPOINT_FILE].map(|name| path.join(name));
    if !scene.exists() && checkpoint.is_file() { checkpoint } else { scene }
}

/// Returns whether a file's name is that of a scene, not of a dataset. The names of scenes that cannot be read are included,
/// so that their reader can say why.
#[must_use]
pub fn is_scene(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["safetensors", "lapidary", "ply", "pt"].contains(&extension.as_str()) || convert::is_packed_gaussians(path)
}

/// Reads name, split and camera of the views that a training left beside a scene. Without a training there are none.
///
/// # Errors
/// Returns [`SourceError`] when the file of cameras is broken or another program's.
pub fn views_beside(scene: &Path) -> Result<Vec<(String, Split, Camera)>, SourceError> {
    let file = scene_file_of(scene).with_file_name(CAMERAS_FILE);
    if !file.is_file() {
        return Ok(Vec::new());
    }
    Ok(cameras_of_training(&file)?)
}

/// Reads a scene, in world units also when it is a checkpoint's. `focal` is for models of the authors' code.
///
/// # Errors
/// Returns [`SourceError`] when there is no scene, or when it cannot be read.
pub fn load_scene(path: &Path, focal: Option<Focal>) -> Result<LoadedScene, SourceError> {
    let (scene, mut metadata) = read_scene(path, focal)?;
    if metadata.start_view.is_none() {
        metadata.start_view = inferred_start_view(path, &scene, &metadata);
    }
    let mut warnings = Vec::new();
    if metadata.left_out > 0 {
        warnings.push(format!(
            "{}: {} of {} Gaussians are left out, because they have no finite values or no size",
            path.display(),
            metadata.left_out,
            metadata.left_out + scene.len()
        ));
    }
    if let Some(step) = Extent::of_scene(&scene).coarse_step(scene.origin) {
        warnings.push(format!(
            "{} holds 32-bit coordinates so far from the origin of the world that they are rounded to steps of {step}: \
             images are blurred by that. Scenes that are trained now have an origin of their own",
            path.display()
        ));
    }
    Ok(LoadedScene { scene, metadata, warnings })
}

/// The start view of a file that has none: that of the cameras beside it, or of its training.
fn inferred_start_view(path: &Path, scene: &Scene, metadata: &Metadata) -> Option<StartView> {
    let views = views_beside(path).unwrap_or_default();
    let cameras: Vec<Camera> = views.into_iter().map(|(.., camera)| camera).collect();
    let of_training = || StartView::of_training(scene, metadata.normalised_from_world.as_ref()?);
    let view = StartView::of_cameras(&cameras, scene).or_else(of_training);
    view.filter(|view| view.check().is_ok())
}

fn read_scene(path: &Path, focal: Option<Focal>) -> Result<(Scene, Metadata), SourceError> {
    // The reader of a format says more about a missing file than this module could.
    if !path.exists() && !files::is_file(path) && path.extension().is_none() {
        return Err(SourceError::NotFound(path.into()));
    }
    let file = scene_file_of(path);
    if path.is_dir() && !file.exists() {
        return Err(SourceError::NoScene(path.into()));
    }
    if scene_file::format_of(&file).as_deref() != Some(Checkpoint::FORMAT) {
        return Ok(convert::read(&file, focal)?);
    }
    let Checkpoint { scene, state, .. } = Checkpoint::load(&file)?;
    let metadata = Metadata {
        normalised_from_world: Some(state.similarity),
        antialias: state.options.antialias,
        background: state.options.background,
        provenance: Some(format!("a checkpoint after {} iterations", state.iteration)),
        ..Metadata::default()
    };
    Ok((state.similarity.to_world(&scene), metadata))
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;
    use crate::scene::{Params, Similarity};

    fn scene() -> Scene {
        let mut scene = Scene::empty(4, 0);
        let points = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let (one, sh) = ([0.0], [0.1; 48]);
        scene.push(Params { points: &points, log_delta: &one, log_sigma: &one, raw_opacity: &one, sh: &sh });
        scene
    }

    fn opened(folder: &Path) -> Result<PathContents, SourceError> {
        open(folder, None, &DatasetOptions::default())
    }

    #[test]
    fn the_folder_of_a_training_is_a_scene_with_cameras() {
        let folder = tempfile::tempdir().unwrap();
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        let without = opened(folder.path()).unwrap();
        assert!(without.scene.is_some() && matches!(without.cameras, LoadedCameras::Missing));
        let camera = Camera::look_at(DVec3::new(3.0, -0.2, 0.0), DVec3::ZERO, DVec3::NEG_Y, 40.0, 64, 48);
        let named = |name: &str| (name.to_owned(), camera);
        let transforms = Transforms {
            test_filenames: Some(vec!["b.png".to_owned()]),
            ..Transforms::from_cameras(&[named("a.png"), named("b.png")])
        };
        transforms.save(&folder.path().join(CAMERAS_FILE)).unwrap();
        let run = opened(folder.path()).unwrap();
        let LoadedCameras::Training(cameras) = &run.cameras else { panic!("{run:?}") };
        let splits: Vec<Split> = cameras.iter().map(|(_, split, _)| *split).collect();
        assert_eq!((run.scene.is_some(), splits), (true, vec![Split::Train, Split::Test]));
    }

    #[test]
    fn a_scene_without_a_start_view_gets_what_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SCENE_FILE);
        let view = || load_scene(&path, None).unwrap().metadata.start_view;
        scene_file::save(&scene(), &path).unwrap();
        assert_eq!(view(), None);
        let normalised_from_world = Some(Similarity { scale: 1.0, centre: [0.0; 3] });
        let trained = Metadata { normalised_from_world, ..Metadata::default() };
        scene_file::save_with(&scene(), &trained, &path).unwrap();
        assert!(view().unwrap().focus.length() < 1.0, "the convexes among the cameras");
        let look = |x: f64, y: f64| Camera::look_at(DVec3::new(x, y, 1.0), DVec3::X, DVec3::Z, 40.0, 64, 48);
        let cameras = [look(5.0, 0.0), look(-3.0, 0.0), look(1.0, 4.0), look(1.0, -4.0)];
        let named: Vec<_> = cameras.into_iter().map(|camera| ("a.png".to_owned(), camera)).collect();
        Transforms::from_cameras(&named).save(&folder.path().join(CAMERAS_FILE)).unwrap();
        assert!(view().unwrap().focus.distance(DVec3::X) < 1e-9, "what the cameras look at");
    }

    #[test]
    fn a_scene_is_shown_without_the_cameras_of_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CAMERAS_FILE), "{").unwrap();
        assert!(views_beside(&folder.path().join(SCENE_FILE)).is_err());
        assert!(opened(folder.path()).unwrap_err().to_string().contains(CAMERAS_FILE), "nothing else can be shown");
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        let run = opened(folder.path()).unwrap();
        assert!(run.scene.is_some() && matches!(run.cameras, LoadedCameras::Missing));
        let messages = run.messages();
        assert!(messages.len() == 1 && messages[0].starts_with("warning: "), "{messages:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_does_not_hide_a_scene() {
        let folder = tempfile::tempdir().unwrap();
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("images")).unwrap();
        assert!(opened(folder.path()).unwrap().scene.is_some());
    }

    #[test]
    fn a_broken_dataset_beside_a_scene_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        std::fs::write(folder.path().join("transforms.json"), "{").unwrap();
        assert!(opened(folder.path()).unwrap_err().to_string().contains("transforms.json"));
        let empty = tempfile::tempdir().unwrap();
        assert!(opened(empty.path()).unwrap_err().to_string().contains("is not a dataset"));
    }

    #[test]
    fn a_training_that_has_only_a_checkpoint_is_read_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let [scene, checkpoint] = [SCENE_FILE, CHECKPOINT_FILE].map(|name| folder.path().join(name));
        assert_eq!(scene_file_of(folder.path()), scene);
        std::fs::write(&checkpoint, "").unwrap();
        assert_eq!(scene_file_of(folder.path()), checkpoint);
        std::fs::write(&scene, "").unwrap();
        assert_eq!(scene_file_of(folder.path()), scene);
        assert_eq!(scene_file_of(&checkpoint), checkpoint);
    }

    #[test]
    fn scenes_are_recognised_by_their_names() {
        for scene in ["a.safetensors", "a.lapidary", "b/A.PLY", "point_cloud_state_dict.pt", "a.splat", "b.SPZ"] {
            assert!(is_scene(Path::new(scene)), "{scene}");
        }
        for other in ["a.zip", "transforms.json", "folder"] {
            assert!(!is_scene(Path::new(other)), "{other}");
        }
    }
}
