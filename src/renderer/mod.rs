//! The order of the kernels: a scene on the GPU, and the pictures that cameras take of it.
//!
//! ```text
//! project ─► tiles ─► sort by depth ─► count ─► scan ─► emit ─► sort by tile ─► ranges ─► rasterize
//! gradients ◄─ project_backward ◄─ sh_backward ◄─ gather ◄─ rasterize_backward ◄─ totals ◄─ cotangents of the pictures
//! ```
//!
//! Counts stay on the GPU: a frame is recorded without knowing them. Instances that do not fit the buffers are not admitted,
//! and a status says so; the host, which reads it later, makes the buffers larger and draws the frame again before it is shown.

mod backward;
mod frame;
mod pending;
mod statistics;
mod view;

pub use backward::{BackwardMemory, Differentiator, PictureCotangents};
pub use frame::{Costs, FrameBuffers, FrameMemory, FrameShape, RenderedFrame};
pub use pending::PendingFrame;
pub use statistics::{Statistics, TileLists};
pub use view::ViewUniforms;

use frame::PlanningKernels;

use web_time::{Duration, Instant};

use glam::DVec3;

use crate::camera::{Camera, RenderOptions};
use crate::gpu::{Buffer, CommandParts, Commands, Gpu, GpuError, KernelTime, KernelTimer, Pace, waiting};
use crate::image::Image;
use crate::kernels::{
    AdmitInstances, CountInstances, CountPairs, CountTiles, CountTilesArgs, CountVisible, EmitInstances, Normals,
    Project, Rasterize, Scan, Shares, Sort, TileRanges,
};
use crate::real::to_u32;
use crate::scene::{NAMES, Params, Scene};

/// A scene in the memory of the device.
#[derive(Debug)]
pub struct GpuScene {
    /// World position that the points are relative to.
    pub origin: DVec3,
    /// Rows of every parameter.
    pub params: Params<Buffer<f32>>,
    /// Number of convexes.
    pub num_convexes: u32,
    /// K.
    pub points_per_convex: u32,
    /// Degree of the spherical harmonics in use.
    pub sh_degree: u32,
}

impl GpuScene {
    /// Copies a scene to the device.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn upload(gpu: &Gpu, scene: &Scene) -> Result<Self, GpuError> {
        let upload = |(name, values): (&str, &Vec<f32>)| gpu.upload(&format!("params.{name}"), values);
        Ok(Self {
            origin: scene.origin,
            params: NAMES.zip(scene.params.as_ref()).map(upload).transpose()?,
            num_convexes: to_u32(scene.len()),
            points_per_convex: to_u32(scene.points_per_convex),
            sh_degree: to_u32(scene.sh_degree),
        })
    }
}

/// Pictures that are made besides colour and depth; none if nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outputs {
    /// The heaviest contributor and the number of contributors of every pixel.
    pub inspection: bool,
    /// Normals of the surface that the depth shows.
    pub normals: bool,
}

impl Outputs {
    /// The pictures that either includes.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self { inspection: self.inspection || other.inspection, normals: self.normals || other.normals }
    }
}

/// Pictures of one frame, on the host. All are row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// sRGB over the background and `1 − T`, `[H, W, 4]`.
    pub rgba: Vec<[f32; 4]>,
    /// `Σ T·alpha·z`, `[H, W]`, world units.
    pub depth: Vec<f32>,
    /// `[H, W, 2]` where asked for: id of the heaviest contributor (`u32::MAX` if none) and number of contributors.
    pub inspection: Option<Vec<[u32; 2]>>,
    /// `[H, W, 3]` where asked for: unit normals of the surface that `depth / alpha` spans between the neighbours of a
    /// pixel, world axes, towards the camera. Zero where the pixel or a neighbour is missing or has alpha below
    /// [`NORMAL_ALPHA_MIN`](crate::constants::NORMAL_ALPHA_MIN).
    pub normals: Option<Vec<[f32; 3]>>,
    /// Pairs of a convex and a tile that it can touch.
    pub num_instances: u32,
}

