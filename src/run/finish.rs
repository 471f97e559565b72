//! A run that is asked to end earlier, or that has a deadline: the rest of its schedule is compressed or stretched, not cut.

use web_time::{Duration, Instant};

use super::deadline::Deadline;
use super::event::{FinishWithin, RunEvent};
use super::last_views::LastViews;
use super::training::ActiveRun;
use super::{RunError, TimeLimit, note, serialize};
use crate::dataset::Split;
use crate::evaluate::{LogLine, ReplanLine, ReplanReason};
use crate::real::to_u32;
use crate::text::{counted, time_left};

impl ActiveRun<'_> {
    /// Compresses the rest of the schedule, if the run then ends earlier. For a time this happens as soon as the cost of an
    /// iteration is known.
    pub(super) fn finish(&mut self, within: FinishWithin) -> Result<(), RunError> {
        self.forgive_pause_so_far();
        match within {
            FinishWithin::Iterations(number) => {
                let end = self.trainer.iteration().saturating_add(number.max(1));
                if end >= self.last_iteration() {
                    self.go_on_as_it_is();
                    return Ok(());
                }
                self.deadline.iter_mut().for_each(|deadline| deadline.may_lengthen = false);
                self.compress(end)
            }
            FinishWithin::Time(time) => {
                let now = Instant::now();
                if self.deadline.is_some_and(|deadline| deadline.left(now) <= time.as_secs_f64()) {
                    self.go_on_as_it_is();
                    return Ok(());
                }
                self.deadline = Some(Deadline::new(now, time, ReplanReason::Asked));
                self.last_views = None;
                self.is_answer_due = true;
                self.keep_deadline()
            }
        }
    }

    /// Counts the time of the run from its begin, and that before from the log. The run becomes longer only where neither its
    /// length nor the iteration to stop after is given, and where nobody asked for its end before.
    pub(super) fn set_time(&mut self, time: TimeLimit, last_views: Option<LastViews>) -> Result<(), RunError> {
        let (limit, taken) = (time.limit, self.seconds_before);
        if taken >= limit.as_secs_f64() {
            return Err(RunError::TimeIsOver { limit, taken: super::seconds(taken) });
        }
        self.begin = time.begin;
        self.last_views = last_views;
        let mut deadline = Deadline::new(time.begin, limit, ReplanReason::Time).after(taken);
        let is_length_given = self.config.options.names("iterations") || self.config.stop_at.is_some();
        deadline.may_lengthen = !is_length_given && !self.log.was_asked_to_finish();
        self.deadline = Some(deadline);
        Ok(())
    }

    /// The held-out views that are measured at the end: all where no time says otherwise.
    pub(super) fn views_at_end(&self) -> LastViews {
        self.last_views.unwrap_or_else(|| LastViews { number: self.num_held_back(), skips_lpips: false })
    }

    fn num_held_back(&self) -> u32 {
        to_u32(self.dataset.indices(Split::Test).count())
    }

    /// Chooses the held-out views that a time leaves room for, where that is not done.
    fn choose_last_views(&mut self, deadline: &Deadline) {
        if self.last_views.is_none() {
            let (all, cost) = (self.num_held_back(), self.costs.last_view(self.trainer.num_convexes()));
            let views = LastViews::fitting(all, &cost, deadline.seconds());
            self.last_views = Some(views);
            views.notes(all).for_each(|message| (self.emit)(note(message)));
        }
    }

    /// Looks from time to time whether the run ends in time, and plans the rest anew where it does not.
    pub(super) fn keep_deadline(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        let Some(deadline) = self.deadline.as_mut().filter(|deadline| deadline.is_due(now)) else { return Ok(()) };
        let kept = if self.is_answer_due { deadline.asked() } else { *deadline };
        let (iteration, end) = (self.trainer.iteration(), self.trainer.end());
        if iteration >= end || self.remaining_with(self.trainer.options()).is_none() {
            return Ok(());
        }
        self.choose_last_views(&kept);
        self.deadline.iter_mut().for_each(|deadline| deadline.looked(now));
        let remaining = |new: u32| match self.trainer.options() {
            options if new == end => self.remaining_with(options),
            options => self.remaining_with(&options.ending_at(iteration, new)),
        };
        let new_end = kept.new_end(now, iteration, end, &remaining);
        let is_answer_due = std::mem::take(&mut self.is_answer_due);
        match new_end {
            Some(end) if is_answer_due => self.compress(end),
            Some(end) => self.replan(end, kept.reason),
            None if is_answer_due => {
                self.go_on_as_it_is();
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn go_on_as_it_is(&mut self) {
        let number = self.last_iteration().saturating_sub(self.trainer.iteration());
        let rest = counted(number as usize, "more iteration");
        let time = self.remaining_with(self.trainer.options());
        let time = time.map_or_else(String::new, |time| format!(", in about {}", time_left(time)));
        (self.emit)(note(format!("the training goes on as it is: it ends after {rest} already{time}")));
    }

    /// Plans a rest that the user asked for, and saves it at once.
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

    /// Whether the deadline leaves no room for another held-out view that takes so long.
    pub(super) fn is_time_up(&self, view: Duration) -> bool {
        self.deadline.is_some_and(|deadline| deadline.left(Instant::now()) < RESERVE * view.as_secs_f64())
    }
}

/// The time that is kept for a held-out view and the files behind it, over that of the view before.
const RESERVE: f64 = 2.0;
