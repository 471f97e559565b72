//! Alters a scene before it is shown: the size of convexes, and which of them are hidden.

use std::ops::Range;

use super::windows::{points_of, threads};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Kernel, Shader, file, mirror, shader};
use crate::scene::Params;

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!("alter", [file!("shared/alter.wgsl")]);

mirror! {
    /// How a scene is changed before it is shown.
    pub struct AlterArgs {
        /// Rows of R in `p_box = R·p_world + t`, the axes of the box that is kept about its middle; the last component is t.
        pub box_from_world: [[f32; 4]; 3],
        /// Half of its sides; the last component is unused.
        pub crop_half: [f32; 4],
        /// Number of convexes.
        pub num_convexes: u32,
        /// Size of every convex relative to its own.
        pub scale: f32,
        /// Opacity before the sigmoid below which convexes are hidden.
        pub raw_threshold: f32,
        /// Unused.
        pub padding: u32,
    }
}

/// The compiled kernel.
#[derive(Debug)]
pub struct Alter {
    points_per_convex: u32,
    kernel: Kernel,
}

/// The parameters that are altered before they are shown.
#[derive(Debug, Clone, Copy)]
pub struct AlterBuffers<'a> {
    /// The buffer of [`Params`] of this name.
    pub points: &'a Buffer<f32>,
    /// The buffer of [`Params`] of this name.
    pub log_delta: &'a Buffer<f32>,
    /// The buffer of [`Params`] of this name.
    pub raw_opacity: &'a Buffer<f32>,
}

impl<'a> AlterBuffers<'a> {
    /// The buffers of a scene.
    #[must_use]
    pub const fn of(params: &'a Params<Buffer<f32>>) -> Self {
        Self { points: &params.points, log_delta: &params.log_delta, raw_opacity: &params.raw_opacity }
    }
}

impl Alter {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let kernel = Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?;
        Ok(Self { points_per_convex, kernel })
    }

    /// Writes the parameters of a window of convexes as they are to be shown. The arguments must be those of the window.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: &Buffer<AlterArgs>,
        window: &Range<u64>,
        scene: AlterBuffers<'_>,
        altered: AlterBuffers<'_>,
    ) -> Result<(), GpuError> {
        let points = || points_of(self.points_per_convex, window);
        let bindings = [
            ("args", args.all()),
            ("points", scene.points.window(points())),
            ("log_delta", scene.log_delta.window(window.clone())),
            ("raw_opacity", scene.raw_opacity.window(window.clone())),
            ("altered_points", altered.points.window(points())),
            ("altered_log_delta", altered.log_delta.window(window.clone())),
            ("altered_raw_opacity", altered.raw_opacity.window(window.clone())),
        ];
        commands.dispatch(&self.kernel, threads(window, 1), &bindings)
    }
}
