//! The way back: from cotangents of the pictures to gradients of the parameters.

use super::view::View;
use super::{Costs, Frame, FrameMemory, GpuScene};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, KernelTime, Profile};
use crate::kernels::{
    GatherArgs, Gradient, ProjectBackward, ProjectBackwardArgs, RasterizeBackward, RasterizeBackwardArgs,
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
    /// Zeros.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory.
    pub fn zeros(gpu: &Gpu, num_pixels: u64) -> Result<Self, GpuError> {
        Ok(Self { rgba: gpu.zeros("v_rgba", num_pixels)?, depth: gpu.zeros("v_depth", num_pixels)? })
    }
}

/// Differentiates what a [`super::Renderer`] draws.
#[derive(Debug)]
pub struct Differentiator {
    gpu: Gpu,
    rasterize: RasterizeBackward,
    project: ProjectBackward,
}

/// Buffers of the way back.
#[derive(Debug)]
pub struct BackwardMemory {
    totals: Buffer<[f32; 2]>,
    v_instances: Buffer<f32>,
    v_projected: Buffer<f32>,
    /// Gradients of the loss, of the shapes of the parameters.
    pub gradients: Params<Buffer<f32>>,
}

impl BackwardMemory {
    /// Memory for the way back from frames of this memory.
    ///
    /// # Errors
    /// [`GpuError`] when there is none.
    pub fn new(gpu: &Gpu, scene: &GpuScene, frame: &FrameMemory) -> Result<Self, GpuError> {
        let points = scene.points_per_convex;
        let per_instance = RasterizeBackward::cotangents_per_instance(points);
        let per_convex = ProjectBackward::cotangents_per_convex(points);
        let slots = u64::from(frame.shape.max_instances).min(frame.shape.slots_per_window);
        let zeros = |(name, values): (&str, &Buffer<f32>)| gpu.zeros(&format!("v_{name}"), values.len());
        Ok(Self {
            totals: gpu.zeros("totals", frame.shape.num_pixels)?,
            v_instances: gpu.zeros("v_instances", slots * per_instance)?,
            v_projected: gpu.zeros("v_projected", u64::from(frame.shape.num_convexes.max(1)) * per_convex)?,
            gradients: NAMES.zip(scene.params.as_ref()).map(zeros).transpose()?,
        })
    }

    /// What the way back takes, the cotangents of the pictures and the gradients with it.
    #[must_use]
    pub fn costs(points_per_convex: u32) -> Costs {
        let parameters: usize = row_widths(points_per_convex as usize).into_array().into_iter().sum();
        Costs {
            convex: 4 * (ProjectBackward::cotangents_per_convex(points_per_convex) + parameters as u64),
            instance: 4 * RasterizeBackward::cotangents_per_instance(points_per_convex),
            pixel: 4 * (2 + 5),
        }
    }
}

impl Differentiator {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Self::with(gpu, points_per_convex, Gradient::True)
    }

    /// Hands on something else than the derivative, for comparison.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn with(gpu: &Gpu, points_per_convex: u32, gradient: Gradient) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: gpu.clone(),
            rasterize: RasterizeBackward::new(gpu, points_per_convex)?,
            project: ProjectBackward::new(gpu, points_per_convex, gradient)?,
        })
    }

    /// Gradients of every parameter for the frame that a renderer made of this scene, with the same shapes. The same
    /// frame and cotangents give the same bits.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory for the cotangents of all instances.
    pub fn backward(
        &self,
        scene: &GpuScene,
        frame: &Frame,
        v: &PictureCotangents,
    ) -> Result<Params<Buffer<f32>>, GpuError> {
        let memory = BackwardMemory::new(&self.gpu, scene, &frame.memory)?;
        let mut commands = Commands::new(&self.gpu, "backward");
        self.record(&mut commands, scene, (&frame.memory, &frame.view), v, &memory)?;
        commands.submit();
        Ok(memory.gradients)
    }

    /// How long each kernel of [`Self::backward`] takes; `None` where the device has no timestamps.
    ///
    /// # Errors
    /// As [`Self::backward`].
    pub fn profile(
        &self,
        scene: &GpuScene,
        frame: &Frame,
        v: &PictureCotangents,
    ) -> Result<Option<Vec<KernelTime>>, GpuError> {
        let Some(mut profile) = Profile::new(&self.gpu) else { return Ok(None) };
        let memory = BackwardMemory::new(&self.gpu, scene, &frame.memory)?;
        let mut commands = Commands::profiled(&self.gpu, "backward", &mut profile);
        self.record(&mut commands, scene, (&frame.memory, &frame.view), v, &memory)?;
        commands.submit();
        profile.read(&self.gpu).map(Some)
    }

    /// Records the way back from a frame that is recorded before.
    ///
    /// The cotangents of the instances are the largest buffer. Where a binding does not show them all, the picture is
    /// walked once per window of slots, and the windows are added up in order: the same bits, for more time.
    ///
    /// # Errors
    /// [`GpuError::Binding`] where a buffer is longer than a binding and cannot be split.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        scene: &GpuScene,
        (frame, view): (&FrameMemory, &View),
        v: &PictureCotangents,
        memory: &BackwardMemory,
    ) -> Result<(), GpuError> {
        let rasterize = RasterizeBackwardArgs {
            forward: frame.rasterize_args(),
            v_rgba: &v.rgba,
            v_depth: &v.depth,
            totals: &memory.totals,
            v_instances: &memory.v_instances,
        };
        for band in &view.bands {
            self.rasterize.totals(commands, rasterize, band.args(&band.camera))?;
        }
        let bin = frame.bin_args(view, scene.num_convexes);
        for (i, slots) in view.slots.iter().enumerate() {
            for band in &view.bands {
                self.rasterize.record(commands, rasterize, band.args(&band.with_slots[i]))?;
            }
            let gather = GatherArgs {
                camera: &slots.camera,
                slots: &slots.items,
                num_convexes: scene.num_convexes,
                points_per_convex: scene.points_per_convex,
                num_instances: &frame.num_instances,
                convex_from_slot: &frame.convex_from_slot,
                slots_by_tile: &frame.by_tile().values,
                first_instance_from_tile: &frame.first_instance_from_tile,
                projected: bin.projected,
                convex_from_rank: bin.convex_from_rank,
                first_slot_from_rank: bin.first_slot_from_rank,
                v_instances: &memory.v_instances,
                v_projected: &memory.v_projected,
            };
            self.project.gather(commands, gather)?;
        }
        for window in &view.convexes {
            let args = ProjectBackwardArgs {
                forward: frame.project_args(scene, view, window),
                points_per_convex: scene.points_per_convex,
                v_projected: &memory.v_projected,
                gradients: &memory.gradients,
            };
            self.project.record(commands, args)?;
        }
        Ok(())
    }
}
