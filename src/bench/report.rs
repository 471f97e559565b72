//! A report, as it is stored.

use serde::{Deserialize, Serialize};

use super::growth::{Growth, growth};
use super::machine::{Build, process_peak_bytes};
use super::run::BenchRun;
use crate::gpu::Gpu;

/// Value of [`BenchReport::format`].
pub(super) const FORMAT: &str = "lapidary-bench";

/// All measurements of one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// `lapidary-bench`.
    pub format: String,
    /// The build that measured.
    pub build: Build,
    /// The device that was measured.
    pub device: DeviceInfo,
    /// The scene and the cameras.
    pub source: BenchSource,
    /// One for each scene, size and kind.
    pub runs: Vec<BenchRun>,
    /// How the times grow from run to run; empty without a sweep.
    pub growth: Vec<Growth>,
    /// Most bytes of memory that the process has had, where the system tells. It includes the memory of a software device.
    pub process_peak_bytes: Option<u64>,
}

impl BenchReport {
    /// A report of these runs.
    #[must_use]
    pub fn of(gpu: &Gpu, source: BenchSource, runs: Vec<BenchRun>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            build: Build::this(),
            device: DeviceInfo::of(gpu),
            source,
            growth: growth(&runs),
            runs,
            process_peak_bytes: process_peak_bytes(),
        }
    }
}

/// The device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Name of the adapter.
    pub name: String,
    /// Name and version of the driver.
    pub driver: String,
    /// Whether it is the processor.
    pub is_software: bool,
    /// Whether it can time its kernels.
    pub has_timestamps: bool,
    /// Whether subgroup operations are used.
    pub has_subgroups: bool,
}

impl DeviceInfo {
    fn of(gpu: &Gpu) -> Self {
        Self {
            name: gpu.name().to_owned(),
            driver: gpu.driver().to_owned(),
            is_software: gpu.is_software(),
            has_timestamps: gpu.has_timestamps(),
            has_subgroups: gpu.uses_subgroups(),
        }
    }
}

/// The scene and the cameras.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchSource {
    /// The file of the scene, or the kind of the synthetic cloud.
    pub scene: String,
    /// A description of the cameras.
    pub cameras: String,
    /// Seconds to read the file, or to make the cloud.
    pub load_seconds: f64,
}
