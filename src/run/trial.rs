//! The trial of a device in the first seconds of a run that has a time: what iterations, views and files take.

use std::path::Path;
use std::sync::Arc;
use web_time::{Duration, Instant};

use super::iteration_costs::{IterationCosts, smaller};
use super::last_views::LastViewCost;
use super::part_costs::PartCosts;
use super::remaining::{Decoding, RunCosts};
use super::{RunError, RunEvent, preparing, warning};
use crate::dataset::{Dataset, PictureCache, Split};
use crate::evaluate::{Album, Metrics};
use crate::files::FileError;
use crate::gpu::Gpu;
use crate::scene_file;
use crate::text::counted;
use crate::train::{BudgetOptions, PlannedIterations, TrainError, TrainOptions, Trainer};

/// Convexes of the first trial.
const FIRST_CONVEXES: u32 = 2000;

/// Part of the whole time that trials may take, and the seconds that they may take at least and at most.
const TRIAL_PART: f64 = 0.05;
const MIN_SECONDS: f64 = 1.0;
const MAX_SECONDS: f64 = 20.0;

/// Part of the time of trials for one of them, and most iterations of one.
const SAMPLE_PART: f64 = 0.2;
const MAX_SAMPLE: f64 = 24.0;

/// Time of a refinement and the iterations before it, in iterations.
const GROWTH_ITERATIONS: f64 = 3.0;

/// Factor within which two numbers of convexes count as the same.
const NEAR: f64 = 1.5;

/// What the trials have found.
pub(super) struct DeviceTrial<'a> {
    gpu: &'a Gpu,
    pictures: &'a Arc<PictureCache>,
    options: &'a TrainOptions,
    /// The time at which the trials shall end.
    end: Instant,
    /// The seconds that they may take.
    seconds: f64,
    /// The trainer of the last trials.
    trainer: Trainer,
    /// The time that making it took.
    pub(super) preparing: Duration,
    /// The time that drivers took to compile.
    compiling: Duration,
    samples: Vec<TrialSample>,
    /// What the samples tell about iterations.
    iterations: IterationCosts,
    costs: PartCosts,
}

/// Some iterations of a trial, and the seconds that they took.
#[derive(Debug, Clone, Copy)]
struct TrialSample {
    iterations: PlannedIterations,
    seconds: f64,
}

impl<'a> DeviceTrial<'a> {
    /// Compiles the kernels, and measures iterations with pictures whose sides are halved `level` times, and with larger ones if there
    /// is time for them.
    pub(super) fn begin(
        gpu: &'a Gpu,
        pictures: &'a Arc<PictureCache>,
        options: &'a TrainOptions,
        (limit, level): (Duration, u32),
        emit: &mut dyn FnMut(RunEvent),
    ) -> Result<Self, RunError> {
        emit(preparing(format!("compiling kernels for {}", gpu.name())));
        let begin = Instant::now();
        let mut trainer = trainer(gpu, pictures, options, FIRST_CONVEXES, 1.0)?;
        let preparing_took = begin.elapsed();
        trainer.try_iterations(level, 1)?;
        let compiling = begin.elapsed();
        emit(preparing(format!("measuring {}", gpu.name())));
        let now = Instant::now();
        let seconds = (TRIAL_PART * limit.as_secs_f64()).clamp(MIN_SECONDS, MAX_SECONDS);
        let end = now.checked_add(Duration::from_secs_f64(seconds)).unwrap_or(now);
        let mut trial = Self {
            gpu,
            pictures,
            options,
            end,
            seconds,
            trainer,
            preparing: preparing_took,
            compiling,
            samples: Vec::new(),
            iterations: IterationCosts::new(mean_pixels(pictures.dataset())),
            costs: PartCosts::default(),
        };
        trial.sample(level)?;
        for larger in [1, 0].into_iter().filter(|larger| *larger < level) {
            let last = trial.samples.last().map_or(0.0, |sample| sample.seconds / f64::from(sample.iterations.number));
            let growth =
                smaller(larger) / smaller(trial.samples.last().map_or(level, |sample| sample.iterations.level));
            if trial.is_time_for(growth * last) {
                trial.sample(larger)?;
            }
        }
        Ok(trial)
    }