impl Pictures {
    /// The colours alone.
    #[must_use]
    pub fn image(&self) -> Image {
        let data = self.rgba.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        Image::new(self.width, self.height, data)
    }
}

/// Renders scenes of one number of points per convex.
#[derive(Debug)]
pub struct Renderer {
    gpu: Gpu,
    points_per_convex: u32,
    project: Project,
    count_tiles: CountTiles,
    count_instances: CountInstances,
    admit_instances: AdmitInstances,
    emit_instances: EmitInstances,
    tile_ranges: TileRanges,
    rasterize: Rasterize,
    normals: Normals,
    scan: Scan,
    sort: Sort,
    /// Compiled at its first use.
    count_pairs: Option<CountPairs>,
    /// Compiled at its first use.
    count_visible: Option<CountVisible>,
    /// Compiled at its first use.
    shares: Option<Shares>,
    memory: Option<FrameMemory>,
    /// The time of a unit of [`Self::work`].
    pace: Pace,
    /// The end of the last frame that was waited for.
    last_end: Option<Instant>,
}

/// The pixels that a convex is assumed to cost as much as, where the time of one frame is known and that of another is not.
/// Measured on a software device.
const PIXELS_PER_CONVEX: f64 = 4.0;

/// The time for which a part of a frame is waited for before a stop is asked about.
const PATIENCE: Duration = Duration::from_millis(50);

