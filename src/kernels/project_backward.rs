//! Gradients of every parameter but the spherical harmonics, from the cotangents of the projected convexes.

use super::antialias::WithAntialias;
use super::cotangents::OffsetCotangents;
use super::project::{ProjectArgs, projected_rows, rows, rows_of, threads_of};

use crate::gpu::{Commands, Gpu, GpuError, Shader, file, shader};

/// The row of the kernel. Constants: POINTS, GRADIENT, ANTIALIAS.
pub(super) const SHADER: Shader = shader!(
    "project_backward",
    [
        file!("shared/camera.wgsl"),
        file!("shared/projected.wgsl"),
        file!("shared/cotangents.wgsl"),
        file!("shared/projected_cotangents.wgsl"),
        file!("shared/two_floats.wgsl"),
        file!("shared/points.wgsl"),
        file!("shared/finite.wgsl"),
        file!("shared/antialias.wgsl"),
        file!("shared/antialias_backward.wgsl")
    ],
    &[
        &[("GRADIENT", 0), ("ANTIALIAS", 0)],
        &[("GRADIENT", 0), ("ANTIALIAS", 1)],
        &[("GRADIENT", 1), ("ANTIALIAS", 0)],
        &[("GRADIENT", 1), ("ANTIALIAS", 1)],
        &[("GRADIENT", 2), ("ANTIALIAS", 0)],
        &[("GRADIENT", 2), ("ANTIALIAS", 1)],
    ]
);

/// The compiled kernels, with anti-aliasing and without.
#[derive(Debug)]
pub struct ProjectBackward(WithAntialias);

/// The gradient of the points that is passed on; the numbers are those of the shader. Source: docs/spec.md §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u32)]
pub enum Gradient {
    /// The derivative.
    #[default]
    True = 0,
    /// The derivative without the part that goes through the depth of the centroid, for comparison.
    NoDepth = 1,
    /// The gradient of the authors' code, also without half the width and height of the picture, for comparison.
    Authors = 2,
}

impl ProjectBackward {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32, gradient: Gradient) -> Result<Self, GpuError> {
        let constants = [("POINTS", points_per_convex), ("GRADIENT", gradient as u32)];
        Ok(Self(WithAntialias::new(gpu, &SHADER, &constants)?))
    }

    /// Records the gradients of the convexes whose cotangents `sh_backward` has prepared.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type, and [`GpuError::Shader`] when the kernel is
    /// compiled here and does not compile.
    pub fn record(&self, commands: &mut Commands<'_>, prepared: OffsetCotangents<'_>) -> Result<(), GpuError> {
        let args = prepared.0;
        let ProjectArgs { camera, antialias, convexes, params, row_widths, projected } = args.forward;
        let kernel = self.0.get(antialias)?;
        let params = rows_of(params, row_widths, convexes);
        let gradients = rows_of(args.gradients, row_widths, convexes);
        let [projected, lines] = projected_rows(kernel, projected, convexes);
        let cotangents = super::cotangents_per_convex(args.points_per_convex);
        let bindings = [
            ("camera", camera.all()),
            ("points", params.points),
            projected,
            lines,
            ("v_projected", rows(args.v_projected, cotangents, convexes)),
            ("v_points", gradients.points),
            ("v_log_delta", gradients.log_delta),
            ("v_log_sigma", gradients.log_sigma),
            ("v_raw_opacity", gradients.raw_opacity),
        ];
        commands.dispatch(kernel, threads_of(convexes), &bindings)
    }
}
