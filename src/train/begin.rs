//! The beginning of a training: from points, from a scene, or from a checkpoint.

use std::path::Path;
use std::sync::Arc;

use super::memory_budget::MemoryBudget;
use super::order::Order;
use super::start::start;
use super::{Checkpoint, CheckpointError, State, Targets, TrainError, TrainOptions, TrainPictures, Trainer, layout_of};
use crate::camera::Camera;
use crate::constants::TILE_SIZE;
use crate::dataset::{Dataset, Split};
use crate::gpu::Gpu;
use crate::kernels::{Gradient, LossMemory};
use crate::optimiser::Optimiser;
use crate::real::to_u32;
use crate::renderer::{Costs, GpuScene, Renderer};
use crate::scene::{Scene, Similarity};

/// The state that a trainer is made of.
struct TrainerParts {
    similarity: Similarity,
    optimiser: Optimiser,
    /// Iterations that are done.
    iteration: u32,
    /// The last iteration after which the number of convexes changed.
    changed_after: u32,
    device: Device,
}

/// The renderer, and the memory budget of the device.
struct Device {
    renderer: Renderer,
    memory_budget: MemoryBudget,
}

impl Trainer {
    /// Prepares a training from the points of the dataset.
    ///
    /// # Errors
    /// [`TrainError`] when options, pictures or device cannot be used.
    pub fn new(gpu: &Gpu, pictures: impl Into<TrainPictures>, options: TrainOptions) -> Result<Self, TrainError> {
        options.check()?;
        let pictures = pictures.into();
        let dataset = pictures.dataset();
        let similarity = similarity_of(dataset)?;
        let device = Device::plan(gpu, &options, dataset)?;
        let views = dataset.indices(Split::Train);
        let cameras: Vec<Camera> = views.map(|view| similarity.camera(&dataset.views[view].camera)).collect();
        let max_convexes = options.max_convexes.min(device.memory_budget.most_convexes());
        let scene = start(dataset, &cameras, &similarity, &options, max_convexes);
        Self::from_normalised(gpu, pictures, options, &scene, similarity, device)
    }

    /// Prepares a training that begins with a scene in the units of the dataset, which came from `path`. Its spherical
    /// harmonics keep their degree.
    ///
    /// # Errors
    /// [`TrainError`] when options, pictures or device cannot be used; when the scene is empty, has another number of points
    /// per convex than the options, or has more convexes than there may be.
    pub fn from_scene(
        gpu: &Gpu,
        pictures: impl Into<TrainPictures>,
        options: TrainOptions,
        scene: &Scene,
        path: &Path,
    ) -> Result<Self, TrainError> {
        options.check()?;
        let pictures = pictures.into();
        let dataset = pictures.dataset();
        let similarity = similarity_of(dataset)?;
        let device = Device::plan(gpu, &options, dataset)?;
        let (found, expected) = (scene.points_per_convex, options.points_per_convex);
        if found != expected || scene.is_empty() {
            return Err(TrainError::Start { path: path.into(), convexes: scene.len(), found, expected });
        }
        let normalised = similarity.from_world(scene);
        normalised.check().map_err(|source| CheckpointError::Scene { path: path.into(), source })?;
        check_number(&normalised, options.max_convexes, device.memory_budget.most_convexes(), path)?;
        Self::from_normalised(gpu, pictures, options, &normalised, similarity, device)
    }

    /// Goes on from a checkpoint, bit for bit as if the training had never stopped on the same device.
    ///
    /// # Errors
    /// [`TrainError`] when the checkpoint is of other pictures, or the device cannot be used.
    pub fn resume(
        gpu: &Gpu,
        pictures: impl Into<TrainPictures>,
        checkpoint: Checkpoint,
        path: &Path,
    ) -> Result<Self, TrainError> {
        let pictures = pictures.into();
        let dataset = pictures.dataset();
        let Checkpoint { scene, moments, statistics, state } = checkpoint;
        if let Some(reason) = state.difference(dataset) {
            let (path, dataset) = (path.into(), dataset.path.clone());
            return Err(CheckpointError::OtherDataset { path, dataset, reason }.into());
        }
        let State { iteration, options, similarity, changed_after, .. } = state;
        let device = Device::plan(gpu, &options, dataset)?;
        // The checkpoint may have been made with more memory: what can be bound can go on.
        check_number(&scene, options.max_convexes, device.renderer.most_convexes(), path)?;
        let optimiser = Optimiser::resume(gpu, GpuScene::upload(gpu, &scene)?, &moments, &statistics)?;
        let parts = TrainerParts { similarity, optimiser, iteration, changed_after, device };
        Self::begin(gpu, pictures, options, parts)
    }

