//! The backward pass: from cotangents of the pictures to gradients of the parameters.

use super::view::ViewUniforms;
use super::{Costs, FrameMemory, GpuScene, RenderedFrame};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, KernelTime, KernelTimer};
use crate::kernels::{
    ForgetRest, GatherArgs, GatherChunks, GatherCotangents, Gradient, ProjectBackward, ProjectBackwardArgs,
    RankedConvexes, RasterizeBackward, RasterizeBackwardArgs, ShBackward, Totals, cotangents_per_convex,
    cotangents_per_instance,
};
use crate::scene::{NAMES, Params, row_widths};

/// Cotangents of the pictures of a frame, on the device.
#[derive(Debug)]
pub struct PictureCotangents {
    /// `[H, W, 4]`
    pub rgba: Buffer<[f32; 4]>,
    /// `[H, W]`
    pub depth: Buffer<f32>,
}

impl PictureCotangents {
    /// Cotangents of zero.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn zeros(gpu: &Gpu, num_pixels: u64) -> Result<Self, GpuError> {
        Ok(Self { rgba: gpu.zeros("v_rgba", num_pixels)?, depth: gpu.zeros("v_depth", num_pixels)? })
    }
}

/// Differentiates what a [`super::Renderer`] draws.
#[derive(Debug)]
pub struct Differentiator {
    gpu: Gpu,
    totals: Totals,
    rasterize: RasterizeBackward,
    forget_rest: ForgetRest,
    gather_chunks: GatherChunks,
    gather: GatherCotangents,
    sh: ShBackward,
    project: ProjectBackward,
}

/// Buffers of the backward pass.
#[derive(Debug)]
pub struct BackwardMemory {
    totals: Buffer<[f32; 2]>,
    v_instances: Buffer<f32>,
    v_projected: Buffer<f32>,
    /// Gradients of the loss, of the shapes of the parameters.
    pub gradients: Params<Buffer<f32>>,
}

impl BackwardMemory {
    /// Memory for the backward pass of frames of this memory.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is not enough.
    pub fn new(gpu: &Gpu, scene: &GpuScene, frame: &FrameMemory) -> Result<Self, GpuError> {
        let points = scene.points_per_convex;
        let per_instance = cotangents_per_instance(points);
        let per_convex = cotangents_per_convex(points);
        let slots = u64::from(frame.shape.max_instances).min(frame.shape.slots_per_window);
        let zeros = |(name, values): (&str, &Buffer<f32>)| gpu.zeros(&format!("v_{name}"), values.len());
        Ok(Self {
            totals: gpu.zeros("totals", frame.shape.num_pixels)?,
            v_instances: gpu.zeros("v_instances", slots * per_instance)?,
            v_projected: gpu.zeros("v_projected", u64::from(frame.shape.num_convexes.max(1)) * per_convex)?,
            gradients: NAMES.zip(scene.params.as_ref()).map(zeros).transpose()?,
        })
    }

    /// The memory of the backward pass, the cotangents of the pictures and the gradients with it.
    #[must_use]
    pub fn costs(points_per_convex: u32) -> Costs {
        let parameters: usize = row_widths(points_per_convex as usize).into_array().into_iter().sum();
        Costs {
            convex: 4 * (cotangents_per_convex(points_per_convex) + parameters as u64),
            instance: 4 * cotangents_per_instance(points_per_convex),
            pixel: 4 * (2 + 5),
        }
    }
}

