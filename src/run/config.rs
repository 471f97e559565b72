//! The description of a training run.

use std::path::PathBuf;
use web_time::{Duration, Instant};

use super::TrainOptionsPatch;
use crate::dataset::DatasetOptions;
use crate::evaluate::Metrics;
use crate::scene::Scene;

/// Everything that a training run depends on besides the device.
#[derive(Debug)]
pub struct RunConfig {
    /// The folder or archive of photographs with known cameras.
    pub dataset: PathBuf,
    /// Options for reading the dataset. The background behind transparent pictures is that of the training options.
    pub dataset_options: DatasetOptions,
    /// The folder to write into; created where it is missing.
    pub out: PathBuf,
    /// The training options that were given; all others keep their defaults, or the values of the checkpoint.
    pub options: TrainOptionsPatch,
    /// The state that the training begins with.
    pub start: RunStart,
    /// Iterations between checkpoints; `None` for one a minute.
    pub checkpoint_every: Option<u32>,
    /// The iteration after which the run stops with a checkpoint; `None` for the last one.
    pub stop_at: Option<u32>,
    /// The time that the run may take, where it chooses its length by that.
    pub time: Option<TimeLimit>,
    /// The metrics of the held-out views at the end.
    pub metrics: Metrics,
    /// Whether some pictures are decoded before the training to find what looks wrong about the dataset.
    pub checks_dataset: bool,
    /// Whether the kernels of one iteration are timed at the end.
    pub profiles: bool,
    /// The comment that `config.toml` begins with.
    pub comment: String,
}

/// The time that a run may take, its evaluation and report included.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimit {
    /// The time; that of a training that goes on includes what it took before.
    pub limit: Duration,
    /// When the time began: the start of the program.
    pub begin: Instant,
}

/// The state that a training begins with.
#[derive(Debug)]
pub enum RunStart {
    /// Convexes around the points of the dataset.
    Points,
    /// A scene in the units of the dataset.
    Scene {
        /// The scene.
        scene: Scene,
        /// The file that it came from.
        path: PathBuf,
    },
    /// The checkpoint in the folder to write into.
    Checkpoint,
}
