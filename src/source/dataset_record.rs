//! `dataset.toml` in the folder of a training: the photographs that it was made from, and how they were read.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SourceError;
use crate::dataset::{AlphaMode, DatasetOptions};
use crate::files;

/// The file of the dataset in the folder of a training.
pub const DATASET_FILE: &str = "dataset.toml";

/// What a training remembers of its dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecord {
    /// The folder of the training; not stored.
    #[serde(skip)]
    folder: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    downscale: Option<u32>,
    max_width: u32,
    alpha: AlphaMode,
    background: [f32; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    test_every: Option<usize>,
    /// The dataset itself.
    dataset: RecordedPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    split_file: Option<RecordedPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<RecordedPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<RecordedPath>,
}

/// A path in several forms; the first that leads somewhere counts. Names that are no Unicode have none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct RecordedPath {
    /// Relative to the dataset, where it lies in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_dataset: Option<String>,
    /// Relative to the folder of the training.
    #[serde(skip_serializing_if = "Option::is_none")]
    relative: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absolute: Option<String>,
}

impl RecordedPath {
    /// A path on the disk.
    fn of(path: &Path, folder: &Path) -> Self {
        let text = |path: PathBuf| path.to_str().map(str::to_owned);
        let relative = relative_to(path, folder).and_then(text);
        Self { in_dataset: None, relative, absolute: std::path::absolute(path).ok().and_then(text) }
    }

    /// A path that may be meant inside of the dataset.
    fn within(path: &Path, dataset: &Path, folder: &Path) -> Self {
        let is_inside = path.is_relative() && (!path.exists() || dataset.join(path).exists());
        match path.to_str() {
            Some(text) if is_inside => Self { in_dataset: Some(text.to_owned()), ..Self::default() },
            _ => Self::of(path, folder),
        }
    }

    /// The places on the disk, in the order in which they are tried.
    fn places(&self, folder: &Path) -> Vec<PathBuf> {
        let relative = self.relative.as_ref().map(|path| folder.join(path));
        relative.into_iter().chain(self.absolute.as_ref().map(PathBuf::from)).collect()
    }

    /// The path as an option: the first place that exists, else the last one, which an error then names.
    fn option(&self, folder: &Path) -> Option<PathBuf> {
        if let Some(inside) = &self.in_dataset {
            return Some(PathBuf::from(inside));
        }
        let places = self.places(folder);
        places.iter().find(|place| place.exists()).or(places.last()).cloned()
    }
}

/// The way from a folder to a path, both of which exist.
fn relative_to(path: &Path, folder: &Path) -> Option<PathBuf> {
    let (path, folder) = (path.canonicalize().ok()?, folder.canonicalize().ok()?);
    let common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    // Another drive has nothing in common.
    (common > 0).then(|| {
        let up = folder.components().skip(common).map(|_| Path::new(".."));
        let down = path.components().skip(common);
        up.chain(down.map(|part| Path::new(part.as_os_str()))).collect()
    })
}

