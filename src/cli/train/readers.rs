//! The readers of a training's events on the command line: the bar of a terminal, and `--json`.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::ProgressBar;
use lapidary::evaluate::{EvaluationLine, LogLine, TrainingLine};
use lapidary::gpu::KernelTime;
use lapidary::run::{RunEvent, RunPaused, RunProfile, RunStarted, RunStep, TrainingSummary};
use lapidary::text::{counted, time_left};
use serde::Serialize;

use super::super::progress::{self, PlainProgress, Step};
use super::keyboard;

/// Shows the progress of a training to people.
pub(super) struct Terminal {
    verbosity: Verbosity,
    /// The work under way that cannot tell how far it has come.
    step: Option<Step>,
    bar: Option<ProgressBar>,
    plain: PlainProgress,
    /// The PSNR of the held-out views when they were last measured, dB.
    last_psnr: Option<f64>,
    /// Whether people are still to be told what to do about a training that takes long.
    advises: bool,
}

/// Time from which on a training takes long.
const LONG: Duration = Duration::from_secs(30 * 60);

/// The output besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verbosity {
    /// Nothing.
    Quiet,
    /// Notes and warnings on stderr, and JSON on stdout.
    Json,
    /// Notes, warnings, progress and the result.
    People,
}

impl Terminal {
    pub(super) fn new(verbosity: Verbosity, advises: bool) -> Self {
        let plain = PlainProgress::new(verbosity != Verbosity::People);
        Self {
            verbosity,
            step: None,
            bar: None,
            plain,
            last_psnr: None,
            advises: advises && verbosity == Verbosity::People,
        }
    }

    /// Whether nothing but errors is printed.
    pub(super) fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    pub(super) fn read(&mut self, event: &RunEvent) {
        let is_quiet = self.is_quiet();
        match event {
            RunEvent::Preparing(preparing) => self.step = Some(Step::begin(preparing.work.clone(), is_quiet)),
            RunEvent::Note(note) => self.say(&format!("note: {}", note.message)),
            RunEvent::Warning(warning) => self.say(&format!("warning: {}", warning.message)),
            RunEvent::Replanned(line) => self.say(&line.to_string()),
            RunEvent::Started(started) if !stderr().is_terminal() => self.say(&first_line(started)),
            RunEvent::Paused(RunPaused { at_most: None }) => self.say("paused"),
            RunEvent::Step(step) => self.advance(step),
            RunEvent::Logged(line) => self.show(line),
            RunEvent::Evaluated(line) => self.evaluated(line),
            RunEvent::Profiled(profile) => print_profile(profile),
            _ => (),
        }
    }

    /// Prints a line above the bar, unless nothing is wanted.
    fn say(&self, text: &str) {
        match &self.bar {
            _ if self.verbosity == Verbosity::Quiet => (),
            Some(bar) => bar.suspend(|| say!("{text}")),
            None => say!("{text}"),
        }
    }

