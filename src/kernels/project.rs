//! Projects every convex and counts the tiles that it can touch; and the way back from its cotangents to gradients.

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

/// The compiled kernels of the way back.
#[derive(Debug)]
pub struct ProjectBackward {
    gather: Kernel,
    project: Kernel,
    sh: Kernel,
}

/// What they read and write.
#[derive(Debug, Clone, Copy)]
pub struct ProjectBackwardArgs<'a> {
    /// The camera.
    pub camera: &'a Buffer<Camera>,
    /// The scene, `num_convexes` rows.
    pub params: &'a Params<Buffer<f32>>,
    /// Number of convexes.
    pub num_convexes: u32,
    /// What `project` wrote.
    pub projected: &'a Buffer<u32>,
    /// Convexes in the order of depth.
    pub convex_from_rank: &'a Buffer<u32>,
    /// First slot of every rank.
    pub first_slot_from_rank: &'a Buffer<u32>,
    /// Cotangents of every instance.
    pub v_instances: &'a Buffer<f32>,
    /// Cotangents of every projected convex, [`ProjectBackward::cotangents_per_convex`] each, to write.
    pub v_projected: &'a Buffer<f32>,
    /// Gradients to write, of the shapes of `params`.
    pub gradients: &'a Params<Buffer<f32>>,
}

impl ProjectBackward {
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let compile = |shader| Kernel::new(gpu, shader, &[("POINTS", points_per_convex)]);
        Ok(Self {
            gather: compile(&shaders::GATHER_COTANGENTS)?,
            project: compile(&shaders::PROJECT_BACKWARD)?,
            sh: compile(&shaders::SH_BACKWARD)?,
        })
    }

    /// Numbers of a projected convex's cotangent: three per line, and those of sharpness, opacity, colour and depth.
    #[must_use]
    pub const fn cotangents_per_convex(points_per_convex: u32) -> u64 {
        points_per_convex as u64 * 3 + 6
    }

    /// Records the dispatches.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn record(&self, commands: &mut Commands<'_>, args: ProjectBackwardArgs<'_>) -> Result<(), GpuError> {
        let grid = Grid::Threads(args.num_convexes);
        let (camera, projected) = (("camera", args.camera.all()), ("projected", args.projected.all()));
        let v_projected = ("v_projected", args.v_projected.all());
        let gather = [
            camera,
            projected,
            ("convex_from_rank", args.convex_from_rank.all()),
            ("first_slot_from_rank", args.first_slot_from_rank.all()),
            ("v_instances", args.v_instances.all()),
            v_projected,
        ];
        commands.dispatch(&self.gather, grid, &gather)?;
        let points = ("points", args.params.points.all());
        let project = [
            camera,
            points,
            ("sh", args.params.sh.all()),
            projected,
            v_projected,
            ("v_points", args.gradients.points.all()),
            ("v_log_delta", args.gradients.log_delta.all()),
            ("v_log_sigma", args.gradients.log_sigma.all()),
            ("v_raw_opacity", args.gradients.raw_opacity.all()),
        ];
        commands.dispatch(&self.project, grid, &project)?;
        let sh = [camera, points, projected, v_projected, ("v_sh", args.gradients.sh.all())];
        commands.dispatch(&self.sh, grid, &sh)
    }
}
