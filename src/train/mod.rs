//! Trains convexes on photographs.
//!
//! [`Trainer::advance`] is the loop: pick views → forward → loss → backward → step → sometimes refine. Everything between two
//! refinements runs on the GPU; the host keeps two lists of iterations under way.
//!
//! Nothing random has a state: the order of an epoch and the draws of a refinement depend on the seed and the iteration
//! alone. So a training that goes on from a checkpoint is bit for bit the one that was never stopped.

mod automatic;
mod begin;
mod checkpoint;
mod error;
mod gain;
mod memory_budget;
mod neighbours;
mod options;
mod order;
mod pictures;
mod plan;
mod points_rate;
mod results;
mod schedule;
mod start;
mod strategy;
mod targets;
mod trial;
mod warnings;
mod weighted_sample;

use std::sync::Arc;
use std::time::Duration;

pub use automatic::AutomaticBudget;
pub use checkpoint::{Checkpoint, CheckpointError, State, TrainView};
pub use error::TrainError;
pub use gain::TrainingSize;
use memory_budget::MemoryBudget;
pub use options::{OptionsError, TrainOptions};
use order::Order;
pub use pictures::{TrainPictures, num_decoders};
pub use plan::PlannedIterations;
pub use schedule::Schedule;
use strategy::Refinement;
pub use strategy::{BudgetOptions, ConvexStats, PaperOptions, Preset, StrategyKind};
pub use targets::Targets;
pub use warnings::{layout_of, other_world};

use crate::camera::{Camera, RenderOptions};
use crate::dataset::Dataset;
use crate::fault;
use crate::gpu::{Gpu, GpuError, KernelTime};
use crate::kernels::{Rates, ToWorld};
use crate::optimiser::{Iteration, LossMeans, Optimiser};
use crate::renderer::Renderer;
use crate::scene::{Params, Similarity};
use crate::scene_file::Metadata;

/// A training: a scene on the GPU, and everything that the next iterations need.
#[derive(Debug)]
pub struct Trainer {
    gpu: Gpu,
    options: TrainOptions,
    dataset: Arc<Dataset>,
    similarity: Similarity,
    /// The camera of every view, in normalised units.
    cameras: Vec<Camera>,
    order: Order,
    targets: Targets,
    optimiser: Optimiser,
    renderer: Renderer,
    memory_budget: MemoryBudget,
    /// The kernel of snapshots, compiled for the first one.
    to_world: Option<ToWorld>,
    /// Iterations that were done before the optimiser began to count.
    first_iteration: u32,
    /// Iterations that were submitted.
    iteration: u32,
    /// The last iteration after which the number of convexes changed.
    changed_after: u32,
    /// Lists that may be under way when the next one is submitted.
    num_under_way: usize,
    /// Losses that were collected and not yet reported.
    losses: Vec<LossMeans>,
}

/// The loop.
impl Trainer {
    /// Submits the next iterations and returns the losses of earlier ones. Stops at `until` or where a refinement is due.
    /// That is made before the iterations behind it: a refinement that fails is still due.
    ///
    /// # Errors
    /// [`TrainError`] when a picture cannot be read, no convex is left, or the device fails.
    pub fn advance(&mut self, until: u32) -> Result<Vec<LossMeans>, TrainError> {
        self.submit_next(until)?;
        self.collect_losses(self.num_under_way)?;
        Ok(std::mem::take(&mut self.losses))
    }

    /// The same as [`Self::advance`], but waits for the device no longer than `patience`; `None` where it is still at work
    /// then, and the call is to be repeated. In between the scene may be read, and the iterations under way be abandoned.
    ///
    /// # Errors
    /// The same as [`Self::advance`].
    pub fn advance_within(&mut self, until: u32, patience: Duration) -> Result<Option<Vec<LossMeans>>, TrainError> {
        self.submit_next(until)?;
        while self.is_waiting() {
            match self.optimiser.collect_within(patience)? {
                Some(losses) => self.losses.extend(losses),
                None => return Ok(None),
            }
        }
        Ok(Some(std::mem::take(&mut self.losses)))
    }

