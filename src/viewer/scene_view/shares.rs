//! Which convexes pictures show at all, and how much of a pixel each makes at most.

use crate::camera::{Camera, RenderOptions};
use crate::gpu::{Gpu, GpuError};
use crate::renderer::{GpuScene, Outputs, Renderer};
use crate::scene::Scene;
use crate::viewer::document::ConvexMask;
use crate::viewer::scene_view::settings::ViewSettings;

/// A raw opacity with which a convex is in no pixel.
const INVISIBLE: f32 = -100.0;

/// A scene on the device whose pictures are not looked at. Its convexes have their own size, whatever the window shows.
#[derive(Debug)]
pub(crate) struct SceneShares {
    renderer: Renderer,
    scene: GpuScene,
    /// The convexes that there are.
    shown: ConvexMask,
}

impl SceneShares {
    /// Copies a scene to the device.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub(crate) fn new(gpu: &Gpu, scene: &Scene) -> Result<Self, GpuError> {
        let uploaded = GpuScene { sh_degree: 0, ..GpuScene::upload(gpu, scene)? };
        let renderer = Renderer::new(gpu, uploaded.points_per_convex)?;
        Ok(Self { renderer, scene: uploaded, shown: ConvexMask::none(scene.len()).not() })
    }

    /// Leaves only some convexes of the scene.
    pub(crate) fn show(&mut self, gpu: &Gpu, scene: &Scene, shown: &ConvexMask) {
        if self.shown == *shown {
            return;
        }
        let opacities = scene.params.raw_opacity.iter().enumerate();
        let opacity = |(index, raw): (usize, &f32)| if shown.contains(index) { *raw } else { INVISIBLE };
        self.scene.params.raw_opacity.write(gpu, 0, &opacities.map(opacity).collect::<Vec<f32>>());
        self.shown = shown.clone();
    }

    /// Returns for every convex the largest part of a pixel that it makes in the picture of a camera, 0 to 1.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    pub(crate) fn of(&mut self, camera: &Camera, settings: &ViewSettings) -> Result<Vec<f32>, GpuError> {
        let options = RenderOptions { near: settings.near, antialias: settings.antialias, ..RenderOptions::default() };
        let frame = self.renderer.forward(&self.scene, camera, &options, Outputs::default())?;
        let shares = self.renderer.shares(&self.scene, &frame)?;
        self.renderer.recycle(frame);
        Ok(shares)
    }
}