    /// Removes the bar. Later lines stand where it was.
    pub(super) fn clear(&mut self) {
        self.step = None;
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Shows how far the training is. The bar begins when the first iteration is done.
    fn advance(&mut self, step: &RunStep) {
        let is_hidden = self.verbosity != Verbosity::People;
        if self.bar.is_none() {
            self.step = None;
            self.plain = PlainProgress::new(is_hidden);
        }
        let bar = self.bar.get_or_insert_with(|| progress::paced_bar(step.iterations.into(), is_hidden));
        bar.set_length(step.iterations.into());
        bar.set_position(step.iteration.into());
        let advised = step.remaining.filter(|_| self.advises);
        if let Some(advice) = advised.and_then(|remaining| advice(remaining, keyboard::is_heard())) {
            bar.suspend(|| say!("{advice}"));
        }
        self.advises &= step.remaining.is_none();
        bar.set_prefix(progress::pace(step.iterations_per_second, step.remaining));
    }

    fn show(&mut self, line: &TrainingLine) {
        let Some(bar) = &self.bar else { return };
        let held_back = self.last_psnr.map_or_else(String::new, |psnr| format!(", {psnr:.2} dB held out"));
        let TrainingLine { num_convexes, memory_mib, .. } = line;
        let loss = line.loss.unwrap_or_default();
        bar.set_message(format!("loss {loss:.4}{held_back}, {num_convexes} convexes, {memory_mib} MiB"));
        self.plain.tell(bar);
    }

    fn evaluated(&mut self, line: &EvaluationLine) {
        self.last_psnr = Some(line.test_psnr);
    }
}

/// The first line about a training in the log of a job: what runs where.
fn first_line(started: &RunStarted) -> String {
    let RunStarted { device, num_views, largest: [width, height], max_convexes, iteration, iterations, .. } = started;
    let views = counted(*num_views, "view");
    let goes_on = if *iteration > 0 { format!(", {iteration} of them done") } else { String::new() };
    format!(
        "training on {device}: {views} of at most {width}×{height} pixels, {iterations} iterations{goes_on}, budget {max_convexes} \
         convexes"
    )
}

/// The advice for a training that takes so long, to someone who can type commands or not.
fn advice(remaining: Duration, can_type: bool) -> Option<String> {
    let advice = match can_type {
        true => "type `finish 10m` and Enter for a good end in ten minutes, or begin with --time 10m",
        false => "begin with --time 10m for a good end in ten minutes",
    };
    (remaining >= LONG).then(|| format!("note: this takes about {}; {advice}", time_left(remaining)))
}

/// Prints the lines of `metrics.jsonl` while they are written, those about training with the time that is left, and at the
/// end the content of `metrics.json`.
#[derive(Debug, Default)]
pub(super) struct JsonLines {
    remaining: Option<Duration>,
}

/// A line about training.
#[derive(Serialize)]
struct ProgressLine {
    #[serde(flatten)]
    line: TrainingLine,
    /// Seconds until everything is done, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_seconds: Option<f64>,
}

impl JsonLines {
    pub(super) fn read(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Step(step) => self.remaining = step.remaining,
            RunEvent::Logged(line) => {
                print(&ProgressLine { line: *line, remaining_seconds: self.remaining.map(|time| time.as_secs_f64()) });
            }
            RunEvent::Evaluated(line) => print(&LogLine::Evaluation(*line)),
            RunEvent::Replanned(line) => print(&LogLine::Replan(*line)),
            RunEvent::Finished(finished) => finished.summary.iter().for_each(print),
            _ => (),
        }
    }
}

fn print(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(line) => tell_json!(line),
        Err(error) => log::debug!("a line has no JSON: {error}"),
    }
}

/// Prints the times of kernels to stderr; standard output is for what programs read.
fn print_profile(profile: &RunProfile) {
    say!("{} instances; milliseconds of one iteration:", profile.num_instances);
    for (name, milliseconds, _) in KernelTime::by_kernel(&profile.times) {
        say!("  {name:<20} {milliseconds:8.2}");
    }
}

/// The result of a training in one sentence.
pub(super) fn sentence(training: &TrainingSummary) -> String {
    let TrainingSummary { summary, num_convexes, seconds, .. } = training;
    let quality = match (summary.psnr, summary.ssim) {
        (Some(psnr), Some(ssim)) => {
            let lpips = summary.lpips_vgg.map_or_else(String::new, |lpips| format!(", LPIPS {lpips:.4}"));
            let views = counted(summary.views.len(), "held-out view");
            format!("PSNR {psnr:.2} dB, SSIM {ssim:.4}{lpips} on {views}")
        }
        _ => "no view to test on".to_owned(),
    };
    let convexes = counted(*num_convexes as usize, "convex");
    format!("{quality}; {convexes}, {seconds:.0} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_what_runs_where() {
        let started = RunStarted {
            device: "a GPU".to_owned(),
            num_views: 12,
            largest: [640, 480],
            max_convexes: 5000,
            iteration: 0,
            iterations: 300,
            num_convexes: 100,
        };
        let told = "training on a GPU: 12 views of at most 640×480 pixels, 300 iterations, budget 5000 convexes";
        assert_eq!(first_line(&started), told);
        let goes_on = first_line(&RunStarted { iteration: 40, ..started });
        assert!(goes_on.contains("300 iterations, 40 of them done"), "{goes_on}");
    }

    #[test]
    fn only_long_trainings_come_with_advice() {
        for can_type in [true, false] {
            assert_eq!(advice(Duration::from_secs(1799), can_type), None);
            let text = advice(Duration::from_secs(7200), can_type).unwrap();
            assert!(text.contains("about 2 h") && text.contains("--time 10m"), "{text}");
            assert_eq!(text.contains("type `finish 10m`"), can_type, "{text}");
        }
    }
}
