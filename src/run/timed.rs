//! The beginning of a run that has a time: a trial of the device, and the choice of a training that fits.

use std::sync::Arc;
use web_time::Instant;

use super::deadline::PLANNED;
use super::last_views::LastViews;
use super::part_costs::PartCosts;
use super::remaining::{Decoding, RunCosts};
use super::time_choice::{GivenOptions, TimeChoice, TimeChooser, TimedDataset, most_levels};
use super::trial::{DeviceTrial, decoding_of};
use super::{RunConfig, RunError, RunEvent, TimeLimit, note};
use crate::dataset::{Dataset, PictureCache, Split};
use crate::gpu::Gpu;
use crate::real::to_u32;
use crate::text::{counted, time_left};
use crate::train::TrainOptions;

/// A training that was chosen for a time, and what was measured for it.
pub(super) struct TimedStart {
    pub(super) options: TrainOptions,
    pub(super) last_views: LastViews,
    pub(super) costs: RunCosts,
}

/// The dataset, the device and the options that a training is chosen for.
#[derive(Clone, Copy)]
pub(super) struct TimedRun<'a> {
    pub(super) config: &'a RunConfig,
    pub(super) gpu: &'a Gpu,
    pub(super) dataset: &'a Dataset,
    pub(super) pictures: &'a Arc<PictureCache>,
    pub(super) options: &'a TrainOptions,
    /// Convexes of the scene that the training begins with, if it is given one.
    pub(super) start_convexes: Option<u32>,
}

impl TimedRun<'_> {
    /// Tries the device and chooses.
    pub(super) fn choose(self, time: TimeLimit, emit: &mut dyn FnMut(RunEvent)) -> Result<TimedStart, RunError> {
        let Self { config, gpu, pictures, options, .. } = self;
        let given = given(config);
        let level = most_levels(self.shortest_side());
        let mut trial = DeviceTrial::begin(gpu, pictures, options, (time.limit, level), emit)?;
        trial.try_results(&config.metrics, &config.out)?;
        if config.checks_dataset {
            trial.warn(emit)?;
        }
        // The numbers of convexes that come into question are tried as well, as far as a start has so many.
        let decoding = decoding_of(pictures);
        for _ in 0..2 {
            let chosen = self.chooser(&trial, given, &decoding).choose(left(time));
            let Ok(chosen) = chosen else { break };
            let number = chosen.options.max_convexes.min(trial.most_convexes());
            if trial.has_tried(number) || !trial.try_convexes(number)? || !trial.has_tried(number) {
                break;
            }
        }
        log::info!("trials: {}", trial.describe());
        let chooser = self.chooser(&trial, given, &decoding);
        let seconds = left(time) - trial.preparing.as_secs_f64();
        let chosen = chooser.choose(seconds).map_err(|short| RunError::TooShort {
            limit: time.limit,
            needed: super::seconds(time.limit.as_secs_f64() + (short.needed - seconds) / PLANNED),
        })?;
        self.tell(time, given, &chosen, emit);
        let mut costs = RunCosts::new(trial.iterations().clone(), decoding);
        add_results(&mut costs, &chooser.costs, &chosen);
        Ok(TimedStart { options: chosen.options, last_views: chosen.last_views, costs })
    }

    fn shortest_side(&self) -> u32 {
        let sides = self.dataset.views.iter().map(|view| view.camera.width.min(view.camera.height));
        sides.min().unwrap_or(0)
    }

    fn chooser(&self, trial: &DeviceTrial<'_>, given: GivenOptions, decoding: &Decoding) -> TimeChooser<'_> {
        let num_held_back = to_u32(self.dataset.indices(Split::Test).count());
        TimeChooser {
            base: self.options,
            given,
            costs: PartCosts { picture: decoding.seconds, ..trial.costs() },
            dataset: TimedDataset {
                num_pictures: to_u32(self.dataset.indices(Split::Train).count()),
                pixels: trial.pixels(),
                shortest_side: self.shortest_side(),
                num_held_back,
                num_watched: num_held_back.min(self.options.eval_views),
                num_points: to_u32(self.dataset.points.len()),
                start_convexes: self.start_convexes,
                most_convexes: trial.most_convexes().min(self.options.max_convexes),
            },
        }
    }

    /// Tells what was chosen and which of several numbers decided.
    fn tell(&self, time: TimeLimit, given: GivenOptions, chosen: &TimeChoice, emit: &mut dyn FnMut(RunEvent)) {
        let options = &chosen.options;
        let end = options.schedule().end();
        let took = time.begin.elapsed().as_secs_f64();
        let whole = time_left(super::seconds(took + chosen.seconds));
        emit(note(format!(
            "the plan for {}: {}, {}, {} at about {:.1} a second; all is done after about {whole}",
            time_left(time.limit),
            self.describe_pictures(options),
            counted(options.max_convexes as usize, "convex"),
            counted(end as usize, "iteration"),
            chosen.speed,
        )));
        if given.iterations && end < options.iterations {
            let given = counted(options.iterations as usize, "iteration");
            emit(note(format!("the time decides: the schedule of {given} is compressed to {end}")));
        } else if given.iterations {
            emit(note(format!("the number of iterations decides, not the time: {end} are given")));
        }
        let all = to_u32(self.dataset.indices(Split::Test).count());
        chosen.last_views.notes(all).for_each(|message| emit(note(message)));
    }

    /// The sizes of the pictures in words.
    fn describe_pictures(&self, options: &TrainOptions) -> String {
        let camera = self.dataset.indices(Split::Train).next().map(|view| self.dataset.views[view].camera);
        let [width, height] = camera.map_or([0; 2], |camera| [camera.width, camera.height]);
        let size = |level: u32| format!("{}x{}", (width >> level).max(1), (height >> level).max(1));
        let end = options.schedule().end();
        match (options.coarse_level(1), options.coarse_level(end.saturating_sub(1).max(1))) {
            (0, _) => format!("images of {}", size(0)),
            (first, last) if first == last => format!("images of {}", size(first)),
            (first, last) => format!("images from {} to {}", size(first), size(last)),
        }
    }
}

/// Seconds that are left of those that are planned for.
fn left(time: TimeLimit) -> f64 {
    PLANNED * time.limit.as_secs_f64() - Instant::now().saturating_duration_since(time.begin).as_secs_f64()
}

/// The options that the user gave.
fn given(config: &RunConfig) -> GivenOptions {
    let names = |name: &str| config.options.names(name);
    GivenOptions {
        iterations: names("iterations"),
        max_convexes: names("max_convexes"),
        coarse: names("coarse_until") || names("coarse_levels"),
        eval_every: names("eval_every"),
    }
}

/// Takes in what held-out views and checkpoints cost.
fn add_results(costs: &mut RunCosts, parts: &PartCosts, chosen: &TimeChoice) {
    costs.add_views(1, super::seconds(parts.watched_view));
    costs.add_last_view(parts.last_view.view);
    costs.add_lpips(parts.last_view.lpips);
    costs.add_checkpoint(super::seconds(parts.saving(chosen.options.max_convexes)));
}
