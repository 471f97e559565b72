//! The order of the kernels: a scene on the GPU, and the pictures that cameras take of it.
//!
//! ```text
//! project ─► sort by depth ─► count ─► scan ─► emit ─► sort by tile ─► ranges ─► rasterize
//! gradients ◄─ project_backward, sh_backward ◄─ gather ◄─ rasterize_backward ◄─ totals ◄─ cotangents of the pictures
//! ```
//!
//! Counts stay on the GPU. Only when pictures are read back does the host learn how many instances there were; where
//! they did not fit, buffers grow and the frame is drawn again before anyone sees it.

use crate::camera::{Camera, RenderOptions};
use crate::constants::TILE_SIZE;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, KernelTime, Profile, layout};
use crate::image::Image;
use crate::kernels::{
    Bin, BinArgs, Pairs, Project, ProjectArgs, ProjectBackward, ProjectBackwardArgs, Rasterize, RasterizeArgs,
    RasterizeBackward, RasterizeBackwardArgs, Scan, ScanPlan, Sort, SortPlan,
};
use crate::scene::{NAMES, Params, Scene};

/// A scene in the memory of the device.
#[derive(Debug)]
pub struct GpuScene {
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
    /// [`GpuError`] when there is no memory.
    pub fn upload(gpu: &Gpu, scene: &Scene) -> Result<Self, GpuError> {
        let upload = |(name, values): (&str, &Vec<f32>)| gpu.upload(&format!("params.{name}"), values);
        Ok(Self {
            params: NAMES.zip(scene.params.as_ref()).map(upload).transpose()?,
            num_convexes: small(scene.len()),
            points_per_convex: small(scene.points_per_convex),
            sh_degree: small(scene.sh_degree),
        })
    }
}

/// Counts fit 32 bits because the buffers that hold them do.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
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

/// Cotangents of the pictures of a frame, on the device.
#[derive(Debug)]
pub struct PictureCotangents {
    /// `[H, W, 4]`
    pub rgba: Buffer<[f32; 4]>,
    /// `[H, W]`
    pub depth: Buffer<f32>,
}

/// Renders scenes of one number of points per convex.
#[derive(Debug)]
pub struct Renderer {
    gpu: Gpu,
    points_per_convex: u32,
    project: Project,
    bin: Bin,
    rasterize: Rasterize,
    scan: Scan,
    sort: Sort,
    memory: Option<Memory>,
}

/// Instances per convex that buffers are first made for.
const FIRST_INSTANCES_PER_CONVEX: u32 = 4;

