//! What the targets share: bytes become a file, and whatever a reader says of it must be an answer.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

/// In memory where that is possible: a fuzzer writes thousands of files a second.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a temporary folder")
});

/// Writes a file below a folder that all inputs share, and gives its path.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.path().join(name);
    std::fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// An error names the file and is a sentence, not a page.
pub fn answer<T, E: std::fmt::Display>(name: &str, result: Result<T, E>) -> Option<T> {
    result
        .map_err(|error| {
            let message = error.to_string();
            assert!(message.contains(name) && message.len() < 2000, "{message}");
        })
        .ok()
}

/// What stands between the files of one input.
pub const MARK: &[u8] = b"\xfa\xce";

/// The input cut in parts at its marks, as many as asked for.
pub fn parts<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let mut rest = bytes;
    std::array::from_fn(|i| {
        let end = rest.windows(MARK.len()).position(|window| window == MARK).filter(|_| i + 1 < N);
        let part = end.map_or(rest, |end| &rest[..end]);
        rest = end.map_or(&[][..], |end| &rest[end + MARK.len()..]);
        part
    })
}
