//! One step of Adam on every parameter.

use crate::gpu::layout::{AdamArgs, Status};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};

/// The compiled kernels.
#[derive(Debug)]
pub struct Adam {
    step: Kernel,
    finish: Kernel,
}

/// Learning rates of one parameter, in units of its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Values at the front of a row that have a rate of their own.
    pub front_width: u32,
    /// The rate of those.
    pub front: f32,
    /// The rate of the others.
    pub rest: f32,
}

impl Rates {
    /// One rate for all values.
    #[must_use]
    pub const fn uniform(rate: f32) -> Self {
        Self { front_width: 0, front: rate, rest: rate }
    }
}

/// A parameter and what its step needs.
#[derive(Debug, Clone, Copy)]
pub struct AdamRecord<'a> {
    /// Nothing is done where a frame did not fit.
    pub status: &'a Buffer<Status>,
    /// Values per convex.
    pub row_width: u32,
    /// Number of values in use.
    pub num_values: u64,
    /// Learning rates.
    pub rates: Rates,
    /// Inverse of `1 − beta^step` for both moments.
    pub corrections: [f32; 2],
    /// Gradient of the loss.
    pub gradient: &'a Buffer<f32>,
    /// The parameter.
    pub values: &'a Buffer<f32>,
    /// Running means of the gradient and of its square.
    pub moments: [&'a Buffer<f32>; 2],
}

/// Windows start at whole multiples of this many values, 256 bytes.
const WINDOW_UNIT: u64 = 64;

impl Adam {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self { step: Kernel::new(gpu, &shaders::ADAM, &[])?, finish: Kernel::new(gpu, &shaders::FINISH_STEP, &[])? })
    }

    /// Inverse of `1 − beta^step`; the first step is 1.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
    pub fn corrections(step: u32) -> [f32; 2] {
        let inverse = |beta: f64| (1.0 / (1.0 - beta.powf(f64::from(step)))) as f32;
        [inverse(crate::constants::ADAM_BETA1), inverse(crate::constants::ADAM_BETA2)]
    }

    /// Records the step of one parameter, in windows where a binding does not show it all.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory for the arguments.
    pub fn record(&self, commands: &mut Commands<'_>, record: AdamRecord<'_>) -> Result<(), GpuError> {
        let gpu = commands.gpu();
        let per_window = (gpu.binding_elements::<f32>() / WINDOW_UNIT * WINDOW_UNIT).max(WINDOW_UNIT);
        let mut first = 0;
        while first < record.num_values {
            let end = (first + per_window).min(record.num_values);
            let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
            let args = AdamArgs {
                num_values: small(end - first),
                // Only the place in a row counts.
                first_value: small(first % u64::from(record.row_width.max(1))),
                row_width: record.row_width,
                front_width: record.rates.front_width,
                front_rate: record.rates.front,
                rate: record.rates.rest,
                correction1: record.corrections[0],
                correction2: record.corrections[1],
            };
            let args = gpu.uniform("adam.args", &args)?;
            let bindings = [
                ("args", args.all()),
                ("status", record.status.all()),
                ("gradient", record.gradient.window(first..end)),
                ("values", record.values.window(first..end)),
                ("first_moment", record.moments[0].window(first..end)),
                ("second_moment", record.moments[1].window(first..end)),
            ];
            commands.dispatch(&self.step, Grid::Threads(small(end - first)), &bindings)?;
            first = end;
        }
        Ok(())
    }

    /// Records that an iteration is over: it counts unless it was skipped.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn finish(&self, commands: &mut Commands<'_>, status: &Buffer<Status>) -> Result<(), GpuError> {
        commands.dispatch(&self.finish, Grid::Groups(1), &[("status", status.all())])
    }
}
