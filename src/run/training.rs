//! The loop of a run: trains, reports, evaluates and saves.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::bug::caught;
use super::deadline::Deadline;
use super::event::{
    IterationLoss, RunControl, RunEnd, RunEvent, RunFinished, RunPaused, RunSaved, RunSnapshot, RunStarted, RunStep,
};
use super::folder::RunFolder;
use super::log::RunLog;
use super::remaining::{RunCosts, RunRest};
use super::time_choice::LastViews;
use super::{Kept, RunConfig, RunError, RunFailure, preparing, serialize};
use crate::dataset::Dataset;
use crate::evaluate::{EvaluationLine, LogLine, Metrics, TrainingLine};
use crate::files;
use crate::metrics::ImageMetrics;
use crate::optimiser::LossMeans;
use crate::real::to_u32;
use crate::scene::Scene;
use crate::scene_file;
use crate::text;
use crate::train::{AutomaticBudget, PlannedIterations, TrainError, TrainOptions, Trainer};

/// Time between two checkpoints where no number of iterations is given: fifty times what the last one took, so that they take two
/// percent of a run; at least a minute, and at most what a run may lose. A checkpoint of a million convexes is a gigabyte, which
/// takes as long as hundreds of iterations of a fast device.
const SAVE_COSTS: u32 = 50;
const MIN_SAVE_PERIOD: Duration = Duration::from_secs(60);
const MAX_SAVE_PERIOD: Duration = Duration::from_secs(300);

/// Most lines about training in the log of a short run, and most iterations per line in that of a long one.
const MAX_SHORT_LINES: u32 = 100;
const MAX_LINE_ITERATIONS: u32 = 100;

/// The time for which the device is waited for before the controls are looked at.
const PATIENCE: Duration = Duration::from_millis(50);

/// The speed is measured over at least this long.
const SPEED_SPAN: Duration = Duration::from_millis(500);

/// A run that has a trainer.
pub(super) struct ActiveRun<'a> {
    pub(super) config: &'a RunConfig,
    pub(super) folder: RunFolder,
    pub(super) dataset: &'a Dataset,
    pub(super) trainer: Trainer,
    pub(super) gpu_name: String,
    pub(super) controls: &'a Receiver<RunControl>,
    pub(super) emit: &'a mut dyn FnMut(RunEvent),
    pub(super) log: RunLog,
    pub(super) is_stopping: bool,
    /// The budget, where it follows from the pictures.
    pub(super) budget: Option<AutomaticBudget>,
    pub(super) begin: Instant,
    /// Seconds that the training took before this run, as far as the log tells.
    pub(super) seconds_before: f64,
    last_save: Instant,
    /// Whether a copy of the scene was asked for while a list was waited for.
    is_snapshot_due: bool,
    /// The pause that the run is in.
    pause: Option<Pause>,
    /// The time of earlier pauses that the user asked for.
    paused: Duration,
    /// Losses up to `last_loss` that were reported in steps and are in no line of the log yet.
    losses: Vec<LossMeans>,
    /// The iteration of the last loss that was reported.
    last_loss: u32,
    speed: Speed,
    pub(super) costs: RunCosts,
    /// The time of the last measurement; `None` where the time since then says nothing.
    measured: Option<Instant>,
    /// The time by which the run is to end.
    pub(super) deadline: Option<Deadline>,
    /// Whether the user waits to hear what becomes of a deadline.
    pub(super) is_answer_due: bool,
    /// The held-back views that are measured at the end, if not all.
    pub(super) last_views: Option<LastViews>,
    /// Whether the options have changed since `config.toml` was written.
    pub(super) is_config_old: bool,
    /// The time that the run still took when that was last estimated.
    remaining: Option<Duration>,
}

/// A pause that ends at some time, or at [`RunControl::Resume`] alone.
#[derive(Debug, Clone, Copy)]
struct Pause {
    since: Instant,
    until: Option<Instant>,
}

