//! Files that PyTorch wrote: tests/files/authors.py made them.

use std::path::{Path, PathBuf};

use lapidary::convert::{self, Focal};
use lapidary::scene::Scene;
use lapidary::scene_file;
use tempfile::TempDir;

use super::converted;
use crate::cli::{refused, text};

/// A file of tests/files.
pub(super) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

/// The scene that authors.py writes down, in its own units.
fn expected() -> Scene {
    let mut next = 0u16;
    let mut count = |values: u16| -> Vec<f32> {
        let first = next;
        next += values;
        (first..next).map(|i| f32::from(i) / 64.0).collect()
    };
    let mut scene = Scene::empty(6, 3);
    scene.params.points = count(36);
    scene.params.log_delta = count(2);
    scene.params.log_sigma = count(2);
    let (dc, rest) = (count(6), count(90));
    scene.params.raw_opacity = count(2);
    scene.params.sh = [&dc[..3], &rest[..45], &dc[3..], &rest[45..]].concat();
    scene
}

#[test]
fn full_and_light_models_are_read_with_their_focal_lengths_undone() {
    for name in ["authors_full.pt", "authors_light.pt"] {
        let (scene, metadata) = convert::read(&file(name), Some(Focal { x: 1000.0, y: 900.0 })).unwrap();
        let mut expected = expected();
        expected.params.log_delta.iter_mut().for_each(|value| *value += (1000.0f32 * 900.0).ln());
        assert_eq!(scene, expected, "{name}");
        assert!(metadata.provenance.unwrap().contains("1000.00 and 900.00 px as told"));
    }
}

/// The folder that the authors' code leaves.
fn model_folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let iteration = folder.path().join("point_cloud/iteration_30000");
    std::fs::create_dir_all(&iteration).unwrap();
    let path = iteration.join("point_cloud_state_dict.pt");
    std::fs::copy(file("authors_full.pt"), &path).unwrap();
    (folder, path)
}

#[test]
fn focal_lengths_come_from_the_folder_of_the_model() {
    let (folder, path) = model_folder();
    let out = folder.path().join("scene.safetensors");
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    refused(&["convert", text(&path), text(&out)], 2, &["point_cloud_state_dict.pt", "cameras.json", "--focal"]);
    let log_delta = || {
        let out = converted(&path, "scene.safetensors", &[]);
        scene_file::load(&out).unwrap().params.log_delta[0] - expected().params.log_delta[0]
    };
    put("cameras.json", r#"[{"id": 0, "img_name": "a", "width": 3200, "height": 2400, "fx": 2000.0, "fy": 1800.0}]"#);
    assert!((log_delta() - (1000.0f32 * 900.0).ln()).abs() < 1e-5, "their code shrinks to 1600 px");
    put("cfg_args", "Namespace(images='images_4', resolution=-1, eval=True)");
    assert!((log_delta() - (500.0f32 * 450.0).ln()).abs() < 1e-5);
    put("cameras.json", "[]");
    refused(&["convert", text(&path), text(&out)], 2, &["cameras.json", "no cameras"]);
    put("cameras.json", "[{}]");
    refused(&["convert", text(&path), text(&out)], 2, &["cameras.json", "width"]);
}
