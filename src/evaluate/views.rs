//! What a scene looks like from the cameras of a dataset.

use super::{EvaluateError, Evaluated, Ruler, Truth};
use crate::camera::RenderOptions;
use crate::constants::NEAR;
use crate::dataset::Dataset;
use crate::gpu::Gpu;
use crate::renderer::{GpuScene, Outputs, Renderer};
use crate::scene::{Scene, Similarity};

/// A scene on the GPU before the cameras of a dataset.
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
    /// * `normalised_from_world` — what the scene was trained under, where it is known: the near plane is then where it
    ///   was during the training
    /// * `background` — sRGB in 0..=1
    /// * `antialias` — of [`RenderOptions`]
    ///
    /// # Errors
    /// [`EvaluateError::Gpu`] when the device has no memory for it.
    pub fn new(
        gpu: &Gpu,
        scene: &Scene,
        normalised_from_world: Option<Similarity>,
        dataset: &'a Dataset,
        background: [f32; 3],
        antialias: bool,
    ) -> Result<Self, EvaluateError> {
        let scene = GpuScene::upload(gpu, scene)?;
        let renderer = Renderer::new(gpu, scene.points_per_convex)?;
        let near = normalised_from_world.map_or(NEAR, |similarity| NEAR / similarity.scale);
        Ok(Self { dataset, renderer, scene, options: RenderOptions { near, background, antialias } })
    }

    /// Draws a view and compares it with its picture.
    ///
    /// # Errors
    /// [`EvaluateError`]: the picture or the device.
    pub fn evaluate(&mut self, view: usize, ruler: &Ruler) -> Result<Evaluated, EvaluateError> {
        // Refuses a view that does not exist.
        let truth = Truth::of_view(self.dataset, view)?;
        let camera = self.dataset.views[view].camera;
        let image = self.renderer.render(&self.scene, &camera, &self.options, Outputs::default())?.image();
        truth.judge(image, "the rendered picture", ruler)
    }
}
