//! What a run tells while it trains: steps and their speed, lines of the log, and the time that is left.

use web_time::{Duration, Instant};

use super::event::{IterationLoss, RunEvent, RunStep};
use super::last_views::LastViews;
use super::remaining::{Decoding, RunRest};
use super::training::ActiveRun;
use super::{RunError, serialize};
use crate::evaluate::{EvaluationLine, LogLine, TrainingLine};
use crate::metrics::ImageMetrics;
use crate::optimiser::LossMeans;
use crate::real::to_u32;
use crate::train::{PlannedIterations, TrainOptions};

/// Most lines about training in the log of a short run, and most iterations per line in that of a long one.
const MAX_SHORT_LINES: u32 = 100;
const MAX_LINE_ITERATIONS: u32 = 100;

/// The speed is measured over at least this long.
const SPEED_SPAN: Duration = Duration::from_millis(500);

/// Iterations per second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speed {
    since: Instant,
    iteration: u32,
    iterations_per_second: f64,
}

impl Speed {
    pub(super) fn new(iteration: u32) -> Self {
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

impl ActiveRun<'_> {
    /// Takes in the losses that are known since the last ones, and adds a line to the log for every group of iterations that is
    /// complete. Groups do not depend on how many iterations are submitted at once.
    pub(super) fn add_losses(&mut self, losses: &[LossMeans]) -> Result<(), RunError> {
        self.report_step(losses);
        let total = self.trainer.options().length();
        let iterations_per_line = total.div_ceil(MAX_SHORT_LINES).clamp(1, MAX_LINE_ITERATIONS);
        for means in losses {
            self.losses.push(*means);
            self.last_loss += 1;
            // A mean over pictures of two sizes would say nothing.
            let level = |iteration| self.trainer.options().coarse_level(iteration);
            let is_last_of_size = level(self.last_loss) != level(self.last_loss + 1);
            if self.last_loss.is_multiple_of(iterations_per_line) || is_last_of_size {
                self.log_losses()?;
            }
        }
        Ok(())
    }

    /// Measures the iterations whose losses have come since the last measurement.
    pub(super) fn measure(&mut self, num_losses: usize) {
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
            self.costs.set_decoding(Decoding::of(self.pictures));
        }
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
        let last_views = if end == total { self.views_at_end() } else { LastViews::default() };
        let every = self.config.checkpoint_every;
        self.costs.remaining(&RunRest {
            plan: &self.trainer.plan_with(options, end),
            num_views: f64::from(num_evaluations) * num_watched as f64,
            last_views,
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
            halvings: Some(self.trainer.options().coarse_level(self.last_loss)),
        };
        self.log.push(&serialize(serde_json::to_string(&LogLine::Training(line)))?);
        (self.emit)(RunEvent::Logged(line));
        Ok(())
    }

    /// Adds a line about held-out views; none where there are none.
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
}
