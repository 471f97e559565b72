//! Where a dataset lies: a folder, or a `.zip` that is read in place.
//!
//! Paths inside are relative, with `/`, and never leave the dataset. An archive is never unpacked onto the disk; a
//! part of it is unpacked into memory when it is asked for, and refused when it claims to be absurdly large.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read as _, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zip::ZipArchive;

use super::error::DatasetError;
use crate::files::{self, MAX_PICTURE_BYTES};

/// A part of an archive up to this size is unpacked whatever its ratio, bytes.
const UNSUSPICIOUS_BYTES: u64 = 64 << 20;

/// Models and pictures shrink to a half or a third; what claims to grow by more than this is a bomb.
const MAX_RATIO: u64 = 100;

/// No part of an archive may be larger, bytes.
const MAX_PART_BYTES: u64 = 4 << 30;

/// A file that can be read from front to back with gaps.
pub(super) trait Input: BufRead + Seek + Send {}
impl<T: BufRead + Seek + Send> Input for T {}

/// A folder or an archive.
#[derive(Debug)]
pub(super) enum Tree {
    Folder(PathBuf),
    Archive(Archive),
}

/// A `.zip`.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    parts: BTreeMap<String, Part>,
    /// Open archives that nobody is reading; a thread takes one and puts it back.
    idle: Mutex<Vec<ZipArchive<BufReader<File>>>>,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    index: usize,
    bytes: u64,
    packed_bytes: u64,
}

/// A file inside of a tree.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) tree: Arc<Tree>,
    pub(super) inside: String,
}

impl Place {
    /// For messages.
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

    /// At most the first `bytes` bytes.
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
    /// A folder, or a file that is a `.zip`.
    pub(super) fn open(path: &Path) -> Result<Self, DatasetError> {
        if path.is_dir() {
            return Ok(Self::Folder(path.into()));
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

    /// For messages.
    pub(super) fn path_of(&self, inside: &str) -> PathBuf {
        match self {
            Self::Folder(path) | Self::Archive(Archive { path, .. }) => path.join(inside),
        }
    }

    pub(super) fn is_file(&self, inside: &str) -> bool {
        match self {
            Self::Folder(path) => path.join(inside).is_file(),
            Self::Archive(archive) => archive.parts.contains_key(inside),
        }
    }

    pub(super) fn is_folder(&self, inside: &str) -> bool {
        match self {
            Self::Folder(path) => path.join(inside).is_dir(),
            Self::Archive(archive) => archive.below(inside).next().is_some(),
        }
    }

    /// Names of the folders in a folder, sorted.
    pub(super) fn folders(&self, inside: &str) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Self::Folder(path) => {
                let entries = std::fs::read_dir(path.join(inside)).into_iter().flatten().flatten();
                entries.filter(|entry| entry.path().is_dir()).filter_map(|e| e.file_name().into_string().ok()).collect()
            }
            Self::Archive(archive) => {
                archive.below(inside).filter_map(|rest| Some(rest.split_once('/')?.0.to_owned())).collect()
            }
        };
        names.sort();
        names.dedup();
        names
    }

    /// The whole of a file that is no picture.
    pub(super) fn read(&self, inside: &str) -> Result<Vec<u8>, DatasetError> {
        self.read_at_most(inside, MAX_PART_BYTES)
    }

    fn read_at_most(&self, inside: &str, max_bytes: u64) -> Result<Vec<u8>, DatasetError> {
        match self {
            Self::Folder(path) => Ok(files::read_at_most(&path.join(inside), max_bytes)?),
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
            Self::Folder(path) => {
                let path = path.join(inside);
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

impl Archive {
    fn open(path: &Path) -> Result<Self, DatasetError> {
        let mut archive = open_zip(path)?;
        let fault = |reason: String| DatasetError::Archive { path: path.into(), reason };
        let mut parts = BTreeMap::new();
        for index in 0..archive.len() {
            let part = archive.by_index_raw(index).map_err(|error| fault(error.to_string()))?;
            let name = part.name().map_err(|error| fault(error.to_string()))?;
            let name = inside(&name)
                .ok_or_else(|| fault(format!("`{}` would lie outside of the archive", name.escape_debug())))?;
            let is_litter = name.starts_with("__MACOSX/") || name.ends_with(".DS_Store");
            if part.is_file() && !is_litter {
                parts.insert(name, Part { index, bytes: part.size(), packed_bytes: part.compressed_size() });
            }
        }
        Ok(Self { path: path.into(), parts: without_common_folder(parts), idle: Mutex::new(vec![archive]) })
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
        let is_bomb = part.bytes > UNSUSPICIOUS_BYTES.max(part.packed_bytes.saturating_mul(MAX_RATIO));
        if is_bomb || part.bytes > MAX_PART_BYTES {
            let (bytes, packed) = (part.bytes, part.packed_bytes);
            return Err(fault(format!("{packed} bytes claim to unpack into {bytes}, which is refused")));
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut archive = idle.map_or_else(|| open_zip(&self.path), Ok)?;
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

fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<File>>, DatasetError> {
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
