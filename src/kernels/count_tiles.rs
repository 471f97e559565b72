//! Counts the tiles that every convex can touch, and makes the keys that convexes are sorted by depth with.

use super::camera::CameraUniform;
use super::project::ProjectedBuffers;
use super::sort::Pairs;
use crate::gpu::{Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader =
    shader!("count_tiles", [file!("shared/camera.wgsl"), file!("shared/projected.wgsl"), file!("shared/tiles.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct CountTiles(Kernel);

/// The buffers that the kernel reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct CountTilesArgs<'a> {
    /// The camera.
    pub camera: &'a Uniform<CameraUniform>,
    /// Number of convexes.
    pub num_convexes: u32,
    /// The projected convexes, which get their numbers of tiles.
    pub projected: &'a ProjectedBuffers,
    /// Keys that are ordered like the depths, the largest where a convex is culled, and values 0, 1, 2, … for the sort to
    /// move.
    pub by_depth: &'a Pairs,
}

impl CountTiles {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records the counting of every convex's tiles.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(&self, commands: &mut Commands<'_>, args: CountTilesArgs<'_>) -> Result<(), GpuError> {
        let bindings = [
            ("camera", args.camera.all()),
            ("projected", args.projected.convexes.all()),
            ("lines", args.projected.lines.all()),
            ("depth_keys", args.by_depth.keys.all()),
            ("convex_from_rank", args.by_depth.values.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(args.num_convexes), &bindings)
    }
}