/// Iterations per second.
#[derive(Debug, Clone, Copy)]
struct Speed {
    since: Instant,
    iteration: u32,
    iterations_per_second: f64,
}

impl Speed {
    fn new(iteration: u32) -> Self {
        Self { since: Instant::now(), iteration, iterations_per_second: 0.0 }
    }

    /// Whether it is time to measure the speed anew.
    fn is_due(&self) -> bool {
        self.since.elapsed() >= SPEED_SPAN
    }

    fn measure(&mut self, iteration: u32) -> f64 {
        let seconds = self.since.elapsed();
        if self.is_due() {
            let speed = f64::from(iteration.saturating_sub(self.iteration)) / seconds.as_secs_f64();
            *self = Self { since: Instant::now(), iteration, iterations_per_second: speed };
        }
        self.iterations_per_second
    }
}

impl<'a> ActiveRun<'a> {
    pub(super) fn new(
        config: &'a RunConfig,
        folder: RunFolder,
        dataset: &'a Dataset,
        trainer: Trainer,
        gpu_name: &str,
        controls: &'a Receiver<RunControl>,
        emit: &'a mut dyn FnMut(RunEvent),
    ) -> Self {
        let log = RunLog::new(folder.log());
        let iteration = trainer.iteration();
        Self {
            config,
            folder,
            dataset,
            trainer,
            gpu_name: gpu_name.to_owned(),
            controls,
            emit,
            log,
            is_stopping: false,
            budget: None,
            begin: Instant::now(),
            seconds_before: 0.0,
            last_save: Instant::now(),
            is_snapshot_due: false,
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
        (self.emit)(RunEvent::Started(RunStarted {
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
            // At the end all held-back views are evaluated.
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

    /// Does what was asked for; returns when nothing more is asked for and the run is not paused.
    fn take_controls(&mut self) -> Result<(), RunError> {
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

    fn answer_with_snapshot(&mut self) {
        let scene = self.trainer.snapshot().map(Box::new).map_err(|error| error.to_string());
        (self.emit)(RunEvent::Snapshot(RunSnapshot { scene }));
    }

    /// The next control; waits for one while the run is paused.
    fn next_control(&mut self) -> Option<RunControl> {
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

    /// Takes in the losses that are known since the last ones, and adds a line to the log for every group of iterations that is
    /// complete. Groups do not depend on how many iterations are submitted at once.
    fn add_losses(&mut self, losses: &[LossMeans]) -> Result<(), RunError> {
        self.report_step(losses);
        let total = self.trainer.options().length();
        let iterations_per_line = total.div_ceil(MAX_SHORT_LINES).clamp(1, MAX_LINE_ITERATIONS);
        for means in losses {
            self.losses.push(*means);
            self.last_loss += 1;
            if self.last_loss.is_multiple_of(iterations_per_line) {
                self.log_losses()?;
            }
        }
        Ok(())
    }

    /// Measures the iterations whose losses have come since the last measurement.
    fn measure(&mut self, num_losses: usize) {
        if num_losses == 0 {
            return;
        }
        let now = Instant::now();
        if let Some(since) = self.measured.replace(now) {
            let options = self.trainer.options();
            let level = options.coarse_level(self.trainer.iteration());
            let (number, num_convexes) = (to_u32(num_losses), self.trainer.num_convexes());
            let iterations = PlannedIterations { number, num_convexes, level };
            self.costs.add_iterations(&iterations, now - since, self.trainer.end());
        }
    }

    /// The time between the beginnings of two checkpoints. A run that ends while it writes one has lost that time as well.
    fn save_period(&self) -> Duration {
        let cost = self.costs.checkpoint().unwrap_or_default();
        let most = MAX_SAVE_PERIOD.saturating_sub(cost).max(MIN_SAVE_PERIOD);
        cost.saturating_mul(SAVE_COSTS).clamp(MIN_SAVE_PERIOD, most)
    }

    /// Estimates the time until everything is done.
    fn estimate(&self) -> Option<Duration> {
        self.remaining_with(self.trainer.options())
    }

    /// Estimates the time until everything is done if the rest of the training has these options.
    pub(super) fn remaining_with(&self, options: &TrainOptions) -> Option<Duration> {
        let iteration = self.trainer.iteration();
        let total = options.schedule().end();
        let end = self.config.stop_at.unwrap_or(u32::MAX).min(total);
        // An evaluation or checkpoint that is due after the last iteration is still to come.
        let num_due = |period: u32, before: u32| {
            (before.saturating_sub(1) / period).saturating_sub(iteration.saturating_sub(1) / period)
        };
        let period = options.evaluation_period();
        let num_evaluations = period.map_or(0, |period| num_due(period, total.min(end.saturating_add(1))));
        let num_watched = self.trainer.watched_views().len();
        let num_last = if end == total { self.num_last_views() } else { 0 };
        let every = self.config.checkpoint_every;
        self.costs.remaining(&RunRest {
            plan: &self.trainer.plan_with(options, end),
            num_views: f64::from(num_evaluations) * num_watched as f64,
            num_last_views: num_last as f64,
            num_checkpoints: 1 + every.map_or(0, |period| num_due(period, end)),
            checkpoint_period: every.is_none().then_some(self.save_period()),
        })
    }

    fn report_step(&mut self, losses: &[LossMeans]) {
        let weight = self.trainer.options().ssim_weight;
        let iteration = self.trainer.iteration();
        if self.remaining.is_none() || self.speed.is_due() {
            self.remaining = self.estimate();
        }
        let losses = (self.last_loss + 1..).zip(losses);
        let losses: Vec<IterationLoss> =
            losses.map(|(iteration, means)| IterationLoss { iteration, loss: means.loss(weight) }).collect();
        (self.emit)(RunEvent::Step(RunStep {
            iteration,
            iterations: self.trainer.end(),
            num_convexes: self.trainer.num_convexes(),
            iterations_per_second: self.speed.measure(iteration),
            remaining: self.remaining,
            losses,
        }));
    }

    /// Saves what was done before an error, and returns the error with what became of it.
    fn rescue(&mut self, cause: RunError) -> RunError {
        let saved = caught(|| {
            self.trainer.fall_back();
            self.save()
        });
        let kept = match saved {
            // The training would end the same way if it went on.
            Ok(()) if matches!(cause, RunError::Train(TrainError::Empty { .. })) => Kept::Final,
            Ok(()) => Kept::All,
            Err(_) if self.folder.checkpoint().exists() => Kept::Earlier,
            Err(_) if caught(|| self.save_scene()).is_ok() => Kept::SceneOnly,
            Err(_) => Kept::Nothing,
        };
        let (iteration, out) = (self.trainer.iteration(), self.folder.path.clone());
        RunError::Failed(Box::new(RunFailure { iteration, kept, out, cause }))
    }

    /// Adds a line about the iterations since the line before; none where there were none.
    pub(super) fn log_losses(&mut self) -> Result<(), RunError> {
        let losses = std::mem::take(&mut self.losses);
        if losses.is_empty() {
            return Ok(());
        }
        let mean = |of: fn(&LossMeans) -> f32| losses.iter().map(of).sum::<f32>() / losses.len() as f32;
        let means = LossMeans { l1: mean(|loss| loss.l1), ssim: mean(|loss| loss.ssim) };
        let line = TrainingLine {
            iteration: self.last_loss,
            seconds: self.seconds(),
            loss: Some(means.loss(self.trainer.options().ssim_weight)),
            l1: means.l1,
            ssim: means.ssim,
            num_convexes: self.trainer.num_convexes(),
            memory_mib: self.trainer.memory() >> 20,
        };
        self.log.push(&serialize(serde_json::to_string(&LogLine::Training(line)))?);
        (self.emit)(RunEvent::Logged(line));
        Ok(())
    }

    /// Whether held-back views were to be evaluated after the last iteration of the checkpoint, and a stop came before the end.
    fn is_evaluation_left(&self) -> bool {
        let iteration = self.trainer.iteration();
        let is_due = self.trainer.options().evaluation_period().is_some_and(|period| iteration.is_multiple_of(period));
        is_due && (1..self.trainer.end()).contains(&iteration) && !self.log.has_evaluation(iteration)
    }

    /// Evaluates a few held-back views, unless a stop is asked for; then that is left for a run that goes on. LPIPS is left for the end:
    /// it takes longer than the iterations in between.
    fn evaluate_some(&mut self) -> Result<(), RunError> {
        self.trainer.release()?;
        let (mut took, mut measured) = (Duration::ZERO, Vec::new());
        for view in self.trainer.watched_views() {
            self.take_controls()?;
            if self.is_stopping {
                return Ok(());
            }
            let begin = Instant::now();
            measured.push(self.trainer.evaluate(view, &Metrics::default())?.metrics);
            took += begin.elapsed();
        }
        self.costs.add_views(measured.len(), took);
        self.measured = Some(Instant::now());
        self.log_evaluation(&measured)
    }

    /// Adds a line about held-back views; none where there are none.
    pub(super) fn log_evaluation(&mut self, measured: &[ImageMetrics]) -> Result<(), RunError> {
        let (iteration, num_convexes) = (self.trainer.iteration(), self.trainer.num_convexes());
        if let Some(line) = EvaluationLine::of(measured, iteration, self.seconds(), num_convexes) {
            self.log.push(&serialize(serde_json::to_string(&LogLine::Evaluation(line)))?);
            (self.emit)(RunEvent::Evaluated(line));
        }
        Ok(())
    }

    /// Seconds since the training began, without the time in which it was stopped or the user let it pause.
    pub(super) fn seconds(&self) -> f64 {
        let pause = self.pause.filter(|pause| pause.until.is_none()).map(|pause| pause.since.elapsed());
        let paused = self.paused + pause.unwrap_or_default();
        self.seconds_before + self.begin.elapsed().saturating_sub(paused).as_secs_f64()
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

    /// Writes the options of the training, with the command as a comment.
    pub(super) fn write_config(&mut self) -> Result<(), RunError> {
        let options = serialize(toml::to_string_pretty(self.trainer.options()))?;
        let text = format!("# {}\n{options}", text::escaped(&self.config.comment));
        files::write_atomically(&self.folder.options(), text.as_bytes())?;
        self.is_config_old = false;
        Ok(())
    }

    /// Writes the log so far, the checkpoint and the scene. The log goes first: lines that are ahead of the checkpoint can be
    /// dropped, lines that are missing cannot be written again.
    pub(super) fn save(&mut self) -> Result<(), RunError> {
        self.collect()?;
        let begin = Instant::now();
        self.log_losses()?;
        self.log.write()?;
        let checkpoint = self.trainer.checkpoint()?;
        checkpoint.save(&self.folder.checkpoint())?;
        // Nothing more is read from the device, which may have little memory left.
        self.write_scene(&checkpoint.scene)?;
        if self.is_config_old {
            self.write_config()?;
        }
        self.last_save = begin;
        self.costs.add_checkpoint(begin.elapsed());
        self.measured = self.measured.map(|_| Instant::now());
        (self.emit)(RunEvent::Saved(RunSaved { iteration: checkpoint.state.iteration }));
        Ok(())
    }

    /// Writes the scene alone, where a checkpoint cannot be written.
    fn save_scene(&mut self) -> Result<(), RunError> {
        let scene = self.trainer.normalised_scene()?;
        self.write_scene(&scene)
    }

    /// Writes a scene of normalised units.
    fn write_scene(&self, normalised: &Scene) -> Result<(), RunError> {
        let scene = self.trainer.similarity().to_world(normalised);
        Ok(scene_file::save_with(&scene, &self.trainer.metadata(), &self.folder.scene())?)
    }
}
