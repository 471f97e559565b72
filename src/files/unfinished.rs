//! A file that is written under a temporary name.

use std::path::{Path, PathBuf};

use super::leftovers::{self, UNFINISHED, UnderWay};
use super::{FileError, create_folder, target};

/// A file that is written piece by piece under a temporary name beside its own, of the same extension. Dropped, it
/// leaves nothing behind.
#[derive(Debug)]
pub struct Unfinished {
    file: tempfile::NamedTempFile,
    path: PathBuf,
    _under_way: UnderWay,
}

impl Unfinished {
    /// An empty file beside `path`. Missing parent folders are created. Where `path` is a link to a file, that file is
    /// replaced, not the link.
    ///
    /// # Errors
    /// [`FileError`] naming `path`; also where it is there and not a regular file.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        create_folder(folder)?;
        let path = &target(path)?;
        // A link may lead into another folder.
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(folder);
        let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
        leftovers::sweep_once(folder);
        loop {
            let file = temporary_file()
                .suffix(extension.as_deref().unwrap_or_default())
                .tempfile_in(folder)
                // The temporary name does not help the user.
                .map_err(|error| FileError::of("write", path)(error.kind().into()))?;
            if let Some(under_way) = UnderWay::of(&file) {
                return Ok(Self { file, path: path.into(), _under_way: under_way });
            }
        }
    }

    /// The path until it is finished.
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        self.file.path()
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    /// [`FileError`] naming the file.
    pub fn finish(self) -> Result<(), FileError> {
        let Self { file, path, _under_way } = self;
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
