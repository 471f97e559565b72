//! The folder that a training writes into. One training writes at a time, and no file of another program is overwritten.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::{FolderFault, RunError};
use crate::files;
use crate::source::{CAMERAS_FILE, CHECKPOINT_FILE, DATASET_FILE, SCENE_FILE};

/// The names of the files in the folder of a training.
#[derive(Debug, Clone)]
pub(super) struct RunFolder {
    pub(super) path: PathBuf,
}

impl RunFolder {
    pub(super) fn scene(&self) -> PathBuf {
        self.path.join(SCENE_FILE)
    }

    pub(super) fn cameras(&self) -> PathBuf {
        self.path.join(CAMERAS_FILE)
    }

    pub(super) fn checkpoint(&self) -> PathBuf {
        self.path.join(CHECKPOINT_FILE)
    }

    pub(super) fn options(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    pub(super) fn dataset(&self) -> PathBuf {
        self.path.join(DATASET_FILE)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    pub(super) fn summary(&self) -> PathBuf {
        self.path.join("metrics.json")
    }

    pub(super) fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    pub(super) fn test_pictures(&self) -> PathBuf {
        self.path.join("test")
    }

    fn fault(&self, fault: FolderFault) -> RunError {
        RunError::Folder { path: self.path.clone(), fault }
    }

    /// Refuses a folder without a checkpoint to go on from, or one that holds something which a new training would overwrite.
    pub(super) fn check(&self, dataset: &Path, goes_on: bool) -> Result<(), RunError> {
        let fault = if files::is_same(&self.path, dataset) {
            FolderFault::IsDataset
        } else {
            match (goes_on, self.checkpoint().exists()) {
                (true, true) => return Ok(()),
                (true, false) => FolderFault::NoCheckpoint,
                (false, true) => FolderFault::HoldsTraining,
                (false, false) if self.scene().is_file() => FolderFault::HoldsScene,
                (false, false) => return Ok(()),
            }
        };
        Err(self.fault(fault))
    }

    /// Makes the folder and locks it until the returned file is dropped. Removes unfinished files of a killed program.
    pub(super) fn lock(&self) -> Result<File, RunError> {
        files::create_folder(&self.path)?;
        let lock = files::append(&self.path.join(".lock"))?;
        // Some network disks know no locks: there the user has to take care.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(self.fault(FolderFault::IsLocked));
        }
        files::remove_unfinished(&self.path);
        Ok(lock)
    }
}
