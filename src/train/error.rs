//! Why a training does not go on.

use std::path::PathBuf;

use super::{CheckpointError, OptionsError};
use crate::dataset::DatasetError;
use crate::evaluate::EvaluateError;
use crate::gpu::GpuError;

/// A training that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The pictures.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The options.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// Not even one convex fits.
    #[error(
        "{mebibytes} MiB of GPU memory are too few for pictures of {width}x{height}; use smaller pictures (--downscale) \
         or a higher --memory"
    )]
    NoRoom {
        /// Memory that may be taken, MiB.
        mebibytes: u64,
        /// Width of the largest picture, pixels.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// A picture that cannot be compared in one piece.
    #[error(
        "pictures of {width}x{height} are too large: this GPU binds at most {most} pixels of the loss; use smaller ones \
         (--downscale, --max-width)"
    )]
    TooLarge {
        /// Width of the largest picture, pixels.
        width: u32,
        /// Its height.
        height: u32,
        /// Most pixels.
        most: u64,
    },
    /// A checkpoint or a scene with more convexes than the options allow.
    #[error("{} holds {found} convexes; `max_convexes` allows {most}: expected at least {found}", path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
        /// Convexes in it.
        found: u32,
        /// Convexes that are allowed.
        most: u32,
    },
    /// A checkpoint or a scene with more convexes than the device has memory for.
    #[error("{} holds {found} convexes; the memory that may be taken of this GPU allows {most}", path.display())]
    TooManyForDevice {
        /// The file.
        path: PathBuf,
        /// Convexes in it.
        found: u32,
        /// Convexes that are allowed.
        most: u32,
    },
    /// Cameras stand so far apart, or so far off, that 32-bit numbers cannot hold their units.
    #[error("the cameras of {} cannot be brought into the units of training: {reason}", path.display())]
    Similarity {
        /// The dataset.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A scene that no training can begin with.
    #[error(
        "{} has {convexes} convexes of {found} points each; a training with `points_per_convex` = {expected} begins with at \
         least one of {expected}",
        path.display()
    )]
    Start {
        /// The file.
        path: PathBuf,
        /// Convexes in it.
        convexes: usize,
        /// Points of each.
        found: usize,
        /// Points that the options say.
        expected: usize,
    },
    /// All convexes are gone.
    #[error("no convex is left after iteration {iteration}: {reason}")]
    Empty {
        /// Iterations so far.
        iteration: u32,
        /// What becomes of convexes.
        reason: &'static str,
    },
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A look at a view.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Nothing to learn from.
    #[error("{} has no picture to train on: all are held back; --test-every 0 holds back none", path.display())]
    NoTrainingViews {
        /// The dataset.
        path: PathBuf,
    },
}
