//! Iterations of training on the GPU: forward, loss, backward, step; many of them in one submission, without the host
//! in between.
//!
//! A frame that does not fit its buffers is skipped on the GPU with everything behind it, and changes no parameter. The host
//! learns of it when it reads the status, makes the buffers larger and repeats what was skipped, so nothing is lost.
//!
//! An iteration that takes longer than a submission may is cut between its stages; only the last part changes parameters.

mod iteration;
mod lists;

use std::collections::VecDeque;
use web_time::Instant;

use iteration::LossSlot;
pub use iteration::{Iteration, LossMeans};
use lists::SubmittedList;

use crate::camera::Camera;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, KernelTime, KernelTimer, Pace};
use crate::kernels::{
    Accumulate, Adam, Edit, FinishStep, GatherRows, GatherRowsRecord, Gradient, LossKernels, LossMemory, Rebuild,
    Regularise,
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
    /// The time of an iteration.
    pace: Pace,
    /// The time since which the device works on what is not measured yet.
    busy_since: Option<Instant>,
}

/// Buffers of an iteration.
#[derive(Debug)]
struct Memory {
    frame: FrameMemory,
    backward: BackwardMemory,
    loss: LossMemory,
    v: PictureCotangents,
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
            pace: Pace::new(gpu),
            busy_since: None,
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

    /// The number of iterations of a list whose length follows from the time that one takes.
    #[must_use]
    pub fn list_len(&self) -> u32 {
        self.pace.list_len()
    }

    /// Whether iterations are cut into several submissions, so that a second list under way would hide nothing.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.pace.num_pieces(1.0) > 1
    }

    /// Takes another limit of the time of everything under way; zero cuts every iteration as finely as can be. Only for tests.
    #[doc(hidden)]
    pub fn set_pace(&mut self, limit: std::time::Duration) {
        self.pace = Pace::with_limit(limit);
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

    /// Does one iteration and says how long each kernel took; `None` where the device has no timestamps.
    ///
    /// # Errors
    /// The same as [`Self::run`].
    pub fn profile(&mut self, iteration: Iteration) -> Result<Option<Vec<KernelTime>>, GpuError> {
        // Reserves the memory.
        self.run(vec![iteration.clone()])?;
        let (Some(mut timer), Some(memory)) = (KernelTimer::new(&self.gpu), &self.memory) else { return Ok(None) };
        let losses = self.gpu.zeros("losses", 1)?;
        let num_pieces = self.pace.num_pieces(1.0);
        let mut commands = Commands::timed(&self.gpu, "iteration", &mut timer).in_pieces(num_pieces);
        self.record(&mut commands, memory, &iteration, LossSlot { losses: &losses, index: 0 })?;
        commands.into_parts().submit_all()?;
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
        self.collect_all()?;
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
