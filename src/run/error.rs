//! Errors of a training run.

use std::path::PathBuf;
use std::time::Duration;

use super::bug::Bug;
use super::options::LayerError;
use crate::dataset::DatasetError;
use crate::dataset::transforms::TransformsError;
use crate::evaluate::EvaluateError;
use crate::files::FileError;
use crate::scene_file::SceneFileError;
use crate::text::counted;
use crate::train::{CheckpointError, TrainError};

/// A training run that could not begin, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The training options.
    #[error(transparent)]
    Options(#[from] LayerError),
    /// A time that holds no training.
    #[error(
        "{} s are too short: compiling, one look at every image and the evaluation take about {} s",
        limit.as_secs_f64(),
        needed.as_secs_f64().ceil()
    )]
    TooShort {
        /// The time.
        limit: Duration,
        /// The time that would do.
        needed: Duration,
    },
    /// A time that a training which goes on has taken already.
    #[error("the training that goes on has taken {:.0} s already; {} s were given", taken.as_secs_f64(), limit.as_secs_f64())]
    TimeIsOver {
        /// The time.
        limit: Duration,
        /// The time that was taken.
        taken: Duration,
    },
    /// The dataset.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The training itself.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The evaluation of held-out views.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file of cameras could not be written.
    #[error(transparent)]
    Cameras(#[from] TransformsError),
    /// The scene could not be written.
    #[error(transparent)]
    Scene(#[from] SceneFileError),
    /// Another file of the folder could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder to write into.
    #[error("{} {fault}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why no training may write there.
        fault: FolderFault,
    },
    /// Something that should be written has no JSON or TOML; a bug.
    #[error("a value cannot be written: {0}")]
    Serialize(String),
    /// A panic.
    #[error(transparent)]
    Bug(#[from] Bug),
    /// The training ended early.
    #[error(transparent)]
    Failed(Box<RunFailure>),
    /// All iterations are done and saved, and a panic ended the evaluation.
    #[error("the training is saved, its evaluation is not finished: {0}")]
    Evaluation(Box<Self>),
}

/// Why no training may write into a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FolderFault {
    /// It is the dataset.
    #[error("is the dataset")]
    IsDataset,
    /// A training should go on and there is no checkpoint.
    #[error("holds no checkpoint to go on from")]
    NoCheckpoint,
    /// It holds the checkpoint of another training.
    #[error("holds a training")]
    HoldsTraining,
    /// It holds a scene without a checkpoint.
    #[error("holds a scene")]
    HoldsScene,
    /// Another program holds its lock.
    #[error("is the folder that another training is writing into")]
    IsLocked,
}

/// A training that ended early.
#[derive(Debug, thiserror::Error)]
#[error("stopped after {}, {kept}: {cause}", counted(*iteration as usize, "iteration"))]
pub struct RunFailure {
    /// The number of iterations that are done.
    pub iteration: u32,
    /// The part of it that is saved.
    pub kept: Kept,
    /// The folder.
    pub out: PathBuf,
    /// Why it ended.
    #[source]
    pub cause: RunError,
}

/// The saved part of a training that ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Kept {
    /// Everything: the run can go on from there.
    #[error("everything is saved")]
    All,
    /// Everything, and going on from there would end the same way.
    #[error("everything is saved, and it would end the same way again")]
    Final,
    /// An earlier checkpoint.
    #[error("an earlier checkpoint is there")]
    Earlier,
    /// The scene without a checkpoint.
    #[error("only the scene is saved")]
    SceneOnly,
    /// Nothing.
    #[error("nothing could be saved")]
    Nothing,
}
