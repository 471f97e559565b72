//! The end of a run that was asked to end earlier: the rest of the schedule is compressed, not cut.

use std::time::{Duration, Instant};

use super::event::{FinishWithin, RunEvent};
use super::training::ActiveRun;
use super::{RunError, note, serialize};
use crate::evaluate::{LogLine, ReplanLine, ReplanReason};
use crate::text::{counted, time_left};

/// Part of the time that the rest of a run is planned for: estimates are not exact.
const PLANNED_PART: f64 = 0.93;

impl ActiveRun<'_> {
    /// Compresses the rest of the schedule, if the run then ends earlier. Before the cost of an iteration is known, a time is
    /// kept until it is.
    pub(super) fn finish(&mut self, within: FinishWithin) -> Result<(), RunError> {
        match within {
            FinishWithin::Iterations(number) => {
                self.finish_by = None;
                let end = self.trainer.iteration().saturating_add(number.max(1));
                if end < self.last_iteration() { self.compress(end) } else { self.go_on_as_it_is() }
            }
            FinishWithin::Time(time) => {
                self.finish_by = Instant::now().checked_add(time);
                self.finish_in_time()
            }
        }
    }

    /// Does what [`FinishWithin::Time`] asked for, if that is known by now.
    pub(super) fn finish_in_time(&mut self) -> Result<(), RunError> {
        let Some(by) = self.finish_by else { return Ok(()) };
        let options = self.trainer.options();
        let Some(remaining) = self.remaining_with(options) else { return Ok(()) };
        let left = by.saturating_duration_since(Instant::now());
        self.finish_by = None;
        let end = self.end_within(left.mul_f64(PLANNED_PART)).unwrap_or(self.trainer.iteration() + 1);
        if remaining > left && end < self.last_iteration() { self.compress(end) } else { self.go_on_as_it_is() }
    }

    fn go_on_as_it_is(&mut self) -> Result<(), RunError> {
        let number = self.last_iteration().saturating_sub(self.trainer.iteration());
        let rest = counted(number as usize, "more iteration");
        let time = self.remaining_with(self.trainer.options());
        let time = time.map_or_else(String::new, |time| format!(", in about {}", time_left(time)));
        (self.emit)(note(format!("the training goes on as it is: it ends after {rest} already{time}")));
        Ok(())
    }

    /// The last iteration of the run if its rest takes no longer than this; `None` if nothing is known or nothing fits.
    fn end_within(&self, time: Duration) -> Option<u32> {
        let iteration = self.trainer.iteration();
        let fits = |end: u32| {
            let options = self.trainer.options().ending_at(iteration, end);
            self.remaining_with(&options).is_some_and(|remaining| remaining <= time)
        };
        // The last end that fits lies in low..high.
        let (mut low, mut high) = (iteration, self.last_iteration());
        while high > low + 1 {
            let middle = low.midpoint(high);
            *(if fits(middle) { &mut low } else { &mut high }) = middle;
        }
        (low > iteration).then_some(low)
    }

    fn compress(&mut self, end: u32) -> Result<(), RunError> {
        self.replan(end, ReplanReason::Asked)?;
        self.save()
    }

    /// Compresses or stretches the rest of the schedule, so that the run ends with iteration `end`. The next checkpoint holds
    /// it.
    fn replan(&mut self, end: u32, reason: ReplanReason) -> Result<(), RunError> {
        self.collect()?;
        self.log_losses()?;
        let end_before = self.trainer.end();
        self.trainer.end_at(end)?;
        self.is_config_old = true;
        let line = ReplanLine { iteration: self.trainer.iteration(), seconds: self.seconds(), end, end_before, reason };
        self.log.push(&serialize(serde_json::to_string(&LogLine::Replan(line)))?);
        (self.emit)(RunEvent::Replanned(line));
        Ok(())
    }
}
