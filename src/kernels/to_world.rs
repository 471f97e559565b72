//! Brings a scene from normalised units to those of the dataset, on the device.

use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, mirror, shader};
use crate::real::to_u32;
use crate::scene::{Params, Similarity};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!("to_world", []);

mirror! {
    /// Arguments of the kernel.
    pub struct ToWorldArgs {
        /// World units per normalised unit.
        pub scale: f32,
        /// The number that is added to the logarithms of delta and sigma.
        pub shift: f32,
        /// Number of convexes.
        pub num_convexes: u32,
        /// Unused.
        pub padding: u32,
        /// The normalised origin, relative to the origin of the scene in the world; the last component is unused.
        pub centre: [f32; 4],
    }
}

/// The compiled kernel.
#[derive(Debug)]
pub struct ToWorld(Kernel);

impl ToWorld {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?))
    }

    /// Records that parameters in normalised units become those of the world, in place, relative to [`Similarity::origin`] as
    /// [`Similarity::to_world`] makes them on the host.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory for the arguments.
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        normalised_from_world: &Similarity,
        params: &Params<Buffer<f32>>,
    ) -> Result<(), GpuError> {
        let [x, y, z] = normalised_from_world.offset();
        let num_convexes = to_u32(params.raw_opacity.len());
        let args = ToWorldArgs {
            scale: normalised_from_world.scale.recip() as f32,
            shift: normalised_from_world.shift(),
            num_convexes,
            padding: 0,
            centre: [x as f32, y as f32, z as f32, 0.0],
        };
        let args = commands.uniform(&args)?;
        let bindings = [
            ("args", args.all()),
            ("points", params.points.all()),
            ("log_delta", params.log_delta.all()),
            ("log_sigma", params.log_sigma.all()),
        ];
        commands.dispatch(&self.0, Grid::Threads(num_convexes), &bindings)
    }
}
