//! The results of a training: checkpoint, scene, snapshot, evaluation.

use super::{Checkpoint, State, TrainError, TrainView, Trainer};
use crate::dataset::Split;
use crate::evaluate::{Evaluated, GroundTruth, Metrics};
use crate::gpu::{Buffer, Commands, GpuError};
use crate::kernels::ToWorld;
use crate::renderer::GpuScene;
use crate::scene::{Params, Scene, Similarity};

impl Trainer {
    /// Reads everything that the training needs to go on.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device was lost.
    pub fn checkpoint(&mut self) -> Result<Checkpoint, TrainError> {
        self.collect_losses(0)?;
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

    /// Reads the scene, in normalised units.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device was lost.
    pub fn normalised_scene(&mut self) -> Result<Scene, TrainError> {
        self.collect_losses(0)?;
        let scene = self.optimiser.scene();
        let params = scene.params.as_ref().map(|values| values.read(&self.gpu)).transpose()?;
        Ok(Scene { params, ..Scene::empty(scene.points_per_convex as usize, scene.sh_degree as usize) })
    }

    /// Reads the scene, in the units of the dataset.
    ///
    /// # Errors
    /// The same as [`Self::normalised_scene`].
    pub fn scene(&mut self) -> Result<Scene, TrainError> {
        let normalised = self.normalised_scene()?;
        Ok(self.similarity.to_world(&normalised))
    }

    /// Copies the scene on the GPU, in the units of the dataset, as it will be when everything submitted is done. Does not
    /// wait.
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

    /// Frees the memory that only iterations need on the device, so that views can be evaluated.
    ///
    /// # Errors
    /// [`TrainError::Gpu`] when the device was lost.
    pub fn release(&mut self) -> Result<(), TrainError> {
        self.collect_losses(0)?;
        self.optimiser.release();
        Ok(self.gpu.wait()?)
    }

    /// Compares the scene with one view. Changes nothing about the training.
    ///
    /// # Errors
    /// [`TrainError`] when the picture cannot be read or the device fails.
    pub fn evaluate(&mut self, view: usize, metrics: &Metrics) -> Result<Evaluated, TrainError> {
        let evaluated = self.evaluate_unless(view, metrics, &mut || false)?;
        evaluated.ok_or_else(|| GpuError::Refused("a view was given up that nobody stopped".to_owned()).into())
    }

    /// The same as [`Self::evaluate`], but gives up between decoding, the parts of the frame and the metrics when `is_stopped`
    /// says so; `None` then.
    ///
    /// # Errors
    /// The same as [`Self::evaluate`].
    pub fn evaluate_unless(
        &mut self,
        view: usize,
        metrics: &Metrics,
        is_stopped: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Evaluated>, TrainError> {
        self.collect_losses(0)?;
        // Refuses a view that does not exist.
        let truth = GroundTruth::of_view(&self.dataset, view)?;
        let options = self.render_options();
        if is_stopped() {
            return Ok(None);
        }
        let scene = self.optimiser.scene();
        let Some(frame) = self.renderer.render_unless(scene, &self.cameras[view], &options, is_stopped)? else {
            return Ok(None);
        };
        if is_stopped() {
            return Ok(None);
        }
        Ok(Some(truth.compare(frame.image(), "the rendered image", metrics)?))
    }

    /// Compares the scene with every held-out view, by PSNR and SSIM.
    ///
    /// # Errors
    /// The same as [`Self::evaluate`].
    pub fn evaluate_all(&mut self) -> Result<Vec<Evaluated>, TrainError> {
        let views: Vec<usize> = self.dataset.indices(Split::Test).collect();
        views.into_iter().map(|view| self.evaluate(view, &Metrics::default())).collect()
    }

    /// The held-out views that are evaluated during the training: a few, evenly among them.
    #[must_use]
    pub fn watched_views(&self) -> Vec<usize> {
        let held_back: Vec<usize> = self.dataset.indices(Split::Test).collect();
        let number = held_back.len().min(self.options.eval_views as usize);
        (0..number).filter_map(|i| held_back.get(i * held_back.len() / number).copied()).collect()
    }
}
