//! `lapidary view`: a window on a scene or a dataset.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use glam::DVec3;
use lapidary::camera::{Camera, RenderOptions};
use lapidary::dataset::transforms::{Transforms, TransformsFrame};
use lapidary::dataset::{AlphaMode, Dataset, DatasetError, DatasetOptions, SfmPoint, Split};
use lapidary::gpu::GpuOptions;
use lapidary::viewer::{self, Content, Launch, Picture, View};

use super::dataset::say_notes;
use super::signals;
use super::source::{self, CAMERAS_FILE};
use super::{SharedArgs, Size};

/// Opens a window on a scene or a dataset.
///
/// `?` in the window lists every key. All that can be given as PATH, and camera paths, can also be dropped on the window.
#[derive(Debug, clap::Args)]
pub(crate) struct ViewArgs {
    /// Scene, checkpoint, folder of a training, or dataset; a scene in the folder of a dataset is shown with its cameras
    path: Option<PathBuf>,
    /// Dataset whose cameras and pictures go with the scene
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// File of points of the dataset, in it or on the disk: PLY, or COLMAP's points3D.bin or .txt
    #[arg(long, value_name = "FILE")]
    points: Option<PathBuf>,
    /// Width and height of the window in pixels; as last time if nothing is said
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
}

pub(crate) fn run(args: &ViewArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    for path in args.path.iter().chain(&args.data) {
        anyhow::ensure!(path.exists(), "{}: there is no such file or folder", path.display());
    }
    let data = args.data.clone();
    let options = DatasetOptions { points: args.points.clone(), ..DatasetOptions::default() };
    viewer::run(Launch {
        path: args.path.clone().or_else(|| data.clone()),
        open: Arc::new(move |path: &Path| {
            open(path, data.as_deref(), &options).map_err(|error| super::sentence(&error))
        }),
        gpu: GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() },
        live: None,
        on_open: Some(Box::new(signals::listen)),
        size: args.size.map(|size| [size.width, size.height]),
    })?;
    Ok(())
}

/// What a path holds, with the cameras and pictures of `data` where it has none of its own.
pub(super) fn open(path: &Path, data: Option<&Path>, options: &DatasetOptions) -> anyhow::Result<Content> {
    if source::is_scene(path) && path.is_file() {
        return with_scene(path, data.map(|data| dataset(data, options, true)).transpose()?.unwrap_or_default());
    }
    let has_scene = path.is_dir() && source::scene_file_of(path).is_file();
    let cameras = path.join(CAMERAS_FILE);
    let own = match dataset(path, options, true) {
        Err(error) if (has_scene || cameras.is_file()) && is_something_else(&error) => None,
        own => Some(own?),
    };
    let views = match (own, data) {
        (Some(own), _) => own,
        (None, Some(data)) => dataset(data, options, true)?,
        (None, None) if cameras.is_file() => cameras_of(&cameras).or_else(|error| {
            // The scene can be looked at without them.
            if !has_scene {
                return Err(error);
            }
            say!("warning: {}; the scene is shown without its cameras", super::sentence(&error));
            Ok(Content::default())
        })?,
        (None, None) => Content::default(),
    };
    if has_scene { with_scene(path, views) } else { Ok(views) }
}

/// Whether a path is no dataset at all, rather than a broken one.
fn is_something_else(error: &anyhow::Error) -> bool {
    use DatasetError::{NotADataset, SeveralDatasets, Unreadable};
    matches!(error.downcast_ref(), Some(NotADataset { .. } | SeveralDatasets { .. } | Unreadable { .. }))
}

fn with_scene(path: &Path, views: Content) -> anyhow::Result<Content> {
    let (scene, about) = source::load(path, None)?;
    let RenderOptions { near, background, antialias } = about.render_options();
    let is_trained = about.normalised_from_world.is_some();
    Ok(Content {
        scene: Some(Arc::new(scene)),
        antialias,
        background: named(background),
        near: is_trained.then_some(near),
        ..views
    })
}

/// A background other than black: of black scenes people may see what they like behind them.
pub(super) fn named(background: [f32; 3]) -> Option<[f32; 3]> {
    (background != [0.0; 3]).then_some(background)
}

/// The cameras that a training leaves beside its scene; their pictures are elsewhere.
fn cameras_of(file: &Path) -> anyhow::Result<Content> {
    let transforms = Transforms::load(file)?;
    let test = transforms.test_filenames.as_deref().unwrap_or_default();
    let view = |(frame, camera): (&TransformsFrame, Camera)| {
        let split = if test.contains(&frame.file_path) { "test" } else { "train" };
        View { name: frame.file_path.clone(), split: split.to_owned(), camera }
    };
    let views = transforms.frames.iter().zip(transforms.cameras(file, None)?).map(view).collect();
    let picture = |_| Err("this folder has cameras without pictures; --data names their dataset".to_owned());
    Ok(Content { views, picture: Arc::new(picture), ..Content::default() })
}

