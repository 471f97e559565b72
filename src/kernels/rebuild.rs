//! Builds the convexes of a new scene from those of an old one.

use super::edit::Edit;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, shader};
use crate::real::to_u32;
use crate::scene::Params;

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!("rebuild", [file!("shared/edit.wgsl")]);

/// The compiled kernel.
#[derive(Debug)]
pub struct Rebuild(Kernel);

impl Rebuild {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records that every parameter of `new` but the spherical harmonics becomes what the edits make of `old`, one row per
    /// edit. The spherical harmonics are rows that [`super::GatherRows`] copies.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        edits: &Buffer<Edit>,
        old: &Params<Buffer<f32>>,
        new: &Params<Buffer<f32>>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("edits", edits.all()),
            ("old_points", old.points.all()),
            ("old_log_delta", old.log_delta.all()),
            ("old_log_sigma", old.log_sigma.all()),
            ("points", new.points.all()),
            ("log_delta", new.log_delta.all()),
            ("log_sigma", new.log_sigma.all()),
            ("raw_opacity", new.raw_opacity.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(to_u32(edits.len())), &bindings)
    }
}
