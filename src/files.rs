//! Reads regular files, and writes files so that a reader never sees a part of one.
//!
//! Every input is opened here. A pipe or a device in its place would hang the program or fill its memory, so only regular
//! files are read, never more of one than it holds, and never more than its kind can need.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod leftovers;
#[cfg(not(target_family = "wasm"))]
mod unfinished;

use std::fs::{File, FileType};
use std::io::{Error, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

#[cfg(target_family = "wasm")]
use browser::InMemory as Opened;
#[cfg(target_family = "wasm")]
pub use browser::{Download as Unfinished, discard_unfinished, give, is_file, open, remove_unfinished};
#[cfg(not(target_family = "wasm"))]
pub use leftovers::{discard_unfinished, remove_unfinished};
#[cfg(not(target_family = "wasm"))]
pub use unfinished::Unfinished;

#[cfg(not(target_family = "wasm"))]
use File as Opened;

/// A file that is open for reading. In a browser it is in memory.
pub type RegularFile = Opened;

/// Most bytes of a text: JSON, TOML, a list of names.
pub const MAX_TEXT_BYTES: u64 = 256 << 20;

/// Most bytes of a picture's file.
pub const MAX_PICTURE_BYTES: u64 = 2 << 30;

/// Most bytes of a scene, a checkpoint or a model; two hundred million convexes fit in.
pub const MAX_SCENE_BYTES: u64 = 64 << 30;

/// A file or folder that could not be read or written, with its path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {}: {source}", path.display())]
pub struct FileError {
    /// `read`, `write`, `create` or `remove`.
    pub verb: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The error of the system.
    pub source: Error,
}

impl FileError {
    /// An error about `path`; to be used in `map_err`.
    pub fn of(verb: &'static str, path: &Path) -> impl FnOnce(Error) -> Self {
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

/// Reads a whole text.
///
/// # Errors
/// [`FileError`] naming `path`: it is not there, not a regular file, or has more than [`MAX_TEXT_BYTES`].
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    read_at_most(path, MAX_TEXT_BYTES)
}

/// A text without the mark that some editors put before UTF-8.
///
/// # Errors
/// A sentence that names UTF-16, which is not read.
pub fn without_byte_order_mark(bytes: &[u8]) -> Result<&[u8], String> {
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Ok(text),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, ..] | [0, _, ..] => {
            Err("it is UTF-16, and UTF-8 is read: save it again in that encoding".to_owned())
        }
        text => Ok(text),
    }
}

/// Reads a whole file.
///
/// # Errors
/// [`FileError`] naming `path`: it is not there, not a regular file, or has more than `max_bytes`.
pub fn read_at_most(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let (file, length) = open(path)?;
    let read = || {
        if length > max_bytes {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                format!("it has {length} bytes; at most {max_bytes} are read"),
            ));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))?;
        // A file that grows, or that the system makes up while it is read, has no end.
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(FileError::of("read", path))
}

/// The first bytes of a file, or fewer of a shorter one.
///
/// # Errors
/// [`FileError`] naming `path`: it is not there, or not a regular file.
pub fn head(path: &Path, bytes: u64) -> Result<Vec<u8>, FileError> {
    let (file, length) = open(path)?;
    let mut head = Vec::new();
    file.take(bytes.min(length)).read_to_end(&mut head).map_err(FileError::of("read", path))?;
    Ok(head)
}

/// Opens a regular file for reading, and says how many bytes it has.
///
/// # Errors
/// [`FileError`] naming `path`: it is not there, or is a folder, a pipe, a socket or a device.
#[cfg(not(target_family = "wasm"))]
#[expect(clippy::disallowed_methods, reason = "this is where it is checked what is opened")]
pub fn open(path: &Path) -> Result<(RegularFile, u64), FileError> {
    let open = || {
        // Opening a pipe waits for its other end.
        check_regular(std::fs::metadata(path)?.file_type())?;
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    };
    open().map_err(FileError::of("read", path))
}

/// Whether there is a file of this name.
#[cfg(not(target_family = "wasm"))]
#[must_use]
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Opens a file that is written in place, at its end; it is made where it is missing.
///
/// # Errors
/// [`FileError`] naming `path`: it is not a regular file, or cannot be written.
#[expect(clippy::disallowed_methods, reason = "this is where it is checked what is opened")]
pub fn append(path: &Path) -> Result<File, FileError> {
    let target = target(path)?;
    File::options().create(true).append(true).open(target).map_err(FileError::of("write", path))
}