    /// Whether [`Self::advance_within`] still waits for a list.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.optimiser.num_submitted_lists() > self.num_under_way
    }

    /// Submits the next list of iterations, unless one is still waited for.
    fn submit_next(&mut self, until: u32) -> Result<(), TrainError> {
        if self.is_waiting() {
            return Ok(());
        }
        let until = until.min(self.end());
        if self.iteration < until && self.is_refinement_due() {
            self.refine()?;
        }
        let (picked, is_break_due) = self.pick_views(until)?;
        // Forward, loss, backward and step of every iteration.
        self.optimiser.submit(picked)?;
        self.decode_ahead();
        // One list stays under way while the host prepares the next one, except where it has to read the scene, and where an
        // iteration is cut because it takes long.
        let is_alone = is_break_due || self.iteration >= until || self.optimiser.is_cut();
        self.num_under_way = usize::from(!is_alone);
        Ok(())
    }

    /// Waits for everything that was submitted, and returns the losses that were not returned before.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device fails.
    pub fn finish_submitted(&mut self) -> Result<Vec<LossMeans>, TrainError> {
        self.collect_losses(0)?;
        Ok(std::mem::take(&mut self.losses))
    }

    /// Picks the views of the next iterations: at most one list, up to an iteration after which the scene may change. Returns
    /// whether it ends with such an iteration.
    fn pick_views(&mut self, until: u32) -> Result<(Vec<Iteration>, bool), TrainError> {
        let mut picked = Vec::new();
        let mut is_break_due = false;
        let most = self.list_len() as usize;
        while !is_break_due && self.iteration < until && picked.len() < most {
            self.iteration += 1;
            picked.push(self.iteration_at(self.iteration)?);
            is_break_due = self.is_refinement_due() || self.sh_degree_rises();
        }
        Ok((picked, is_break_due))
    }

    /// The number of iterations of the next list.
    fn list_len(&self) -> u32 {
        match self.options.iterations_per_submission {
            0 => self.optimiser.list_len(),
            number => number,
        }
    }

    /// One iteration: the picked view, and all that its step depends on.
    fn iteration_at(&mut self, iteration: u32) -> Result<Iteration, TrainError> {
        self.iteration_of(iteration, self.options.coarse_level(iteration))
    }

    /// The same as [`Self::iteration_at`], with sides halved `level` times.
    fn iteration_of(&mut self, iteration: u32, level: u32) -> Result<Iteration, TrainError> {
        fault::panic_if_requested(format_args!("iteration {iteration}"));
        let view = self.order.view_at(iteration);
        // A scene keeps its degree: one that was given, or one of a shorter training that goes on.
        self.optimiser.set_sh_degree(self.sh_degree_at(iteration).max(self.optimiser.scene().sh_degree));
        Ok(Iteration {
            camera: halved(&self.cameras[view], level),
            options: self.render_options(),
            target: self.targets.get(view, level)?,
            ssim_weight: self.options.ssim_weight,
            rates: self.rates_at(iteration),
            step: iteration,
            regularization: self.options.strategy.strategy().regularization(&self.options),
        })
    }

    /// Has the pictures of the next list decoded while the GPU works on this one.
    fn decode_ahead(&mut self) {
        let last = self.iteration.saturating_add(self.list_len()).min(self.end());
        for iteration in self.iteration + 1..=last {
            self.targets.prefetch(self.order.view_at(iteration), self.options.coarse_level(iteration));
        }
    }

    /// Waits until so many lists are under way, and collects the losses of the others.
    fn collect_losses(&mut self, num_under_way: usize) -> Result<(), TrainError> {
        while self.optimiser.num_submitted_lists() > num_under_way {
            self.losses.extend(self.optimiser.collect()?);
        }
        Ok(())
    }

    /// Whether the strategy refines the scene after the last iteration.
    fn is_refinement_due(&self) -> bool {
        self.options.strategy.strategy().is_due(&self.options, self.iteration)
    }

    /// Makes the refinement that is due after the last iteration, unless it is made: reads the statistics of the convexes, and
    /// builds the scene from the edits of the strategy.
    fn refine(&mut self) -> Result<(), TrainError> {
        if self.changed_after == self.iteration {
            return Ok(());
        }
        let strategy = self.options.strategy.strategy();
        let edits = strategy.edits(&Refinement {
            options: &self.options,
            iteration: self.iteration,
            max_convexes: self.max_convexes(),
            stats: &self.convex_stats()?,
        });
        if edits.is_empty() {
            return Err(TrainError::Empty { iteration: self.iteration, reason: strategy.why_empty() });
        }
        self.optimiser.rebuild(&edits)?;
        self.changed_after = self.iteration;
        Ok(())
    }

    /// Reads the values of every convex that a strategy decides from.
    fn convex_stats(&self) -> Result<Vec<ConvexStats>, GpuError> {
        let params = &self.optimiser.scene().params;
        let raw_opacity = params.raw_opacity.read(&self.gpu)?;
        let log_sigma = params.log_sigma.read(&self.gpu)?;
        let rows = self.optimiser.statistics().read(&self.gpu)?;
        let values = raw_opacity.into_iter().zip(log_sigma).zip(rows);
        Ok(values.map(|((raw_opacity, log_sigma), row)| ConvexStats::of_row(raw_opacity, log_sigma, row)).collect())
    }
}

/// The schedules.
impl Trainer {
    /// The number of convexes that options and device allow.
    fn max_convexes(&self) -> u32 {
        self.options.max_convexes.min(self.memory_budget.most_convexes())
    }

    /// The iterations after the last one up to `end` as they are planned, from the present number of convexes on.
    #[must_use]
    pub fn plan(&self, end: u32) -> Vec<PlannedIterations> {
        self.plan_with(&self.options, end)
    }

    /// The same as [`Self::plan`], with other options.
    #[must_use]
    pub fn plan_with(&self, options: &TrainOptions, end: u32) -> Vec<PlannedIterations> {
        options.plan(self.max_convexes(), self.iteration, self.num_convexes(), end)
    }

