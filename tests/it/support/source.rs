//! The files of the source, for tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

/// All Rust files below a folder of the package.
pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    files(folder, "rs")
}

/// All shaders.
pub(crate) fn shader_files() -> Vec<PathBuf> {
    files("shaders", "wgsl")
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), extension, &mut found);
    found.sort();
    assert!(found.len() > 10, "only {} files were found below {folder}", found.len());
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}
