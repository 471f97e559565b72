//! One step of Adam on every parameter.

use super::status::Status;
use crate::constants::WINDOW_UNIT;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, mirror, shader};
use crate::real::to_u32;

/// The row of the kernel.
pub(super) const SHADER: Shader = shader!("adam", [file!("shared/status.wgsl")]);

mirror! {
    /// Arguments of a step of Adam on one parameter.
    pub struct AdamArgs {
        /// Values in the window that the bindings show.
        pub num_values: u32,
        /// The first of them in the whole parameter.
        pub first_value: u32,
        /// Values of one convex.
        pub row_width: u32,
        /// How many of them at its front have a rate of their own.
        pub front_width: u32,
        /// The rate of the values at the front.
        pub front_rate: f32,
        /// The rate of the others.
        pub rate: f32,
        /// Inverse of 1 − beta1^step.
        pub correction1: f32,
        /// Inverse of 1 − beta2^step.
        pub correction2: f32,
    }
}

/// The compiled kernel.
#[derive(Debug)]
pub struct Adam(Kernel);

/// Learning rates of one parameter, in units of its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Values at the front of a row that have a rate of their own.
    pub front_width: u32,
    /// The rate of the values at the front.
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
    /// Whether a frame did not fit; then nothing is done.
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

impl Adam {
    /// Compiles the kernel.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self(Kernel::new(gpu, &SHADER, &[])?))
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
    /// Returns [`GpuError`] when there is no memory for the arguments.
    pub fn record(&self, commands: &mut Commands<'_>, record: AdamRecord<'_>) -> Result<(), GpuError> {
        let unit = u64::from(WINDOW_UNIT);
        let per_window = (commands.gpu().binding_elements::<f32>() / unit).max(1) * unit;
        let mut first = 0;
        while first < record.num_values {
            let end = (first + per_window).min(record.num_values);
            let args = AdamArgs {
                num_values: to_u32(end - first),
                // Only the place in a row counts.
                first_value: to_u32(first % u64::from(record.row_width.max(1))),
                row_width: record.row_width,
                front_width: record.rates.front_width,
                front_rate: record.rates.front,
                rate: record.rates.rest,
                correction1: record.corrections[0],
                correction2: record.corrections[1],
            };
            let args = commands.uniform(&args)?;
            let bindings = [
                ("args", args.all()),
                ("status", record.status.all()),
                ("gradient", record.gradient.window(first..end)),
                ("values", record.values.window(first..end)),
                ("first_moment", record.moments[0].window(first..end)),
                ("second_moment", record.moments[1].window(first..end)),
            ];
            commands.dispatch(&self.0, Grid::Threads(to_u32(end - first)), &bindings)?;
            first = end;
        }
        Ok(())
    }
}
