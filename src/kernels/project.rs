//! Projects every convex and counts the tiles that it can touch; and the way back from its cotangents to gradients.

use std::ops::Range;

use super::antialias::WithAntialias;
use crate::constants::WINDOW_UNIT;
use crate::gpu::layout::Camera;
use crate::gpu::{Binding, Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};
use crate::scene::Params;

/// The compiled kernels.
#[derive(Debug)]
pub struct Project(WithAntialias);

/// Projected convexes, in structs that only shaders know.
#[derive(Debug)]
pub struct ProjectedBuffers {
    /// All but the lines.
    pub convexes: Buffer<u32>,
    /// K for each convex.
    pub lines: Buffer<[f32; 4]>,
}

/// What it reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct ProjectArgs<'a> {
    /// The camera, which knows the same convexes.
    pub camera: &'a Buffer<Camera>,
    /// Whether convexes are anti-aliased.
    pub antialias: bool,
    /// The convexes to project: as many as the bindings show.
    pub convexes: &'a Range<u64>,
    /// The scene.
    pub params: &'a Params<Buffer<f32>>,
    /// Values of a row of each parameter.
    pub row_widths: Params<u64>,
    /// Projected convexes.
    pub projected: &'a ProjectedBuffers,
}

impl Project {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(WithAntialias::new(gpu, &shaders::PROJECT, &[("POINTS", points_per_convex)])?))
    }

    /// Size of a projected convex and its lines.
    #[must_use]
    pub fn words_per_convex(&self) -> u64 {
        (self.0.plain().element_bytes("projected") + self.0.plain().element_bytes("lines")) / 4
    }

    /// Most convexes that kernels see at once, because some bind all of them.
    #[must_use]
    pub fn most_convexes(&self, gpu: &Gpu) -> u32 {
        let bytes = self.0.plain().element_bytes("projected").max(self.0.plain().element_bytes("lines")).max(1);
        u32::try_from(gpu.binding_elements::<u8>() / bytes).unwrap_or(u32::MAX)
    }

    /// Room for convexes.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory.
    pub fn buffers(&self, gpu: &Gpu, num_convexes: u32) -> Result<ProjectedBuffers, GpuError> {
        // A binding shows at least one.
        let len = u64::from(num_convexes.max(1));
        Ok(ProjectedBuffers {
            convexes: gpu.zeros("projected", len * self.0.plain().element_bytes("projected") / 4)?,
            lines: gpu.zeros("lines", len * self.0.plain().element_bytes("lines") / 16)?,
        })
    }

    /// Records the dispatch.
    ///
    /// # Errors
    /// [`GpuError::Binding`], and [`GpuError::Shader`] where the kernel is compiled first.
    pub fn record(&self, commands: &mut Commands<'_>, args: ProjectArgs<'_>) -> Result<(), GpuError> {
        let kernel = self.0.get(args.antialias)?;
        let params = rows_of(args.params, args.row_widths, args.convexes);
        let [projected, lines] = projected_rows(kernel, args.projected, args.convexes);
        let bindings = [
            ("camera", args.camera.all()),
            ("points", params.points),
            ("log_delta", params.log_delta),
            ("log_sigma", params.log_sigma),
            ("raw_opacity", params.raw_opacity),
            ("sh", params.sh),
            projected,
            lines,
        ];
        commands.dispatch(kernel, threads_of(args.convexes), &bindings)
    }
}

/// The rows of some convexes.
fn rows<'a, T>(buffer: &'a Buffer<T>, width: u64, convexes: &Range<u64>) -> Binding<'a> {
    buffer.window(convexes.start * width..convexes.end * width)
}

/// The bindings of some projected convexes, for a kernel that knows their sizes.
fn projected_rows<'a>(
    kernel: &Kernel,
    projected: &'a ProjectedBuffers,
    convexes: &Range<u64>,
) -> [(&'static str, Binding<'a>); 2] {
    [
        ("projected", rows(&projected.convexes, kernel.element_bytes("projected") / 4, convexes)),
        ("lines", rows(&projected.lines, kernel.element_bytes("lines") / 16, convexes)),
    ]
}

fn rows_of<'a>(params: &'a Params<Buffer<f32>>, widths: Params<u64>, convexes: &Range<u64>) -> Params<Binding<'a>> {
    params.as_ref().zip(widths).map(|(buffer, width)| rows(buffer, width, convexes))
}

/// One thread per convex.
fn threads_of(convexes: &Range<u64>) -> Grid<'static> {
    Grid::Threads(u32::try_from(convexes.end - convexes.start).unwrap_or(u32::MAX))
}

/// The compiled kernels of the way back.
#[derive(Debug)]
pub struct ProjectBackward {
    rest: Kernel,
    chunks: Kernel,
    gather: Kernel,
    project: WithAntialias,
    sh: Kernel,
}

/// What the gathering reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct GatherArgs<'a> {
    /// The camera, which knows the slots that `v_instances` shows.
    pub camera: &'a Buffer<Camera>,
    /// Those slots; windows of them begin at whole chunks of [`WINDOW_UNIT`].
    pub slots: &'a Range<u64>,
    /// Number of convexes.
    pub num_convexes: u32,
    /// K.
    pub points_per_convex: u32,
    /// Number of instances.
    pub num_instances: &'a Buffer<u32>,
    /// The convex of every slot.
    pub convex_from_slot: &'a Buffer<u32>,
    /// Slots, tile after tile; behind all tiles those that no tile has.
    pub slots_by_tile: &'a Buffer<u32>,
    /// First instance of every tile, and the end of the last.
    pub first_instance_from_tile: &'a Buffer<u32>,
    /// What `project` wrote.
    pub projected: &'a ProjectedBuffers,
    /// Convexes in the order of depth.
    pub convex_from_rank: &'a Buffer<u32>,
    /// First slot of every rank.
    pub first_slot_from_rank: &'a Buffer<u32>,
    /// Cotangents of the instances in those slots; sums take the place of some.
    pub v_instances: &'a Buffer<f32>,
    /// Cotangents of every projected convex, [`ProjectBackward::cotangents_per_convex`] each, to add to.
    pub v_projected: &'a Buffer<f32>,
}

