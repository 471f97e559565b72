//! One measured run, as it is stored.

use serde::{Deserialize, Serialize};

use super::predict::{Prediction, Visits};
use super::sample::Times;
use crate::renderer::Statistics;

/// The work that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// Drawing a picture.
    Frame,
    /// Drawing it, the loss, the way back, and a step of the optimiser.
    Iteration,
}

impl Workload {
    /// The name of the workload.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Iteration => "iteration",
        }
    }
}

/// One scene at one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchRun {
    /// The workload that was timed.
    pub what: Workload,
    /// Convexes of the scene.
    pub num_convexes: u32,
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Cameras, in turn.
    pub num_views: usize,
    /// Counts of the work, mean over the cameras.
    pub counts: Counts,
    /// Seconds until the scene was on the device.
    pub upload_seconds: f64,
    /// Milliseconds of one after another, waited for.
    pub waited: Times,
    /// Milliseconds of all kernels by timestamps; none where the device has no timestamps.
    pub device: Option<Times>,
    /// The kernels, in the order in which they first run.
    pub kernels: Vec<KernelTimes>,
    /// How many a second, a few being under way at any time.
    pub per_second: f64,
    /// FNV-1a hashes (64 bits). A frame has one for each camera, of the bytes of its colours. An iteration has one, of the bytes
    /// of all parameters after one iteration for each camera. The same device gives the same ones every time.
    pub hashes: Vec<String>,
    /// Most bytes that the buffers on the device held at a time.
    pub device_peak_bytes: u64,
    /// What GPUs would take, calculated: those that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictions: Vec<Prediction>,
}

impl BenchRun {
    /// The time whose growth is fitted, milliseconds: the best on the device, or waited for where it has no clock.
    #[must_use]
    pub fn milliseconds(&self) -> f64 {
        self.device.unwrap_or(self.waited).best
    }

    /// Pixels of a picture.
    #[must_use]
    pub const fn num_pixels(&self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

/// One kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelTimes {
    /// The name of the kernel.
    pub name: String,
    /// Milliseconds in all its dispatches of a frame or an iteration: median over those.
    pub milliseconds: f64,
    /// Number of its dispatches, mean.
    pub dispatches: f64,
}

/// Means of [`Statistics`] over some frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Pairs of a tile and a convex that it is visited for.
    pub instances: f64,
    /// Instances without a pixel that the convex is drawn in.
    pub idle_instances: f64,
    /// Pairs of a pixel and a convex whose lines are evaluated.
    pub tested_pairs: f64,
    /// Pairs that contribute to the picture.
    pub drawn_pairs: f64,
    /// Share of the pairs near a convex that need the sum of exponentials, 0..=1.
    pub slow_path_rate: f64,
    /// Counts of what subgroups do, if a prediction was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visits: Option<Visits>,
}

impl Counts {
    /// The means.
    #[must_use]
    pub fn mean(statistics: &[Statistics]) -> Self {
        let mean = |of: fn(&Statistics) -> f64| statistics.iter().map(of).sum::<f64>() / statistics.len().max(1) as f64;
        let (smooth, near) = (mean(|s| s.smooth_pairs as f64), mean(|s| s.near_pairs as f64));
        Self {
            instances: mean(|s| s.num_instances as f64),
            idle_instances: mean(|s| s.num_idle_instances as f64),
            tested_pairs: mean(|s| s.tested_pairs as f64),
            drawn_pairs: mean(|s| s.drawn_pairs as f64),
            slow_path_rate: smooth / near.max(1.0),
            visits: None,
        }
    }
}
