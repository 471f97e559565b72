//! Evaluation: pictures of a scene from the cameras of a dataset, or pictures that another program rendered, are compared
//! with the ground truth.
//!
//! Pictures are compared as they would be stored in 8 bits. Pixels that the ground truth does not know, under a mask, are
//! copied from the ground truth, so that they count as equal. The trainer evaluates its held-out views through this module
//! too, so its metrics are those of `lapidary eval`.

mod album;
mod chart;
mod curves;
mod error;
mod folder;
mod ground_truth;
mod log;
mod paired;
mod photographs;
mod report;
mod slider;
mod suspects;
mod views;

pub use album::{Album, Summary, ViewMetrics};
pub use chart::{Curve, CurveSeries, growth_svg};
pub use curves::curves_of;
pub use error::EvaluateError;
pub use folder::ImageFolder;
pub use ground_truth::{Evaluated, GroundTruth, Metrics};
pub use log::{EvaluationLine, LogLine, ReplanLine, ReplanReason, TrainingLine, cut_log, read_log};
pub use paired::{PairedDifference, PairedSummary, PairedView, paired_views};
pub use photographs::{MeasuredPhotograph, PhotographFault, photograph_faults};
pub use report::{EvaluationReport, program};
pub use views::SceneViews;
