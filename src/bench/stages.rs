//! The stages of a measurement, and the time that is left.

use std::time::Duration;

use super::run::Workload;
use super::sample::Limits;

/// A stage of the measurement of frames, or of iterations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BenchStage {
    /// Every camera is used once.
    First,
    /// Each is waited for before the next begins.
    Waited,
    /// Timestamps measure every kernel.
    OnDevice,
    /// Several are queued at a time.
    UnderWay,
}

/// A stage that begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BenchProgress {
    /// The work that is timed.
    pub what: Workload,
    /// The stage.
    pub stage: BenchStage,
    /// The time until everything is measured, where it is known.
    pub remaining: Option<Duration>,
}

/// Tells of stages as they begin.
pub(super) struct Stages<'a> {
    pub(super) what: Workload,
    /// Seconds of a frame or an iteration, as far as it is known; 0 where it is not.
    pub(super) seconds_each: f64,
    limits: Limits,
    /// Whether iterations are measured after the frames.
    with_iterations: bool,
    report: &'a mut dyn FnMut(BenchProgress),
}

impl<'a> Stages<'a> {
    pub(super) fn new(limits: Limits, with_iterations: bool, report: &'a mut dyn FnMut(BenchProgress)) -> Self {
        Self { what: Workload::Frame, seconds_each: 0.0, limits, with_iterations, report }
    }

    pub(super) fn begin(&mut self, stage: BenchStage) {
        let progress = BenchProgress { what: self.what, stage, remaining: self.remaining(stage) };
        (self.report)(progress);
    }

    /// Nothing is known before the first frame, nor of iterations while frames are measured.
    fn remaining(&self, stage: BenchStage) -> Option<Duration> {
        if stage == BenchStage::First || (self.with_iterations && self.what == Workload::Frame) {
            return None;
        }
        let Limits { seconds, .. } = self.limits;
        let of = |stage| match stage {
            BenchStage::First => 0.0,
            BenchStage::Waited => {
                self.limits.for_samples_of(self.seconds_each).warm_up + seconds.max(self.seconds_each)
            }
            BenchStage::OnDevice => seconds.max(self.seconds_each),
            BenchStage::UnderWay => seconds.max(2.0 * self.seconds_each),
        };
        let all = [BenchStage::Waited, BenchStage::OnDevice, BenchStage::UnderWay];
        let left: f64 = all.into_iter().filter(|later| *later >= stage).map(of).sum();
        Duration::try_from_secs_f64(left).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_follows_from_limits_and_the_measured_time() {
        let limits = Limits { samples: 200, seconds: 3.0, warm_up: 0.5, camera_seconds: None };
        let left = |with_iterations, seconds_each, stage| {
            let mut found = None;
            let mut report = |progress: BenchProgress| found = Some(progress.remaining);
            let mut stages = Stages::new(limits, with_iterations, &mut report);
            stages.seconds_each = seconds_each;
            stages.begin(stage);
            found.unwrap().map(|left| left.as_secs_f64())
        };
        assert_eq!(left(false, 0.01, BenchStage::First), None);
        assert_eq!(left(false, 0.01, BenchStage::Waited), Some(9.5));
        assert_eq!(left(false, 5.0, BenchStage::Waited), Some(20.0), "one, one and two");
        assert_eq!(left(false, 5.0, BenchStage::UnderWay), Some(10.0));
        assert_eq!(left(true, 5.0, BenchStage::UnderWay), None, "iterations come after");
    }
}
