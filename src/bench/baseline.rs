//! Comparison of a report with an older one.

use super::report::{BenchReport, BenchSource, FORMAT};
use super::run::{BenchRun, Workload};
use super::sample::Times;
use crate::text::counted;

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
    /// Milliseconds before and after: the least on the device, or waited for where one of both has no clock. Other work on the
    /// machine disturbs the least of many samples hardly.
    pub milliseconds: [f64; 2],
    /// Why these figures cannot be judged, in a sentence, where they cannot.
    pub doubt: Option<String>,
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
    /// The ratios above a threshold, and those that are not a number. Those that cannot be judged are left out.
    pub fn slower_than(&self, threshold: f64) -> impl Iterator<Item = &Ratio> {
        let is_slower = move |ratio: &Ratio| ratio.ratio() > threshold || ratio.ratio().is_nan();
        self.ratios.iter().filter(move |ratio| ratio.doubt.is_none() && is_slower(ratio))
    }
}

/// Fewest samples of which the least is taken for the undisturbed time.
const MIN_SAMPLES: usize = 5;

/// A median that is longer than so many times the least tells that the machine was so busy that even the least may be disturbed: then only
/// a larger difference than that counts.
const MAX_SPREAD: f64 = 2.0;

/// Why the times before and after cannot be compared.
fn doubt([before, now]: [Times; 2]) -> Option<String> {
    let ratio = now.best / before.best;
    let of = |name: &str, times: Times| {
        let spread = times.p50 / times.best;
        if times.samples < MIN_SAMPLES {
            Some(format!("{name} has {}, and {MIN_SAMPLES} are needed", counted(times.samples, "sample")))
        } else if spread > MAX_SPREAD && ratio.max(ratio.recip()) < spread {
            Some(format!("{name} was disturbed: its median is {spread:.1} times its least"))
        } else {
            None
        }
    };
    of("the baseline", before).or_else(|| of("this measurement", now))
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
        let times = match (old.device, run.device) {
            (Some(old), Some(new)) => [old, new],
            _ => [old.waited, run.waited],
        };
        let milliseconds = times.map(|times| times.best);
        let (what, num_convexes, size) = (run.what, run.num_convexes, [run.width, run.height]);
        let is_same = old.hashes == run.hashes;
        Some(Ratio { what, num_convexes, size, milliseconds, doubt: doubt(times), is_same })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_few_samples_and_of_a_busy_machine_are_not_judged() {
        let times = |samples: usize, best: f64, p50: f64| Times { samples, mean: p50, best, p50, p95: p50, p99: p50 };
        let good = times(9, 1.0, 1.5);
        assert_eq!(doubt([good, good]), None);
        assert_eq!(doubt([times(4, 1.0, 1.0), good]).unwrap(), "the baseline has 4 samples, and 5 are needed");
        let busy = doubt([good, times(9, 1.0, 2.5)]).unwrap();
        assert_eq!(busy, "this measurement was disturbed: its median is 2.5 times its least");
        assert_eq!(doubt([times(9, 1.0, 2.5), times(9, 3.0, 4.0)]), None, "three times as long is no disturbance");
        let ratio = |doubt: Option<String>| Ratio {
            what: Workload::Frame,
            num_convexes: 1,
            size: [8, 8],
            milliseconds: [1.0, 3.0],
            doubt,
            is_same: true,
        };
        let ratios = vec![ratio(None), ratio(Some(busy))];
        let comparison = BenchComparison { ratios, other_device: None, other_source: None };
        assert_eq!(comparison.slower_than(1.1).count(), 1);
    }
}
