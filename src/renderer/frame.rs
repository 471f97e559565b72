//! The memory of a frame.

use std::sync::atomic::{AtomicU32, Ordering};

use super::view::{ItemWindow, ViewUniforms};
use super::{GpuScene, Outputs, Pictures};
use crate::camera::{Camera, RenderOptions};
use crate::constants::{TILE_SIZE, WINDOW_UNIT};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, waiting};
use crate::kernels::{
    Pairs, PixelBuffers, Project, ProjectArgs, ProjectedBuffers, RankedConvexes, RasterizeArgs, Scan, ScanPlan, Sort,
    SortPlan, Status, cotangents_per_instance,
};
use crate::scene::row_widths;

/// The numbers that the sizes of the buffers of a frame depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameShape {
    /// Most convexes.
    pub num_convexes: u32,
    /// Most pixels of a picture.
    pub num_pixels: u64,
    /// Most tiles of a picture.
    pub num_tiles: u32,
    /// Most pairs of a convex and a tile.
    pub max_instances: u32,
    /// Pictures besides colour and depth.
    pub outputs: Outputs,
    pub(super) convexes_per_window: u64,
    pub(super) slots_per_window: u64,
}

/// Instances per convex that buffers are first made for.
const FIRST_INSTANCES_PER_CONVEX: u32 = 4;

impl FrameShape {
    /// The shape of a frame of a scene as one camera sees it; how many instances there will be is a guess.
    ///
    /// * `words_per_projected` — the size of a projected convex
    pub(super) fn of(gpu: &Gpu, scene: &GpuScene, camera: &Camera, words_per_projected: u64) -> Self {
        let num_tiles = camera.width.div_ceil(TILE_SIZE) * camera.height.div_ceil(TILE_SIZE);
        let unit = u64::from(WINDOW_UNIT);
        let per_window = |words: u64| (gpu.binding_elements::<f32>() / words / unit).max(1) * unit;
        let widths = row_widths(scene.points_per_convex as usize).into_array();
        let widest = widths.into_iter().fold(words_per_projected, |widest, width| widest.max(width as u64));
        Self {
            num_convexes: scene.num_convexes,
            num_pixels: u64::from(camera.width) * u64::from(camera.height),
            num_tiles,
            max_instances: scene.num_convexes.saturating_mul(FIRST_INSTANCES_PER_CONVEX).max(1 << 10),
            outputs: Outputs::default(),
            convexes_per_window: per_window(widest),
            slots_per_window: per_window(cotangents_per_instance(scene.points_per_convex)),
        }
    }

    /// The same with other pictures besides colour and depth.
    #[must_use]
    pub fn with_outputs(self, outputs: Outputs) -> Self {
        Self { outputs, ..self }
    }

    /// The smallest shape that holds both.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            num_convexes: self.num_convexes.max(other.num_convexes),
            num_pixels: self.num_pixels.max(other.num_pixels),
            num_tiles: self.num_tiles.max(other.num_tiles),
            max_instances: self.max_instances.max(other.max_instances),
            outputs: self.outputs.or(other.outputs),
            ..self
        }
    }

    /// The same for another number of convexes.
    #[must_use]
    pub fn with_convexes(self, num_convexes: u32) -> Self {
        Self { num_convexes, ..self }
    }

    /// The same for so many instances and a quarter more, so that a moving camera does not grow the buffers on every frame.
    #[must_use]
    pub fn with_instances(self, needed: u32) -> Self {
        Self { max_instances: needed.saturating_add(needed / 4), ..self }
    }

    /// Whether buffers of this shape serve for another.
    pub(super) fn holds(self, other: Self) -> bool {
        self.outputs == other.outputs && self.max(other) == self
    }

    fn tile_bits(self) -> u32 {
        // The key behind all tiles is one that is never drawn.
        u32::BITS - self.num_tiles.leading_zeros()
    }
}

/// Memory of things on the device, bytes. Memory that does not grow is left out: it is little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs {
    /// A convex.
    pub convex: u64,
    /// A pair of a convex and a tile that it can touch.
    pub instance: u64,
    /// A pixel of a picture.
    pub pixel: u64,
}

