//! Tells release builds their commit, for `lapidary bench`. Without git they do not know it; nothing else is lost.
//! Builds for debugging are not asked, so that a commit does not make them build again.

use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 6] = ["src", "shaders", "assets", "Cargo.toml", "Cargo.lock", "build.rs"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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

/// What git prints, if there is a git and it is content.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