impl Renderer {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: gpu.clone(),
            points_per_convex,
            project: Project::new(gpu, points_per_convex)?,
            bin: Bin::new(gpu, points_per_convex)?,
            rasterize: Rasterize::new(gpu, points_per_convex)?,
            scan: Scan::new(gpu)?,
            sort: Sort::new(gpu)?,
            memory: None,
        })
    }

    /// Renders a frame and reads it back. `inspect` asks for the heaviest contributor and the number of contributors of
    /// every pixel.
    ///
    /// # Errors
    /// [`GpuError`] when the device was lost or has no memory for the frame.
    ///
    /// # Panics
    /// When the scene has another number of points per convex than the renderer: a bug of the caller.
    pub fn render(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        inspect: bool,
    ) -> Result<Pictures, GpuError> {
        let frame = self.forward(scene, camera, options, inspect)?;
        let pictures = frame.read(&self.gpu)?;
        self.recycle(frame);
        Ok(pictures)
    }

    /// Draws a frame. It stays on the device; give it back with [`Self::recycle`] so that the next one needs no memory.
    ///
    /// # Errors
    /// As [`Self::render`].
    ///
    /// # Panics
    /// As [`Self::render`].
    pub fn forward(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        inspect: bool,
    ) -> Result<Frame, GpuError> {
        assert_eq!(scene.points_per_convex, self.points_per_convex, "a renderer is made for one number of points");
        let mut shape = Shape::of(scene, camera, inspect);
        loop {
            let memory = self.memory_for(shape)?;
            memory.camera.write(&self.gpu, 0, &[layout_camera(scene, camera, options, memory.shape)]);
            let mut commands = Commands::new(&self.gpu, "frame");
            self.record(&mut commands, scene, &memory)?;
            commands.submit();
            let num_instances = memory.slot_scan.total().buffer.read(&self.gpu)?[0];
            if num_instances <= memory.shape.max_instances {
                return Ok(Frame { memory, num_instances, size: [camera.width, camera.height] });
            }
            // A quarter more, so that a moving camera does not grow the buffers on every frame.
            shape.max_instances = num_instances.saturating_add(num_instances / 4);
        }
    }

    /// Draws a frame once more into its own memory, and says how long each kernel took; `None` where the device has no
    /// timestamps.
    ///
    /// # Errors
    /// [`GpuError`] when the device was lost.
    pub fn profile(&self, scene: &GpuScene, frame: &Frame) -> Result<Option<Vec<KernelTime>>, GpuError> {
        let Some(mut profile) = Profile::new(&self.gpu) else { return Ok(None) };
        let mut commands = Commands::profiled(&self.gpu, "frame", &mut profile);
        self.record(&mut commands, scene, &frame.memory)?;
        commands.submit();
        profile.read(&self.gpu).map(Some)
    }

    /// Takes back the memory of a frame that is no longer needed.
    pub fn recycle(&mut self, frame: Frame) {
        self.memory = Some(frame.memory);
    }

    /// The memory of the last frame where it is large enough.
    fn memory_for(&mut self, shape: Shape) -> Result<Memory, GpuError> {
        match self.memory.take() {
            Some(memory) if memory.shape.holds(shape) => Ok(memory),
            _ => Memory::new(self, shape),
        }
    }

    fn record(&self, commands: &mut Commands<'_>, scene: &GpuScene, memory: &Memory) -> Result<(), GpuError> {
        let Memory { camera, projected, by_depth, by_depth_scratch, first_slot_from_rank, .. } = memory;
        let project = ProjectArgs {
            camera,
            params: &scene.params,
            num_convexes: scene.num_convexes,
            projected,
            depth_keys: &by_depth.keys,
            convex_from_rank: &by_depth.values,
        };
        self.project.record(commands, project)?;
        let count = &memory.num_convexes;
        self.sort.record(commands, &memory.depth_sort, count, by_depth, by_depth_scratch)?;
        let bin = memory.bin_args();
        self.bin.count(commands, bin)?;
        self.scan.record(commands, &memory.slot_scan, count, first_slot_from_rank)?;
        self.bin.emit(commands, bin, &memory.instances, &memory.convex_from_slot)?;
        let num_instances = memory.slot_scan.total().buffer;
        let (instances, scratch) = (&memory.instances, &memory.instances_scratch);
        self.sort.record(commands, &memory.tile_sort, num_instances, instances, scratch)?;
        let tile_keys = &memory.by_tile().keys;
        self.bin.ranges(commands, camera, num_instances, tile_keys, &memory.first_instance_from_tile)?;
        self.rasterize.record(commands, memory.rasterize_args())
    }
}

/// A frame that was drawn, on the device, with all that the way back needs.
#[derive(Debug)]
pub struct Frame {
    memory: Memory,
    num_instances: u32,
    size: [u32; 2],
}

impl Frame {
    /// Pairs of a convex and a tile that it can touch.
    #[must_use]
    pub const fn num_instances(&self) -> u32 {
        self.num_instances
    }

    /// Copies the pictures to the host.
    ///
    /// # Errors
    /// [`GpuError`] when the device was lost.
    pub fn read(&self, gpu: &Gpu) -> Result<Pictures, GpuError> {
        let inspection = self.memory.inspection.as_ref();
        Ok(Pictures {
            width: self.size[0] as usize,
            height: self.size[1] as usize,
            rgba: self.memory.rgba.read(gpu)?,
            depth: self.memory.depth.read(gpu)?,
            inspection: inspection.map(|inspection| inspection.read(gpu)).transpose()?,
            num_instances: self.num_instances,
        })
    }
}

/// Differentiates what a [`Renderer`] draws.
#[derive(Debug)]
pub struct Differentiator {
    gpu: Gpu,
    rasterize: RasterizeBackward,
    project: ProjectBackward,
}

