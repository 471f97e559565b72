//! Scenes as people point at them: a file of any format that is read, a checkpoint, or the folder of a training.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use lapidary::camera::Camera;
use lapidary::convert::{self, Focal};
use lapidary::dataset::transforms::Transforms;
use lapidary::scene::{Extent, Scene};
use lapidary::scene_file::{self, Metadata};
use lapidary::train::Checkpoint;

/// Of a training.
pub(crate) const SCENE_FILE: &str = "scene.safetensors";

/// The cameras of a training, which `render --cameras` and `view` read.
pub(crate) const CAMERAS_FILE: &str = "cameras.json";

/// Most characters of what a scene says about where it comes from that are shown; ours are one sentence.
pub(crate) const MAX_PROVENANCE: usize = 200;

/// What a training goes on from.
pub(crate) const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// The file of the scene that a path means: itself, or in a folder the scene or, while a training has not written it yet, the
/// checkpoint.
pub(crate) fn scene_file_of(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_path_buf();
    }
    let [scene, checkpoint] = [SCENE_FILE, CHECKPOINT_FILE].map(|name| path.join(name));
    if !scene.exists() && checkpoint.is_file() { checkpoint } else { scene }
}

/// Whether two names are of one file or folder, which is there.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Whether a file's name is that of a scene, not of a dataset; also of a scene that is not read, which its reader says.
pub(crate) fn is_scene(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["safetensors", "ply", "pt"].contains(&extension.as_str()) || convert::is_packed_gaussians(path)
}

/// The cameras that a training left beside a scene; none where there was no training, or where the file is another program's.
pub(crate) fn cameras_beside(scene: &Path) -> Vec<Camera> {
    let file = scene_file_of(scene).with_file_name(CAMERAS_FILE);
    if !file.is_file() {
        return Vec::new();
    }
    Transforms::load(&file).and_then(|transforms| transforms.cameras(&file, None)).unwrap_or_else(|error| {
        say!("warning: {error}; the scene is taken without its cameras");
        Vec::new()
    })
}

/// Reads a scene, in world units also where it is that of a checkpoint, and says what of it is left out and where its places
/// have too few digits.
/// `focal` is for models of the authors' code.
pub(crate) fn load(path: &Path, focal: Option<Focal>) -> anyhow::Result<(Scene, Metadata)> {
    let (scene, about) = read(path, focal)?;
    if about.left_out > 0 {
        say!(
            "warning: {}: {} of {} Gaussians are left out, because they have no finite values or no size",
            path.display(),
            about.left_out,
            about.left_out + scene.len()
        );
    }
    if let Some(step) = Extent::of_scene(&scene).coarse_step(scene.origin) {
        say!(
            "warning: {} holds 32-bit coordinates so far from the origin of the world that they are rounded to steps of {step}: \
             pictures are blurred by that. Scenes that are trained now have an origin of their own",
            path.display()
        );
    }
    Ok((scene, about))
}

fn read(path: &Path, focal: Option<Focal>) -> anyhow::Result<(Scene, Metadata)> {
    // Of a name with an extension more can be said.
    let is_known = path.exists() || path.extension().is_some();
    ensure!(is_known, "{}: there is no such file or folder", path.display());
    let file = scene_file_of(path);
    ensure!(
        !path.is_dir() || file.exists(),
        "{} holds neither {SCENE_FILE} nor {CHECKPOINT_FILE}; a training writes both when it saves for the first time",
        path.display()
    );
    if scene_file::format_of(&file).as_deref() != Some(Checkpoint::FORMAT) {
        return Ok(convert::read(&file, focal)?);
    }
    let Checkpoint { scene, state, .. } = Checkpoint::load(&file)?;
    let about = Metadata {
        normalised_from_world: Some(state.similarity),
        antialias: state.options.antialias,
        background: state.options.background,
        provenance: Some(format!("a checkpoint after {} iterations", state.iteration)),
        left_out: 0,
    };
    Ok((state.similarity.to_world(&scene), about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_that_has_a_checkpoint_alone_is_read_from_it() {
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
    fn scenes_are_told_by_their_names() {
        for scene in ["a.safetensors", "b/A.PLY", "point_cloud_state_dict.pt", "a.splat", "b.SPZ"] {
            assert!(is_scene(Path::new(scene)), "{scene}");
        }
        for other in ["a.zip", "transforms.json", "folder"] {
            assert!(!is_scene(Path::new(other)), "{other}");
        }
    }
}
