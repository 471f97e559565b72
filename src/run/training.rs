//! The loop of a run: trains, and evaluates and saves where that is due.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use web_time::{Duration, Instant};

use super::bug::caught;
use super::controls::Pause;
use super::deadline::Deadline;
use super::event::{RunControl, RunEnd, RunEvent, RunFinished, RunStarted};
use super::folder::RunFolder;
use super::last_views::LastViews;
use super::log::RunLog;
use super::progress::Speed;
use super::remaining::RunCosts;
use super::{RunConfig, RunError, preparing};
use crate::dataset::{Dataset, PictureCache, Split};
use crate::gpu::Gpu;
use crate::optimiser::LossMeans;
use crate::train::{AutomaticBudget, Trainer};

/// The time for which the device is waited for before the controls are looked at.
const PATIENCE: Duration = Duration::from_millis(50);

/// A run that has a trainer.
pub(super) struct ActiveRun<'a> {
    pub(super) config: &'a RunConfig,
    pub(super) folder: RunFolder,
    pub(super) dataset: &'a Dataset,
    pub(super) pictures: &'a PictureCache,
    pub(super) trainer: Trainer,
    pub(super) gpu_name: String,
    /// Name and version of the driver.
    pub(super) driver: String,
    pub(super) controls: &'a Receiver<RunControl>,
    pub(super) emit: &'a mut dyn FnMut(RunEvent),
    pub(super) log: RunLog,
    pub(super) is_stopping: bool,
    /// The budget, where it follows from the pictures.
    pub(super) budget: Option<AutomaticBudget>,
    pub(super) begin: Instant,
    /// Seconds that the training took before this run, as far as the log tells.
    pub(super) seconds_before: f64,
    pub(super) last_save: Instant,
    /// Whether a copy of the scene was asked for while a list was waited for.
    pub(super) is_snapshot_due: bool,
    /// Controls that came while a held-out view was measured and were not obeyed yet.
    pub(super) waiting: VecDeque<RunControl>,
    /// The pause that the run is in.
    pub(super) pause: Option<Pause>,
    /// The time of earlier pauses that the user asked for.
    pub(super) paused: Duration,
    /// Losses up to `last_loss` that were reported in steps and are in no line of the log yet.
    pub(super) losses: Vec<LossMeans>,
    /// The iteration of the last loss that was reported.
    pub(super) last_loss: u32,
    pub(super) speed: Speed,
    pub(super) costs: RunCosts,
    /// The time of the last measurement; `None` where the time since then says nothing.
    pub(super) measured: Option<Instant>,
    /// The time by which the run is to end.
    pub(super) deadline: Option<Deadline>,
    /// Whether the user waits to hear what becomes of a deadline.
    pub(super) is_answer_due: bool,
    /// The held-out views that are measured at the end, if not all.
    pub(super) last_views: Option<LastViews>,
    /// Whether the options have changed since `config.toml` was written.
    pub(super) is_config_old: bool,
    /// The time that the run still took when that was last estimated.
    pub(super) remaining: Option<Duration>,
}

impl<'a> ActiveRun<'a> {
    pub(super) fn new(
        config: &'a RunConfig,
        folder: RunFolder,
        pictures: &'a PictureCache,
        trainer: Trainer,
        gpu: &Gpu,
        controls: &'a Receiver<RunControl>,
        emit: &'a mut dyn FnMut(RunEvent),
    ) -> Self {
        let log = RunLog::new(folder.log());
        let iteration = trainer.iteration();
        Self {
            config,
            folder,
            dataset: pictures.dataset(),
            pictures,
            trainer,
            gpu_name: gpu.name().to_owned(),
            driver: gpu.driver().to_owned(),
            controls,
            emit,
            log,
            is_stopping: false,
            budget: None,
            begin: Instant::now(),
            seconds_before: 0.0,
            last_save: Instant::now(),
            is_snapshot_due: false,
            waiting: VecDeque::new(),
            pause: None,
            paused: Duration::ZERO,
            losses: Vec::new(),
            last_loss: iteration,
            speed: Speed::new(iteration),
            costs: RunCosts::default(),
            measured: None,
            deadline: None,
            is_answer_due: false,
            last_views: None,
            is_config_old: true,
            remaining: None,
        }
    }
}