impl std::ops::Add for Costs {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            convex: self.convex + other.convex,
            instance: self.instance + other.instance,
            pixel: self.pixel + other.pixel,
        }
    }
}

/// Bytes of a word.
const WORD: u64 = 4;

/// Bytes of a key and a value, before a sort and after.
const SORTED_PAIR: u64 = 4 * WORD;

/// The kernels that know how much memory they need.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlanningKernels<'a> {
    pub(super) project: &'a Project,
    pub(super) scan: &'a Scan,
    pub(super) sort: &'a Sort,
}

/// Buffers that frames are drawn in, one after another.
#[derive(Debug)]
pub struct FrameMemory {
    pub(super) shape: FrameShape,
    /// Whether everything fitted, for the host to read later.
    pub(super) status: Buffer<Status>,
    pub(super) num_convexes: Buffer<u32>,
    /// The number that `num_convexes` holds.
    written_convexes: AtomicU32,
    pub(super) projected: ProjectedBuffers,
    pub(super) by_depth: Pairs,
    pub(super) by_depth_scratch: Pairs,
    pub(super) depth_sort: SortPlan,
    pub(super) first_slot_from_rank: Buffer<u32>,
    pub(super) slot_scan: ScanPlan,
    pub(super) num_instances: Buffer<u32>,
    pub(super) instances: Pairs,
    pub(super) instances_scratch: Pairs,
    pub(super) convex_from_slot: Buffer<u32>,
    pub(super) tile_sort: SortPlan,
    pub(super) first_instance_from_tile: Buffer<u32>,
    pub(super) pixels: PixelBuffers,
}

impl FrameMemory {
    pub(super) fn new(gpu: &Gpu, kernels: PlanningKernels<'_>, shape: FrameShape) -> Result<Self, GpuError> {
        let PlanningKernels { project, scan, sort } = kernels;
        let FrameShape { num_convexes, max_instances, num_pixels, .. } = shape;
        Ok(Self {
            shape,
            status: gpu.zeros("status", 1)?,
            num_convexes: gpu.zeros("num_convexes", 1)?,
            written_convexes: AtomicU32::new(0),
            projected: project.buffers(gpu, num_convexes)?,
            by_depth: Pairs::zeros(gpu, "by_depth", num_convexes)?,
            by_depth_scratch: Pairs::zeros(gpu, "by_depth.scratch", num_convexes)?,
            depth_sort: sort.plan(gpu, num_convexes, u32::BITS, 0)?,
            first_slot_from_rank: gpu.zeros("first_slot_from_rank", num_convexes.into())?,
            slot_scan: scan.plan(gpu, num_convexes, 0)?,
            num_instances: gpu.zeros("num_instances", 1)?,
            instances: Pairs::zeros(gpu, "instances", max_instances)?,
            instances_scratch: Pairs::zeros(gpu, "instances.scratch", max_instances)?,
            convex_from_slot: gpu.zeros("convex_from_slot", max_instances.into())?,
            tile_sort: sort.plan(gpu, max_instances, shape.tile_bits(), 0)?,
            first_instance_from_tile: gpu.zeros("first_instance_from_tile", u64::from(shape.num_tiles) + 1)?,
            pixels: PixelBuffers {
                rgba: gpu.zeros("rgba", num_pixels)?,
                depth: gpu.zeros("depth", num_pixels)?,
                inspection: shape.outputs.inspection.then(|| gpu.zeros("inspection", num_pixels)).transpose()?,
                normals: shape.outputs.normals.then(|| gpu.zeros("normals", num_pixels * 3)).transpose()?,
            },
        })
    }

    /// The memory of a frame.
    pub(super) const fn costs(words_per_projected: u64) -> Costs {
        Costs { convex: words_per_projected * WORD + SORTED_PAIR + WORD, instance: SORTED_PAIR + WORD, pixel: 5 * WORD }
    }

