//! Gradients of the spherical harmonics, and what the colour says about the place of a convex.

use super::cotangents::{OffsetCotangents, ProjectBackwardArgs};
use super::project::{projected_rows, rows, rows_of, threads_of};
use crate::gpu::{Commands, Gpu, GpuError, Kernel, Shader, file, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!(
    "sh_backward",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/cotangents.wgsl"),
        file!("shared/two_floats.wgsl"),
        file!("shared/points.wgsl"),
        file!("shared/sh.wgsl"),
        file!("shared/sh_gradient.wgsl"),
        file!("shared/finite.wgsl")
    ]
);

/// The compiled kernel.
#[derive(Debug)]
pub struct ShBackward(Kernel);

impl ShBackward {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records the gradients of the spherical harmonics. What it returns is for [`super::ProjectBackward::record`].
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record<'a>(
        &self,
        commands: &mut Commands<'_>,
        args: ProjectBackwardArgs<'a>,
    ) -> Result<OffsetCotangents<'a>, GpuError> {
        let forward = args.forward;
        let params = rows_of(forward.params, forward.row_widths, forward.convexes);
        let gradients = rows_of(args.gradients, forward.row_widths, forward.convexes);
        let [projected, _] = projected_rows(&self.0, forward.projected, forward.convexes);
        let cotangents = super::cotangents_per_convex(args.points_per_convex);
        let bindings = [
            ("camera", forward.camera.all()),
            ("points", params.points),
            ("sh", params.sh),
            projected,
            ("v_projected", rows(args.v_projected, cotangents, forward.convexes)),
            ("v_sh", gradients.sh),
        ];
        commands.dispatch(&self.0, threads_of(forward.convexes), &bindings)?;
        Ok(OffsetCotangents(args))
    }
}
