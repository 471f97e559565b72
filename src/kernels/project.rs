//! Projects every convex.

use std::ops::Range;

use super::antialias::WithAntialias;
use super::camera::CameraUniform;
use crate::gpu::{Binding, Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, shader};
use crate::real::to_u32;
use crate::scene::Params;

/// The row of the kernel. Constants: POINTS, ANTIALIAS.
pub(super) const SHADER: Shader = shader!(
    "project",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/tiles.wgsl"),
        file!("shared/two_floats.wgsl"),
        file!("shared/points.wgsl"),
        file!("shared/sh.wgsl"),
        file!("shared/hull.wgsl"),
        file!("shared/finite.wgsl"),
        file!("shared/antialias.wgsl")
    ],
    &[&[("ANTIALIAS", 0)], &[("ANTIALIAS", 1)]]
);

/// Structs in bound memory that only shaders write and read; Rust finds their size by reflection.
pub const GPU_ONLY: &[&str] = &["Projected"];

/// The compiled kernels, with anti-aliasing and without.
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

/// The buffers that the kernel reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct ProjectArgs<'a> {
    /// The camera, which knows the same convexes.
    pub camera: &'a Uniform<CameraUniform>,
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
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(WithAntialias::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
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
        to_u32(gpu.binding_elements::<u8>() / bytes)
    }

    /// Memory for projected convexes.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
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
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type, and [`GpuError::Shader`] when the kernel is
    /// compiled here and does not compile.
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
pub(super) fn rows<'a, T>(buffer: &'a Buffer<T>, width: u64, convexes: &Range<u64>) -> Binding<'a> {
    buffer.window(convexes.start * width..convexes.end * width)
}

/// The bindings of some projected convexes, for a kernel that knows their sizes.
pub(super) fn projected_rows<'a>(
    kernel: &Kernel,
    projected: &'a ProjectedBuffers,
    convexes: &Range<u64>,
) -> [(&'static str, Binding<'a>); 2] {
    [
        ("projected", rows(&projected.convexes, kernel.element_bytes("projected") / 4, convexes)),
        ("lines", rows(&projected.lines, kernel.element_bytes("lines") / 16, convexes)),
    ]
}

/// The rows of some convexes, of every parameter.
pub(super) fn rows_of<'a>(
    params: &'a Params<Buffer<f32>>,
    widths: Params<u64>,
    convexes: &Range<u64>,
) -> Params<Binding<'a>> {
    params.as_ref().zip(widths).map(|(buffer, width)| rows(buffer, width, convexes))
}

/// One thread per convex.
pub(super) fn threads_of(convexes: &Range<u64>) -> Grid<'static> {
    Grid::Threads(to_u32(convexes.end - convexes.start))
}