    /// Measures iterations with another number of convexes, or as many as there is time for. The scene begins and grows as that
    /// of a training: convexes that were split cover more tiles than as many first ones. Returns whether there was time.
    pub(super) fn try_convexes(&mut self, num_convexes: u32) -> Result<bool, RunError> {
        let cost = self.iterations.fitted();
        let pixels = self.pixels();
        let expected = |level: u32| cost.of(pixels * smaller(level), num_convexes);
        let mut levels = self.samples.iter().map(|sample| sample.iterations.level).rev();
        let Some(level) = levels.find(|level| self.is_time_for(expected(*level))) else { return Ok(false) };
        let begin = Instant::now();
        // The memory of its iterations would be held twice.
        self.trainer.release()?;
        self.trainer =
            match trainer(self.gpu, self.pictures, self.options, num_convexes, self.options.budget.start_part) {
                Err(RunError::Train(TrainError::Gpu(error))) if error.is_of_memory() => return Ok(false),
                trainer => trainer?,
            };
        self.preparing = begin.elapsed();
        let smallest = self.samples.first().map_or(level, |sample| sample.iterations.level);
        let growth = expected(level) + GROWTH_ITERATIONS * expected(smallest);
        while self.is_time_for(growth) && self.trainer.try_growth(smallest, num_convexes)? {}
        self.sample(level)?;
        Ok(true)
    }

    /// Whether there is time for a trial of iterations that take so long: at least one, and one before that is not counted because
    /// it may need more memory than there is.
    fn is_time_for(&self, iteration: f64) -> bool {
        3.0 * iteration <= self.end.saturating_duration_since(Instant::now()).as_secs_f64()
    }

    /// Whether about so many convexes were tried.
    pub(super) fn has_tried(&self, num_convexes: u32) -> bool {
        let near = |sample: &TrialSample| {
            let tried = f64::from(sample.iterations.num_convexes);
            (f64::from(num_convexes) / tried).ln().abs() < NEAR.ln()
        };
        self.samples.iter().any(near)
    }

    /// Measures as many iterations as a part of the time holds, after one that is not counted.
    fn sample(&mut self, level: u32) -> Result<(), RunError> {
        let first = self.trainer.try_iterations(level, 1)?.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
        let number = (SAMPLE_PART * self.seconds / first.max(1e-6)).clamp(1.0, MAX_SAMPLE) as u32;
        let took = self.trainer.try_iterations(level, number)?.as_secs_f64();
        let iterations = PlannedIterations { number, num_convexes: self.trainer.num_convexes(), level };
        self.iterations.add_trial(&iterations, took);
        self.samples.push(TrialSample { iterations, seconds: took });
        Ok(())
    }

    /// Measures a held-out view, the second time where the first was quick, and a checkpoint; files go to a folder within `out`
    /// that is removed.
    pub(super) fn try_results(&mut self, metrics: &Metrics, out: &Path) -> Result<(), RunError> {
        let held_back = self.pictures.dataset().indices(Split::Test).next();
        let scratch = tempfile::tempdir_in(out).map_err(FileError::of("write", out))?;
        if let Some(view) = held_back {
            self.trainer.release()?;
            let mut begin = Instant::now();
            let mut evaluated = self.trainer.evaluate(view, &Metrics::default())?;
            if begin.elapsed().as_secs_f64() < MIN_SECONDS {
                begin = Instant::now();
                evaluated = self.trainer.evaluate(view, &Metrics::default())?;
            }
            self.costs.watched_view = begin.elapsed().as_secs_f64();
            Album::new(1).add(&evaluated, Some(&scratch.path().join("view")))?;
            let view = begin.elapsed().as_secs_f64();
            self.costs.last_view = LastViewCost { view, lpips: lpips_seconds(metrics, self.pixels()) };
        }
        let begin = Instant::now();
        let checkpoint = self.trainer.checkpoint()?;
        checkpoint.save(&scratch.path().join("checkpoint"))?;
        let world = self.trainer.similarity().to_world(&checkpoint.scene);
        scene_file::save_with(&world, &self.trainer.metadata(), &scratch.path().join("scene"))?;
        self.costs.checkpoint = begin.elapsed().as_secs_f64();
        Ok(())
    }

