//! Errors of a training.

use std::path::PathBuf;

use super::{CheckpointError, OptionsError};
use crate::dataset::DatasetError;
use crate::evaluate::EvaluateError;
use crate::gpu::GpuError;

/// A training that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The pictures cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The device failed.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The options make no sense.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The device has too little memory for a single convex beside the pictures.
    #[error(
        "{mebibytes} MiB of GPU memory are too few for images of {width}x{height}; use smaller images (`downscale`) \
         or a higher `memory`"
    )]
    NoRoom {
        /// Memory that may be taken, MiB.
        mebibytes: u64,
        /// Width of the largest picture, pixels.
        width: u32,
        /// Height of the largest picture, pixels.
        height: u32,
    },
    /// A picture that cannot be compared in one piece.
    #[error(
        "images of {width}x{height} are too large: this GPU binds at most {most} pixels of the loss; use smaller ones \
         (`downscale`, `max_width`)"
    )]
    TooLarge {
        /// Width of the largest picture, pixels.
        width: u32,
        /// Height of the largest picture, pixels.
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
        /// The expected and the found values.
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
        /// Points of each by the options.
        expected: usize,
    },
    /// All convexes are gone.
    #[error("no convex is left after iteration {iteration}: {reason}")]
    Empty {
        /// Iterations so far.
        iteration: u32,
        /// Why none is left.
        reason: &'static str,
    },
    /// The checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A view cannot be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// All pictures are held out.
    #[error("{} has no image to train on: all are held out", path.display())]
    NoTrainingViews {
        /// The dataset.
        path: PathBuf,
    },
}
