//! The evaluations of a run: a few held-out views on the way; at the end those that there is time for, with `metrics.json` and
//! `report.html`.

use web_time::{Duration, Instant};

use serde::Serialize;

use super::event::{RunEvent, RunProfile};
use super::last_views::LastViews;
use super::training::ActiveRun;
use super::{RunControl, RunError, note, serialize};
use crate::dataset::Split;
use crate::evaluate::{
    Album, Evaluated, EvaluationReport, MeasuredPhotograph, Metrics, Summary, curves_of, program, read_log,
};
use crate::files;
use crate::text::counted;

/// Most of a training's time that its photographs may be measured for the report, and seconds that they may take in any case.
const PHOTOGRAPHS_PART: f64 = 0.03;
const PHOTOGRAPHS_SECONDS: f64 = 2.0;

/// The result of a training: `metrics.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingSummary {
    /// The number of convexes.
    pub num_convexes: u32,
    /// The number of iterations.
    pub iterations: u32,
    /// Seconds since the training began, without the time in which it was stopped.
    pub seconds: f64,
    /// The name of the GPU.
    pub adapter: String,
    /// The version of lapidary.
    pub version: &'static str,
    /// The metrics of the held-out views.
    #[serde(flatten)]
    pub summary: Summary,
}

impl ActiveRun<'_> {
    /// Whether held-out views were to be evaluated after the last iteration of the checkpoint, and a stop came before the end.
    pub(super) fn is_evaluation_left(&self) -> bool {
        let iteration = self.trainer.iteration();
        let is_due = self.trainer.options().evaluation_period().is_some_and(|period| iteration.is_multiple_of(period));
        is_due && (1..self.trainer.end()).contains(&iteration) && !self.log.has_evaluation(iteration)
    }

    /// Evaluates a few held-out views, unless a stop is asked for; then that is left for a run that goes on. LPIPS is left for the end:
    /// it takes longer than the iterations in between.
    pub(super) fn evaluate_some(&mut self) -> Result<(), RunError> {
        self.trainer.release()?;
        let (mut took, mut measured) = (Duration::ZERO, Vec::new());
        for view in self.trainer.watched_views() {
            self.take_controls()?;
            if self.is_stopping {
                return Ok(());
            }
            let begin = Instant::now();
            let Some(evaluated) = self.evaluate(view, &Metrics::default())? else { return self.take_controls() };
            measured.push(evaluated.metrics);
            took += begin.elapsed();
        }
        self.costs.add_views(measured.len(), took);
        self.measured = Some(Instant::now());
        self.log_evaluation(&measured)
    }

    /// Measures every held-out view and writes the results; `None` when a stop came before all were measured.
    pub(super) fn evaluate_all(&mut self) -> Result<Option<TrainingSummary>, RunError> {
        let seconds = self.seconds();
        self.trainer.release()?;
        let all: Vec<usize> = self.dataset.indices(Split::Test).collect();
        let LastViews { number, skips_lpips } = self.views_at_end();
        let number = number as usize;
        let views: Vec<usize> = (0..number).map(|i| all[i * all.len() / number]).collect();
        let (plain, config) = (Metrics::default(), self.config);
        let metrics = if skips_lpips { &plain } else { &config.metrics };
        let (stems, folder) = (self.dataset.file_stems(), self.folder.test_pictures());
        let mut album = Album::new(views.len());
        let mut photographs = Vec::new();
        for view in views {
            if self.is_stop_asked() {
                return Ok(None);
            }
            let begin = Instant::now();
            let Some(evaluated) = self.evaluate(view, metrics)? else { return Ok(None) };
            album.add(&evaluated, Some(&folder.join(&stems[view])))?;
            photographs.push(self.measured_photograph(&evaluated, Split::Test));
            if self.is_time_up(begin.elapsed()) {
                break;
            }
        }
        let measured = album.metrics();
        if measured.len() < number {
            (self.emit)(note(format!(
                "the time is up: {} of {} held-out views are measured",
                measured.len(),
                all.len()
            )));
        }
        self.log_evaluation(&measured)?;
        self.log.write()?;
        let summary = TrainingSummary {
            num_convexes: self.trainer.num_convexes(),
            iterations: self.trainer.iteration(),
            seconds,
            adapter: self.gpu_name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            summary: album.summary(),
        };
        files::write_atomically(&self.folder.summary(), serialize(serde_json::to_string_pretty(&summary))?.as_bytes())?;
        self.measure_photographs(&mut photographs)?;
        let page = self.report(&summary, photographs)?.html(&album);
        files::write_atomically(&self.folder.report(), page.as_bytes())?;
        // This comes after everything is saved, because it does iterations that belong to no training.
        if self.config.profiles {
            let times = self.trainer.profile()?.unwrap_or_default();
            let num_instances = self.trainer.num_instances()?;
            (self.emit)(RunEvent::Profiled(RunProfile { num_instances, times }));
        }
        Ok(Some(summary))
    }

    fn measured_photograph(&self, view: &Evaluated, split: Split) -> MeasuredPhotograph {
        MeasuredPhotograph::of(view, split, self.trainer.options().ssim_weight.into())
    }

    /// Measures training views for the report, evenly among them: as many as a small part of the training's time holds.
    fn measure_photographs(&mut self, photographs: &mut Vec<MeasuredPhotograph>) -> Result<(), RunError> {
        let all: Vec<usize> = self.dataset.indices(Split::Train).collect();
        let seconds = (PHOTOGRAPHS_PART * self.seconds()).max(PHOTOGRAPHS_SECONDS);
        let begin = Instant::now();
        let mut last = Duration::ZERO;
        // Halves, quarters and so on of the list, so that an end at any time leaves them evenly apart.
        for (done, view) in evenly(all.len()).map(|i| all[i]).enumerate() {
            let is_over = begin.elapsed() + last > super::seconds(seconds) && done > 0;
            if is_over || self.is_time_up(last) || self.is_stop_asked() {
                break;
            }
            let began = Instant::now();
            let Some(evaluated) = self.evaluate(view, &Metrics::default())? else { break };
            photographs.push(self.measured_photograph(&evaluated, Split::Train));
            last = began.elapsed();
        }
        Ok(())
    }

    /// Whether a stop was asked for. Other controls have no meaning when all iterations are done.
    fn is_stop_asked(&mut self) -> bool {
        self.waiting.extend(self.controls.try_iter());
        self.is_stopping |= self.waiting.drain(..).any(|control| control == RunControl::Stop);
        self.is_stopping
    }

    fn report(
        &self,
        summary: &TrainingSummary,
        photographs: Vec<MeasuredPhotograph>,
    ) -> Result<EvaluationReport, RunError> {
        let dataset = self.config.dataset.display().to_string();
        let speed = f64::from(summary.iterations) / summary.seconds;
        let options = serialize(toml::to_string_pretty(self.trainer.options()))?;
        let iterations = counted(summary.iterations as usize, "iteration");
        let device = format!("{} ({})", summary.adapter, self.driver);
        Ok(EvaluationReport {
            title: self.folder.path.display().to_string(),
            subtitle: format!("{iterations} on {dataset}; figures and images are of held-out views"),
            num_convexes: Some(summary.num_convexes.into()),
            curves: curves_of(&read_log(self.log.path())?),
            facts: [("Dataset", dataset)]
                .into_iter()
                .chain(self.budget.map(|budget| ("Budget", budget.to_string())))
                .chain([
                    ("Iterations", summary.iterations.to_string()),
                    ("Time", format!("{:.0} s, {speed:.1} iterations per second", summary.seconds)),
                    ("Device", device),
                    ("Program", program()),
                ])
                .collect(),
            options: Some(options),
            photographs,
            num_photographs: self.dataset.views.len(),
        })
    }
}

/// The order in which numbers below `count` are taken so that the first ones are always spread over all: by the reversed bits.
fn evenly(count: usize) -> impl Iterator<Item = usize> {
    let bits = count.next_power_of_two().trailing_zeros();
    (0..count.next_power_of_two())
        .map(move |i| if bits == 0 { i } else { i.reverse_bits() >> (usize::BITS - bits) })
        .filter(move |i| *i < count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_photographs_are_spread_over_all() {
        assert_eq!(evenly(6).collect::<Vec<_>>(), [0, 4, 2, 1, 5, 3]);
        assert_eq!([0, 1].map(|count| evenly(count).count()), [0, 1]);
        let mut all: Vec<usize> = evenly(37).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..37));
    }
}