    fn render_options(&self) -> RenderOptions {
        let TrainOptions { background, antialias, .. } = self.options;
        RenderOptions { background, antialias, ..RenderOptions::default() }
    }

    /// Whether the degree of the spherical harmonics is another one after the last iteration.
    fn sh_degree_rises(&self) -> bool {
        self.sh_degree_at(self.iteration) != self.sh_degree_at(self.iteration + 1)
    }

    /// The degree rises by one every thirtieth of the iterations.
    fn sh_degree_at(&self, iteration: u32) -> u32 {
        let planned = self.options.schedule().planned(iteration);
        (planned.saturating_sub(1) / (self.options.iterations / 30).max(1))
            .min(u32::try_from(self.options.sh_degree).unwrap_or(0))
    }

    #[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
    fn rates_at(&self, iteration: u32) -> Params<Rates> {
        let options = &self.options;
        let lr_scale = options.lr_scale();
        let part = f64::from(options.schedule().planned(iteration)) / f64::from(options.iterations);
        let [first, last] = options.points_rate.map(|rate| f64::from(rate).ln());
        let colour = lr_scale * options.colour_rate;
        Params {
            points: Rates::uniform(lr_scale * (first + part * (last - first)).exp() as f32),
            log_delta: Rates::uniform(lr_scale * options.delta_rate),
            log_sigma: Rates::uniform(lr_scale * options.sigma_rate),
            raw_opacity: Rates::uniform(lr_scale * options.opacity_rate),
            sh: Rates { front_width: 3, front: colour, rest: colour / 20.0 },
        }
    }
}

/// The state.
impl Trainer {
    /// The number of iterations that were submitted so far.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.iteration
    }

    /// Whether all iterations are done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.iteration >= self.end()
    }

    /// The last iteration.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.options.schedule().end()
    }

    /// Compresses or stretches the rest of the schedule, so that the training ends with iteration `end`. The option
    /// [`TrainOptions::replanned`] keeps it.
    ///
    /// # Errors
    /// [`TrainError::Options`] when `end` does not come after the iterations that were submitted.
    pub fn end_at(&mut self, end: u32) -> Result<(), TrainError> {
        let options = self.options.ending_at(self.iteration, end);
        options.check()?;
        self.options = options;
        Ok(())
    }

    /// The number of convexes.
    #[must_use]
    pub const fn num_convexes(&self) -> u32 {
        self.optimiser.scene().num_convexes
    }

    /// A sentence for the user where the device allows fewer convexes than the options.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        self.memory_budget.note(self.options.max_convexes)
    }

    /// Returns a sentence for everything that looks wrong about the dataset: views without overlap, pictures that show nothing, masks that
    /// seem inverted. Decodes a few pictures.
    ///
    /// # Errors
    /// [`TrainError::Dataset`] when a picture cannot be decoded.
    pub fn warnings(&self) -> Result<Vec<String>, TrainError> {
        Ok(warnings::warnings(self.targets.pictures(), &self.cameras, &self.similarity)?)
    }

    /// Ends the iterations under way as soon as can be, and goes back to those that were really done, so that they can be
    /// saved. A device that was lost has nothing left to save.
    pub fn fall_back(&mut self) {
        self.losses.extend(self.optimiser.abandon());
        self.iteration = self.first_iteration + self.optimiser.num_done();
        self.num_under_way = 0;
    }

    /// Takes another limit of the time of everything under way; zero cuts every iteration as finely as can be. Only for tests.
    #[doc(hidden)]
    pub fn set_pace(&mut self, limit: Duration) {
        self.optimiser.set_pace(limit);
    }

    /// Bytes that the training holds on the device.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.gpu.held()
    }

    /// The metadata of a scene file: how the scene was trained, and so how it is drawn.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        let TrainOptions { antialias, background, .. } = self.options;
        let provenance = format!("{} iterations of lapidary {}", self.iteration, env!("CARGO_PKG_VERSION"));
        let normalised_from_world = Some(self.similarity);
        let provenance = Some(provenance);
        Metadata { normalised_from_world, antialias, background, provenance, ..Metadata::default() }
    }

    /// The options of the training.
    #[must_use]
    pub const fn options(&self) -> &TrainOptions {
        &self.options
    }

    /// Does one iteration and returns the time of each kernel; `None` where the device has no timestamps.
    ///
    /// # Errors
    /// The same as [`Self::advance`].
    pub fn profile(&mut self) -> Result<Option<Vec<KernelTime>>, TrainError> {
        let iteration = self.iteration_at(self.iteration.max(1))?;
        Ok(self.optimiser.profile(iteration)?)
    }

    /// Most pairs of a convex and a tile that a picture has asked for since there was last more room for them.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device was lost.
    pub fn num_instances(&self) -> Result<u32, TrainError> {
        Ok(self.optimiser.num_instances()?)
    }
}

/// The camera of a picture whose sides are halved so often.
fn halved(camera: &Camera, level: u32) -> Camera {
    camera.resized((camera.width >> level).max(1), (camera.height >> level).max(1))
}