impl ActiveRun<'_> {
    /// Begins the log of a new training, or repairs that of the training that goes on.
    pub(super) fn open_log(&mut self, goes_on: bool) -> Result<(), RunError> {
        if goes_on {
            self.log.go_on(self.trainer.iteration(), self.trainer.is_done())?;
            self.seconds_before = self.log.seconds();
        } else {
            self.log.begin()?;
        }
        Ok(())
    }

    /// Trains until it ends, saves, and evaluates when all iterations are done.
    pub(super) fn train(&mut self) -> Result<RunFinished, RunError> {
        let training = || self.dataset.indices(Split::Train).filter_map(|i| self.dataset.views.get(i));
        let largest = training().max_by_key(|view| view.num_pixels());
        (self.emit)(RunEvent::Started(RunStarted {
            device: self.gpu_name.clone(),
            num_views: training().count(),
            largest: largest.map_or([0; 2], |view| [view.camera.width, view.camera.height]),
            max_convexes: self.trainer.options().max_convexes,
            iteration: self.trainer.iteration(),
            iterations: self.trainer.end(),
            num_convexes: self.trainer.num_convexes(),
        }));
        if let Err(error) = caught(|| self.iterate().and_then(|()| self.save())) {
            return Err(self.rescue(error));
        }
        let mut summary = None;
        let end = if self.trainer.is_done() {
            summary = caught(|| self.evaluate_all()).map_err(|error| match error {
                RunError::Bug(_) => RunError::Evaluation(Box::new(error)),
                error => error,
            })?;
            if summary.is_some() { RunEnd::Done } else { RunEnd::StoppedInEvaluation }
        } else if self.trainer.iteration() >= self.last_iteration() {
            RunEnd::StopAt
        } else {
            RunEnd::Stopped
        };
        Ok(RunFinished { end, iteration: self.trainer.iteration(), summary })
    }

    /// The iteration after which the run ends.
    pub(super) fn last_iteration(&self) -> u32 {
        self.config.stop_at.unwrap_or(u32::MAX).min(self.trainer.end())
    }

    fn iterate(&mut self) -> Result<(), RunError> {
        self.take_controls()?;
        if self.is_evaluation_left() {
            self.evaluate_some()?;
        }
        self.compile(self.last_iteration())?;
        while !self.is_stopping && self.trainer.iteration() < self.last_iteration() {
            let (total, end) = (self.trainer.end(), self.last_iteration());
            let next_after = |period: u32| (self.trainer.iteration() / period + 1).saturating_mul(period);
            let next_save = match self.config.checkpoint_every {
                Some(period) => next_after(period),
                None if self.last_save.elapsed() >= self.save_period() => next_after(1),
                None => u32::MAX,
            };
            let next_evaluation = self.trainer.options().evaluation_period().map_or(u32::MAX, next_after);
            let losses = self.advance(next_save.min(next_evaluation).min(end))?;
            if self.is_stopping {
                break;
            }
            self.measure(losses.len());
            self.add_losses(&losses)?;
            let iteration = self.trainer.iteration();
            // At the end all held-out views are evaluated.
            if iteration == next_evaluation && next_evaluation < total {
                self.evaluate_some()?;
            }
            if iteration == next_save && next_save < end {
                self.save()?;
            }
            self.take_controls()?;
            self.keep_deadline()?;
        }
        if self.is_stopping {
            self.trainer.fall_back();
        }
        Ok(())
    }

    /// Trains on, and looks at the controls while the device is at work. Returns early, without losses, where a stop is asked
    /// for or a control has taken them in.
    fn advance(&mut self, until: u32) -> Result<Vec<LossMeans>, RunError> {
        loop {
            if let Some(losses) = self.trainer.advance_within(until, PATIENCE)? {
                return Ok(losses);
            }
            self.take_controls()?;
            if self.is_stopping || !self.trainer.is_waiting() {
                return Ok(Vec::new());
            }
        }
    }

    /// Does the first iteration alone: drivers may compile every kernel then, and only the iterations behind it tell the speed.
    fn compile(&mut self, end: u32) -> Result<(), RunError> {
        let first = self.trainer.iteration() + 1;
        if self.is_stopping || first > end {
            return Ok(());
        }
        (self.emit)(preparing(format!("compiling kernels for {}", self.gpu_name)));
        let losses = self.advance(first)?;
        if self.is_stopping {
            return Ok(());
        }
        self.speed = Speed::new(first);
        self.measured = Some(Instant::now());
        self.add_losses(&losses)
    }

    /// Waits for everything that was submitted, and takes in its losses.
    pub(super) fn collect(&mut self) -> Result<(), RunError> {
        let losses = self.trainer.finish_submitted()?;
        if !losses.is_empty() {
            self.measure(losses.len());
            self.add_losses(&losses)?;
        }
        Ok(())
    }
}
