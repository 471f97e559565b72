//! From photographs to convexes.
//!
//! The loop reads like its description: pick views → forward → loss → backward → step → sometimes refine → report.
//! Everything between two refinements runs on the GPU; the host keeps two lists of iterations under way.
//!
//! Nothing random has a state: the order of an epoch and the draws of a refinement depend on the seed and the iteration
//! alone. So a training that goes on from a checkpoint is bit for bit the one that was never stopped.

mod checkpoint;
mod density;
mod draw;
mod error;
mod memory_budget;
mod neighbours;
mod options;
mod order;
mod start;
mod targets;
mod warnings;

use std::path::Path;
use std::sync::Arc;

pub use checkpoint::{Checkpoint, CheckpointError, State, TrainView};
pub use density::ConvexStats;
pub use error::TrainError;
use memory_budget::MemoryBudget;
pub use options::{OptionsError, Preset, StrategyKind, TrainOptions};
use order::Order;
pub use start::start;
pub use targets::Targets;
pub use warnings::{layout_of, other_world};

use crate::camera::{Camera, RenderOptions};
use crate::constants::TILE_SIZE;
use crate::dataset::{Dataset, Split};
use crate::evaluate::{Evaluated, GroundTruth, Metrics};
use crate::fault;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, KernelTime};
use crate::kernels::{Gradient, LossMemory, Rates, ToWorld};
use crate::optimiser::{Iteration, LossMeans, Optimiser};
use crate::renderer::{Costs, GpuScene, Outputs, Renderer};
use crate::scene::{Params, Scene, Similarity};
use crate::scene_file::Metadata;

/// A training.
#[derive(Debug)]
pub struct Trainer {
    gpu: Gpu,
    options: TrainOptions,
    dataset: Arc<Dataset>,
    similarity: Similarity,
    /// Of every view, in normalised units.
    cameras: Vec<Camera>,
    order: Order,
    targets: Targets,
    optimiser: Optimiser,
    renderer: Renderer,
    memory_budget: MemoryBudget,
    /// Compiled when it is asked for.
    to_world: Option<ToWorld>,
    /// Iterations that were done before the optimiser began to count.
    first_iteration: u32,
    /// Iterations that were submitted.
    iteration: u32,
    /// The last iteration after which the number of convexes changed.
    changed_after: u32,
    /// Losses that were collected and not yet reported.
    losses: Vec<LossMeans>,
}

impl Trainer {
    /// Prepares a training from the beginning.
    ///
    /// # Errors
    /// [`TrainError`]: options, pictures or device.
    pub fn new(gpu: &Gpu, dataset: Arc<Dataset>, options: TrainOptions) -> Result<Self, TrainError> {
        Self::begin(gpu, dataset, options, |dataset, cameras, similarity, options| {
            Ok(start(dataset, cameras, similarity, options))
        })
    }

    /// Prepares a training that begins with a scene in the units of the dataset, which came from `path`. Its spherical
    /// harmonics keep their degree.
    ///
    /// # Errors
    /// [`TrainError`]: options, pictures or device; a scene that is empty, has other points per convex than the options say, or
    /// more convexes than there may be.
    pub fn from_scene(
        gpu: &Gpu,
        dataset: Arc<Dataset>,
        options: TrainOptions,
        scene: &Scene,
        path: &Path,
    ) -> Result<Self, TrainError> {
        let most = options.max_convexes;
        Self::begin(gpu, dataset, options, |_, _, similarity, options| {
            let (found, expected) = (scene.points_per_convex, options.points_per_convex);
            if found != expected || scene.is_empty() {
                return Err(TrainError::Start { path: path.into(), convexes: scene.len(), found, expected });
            }
            let normalised = similarity.from_world(scene);
            normalised.check().map_err(|source| CheckpointError::Scene { path: path.into(), source })?;
            check_number(&normalised, (most, options.max_convexes), path)?;
            Ok(normalised)
        })
    }

