//! Blends the convexes of every tile; and the way back from the pictures to every instance.

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
    /// `[H, W]` to write: what the loss sees of each pixel in all.
    pub totals: &'a Buffer<f32>,
    /// Cotangents of every instance to write, [`RasterizeBackward::cotangents_per_instance`] each.
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

    /// Records the dispatches.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(&self, commands: &mut Commands<'_>, args: RasterizeBackwardArgs<'_>) -> Result<(), GpuError> {
        let RasterizeBackwardArgs { forward, v_rgba, v_depth, totals, v_instances } = args;
        let camera = ("camera", forward.camera.all());
        let (v_rgba, v_depth, totals_binding) =
            (("v_rgba", v_rgba.all()), ("v_depth", v_depth.all()), ("totals", totals.all()));
        let bindings =
            [camera, ("rgba", forward.rgba.all()), ("depth", forward.depth.all()), v_rgba, v_depth, totals_binding];
        let num_pixels = u32::try_from(totals.len()).unwrap_or(u32::MAX);
        commands.dispatch(&self.totals, Grid::Threads(num_pixels), &bindings)?;
        let bindings = [
            camera,
            ("projected", forward.projected.all()),
            ("convex_from_slot", forward.convex_from_slot.all()),
            ("slots", forward.slots.all()),
            ("first_instance_from_tile", forward.first_instance_from_tile.all()),
            totals_binding,
            v_rgba,
            v_depth,
            ("v_instances", v_instances.all()),
        ];
        commands.dispatch(&self.rasterize, Grid::Plane(forward.num_tiles[0], forward.num_tiles[1]), &bindings)
    }
}