impl Differentiator {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: gpu.clone(),
            rasterize: RasterizeBackward::new(gpu, points_per_convex)?,
            project: ProjectBackward::new(gpu, points_per_convex)?,
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
        let memory = BackwardMemory::new(&self.gpu, scene, frame)?;
        let mut commands = Commands::new(&self.gpu, "backward");
        self.record(&mut commands, scene, frame, v, &memory)?;
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
        let memory = BackwardMemory::new(&self.gpu, scene, frame)?;
        let mut commands = Commands::profiled(&self.gpu, "backward", &mut profile);
        self.record(&mut commands, scene, frame, v, &memory)?;
        commands.submit();
        profile.read(&self.gpu).map(Some)
    }

    fn record(
        &self,
        commands: &mut Commands<'_>,
        scene: &GpuScene,
        frame: &Frame,
        v: &PictureCotangents,
        memory: &BackwardMemory,
    ) -> Result<(), GpuError> {
        let rasterize = RasterizeBackwardArgs {
            forward: frame.memory.rasterize_args(),
            v_rgba: &v.rgba,
            v_depth: &v.depth,
            totals: &memory.totals,
            v_instances: &memory.v_instances,
        };
        self.rasterize.record(commands, rasterize)?;
        let bin = frame.memory.bin_args();
        let project = ProjectBackwardArgs {
            camera: bin.camera,
            params: &scene.params,
            num_convexes: scene.num_convexes,
            projected: bin.projected,
            convex_from_rank: bin.convex_from_rank,
            first_slot_from_rank: bin.first_slot_from_rank,
            v_instances: &memory.v_instances,
            v_projected: &memory.v_projected,
            gradients: &memory.gradients,
        };
        self.project.record(commands, project)
    }
}

/// Buffers of the way back.
#[derive(Debug)]
struct BackwardMemory {
    totals: Buffer<f32>,
    v_instances: Buffer<f32>,
    v_projected: Buffer<f32>,
    gradients: Params<Buffer<f32>>,
}

impl BackwardMemory {
    fn new(gpu: &Gpu, scene: &GpuScene, frame: &Frame) -> Result<Self, GpuError> {
        let points = scene.points_per_convex;
        let per_instance = RasterizeBackward::cotangents_per_instance(points);
        let per_convex = ProjectBackward::cotangents_per_convex(points);
        let zeros = |(name, values): (&str, &Buffer<f32>)| gpu.zeros(&format!("v_{name}"), values.len());
        Ok(Self {
            totals: gpu.zeros("totals", frame.memory.shape.num_pixels)?,
            v_instances: gpu.zeros("v_instances", u64::from(frame.num_instances) * per_instance)?,
            v_projected: gpu.zeros("v_projected", u64::from(scene.num_convexes) * per_convex)?,
            gradients: NAMES.zip(scene.params.as_ref()).map(zeros).transpose()?,
        })
    }
}

/// What the size of the buffers depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    num_convexes: u32,
    num_pixels: u64,
    num_tiles: [u32; 2],
    max_instances: u32,
    inspect: bool,
}

impl Shape {
    fn of(scene: &GpuScene, camera: &Camera, inspect: bool) -> Self {
        Self {
            num_convexes: scene.num_convexes,
            num_pixels: u64::from(camera.width) * u64::from(camera.height),
            num_tiles: [camera.width.div_ceil(TILE_SIZE), camera.height.div_ceil(TILE_SIZE)],
            max_instances: scene.num_convexes.saturating_mul(FIRST_INSTANCES_PER_CONVEX).max(1 << 10),
            inspect,
        }
    }

    /// Whether buffers of this shape serve for another.
    fn holds(self, other: Self) -> bool {
        self.max_instances >= other.max_instances && Self { max_instances: self.max_instances, ..other } == self
    }

    fn tile_bits(self) -> u32 {
        // The key behind all tiles is one that is never drawn.
        u32::BITS - (self.num_tiles[0] * self.num_tiles[1]).leading_zeros()
    }
}

/// Buffers of a frame.
#[derive(Debug)]
struct Memory {
    shape: Shape,
    camera: Buffer<layout::Camera>,
    num_convexes: Buffer<u32>,
    projected: Buffer<u32>,
    by_depth: Pairs,
    by_depth_scratch: Pairs,
    depth_sort: SortPlan,
    first_slot_from_rank: Buffer<u32>,
    slot_scan: ScanPlan,
    instances: Pairs,
    instances_scratch: Pairs,
    convex_from_slot: Buffer<u32>,
    tile_sort: SortPlan,
    first_instance_from_tile: Buffer<u32>,
    rgba: Buffer<[f32; 4]>,
    depth: Buffer<f32>,
    inspection: Option<Buffer<[u32; 2]>>,
}

