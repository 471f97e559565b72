//! Lists of iterations under way: submitted part by part where they take long, collected in order, repeated where a frame did
//! not fit, or abandoned.

use std::collections::VecDeque;
use web_time::{Duration, Instant};

use super::iteration::LossSlot;
use super::{Iteration, LossMeans, Optimiser};
use crate::gpu::{Buffer, CommandParts, Commands, Gpu, GpuError, Pace, Readback, RecordedCopy};
use crate::kernels::Status;
use crate::real::to_u32;

/// Iterations that the device is working on.
#[derive(Debug)]
pub(super) struct SubmittedList {
    iterations: Vec<Iteration>,
    parts: CommandParts,
    results: ListResults,
    /// Whether the host saw it at work, so that it knows the time of its end.
    was_seen_at_work: bool,
    /// The buffer that the losses are copied from.
    loss_buffer: Buffer<[f32; 2]>,
}

/// Status and losses behind a list.
#[derive(Debug)]
enum ListResults {
    /// The last part of the list copies them.
    Recorded(RecordedCopy<Status>, RecordedCopy<[f32; 2]>),
    /// The last part is submitted.
    OnTheirWay(Readback<Status>, Readback<[f32; 2]>),
    /// No part copies them: the list was ended early.
    Abandoned,
}

impl SubmittedList {
    /// Submits what can be, and waits for the end of the list, but not longer than until `end`. Returns whether it is done.
    fn is_done_by(&mut self, gpu: &Gpu, end: Instant) -> Result<bool, GpuError> {
        if self.is_found_done_by(gpu, Instant::now())? {
            return Ok(true);
        }
        self.was_seen_at_work = true;
        self.is_found_done_by(gpu, end)
    }

    fn is_found_done_by(&mut self, gpu: &Gpu, end: Instant) -> Result<bool, GpuError> {
        if !self.parts.submit_until(end)? {
            return Ok(false);
        }
        self.expect_results();
        match &mut self.results {
            ListResults::OnTheirWay(_, losses) => losses.is_done_by(gpu, end),
            _ => Ok(true),
        }
    }

    /// Asks for status and losses where the last part is submitted; those that nothing will copy are given up.
    fn expect_results(&mut self) {
        self.results = match std::mem::replace(&mut self.results, ListResults::Abandoned) {
            ListResults::Recorded(status, losses) => {
                match (self.parts.read_back(status), self.parts.read_back(losses)) {
                    (Some(status), Some(losses)) => ListResults::OnTheirWay(status, losses),
                    _ => ListResults::Abandoned,
                }
            }
            results => results,
        };
    }
}