    fn from_normalised(
        gpu: &Gpu,
        pictures: TrainPictures,
        options: TrainOptions,
        scene: &Scene,
        similarity: Similarity,
        device: Device,
    ) -> Result<Self, TrainError> {
        let optimiser = Optimiser::new(gpu, GpuScene::upload(gpu, scene)?)?;
        let parts = TrainerParts { similarity, optimiser, iteration: 0, changed_after: 0, device };
        Self::begin(gpu, pictures, options, parts)
    }

    fn begin(
        gpu: &Gpu,
        pictures: TrainPictures,
        options: TrainOptions,
        parts: TrainerParts,
    ) -> Result<Self, TrainError> {
        let dataset = Arc::clone(pictures.dataset());
        let TrainerParts { similarity, mut optimiser, iteration, changed_after, device } = parts;
        let Device { renderer, memory_budget } = device;
        let cameras: Vec<Camera> = dataset.views.iter().map(|view| similarity.camera(&view.camera)).collect();
        let order = Order::new(options.seed, dataset.indices(Split::Train).collect());
        if options.gradient != Gradient::True {
            optimiser.set_gradient(options.gradient)?;
        }
        optimiser.prepare(order.views().iter().map(|view| cameras[*view]))?;
        Ok(Self {
            gpu: gpu.clone(),
            targets: Targets::new(gpu, pictures.into_cache(&options), memory_budget.target_bytes()),
            renderer,
            memory_budget,
            to_world: None,
            first_iteration: iteration,
            changed_after,
            options,
            dataset,
            similarity,
            cameras,
            order,
            optimiser,
            iteration,
            num_under_way: 0,
            losses: Vec::new(),
        })
    }
}

/// The similarity between a dataset and the units of training.
pub(super) fn similarity_of(dataset: &Dataset) -> Result<Similarity, TrainError> {
    if dataset.indices(Split::Train).next().is_none() {
        return Err(TrainError::NoTrainingViews { path: dataset.path.clone() });
    }
    let similarity = Similarity::of_layout(&layout_of(dataset));
    similarity.check().map_err(|reason| TrainError::Similarity { path: dataset.path.clone(), reason })?;
    Ok(similarity)
}

impl Device {
    /// Decides how much memory is for what, and how many convexes there may be.
    fn plan(gpu: &Gpu, options: &TrainOptions, dataset: &Dataset) -> Result<Self, TrainError> {
        let points = to_u32(options.points_per_convex);
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
        let targets = 2 * u64::from(options.longest_list()) * size_of::<u32>() as u64;
        let costs = Optimiser::costs(&renderer, points) + Costs { pixel: targets, ..Costs::default() };
        let most_tiles = sizes().map(num_tiles).max().unwrap_or(0);
        memory_budget.plan(costs, num_pixels([width, height]), most_tiles, renderer.most_convexes());
        match memory_budget.most_convexes() {
            0 => Err(TrainError::NoRoom { mebibytes: memory_budget.allowed_mebibytes(), width, height }),
            _ => Ok(Self { renderer, memory_budget }),
        }
    }
}

/// Refuses a scene of more convexes than were `asked` for or are `possible`; `path` is where it came from.
fn check_number(scene: &Scene, asked: u32, possible: u32, path: &Path) -> Result<(), TrainError> {
    let found = to_u32(scene.len());
    let path = path.to_path_buf();
    match found {
        _ if found > asked => Err(TrainError::TooMany { path, found, most: asked }),
        _ if found > possible => Err(TrainError::TooManyForDevice { path, found, most: possible }),
        _ => Ok(()),
    }
}
