//! Blends the convexes of every tile; and the way back from the pictures to every instance.

use std::ops::Range;

use super::project::ProjectedBuffers;
use crate::gpu::layout::Camera;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};

/// The compiled kernels: one that makes pictures, one that also says who made each pixel.
#[derive(Debug)]
pub struct Rasterize {
    plain: Kernel,
    inspecting: Kernel,
}

/// Some rows of tiles: those whose pixels the bindings show.
#[derive(Debug, Clone, Copy)]
pub struct BandArgs<'a> {
    /// The camera, which knows the first of the rows.
    pub camera: &'a Buffer<Camera>,
    /// Width and height in tiles.
    pub num_tiles: [u32; 2],
    /// The pixels.
    pub pixels: &'a Range<u64>,
}

/// The pictures.
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

/// What they read and write.
#[derive(Debug, Clone, Copy)]
pub struct RasterizeArgs<'a> {
    /// What `project` wrote.
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

impl Rasterize {
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let compile =
            |inspect| Kernel::new(gpu, &shaders::RASTERIZE, &[("POINTS", points_per_convex), ("INSPECT", inspect)]);
        Ok(Self { plain: compile(0)?, inspecting: compile(1)? })
    }

    /// Records a band of the pictures.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeArgs<'_>,
        band: BandArgs<'_>,
    ) -> Result<(), GpuError> {
        let PixelBuffers { rgba, depth, inspection, .. } = args.pixels;
        let pixels = || band.pixels.clone();
        // A kernel that does not inspect still has the binding, and writes nothing there.
        let inspected = inspection.as_ref().map_or_else(|| rgba.window(pixels()), |buffer| buffer.window(pixels()));
        let bindings = [
            ("camera", band.camera.all()),
            ("projected", args.projected.convexes.all()),
            ("lines", args.projected.lines.all()),
            ("convex_from_slot", args.convex_from_slot.all()),
            ("slots", args.slots.all()),
            ("first_instance_from_tile", args.first_instance_from_tile.all()),
            ("rgba", rgba.window(pixels())),
            ("depth", depth.window(pixels())),
            ("inspection", inspected),
        ];
        let kernel = if inspection.is_some() { &self.inspecting } else { &self.plain };
        commands.dispatch(kernel, Grid::Plane(band.num_tiles[0], band.num_tiles[1]), &bindings)
    }
}

/// The compiled kernels of the way back.
#[derive(Debug)]
pub struct RasterizeBackward {
    totals: Kernel,
    rasterize: Kernel,
}

/// What they read and write.
#[derive(Debug, Clone, Copy)]
pub struct RasterizeBackwardArgs<'a> {
    /// What the way there read and wrote.
    pub forward: RasterizeArgs<'a>,
    /// Cotangent of `rgba`.
    pub v_rgba: &'a Buffer<[f32; 4]>,
    /// Cotangent of `depth`.
    pub v_depth: &'a Buffer<f32>,
    /// `[H, W, 2]` to write: what the loss sees of each pixel in all, and `v_depth`.
    pub totals: &'a Buffer<[f32; 2]>,
    /// Cotangents of the instances to write that the camera's slots hold, [`RasterizeBackward::cotangents_per_instance`]
    /// each.
    pub v_instances: &'a Buffer<f32>,
}

impl RasterizeBackward {
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self {
            totals: Kernel::new(gpu, &shaders::TOTALS, &[])?,
            rasterize: Kernel::new(gpu, &shaders::RASTERIZE_BACKWARD, &[("POINTS", points_per_convex)])?,
        })
    }

    /// Numbers of an instance's cotangent: those of a projected convex, and whether it is seen.
    #[must_use]
    pub const fn cotangents_per_instance(points_per_convex: u32) -> u64 {
        points_per_convex as u64 * 3 + 7
    }

    /// Records what the loss sees of each pixel of a band in all; once, before the bands of any window of slots.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn totals(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeBackwardArgs<'_>,
        band: BandArgs<'_>,
    ) -> Result<(), GpuError> {
        let pixels = || band.pixels.clone();
        let bindings = [
            ("camera", band.camera.all()),
            ("rgba", args.forward.pixels.rgba.window(pixels())),
            ("depth", args.forward.pixels.depth.window(pixels())),
            ("v_rgba", args.v_rgba.window(pixels())),
            ("v_depth", args.v_depth.window(pixels())),
            ("totals", args.totals.window(pixels())),
        ];
        let num_pixels = u32::try_from(band.pixels.end - band.pixels.start).unwrap_or(u32::MAX);
        commands.dispatch(&self.totals, Grid::Threads(num_pixels), &bindings)
    }

    /// Records the cotangents of a window of slots, for a band of the pictures.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RasterizeBackwardArgs<'_>,
        band: BandArgs<'_>,
    ) -> Result<(), GpuError> {
        let RasterizeBackwardArgs { forward, v_rgba, totals, v_instances, .. } = args;
        let pixels = || band.pixels.clone();
        let bindings = [
            ("camera", band.camera.all()),
            ("projected", forward.projected.convexes.all()),
            ("lines", forward.projected.lines.all()),
            ("convex_from_slot", forward.convex_from_slot.all()),
            ("slots", forward.slots.all()),
            ("first_instance_from_tile", forward.first_instance_from_tile.all()),
            ("totals", totals.window(pixels())),
            ("v_rgba", v_rgba.window(pixels())),
            ("v_instances", v_instances.all()),
        ];
        commands.dispatch(&self.rasterize, Grid::Plane(band.num_tiles[0], band.num_tiles[1]), &bindings)
    }
}
