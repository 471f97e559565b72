//! Blends the convexes of every tile.

use std::ops::Range;

use super::camera::CameraUniform;
use super::parts::{ROW, TOGETHER};
use super::project::ProjectedBuffers;
use crate::gpu::{Binding, Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, shader};
use crate::real::to_u32;

/// The row of the kernel. Constants: POINTS, INSPECT.
pub(super) const SHADER: Shader = shader!(
    "rasterize",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/blend.wgsl"),
        TOGETHER,
        ROW,
        file!("shared/batch.wgsl")
    ],
    &[&[("INSPECT", 0)], &[("INSPECT", 1)]]
);

/// The compiled kernels: one that makes pictures, one that also says who made each pixel.
#[derive(Debug)]
pub struct Rasterize {
    plain: Kernel,
    inspecting: Kernel,
    /// Bound where nothing is inspected: the kernel writes nothing there. WebGPU refuses a buffer that is bound twice for writing.
    unwritten: Buffer<[u32; 2]>,
}

/// Some rows of tiles: those whose pixels the bindings show.
#[derive(Debug, Clone, Copy)]
pub struct BandArgs<'a> {
    /// The camera, which knows the first of the rows.
    pub camera: &'a Uniform<CameraUniform>,
    /// Width and height in tiles.
    pub num_tiles: [u32; 2],
    /// The pixels.
    pub pixels: &'a Range<u64>,
}

impl BandArgs<'_> {
    /// One workgroup per tile.
    pub(super) const fn grid(&self) -> Grid<'static> {
        Grid::Plane(self.num_tiles[0], self.num_tiles[1])
    }

    /// One thread per pixel.
    pub(super) fn pixel_threads(&self) -> Grid<'static> {
        Grid::Threads(to_u32(self.pixels.end - self.pixels.start))
    }
}

/// The pictures of a frame.
#[derive(Debug)]
pub struct PixelBuffers {
    /// `[H, W, 4]`: sRGB over the background, and `1 − T`.
    pub rgba: Buffer<[f32; 4]>,
    /// `[H, W]`: `Σ T·alpha·z`.
    pub depth: Buffer<f32>,
    /// `[H, W, 2]`: id of the heaviest contributor, number of contributors.
    pub inspection: Option<Buffer<[u32; 2]>>,
    /// `[H, W, 3]`: normals, world axes.
    pub normals: Option<Buffer<f32>>,
}

/// The convexes of every tile, and the pictures that they make.
#[derive(Debug, Clone, Copy)]
pub struct RasterizeArgs<'a> {
    /// The projected convexes.
    pub projected: &'a ProjectedBuffers,
    /// The convex of every slot.
    pub convex_from_slot: &'a Buffer<u32>,
    /// Slots, tile after tile, front to back.
    pub slots: &'a Buffer<u32>,
    /// First instance of every tile, and the end of the last.
    pub first_instance_from_tile: &'a Buffer<u32>,
    /// The pictures to write.
    pub pixels: &'a PixelBuffers,
}

impl<'a> RasterizeArgs<'a> {
    /// The bindings of `shaders/shared/blend.wgsl`.
    pub(super) fn tile_bindings(&self, band: BandArgs<'a>) -> [(&'static str, Binding<'a>); 6] {
        [
            ("camera", band.camera.all()),
            ("projected", self.projected.convexes.all()),
            ("lines", self.projected.lines.all()),
            ("convex_from_slot", self.convex_from_slot.all()),
            ("slots", self.slots.all()),
            ("first_instance_from_tile", self.first_instance_from_tile.all()),
        ]
    }
}

impl Rasterize {
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when a kernel does not compile, and [`GpuError`] when there is no memory.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let compile = |inspect| Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex), ("INSPECT", inspect)]);
        let unwritten = gpu.zeros("inspection.unwritten", 1)?;
        Ok(Self { plain: compile(0)?, inspecting: compile(1)?, unwritten })
    }

    /// Records a band of the pictures.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeArgs<'_>,
        band: BandArgs<'_>,
    ) -> Result<(), GpuError> {
        let PixelBuffers { rgba, depth, inspection, .. } = args.pixels;
        let pixels = || band.pixels.clone();
        let inspected = inspection.as_ref().map_or_else(|| self.unwritten.all(), |buffer| buffer.window(pixels()));
        let [camera, projected, lines, convexes, slots, ranges] = args.tile_bindings(band);
        let (rgba, depth) = (("rgba", rgba.window(pixels())), ("depth", depth.window(pixels())));
        let bindings = [camera, projected, lines, convexes, slots, ranges, rgba, depth, ("inspection", inspected)];
        let kernel = if inspection.is_some() { &self.inspecting } else { &self.plain };
        commands.dispatch(kernel, band.grid(), &bindings)
    }
}
