//! Iterations of training on the GPU: forward, loss, backward, step; many of them in one submission, without the host
//! in between.
//!
//! A frame that does not fit its buffers is skipped on the GPU with everything behind it, and changes no parameter. The host
//! learns of it when it reads the status, makes the buffers larger and repeats what was skipped, so nothing is lost.

mod iteration;

use std::collections::VecDeque;

use iteration::LossSlot;
pub use iteration::{Iteration, LossMeans};

use crate::camera::Camera;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, KernelTime, KernelTimer, Readback};
use crate::kernels::{
    Accumulate, Adam, Edit, FinishStep, GatherRows, GatherRowsRecord, Gradient, LossKernels, LossMemory, Rebuild,
    Regularise, Status,
};
use crate::real::to_u32;
use crate::renderer::{
    BackwardMemory, Costs, Differentiator, FrameMemory, FrameShape, GpuScene, PictureCotangents, Renderer,
};
use crate::scene::{NAMES, Params, row_widths};

/// Running means of the gradient and of its square, for every parameter.
pub type Moments = [Params<Buffer<f32>>; 2];

/// Trains a scene on the GPU.
#[derive(Debug)]
pub struct Optimiser {
    gpu: Gpu,
    renderer: Renderer,
    differentiator: Differentiator,
    loss: LossKernels,
    adam: Adam,
    finish_step: FinishStep,
    accumulate: Accumulate,
    regularise: Regularise,
    rebuild: Rebuild,
    gather_rows: GatherRows,
    scene: GpuScene,
    moments: Moments,
    statistics: Buffer<[f32; 4]>,
    memory: Option<Memory>,
    /// The largest shape that frames have asked for so far.
    largest_shape: Option<FrameShape>,
    /// Steps that the status of the memory counts and that were reported.
    num_reported: u32,
    num_done: u32,
    submitted_lists: VecDeque<SubmittedList>,
    /// Losses of lists that had to end before more was submitted.
    collected: Vec<LossMeans>,
    /// Buffers of losses that no list is using.
    free_losses: Vec<Buffer<[f32; 2]>>,
}

/// Buffers of an iteration.
#[derive(Debug)]
struct Memory {
    frame: FrameMemory,
    backward: BackwardMemory,
    loss: LossMemory,
    v: PictureCotangents,
}

/// Iterations that the device is working on.
#[derive(Debug)]
struct SubmittedList {
    iterations: Vec<Iteration>,
    status: Readback<Status>,
    losses: Readback<[f32; 2]>,
    /// The buffer that the losses are copied from.
    loss_buffer: Buffer<[f32; 2]>,
}