    /// `first` makes the scene that it begins with, in normalised units, from the cameras in these units and the options that
    /// the device allows.
    fn begin(
        gpu: &Gpu,
        dataset: Arc<Dataset>,
        options: TrainOptions,
        first: impl FnOnce(&Dataset, &[Camera], &Similarity, &TrainOptions) -> Result<Scene, TrainError>,
    ) -> Result<Self, TrainError> {
        options.check()?;
        let training_cameras: Vec<Camera> =
            dataset.indices(Split::Train).map(|view| dataset.views[view].camera).collect();
        if training_cameras.is_empty() {
            return Err(TrainError::NoTrainingViews { path: dataset.path.clone() });
        }
        let similarity = Similarity::of_layout(&layout_of(&dataset));
        similarity.check().map_err(|reason| TrainError::Similarity { path: dataset.path.clone(), reason })?;
        let cameras: Vec<Camera> = training_cameras.iter().map(|camera| similarity.camera(camera)).collect();
        let (renderer, memory_budget) = govern(gpu, &options, &dataset)?;
        let scene = first(&dataset, &cameras, &similarity, &within(&options, &memory_budget))?;
        let optimiser = Optimiser::new(gpu, GpuScene::upload(gpu, &scene)?)?;
        Self::with(gpu, dataset, options, (similarity, optimiser, 0), (renderer, memory_budget))
    }

    /// Goes on from a checkpoint, bit for bit as if the training had never stopped on the same device.
    ///
    /// # Errors
    /// [`TrainError`]: the checkpoint is of other pictures, or the device.
    pub fn resume(gpu: &Gpu, dataset: Arc<Dataset>, checkpoint: Checkpoint, path: &Path) -> Result<Self, TrainError> {
        let Checkpoint { scene, moments, statistics, state } = checkpoint;
        if let Some(reason) = state.difference(&dataset) {
            let (path, dataset) = (path.into(), dataset.path.clone());
            return Err(CheckpointError::OtherDataset { path, dataset, reason }.into());
        }
        let State { iteration, options, similarity, changed_after, .. } = state;
        let governed = govern(gpu, &options, &dataset)?;
        check_number(&scene, (options.max_convexes, governed.0.most_convexes()), path)?;
        let optimiser = Optimiser::resume(gpu, GpuScene::upload(gpu, &scene)?, &moments, &statistics)?;
        let trainer = Self::with(gpu, dataset, options, (similarity, optimiser, iteration), governed)?;
        Ok(Self { changed_after, ..trainer })
    }

    fn with(
        gpu: &Gpu,
        dataset: Arc<Dataset>,
        options: TrainOptions,
        (similarity, mut optimiser, iteration): (Similarity, Optimiser, u32),
        (renderer, memory_budget): (Renderer, MemoryBudget),
    ) -> Result<Self, TrainError> {
        let cameras: Vec<Camera> = dataset.views.iter().map(|view| similarity.camera(&view.camera)).collect();
        let order = Order::new(options.seed, dataset.indices(Split::Train).collect());
        if options.gradient != Gradient::True {
            optimiser.set_gradient(options.gradient)?;
        }
        optimiser.prepare(order.views().iter().map(|view| cameras[*view]))?;
        let memory = u64::from(options.picture_memory) << 20;
        Ok(Self {
            gpu: gpu.clone(),
            targets: Targets::new(gpu, Arc::clone(&dataset), memory_budget.target_bytes(), memory),
            renderer,
            memory_budget,
            to_world: None,
            first_iteration: iteration,
            changed_after: 0,
            options,
            dataset,
            similarity,
            cameras,
            order,
            optimiser,
            iteration,
            losses: Vec::new(),
        })
    }

