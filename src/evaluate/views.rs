//! Evaluation of a scene from the cameras of a dataset.

use super::error::EvaluateError;
use super::ground_truth::{Evaluated, GroundTruth, Metrics};
use crate::camera::RenderOptions;
use crate::dataset::Dataset;
use crate::gpu::Gpu;
use crate::renderer::{GpuScene, Outputs, Renderer};
use crate::scene::Scene;

/// A scene on the GPU with the dataset whose views are evaluated.
#[derive(Debug)]
pub struct SceneViews<'a> {
    dataset: &'a Dataset,
    renderer: Renderer,
    scene: GpuScene,
    options: RenderOptions,
}

impl<'a> SceneViews<'a> {
    /// Uploads a scene in the units of the dataset.
    ///
    /// * `options` — how it is drawn: `Metadata::render_options`
    ///
    /// # Errors
    /// [`EvaluateError::Gpu`] when the device has no memory for it.
    pub fn new(gpu: &Gpu, scene: &Scene, dataset: &'a Dataset, options: RenderOptions) -> Result<Self, EvaluateError> {
        let scene = GpuScene::upload(gpu, scene)?;
        let renderer = Renderer::new(gpu, scene.points_per_convex)?;
        Ok(Self { dataset, renderer, scene, options })
    }

    /// Draws a view and compares it with its picture.
    ///
    /// # Errors
    /// [`EvaluateError`]: the picture or the device.
    pub fn evaluate(&mut self, view: usize, metrics: &Metrics) -> Result<Evaluated, EvaluateError> {
        // Refuses a view that does not exist.
        let truth = GroundTruth::of_view(self.dataset, view)?;
        let camera = self.dataset.views[view].camera;
        let image = self.renderer.render(&self.scene, &camera, &self.options, Outputs::default())?.image();
        truth.compare(image, "the rendered image", metrics)
    }
}
