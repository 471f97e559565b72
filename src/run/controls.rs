//! The controls of a run while it trains: pauses, copies of the scene, checkpoints, an earlier end.

use std::sync::mpsc::RecvTimeoutError;
use web_time::{Duration, Instant};

use super::RunError;
use super::event::{RunControl, RunEvent, RunPaused, RunSnapshot};
use super::progress::Speed;
use super::training::ActiveRun;
use crate::evaluate::{Evaluated, Metrics};

/// A pause that ends at some time, or at [`RunControl::Resume`] alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    pub(super) since: Instant,
    pub(super) until: Option<Instant>,
}

impl ActiveRun<'_> {
    /// Does what was asked for; returns when nothing more is asked for and the run is not paused.
    pub(super) fn take_controls(&mut self) -> Result<(), RunError> {
        loop {
            // The scene changes only when the list is done.
            if self.is_snapshot_due && !self.trainer.is_waiting() {
                self.is_snapshot_due = false;
                self.answer_with_snapshot();
            }
            let Some(control) = self.next_control() else { return Ok(()) };
            match control {
                RunControl::Pause => self.begin_pause(None)?,
                RunControl::PauseAtMost(time) => self.begin_pause(Some(time))?,
                RunControl::Resume => self.end_pause(),
                RunControl::Save => self.save()?,
                RunControl::Finish(within) => self.finish(within)?,
                RunControl::Snapshot => self.is_snapshot_due = true,
                RunControl::Stop => {
                    self.is_stopping = true;
                    return Ok(());
                }
            }
        }
    }

    /// Measures a held-out view; `None` where a stop is asked for on the way. Other controls wait.
    pub(super) fn evaluate(&mut self, view: usize, metrics: &Metrics) -> Result<Option<Evaluated>, RunError> {
        let Self { trainer, controls, waiting, .. } = self;
        let mut is_stopped = || {
            waiting.extend(controls.try_iter());
            waiting.contains(&RunControl::Stop)
        };
        Ok(trainer.evaluate_unless(view, metrics, &mut is_stopped)?)
    }

    fn answer_with_snapshot(&mut self) {
        let scene = self.trainer.snapshot().map(Box::new).map_err(|error| error.to_string());
        (self.emit)(RunEvent::Snapshot(RunSnapshot { scene }));
    }

    /// The next control; waits for one while the run is paused.
    fn next_control(&mut self) -> Option<RunControl> {
        if let Some(control) = self.waiting.pop_front() {
            return Some(control);
        }
        let Some(pause) = self.pause else {
            return self.controls.try_recv().ok();
        };
        let control = match pause.until {
            Some(until) => self.controls.recv_timeout(until.saturating_duration_since(Instant::now())),
            // Nobody who could end the pause is left.
            None => self.controls.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        // A pause that nobody ends is over.
        Some(control.unwrap_or(RunControl::Resume))
    }

    /// Takes in what is under way first: the scene can then be read, and no iteration seems to take as long as the pause.
    fn begin_pause(&mut self, at_most: Option<Duration>) -> Result<(), RunError> {
        self.collect()?;
        self.forgive_pause_so_far();
        self.pause = Some(Pause { since: Instant::now(), until: at_most.map(|time| Instant::now() + time) });
        (self.emit)(RunEvent::Paused(RunPaused { at_most }));
        Ok(())
    }

    /// Does not count the pause up to now, if the user asked for it and so knows that the end comes later.
    pub(super) fn forgive_pause_so_far(&mut self) {
        let now = Instant::now();
        let Some(pause) = self.pause.as_mut().filter(|pause| pause.until.is_none()) else { return };
        let taken = now - std::mem::replace(&mut pause.since, now);
        self.paused += taken;
        self.deadline.iter_mut().for_each(|deadline| deadline.forgive(taken));
    }

    fn end_pause(&mut self) {
        self.forgive_pause_so_far();
        if self.pause.take().is_some() {
            self.speed = Speed::new(self.trainer.iteration());
            self.measured = None;
            (self.emit)(RunEvent::Resumed);
        }
    }
}
