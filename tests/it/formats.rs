//! docs/formats.md says the truth: its Python reader reads what the library writes.

use std::process::Command;

use lapidary::scene_file::{self, Metadata};

use crate::support::toys::{self, Random};

/// The first block of Python in docs/formats.md.
fn documented_reader() -> &'static str {
    let (_, rest) = include_str!("../../docs/formats.md").split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_documented_reader_reads_a_scene() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("python3 is not here: skipped");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.safetensors");
    let scene = toys::scene(&mut Random::new(1), 5, 6, 2).cast::<f32>();
    let about = Metadata { provenance: Some("a test".into()), ..Metadata::default() };
    scene_file::save_with(&scene, &about, &path).unwrap();

    let print = "import sys\nprint(json.dumps(read_scene(sys.argv[1])))";
    let program = format!("{}\n{print}", documented_reader());
    let output = Command::new("python3").args(["-c", &program]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (metadata, tensors): (serde_json::Value, serde_json::Value) = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(metadata["sh_degree"], "2");
    assert_eq!(metadata["provenance"], "a test");
    assert_eq!(tensors["points"][0], serde_json::json!([5, 6, 3]));
    assert_eq!(tensors["sh"][0], serde_json::json!([5, 16, 3]));
    for (name, values) in scene.params.as_ref().into_named() {
        let read: Vec<f32> = serde_json::from_value(tensors[name][1].clone()).unwrap();
        assert_eq!(&read, values, "{name}");
    }
}
