//! Comparison of a report with an older one.

use super::report::{BenchReport, BenchSource, FORMAT};
use super::run::{BenchRun, Workload};

/// Reports that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// The file is no report.
    #[error("it is not a report of `lapidary bench --json`: {0}")]
    NotAReport(String),
    /// The reports have no measurement in common.
    #[error("it holds none of these measurements: the same kind, number of convexes, size and number of views")]
    NothingInCommon,
}

/// One figure beside the older one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// What was timed.
    pub what: Workload,
    /// Convexes of the scene.
    pub num_convexes: u32,
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Milliseconds before and after: medians on the device, or waited for where one of both has no clock.
    pub milliseconds: [f64; 2],
    /// Whether the hashes are the same.
    pub is_same: bool,
}

impl Ratio {
    /// Above 1 where it became slower.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.milliseconds[1] / self.milliseconds[0]
    }
}

/// All that two reports have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchComparison {
    /// The figures, at least one.
    pub ratios: Vec<Ratio>,
    /// Name of the device before, where it was another.
    pub other_device: Option<String>,
    /// Scene and cameras before, where one of both was another.
    pub other_source: Option<String>,
}

impl BenchComparison {
    /// The ratios above a threshold, and those that are not a number.
    pub fn slower_than(&self, threshold: f64) -> impl Iterator<Item = &Ratio> {
        self.ratios.iter().filter(move |ratio| ratio.ratio() > threshold || ratio.ratio().is_nan())
    }
}

/// Parses the file of an older report.
///
/// # Errors
/// [`CompareError::NotAReport`] with the reason.
pub fn parse(bytes: &[u8]) -> Result<BenchReport, CompareError> {
    let report: BenchReport =
        serde_json::from_slice(bytes).map_err(|error| CompareError::NotAReport(error.to_string()))?;
    if report.format != FORMAT {
        return Err(CompareError::NotAReport(format!("its format is `{}`, not `{FORMAT}`", report.format)));
    }
    Ok(report)
}

/// Compares with an older report.
///
/// # Errors
/// [`CompareError::NothingInCommon`] when no measurement is in both.
pub fn compare(now: &BenchReport, before: &BenchReport) -> Result<BenchComparison, CompareError> {
    let key = |run: &BenchRun| (run.what, run.num_convexes, run.width, run.height, run.num_views);
    let ratio = |run: &BenchRun| {
        let old = before.runs.iter().find(|old| key(old) == key(run))?;
        let milliseconds = match (old.device, run.device) {
            (Some(old), Some(new)) => [old.p50, new.p50],
            _ => [old.waited.p50, run.waited.p50],
        };
        let (what, num_convexes, size) = (run.what, run.num_convexes, [run.width, run.height]);
        Some(Ratio { what, num_convexes, size, milliseconds, is_same: old.hashes == run.hashes })
    };
    let ratios: Vec<Ratio> = now.runs.iter().filter_map(ratio).collect();
    if ratios.is_empty() {
        return Err(CompareError::NothingInCommon);
    }
    let other_device = (before.device.name != now.device.name).then(|| before.device.name.clone());
    let named = |source: &BenchSource| format!("{}, {}", source.scene, source.cameras);
    let other_source = (named(&before.source) != named(&now.source)).then(|| named(&before.source));
    Ok(BenchComparison { ratios, other_device, other_source })
}
