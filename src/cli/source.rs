//! Scenes that commands read, with their warnings on stderr. What a path holds is decided by [`lapidary::source`].

use std::path::Path;

use lapidary::camera::Camera;
use lapidary::convert::Focal;
use lapidary::dataset::Split;
pub(crate) use lapidary::files::is_same;
use lapidary::render::Orbit;
use lapidary::scene::Scene;
use lapidary::scene_file::Metadata;
use lapidary::source::{self, LoadedScene};
pub(crate) use lapidary::source::{CAMERAS_FILE, SCENE_FILE, is_scene, scene_file_of};

use super::progress::Step;

/// The number of characters of a scene's provenance that are shown at most; a scene of this program has one sentence.
pub(crate) const MAX_PROVENANCE: usize = 200;

/// Reads the cameras that a training left beside a scene; a file that is not one of cameras is a warning.
fn cameras_beside(scene: &Path) -> Vec<Camera> {
    views_beside(scene).into_iter().map(|(.., camera)| camera).collect()
}

/// Reads name, split and camera of the views that a training left beside a scene; a file that is not one of cameras is a
/// warning.
pub(crate) fn views_beside(scene: &Path) -> Vec<(String, Split, Camera)> {
    source::views_beside(scene).unwrap_or_else(|error| {
        say!("warning: {error}; the scene is taken without its cameras");
        Vec::new()
    })
}

/// The orbit through the start view of a scene, or, where it has none, along the cameras of its training or around the scene.
pub(crate) fn orbit(path: &Path, scene: &Scene, metadata: &Metadata) -> Orbit {
    let beside = || Orbit::of(&cameras_beside(path), scene);
    metadata.start_view.map_or_else(beside, |view| Orbit::of_view(&view, scene))
}

/// Reads a scene in world units, and says so if that takes long and `is_quiet` is not wanted. `focal` is for models of the
/// authors' code.
pub(crate) fn load(path: &Path, focal: Option<Focal>, is_quiet: bool) -> anyhow::Result<(Scene, Metadata)> {
    let _step = Step::begin(format!("reading {}", path.display()), is_quiet);
    let LoadedScene { scene, metadata, warnings } = source::load_scene(path, focal)?;
    for warning in warnings {
        say!("warning: {warning}");
    }
    Ok((scene, metadata))
}
