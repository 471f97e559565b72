//! A list of commands that is submitted part by part, so that the device has other programs' work in between, and the host can
//! end it early.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use web_time::Instant;

use super::buffer::{Readback, RecordedCopy};
use super::context::Gpu;
use super::error::GpuError;
use super::uniforms::UniformArena;
use super::waiting;

/// Parts that are under way at a time: the device begins the next one while the host learns of the end of the last. Mesa's
/// software driver lets a submission wait for the one before, and nobody could end that wait.
const UNDER_WAY: usize = 2;
const UNDER_WAY_ON_SOFTWARE: usize = 1;

/// The parts of a list of commands, in order.
#[derive(Debug)]
pub struct CommandParts {
    gpu: Gpu,
    waiting: VecDeque<wgpu::CommandBuffer>,
    /// Memory that the waiting parts read, and whether it was written.
    uniforms: Option<UniformArena>,
    is_written: bool,
    under_way: VecDeque<PartUnderWay>,
    last: Option<wgpu::SubmissionIndex>,
}

/// A part that the device works on.
#[derive(Debug)]
struct PartUnderWay {
    submission: wgpu::SubmissionIndex,
    is_done: Arc<AtomicBool>,
}

impl CommandParts {
    pub(super) fn new(gpu: Gpu, parts: Vec<wgpu::CommandBuffer>, uniforms: UniformArena) -> Self {
        let (waiting, under_way) = (parts.into(), VecDeque::new());
        Self { gpu, waiting, uniforms: Some(uniforms), is_written: false, under_way, last: None }
    }

    /// Whether all parts are submitted; they are not necessarily done.
    #[must_use]
    pub fn is_submitted(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a part was submitted.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.is_written
    }

    /// Submits parts as earlier ones end, until `end`. Returns whether all are submitted.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn submit_until(&mut self, end: Instant) -> Result<bool, GpuError> {
        while !self.is_submitted() {
            if let Some(oldest) = self.oldest_in_the_way() {
                let is_done = oldest.is_done.clone();
                if !self.gpu.wait_until(end, || is_done.load(Ordering::Acquire))? {
                    return Ok(false);
                }
                self.under_way.pop_front();
            }
            self.submit_next();
        }
        Ok(true)
    }

    /// Submits all parts, each as earlier ones end; the last are still under way then.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn submit_all(&mut self) -> Result<(), GpuError> {
        while !self.is_submitted() {
            if let Some(oldest) = self.oldest_in_the_way() {
                self.gpu.wait_for(oldest.submission.clone())?;
                self.under_way.pop_front();
            }
            self.submit_next();
        }
        Ok(())
    }

    /// The part that has to end before the next one is submitted.
    fn oldest_in_the_way(&self) -> Option<&PartUnderWay> {
        // In a browser nobody could wait for it.
        let most = match () {
            () if waiting::IS_BROWSER => usize::MAX,
            () if self.gpu.is_software() => UNDER_WAY_ON_SOFTWARE,
            () => UNDER_WAY,
        };
        self.under_way.front().filter(|_| self.under_way.len() >= most)
    }

    fn submit_next(&mut self) {
        let Some(part) = self.waiting.pop_front() else { return };
        if let Some(uniforms) = self.uniforms.as_mut().filter(|_| !self.is_written) {
            uniforms.write(&self.gpu.queue);
            self.is_written = true;
        }
        let submission = self.gpu.queue.submit([part]);
        self.last = Some(submission.clone());
        if self.waiting.is_empty() {
            // The end of the last part is learned from what it copies. What later lists write there comes behind all parts.
            self.uniforms = None;
        } else {
            let is_done = Arc::<AtomicBool>::default();
            let told = Arc::clone(&is_done);
            self.gpu.queue.on_submitted_work_done(move || told.store(true, Ordering::Release));
            self.under_way.push_back(PartUnderWay { submission, is_done });
        }
    }

    /// The elements of a copy that the list makes; `None` where not all parts are submitted.
    #[must_use]
    pub fn read_back<T>(&self, copy: RecordedCopy<T>) -> Option<Readback<T>> {
        self.last.clone().filter(|_| self.is_submitted()).map(|last| copy.submitted(last))
    }

    /// Forgets the parts that are not submitted.
    pub fn abandon(&mut self) {
        self.waiting.clear();
        self.uniforms = None;
    }
}
