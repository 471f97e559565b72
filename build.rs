//! Tells release builds their commit, for `lapidary bench`. Without git they do not know it; nothing else is lost.
//! Builds for debugging are not asked, so that a commit does not make them build again.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 6] = ["src", "shaders", "assets", "Cargo.toml", "Cargo.lock", "build.rs"];

/// The folder of the viewer for browsers, and its files.
const WEB: &str = "target/web";
const WEB_FILES: [&str; 2] = ["lapidary.js", "lapidary_bg.wasm"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_WEB").is_some() {
        name_web_files();
    }
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    // A copy inside the repository of something else has that one's commit.
    let is_ours = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    let Some(commit) = git(&["rev-parse", "--short=10", "HEAD"]).filter(|_| is_ours) else { return };
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    // Grows with every commit, wherever a worktree keeps it.
    if let Some(log) =
        git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| std::fs::exists(log).is_ok_and(|is| is))
    {
        println!("cargo::rerun-if-changed={log}");
    }
    let changes = git(&[&["status", "--porcelain", "--"], &SOURCES[..]].concat());
    let mark = if changes.is_some_and(|changes| changes.is_empty()) { "" } else { "+" };
    println!("cargo::rustc-env=LAPIDARY_COMMIT={commit}{mark}");
}

/// Tells the build where the viewer for browsers lies.
fn name_web_files() {
    println!("cargo::rerun-if-env-changed=LAPIDARY_WEB");
    let folder = std::env::var_os("LAPIDARY_WEB").map_or_else(
        || Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(WEB),
        PathBuf::from,
    );
    for file in WEB_FILES.map(|file| folder.join(file)) {
        println!("cargo::rerun-if-changed={}", file.display());
        if !file.is_file() {
            println!("cargo::error={} is missing: `make web` builds the viewer for browsers first", file.display());
        }
    }
    println!("cargo::rustc-env=LAPIDARY_WEB={}", folder.display());
}

/// What git prints, if there is a git and it is content.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
