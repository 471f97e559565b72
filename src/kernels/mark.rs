//! Marks convexes before they are shown: those that are hidden, and those that are selected.

use std::ops::Range;

use super::windows::threads;
use crate::constants::SH_COEFFS;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Kernel, Shader, mirror, shader};
use crate::real::to_u32;
use crate::scene::Params;

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("mark", []);

mirror! {
    /// Arguments of the kernel.
    pub struct MarkArgs {
        /// sRGB that the colours of selected convexes are mixed with, and how much of it there is.
        pub tint: [f32; 4],
        /// Number of convexes.
        pub num_convexes: u32,
        /// Unused.
        pub padding_a: u32,
        /// Unused.
        pub padding_b: u32,
        /// Unused.
        pub padding_c: u32,
    }
}

/// How a convex is shown while a scene is edited. The values are those of the shader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum ConvexMark {
    /// The convex as it is.
    #[default]
    Plain = 0,
    /// Not at all.
    Hidden = 1,
    /// Tinted.
    Selected = 2,
}

/// The compiled kernel.
#[derive(Debug)]
pub struct Mark(Kernel);

/// Values of a row of spherical harmonics.
#[expect(clippy::cast_possible_truncation, reason = "forty-eight")]
const ROW: u32 = (SH_COEFFS * 3) as u32;

impl Mark {
    /// The widest row that the kernel binds; windows of convexes are to be as long as so wide rows allow.
    pub const ROW_WIDTH: u32 = ROW;

    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when it does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
    }

    /// Writes opacities and colours of a window of convexes as they are to be shown; `marks` holds a [`ConvexMark`] for each
    /// convex of the scene.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        tint: [f32; 4],
        window: &Range<u64>,
        marks: &Buffer<u32>,
        [scene, marked]: [&Params<Buffer<f32>>; 2],
    ) -> Result<(), GpuError> {
        let num_convexes = to_u32(window.end - window.start);
        let args = MarkArgs { tint, num_convexes, padding_a: 0, padding_b: 0, padding_c: 0 };
        let args = commands.uniform(&args)?;
        let rows = || window.start * u64::from(ROW)..window.end * u64::from(ROW);
        let bindings = [
            ("args", args.all()),
            ("marks", marks.window(window.clone())),
            ("raw_opacity", scene.raw_opacity.window(window.clone())),
            ("sh", scene.sh.window(rows())),
            ("marked_raw_opacity", marked.raw_opacity.window(window.clone())),
            ("marked_sh", marked.sh.window(rows())),
        ];
        commands.dispatch(&self.0, threads(window, ROW), &bindings)
    }
}