    /// Forgets that a frame did not fit, and how many steps there were.
    pub fn clear_status(&self, commands: &mut Commands<'_>) {
        commands.clear(&self.status);
    }

    /// Whether the frames so far fitted.
    #[must_use]
    pub const fn status(&self) -> &Buffer<Status> {
        &self.status
    }

    /// The colours of the last frame, `[H, W, 4]`.
    #[must_use]
    pub const fn rgba(&self) -> &Buffer<[f32; 4]> {
        &self.pixels.rgba
    }

    /// The largest frame that the buffers hold.
    #[must_use]
    pub const fn shape(&self) -> &FrameShape {
        &self.shape
    }

    /// The projected convexes of the last frame.
    #[must_use]
    pub const fn projected(&self) -> &Buffer<u32> {
        &self.projected.convexes
    }

    /// The uniforms of a camera for a frame in this memory that is recorded in these commands.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn view(
        &self,
        commands: &mut Commands<'_>,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
    ) -> Result<ViewUniforms<'_>, GpuError> {
        ViewUniforms::new(commands, self, scene, camera, options)
    }

    /// Writes the number of convexes, if it has changed.
    pub(super) fn set_num_convexes(&self, gpu: &Gpu, num_convexes: u32) {
        if self.written_convexes.swap(num_convexes, Ordering::Relaxed) != num_convexes {
            self.num_convexes.write(gpu, 0, &[num_convexes]);
        }
    }

    /// Convexes in the order of depth; valid after the sort.
    pub(super) fn ranked(&self) -> &Pairs {
        self.depth_sort.result(&self.by_depth, &self.by_depth_scratch)
    }

    /// Instances in the order of tiles; valid after the sort.
    pub(super) fn by_tile(&self) -> &Pairs {
        self.tile_sort.result(&self.instances, &self.instances_scratch)
    }

    /// The convexes in the order of depth, valid after the sort.
    pub(super) fn ranked_convexes<'a>(&'a self, view: &'a ViewUniforms<'_>, num_convexes: u32) -> RankedConvexes<'a> {
        RankedConvexes {
            camera: &view.whole,
            num_convexes,
            projected: &self.projected,
            convex_from_rank: &self.ranked().values,
            first_slot_from_rank: &self.first_slot_from_rank,
        }
    }

    /// The arguments of `project` for a window of convexes.
    pub(super) fn project_args<'a>(
        &'a self,
        scene: &'a GpuScene,
        view: &ViewUniforms<'_>,
        window: &'a ItemWindow,
    ) -> ProjectArgs<'a> {
        ProjectArgs {
            camera: &window.camera,
            antialias: view.antialias,
            convexes: &window.items,
            params: &scene.params,
            row_widths: row_widths(scene.points_per_convex as usize).map(|width| width as u64),
            projected: &self.projected,
        }
    }

    pub(super) fn rasterize_args(&self) -> RasterizeArgs<'_> {
        RasterizeArgs {
            projected: &self.projected,
            convex_from_slot: &self.convex_from_slot,
            slots: &self.by_tile().values,
            first_instance_from_tile: &self.first_instance_from_tile,
            pixels: &self.pixels,
        }
    }
}

/// A frame that was drawn, on the device, with all that the backward pass needs.
#[derive(Debug)]
pub struct RenderedFrame {
    pub(super) memory: FrameMemory,
    pub(super) camera: Camera,
    pub(super) options: RenderOptions,
    pub(super) num_instances: u32,
}

