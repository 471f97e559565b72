//! Scenes far from the origin of the world in other programs' files.

use std::path::{Path, PathBuf};
use std::process::Command;

use glam::DVec3;
use lapidary::convert::mesh::Solids;
use lapidary::scene::Scene;
use lapidary::scene_file;
use tempfile::TempDir;

use super::{chance_scene, converted, end_of_header, folder_with_scene, metadata};
use crate::cli::{refused, text};

const ORIGIN: DVec3 = DVec3::new(448_262.25, 5_411_932.5, 250.125);

fn far_scene() -> (Scene, TempDir, PathBuf) {
    let scene = Scene { origin: ORIGIN, ..chance_scene(12, 6) };
    let (folder, path) = folder_with_scene(&scene);
    (scene, folder, path)
}

/// What a conversion says on stdout and stderr.
fn told(from: &Path, name: &str, more: &[&str]) -> [String; 2] {
    let to = from.with_file_name(name);
    let output = Command::new(env!("CARGO_BIN_EXE_lapidary"))
        .args([&["convert", text(from), text(&to)], more].concat())
        .output()
        .unwrap();
    assert!(output.status.success());
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Corners of all hulls relative to the origin.
fn corners(scene: &Scene) -> Vec<DVec3> {
    let solids = Solids::of(scene, 0.0).solids.into_iter();
    solids.flat_map(|solid| solid.polytope.vertices).map(|corner| DVec3::from(corner.map(f64::from))).collect()
}

#[test]
fn convexes_come_back_from_ply_with_their_origin() {
    let (scene, _folder, path) = far_scene();
    let back = converted(&converted(&path, "convexes.ply", &[]), "back.safetensors", &[]);
    assert_eq!(scene_file::load_with(&back).unwrap(), (scene, metadata()));
    assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(&path).unwrap());
    let to = path.with_file_name("out.ply");
    refused(&["convert", text(&path), text(&to), "--recentre"], 2, &["--recentre", "scenes keep their origin"]);
}

#[test]
fn files_of_text_hold_the_places_of_the_world() {
    let (scene, _folder, path) = far_scene();
    for (more, origin) in [(&[][..], ORIGIN), (&["--recentre"], DVec3::ZERO)] {
        let obj = std::fs::read_to_string(converted(&path, "solids.obj", more)).unwrap();
        let place = |line: &str| {
            DVec3::from_slice(&line.split(' ').take(3).map(|word| word.parse().unwrap()).collect::<Vec<f64>>())
        };
        let found: Vec<DVec3> = obj.lines().filter_map(|line| line.strip_prefix("v ")).map(place).collect();
        let json = std::fs::read(converted(&path, "colliders.json", more)).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let vertices = json["colliders"].as_array().unwrap().iter().map(|collider| collider["vertices"].clone());
        let listed: Vec<[f64; 3]> =
            vertices.flat_map(|vertices| serde_json::from_value::<Vec<[f64; 3]>>(vertices).unwrap()).collect();
        let expected = corners(&scene);
        assert_eq!((found.len(), listed.len()), (expected.len(), expected.len()));
        for ((found, listed), expected) in found.iter().zip(listed).zip(expected) {
            // The shortest decimals of f32 are rounded themselves.
            assert!((*found - origin).distance(expected) < 1e-6 && found.distance(DVec3::from(listed)) < 1e-6);
        }
    }
    assert!(told(&path, "solids.obj", &["--recentre"])[0].contains("relative to 448262.25, 5411932.5, 250.125"));
    assert_eq!(told(&path, "solids.obj", &[])[1], "", "nothing is lost");
}

#[test]
fn gltf_has_a_node_at_the_origin() {
    let (scene, _folder, path) = far_scene();
    let open = |path: PathBuf| gltf::Gltf::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let far = open(converted(&path, "solids.glb", &[]));
    let nodes: Vec<gltf::Node> = far.default_scene().unwrap().nodes().collect();
    assert_eq!(nodes.len(), 1);
    let (translation, ..) = nodes[0].transform().decomposed();
    assert_eq!(DVec3::from(translation.map(f64::from)), ORIGIN);
    let blob = far.blob.clone().unwrap();
    let positions = nodes[0].children().flat_map(|node| {
        let primitive = node.mesh().unwrap().primitives().next().unwrap();
        primitive.reader(|_| Some(&blob)).read_positions().unwrap().collect::<Vec<_>>()
    });
    assert_eq!(positions.map(|p| DVec3::from(p.map(f64::from))).collect::<Vec<_>>(), corners(&scene));
    let near = open(converted(&path, "near.glb", &["--recentre"]));
    assert_eq!(near.default_scene().unwrap().nodes().count(), 12, "no node above them");
    assert_eq!(told(&path, "solids.glb", &[])[1], "", "nothing is lost");
}

#[test]
fn lost_digits_of_gaussians_are_a_warning_and_recentring_keeps_them() {
    let (scene, _folder, path) = far_scene();
    let middles = |more: &[&str]| -> Vec<DVec3> {
        let more = [&["--gaussians"], more].concat();
        let bytes = std::fs::read(converted(&path, "splats.ply", &more)).unwrap();
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes[end_of_header(&bytes)..]);
        values.chunks(62).map(|row| DVec3::from([row[0], row[1], row[2]].map(f64::from))).collect()
    };
    let near = Scene { origin: DVec3::ZERO, ..scene };
    let expected: Vec<DVec3> =
        (0..near.len()).map(|i| lapidary::convert::gaussians::gaussian(&near, i).unwrap().mean).collect();
    for (found, expected) in middles(&["--recentre"]).iter().zip(&expected) {
        assert!(found.distance(*expected) < 1e-6);
    }
    for (found, expected) in middles(&[]).iter().zip(&expected) {
        assert!((*found - ORIGIN).distance(*expected) < 0.3, "half of a step");
    }
    let warning = &told(&path, "splats.ply", &["--gaussians"])[1];
    assert!(warning.contains("steps of 0.5;") && warning.lines().count() == 1, "{warning}");
    assert!(told(&path, "splats.ply", &["--gaussians", "--recentre"])[0].contains("relative to 448262.25"));
}

#[test]
fn a_scene_whose_places_have_lost_their_digits_is_named() {
    let mut scene = chance_scene(12, 6);
    scene.params.points.iter_mut().for_each(|value| *value += 5e6);
    let (_folder, path) = folder_with_scene(&scene);
    let warning = &told(&path, "solids.obj", &[])[1];
    assert!(warning.contains("scene.safetensors") && warning.contains("steps of 0.5"), "{warning}");
}
