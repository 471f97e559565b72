//! Writing files so that a reader never meets half of one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file or folder that could not be read or written, with its path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {}: {source}", path.display())]
pub struct FileError {
    /// `read`, `write`, `create` or `remove`.
    pub verb: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

impl FileError {
    /// An error about `path`; to be used in `map_err`.
    pub fn of(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self { verb, path, source }
    }
}

/// Writes `bytes` to a temporary name beside `path`, syncs, and renames: `path` is the old file or the new one,
/// never a part. Missing parent folders are created.
///
/// # Errors
/// [`FileError`] naming `path`.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut unfinished = Unfinished::create(path)?;
    unfinished.write_all(bytes).map_err(FileError::of("write", path))?;
    unfinished.finish()
}

/// A file that is written piece by piece under a temporary name beside its own, of the same extension. Dropped, it
/// leaves nothing behind.
#[derive(Debug)]
pub struct Unfinished {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Unfinished {
    /// An empty file beside `path`. Missing parent folders are created.
    ///
    /// # Errors
    /// [`FileError`] naming `path`.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(folder).map_err(FileError::of("create", folder))?;
        let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
        let file = temporary_file()
            .suffix(&extension.unwrap_or_default())
            .tempfile_in(folder)
            // The name that it would have had for a while helps nobody.
            .map_err(|error| FileError::of("write", path)(error.kind().into()))?;
        Ok(Self { file, path: path.into() })
    }

    /// Where it is until it is finished.
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        self.file.path()
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    /// [`FileError`] naming the file.
    pub fn finish(self) -> Result<(), FileError> {
        let Self { file, path } = self;
        let finish = || {
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|failed| failed.error)?;
            Ok(())
        };
        finish().map_err(FileError::of("write", &path))
    }
}

impl std::io::Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Errors of the temporary file itself name it.
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// How the names of unfinished files begin.
const UNFINISHED: &str = ".unfinished-";

/// Removes the unfinished files of a folder: those of a program that was killed. Nobody else may be writing there.
///
/// # Errors
/// [`FileError`] naming the folder or file.
pub fn remove_unfinished(folder: &Path) -> Result<(), FileError> {
    for entry in std::fs::read_dir(folder).map_err(FileError::of("read", folder))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            std::fs::remove_file(entry.path()).map_err(FileError::of("remove", &entry.path()))?;
        }
    }
    Ok(())
}

/// A temporary file is private unless told otherwise; ours become what the system gives any new file.
#[cfg(unix)]
fn temporary_file() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

/// Elsewhere a temporary file has the permissions of its folder already.
#[cfg(not(unix))]
fn temporary_file() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    builder
}

/// Reads a whole file.
///
/// # Errors
/// [`FileError`] naming `path`.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(FileError::of("read", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn errors_name_the_file_and_not_its_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write_atomically(&file, b"no folder").unwrap();
        for path in [file.join("below"), PathBuf::from("/proc/file.bin"), folder.path().to_path_buf()] {
            let message = write_atomically(&path, b"bytes").unwrap_err().to_string();
            assert!(!message.contains(UNFINISHED) && message.contains("cannot"), "{message}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.bin");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_file_has_no_name_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.gif");
        let mut file = Unfinished::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists() && file.temporary_path().extension().unwrap() == "gif");
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let message = read(&folder.path().join("absent.png")).unwrap_err().to_string();
        assert!(message.starts_with("cannot read") && message.contains("absent.png"), "{message}");
    }
}