impl RenderedFrame {
    /// The uniforms that it was drawn with, for other commands. The scene must be that of the frame.
    pub(super) fn view(&self, commands: &mut Commands<'_>, scene: &GpuScene) -> Result<ViewUniforms<'_>, GpuError> {
        self.memory.view(commands, scene, &self.camera, &self.options)
    }

    /// Width and height in pixels.
    const fn size(&self) -> [u32; 2] {
        [self.camera.width, self.camera.height]
    }

    /// Width and height in tiles.
    pub(super) fn num_tiles(&self) -> [u32; 2] {
        self.size().map(|side| side.div_ceil(TILE_SIZE))
    }

    /// Pairs of a convex and a tile that it can touch.
    #[must_use]
    pub const fn num_instances(&self) -> u32 {
        self.num_instances
    }

    /// Copies the instances to the host: pairs of a tile (row-major) and a convex, tile after tile, front to back.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn instances(&self, gpu: &Gpu) -> Result<Vec<(u32, u32)>, GpuError> {
        let len = u64::from(self.num_instances);
        let Pairs { keys: tiles, values: slots } = self.memory.by_tile();
        let convexes = self.memory.convex_from_slot.read_first(gpu, len)?;
        // Every slot is below the number of instances.
        let convex_of = |slot: u32| convexes.get(slot as usize).copied().unwrap_or(u32::MAX);
        let slots = slots.read_first(gpu, len)?;
        Ok(tiles.read_first(gpu, len)?.into_iter().zip(slots.into_iter().map(convex_of)).collect())
    }

    /// The pictures on the device.
    #[must_use]
    pub fn buffers(&self) -> FrameBuffers<'_> {
        let pixels = &self.memory.pixels;
        FrameBuffers {
            size: self.size(),
            num_tiles: self.num_tiles(),
            rgba: &pixels.rgba,
            depth: &pixels.depth,
            inspection: pixels.inspection.as_ref(),
            normals: pixels.normals.as_ref(),
            first_instance_from_tile: &self.memory.first_instance_from_tile,
        }
    }

    /// Copies the pictures to the host.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn read(&self, gpu: &Gpu) -> Result<Pictures, GpuError> {
        waiting::block_on(self.arrived(gpu))
    }

    /// The same as [`Self::read`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::read`].
    pub async fn arrived(&self, gpu: &Gpu) -> Result<Pictures, GpuError> {
        let PixelBuffers { rgba, depth, inspection, normals } = &self.memory.pixels;
        let len = u64::from(self.camera.width) * u64::from(self.camera.height);
        Ok(Pictures {
            width: self.camera.width as usize,
            height: self.camera.height as usize,
            rgba: rgba.first_arrived(gpu, len).await?,
            depth: depth.first_arrived(gpu, len).await?,
            inspection: match inspection {
                Some(pixels) => Some(pixels.first_arrived(gpu, len).await?),
                None => None,
            },
            normals: match normals {
                Some(pixels) => Some(rows_of_three(pixels.first_arrived(gpu, len * 3).await?)),
                None => None,
            },
            num_instances: self.num_instances,
        })
    }
}

/// The pictures of a frame on the device, row-major, as in [`Pictures`]. The buffers may be longer than the pictures.
#[derive(Debug, Clone, Copy)]
pub struct FrameBuffers<'a> {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Width and height in tiles.
    pub num_tiles: [u32; 2],
    /// `[H, W, 4]`
    pub rgba: &'a Buffer<[f32; 4]>,
    /// `[H, W]`
    pub depth: &'a Buffer<f32>,
    /// `[H, W, 2]`, if it was asked for.
    pub inspection: Option<&'a Buffer<[u32; 2]>>,
    /// `[H, W, 3]`, if it was asked for.
    pub normals: Option<&'a Buffer<f32>>,
    /// First instance of every tile, and the end of the last.
    pub first_instance_from_tile: &'a Buffer<u32>,
}

pub(super) fn rows_of_three(values: Vec<f32>) -> Vec<[f32; 3]> {
    values.as_chunks().0.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_fits_smaller_frames() {
        let shape = FrameShape {
            num_convexes: 10,
            num_pixels: 100,
            num_tiles: 4,
            max_instances: 50,
            outputs: Outputs::default(),
            convexes_per_window: 64,
            slots_per_window: 64,
        };
        assert!(shape.holds(FrameShape { num_convexes: 3, num_pixels: 100, ..shape }));
        assert!(!shape.holds(shape.with_instances(41)));
        let outputs = Outputs { inspection: true, ..Outputs::default() };
        assert!(!shape.holds(shape.with_outputs(outputs)), "an image of its own kernel");
    }
}
