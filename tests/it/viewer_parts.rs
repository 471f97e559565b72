//! The parts of the viewer import downwards only, and each windowing crate is known in one part.

use std::fs;
use std::path::Path;

use crate::support::source::rust_files;

/// The parts of `src/viewer`, each with its floor. Parts of one floor do not import each other.
const PARTS: &[(&str, u32)] =
    &[("background", 0), ("document", 1), ("live", 1), ("scene_view", 2), ("session", 3), ("ui", 4), ("window", 5)];

/// Crates, and the only part that may name each.
const CRATES: &[(&str, &str)] =
    &[("egui", "ui"), ("egui_wgpu", "ui"), ("winit", "window"), ("egui_winit", "window"), ("rfd", "window")];

fn floor(part: &str) -> Option<u32> {
    PARTS.iter().find(|(name, _)| *name == part).map(|(_, floor)| *floor)
}

/// The code of a file without its comments and its tests.
fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]").next().unwrap();
    source.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The names that follow `prefix` in code, where it is not the end of a longer name.
fn names_after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let is_in_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(prefix)
        .filter(move |(at, _)| !code[..*at].ends_with(is_in_name))
        .map(move |(at, _)| code[at + prefix.len()..].split(|c| !is_in_name(c)).next().unwrap())
}

/// Returns the faults in the imports of a file. `is_root` says whether its parent module is the viewer itself.
fn faults(part: &str, code: &str, is_root: bool) -> Vec<String> {
    let Some(from) = floor(part) else { return vec![format!("`{part}` has no floor")] };
    let mut faults = Vec::new();
    for import in names_after(code, "crate::viewer::") {
        match floor(import) {
            Some(to) if to < from || import == part => {}
            _ => faults.push(format!("`{part}` must not import `crate::viewer::{import}`")),
        }
    }
    for (name, owner) in CRATES {
        if *owner != part && names_after(code, &format!("{name}::")).next().is_some() {
            faults.push(format!("`{part}` must not know the crate {name}"));
        }
    }
    if code.contains("super::super") || (is_root && code.contains("super::")) {
        faults.push(format!("`{part}` leaves itself by `super::`; `crate::viewer::` is seen by this test"));
    }
    faults
}

#[test]
fn parts_of_the_viewer_import_downwards_only() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/viewer");
    let mut found = Vec::new();
    for file in rust_files("src/viewer") {
        let inside = file.strip_prefix(&folder).unwrap();
        let part = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if part == "mod" {
            continue;
        }
        let depth = inside.components().count();
        let is_root = depth == 1 || (depth == 2 && inside.ends_with("mod.rs"));
        let source = fs::read_to_string(&file).unwrap();
        found.extend(
            faults(part, &code(&source), is_root).into_iter().map(|text| format!("{}: {text}", inside.display())),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_check_itself_finds_faults() {
    assert!(faults("ui", "use crate::viewer::session::Session;\nuse egui::Ui;", false).is_empty());
    assert_eq!(faults("scene_view", "use crate::viewer::session::Session;", false).len(), 1, "upwards");
    assert_eq!(faults("document", "use crate::viewer::live::Live;", false).len(), 1, "sideways");
    assert_eq!(faults("document", "use crate::viewer::{session, ui};", false).len(), 1, "unclear");
    assert_eq!(faults("session", "let x: egui::Key;", false).len(), 1, "egui outside of ui");
    assert_eq!(faults("ui", "egui_winit::State", false).len(), 1, "another crate whose name begins alike");
    assert_eq!(faults("window", "use super::ui::Interface;", true).len(), 1, "past the table");
    assert_eq!(code("// egui::Ui\nuse a;\n#[cfg(test)]\nmod tests {\n    egui::Ui\n}\n"), "use a;\n");
}
