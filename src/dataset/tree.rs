//! The folder of a dataset, or a `.zip` that is read in place.
//!
//! Paths inside are relative, with `/`, and never leave the dataset. An archive is never unpacked onto the disk; a
//! part of it is unpacked into memory when it is asked for, and refused when it claims to be absurdly large.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zip::ZipArchive;

use super::error::DatasetError;
use crate::files::{self, FileError, MAX_PICTURE_BYTES, RegularFile};

/// A part of an archive up to this size is unpacked whatever its ratio, bytes.
const UNCHECKED_BYTES: u64 = 64 << 20;

/// Models and pictures shrink to a half or a third; what claims to grow by more than this is a bomb.
const MAX_RATIO: u64 = 100;

/// No part of an archive may be larger, bytes.
const MAX_PART_BYTES: u64 = 4 << 30;

/// A file that can be read forwards, skipping parts.
pub(super) trait Input: BufRead + Seek + Send {}
impl<T: BufRead + Seek + Send> Input for T {}

/// Most entries of folders that are listed when files are looked for: `--images /` must end.
const MAX_LISTED: usize = 1 << 20;

/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 8;

/// A folder or an archive.
#[derive(Debug)]
pub(super) enum Tree {
    Folder(DiskFolder),
    Archive(Archive),
}

/// A folder of the disk.
#[derive(Debug)]
pub(super) struct DiskFolder {
    path: PathBuf,
    /// Entries that could not be read.
    unreadable: Mutex<BTreeSet<PathBuf>>,
}

/// A `.zip`, or a folder in one.
#[derive(Debug)]
pub(super) struct Archive {
    /// The archive.
    file: PathBuf,
    /// The same with the folder, for messages.
    path: PathBuf,
    parts: BTreeMap<String, Part>,
    /// Links, which are not followed.
    links: BTreeSet<PathBuf>,
    /// Open archives that no thread is reading; a thread takes one and puts it back.
    idle: Mutex<Vec<ZipArchive<BufReader<RegularFile>>>>,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    index: usize,
    bytes: u64,
    packed_bytes: u64,
}

/// A file inside of a tree.
#[derive(Debug, Clone)]
pub(super) struct TreeFile {
    pub(super) tree: Arc<Tree>,
    pub(super) inside: String,
}

impl TreeFile {
    /// The path, for messages.
    pub(super) fn path(&self) -> PathBuf {
        self.tree.path_of(&self.inside)
    }

    /// The whole of a picture.
    pub(super) fn read(&self) -> Result<Vec<u8>, DatasetError> {
        self.tree.read_at_most(&self.inside, MAX_PICTURE_BYTES)
    }

    /// The folder that it lies in, where one with this ending is among those above it.
    pub(super) fn folder_ending_with(&self, ending: &str) -> Option<&str> {
        self.inside.split('/').rev().skip(1).find(|folder| folder.ends_with(ending))
    }

    /// The first `bytes` bytes, or fewer of a shorter file.
    pub(super) fn head(&self, bytes: u64) -> Result<Vec<u8>, DatasetError> {
        match &*self.tree {
            Tree::Folder(_) => Ok(files::head(&self.path(), bytes)?),
            Tree::Archive(archive) => {
                let mut head = Vec::new();
                archive.unpack(&self.inside, bytes, &mut head)?;
                Ok(head)
            }
        }
    }
}

impl TreeFile {
    /// The last `bytes` bytes, or fewer of a shorter file; `None` in an archive, where they could not be read alone.
    pub(super) fn tail(&self, bytes: u64) -> Result<Option<Vec<u8>>, DatasetError> {
        if matches!(&*self.tree, Tree::Archive(_)) {
            return Ok(None);
        }
        let path = self.path();
        let (mut file, length) = files::open(&path)?;
        let mut tail = Vec::new();
        let mut read = || {
            file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
            file.by_ref().take(bytes).read_to_end(&mut tail)
        };
        read().map_err(FileError::of("read", &path))?;
        Ok(Some(tail))
    }
}