impl Optimiser {
    /// Compiles the kernels, and begins with moments of zero.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn new(gpu: &Gpu, scene: GpuScene) -> Result<Self, GpuError> {
        let moments = [zeros_like(gpu, "first", &scene)?, zeros_like(gpu, "second", &scene)?];
        Ok(Self {
            gpu: gpu.clone(),
            renderer: Renderer::new(gpu, scene.points_per_convex)?,
            differentiator: Differentiator::new(gpu, scene.points_per_convex)?,
            loss: LossKernels::new(gpu)?,
            adam: Adam::new(gpu)?,
            finish_step: FinishStep::new(gpu)?,
            accumulate: Accumulate::new(gpu, scene.points_per_convex)?,
            regularise: Regularise::new(gpu, scene.points_per_convex)?,
            rebuild: Rebuild::new(gpu, scene.points_per_convex)?,
            gather_rows: GatherRows::new(gpu)?,
            statistics: gpu.zeros("statistics", scene.num_convexes.into())?,
            scene,
            moments,
            memory: None,
            largest_shape: None,
            num_reported: 0,
            num_done: 0,
            submitted_lists: VecDeque::new(),
            collected: Vec::new(),
            free_losses: Vec::new(),
        })
    }

    /// Takes another gradient than the derivative from now on, for comparison.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when a kernel does not compile.
    pub fn set_gradient(&mut self, gradient: Gradient) -> Result<(), GpuError> {
        self.differentiator = Differentiator::with(&self.gpu, self.scene.points_per_convex, gradient)?;
        Ok(())
    }

    /// Continues from the moments and statistics of another optimiser, of the shapes of the scene.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn resume(
        gpu: &Gpu,
        scene: GpuScene,
        moments: &[Params<Vec<f32>>; 2],
        statistics: &[[f32; 4]],
    ) -> Result<Self, GpuError> {
        let mut optimiser = Self::new(gpu, scene)?;
        for (buffers, values) in optimiser.moments.iter().zip(moments) {
            for (buffer, values) in buffers.as_ref().zip(values.as_ref()).into_array() {
                buffer.write(gpu, 0, values);
            }
        }
        optimiser.statistics = gpu.upload("statistics", statistics)?;
        Ok(optimiser)
    }

    /// The memory of a training on the device: parameters, their moments and statistics, and the memory of an iteration.
    #[must_use]
    pub fn costs(renderer: &Renderer, points_per_convex: u32) -> Costs {
        let parameters: usize = row_widths(points_per_convex as usize).into_array().into_iter().sum();
        let own = Costs {
            convex: (3 * parameters * size_of::<f32>() + size_of::<[f32; 4]>()) as u64,
            instance: 0,
            pixel: LossMemory::BYTES_PER_PIXEL,
        };
        own + renderer.costs() + BackwardMemory::costs(points_per_convex)
    }

    /// Iterations that were done, those that were skipped and repeated once.
    #[must_use]
    pub const fn num_done(&self) -> u32 {
        self.num_done
    }

    /// The scene as it is when everything submitted is done.
    #[must_use]
    pub const fn scene(&self) -> &GpuScene {
        &self.scene
    }

    /// The optimiser's moments as they are when everything submitted is done.
    #[must_use]
    pub const fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Number of lists of iterations that were submitted and not yet collected.
    #[must_use]
    pub fn num_submitted_lists(&self) -> usize {
        self.submitted_lists.len()
    }

    /// Most instances that a frame has asked for since the buffers were last made larger.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn num_instances(&self) -> Result<u32, GpuError> {
        let Some(memory) = &self.memory else { return Ok(0) };
        Ok(memory.frame.status().read_one(&self.gpu)?.needed_instances)
    }

    /// Sets the degree of the spherical harmonics of iterations that are submitted from now on.
    pub const fn set_sh_degree(&mut self, degree: u32) {
        self.scene.sh_degree = degree;
    }

    /// The sums of every convex since the scene was last rebuilt: the norm of the gradient of its points times
    /// its extent, the gradient of `log_sigma`, the number of iterations that saw it; and its extent, the largest
    /// standard deviation of its points along an axis.
    #[must_use]
    pub const fn statistics(&self) -> &Buffer<[f32; 4]> {
        &self.statistics
    }

    /// Replaces the scene by the convexes that the edits make of the present ones, one each. Statistics begin at zero. After an error
    /// everything is as it was.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    ///
    /// # Panics
    /// While iterations are under way: a bug of the caller.
    pub fn rebuild(&mut self, edits: &[Edit]) -> Result<(), GpuError> {
        assert!(self.submitted_lists.is_empty(), "a scene is rebuilt between iterations");
        let gpu = self.gpu.clone();
        let num_convexes = to_u32(edits.len());
        let widths = row_widths(self.scene.points_per_convex as usize);
        let zeros = |label: &'static str| {
            let zeros =
                |(name, width): (&str, usize)| gpu.zeros(&format!("{label}.{name}"), (edits.len() * width) as u64);
            NAMES.zip(widths).map(zeros).transpose()
        };
        // The memory of an iteration is free before more is asked for; gradients have the shape of the scene anyway.
        self.release();
        let params = zeros("params")?;
        let moments = [zeros("first")?, zeros("second")?];
        let statistics = gpu.zeros("statistics", edits.len() as u64)?;
        let edit_buffer = gpu.upload("edits", edits)?;
        let mut commands = Commands::new(&gpu, "rebuild");
        if !edits.is_empty() {
            // Every parameter follows its convex, and those that an edit changes are written again.
            for ((old, new), width) in self.scene.params.as_ref().zip(params.as_ref()).zip(widths).into_array() {
                let record = GatherRowsRecord { old, new, row_width: to_u32(width), is_moment: false };
                self.gather_rows.record(&mut commands, &edit_buffer, record)?;
            }
            self.rebuild.record(&mut commands, &edit_buffer, &self.scene.params, &params)?;
            for (old, new) in self.moments.iter().zip(&moments) {
                for ((old, new), width) in old.as_ref().zip(new.as_ref()).zip(widths).into_array() {
                    let record = GatherRowsRecord { old, new, row_width: to_u32(width), is_moment: true };
                    self.gather_rows.record(&mut commands, &edit_buffer, record)?;
                }
            }
        }
        commands.submit();
        // The old scene is free before the next iteration asks for memory.
        gpu.wait()?;
        self.statistics = statistics;
        self.scene.params = params;
        self.scene.num_convexes = num_convexes;
        self.moments = moments;
        self.largest_shape = self.largest_shape.map(|shape| shape.with_convexes(num_convexes));
        Ok(())
    }

    /// Frees the memory of an iteration until the next one.
    ///
    /// # Panics
    /// While iterations are under way: a bug of the caller.
    pub fn release(&mut self) {
        assert!(self.submitted_lists.is_empty(), "what is under way needs its memory");
        self.memory = None;
        self.num_reported = 0;
    }

    /// Submits iterations to the device and returns at once.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn submit(&mut self, iterations: Vec<Iteration>) -> Result<(), GpuError> {
        let Some(shape) = self.shape_for(&iterations) else { return Ok(()) };
        self.reserve(shape)?;
        let loss_buffer = self.losses_for(iterations.len() as u64)?;
        let Some(memory) = &self.memory else { return Ok(()) };
        let mut commands = Commands::new(&self.gpu, "iterations");
        for (index, iteration) in iterations.iter().enumerate() {
            self.record(&mut commands, memory, iteration, LossSlot { losses: &loss_buffer, index })?;
        }
        commands.submit();
        let status = memory.frame.status().read_later(&self.gpu)?;
        let losses = loss_buffer.read_first_later(&self.gpu, iterations.len() as u64)?;
        self.submitted_lists.push_back(SubmittedList { iterations, status, losses, loss_buffer });
        Ok(())
    }

    /// A buffer for this many losses that no list is using.
    fn losses_for(&mut self, len: u64) -> Result<Buffer<[f32; 2]>, GpuError> {
        match self.free_losses.iter().position(|buffer| buffer.len() == len) {
            Some(index) => Ok(self.free_losses.swap_remove(index)),
            None => self.gpu.zeros("losses", len),
        }
    }

    /// Keeps a buffer of losses for the next list; those of other lengths were made for lists that are rare.
    fn keep_losses(&mut self, buffer: Buffer<[f32; 2]>) {
        self.free_losses.retain(|free| free.len() == buffer.len());
        self.free_losses.push(buffer);
    }

    /// Waits for the oldest list of iterations and returns their losses. Where a frame did not fit, the buffers are
    /// made larger and everything that was skipped is done again: then the losses of all lists under way are returned.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no more memory.
    pub fn collect(&mut self) -> Result<Vec<LossMeans>, GpuError> {
        let mut means = std::mem::take(&mut self.collected);
        if let Some(list) = self.submitted_lists.pop_front() {
            means.extend(self.collect_list(list)?);
        }
        Ok(means)
    }

    fn collect_list(&mut self, list: SubmittedList) -> Result<Vec<LossMeans>, GpuError> {
        let status = list.status.wait(&self.gpu)?.first().copied().unwrap_or_default();
        let num_done = status.num_steps.saturating_sub(self.num_reported);
        self.num_done += num_done;
        let num_done = num_done as usize;
        let losses = list.losses.wait(&self.gpu)?;
        self.keep_losses(list.loss_buffer);
        let means = |[l1, ssim]: [f32; 2]| LossMeans { l1, ssim };
        let mut means: Vec<LossMeans> = losses.into_iter().take(num_done).map(means).collect();
        if status.has_overflowed == 0 {
            self.num_reported = status.num_steps;
            return Ok(means);
        }
        let behind = std::mem::take(&mut self.submitted_lists);
        let mut skipped: Vec<Iteration> = list.iterations.into_iter().skip(num_done).collect();
        skipped.extend(behind.into_iter().flat_map(|list| list.iterations));
        let Some(shape) = self.shape_for(&skipped) else { return Ok(means) };
        self.reserve(shape.with_instances(status.needed_instances))?;
        self.submit(skipped)?;
        means.extend(self.collect()?);
        Ok(means)
    }

    /// Drops the iterations that are under way and the memory of an iteration, after an error; iterations that are done stay.
    pub fn drop_submitted(&mut self) {
        while self.num_submitted_lists() > 0 && self.collect().is_ok() {}
        self.submitted_lists.clear();
        self.release();
    }

    /// Does iterations and returns their losses.
    ///
    /// # Errors
    /// The same as [`Self::submit`] and [`Self::collect`].
    pub fn run(&mut self, iterations: Vec<Iteration>) -> Result<Vec<LossMeans>, GpuError> {
        self.submit(iterations)?;
        let mut means = Vec::new();
        while !self.submitted_lists.is_empty() || !self.collected.is_empty() {
            means.extend(self.collect()?);
        }
        Ok(means)
    }

    /// Does one iteration and says how long each kernel took; `None` where the device has no timestamps.
    ///
    /// # Errors
    /// The same as [`Self::run`].
    pub fn profile(&mut self, iteration: Iteration) -> Result<Option<Vec<KernelTime>>, GpuError> {
        // Reserves the memory.
        self.run(vec![iteration.clone()])?;
        let (Some(mut timer), Some(memory)) = (KernelTimer::new(&self.gpu), &self.memory) else { return Ok(None) };
        let losses = self.gpu.zeros("losses", 1)?;
        let mut commands = Commands::timed(&self.gpu, "iteration", &mut timer);
        self.record(&mut commands, memory, &iteration, LossSlot { losses: &losses, index: 0 })?;
        commands.submit();
        self.num_reported += 1;
        timer.read(&self.gpu).map(Some)
    }

    /// The shape of the frames of some iterations; `None` if there are none.
    fn shape_for(&self, iterations: &[Iteration]) -> Option<FrameShape> {
        iterations.iter().map(|iteration| self.renderer.shape(&self.scene, &iteration.camera)).reduce(FrameShape::max)
    }

    /// Reserves memory for pictures of all these cameras at once, so that later iterations need not wait for it.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is not enough.
    pub fn prepare(&mut self, cameras: impl IntoIterator<Item = Camera>) -> Result<(), GpuError> {
        let shapes = cameras.into_iter().map(|camera| self.renderer.shape(&self.scene, &camera));
        match shapes.reduce(FrameShape::max) {
            Some(shape) => self.reserve(shape),
            None => Ok(()),
        }
    }

    /// Reserves memory for frames of a shape.
    fn reserve(&mut self, shape: FrameShape) -> Result<(), GpuError> {
        let held = self.memory.as_ref().map(|memory| *memory.frame.shape());
        if held.is_some_and(|held| held.max(shape) == held) {
            return Ok(());
        }
        // Iterations that are under way belong to the memory that they began with.
        while let Some(list) = self.submitted_lists.pop_front() {
            let means = self.collect_list(list)?;
            self.collected.extend(means);
        }
        let shape = self.largest_shape.map_or(shape, |largest| largest.max(shape));
        self.largest_shape = Some(shape);
        // The old memory is free before more is asked for.
        self.release();
        let frame = self.renderer.memory(shape)?;
        self.memory = Some(Memory {
            backward: BackwardMemory::new(&self.gpu, &self.scene, &frame)?,
            loss: LossMemory::new(&self.gpu, shape.num_pixels, shape.num_tiles.into())?,
            v: PictureCotangents::zeros(&self.gpu, shape.num_pixels)?,
            frame,
        });
        Ok(())
    }
}

/// Zeros of the shape of a scene's parameters.
fn zeros_like(gpu: &Gpu, label: &str, scene: &GpuScene) -> Result<Params<Buffer<f32>>, GpuError> {
    let zeros = |(name, values): (&str, &Buffer<f32>)| gpu.zeros(&format!("{label}.{name}"), values.len());
    NAMES.zip(scene.params.as_ref()).map(zeros).transpose()
}