impl Optimiser {
    /// Submits iterations to the device, as many of their parts as may be under way at once.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn submit(&mut self, iterations: Vec<Iteration>) -> Result<(), GpuError> {
        let Some(shape) = self.shape_for(&iterations) else { return Ok(()) };
        self.reserve(shape)?;
        let loss_buffer = self.losses_for(iterations.len() as u64)?;
        let Some(memory) = &self.memory else { return Ok(()) };
        let mut commands = Commands::new(&self.gpu, "iterations").in_pieces(self.pace.num_pieces(1.0));
        for (index, iteration) in iterations.iter().enumerate() {
            commands.border();
            self.record(&mut commands, memory, iteration, LossSlot { losses: &loss_buffer, index })?;
        }
        let status = commands.read_later(memory.frame.status())?;
        let results = ListResults::Recorded(status, commands.read_later(&loss_buffer)?);
        let parts = commands.into_parts();
        let list = SubmittedList { iterations, parts, results, was_seen_at_work: false, loss_buffer };
        self.submitted_lists.push_back(list);
        self.begin_next()
    }

    /// Begins the first list that has not begun, if nothing before it waits to be submitted.
    fn begin_next(&mut self) -> Result<(), GpuError> {
        let Some(index) = self.submitted_lists.iter().position(|list| !list.parts.is_submitted()) else {
            return Ok(());
        };
        self.busy_since.get_or_insert_with(Instant::now);
        self.submitted_lists[index].parts.submit_until(Instant::now()).map(|_| ())
    }

    /// A buffer for this many losses that no list is using.
    fn losses_for(&mut self, len: u64) -> Result<Buffer<[f32; 2]>, GpuError> {
        match self.free_losses.iter().position(|buffer| buffer.len() >= len) {
            Some(index) => Ok(self.free_losses.swap_remove(index)),
            None => self.gpu.zeros("losses", len.max(Pace::MAX_LIST.into())),
        }
    }

    /// Keeps a buffer of losses for the next list; longer ones were made for lists that are rare.
    fn keep_losses(&mut self, buffer: Buffer<[f32; 2]>) {
        self.free_losses.retain(|free| free.len() <= buffer.len());
        self.free_losses.push(buffer);
    }

    /// Waits for the oldest list of iterations and returns the losses of those that were done. Where a frame did not fit, the
    /// buffers are made larger and everything that was skipped is submitted again.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no more memory.
    pub fn collect(&mut self) -> Result<Vec<LossMeans>, GpuError> {
        if let Some(mut list) = self.submitted_lists.pop_front() {
            list.is_done_by(&self.gpu, Instant::now())?;
            list.parts.submit_all()?;
            list.expect_results();
            let means = self.collect_list(list)?;
            self.collected.extend(means);
        }
        Ok(std::mem::take(&mut self.collected))
    }

    /// The same as [`Self::collect`], but waits no longer than `patience`; `None` where the list is not done then.
    ///
    /// # Errors
    /// The same as [`Self::collect`].
    pub fn collect_within(&mut self, patience: Duration) -> Result<Option<Vec<LossMeans>>, GpuError> {
        let end = Instant::now() + patience;
        let is_done = self.submitted_lists.front_mut().map_or(Ok(true), |list| list.is_done_by(&self.gpu, end))?;
        is_done.then(|| self.collect()).transpose()
    }

    /// Waits for all lists and keeps their losses.
    pub(super) fn collect_all(&mut self) -> Result<(), GpuError> {
        while !self.submitted_lists.is_empty() {
            let means = self.collect()?;
            self.collected.extend(means);
        }
        Ok(())
    }

    /// Waits for a list whose parts are submitted.
    fn collect_list(&mut self, mut list: SubmittedList) -> Result<Vec<LossMeans>, GpuError> {
        let (status, means) = self.results_of(&mut list)?;
        let took = self.busy_since.take().map(|since| since.elapsed());
        self.keep_losses(list.loss_buffer);
        match took {
            Some(took) if list.was_seen_at_work => self.pace.add(means.len() as f64, took),
            // The host did something else, like decoding a picture.
            Some(took) => self.pace.add_at_most(means.len() as f64, took),
            None => {}
        }
        if status.has_overflowed == 0 {
            self.busy_since = self.submitted_lists.front().is_some().then(Instant::now);
            self.begin_next()?;
            return Ok(means);
        }
        let behind = std::mem::take(&mut self.submitted_lists);
        let mut skipped: VecDeque<Iteration> = list.iterations.into_iter().skip(means.len()).collect();
        let len = behind.iter().map(|list| list.iterations.len()).fold(skipped.len(), usize::max);
        skipped.extend(behind.into_iter().flat_map(|list| list.iterations));
        let Some(shape) = self.shape_for(skipped.make_contiguous()) else { return Ok(means) };
        self.reserve(shape.with_instances(status.needed_instances))?;
        while !skipped.is_empty() {
            self.submit(skipped.drain(..len.min(skipped.len())).collect())?;
        }
        Ok(means)
    }

    /// Status and losses behind a list whose parts are submitted.
    fn results_of(&mut self, list: &mut SubmittedList) -> Result<(Status, Vec<LossMeans>), GpuError> {
        let (status, losses) = match std::mem::replace(&mut list.results, ListResults::Abandoned) {
            ListResults::OnTheirWay(status, losses) => (status.wait(&self.gpu)?, losses.wait(&self.gpu)?),
            _ => match &self.memory {
                Some(memory) => (memory.frame.status().read(&self.gpu)?, list.loss_buffer.read(&self.gpu)?),
                None => return Ok((Status::default(), Vec::new())),
            },
        };
        let status = status.first().copied().unwrap_or_default();
        let num_done = status.num_steps.saturating_sub(self.num_reported).min(to_u32(list.iterations.len()));
        self.num_done += num_done;
        self.num_reported = status.num_steps;
        let means = |[l1, ssim]: [f32; 2]| LossMeans { l1, ssim };
        Ok((status, losses.into_iter().take(num_done as usize).map(means).collect()))
    }

    /// Ends what is under way as soon as can be: iterations whose last part is not submitted never were. Returns the losses of
    /// those that are done and were not returned before, and frees the memory of an iteration.
    ///
    /// After an error of the device, some of them may be missing.
    pub fn abandon(&mut self) -> Vec<LossMeans> {
        let mut means = std::mem::take(&mut self.collected);
        for mut list in std::mem::take(&mut self.submitted_lists) {
            if !list.parts.has_begun() {
                break;
            }
            list.expect_results();
            list.parts.abandon();
            let Ok((_, done)) = self.results_of(&mut list) else { break };
            means.extend(done);
        }
        self.busy_since = None;
        self.release();
        means
    }

    /// Does iterations and returns their losses.
    ///
    /// # Errors
    /// The same as [`Self::submit`] and [`Self::collect`].
    pub fn run(&mut self, iterations: Vec<Iteration>) -> Result<Vec<LossMeans>, GpuError> {
        self.submit(iterations)?;
        self.collect_all()?;
        Ok(std::mem::take(&mut self.collected))
    }
}
