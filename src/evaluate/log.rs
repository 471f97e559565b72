//! The lines of a training's `metrics.jsonl`.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::{self, FileError};
use crate::metrics::ImageMetrics;
use crate::text::counted;

/// A line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LogLine {
    /// Means over some iterations.
    Training(TrainingLine),
    /// An evaluation of held-out views.
    Evaluation(EvaluationLine),
    /// A new plan for the rest of the training.
    Replan(ReplanLine),
}

impl LogLine {
    /// Iterations that were done when it was written.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        match self {
            Self::Training(line) => line.iteration,
            Self::Evaluation(line) => line.iteration,
            Self::Replan(line) => line.iteration,
        }
    }

    /// Seconds since the training began, without the time in which it was stopped.
    #[must_use]
    pub const fn seconds(&self) -> f64 {
        match self {
            Self::Training(line) => line.seconds,
            Self::Evaluation(line) => line.seconds,
            Self::Replan(line) => line.seconds,
        }
    }

    /// The line in some bytes; `None` where they are none.
    fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Means over the iterations since the line before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrainingLine {
    /// The last iteration.
    pub iteration: u32,
    /// Seconds since the training began, without the time in which it was stopped.
    pub seconds: f64,
    /// The loss that is minimised: the weighted sum of L1 and 1 − SSIM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f32>,
    /// Mean absolute difference.
    pub l1: f32,
    /// Mean structural similarity.
    pub ssim: f32,
    /// The number of convexes after that iteration.
    pub num_convexes: u32,
    /// GPU memory that is held, MiB.
    #[serde(default)]
    pub memory_mib: u64,
    /// How often width and height of the pictures were halved; `None` in logs of versions that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halvings: Option<u32>,
}

/// A new plan: the rest of the schedule is compressed or stretched, so that the training ends earlier or later.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReplanLine {
    /// The last iteration with the plan before.
    pub iteration: u32,
    /// Seconds since the training began, without the time in which it was stopped.
    pub seconds: f64,
    /// The iteration that the training ends with.
    pub end: u32,
    /// The iteration that it would have ended with.
    pub end_before: u32,
    /// Why there is a new plan.
    pub reason: ReplanReason,
}

impl fmt::Display for ReplanLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = if self.end < self.end_before { "compressed" } else { "stretched" };
        let rest = counted(self.end.saturating_sub(self.iteration) as usize, "more iteration");
        let reason = match self.reason {
            ReplanReason::Asked => "finishing",
            ReplanReason::Time => "keeping the time",
        };
        write!(out, "{reason}: {rest}, the schedule is {change}")
    }
}

/// Why the rest of a training was planned anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplanReason {
    /// The user asked for it.
    Asked,
    /// The training would not end in its time.
    Time,
}

/// Means over held-out views.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EvaluationLine {
    /// Iterations so far.
    pub iteration: u32,
    /// Seconds since the training began, without the time in which it was stopped.
    pub seconds: f64,
    /// The number of evaluated views.
    pub test_views: usize,
    /// PSNR, dB.
    pub test_psnr: f64,
    /// Mean structural similarity.
    pub test_ssim: f64,
    /// LPIPS, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_lpips_vgg: Option<f64>,
    /// The number of convexes after that iteration.
    pub num_convexes: u32,
}

impl EvaluationLine {
    /// The line of evaluated views; `None` without views.
    #[must_use]
    pub fn of(metrics: &[ImageMetrics], iteration: u32, seconds: f64, num_convexes: u32) -> Option<Self> {
        let mean = ImageMetrics::mean(metrics)?;
        Some(Self {
            iteration,
            seconds,
            test_views: metrics.len(),
            test_psnr: mean.psnr,
            test_ssim: mean.ssim,
            test_lpips_vgg: mean.lpips_vgg,
            num_convexes,
        })
    }
}

/// Reads `metrics.jsonl`. Lines that are not understood are left out: a program that was killed may have written half
/// of one, and other versions write other lines.
///
/// # Errors
/// [`FileError`] when the file cannot be read.
pub fn read_log(path: &Path) -> Result<Vec<LogLine>, FileError> {
    let bytes = files::read(path)?;
    Ok(bytes.split(|byte| *byte == b'\n').filter_map(LogLine::parse).collect())
}

/// Drops from `metrics.jsonl` the lines that a training that goes on after an iteration will write again: lines of later
/// iterations, half a line that a program left which was killed, and, where the training `is_done`, its last evaluation.
///
/// # Errors
/// [`FileError`] when the file cannot be read or written.
pub fn cut_log(path: &Path, iteration: u32, is_done: bool) -> Result<(), FileError> {
    let bytes = files::read(path)?;
    let is_last = |line: &LogLine| is_done && line.iteration() == iteration && matches!(line, LogLine::Evaluation(_));
    let is_ahead = |line: &LogLine| line.iteration() > iteration || is_last(line);
    let is_kept = |line: &&[u8]| LogLine::parse(line).is_some_and(|line| !is_ahead(&line));
    let lines = bytes.split(|byte| *byte == b'\n').filter(is_kept);
    files::write_atomically(path, &lines.flat_map(|line| [line, b"\n"]).flatten().copied().collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_lines_come_back_and_others_are_left_out() {
        let training = TrainingLine {
            iteration: 100,
            seconds: 1.5,
            loss: Some(0.3),
            l1: 0.25,
            ssim: 0.5,
            num_convexes: 7,
            memory_mib: 5,
            halvings: Some(1),
        };
        let metrics = ImageMetrics { psnr: 20.0, ssim: 0.75, lpips_vgg: None, lpips_vgg_normalised: None };
        let evaluation = EvaluationLine::of(&[metrics], 200, 2.0, 8).unwrap();
        let (end, end_before, reason) = (300, 900, ReplanReason::Asked);
        let replan = ReplanLine { iteration: 200, seconds: 2.5, end, end_before, reason };
        assert_eq!(replan.to_string(), "finishing: 100 more iterations, the schedule is compressed");
        let lines = [LogLine::Training(training), LogLine::Evaluation(evaluation), LogLine::Replan(replan)];
        let [first, second, third] = lines.map(|line| serde_json::to_string(&line).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        std::fs::write(&path, format!("{first}\n{{\"other\": 1}}\nnot JSON\n\n{second}\n{third}\n{{\"iterat")).unwrap();
        assert_eq!(read_log(&path).unwrap(), lines);
        assert!(read_log(folder.path()).is_err());
        cut_log(&path, 199, false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{first}\n"), "the second is ahead");
        std::fs::write(&path, format!("{first}\n{second}")).unwrap();
        cut_log(&path, 200, false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{first}\n{second}\n"), "only its end was lost");
        cut_log(&path, 200, true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{first}\n"), "the last look is done again");
    }
}
