//! What the folder of a training tells about the photographs that it was made from.

use std::path::Path;

use lapidary::camera::Camera;
use lapidary::dataset::{Dataset, Split};
use lapidary::{files, text};

use super::source::{CAMERAS_FILE, scene_file_of};

/// The command of the training that left a scene, where its folder tells.
pub(super) fn command(scene: &Path) -> Option<String> {
    let bytes = files::read(&scene_file_of(scene).with_file_name("config.toml")).ok()?;
    let first = String::from_utf8_lossy(&bytes).lines().next()?.strip_prefix("# ")?.to_owned();
    first.starts_with("lapidary train").then(|| text::escaped(&first))
}

/// How the views of a dataset that are evaluated differ from those that a training has left beside its scene, in sentences.
pub(super) fn differences(trained: &[(String, Split, Camera)], dataset: &Dataset, views: &[usize]) -> Vec<String> {
    let chosen = views.iter().filter_map(|view| dataset.views.get(*view));
    let pairs: Vec<_> = chosen
        .filter_map(|view| {
            trained.iter().find(|(name, ..)| *name == view.name).map(|(_, split, camera)| (view, split, camera))
        })
        .collect();
    let mut found = Vec::new();
    let is_other = |camera: &Camera, other: &Camera| (camera.width, camera.height) != (other.width, other.height);
    if let Some((view, _, camera)) = pairs.iter().find(|(view, _, camera)| is_other(&view.camera, camera)) {
        found.push(format!(
            "the training saw {} with {}×{} pixels, and here it has {}×{}; --downscale and --max-width of the training give \
             the same figures",
            text::quoted(&view.name),
            camera.width,
            camera.height,
            view.camera.width,
            view.camera.height
        ));
    }
    let num_seen = pairs.iter().filter(|(view, split, _)| view.split == Split::Test && **split == Split::Train).count();
    if num_seen > 0 {
        found.push(format!(
            "{num_seen} of {} held-back views are views that the scene was trained on ({CAMERAS_FILE} tells); --test-every and \
             --split-file of the training hold back the same ones",
            pairs.len()
        ));
    }
    found
}