    /// Iterations so far.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.iteration
    }

    /// Whether all iterations are done.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.iteration >= self.options.iterations
    }

    /// Number of convexes.
    #[must_use]
    pub const fn num_convexes(&self) -> u32 {
        self.optimiser.scene().num_convexes
    }

    /// What the user should know: whether the device allows fewer convexes than are asked for.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        self.memory_budget.note(self.options.max_convexes)
    }

    /// What looks wrong about the dataset, a sentence each: views without overlap, pictures that show nothing, masks that
    /// seem inverted. Decodes a few pictures.
    ///
    /// # Errors
    /// [`TrainError::Dataset`]: a picture that cannot be decoded.
    pub fn warnings(&self) -> Result<Vec<String>, TrainError> {
        Ok(warnings::warnings(&self.dataset, &self.cameras, &self.similarity)?)
    }

    /// After an error: goes back to the iterations that were really done, so that they can still be saved. A device that
    /// was lost has nothing left to save.
    pub fn fall_back(&mut self) {
        self.optimiser.drop_submitted();
        self.iteration = self.first_iteration + self.optimiser.num_done();
    }

    /// Bytes that the training holds on the device.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.gpu.held()
    }

    /// What a file of the scene says besides the scene: how it was trained, and so how it is drawn.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        let TrainOptions { antialias, background, .. } = self.options;
        let provenance = format!("{} iterations of lapidary {}", self.iteration, env!("CARGO_PKG_VERSION"));
        let normalised_from_world = Some(self.similarity);
        Metadata { normalised_from_world, antialias, background, provenance: Some(provenance), left_out: 0 }
    }

    /// What the training depends on.
    #[must_use]
    pub const fn options(&self) -> &TrainOptions {
        &self.options
    }

    /// Submits the next iterations and returns the losses of earlier ones. Stops at `until` or where the scene is due
    /// for a change, which is made before the iterations behind it: a change that fails is still due.
    ///
    /// # Errors
    /// [`TrainError`]: a picture that cannot be read, or the device.
    pub fn advance(&mut self, until: u32) -> Result<Vec<LossMeans>, TrainError> {
        let until = until.min(self.options.iterations);
        if self.iteration < until && density::is_due(&self.options, self.iteration) {
            self.refine()?;
        }
        let mut list = Vec::new();
        let mut is_due = false;
        while !is_due && self.iteration < until && list.len() < self.options.iterations_per_submission as usize {
            self.iteration += 1;
            list.push(self.iteration_at(self.iteration)?);
            is_due = density::is_due(&self.options, self.iteration) || self.rises(self.iteration);
        }
        self.optimiser.submit(list)?;
        self.decode_ahead();
        self.wait_until(if is_due || self.iteration >= until { 0 } else { 1 })?;
        Ok(std::mem::take(&mut self.losses))
    }

    /// Has the pictures of the next list decoded while the GPU works on this one.
    fn decode_ahead(&mut self) {
        let last = self.iteration.saturating_add(self.options.iterations_per_submission).min(self.options.iterations);
        for iteration in self.iteration + 1..=last {
            self.targets.prefetch(self.order.view_at(iteration), self.options.coarse_level(iteration));
        }
    }

    /// Collects losses until so many lists are under way.
    fn wait_until(&mut self, num_flights: usize) -> Result<(), TrainError> {
        while self.optimiser.num_flights() > num_flights {
            self.losses.extend(self.optimiser.collect()?);
        }
        Ok(())
    }

    /// Whether the degree of the spherical harmonics is another one after this iteration.
    fn rises(&self, iteration: u32) -> bool {
        self.sh_degree_at(iteration) != self.sh_degree_at(iteration + 1)
    }

    fn iteration_at(&mut self, iteration: u32) -> Result<Iteration, TrainError> {
        fault::strike(format_args!("iteration {iteration}"));
        let view = self.order.view_at(iteration);
        // A scene keeps what it has: one that was given, or one of a shorter training that goes on.
        self.optimiser.set_sh_degree(self.sh_degree_at(iteration).max(self.optimiser.scene().sh_degree));
        let TrainOptions { opacity_weight, extent_weight, ssim_weight, .. } = self.options;
        let is_budget = self.options.strategy == StrategyKind::Budget;
        let level = self.options.coarse_level(iteration);
        Ok(Iteration {
            camera: halved(&self.cameras[view], level),
            options: self.render_options(),
            target: self.targets.get(view, level)?,
            ssim_weight,
            rates: self.rates_at(iteration),
            step: iteration,
            regularization: if is_budget { [opacity_weight, extent_weight] } else { [0.0; 2] },
        })
    }

    fn render_options(&self) -> RenderOptions {
        let TrainOptions { background, antialias, .. } = self.options;
        RenderOptions { background, antialias, ..RenderOptions::default() }
    }

    /// The degree rises by one every thirtieth of the iterations.
    fn sh_degree_at(&self, iteration: u32) -> u32 {
        (iteration.saturating_sub(1) / (self.options.iterations / 30).max(1))
            .min(u32::try_from(self.options.sh_degree).unwrap_or(0))
    }

    #[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
    fn rates_at(&self, iteration: u32) -> Params<Rates> {
        let options = &self.options;
        let lr_scale = options.lr_scale();
        let part = f64::from(iteration) / f64::from(options.iterations);
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

    /// Makes the change of the number of convexes that is due after this iteration, unless it is made.
    fn refine(&mut self) -> Result<(), TrainError> {
        if self.changed_after == self.iteration {
            return Ok(());
        }
        let (gpu, optimiser) = (&self.gpu, &self.optimiser);
        let mut fault = None;
        let census = || {
            let read = || {
                Ok(ConvexStats {
                    raw_opacity: optimiser.scene().params.raw_opacity.read(gpu)?,
                    log_sigma: optimiser.scene().params.log_sigma.read(gpu)?,
                    statistics: optimiser.statistics().read(gpu)?,
                })
            };
            read().map_err(|error: GpuError| fault = Some(error)).ok()
        };
        let edits = density::refine(&within(&self.options, &self.memory_budget), self.iteration, census);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if let Some(edits) = edits {
            if edits.is_empty() {
                let reason = match self.options.strategy {
                    StrategyKind::Budget => "all are fainter than `dead_opacity`",
                    StrategyKind::Paper => "the published strategy dropped all; it is made for more iterations",
                };
                return Err(TrainError::Empty { iteration: self.iteration, reason });
            }
            self.optimiser.rebuild(&edits)?;
        }
        self.changed_after = self.iteration;
        Ok(())
    }

    /// Does one iteration and says how long each kernel took; `None` where the device has no timestamps.
    ///
    /// # Errors
    /// As [`Self::advance`].
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

    /// Everything that the training needs to go on.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device was lost.
    pub fn checkpoint(&mut self) -> Result<Checkpoint, TrainError> {
        self.wait_until(0)?;
        let scene = self.normalised_scene()?;
        let read = |params: &Params<Buffer<f32>>| params.as_ref().map(|values| values.read(&self.gpu)).transpose();
        let [first, second] = self.optimiser.moments();
        Ok(Checkpoint {
            scene,
            moments: [read(first)?, read(second)?],
            statistics: self.optimiser.statistics().read(&self.gpu)?,
            state: State {
                iteration: self.iteration,
                options: self.options.clone(),
                changed_after: self.changed_after,
                similarity: self.similarity,
                alpha: self.dataset.alpha(),
                train_views: self.order.views().iter().map(|view| TrainView::of(&self.dataset.views[*view])).collect(),
            },
        })
    }

    /// The scene in normalised units.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device was lost.
    pub fn normalised_scene(&mut self) -> Result<Scene, TrainError> {
        self.wait_until(0)?;
        let scene = self.optimiser.scene();
        let params = scene.params.as_ref().map(|values| values.read(&self.gpu)).transpose()?;
        Ok(Scene { params, ..Scene::empty(scene.points_per_convex as usize, scene.sh_degree as usize) })
    }

    /// The scene in the units of the dataset.
    ///
    /// # Errors
    /// As [`Self::normalised_scene`].
    pub fn scene(&mut self) -> Result<Scene, TrainError> {
        let normalised = self.normalised_scene()?;
        Ok(self.similarity.to_world(&normalised))
    }

    /// A copy of the scene in the units of the dataset, as it will be when everything submitted is done. Waits for nothing.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when there is no memory for it.
    pub fn snapshot(&mut self) -> Result<GpuScene, TrainError> {
        let gpu = self.gpu.clone();
        let scene = self.optimiser.scene();
        let to_world = match self.to_world.take() {
            Some(kernel) => kernel,
            None => ToWorld::new(&gpu, scene.points_per_convex)?,
        };
        let mut commands = Commands::new(&gpu, "snapshot");
        let mut copy = |values: &Buffer<f32>| {
            let copy = gpu.zeros(values.label(), values.len())?;
            commands.copy(values, 0, &copy, 0, values.len());
            Ok::<_, GpuError>(copy)
        };
        let params = scene.params.as_ref().map(&mut copy).transpose()?;
        to_world.record(&mut commands, &self.similarity, &params)?;
        commands.submit();
        let snapshot = GpuScene { params, origin: self.similarity.origin(), ..*scene };
        self.to_world = Some(to_world);
        Ok(snapshot)
    }

    /// The similarity between the dataset and the units of training.
    #[must_use]
    pub const fn similarity(&self) -> Similarity {
        self.similarity
    }

    /// Frees what only iterations need on the device, so that there is room to look at views.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device was lost.
    pub fn release(&mut self) -> Result<(), TrainError> {
        self.wait_until(0)?;
        self.optimiser.release();
        Ok(self.gpu.wait()?)
    }

    /// Looks at one view. Changes nothing about the training.
    ///
    /// # Errors
    /// [`TrainError`]: the picture or the device.
    pub fn evaluate(&mut self, view: usize, metrics: &Metrics) -> Result<Evaluated, TrainError> {
        self.wait_until(0)?;
        // Refuses a view that does not exist.
        let truth = GroundTruth::of_view(&self.dataset, view)?;
        let options = self.render_options();
        let frame = self.renderer.render(self.optimiser.scene(), &self.cameras[view], &options, Outputs::default())?;
        Ok(truth.compare(frame.image(), "the rendered picture", metrics)?)
    }

    /// Looks at every held-back view, by PSNR and SSIM.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_all(&mut self) -> Result<Vec<Evaluated>, TrainError> {
        let views: Vec<usize> = self.dataset.indices(Split::Test).collect();
        views.into_iter().map(|view| self.evaluate(view, &Metrics::default())).collect()
    }

    /// The held-back views that are looked at during the training: a few, evenly among them.
    #[must_use]
    pub fn watched_views(&self) -> Vec<usize> {
        let held_back: Vec<usize> = self.dataset.indices(Split::Test).collect();
        let number = held_back.len().min(self.options.eval_views as usize);
        (0..number).filter_map(|i| held_back.get(i * held_back.len() / number).copied()).collect()
    }
}