/// A relative path with `/` that stays inside, from whatever a file says; `None` where it leaves.
pub(super) fn inside(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || has_drive || name.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

/// `a/b`, and `b` where there is no `a`.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

impl Tree {
    /// A folder of the disk; nothing is read.
    pub(super) fn folder(path: &Path) -> Self {
        Self::Folder(DiskFolder { path: path.into(), unreadable: Mutex::default() })
    }

    /// What lies in a folder of this, as a tree of its own.
    pub(super) fn within(&self, folder: &str) -> Self {
        match self {
            Self::Folder(whole) => Self::folder(&whole.path.join(folder)),
            Self::Archive(whole) => Self::Archive(whole.within(folder)),
        }
    }

    /// A folder, or a file that is a `.zip`.
    pub(super) fn open(path: &Path) -> Result<Self, DatasetError> {
        if path.is_dir() {
            return Ok(Self::folder(path));
        }
        // Downloads often lack their extension.
        let is_zip =
            files::head(path, 2)? == b"PK" || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
        if is_zip {
            Archive::open(path).map(Self::Archive)
        } else {
            Err(DatasetError::NotADataset { path: path.into() })
        }
    }

    /// The path of a file or folder, for messages.
    pub(super) fn path_of(&self, inside: &str) -> PathBuf {
        match self {
            Self::Folder(DiskFolder { path, .. }) | Self::Archive(Archive { path, .. }) => path.join(inside),
        }
    }

    pub(super) fn is_file(&self, inside: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.metadata(inside).is_some_and(|found| found.is_file()),
            Self::Archive(archive) => archive.parts.contains_key(inside),
        }
    }

    pub(super) fn is_folder(&self, inside: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.metadata(inside).is_some_and(|found| found.is_dir()),
            Self::Archive(archive) => archive.below(inside).next().is_some(),
        }
    }

    /// Names of what lies in a folder, sorted.
    pub(super) fn names(&self, inside: &str) -> BTreeSet<String> {
        match self {
            Self::Folder(folder) => folder.names(inside),
            Self::Archive(archive) => {
                let first = |rest: &str| rest.split('/').next().unwrap_or(rest).to_owned();
                archive.below(inside).map(first).collect()
            }
        }
    }

    /// Names of the folders in a folder, sorted.
    pub(super) fn folders(&self, inside: &str) -> Vec<String> {
        self.names(inside).into_iter().filter(|name| self.is_folder(&join(inside, name))).collect()
    }

    /// Paths of all files below a folder, relative to it and sorted, down to [`MAX_DEPTH`].
    pub(super) fn files_below(&self, inside: &str) -> Vec<String> {
        if let Self::Archive(archive) = self {
            return archive.below(inside).map(str::to_owned).collect();
        }
        let (mut files, mut num_listed) = (Vec::new(), 0);
        let mut folders = vec![(String::new(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            for name in self.names(&join(inside, &folder)) {
                num_listed += 1;
                let path = join(&folder, &name);
                match self.is_folder(&join(inside, &path)) {
                    true if depth < MAX_DEPTH && num_listed < MAX_LISTED => folders.push((path, depth + 1)),
                    false if self.is_file(&join(inside, &path)) => files.push(path),
                    _ => {}
                }
            }
        }
        files.sort();
        files
    }

    /// How a path is spelled here: as it is given, or else with other capitals. `None` where there is no such file or
    /// folder.
    pub(super) fn spelled(&self, inside: &str) -> Option<String> {
        let mut found = String::new();
        for part in inside.split('/').filter(|part| !part.is_empty()) {
            let exact = join(&found, part);
            found = if self.is_file(&exact) || self.is_folder(&exact) {
                exact
            } else {
                let is_meant = |name: &String| name.to_lowercase() == part.to_lowercase();
                join(&found, &self.names(&found).into_iter().find(is_meant)?)
            };
        }
        Some(found)
    }

    /// The same as [`Self::spelled`], for files only.
    pub(super) fn spelled_file(&self, inside: &str) -> Option<String> {
        self.spelled(inside).filter(|found| self.is_file(found))
    }

    /// Entries that were left out: links that lead nowhere, folders that may not be read, links in archives.
    pub(super) fn unreadable(&self) -> Vec<PathBuf> {
        let found = match self {
            Self::Folder(folder) => folder.unreadable.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Archive(archive) => archive.links.clone(),
        };
        found.into_iter().collect()
    }

    /// The whole of a file that is no picture.
    pub(super) fn read(&self, inside: &str) -> Result<Vec<u8>, DatasetError> {
        self.read_at_most(inside, MAX_PART_BYTES)
    }

    fn read_at_most(&self, inside: &str, max_bytes: u64) -> Result<Vec<u8>, DatasetError> {
        match self {
            Self::Folder(folder) => Ok(files::read_at_most(&folder.path.join(inside), max_bytes)?),
            Self::Archive(archive) => {
                let mut bytes = Vec::new();
                archive.unpack(inside, u64::MAX, &mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// A file to read from front to back, and its length in bytes.
    pub(super) fn stream(&self, inside: &str) -> Result<(Box<dyn Input>, u64), DatasetError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.path.join(inside);
                let (file, length) = files::open(&path)?;
                Ok((Box::new(BufReader::with_capacity(1 << 16, file)), length))
            }
            Self::Archive(_) => {
                let bytes = self.read(inside)?;
                let length = bytes.len() as u64;
                Ok((Box::new(Cursor::new(bytes)), length))
            }
        }
    }
}

impl DiskFolder {
    /// The metadata of a path, where there is something.
    fn metadata(&self, inside: &str) -> Option<Metadata> {
        let path = self.path.join(inside);
        match std::fs::metadata(&path) {
            Ok(found) => Some(found),
            Err(error) => {
                // A dangling link exists though its target does not. If even the link is unreadable, the folder is
                // forbidden.
                if std::fs::symlink_metadata(&path).is_ok() {
                    self.remember(path);
                } else if is_refusal(&error) {
                    self.remember(path.parent().unwrap_or(&self.path).to_path_buf());
                }
                None
            }
        }
    }

    fn names(&self, inside: &str) -> BTreeSet<String> {
        let path = self.path.join(inside);
        match std::fs::read_dir(&path) {
            Ok(entries) => entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect(),
            Err(error) => {
                if is_refusal(&error) {
                    self.remember(path);
                }
                BTreeSet::new()
            }
        }
    }

    fn remember(&self, path: PathBuf) {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
    }
}

/// Whether an error says more than that there is no such file.
fn is_refusal(error: &std::io::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput
    )
}

impl Archive {
    fn open(path: &Path) -> Result<Self, DatasetError> {
        let mut archive = open_zip(path)?;
        let fault = |reason: String| DatasetError::Archive { path: path.into(), reason };
        let (mut parts, mut links) = (BTreeMap::new(), BTreeSet::new());
        for index in 0..archive.len() {
            let part = archive.by_index_raw(index).map_err(|error| fault(error.to_string()))?;
            let name = part.name().map_err(|error| fault(error.to_string()))?;
            let name = inside(&name)
                .ok_or_else(|| fault(format!("`{}` would lie outside of the archive", name.escape_debug())))?;
            let is_litter = name.starts_with("__MACOSX/") || name.ends_with(".DS_Store");
            if part.is_symlink() {
                links.insert(path.join(&name));
            } else if part.is_file() && !is_litter {
                parts.insert(name, Part { index, bytes: part.size(), packed_bytes: part.compressed_size() });
            }
        }
        let (file, idle) = (path.to_path_buf(), Mutex::new(vec![archive]));
        Ok(Self { path: file.clone(), file, parts: without_common_folder(parts), links, idle })
    }

    fn within(&self, folder: &str) -> Self {
        let part = |inside: &str| Some((inside.to_owned(), *self.parts.get(&join(folder, inside))?));
        Self {
            file: self.file.clone(),
            path: self.path.join(folder),
            parts: self.below(folder).filter_map(part).collect(),
            links: self.links.clone(),
            idle: Mutex::default(),
        }
    }

    /// What lies in a folder, relative to it.
    fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.parts.range(prefix.clone()..).map(|(name, _)| name.as_str());
        let rest = from.map(move |name| name.strip_prefix(prefix.as_str()));
        rest.take_while(Option::is_some).flatten()
    }

    /// Appends at most `limit` bytes of a part.
    fn unpack(&self, name: &str, limit: u64, bytes: &mut Vec<u8>) -> Result<(), DatasetError> {
        let path = self.path.join(name);
        let fault = |reason: String| DatasetError::Archive { path: path.clone(), reason };
        let part = self.parts.get(name).ok_or_else(|| fault("it is not in the archive".into()))?;
        let is_bomb = part.bytes > UNCHECKED_BYTES.max(part.packed_bytes.saturating_mul(MAX_RATIO));
        if is_bomb || part.bytes > MAX_PART_BYTES {
            let (bytes, packed) = (part.bytes, part.packed_bytes);
            return Err(fault(format!("{packed} bytes claim to unpack into {bytes}, which is refused")));
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut archive = idle.map_or_else(|| open_zip(&self.file), Ok)?;
        let result = (|| {
            let file = archive.by_index(part.index).map_err(|error| error.to_string())?;
            let expected = part.bytes.min(limit);
            // One byte more shows that the part is longer than it claims.
            let read = file.take(limit.min(part.bytes.saturating_add(1))).read_to_end(bytes);
            match read.map_err(|error| error.to_string())? as u64 {
                found if found == expected => Ok(()),
                found => Err(format!("it claims {} bytes and has {found} or more", part.bytes)),
            }
        })();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(archive);
        result.map_err(fault)
    }
}

fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<RegularFile>>, DatasetError> {
    let (file, _) = files::open(path)?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| DatasetError::Archive {
        path: path.into(),
        reason: format!("it is not a .zip that can be read ({error})"),
    })
}

/// Archives often hold one folder that holds everything.
fn without_common_folder(mut parts: BTreeMap<String, Part>) -> BTreeMap<String, Part> {
    loop {
        let folder = parts.keys().next().and_then(|name| name.split_once('/')).map(|(first, _)| format!("{first}/"));
        // Layouts of a single folder are told by its name.
        let folder = folder.filter(|folder| !["sparse/", "images/", "colmap/"].contains(&folder.as_str()));
        match folder {
            Some(folder) if parts.keys().all(|name| name.starts_with(&folder)) => {
                parts = parts.into_iter().map(|(name, part)| (name[folder.len()..].to_owned(), part)).collect();
            }
            _ => return parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(inside("./train/r_0").as_deref(), Some("train/r_0"));
        assert_eq!(inside("images\\a b.jpg").as_deref(), Some("images/a b.jpg"));
        for outside in ["", ".", "/etc/passwd", "../a", "a/../../b", "C:/a", "a\0b", "\\\\server\\a"] {
            assert_eq!(inside(outside), None, "{outside}");
        }
    }
}