/// Cameras, pictures and points of a dataset. `is_told` says whether its notes go to stderr.
pub(super) fn dataset(path: &Path, options: &DatasetOptions, is_told: bool) -> anyhow::Result<Content> {
    // Transparent pixels stay transparent: the window puts its own background behind them.
    let options = DatasetOptions { alpha: AlphaMode::Mask, ..options.clone() };
    let dataset = Dataset::open(path, &options)?;
    if is_told {
        say_notes(&dataset);
    }
    let view = |view: &lapidary::dataset::View| View {
        name: view.name.clone(),
        split: match view.split {
            Split::Train => "train".to_owned(),
            Split::Test => "test".to_owned(),
        },
        camera: view.camera,
    };
    let views: Vec<View> = dataset.views.iter().map(view).collect();
    let count = views.len();
    let point = |point: &SfmPoint| (DVec3::from_array(point.position), point.colour);
    let points = dataset.points.iter().map(point).collect();
    let picture = move |index: usize| {
        if index >= count {
            return Err("there is no such picture".to_owned());
        }
        let picture = dataset.load(index).map_err(|error| error.to_string())?;
        Ok(Picture { width: picture.width as usize, height: picture.height as usize, pixels: picture.pixels })
    };
    Ok(Content { points, views, picture: Arc::new(picture), ..Content::default() })
}

#[cfg(test)]
mod tests {
    use lapidary::camera::Camera;
    use lapidary::scene::{Params, Scene};
    use lapidary::scene_file;

    use super::super::source::SCENE_FILE;
    use super::*;

    fn scene() -> Scene {
        let mut scene = Scene::empty(4, 0);
        let points = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let (one, sh) = ([0.0], [0.1; 48]);
        scene.push(Params { points: &points, log_delta: &one, log_sigma: &one, raw_opacity: &one, sh: &sh });
        scene
    }

    #[test]
    fn the_folder_of_a_training_is_a_scene_with_cameras() {
        let folder = tempfile::tempdir().unwrap();
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        let without = open(folder.path(), None, &DatasetOptions::default()).unwrap();
        assert!(without.scene.is_some() && without.views.is_empty());
        let camera = Camera::look_at(DVec3::new(3.0, -0.2, 0.0), DVec3::ZERO, DVec3::NEG_Y, 40.0, 64, 48);
        let named = |name: &str| (name.to_owned(), camera);
        let transforms = Transforms {
            test_filenames: Some(vec!["b.png".to_owned()]),
            ..Transforms::from_cameras(&[named("a.png"), named("b.png")])
        };
        transforms.save(&folder.path().join(CAMERAS_FILE)).unwrap();
        let run = open(folder.path(), None, &DatasetOptions::default()).unwrap();
        let splits: Vec<&str> = run.views.iter().map(|view| view.split.as_str()).collect();
        assert_eq!((run.scene.is_some(), splits), (true, vec!["train", "test"]));
        assert_eq!(run.up(), DVec3::NEG_Y);
        assert!((run.picture)(0).unwrap_err().contains("--data"));
    }

    #[test]
    fn a_scene_is_shown_without_the_cameras_of_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CAMERAS_FILE), "{").unwrap();
        assert!(source::cameras_beside(&folder.path().join(SCENE_FILE)).is_empty());
        let alone = open(folder.path(), None, &DatasetOptions::default());
        assert!(alone.unwrap_err().to_string().contains(CAMERAS_FILE), "nothing else can be shown");
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        let run = open(folder.path(), None, &DatasetOptions::default()).unwrap();
        assert!(run.scene.is_some() && run.views.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_does_not_hide_a_scene() {
        let folder = tempfile::tempdir().unwrap();
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("images")).unwrap();
        assert!(open(folder.path(), None, &DatasetOptions::default()).unwrap().scene.is_some());
    }

    #[test]
    fn a_broken_dataset_beside_a_scene_is_told() {
        let folder = tempfile::tempdir().unwrap();
        scene_file::save(&scene(), &folder.path().join(SCENE_FILE)).unwrap();
        std::fs::write(folder.path().join("transforms.json"), "{").unwrap();
        assert!(
            open(folder.path(), None, &DatasetOptions::default()).unwrap_err().to_string().contains("transforms.json")
        );
        let empty = tempfile::tempdir().unwrap();
        assert!(
            open(empty.path(), None, &DatasetOptions::default()).unwrap_err().to_string().contains("is not a dataset")
        );
    }
}