/// The camera of a picture whose sides are halved so often.
fn halved(camera: &Camera, level: u32) -> Camera {
    camera.resized((camera.width >> level).max(1), (camera.height >> level).max(1))
}

/// The renderer, and who decides how much memory is for what.
fn govern(gpu: &Gpu, options: &TrainOptions, dataset: &Dataset) -> Result<(Renderer, MemoryBudget), TrainError> {
    let points = u32::try_from(options.points_per_convex).unwrap_or(u32::MAX);
    let renderer = Renderer::new(gpu, points)?;
    let mut memory_budget = MemoryBudget::new(gpu, options);
    let sizes = || dataset.views.iter().map(|view| [view.camera.width, view.camera.height]);
    let num_pixels = |[width, height]: [u32; 2]| u64::from(width) * u64::from(height);
    let num_tiles = |[width, height]: [u32; 2]| num_pixels([width.div_ceil(TILE_SIZE), height.div_ceil(TILE_SIZE)]);
    let [width, height] = sizes().max_by_key(|size| num_pixels(*size)).unwrap_or_default();
    let most = gpu.binding_elements::<u8>() / LossMemory::BYTES_PER_PIXEL;
    if num_pixels([width, height]) > most {
        return Err(TrainError::TooLarge { width, height, most });
    }
    // Pictures of two lists under way are held even where there is no room to keep them.
    let targets = 2 * u64::from(options.iterations_per_submission) * size_of::<u32>() as u64;
    let costs = Optimiser::costs(&renderer, points) + Costs { pixel: targets, ..Costs::default() };
    let most_tiles = sizes().map(num_tiles).max().unwrap_or(0);
    memory_budget.plan(costs, num_pixels([width, height]), most_tiles, renderer.most_convexes());
    match memory_budget.most_convexes() {
        0 => Err(TrainError::NoRoom { mebibytes: memory_budget.allowed_mebibytes(), width, height }),
        _ => Ok((renderer, memory_budget)),
    }
}

/// Refuses a scene of more convexes than the options, or the device, allow; `path` is where it came from.
fn check_number(scene: &Scene, (asked, possible): (u32, u32), path: &Path) -> Result<(), TrainError> {
    let found = u32::try_from(scene.len()).unwrap_or(u32::MAX);
    let path = path.to_path_buf();
    match found {
        _ if found > asked => Err(TrainError::TooMany { path, found, most: asked }),
        _ if found > possible => Err(TrainError::TooManyForDevice { path, found, most: possible }),
        _ => Ok(()),
    }
}

/// The options with no more convexes than the device allows.
fn within(options: &TrainOptions, memory_budget: &MemoryBudget) -> TrainOptions {
    TrainOptions { max_convexes: options.max_convexes.min(memory_budget.most_convexes()), ..options.clone() }
}