impl Memory {
    fn new(renderer: &Renderer, shape: Shape) -> Result<Self, GpuError> {
        let Renderer { gpu, project, scan, sort, .. } = renderer;
        let (num_convexes, max_instances) = (shape.num_convexes, shape.max_instances);
        let num_tiles = shape.num_tiles[0] * shape.num_tiles[1];
        Ok(Self {
            shape,
            camera: gpu.uniform("camera", &layout::Camera::default())?,
            num_convexes: gpu.upload("num_convexes", &[num_convexes])?,
            // A binding shows at least one.
            projected: gpu.zeros("projected", u64::from(num_convexes.max(1)) * project.words_per_convex())?,
            by_depth: Pairs::zeros(gpu, "by_depth", num_convexes)?,
            by_depth_scratch: Pairs::zeros(gpu, "by_depth.scratch", num_convexes)?,
            depth_sort: sort.plan(gpu, num_convexes, u32::BITS, 0)?,
            first_slot_from_rank: gpu.zeros("first_slot_from_rank", num_convexes.into())?,
            slot_scan: scan.plan(gpu, num_convexes, 0)?,
            instances: Pairs::zeros(gpu, "instances", max_instances)?,
            instances_scratch: Pairs::zeros(gpu, "instances.scratch", max_instances)?,
            convex_from_slot: gpu.zeros("convex_from_slot", max_instances.into())?,
            tile_sort: sort.plan(gpu, max_instances, shape.tile_bits(), 0)?,
            first_instance_from_tile: gpu.zeros("first_instance_from_tile", u64::from(num_tiles) + 1)?,
            rgba: gpu.zeros("rgba", shape.num_pixels)?,
            depth: gpu.zeros("depth", shape.num_pixels)?,
            inspection: shape.inspect.then(|| gpu.zeros("inspection", shape.num_pixels)).transpose()?,
        })
    }

    /// Convexes in the order of depth; valid after the sort.
    fn ranked(&self) -> &Pairs {
        self.depth_sort.result(&self.by_depth, &self.by_depth_scratch)
    }

    /// Instances in the order of tiles; valid after the sort.
    fn by_tile(&self) -> &Pairs {
        self.tile_sort.result(&self.instances, &self.instances_scratch)
    }

    fn bin_args(&self) -> BinArgs<'_> {
        BinArgs {
            camera: &self.camera,
            num_convexes: self.shape.num_convexes,
            projected: &self.projected,
            convex_from_rank: &self.ranked().values,
            first_slot_from_rank: &self.first_slot_from_rank,
        }
    }

    fn rasterize_args(&self) -> RasterizeArgs<'_> {
        RasterizeArgs {
            camera: &self.camera,
            num_tiles: self.shape.num_tiles,
            projected: &self.projected,
            convex_from_slot: &self.convex_from_slot,
            slots: &self.by_tile().values,
            first_instance_from_tile: &self.first_instance_from_tile,
            rgba: &self.rgba,
            depth: &self.depth,
            inspection: self.inspection.as_ref(),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
fn layout_camera(scene: &GpuScene, camera: &Camera, options: &RenderOptions, shape: Shape) -> layout::Camera {
    let rows = camera.view_from_world.matrix3.transpose().to_cols_array_2d();
    let row = |i: usize| {
        let [x, y, z] = rows[i].map(|value| value as f32);
        [x, y, z, camera.view_from_world.translation[i] as f32]
    };
    let position = camera.position().as_vec3();
    let [red, green, blue] = options.background;
    layout::Camera {
        view_from_world: [row(0), row(1), row(2)],
        position_near: [position.x, position.y, position.z, options.near.max(0.0) as f32],
        background: [red, green, blue, 0.0],
        focal: [camera.intrinsics.fx as f32, camera.intrinsics.fy as f32],
        principal: [camera.intrinsics.cx as f32, camera.intrinsics.cy as f32],
        size: [camera.width, camera.height],
        num_tiles: shape.num_tiles,
        num_convexes: scene.num_convexes,
        sh_degree: scene.sh_degree,
        max_instances: shape.max_instances,
        padding: 0,
    }
}