    /// Warnings about the dataset, which take some time as well.
    pub(super) fn warn(&self, emit: &mut dyn FnMut(RunEvent)) -> Result<(), RunError> {
        self.trainer.warnings()?.into_iter().for_each(|message| emit(warning(message)));
        Ok(())
    }

    /// The costs by what was measured so far.
    pub(super) fn costs(&self) -> PartCosts {
        PartCosts { iteration: self.iterations.fitted(), ..self.costs }
    }

    pub(super) const fn most_convexes(&self) -> u32 {
        self.trainer.most_convexes()
    }

    /// The mean number of pixels of a picture.
    pub(super) const fn pixels(&self) -> f64 {
        self.iterations.pixels()
    }

    /// What was measured of iterations.
    pub(super) const fn iterations(&self) -> &IterationCosts {
        &self.iterations
    }

    /// The measurements in words, for the log of the program.
    pub(super) fn describe(&self) -> String {
        let sample = |sample: &TrialSample| {
            let PlannedIterations { number, num_convexes, level } = sample.iterations;
            let each = 1000.0 * sample.seconds / f64::from(number);
            format!("{} at level {level}: {each:.1} ms", counted(num_convexes as usize, "convex"))
        };
        let samples: Vec<String> = self.samples.iter().map(sample).collect();
        format!("compiling {:.1} s; {}; {:?}", self.compiling.as_secs_f64(), samples.join("; "), self.costs())
    }
}

/// The mean number of pixels of the pictures that are trained on.
fn mean_pixels(dataset: &Dataset) -> f64 {
    let views: Vec<usize> = dataset.indices(Split::Train).collect();
    let num_pixels: u64 = views.iter().map(|view| dataset.views[*view].num_pixels()).sum();
    num_pixels as f64 / views.len().max(1) as f64
}

/// The pictures that are trained on and are not decoded yet, and how long one takes. Decodes one where none was.
pub(super) fn decoding_of(pictures: &PictureCache) -> Decoding {
    let mut views = pictures.dataset().indices(Split::Train);
    if let Some(first) = views.next().filter(|_| pictures.decoded().number == 0) {
        // An error comes again when the picture is trained on, and is reported then.
        drop(pictures.get(first));
    }
    Decoding::of(pictures)
}

/// The costs of a run on this dataset before anything else is measured.
pub(super) fn costs_of(pictures: &PictureCache, metrics: &Metrics) -> RunCosts {
    let pixels = mean_pixels(pictures.dataset());
    let mut costs = RunCosts::new(IterationCosts::new(pixels), decoding_of(pictures));
    costs.add_lpips(lpips_seconds(metrics, pixels));
    costs
}

/// Seconds of the LPIPS of a picture; 0 where it is not measured.
fn lpips_seconds(metrics: &Metrics, pixels: f64) -> f64 {
    if metrics.has_lpips() { metrics.seconds_per_pixel() * pixels } else { 0.0 }
}

/// A trainer that may have so many convexes, or as many as the device has room for, and begins with a part of them.
fn trainer(
    gpu: &Gpu,
    pictures: &Arc<PictureCache>,
    options: &TrainOptions,
    num_convexes: u32,
    start_part: f32,
) -> Result<Trainer, RunError> {
    let budget = BudgetOptions { start_part, ..options.budget.clone() };
    let options = TrainOptions { max_convexes: num_convexes, budget, replanned: Vec::new(), ..options.clone() };
    Ok(Trainer::new(gpu, Arc::clone(pictures), options)?)
}
