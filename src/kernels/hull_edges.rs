//! Finds the edges of every hull in space.

use std::ops::Range;

use super::alter::AlterArgs;
use super::windows::{points_of, threads};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Kernel, Shader, file, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!("hull_edges", [file!("shared/alter.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct HullEdges {
    points_per_convex: u32,
    kernel: Kernel,
}

impl HullEdges {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let kernel = Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?;
        Ok(Self { points_per_convex, kernel })
    }

    /// Finds the edges of the hulls of a window of convexes: a bit per pair of points, `[N]`. The arguments are those of
    /// the window.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: &Buffer<AlterArgs>,
        window: &Range<u64>,
        points: &Buffer<f32>,
        hull_edges: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("args", args.all()),
            ("points", points.window(points_of(self.points_per_convex, window))),
            ("hull_edges", hull_edges.window(window.clone())),
        ];
        commands.dispatch(&self.kernel, threads(window, 1), &bindings)
    }
}
