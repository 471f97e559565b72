//! Blends the convexes of every tile.

use crate::gpu::layout::Camera;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};

/// The compiled kernels: one that makes pictures, one that also says who made each pixel.
#[derive(Debug)]
pub struct Rasterize {
    plain: Kernel,
    inspecting: Kernel,
}

/// What they read and write.
#[derive(Debug, Clone, Copy)]
pub struct RasterizeArgs<'a> {
    /// The camera.
    pub camera: &'a Buffer<Camera>,
    /// Width and height in tiles.
    pub num_tiles: [u32; 2],
    /// What `project` wrote.
    pub projected: &'a Buffer<u32>,
    /// The convex of every slot.
    pub convex_from_slot: &'a Buffer<u32>,
    /// Slots, tile after tile, front to back.
    pub slots: &'a Buffer<u32>,
    /// First instance of every tile, and the end of the last.
    pub first_instance_from_tile: &'a Buffer<u32>,
    /// `[H, W, 4]` to write.
    pub rgba: &'a Buffer<[f32; 4]>,
    /// `[H, W]` to write.
    pub depth: &'a Buffer<f32>,
    /// `[H, W, 2]` to write: id of the heaviest contributor, number of contributors.
    pub inspection: Option<&'a Buffer<[u32; 2]>>,
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

    /// Records the dispatch.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(&self, commands: &mut Commands<'_>, args: RasterizeArgs<'_>) -> Result<(), GpuError> {
        // A kernel that does not inspect still has the binding, and writes nothing there.
        let unused = args.rgba.all();
        let bindings = [
            ("camera", args.camera.all()),
            ("projected", args.projected.all()),
            ("convex_from_slot", args.convex_from_slot.all()),
            ("slots", args.slots.all()),
            ("first_instance_from_tile", args.first_instance_from_tile.all()),
            ("rgba", args.rgba.all()),
            ("depth", args.depth.all()),
            ("inspection", args.inspection.map_or(unused, Buffer::all)),
        ];
        let kernel = if args.inspection.is_some() { &self.inspecting } else { &self.plain };
        commands.dispatch(kernel, Grid::Plane(args.num_tiles[0], args.num_tiles[1]), &bindings)
    }
}
