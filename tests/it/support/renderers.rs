//! Renderers by number of points: compiling is slow on some drivers.

use std::collections::HashMap;

use lapidary::camera::{Camera, RenderOptions};
use lapidary::gpu::Gpu;
use lapidary::kernels::Gradient;
use lapidary::renderer::{Differentiator, GpuScene, Outputs, PictureCotangents, Pictures, Renderer};
use lapidary::scene::{Params, Scene};

pub(crate) struct Renderers<'g> {
    gpu: &'g Gpu,
    gradient: Gradient,
    forward: HashMap<usize, Renderer>,
    backward: HashMap<usize, Differentiator>,
}

impl<'g> Renderers<'g> {
    pub(crate) fn new(gpu: &'g Gpu) -> Self {
        Self::with(gpu, Gradient::True)
    }

    pub(crate) fn with(gpu: &'g Gpu, gradient: Gradient) -> Self {
        Self { gpu, gradient, forward: HashMap::new(), backward: HashMap::new() }
    }

    /// All pictures of a scene.
    pub(crate) fn render(&mut self, scene: &Scene, camera: &Camera, options: &RenderOptions) -> Pictures {
        let points = scene.points_per_convex;
        let scene = GpuScene::upload(self.gpu, scene).unwrap();
        self.renderer(points).render(&scene, camera, options, Outputs { inspection: true, normals: true }).unwrap()
    }

    /// Gradients of `Σ rgba·v_rgba + depth·v_depth`.
    pub(crate) fn gradients(
        &mut self,
        scene: &Scene,
        camera: &Camera,
        options: &RenderOptions,
        v_rgba: &[[f32; 4]],
        v_depth: &[f32],
    ) -> Params<Vec<f32>> {
        let (gpu, points) = (self.gpu, scene.points_per_convex);
        let scene = GpuScene::upload(gpu, scene).unwrap();
        let v = PictureCotangents {
            rgba: gpu.upload("v_rgba", v_rgba).unwrap(),
            depth: gpu.upload("v_depth", v_depth).unwrap(),
        };
        let frame = self.renderer(points).forward(&scene, camera, options, Outputs::default()).unwrap();
        let gradient = self.gradient;
        let compile = || Differentiator::with(gpu, points as u32, gradient).unwrap();
        let differentiator = self.backward.entry(points).or_insert_with(compile);
        let gradients = differentiator.backward(&scene, &frame, &v).unwrap();
        self.renderer(points).recycle(frame);
        gradients.map(|gradient| gradient.read(gpu).unwrap())
    }

    fn renderer(&mut self, points: usize) -> &mut Renderer {
        self.forward.entry(points).or_insert_with(|| Renderer::new(self.gpu, points as u32).unwrap())
    }
}