impl Differentiator {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when one does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Self::with(gpu, points_per_convex, Gradient::True)
    }

    /// Compiles the kernels for another gradient than the derivative, for comparison.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when one does not compile.
    pub fn with(gpu: &Gpu, points_per_convex: u32, gradient: Gradient) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: gpu.clone(),
            totals: Totals::new(gpu)?,
            rasterize: RasterizeBackward::new(gpu, points_per_convex)?,
            forget_rest: ForgetRest::new(gpu, points_per_convex)?,
            gather_chunks: GatherChunks::new(gpu, points_per_convex)?,
            gather: GatherCotangents::new(gpu, points_per_convex)?,
            sh: ShBackward::new(gpu, points_per_convex)?,
            project: ProjectBackward::new(gpu, points_per_convex, gradient)?,
        })
    }

    /// Gradients of every parameter for the frame that a renderer made of this scene, with the same shapes. The same
    /// frame and cotangents give the same bits.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory for the cotangents of all instances.
    pub fn backward(
        &self,
        scene: &GpuScene,
        frame: &RenderedFrame,
        v: &PictureCotangents,
    ) -> Result<Params<Buffer<f32>>, GpuError> {
        let memory = BackwardMemory::new(&self.gpu, scene, &frame.memory)?;
        let mut commands = Commands::new(&self.gpu, "backward");
        let view = frame.view(&mut commands, scene)?;
        self.record(&mut commands, scene, &view, v, &memory)?;
        commands.submit();
        Ok(memory.gradients)
    }

    /// How long each kernel of [`Self::backward`] takes; `None` where the device has no timestamps.
    ///
    /// # Errors
    /// The same as [`Self::backward`].
    pub fn profile(
        &self,
        scene: &GpuScene,
        frame: &RenderedFrame,
        v: &PictureCotangents,
    ) -> Result<Option<Vec<KernelTime>>, GpuError> {
        let Some(mut timer) = KernelTimer::new(&self.gpu) else { return Ok(None) };
        let memory = BackwardMemory::new(&self.gpu, scene, &frame.memory)?;
        let mut commands = Commands::timed(&self.gpu, "backward", &mut timer);
        let view = frame.view(&mut commands, scene)?;
        self.record(&mut commands, scene, &view, v, &memory)?;
        commands.submit();
        timer.read(&self.gpu).map(Some)
    }

    /// Records the backward pass of a frame that is recorded before, with the same view.
    ///
    /// The cotangents of the instances are the largest buffer. Where a binding does not show them all, the picture is
    /// walked once per window of slots, and the windows are added up in order: the same bits, for more time.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is longer than a binding and cannot be split.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        scene: &GpuScene,
        view: &ViewUniforms<'_>,
        v: &PictureCotangents,
        memory: &BackwardMemory,
    ) -> Result<(), GpuError> {
        let frame = view.memory;
        let rasterize = RasterizeBackwardArgs {
            forward: frame.rasterize_args(),
            v_rgba: &v.rgba,
            v_depth: &v.depth,
            totals: &memory.totals,
            v_instances: &memory.v_instances,
        };
        for band in &view.bands {
            self.totals.record(commands, rasterize, band.args(&band.camera))?;
        }
        commands.border();
        let convexes = frame.ranked_convexes(view, scene.num_convexes);
        for (i, slots) in view.slots.iter().enumerate() {
            for band in &view.bands {
                self.rasterize.record(commands, rasterize, band.args(&band.with_slots[i]))?;
                commands.border();
            }
            let gather = GatherArgs {
                convexes: RankedConvexes { camera: &slots.camera, ..convexes },
                slots: &slots.items,
                points_per_convex: scene.points_per_convex,
                num_instances: &frame.num_instances,
                convex_from_slot: &frame.convex_from_slot,
                slots_by_tile: &frame.by_tile().values,
                first_instance_from_tile: &frame.first_instance_from_tile,
                v_instances: &memory.v_instances,
                v_projected: &memory.v_projected,
            };
            self.forget_rest.record(commands, gather)?;
            self.gather_chunks.record(commands, gather)?;
            self.gather.record(commands, gather)?;
            commands.border();
        }
        for window in &view.convexes {
            let args = ProjectBackwardArgs {
                forward: frame.project_args(scene, view, window),
                points_per_convex: scene.points_per_convex,
                v_projected: &memory.v_projected,
                gradients: &memory.gradients,
            };
            let prepared = self.sh.record(commands, args)?;
            self.project.record(commands, prepared)?;
            commands.border();
        }
        Ok(())
    }
}
