//! A training under way: the loop, and what is written about it.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use lapidary::dataset::{Dataset, Split};
use lapidary::evaluate::{
    Album, EvaluationLine, EvaluationReport, LogLine, Metrics, TrainingLine, curves_of, read_log,
};
use lapidary::files;
use lapidary::gpu::KernelTime;
use lapidary::metrics::ImageMetrics;
use lapidary::optimiser::LossMeans;
use lapidary::scene::Scene;
use lapidary::scene_file;
use lapidary::text::counted;
use lapidary::train::{TrainError, Trainer};

use super::super::bug::{Bug, caught};
use super::super::progress::{self, PlainProgress};
use super::super::signals::{self, Interrupted};
use super::super::source::SCENE_FILE;
use super::log::Log;
use super::{TrainArgs, TrainingSummary, Watch, Wish, checkpoint_path, iterations};

/// A training and what is written about it.
pub(super) struct Run<'a> {
    args: &'a TrainArgs,
    pub(super) trainer: Trainer,
    begin: Instant,
    /// Seconds that a training took before it was resumed, as far as the log says.
    seconds_before: f64,
    log: Log,
    /// Of the held-back views when they were last looked at, dB.
    last_psnr: Option<f64>,
    last_save: Instant,
    plain: PlainProgress,
}

/// How a training ended that met no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All iterations are done.
    Done,
    /// As many as `--stop-at` asks for are.
    AsAsked,
    /// A signal, or the closing of its window, came before.
    Stopped,
}

/// What is said of a signal when all iterations are done.
const AT_LAST_LOOK: &str =
    "stopped while the held-back views were looked at; the training is saved, --resume looks again";

/// Time between two checkpoints where no number of iterations is asked for. One of a million convexes is a gigabyte, which
/// takes as long as hundreds of iterations of a fast device.
const SAVE_PERIOD: Duration = Duration::from_secs(60);

/// Most iterations per line of `metrics.jsonl`; short trainings have a hundred lines.
const LINE_EVERY: u32 = 100;

impl<'a> Run<'a> {
    pub(super) fn new(args: &'a TrainArgs, trainer: Trainer) -> Self {
        Self {
            args,
            trainer,
            begin: Instant::now(),
            seconds_before: 0.0,
            log: Log::new(&args.out),
            last_psnr: None,
            last_save: Instant::now(),
            plain: PlainProgress::new(args.is_silent()),
        }
    }
}