impl DatasetRecord {
    /// The record of a training in `folder`, which exists.
    #[must_use]
    pub fn new(dataset: &Path, options: &DatasetOptions, folder: &Path) -> Self {
        let DatasetOptions { downscale, max_width, alpha, background, test_every, split_file, images, points } =
            options;
        let within = |path: &PathBuf| RecordedPath::within(path, dataset, folder);
        Self {
            folder: folder.into(),
            downscale: *downscale,
            max_width: *max_width,
            alpha: *alpha,
            background: *background,
            test_every: *test_every,
            dataset: RecordedPath::of(dataset, folder),
            split_file: split_file.as_ref().map(|path| RecordedPath::of(path, folder)),
            images: images.as_ref().map(within),
            points: points.as_ref().map(within),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// An error of TOML, which is a bug.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let text = toml::to_string_pretty(self)?;
        Ok(format!(
            "# The photographs of this training; `lapidary view`, `eval` and `render` of its folder use them.\n{text}"
        ))
    }

    /// Reads the record beside a scene, or in a folder; `None` where there is none, as in folders of older versions.
    ///
    /// # Errors
    /// [`SourceError::Record`] when the file cannot be read or says something else.
    pub fn beside(scene: &Path) -> Result<Option<Self>, SourceError> {
        let folder = if scene.is_dir() { scene } else { scene.parent().unwrap_or(Path::new("")) };
        let file = folder.join(DATASET_FILE);
        if !file.is_file() {
            return Ok(None);
        }
        let fault = |reason: String| SourceError::Record { path: file.clone(), reason };
        let bytes = files::read(&file).map_err(|error| fault(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| fault("it is no text".to_owned()))?;
        let record: Self = toml::from_str(&text).map_err(|error| fault(error.message().to_owned()))?;
        Ok(Some(Self { folder: folder.into(), ..record }))
    }

    /// The place of the dataset: first relative to the folder of the training, then absolute.
    ///
    /// # Errors
    /// [`SourceError::DatasetMoved`] when it is at neither.
    pub fn locate(&self) -> Result<PathBuf, SourceError> {
        let places = self.dataset.places(&self.folder);
        places.iter().find(|place| place.exists()).cloned().ok_or_else(|| {
            let tried = places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(" nor at ");
            SourceError::DatasetMoved { record: self.folder.join(DATASET_FILE), tried }
        })
    }

    /// How the photographs were read.
    #[must_use]
    pub fn options(&self) -> DatasetOptions {
        let option = |path: &Option<RecordedPath>| path.as_ref().and_then(|path| path.option(&self.folder));
        DatasetOptions {
            downscale: self.downscale,
            max_width: self.max_width,
            alpha: self.alpha,
            background: self.background,
            test_every: self.test_every,
            split_file: option(&self.split_file),
            images: option(&self.images),
            points: option(&self.points),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a dataset, a run and a file of a split.
    fn places() -> (tempfile::TempDir, [PathBuf; 3]) {
        let root = tempfile::tempdir().unwrap();
        let [data, run, split] = ["data/gems", "runs/a", "split.txt"].map(|name| root.path().join(name));
        std::fs::create_dir_all(data.join("small")).unwrap();
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(&split, "a.png\n").unwrap();
        (root, [data, run, split])
    }

    fn options(split: &Path) -> DatasetOptions {
        DatasetOptions {
            downscale: Some(4),
            max_width: 900,
            alpha: AlphaMode::Mask,
            background: [1.0, 0.3, 0.0],
            test_every: Some(5),
            split_file: Some(split.into()),
            images: Some("small".into()),
            points: None,
        }
    }

    #[test]
    fn a_record_comes_back_and_finds_what_moved_along() {
        let (root, [data, run, split]) = places();
        let record = DatasetRecord::new(&data, &options(&split), &run);
        std::fs::write(run.join(DATASET_FILE), record.to_toml().unwrap()).unwrap();
        let read = DatasetRecord::beside(&run.join("scene.safetensors")).unwrap().unwrap();
        assert_eq!(read, record);
        assert!(files::is_same(&read.locate().unwrap(), &data));
        let found = read.options();
        assert!(files::is_same(found.split_file.as_ref().unwrap(), &split), "{found:?}");
        assert_eq!(DatasetOptions { split_file: Some(split.clone()), ..found }, options(&split));

        // All moved together: the relative path leads there. The run alone: the absolute one does.
        let together = root.path().join("elsewhere");
        std::fs::create_dir(&together).unwrap();
        for part in ["data", "runs", "split.txt"] {
            std::fs::rename(root.path().join(part), together.join(part)).unwrap();
        }
        let moved = DatasetRecord::beside(&together.join("runs/a")).unwrap().unwrap();
        assert!(files::is_same(&moved.locate().unwrap(), &together.join("data/gems")));
        assert!(moved.options().split_file.unwrap().is_file());
        std::fs::rename(together.join("data"), root.path().join("data")).unwrap();
        assert_eq!(moved.locate().unwrap(), data);
        std::fs::rename(root.path().join("data"), root.path().join("gone")).unwrap();
        let message = moved.locate().unwrap_err().to_string();
        assert!(message.contains(DATASET_FILE) && message.contains(data.to_str().unwrap()), "{message}");
    }

    #[test]
    fn folders_without_a_record_have_none_and_broken_ones_are_named() {
        let (_root, [_, run, _]) = places();
        assert_eq!(DatasetRecord::beside(&run).unwrap(), None);
        for wrong in ["max_width = 1", "a", "\u{0}"] {
            std::fs::write(run.join(DATASET_FILE), wrong).unwrap();
            assert!(DatasetRecord::beside(&run).unwrap_err().to_string().contains(DATASET_FILE), "{wrong}");
        }
    }
}
