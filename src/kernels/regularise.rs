//! Regularization: gradients of the mean opacity and of the mean extent of the convexes.

use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, mirror, shader};
use crate::scene::Params;

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!("regularise", [file!("shared/finite.wgsl")]);

mirror! {
    /// Weights of the regularization.
    pub struct RegulariseArgs {
        /// Number of convexes.
        pub num_convexes: u32,
        /// Weight of the mean opacity.
        pub opacity: f32,
        /// Weight of the mean root-mean-square distance of the points from the centroid, per unit of length.
        pub extent: f32,
        /// Unused.
        pub padding: u32,
    }
}

/// The compiled kernel.
#[derive(Debug)]
pub struct Regularise(Kernel);

impl Regularise {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records that the gradients of mean opacity and mean extent are added.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory for the arguments.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        args: RegulariseArgs,
        params: &Params<Buffer<f32>>,
        gradients: &Params<Buffer<f32>>,
    ) -> Result<(), GpuError> {
        let uniform = commands.uniform(&args)?;
        let bindings = [
            ("args", uniform.all()),
            ("points", params.points.all()),
            ("raw_opacity", params.raw_opacity.all()),
            ("v_points", gradients.points.all()),
            ("v_raw_opacity", gradients.raw_opacity.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(args.num_convexes), &bindings)
    }
}
