//! A folder of pictures that another program rendered, found by the names of the ground truth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::EvaluateError;
use super::ground_truth::{Evaluated, GroundTruth, Metrics};
use crate::dataset::{file_stem, file_stem_with_ending};
use crate::files::FileError;
use crate::image::{EXTENSIONS, Image};

/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 6;

/// The pictures of a folder and of those in it.
#[derive(Debug)]
pub struct ImageFolder {
    path: PathBuf,
    /// Files by the path below the folder without its ending, `/` as `_`.
    by_stem: BTreeMap<String, PathBuf>,
    /// Files by their name without its ending.
    by_file_stem: BTreeMap<String, Vec<PathBuf>>,
}

impl ImageFolder {
    /// Lists the pictures; none is read.
    ///
    /// # Errors
    /// [`EvaluateError`] when the folder cannot be read, holds no picture, or two that differ only by their ending.
    pub fn open(path: &Path) -> Result<Self, EvaluateError> {
        let mut files = Vec::new();
        list(path, "", MAX_DEPTH, &mut files)?;
        if files.is_empty() {
            return Err(EvaluateError::NoPictures { path: path.into() });
        }
        let mut by_stem = BTreeMap::new();
        let mut by_file_stem: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for (name, file) in files {
            by_file_stem.entry(file_stem(file_name(&name))).or_default().push(file.clone());
            let stem = file_stem(&name);
            if let Some(first) = by_stem.insert(stem.clone(), file.clone()) {
                return Err(EvaluateError::Ambiguous { first, second: file, name: stem });
            }
        }
        Ok(Self { path: path.into(), by_stem, by_file_stem })
    }

    /// Names of all pictures: paths below the folder without ending, `/` as `_`, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_stem.keys().map(String::as_str)
    }

    /// The picture of a name, whatever its ending: by the name that lapidary gives it where others differ by their endings
    /// only, by its path below the folder, else by its file name alone where only one has it. `None` where no file has it.
    ///
    /// # Errors
    /// [`EvaluateError::Ambiguous`] when several files have the name.
    pub fn find(&self, name: &str) -> Result<Option<&Path>, EvaluateError> {
        let by_path = || self.by_stem.get(&file_stem(name));
        if let Some(found) = self.by_stem.get(&file_stem_with_ending(name)).or_else(by_path) {
            return Ok(Some(found));
        }
        let stem = file_stem(file_name(name));
        match self.by_file_stem.get(&stem).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([only]) => Ok(Some(only)),
            Some([first, second, ..]) => {
                let (first, second) = (first.clone(), second.clone());
                Err(EvaluateError::Ambiguous { first, second, name: name.to_owned() })
            }
        }
    }

    /// Refuses a folder that lacks pictures.
    ///
    /// # Errors
    /// [`EvaluateError::Missing`] naming them, or [`EvaluateError::Ambiguous`] for a name that several files have.
    pub fn check<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), EvaluateError> {
        let (mut missing, mut of) = (Vec::new(), 0);
        for name in names {
            of += 1;
            if self.find(name)?.is_none() {
                missing.push(name.to_owned());
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(EvaluateError::Missing { path: self.path.clone(), missing, of }) }
    }

    /// Compares the picture that has the name of the ground truth with it.
    ///
    /// # Errors
    /// [`EvaluateError`] when the picture is missing, cannot be read or has another size.
    pub fn evaluate(&self, truth: GroundTruth, metrics: &Metrics) -> Result<Evaluated, EvaluateError> {
        let Some(path) = self.find(&truth.name)? else {
            return Err(EvaluateError::Missing { path: self.path.clone(), missing: vec![truth.name], of: 1 });
        };
        truth.compare(Image::load(path)?, &path.display().to_string(), metrics)
    }
}

/// The name of a file without folders.
fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Names below the folder, and paths.
fn list(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<(String, PathBuf)>) -> Result<(), EvaluateError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::of("read", folder))?;
    for entry in entries {
        let path = entry.map_err(FileError::of("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_dir() && depth > 0 {
            list(&path, &format!("{prefix}{name}/"), depth - 1, found)?;
        } else if path.is_file() && EXTENSIONS.contains(&ending.as_str()) {
            found.push((format!("{prefix}{name}"), path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/1.png", "b/1.jpg", "b/2.WEBP", "3.v2.png", "c/4.tif", "c/5.TIFF", "c/6.bmp", "notes.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let pictures = ImageFolder::open(folder.path()).unwrap();
        assert_eq!(pictures.names().collect::<Vec<_>>(), ["3.v2", "a_1", "b_1", "b_2", "c_4", "c_5", "c_6"]);
        let found =
            |name: &str| pictures.find(name).unwrap().map(|path| path.strip_prefix(folder.path()).unwrap().to_owned());
        assert_eq!(found("a/1.JPG"), Some("a/1.png".into()));
        assert_eq!(found("b_1.png"), Some("b/1.jpg".into()), "the name that lapidary gives it");
        assert_eq!(found("elsewhere/2.jpg"), Some("b/2.WEBP".into()), "the only one of this name");
        assert_eq!(found("7.png"), None);
        let message = pictures.find("1.png").unwrap_err().to_string();
        assert!(message.contains("1.png and") || message.contains("are both called 1.png"), "{message}");
        let message = pictures.check(["3.v2.jpg", "7.png", "8.png"].into_iter()).unwrap_err().to_string();
        assert!(message.contains("lacks 2 of 3") && message.contains("7.png, 8.png"), "{message}");
        std::fs::write(folder.path().join("a/1.jpeg"), "").unwrap();
        assert!(ImageFolder::open(folder.path()).unwrap_err().to_string().contains("both called a_1"));
    }
}