impl Run<'_> {
    /// Trains until it ends. What was done is saved, whatever ends it.
    pub(super) fn train(&mut self, watch: &mut Watch<'_>) -> anyhow::Result<End> {
        let bar = self.bar();
        signals::listen(|| {});
        let result = caught(|| self.iterate(&bar, watch).and_then(|()| self.save()));
        bar.finish_and_clear();
        match result {
            Ok(()) if self.trainer.is_done() => Ok(End::Done),
            Ok(()) if self.trainer.iteration() >= self.last_iteration() => Ok(End::AsAsked),
            Ok(()) => Ok(End::Stopped),
            Err(error) => Err(self.rescue(error)),
        }
    }

    /// The iteration after which the program stops.
    fn last_iteration(&self) -> u32 {
        self.args.stop_at.unwrap_or(u32::MAX).min(self.trainer.options().iterations)
    }

    fn iterate(&mut self, bar: &ProgressBar, watch: &mut Watch<'_>) -> anyhow::Result<()> {
        let total = self.trainer.options().iterations;
        let end = self.last_iteration();
        let per_line = (total / 100).clamp(1, LINE_EVERY) as usize;
        let mut losses = Vec::new();
        // Whoever looks on sees what it begins with.
        let mut is_stopped = watch(&mut self.trainer, &[]) == Wish::Stop;
        while !is_stopped && self.trainer.iteration() < end && !signals::asked() {
            let next_after = |period: u32| (self.trainer.iteration() / period + 1).saturating_mul(period);
            let next_save = match self.args.checkpoint_every {
                Some(period) => next_after(period),
                None if self.last_save.elapsed() >= SAVE_PERIOD => next_after(1),
                None => u32::MAX,
            };
            let next_look = self.trainer.options().evaluation_period().map_or(u32::MAX, next_after);
            let new_losses = self.trainer.advance(next_save.min(next_look).min(end))?;
            let wish = watch(&mut self.trainer, &new_losses);
            losses.extend(new_losses);
            bar.set_position(self.trainer.iteration().into());
            if losses.len() >= per_line {
                self.log_losses(bar, &std::mem::take(&mut losses))?;
            }
            let iteration = self.trainer.iteration();
            // At the end all of them are looked at.
            if iteration == next_look && next_look < total {
                self.look()?;
            }
            if wish == Wish::Save || (iteration == next_save && next_save < end) {
                self.log_losses(bar, &std::mem::take(&mut losses))?;
                self.save()?;
            }
            is_stopped = wish == Wish::Stop;
        }
        self.log_losses(bar, &losses)
    }

    /// Saves what was done before an error, and adds to it what became of that.
    fn rescue(&mut self, error: anyhow::Error) -> anyhow::Error {
        let saved = caught(|| {
            self.trainer.fall_back();
            self.save()
        });
        let after = format!("after {}", iterations(self.trainer.iteration()));
        let is_there = checkpoint_path(self.args).exists();
        // Going on would end the same way.
        let is_final = matches!(error.downcast_ref(), Some(TrainError::Empty { .. }));
        let go_on = "go on with the same command and --resume";
        match saved {
            Ok(()) if is_final => error.context(format!("stopped {after}; what there was is saved")),
            Ok(()) => error.context(format!("stopped and saved {after}; {go_on}")),
            Err(_) if is_there => {
                let out = self.args.out.display();
                error.context(format!("stopped {after}; {out} holds what was saved before; {go_on}"))
            }
            Err(_) if caught(|| self.save_scene()).is_ok() => {
                error.context(format!("stopped {after}; only the scene could be saved, and nothing to go on from"))
            }
            Err(_) => error.context(format!("stopped {after}; nothing could be saved")),
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = progress::bar(self.trainer.options().iterations.into(), self.args.is_silent());
        bar.set_position(self.trainer.iteration().into());
        bar.reset_eta();
        bar
    }

    /// A line about some iterations; none where there were none.
    fn log_losses(&mut self, bar: &ProgressBar, losses: &[LossMeans]) -> anyhow::Result<()> {
        if losses.is_empty() {
            return Ok(());
        }
        let mean = |of: fn(&LossMeans) -> f32| losses.iter().map(of).sum::<f32>() / losses.len() as f32;
        let means = LossMeans { l1: mean(|loss| loss.l1), ssim: mean(|loss| loss.ssim) };
        let loss = means.loss(self.trainer.options().ssim_weight);
        let line = TrainingLine {
            iteration: self.trainer.iteration(),
            seconds: self.seconds(),
            loss: Some(loss),
            l1: means.l1,
            ssim: means.ssim,
            num_convexes: self.trainer.num_convexes(),
            memory_mib: self.trainer.memory() >> 20,
        };
        let held_back = self.last_psnr.map_or_else(String::new, |psnr| format!(", {psnr:.2} dB held back"));
        let TrainingLine { num_convexes, memory_mib, .. } = line;
        bar.set_message(format!("loss {loss:.4}{held_back}, {num_convexes} convexes, {memory_mib} MiB"));
        self.plain.tell(bar);
        self.write_line(LogLine::Training(line))
    }

    /// Looks at a few held-back views. LPIPS is left for the end: it takes longer than the iterations between two looks.
    fn look(&mut self) -> anyhow::Result<()> {
        self.trainer.release()?;
        let mut measured = Vec::new();
        for view in self.trainer.watched_views() {
            measured.push(self.trainer.evaluate(view, &Metrics::default())?.metrics);
        }
        self.last_psnr = ImageMetrics::mean(&measured).map(|mean| mean.psnr);
        self.write_evaluation(&measured)
    }

    fn write_evaluation(&mut self, measured: &[ImageMetrics]) -> anyhow::Result<()> {
        let (iteration, num_convexes) = (self.trainer.iteration(), self.trainer.num_convexes());
        match EvaluationLine::of(measured, iteration, self.seconds(), num_convexes) {
            Some(line) => self.write_line(LogLine::Evaluation(line)),
            None => Ok(()),
        }
    }

    fn write_line(&mut self, line: LogLine) -> anyhow::Result<()> {
        let line = serde_json::to_string(&line)?;
        if self.args.json {
            tell_json!(line);
        }
        self.log.push(&line);
        Ok(())
    }

    /// Makes the log that of the training which begins, or goes on.
    pub(super) fn open_log(&mut self) -> anyhow::Result<()> {
        if self.args.resume {
            self.log.go_on(self.trainer.iteration(), self.trainer.is_done())?;
            self.seconds_before = self.log.seconds();
        } else {
            self.log.begin()?;
        }
        Ok(())
    }

    /// Since the training began, without the time in which it was stopped.
    fn seconds(&self) -> f64 {
        self.seconds_before + self.begin.elapsed().as_secs_f64()
    }

    /// The log so far, the checkpoint and the scene. The log goes first: lines that are ahead of the checkpoint can be dropped,
    /// lines that are missing cannot be written again.
    fn save(&mut self) -> anyhow::Result<()> {
        self.log.write()?;
        let checkpoint = self.trainer.checkpoint()?;
        checkpoint.save(&checkpoint_path(self.args))?;
        // Nothing more is read from the device, which may have little memory left.
        self.write_scene(&checkpoint.scene)?;
        self.last_save = Instant::now();
        Ok(())
    }

    /// The scene alone, where a checkpoint cannot be written.
    fn save_scene(&mut self) -> anyhow::Result<()> {
        let scene = self.trainer.normalised_scene()?;
        self.write_scene(&scene)
    }

    /// Writes a scene of normalised units.
    fn write_scene(&self, normalised: &Scene) -> anyhow::Result<()> {
        let scene = self.trainer.similarity().to_world(normalised);
        Ok(scene_file::save_with(&scene, &self.trainer.metadata(), &self.args.out.join(SCENE_FILE))?)
    }

    /// Looks at the held-back views and writes what was found. A bug there loses nothing.
    pub(super) fn finish(&mut self, dataset: &Dataset, metrics: &Metrics, adapter: &str) -> anyhow::Result<()> {
        caught(|| self.judge(dataset, metrics, adapter)).map_err(|error| {
            let is_bug = error.is::<Bug>();
            if is_bug {
                error.context("the training is saved, and --resume looks at the held-back views again")
            } else {
                error
            }
        })
    }

    fn judge(&mut self, dataset: &Dataset, metrics: &Metrics, adapter: &str) -> anyhow::Result<()> {
        let seconds = self.seconds();
        self.trainer.release()?;
        let views: Vec<usize> = dataset.indices(Split::Test).collect();
        let (stems, folder) = (dataset.file_stems(), self.args.out.join("test"));
        let mut album = Album::new(views.len());
        for view in views {
            if signals::asked() {
                return Err(Interrupted(AT_LAST_LOOK.to_owned()).into());
            }
            album.add(&self.trainer.evaluate(view, metrics)?, Some(&folder.join(&stems[view])))?;
        }
        self.write_evaluation(&album.metrics())?;
        self.log.write()?;
        let metrics = TrainingSummary {
            num_convexes: self.trainer.num_convexes(),
            iterations: self.trainer.iteration(),
            seconds,
            adapter: adapter.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            summary: album.summary(),
        };
        let json = serde_json::to_string_pretty(&metrics)?;
        files::write_atomically(&self.args.out.join("metrics.json"), json.as_bytes())?;
        let page = self.report(&metrics)?.html(&album);
        files::write_atomically(&self.args.out.join("report.html"), page.as_bytes())?;
        // After all that is saved, because it does iterations that are of no training.
        if self.args.profile {
            self.print_profile()?;
        }
        if self.args.json {
            tell_json!(serde_json::to_string(&metrics)?);
        } else if !self.args.quiet {
            tell!("{}; report: {}", sentence(&metrics), self.args.out.join("report.html").display());
        }
        Ok(())
    }

    fn report(&self, metrics: &TrainingSummary) -> anyhow::Result<EvaluationReport> {
        let dataset = self.args.dataset.display().to_string();
        let speed = f64::from(metrics.iterations) / metrics.seconds;
        let options = toml::to_string_pretty(self.trainer.options())?;
        Ok(EvaluationReport {
            title: self.args.out.display().to_string(),
            subtitle: format!(
                "{} on {dataset}; figures and pictures are of held-back views",
                iterations(metrics.iterations)
            ),
            num_convexes: Some(metrics.num_convexes.into()),
            curves: curves_of(&read_log(self.log.path())?),
            facts: vec![
                ("Dataset", dataset),
                ("Iterations", metrics.iterations.to_string()),
                ("Time", format!("{:.0} s, {speed:.1} iterations per second", metrics.seconds)),
                ("Device", metrics.adapter.clone()),
                ("Program", format!("lapidary {}", metrics.version)),
                ("Options", options.lines().collect::<Vec<_>>().join(", ")),
            ],
        })
    }

    fn print_profile(&mut self) -> anyhow::Result<()> {
        let times = self.trainer.profile()?.unwrap_or_default();
        // Standard output is for what programs read.
        say!("{} instances; milliseconds of one iteration:", self.trainer.num_instances()?);
        for (name, milliseconds, _) in KernelTime::by_kernel(&times) {
            say!("  {name:<20} {milliseconds:8.2}");
        }
        Ok(())
    }
}

/// What was reached, in one sentence.
fn sentence(metrics: &TrainingSummary) -> String {
    let TrainingSummary { summary, num_convexes, seconds, .. } = metrics;
    let quality = match (summary.psnr, summary.ssim) {
        (Some(psnr), Some(ssim)) => {
            let lpips = summary.lpips_vgg.map_or_else(String::new, |lpips| format!(", LPIPS {lpips:.4}"));
            let views = counted(summary.views.len(), "held-back view");
            format!("PSNR {psnr:.2} dB, SSIM {ssim:.4}{lpips} on {views}")
        }
        _ => "no view to test on".to_owned(),
    };
    let convexes = counted(*num_convexes as usize, "convex");
    format!("{quality}; {convexes}, {seconds:.0} s")
}