/// Makes a folder, and those above it, where they are missing.
///
/// # Errors
/// [`FileError`] naming the folder.
#[expect(clippy::disallowed_methods, reason = "this is where faults of the system are put into words")]
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    check_folder(folder)?;
    std::fs::create_dir_all(folder).map_err(FileError::of("create", folder))
}

/// Refuses the name of a folder to write into that something else has; nothing is made.
///
/// # Errors
/// [`FileError`] naming the folder.
pub fn check_folder(folder: &Path) -> Result<(), FileError> {
    let check = || match std::fs::metadata(folder) {
        Ok(about) if !about.is_dir() => {
            Err(fault(format!("it is {}, and a folder is needed", name_of(about.file_type()))))
        }
        Err(_) if folder.is_symlink() => Err(fault(DANGLING.to_owned())),
        _ => Ok(()),
    };
    check().map_err(FileError::of("create", folder))
}

/// Refuses the name of a file to write that a folder, a pipe or a device has; nothing is made.
///
/// # Errors
/// [`FileError`] naming the file.
pub fn check_file(path: &Path) -> Result<(), FileError> {
    target(path).map(|_| ())
}

/// The file that is written when `path` is: itself, or what it links to. A device would be replaced by a file.
fn target(path: &Path) -> Result<PathBuf, FileError> {
    // A page in a browser replaces no file.
    if cfg!(target_family = "wasm") {
        return Ok(path.into());
    }
    let find = || match std::fs::metadata(path) {
        Ok(about) => {
            check_regular(about.file_type())?;
            if path.is_symlink() { path.canonicalize() } else { Ok(path.into()) }
        }
        Err(_) if path.is_symlink() => Err(fault(DANGLING.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.into()),
        Err(error) => Err(error),
    };
    find().map_err(FileError::of("write", path))
}

const DANGLING: &str = "it is a link to something that is not there";

fn check_regular(kind: FileType) -> Result<(), Error> {
    if kind.is_file() { Ok(()) } else { Err(fault(format!("it is {}, and a regular file is needed", name_of(kind)))) }
}

fn fault(reason: String) -> Error {
    Error::new(ErrorKind::InvalidInput, reason)
}

#[cfg(unix)]
fn name_of(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match () {
        () if kind.is_file() => "a file",
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn name_of(kind: FileType) -> &'static str {
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => "a file",
        (_, true) => "a folder",
        _ => "a device",
    }
}

/// Whether two names are of one file or folder, which exists.
#[must_use]
pub fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
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
            assert!(!message.contains(leftovers::UNFINISHED) && message.contains("cannot"), "{message}");
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

    #[cfg(unix)]
    #[test]
    fn pipes_and_folders_are_neither_read_nor_written_as_files() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, socket, link] = ["pipe", "socket", "link"].map(|name| folder.path().join(name));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let cases = [
            (pipe.as_path(), "it is a pipe"),
            (&socket, "it is a socket"),
            (Path::new("/dev/zero"), "it is a device"),
            (folder.path(), "it is a folder"),
        ];
        for (path, reason) in cases {
            let found = [
                read(path).map(|_| ()),
                head(path, 1).map(|_| ()),
                write_atomically(path, b"bytes"),
                append(path).map(|_| ()),
            ];
            for result in found {
                let message = result.unwrap_err().to_string();
                assert!(message.contains(reason) && message.ends_with("and a regular file is needed"), "{message}");
            }
        }
        for result in [write_atomically(&link, b"bytes"), append(&link).map(|_| ()), create_folder(&link)] {
            assert!(result.unwrap_err().to_string().contains("a link to something that is not there"));
        }
        assert!(create_folder(&pipe).unwrap_err().to_string().contains("it is a pipe, and a folder is needed"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_to_the_file_that_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["far/file", "link"].map(|name| folder.path().join(name));
        write_atomically(&file, b"old").unwrap();
        std::os::unix::fs::symlink("far/file", &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert!(link.is_symlink() && std::fs::read(&file).unwrap() == b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn large_files_are_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse.json");
        let file = File::create(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("it has 1099511627776 bytes; at most 268435456 are read"), "{message}");
        assert_eq!(head(&path, 3).unwrap(), [0; 3]);
        file.set_len(7).unwrap();
        assert_eq!(read_at_most(&path, 7).unwrap(), [0; 7]);
        assert!(read_at_most(&path, 6).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_that_the_system_makes_up_have_no_end_that_is_waited_for() {
        assert_eq!(read(Path::new("/proc/self/status")).unwrap(), b"");
    }

    #[test]
    fn an_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let message = read(&folder.path().join("absent.png")).unwrap_err().to_string();
        assert!(message.starts_with("cannot read") && message.contains("absent.png"), "{message}");
    }
}
