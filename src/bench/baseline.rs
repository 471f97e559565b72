//! What was measured, against what was measured before.

use super::report::{FORMAT, Report, Run, Source, What};

/// A report that cannot be compared with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// It is none.
    #[error("it is not a report of `lapidary bench --json`: {0}")]
    NoReport(String),
    /// It is one of other things.
    #[error("it holds none of these measurements: the same kind, number of convexes, size and number of views")]
    NothingInCommon,
}

/// One figure beside what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// What was timed.
    pub what: What,
    /// Convexes of the scene.
    pub num_convexes: u32,
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Milliseconds before and now: medians on the device, or waited for where one of both has no clock.
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
pub struct Comparison {
    /// At least one.
    pub ratios: Vec<Ratio>,
    /// Name of the device before, where it was another.
    pub other_device: Option<String>,
    /// Scene and cameras before, where one of both was another.
    pub other_source: Option<String>,
}

impl Comparison {
    /// Those above a threshold; what cannot be told is, too.
    pub fn slower_than(&self, threshold: f64) -> impl Iterator<Item = &Ratio> {
        self.ratios.iter().filter(move |ratio| ratio.ratio() > threshold || ratio.ratio().is_nan())
    }
}

/// An older report, as it stands in its file.
///
/// # Errors
/// [`Untold::NoReport`].
pub fn parse(bytes: &[u8]) -> Result<Report, Untold> {
    let report: Report = serde_json::from_slice(bytes).map_err(|error| Untold::NoReport(error.to_string()))?;
    if report.format != FORMAT {
        return Err(Untold::NoReport(format!("its format is `{}`, not `{FORMAT}`", report.format)));
    }
    Ok(report)
}

/// Compares with an older report.
///
/// # Errors
/// [`Untold::NothingInCommon`].
pub fn compare(now: &Report, before: &Report) -> Result<Comparison, Untold> {
    let key = |run: &Run| (run.what, run.num_convexes, run.width, run.height, run.num_views);
    let ratio = |run: &Run| {
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
        return Err(Untold::NothingInCommon);
    }
    let other_device = (before.device.name != now.device.name).then(|| before.device.name.clone());
    let named = |source: &Source| format!("{}, {}", source.scene, source.cameras);
    let other_source = (named(&before.source) != named(&now.source)).then(|| named(&before.source));
    Ok(Comparison { ratios, other_device, other_source })
}
