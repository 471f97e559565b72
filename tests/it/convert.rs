//! `lapidary convert` as a user runs it: what it writes can be read, and what it cannot read is refused.

use std::path::Path;
use std::process::Command;

use lapidary::scene::Scene;
use lapidary::scene_file;

use crate::support::toys::{self, Random};

fn convert(input: &Path, output: &Path, more: &[&str]) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_lapidary")).arg("convert").args([input, output]).args(more).output();
    let run = run.unwrap();
    (run.status.code(), String::from_utf8_lossy(&run.stderr).into_owned())
}

fn converted(input: &Path, name: &str, more: &[&str]) -> Vec<u8> {
    let output = input.with_file_name(name);
    let (code, message) = convert(input, &output, more);
    assert_eq!(code, Some(0), "{name}: {message}");
    std::fs::read(output).unwrap()
}

fn saved(folder: &Path) -> (std::path::PathBuf, Scene) {
    let scene = toys::scene(&mut Random::new(2), 20, 6, 2).cast::<f32>();
    let path = folder.join("scene.safetensors");
    scene_file::save(&scene, &path).unwrap();
    (path, scene)
}

#[test]
fn a_scene_comes_back_from_ply_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, scene) = saved(folder.path());
    converted(&path, "scene.ply", &[]);
    converted(&folder.path().join("scene.ply"), "back.safetensors", &[]);
    assert!(scene_file::load(&folder.path().join("back.safetensors")).unwrap() == scene);
}

#[test]
fn meshes_colliders_and_gaussians_hold_every_convex() {
    let folder = tempfile::tempdir().unwrap();
    let (path, scene) = saved(folder.path());
    let json_of = |glb: &[u8]| -> serde_json::Value {
        assert_eq!(&glb[..4], b"glTF");
        assert_eq!(u32::from_le_bytes(glb[8..12].try_into().unwrap()) as usize, glb.len());
        let length = u32::from_le_bytes(glb[12..16].try_into().unwrap()) as usize;
        serde_json::from_slice(&glb[20..20 + length]).unwrap()
    };
    let each = json_of(&converted(&path, "each.glb", &[]));
    assert_eq!(each["meshes"].as_array().unwrap().len(), scene.len());
    let merged = json_of(&converted(&path, "merged.glb", &["--merge"]));
    assert_eq!(merged["meshes"].as_array().unwrap().len(), 1);
    let colliders: serde_json::Value = serde_json::from_slice(&converted(&path, "colliders.json", &[])).unwrap();
    assert!(colliders.to_string().len() > 20 * 100);
    let obj = String::from_utf8(converted(&path, "scene.obj", &[])).unwrap();
    assert!(obj.lines().filter(|line| line.starts_with("v ")).count() >= 4 * scene.len());
    assert!(obj.lines().any(|line| line.starts_with("f ")));
    let gaussians = converted(&path, "gaussians.ply", &["--gaussians"]);
    let header = String::from_utf8_lossy(&gaussians[..2000]).into_owned();
    assert!(header.contains("element vertex 20") && header.contains("property float rot_3"), "{header}");
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = saved(folder.path());
    let whole_ply = converted(&path, "scene.ply", &[]);
    let pickle = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.";
    let cases: [(&str, &[u8]); 5] = [
        ("truncated.ply", &whole_ply[..whole_ply.len() / 2]),
        (
            "lies.ply",
            b"ply\nformat binary_little_endian 1.0\nelement convex 4000000000\nproperty float x\nend_header\n",
        ),
        ("empty.ply", b""),
        ("call.pt", pickle),
        ("empty.safetensors", b""),
    ];
    for (name, bytes) in cases {
        let input = folder.path().join(name);
        std::fs::write(&input, bytes).unwrap();
        let output = folder.path().join("out.glb");
        let (code, message) = convert(&input, &output, &[]);
        assert_eq!(code, Some(2), "{name}: {message}");
        assert!(message.contains(name) && message.matches("error:").count() == 1, "{name}: {message}");
        assert!(!output.exists());
    }
}