/// What the way back from projected convexes reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct ProjectBackwardArgs<'a> {
    /// What the way there read and wrote.
    pub forward: ProjectArgs<'a>,
    /// Number of points.
    pub points_per_convex: u32,
    /// Cotangents of every projected convex.
    pub v_projected: &'a Buffer<f32>,
    /// Gradients to write, of the shapes of the parameters.
    pub gradients: &'a Params<Buffer<f32>>,
}

/// What is handed on as the gradient of the points; the numbers are those of the shader. Source: docs/spec.md §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u32)]
pub enum Gradient {
    /// The derivative.
    #[default]
    True = 0,
    /// Without the part that goes through the depth of the centroid. For comparison.
    NoDepth = 1,
    /// As the authors' code has it: also without half the width and height of the picture. For comparison.
    Authors = 2,
}

impl ProjectBackward {
    /// Threads that gather the cotangents of a convex.
    const LANES: u32 = 8;

    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32, gradient: Gradient) -> Result<Self, GpuError> {
        let constants = [("POINTS", points_per_convex), ("GRADIENT", gradient as u32), ("LANES", Self::LANES)];
        let compile = |shader| Kernel::new(gpu, shader, &constants);
        Ok(Self {
            rest: compile(&shaders::FORGET_REST)?,
            chunks: compile(&shaders::GATHER_CHUNKS)?,
            gather: compile(&shaders::GATHER_COTANGENTS)?,
            project: WithAntialias::new(gpu, &shaders::PROJECT_BACKWARD, &constants)?,
            sh: compile(&shaders::SH_BACKWARD)?,
        })
    }

    /// Numbers of a projected convex's cotangent: three per line, and those of sharpness, opacity, colour and depth.
    #[must_use]
    pub const fn cotangents_per_convex(points_per_convex: u32) -> u64 {
        points_per_convex as u64 * 3 + 6
    }

    /// Records the sums over the instances of every convex. Where not all slots fit a binding, their windows are
    /// gathered in order.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn gather(&self, commands: &mut Commands<'_>, args: GatherArgs<'_>) -> Result<(), GpuError> {
        let (camera, v_instances) = (("camera", args.camera.all()), ("v_instances", args.v_instances.all()));
        let chunks = (args.slots.end - args.slots.start).div_ceil(WINDOW_UNIT.into());
        let numbers = chunks * Self::cotangents_per_convex(args.points_per_convex);
        let num_instances = ("num_instances", args.num_instances.all());
        let bindings = [
            camera,
            num_instances,
            ("first_instance_from_tile", args.first_instance_from_tile.all()),
            ("slots", args.slots_by_tile.all()),
            v_instances,
        ];
        commands.dispatch(&self.rest, Grid::Groups(1), &bindings)?;
        let bindings = [camera, num_instances, ("convex_from_slot", args.convex_from_slot.all()), v_instances];
        commands.dispatch(&self.chunks, Grid::Threads(u32::try_from(numbers).unwrap_or(u32::MAX)), &bindings)?;
        let bindings = [
            camera,
            ("projected", args.projected.convexes.all()),
            ("convex_from_rank", args.convex_from_rank.all()),
            ("first_slot_from_rank", args.first_slot_from_rank.all()),
            v_instances,
            ("v_projected", args.v_projected.all()),
        ];
        let threads = args.num_convexes.saturating_mul(Self::LANES);
        commands.dispatch(&self.gather, Grid::Threads(threads), &bindings)
    }

    /// Records the way from projected convexes to gradients.
    ///
    /// # Errors
    /// [`GpuError::Binding`], and [`GpuError::Shader`] where the kernel is compiled first.
    pub fn record(&self, commands: &mut Commands<'_>, args: ProjectBackwardArgs<'_>) -> Result<(), GpuError> {
        let ProjectArgs { camera, antialias, convexes, params, row_widths, projected } = args.forward;
        let kernel = self.project.get(antialias)?;
        let params = rows_of(params, row_widths, convexes);
        let gradients = rows_of(args.gradients, row_widths, convexes);
        let (camera, points) = (("camera", camera.all()), ("points", params.points));
        let [projected, lines] = projected_rows(kernel, projected, convexes);
        let cotangents = Self::cotangents_per_convex(args.points_per_convex);
        let v_projected = ("v_projected", rows(args.v_projected, cotangents, convexes));
        let sh = [camera, points, ("sh", params.sh), projected, v_projected, ("v_sh", gradients.sh)];
        commands.dispatch(&self.sh, threads_of(convexes), &sh)?;
        let project = [
            camera,
            points,
            projected,
            lines,
            v_projected,
            ("v_points", gradients.points),
            ("v_log_delta", gradients.log_delta),
            ("v_log_sigma", gradients.log_sigma),
            ("v_raw_opacity", gradients.raw_opacity),
        ];
        commands.dispatch(kernel, threads_of(convexes), &project)
    }
}
