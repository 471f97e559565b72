//! A scene of normalised units in those of the dataset, without a way over the host.

use crate::gpu::layout::ToWorldArgs;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};
use crate::scene::{Params, Similarity};

/// The compiled kernel.
#[derive(Debug)]
pub struct ToWorld(Kernel);

impl ToWorld {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &shaders::TO_WORLD, &[("POINTS", points_per_convex)])?))
    }

    /// Records that parameters in normalised units become those of the world, in place, relative to [`Similarity::origin`] as
    /// [`Similarity::to_world`] makes them on the host.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory for the arguments.
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        normalised_from_world: &Similarity,
        params: &Params<Buffer<f32>>,
    ) -> Result<(), GpuError> {
        let [x, y, z] = normalised_from_world.offset();
        let num_convexes = u32::try_from(params.raw_opacity.len()).unwrap_or(u32::MAX);
        let args = ToWorldArgs {
            scale: normalised_from_world.scale.recip() as f32,
            shift: normalised_from_world.shift(),
            num_convexes,
            padding: 0,
            centre: [x as f32, y as f32, z as f32, 0.0],
        };
        let args = commands.gpu().uniform("to_world.args", &args)?;
        let bindings = [
            ("args", args.all()),
            ("points", params.points.all()),
            ("log_delta", params.log_delta.all()),
            ("log_sigma", params.log_sigma.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(num_convexes), &bindings)
    }
}
