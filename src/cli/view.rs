//! `lapidary view`: a window on a scene or a dataset.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lapidary::dataset::{AlphaMode, Dataset, DatasetOptions, Split};
use lapidary::gpu::GpuOptions;
use lapidary::scene_file;
use lapidary::viewer::{self, Content, Launch, Picture, View};

use super::{SharedArgs, Size};

/// Opens a window on a scene or a dataset.
///
/// `?` in the window lists every key. Scenes, datasets and camera paths can also be dropped on the window.
#[derive(Debug, clap::Args)]
pub(crate) struct ViewArgs {
    /// Scene file, or folder of a dataset; a scene.safetensors in the folder is shown with its cameras
    path: Option<PathBuf>,
    /// Dataset whose cameras and pictures go with the scene
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Width and height of the window in pixels; as last time if nothing is said
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
}

pub(crate) fn run(args: &ViewArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    for path in args.path.iter().chain(&args.data) {
        anyhow::ensure!(path.exists(), "{}: there is no such file or folder", path.display());
    }
    let data = args.data.clone();
    viewer::run(Launch {
        path: args.path.clone().or_else(|| data.clone()),
        open: Arc::new(move |path: &Path| open(path, data.as_deref()).map_err(|error| format!("{error:#}"))),
        gpu: GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() },
        live: None,
        size: args.size.map(|size| [size.width, size.height]),
    })?;
    Ok(())
}

/// What a path holds, with the cameras and pictures of `data` where it has none of its own.
pub(super) fn open(path: &Path, data: Option<&Path>) -> anyhow::Result<Content> {
    if path.is_file() {
        let content = data.map(dataset).transpose()?.unwrap_or_default();
        return with_scene(content, path);
    }
    let file = path.join("scene.safetensors");
    match (dataset(path), file.is_file()) {
        (Ok(content), true) => with_scene(content, &file),
        (Ok(content), false) => Ok(content),
        (Err(_), true) => with_scene(data.map(dataset).transpose()?.unwrap_or_default(), &file),
        (Err(error), false) => Err(error.context("nothing to show: no scene.safetensors either")),
    }
}

/// The same with the scene of a file.
fn with_scene(content: Content, file: &Path) -> anyhow::Result<Content> {
    let (scene, metadata) = scene_file::load_with(file)?;
    Ok(Content { scene: Some(Arc::new(scene)), antialias: metadata.antialias, ..content })
}

/// Cameras and pictures of a dataset.
pub(super) fn dataset(path: &Path) -> anyhow::Result<Content> {
    // Transparent pixels stay transparent: the window puts its own background behind them.
    let options = DatasetOptions { alpha: AlphaMode::Mask, ..DatasetOptions::default() };
    let dataset = Dataset::open(path, &options)?;
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
    let picture = move |index: usize| {
        if index >= count {
            return Err("there is no such picture".to_owned());
        }
        let picture = dataset.load(index).map_err(|error| error.to_string())?;
        Ok(Picture { width: picture.width as usize, height: picture.height as usize, pixels: picture.pixels })
    };
    Ok(Content { views, picture: Arc::new(picture), ..Content::default() })
}
