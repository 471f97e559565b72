//! Imports run downwards only: the table of floors in ARCHITECTURE.md, enforced.

use std::fs;
use std::path::Path;

use crate::support::source::rust_files;

/// Module, floor. Modules of one floor do not import each other.
const FLOORS: &[(&str, u32)] = &[
    ("constants", 0),
    ("real", 0),
    ("files", 0),
    ("text", 0),
    ("html", 0),
    ("fault", 0),
    ("camera", 0),
    ("image", 0),
    ("scene", 1),
    ("camera_path", 1),
    ("page", 1),
    ("scene_file", 2),
    ("dataset", 2),
    ("reference", 2),
    ("gpu", 2),
    ("kernels", 3),
    ("synth", 3),
    ("metrics", 3),
    ("convert", 3),
    ("renderer", 4),
    ("optimiser", 5),
    ("evaluate", 5),
    ("train", 6),
    ("render", 6),
    ("bench", 6),
    ("source", 7),
    ("run", 8),
    ("viewer", 9),
];

/// Edges that the floors would allow and the design does not: `gpu` knows bytes and devices, not convexes.
const FORBIDDEN: &[(&str, &str)] = &[
    ("gpu", "scene"),
    ("kernels", "reference"),
    ("kernels", "dataset"),
    ("kernels", "scene_file"),
    ("renderer", "reference"),
    ("optimiser", "reference"),
    ("evaluate", "reference"),
    ("evaluate", "kernels"),
];

/// Ground modules may use these of their own floor.
const SHARED_GROUND: &[&str] = &["constants", "real", "files", "text"];

fn floor(module: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The top-level modules that a source text names through `crate::`.
fn imports(source: &str) -> Vec<&str> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.match_indices("crate::").map(move |(at, found)| &line[at + found.len()..]))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
        .collect()
}

fn fault(module: &str, import: &str) -> Option<String> {
    let (Some(from), Some(to)) = (floor(module), floor(import)) else {
        return Some(format!("`{module}` imports `{import}`, and one of them has no floor"));
    };
    let sideways = from == to && module != import && !(from == 0 && SHARED_GROUND.contains(&import));
    let forbidden = FORBIDDEN.contains(&(module, import));
    (to > from || sideways || forbidden)
        .then(|| format!("`{module}` (floor {from}) must not import `{import}` (floor {to})"))
}

#[test]
fn imports_run_downwards_only() {
    let source_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files("src");
    let mut faults = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&source_folder).unwrap();
        let module = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        // The edge of the program may see everything; nothing sees it, because it is not in the library.
        if ["lib", "main", "cli"].contains(&module) {
            continue;
        }
        let source = fs::read_to_string(file).unwrap();
        faults.extend(imports(&source).into_iter().filter_map(|import| fault(module, import)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn clap_and_anyhow_stay_at_the_edge() {
    let source_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files("src");
    for file in files.iter().filter(|file| !file.starts_with(source_folder.join("cli")) && !file.ends_with("main.rs")) {
        let source = fs::read_to_string(file).unwrap();
        assert!(
            !source.contains("clap::") && !source.contains("anyhow::"),
            "{} belongs below the edge",
            file.display()
        );
    }
}

#[test]
fn the_gpu_floor_knows_no_egui() {
    for file in rust_files("src/gpu") {
        let source = fs::read_to_string(&file).unwrap();
        assert!(!source.contains("egui::") && !source.contains("egui_wgpu::"), "{} draws with egui", file.display());
    }
}

#[test]
fn the_check_itself_sees_faults() {
    assert_eq!(imports("use crate::scene::Scene;\n// crate::gpu\nlet x = crate::camera::MAX;"), ["scene", "camera"]);
    assert!(fault("scene", "gpu").is_some(), "upwards");
    assert!(fault("reference", "gpu").is_some(), "sideways");
    assert!(fault("gpu", "scene").is_some(), "forbidden");
    assert!(fault("gpu", "nowhere").is_some(), "unknown");
    assert!(fault("kernels", "gpu").is_none() && fault("camera", "constants").is_none());
}
