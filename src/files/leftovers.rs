//! Unfinished files that must not stay: those of this program when it ends at once, and those of programs that were killed.
//!
//! A program holds a lock on each file that it has not finished. A file without a lock was left by a program that was
//! killed, and the next program that writes into its folder removes it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

/// How the names of unfinished files begin.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// The files that this program has not finished, and the folders that it has searched.
static STATE: Mutex<State> = Mutex::new(State { unfinished: BTreeSet::new(), swept: BTreeSet::new() });

#[derive(Debug)]
struct State {
    unfinished: BTreeSet<PathBuf>,
    swept: BTreeSet<PathBuf>,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that this program is writing; forgotten when it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(PathBuf);

impl UnderWay {
    /// Takes a new file; `None` where another program has just taken it for one that was left, and removed it.
    pub(super) fn of(file: &NamedTempFile) -> Option<Self> {
        let path = file.path().to_path_buf();
        // Some network disks have no locks: nothing is removed there. On Windows a lock would keep ffmpeg out.
        let is_locked = cfg!(unix) && file.as_file().lock().is_ok();
        if is_locked && !path.exists() {
            return None;
        }
        state().unfinished.insert(path.clone());
        Some(Self(path))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        state().unfinished.remove(&self.0);
    }
}

/// Removes the files that programs left unfinished in a folder, once in the life of this program.
pub(super) fn sweep_once(folder: &Path) {
    if state().swept.insert(folder.to_path_buf()) {
        remove_unfinished(folder);
    }
}

/// Removes the files that programs left unfinished in a folder. Those that a program is writing stay, and so does what
/// cannot be removed.
pub fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        // Opening a pipe would wait for its other end.
        if cfg!(unix) && is_unfinished && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            remove_if_left(&entry.path());
        }
    }
}

fn remove_if_left(path: &Path) {
    #[allow(clippy::disallowed_methods, reason = "a regular file, which is not read")]
    let Ok(file) = File::open(path) else { return };
    // Held until it is removed, so that no program takes it in between.
    if file.try_lock().is_ok() {
        match std::fs::remove_file(path) {
            Ok(()) => log::info!("removed {}, which a program that was killed had left", path.display()),
            Err(error) => log::info!("{} cannot be removed: {error}", path.display()),
        }
    }
}

/// Removes everything that this program has not finished. It is called when the program ends at once: a thread that
/// begins another file afterwards waits for ever.
pub fn discard_unfinished() {
    let state = state();
    for path in &state.unfinished {
        // It may have been finished in between.
        std::fs::remove_file(path).unwrap_or_default();
    }
    std::mem::forget(state);
}

#[cfg(test)]
mod tests {
    use super::super::Unfinished;
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_was_left_is_removed_and_what_is_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".unfinished-left.png");
        std::fs::write(&left, "half").unwrap();
        std::fs::write(folder.path().join("other.png"), "whole").unwrap();
        let writing = Unfinished::create(&folder.path().join("new.png")).unwrap();
        assert!(!left.exists(), "creating a file looks through its folder");
        std::fs::write(&left, "half").unwrap();
        remove_unfinished(folder.path());
        assert!(!left.exists() && writing.temporary_path().exists());
        writing.finish().unwrap();
        let mut names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["new.png", "other.png"]);
    }

    #[test]
    fn a_file_is_known_while_it_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let writing = Unfinished::create(&folder.path().join("new.png")).unwrap();
        let path = writing.temporary_path().to_path_buf();
        assert!(state().unfinished.contains(&path));
        drop(writing);
        assert!(!state().unfinished.contains(&path));
    }
}