impl Renderer {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when one does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: gpu.clone(),
            points_per_convex,
            project: Project::new(gpu, points_per_convex)?,
            count_tiles: CountTiles::new(gpu, points_per_convex)?,
            count_instances: CountInstances::new(gpu, points_per_convex)?,
            admit_instances: AdmitInstances::new(gpu)?,
            emit_instances: EmitInstances::new(gpu, points_per_convex)?,
            tile_ranges: TileRanges::new(gpu)?,
            rasterize: Rasterize::new(gpu, points_per_convex)?,
            normals: Normals::new(gpu)?,
            scan: Scan::new(gpu)?,
            sort: Sort::new(gpu)?,
            count_pairs: None,
            count_visible: None,
            shares: None,
            memory: None,
            pace: Pace::new(gpu),
            last_end: None,
        })
    }

    /// Renders a frame and reads it back.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory for the frame.
    ///
    /// # Panics
    /// When the scene has another number of points per convex than the renderer: a bug of the caller.
    pub fn render(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        outputs: Outputs,
    ) -> Result<Pictures, GpuError> {
        let frame = self.forward(scene, camera, options, outputs)?;
        let pictures = frame.read(&self.gpu)?;
        self.recycle(frame);
        Ok(pictures)
    }

    /// The same as [`Self::render`], but gives up between two parts of the frame when `is_stopped` says so; `None` then.
    ///
    /// # Errors
    /// The same as [`Self::render`].
    ///
    /// # Panics
    /// The same as [`Self::render`].
    pub fn render_unless(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        is_stopped: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Pictures>, GpuError> {
        let shape = self.shape(scene, camera);
        let drawing = self.draw(scene, camera, options, shape, is_stopped);
        let Some(frame) = waiting::block_on(drawing)? else { return Ok(None) };
        let pictures = frame.read(&self.gpu)?;
        self.recycle(frame);
        Ok(Some(pictures))
    }

    /// Draws a frame, however many instances it has. It stays on the device; give it back with [`Self::recycle`] so that
    /// the next one needs no memory.
    ///
    /// # Errors
    /// The same as [`Self::render`].
    ///
    /// # Panics
    /// The same as [`Self::render`].
    pub fn forward(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        outputs: Outputs,
    ) -> Result<RenderedFrame, GpuError> {
        waiting::block_on(self.drawn(scene, camera, options, outputs))
    }

    /// The same as [`Self::forward`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::render`].
    ///
    /// # Panics
    /// The same as [`Self::render`].
    pub async fn drawn(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        outputs: Outputs,
    ) -> Result<RenderedFrame, GpuError> {
        let shape = self.shape(scene, camera).with_outputs(outputs);
        self.draw_whole(scene, camera, options, shape).await
    }

    /// Draws a frame with memory of this shape or more.
    async fn draw_whole(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        shape: FrameShape,
    ) -> Result<RenderedFrame, GpuError> {
        let frame = self.draw(scene, camera, options, shape, &mut || false).await?;
        frame.ok_or_else(|| GpuError::Refused("a frame was given up that nobody stopped".to_owned()))
    }

    /// Draws a frame with memory of this shape or more; `None` where it was stopped.
    async fn draw(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        mut shape: FrameShape,
        is_stopped: &mut dyn FnMut() -> bool,
    ) -> Result<Option<RenderedFrame>, GpuError> {
        loop {
            let begin = Instant::now();
            let (memory, mut parts) = self.parts(scene, camera, options, shape)?;
            while !parts.submit_until(Instant::now() + PATIENCE)? {
                if is_stopped() {
                    parts.abandon();
                    self.memory = Some(memory);
                    return Ok(None);
                }
            }
            let status = memory.status.read_later(&self.gpu)?.arrived(&self.gpu).await?;
            let status = status.first().copied().unwrap_or_default();
            self.measure(shape, begin);
            if status.has_overflowed == 0 {
                let num_instances = status.needed_instances;
                return Ok(Some(RenderedFrame { memory, camera: *camera, options: *options, num_instances }));
            }
            shape = shape.with_instances(status.needed_instances);
        }
    }

    /// Submits a frame, with memory of this shape or more, and returns the memory that it is drawn in.
    fn submit(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        shape: FrameShape,
    ) -> Result<FrameMemory, GpuError> {
        let (memory, mut parts) = self.parts(scene, camera, options, shape)?;
        parts.submit_all()?;
        Ok(memory)
    }

    /// Records a frame in memory of this shape or more, cut into parts where it takes long.
    fn parts(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        shape: FrameShape,
    ) -> Result<(FrameMemory, CommandParts), GpuError> {
        let memory = self.memory_for(shape)?;
        let mut commands = Commands::new(&self.gpu, "frame").in_pieces(self.num_pieces(&shape));
        memory.clear_status(&mut commands);
        let view = memory.view(&mut commands, scene, camera, options)?;
        self.record(&mut commands, scene, &view)?;
        Ok((memory, commands.into_parts()))
    }

    /// The number of pieces that a frame is cut into, by the time of the last one: 1 where a single submission does not take long.
    #[must_use]
    pub fn num_pieces(&self, shape: &FrameShape) -> u32 {
        self.pace.num_pieces(Self::work(shape))
    }

    /// Takes another limit of the time of everything under way; zero cuts every frame as finely as can be. Only for tests.
    #[doc(hidden)]
    pub fn set_pace(&mut self, limit: Duration) {
        self.pace = Pace::with_limit(limit);
    }

    /// The work of a frame, in pixels.
    fn work(shape: &FrameShape) -> f64 {
        shape.num_pixels as f64 + PIXELS_PER_CONVEX * f64::from(shape.num_convexes)
    }

    /// Takes in the time of a frame that was submitted then and is done now; the device may have had another one before.
    fn measure(&mut self, shape: FrameShape, submitted: Instant) {
        let now = Instant::now();
        let begin = self.last_end.map_or(submitted, |end| end.max(submitted));
        self.pace.add(Self::work(&shape), now.saturating_duration_since(begin));
        self.last_end = Some(now);
    }

    /// Draws a frame once more into its own memory, and says how long each kernel took; `None` where the device has no
    /// timestamps.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn profile(&self, scene: &GpuScene, frame: &RenderedFrame) -> Result<Option<Vec<KernelTime>>, GpuError> {
        let Some(mut timer) = KernelTimer::new(&self.gpu) else { return Ok(None) };
        let num_pieces = self.num_pieces(frame.memory.shape());
        let mut commands = Commands::timed(&self.gpu, "frame", &mut timer).in_pieces(num_pieces);
        let view = frame.view(&mut commands, scene)?;
        self.record(&mut commands, scene, &view)?;
        commands.into_parts().submit_all()?;
        timer.read(&self.gpu).map(Some)
    }

    /// Takes back the memory of a frame that is no longer needed.
    pub fn recycle(&mut self, frame: RenderedFrame) {
        self.memory = Some(frame.memory);
    }

    /// The shape of a frame of a scene as one camera sees it; how many instances there will be is a guess.
    #[must_use]
    pub fn shape(&self, scene: &GpuScene, camera: &Camera) -> FrameShape {
        FrameShape::of(&self.gpu, scene, camera, self.project.words_per_convex())
    }

    /// Memory for frames of up to a shape.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is not enough.
    pub fn memory(&self, shape: FrameShape) -> Result<FrameMemory, GpuError> {
        let kernels = PlanningKernels { project: &self.project, scan: &self.scan, sort: &self.sort };
        FrameMemory::new(&self.gpu, kernels, shape)
    }

    /// Most convexes that a frame can have, whatever memory there is: some kernels bind all of them at once.
    #[must_use]
    pub fn most_convexes(&self) -> u32 {
        self.project.most_convexes(&self.gpu)
    }

    /// The memory of a frame on the device.
    #[must_use]
    pub fn costs(&self) -> Costs {
        FrameMemory::costs(self.project.words_per_convex())
    }

    /// The memory of the last frame where it is large enough.
    fn memory_for(&mut self, shape: FrameShape) -> Result<FrameMemory, GpuError> {
        match self.memory.take() {
            Some(memory) if memory.shape.holds(shape) => Ok(memory),
            // The old memory is free before more is asked for.
            _ => self.memory(shape),
        }
    }

    /// Records a frame in the memory of the view.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is longer than a binding and cannot be split.
    ///
    /// # Panics
    /// When the scene has another number of points per convex than the renderer: a bug of the caller.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        scene: &GpuScene,
        view: &ViewUniforms<'_>,
    ) -> Result<(), GpuError> {
        assert_eq!(scene.points_per_convex, self.points_per_convex, "a renderer is made for one number of points");
        let memory = view.memory;
        memory.set_num_convexes(&self.gpu, scene.num_convexes);
        for window in &view.convexes {
            self.project.record(commands, memory.project_args(scene, view, window))?;
        }
        let (camera, num_convexes) = (&view.whole, scene.num_convexes);
        let (projected, by_depth) = (&memory.projected, &memory.by_depth);
        self.count_tiles.record(commands, CountTilesArgs { camera, num_convexes, projected, by_depth })?;
        commands.border();
        let (count, slots) = (&memory.num_convexes, &memory.first_slot_from_rank);
        self.sort.record(commands, &memory.depth_sort, count, by_depth, &memory.by_depth_scratch)?;
        let convexes = memory.ranked_convexes(view, num_convexes);
        self.count_instances.record(commands, convexes)?;
        self.scan.record(commands, &memory.slot_scan, count, slots)?;
        let (total, num_instances) = (memory.slot_scan.total().buffer, &memory.num_instances);
        self.admit_instances.record(commands, camera, total, num_instances, &memory.status)?;
        self.emit_instances.record(commands, convexes, &memory.instances, &memory.convex_from_slot)?;
        commands.border();
        let (instances, scratch) = (&memory.instances, &memory.instances_scratch);
        self.sort.record(commands, &memory.tile_sort, num_instances, instances, scratch)?;
        let (tile_keys, tiles) = (&memory.by_tile().keys, &memory.first_instance_from_tile);
        self.tile_ranges.record(commands, camera, num_instances, tile_keys, tiles)?;
        commands.border();
        for band in &view.bands {
            self.rasterize.record(commands, memory.rasterize_args(), band.args(&band.camera))?;
            commands.border();
        }
        if let Some(normals) = &memory.pixels.normals {
            for bands in view.with_neighbours() {
                self.normals.record(commands, &memory.pixels, bands, normals)?;
                commands.border();
            }
        }
        Ok(())
    }
}
