//! Projects every convex and counts the tiles that it can touch.

use crate::gpu::layout::Camera;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};
use crate::scene::Params;

/// The compiled kernel.
#[derive(Debug)]
pub struct Project(Kernel);

/// What it reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct ProjectArgs<'a> {
    /// The camera.
    pub camera: &'a Buffer<Camera>,
    /// The scene, `num_convexes` rows.
    pub params: &'a Params<Buffer<f32>>,
    /// Number of convexes.
    pub num_convexes: u32,
    /// Projected convexes, [`Project::words_per_convex`] words each.
    pub projected: &'a Buffer<u32>,
    /// Ordered like the depths; the largest number where culled.
    pub depth_keys: &'a Buffer<u32>,
    /// 0, 1, 2, …: what the sort by depth moves.
    pub convex_from_rank: &'a Buffer<u32>,
}

impl Project {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &shaders::PROJECT, &[("POINTS", points_per_convex)])?))
    }

    /// Size of a projected convex.
    #[must_use]
    pub fn words_per_convex(&self) -> u64 {
        self.0.element_bytes("projected") / 4
    }

    /// Records the dispatch.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(&self, commands: &mut Commands<'_>, args: ProjectArgs<'_>) -> Result<(), GpuError> {
        let bindings = [
            ("camera", args.camera.all()),
            ("points", args.params.points.all()),
            ("log_delta", args.params.log_delta.all()),
            ("log_sigma", args.params.log_sigma.all()),
            ("raw_opacity", args.params.raw_opacity.all()),
            ("sh", args.params.sh.all()),
            ("projected", args.projected.all()),
            ("depth_keys", args.depth_keys.all()),
            ("convex_from_rank", args.convex_from_rank.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(args.num_convexes), &bindings)
    }
}
