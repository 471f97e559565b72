//! The quality that a training is expected to reach, by its size: what `run` chooses from where only the time is given.
//! Constants were fitted on measurements; docs/training.md describes the model.

use crate::constants::SH_COEFFS;

/// PSNR that a doubled capacity gains, dB.
const DOUBLING: f64 = 0.9;

/// PSNR that a training of so many iterations lacks, dB, times the iterations.
const SHORTNESS: f64 = 1200.0;

/// Floats of convexes that are worth as much as a value of the pictures.
const FLOATS_PER_VALUE: f64 = 1.0;

/// The size of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingSize {
    /// The number of convexes at the end.
    pub num_convexes: u32,
    /// Points per convex.
    pub points_per_convex: usize,
    /// Pixels of all pictures that are trained on, a mean over the iterations.
    pub pixels: f64,
    /// The number of iterations.
    pub iterations: u32,
}

impl TrainingSize {
    /// The expected quality in dB, up to a constant of the dataset: what convexes and pictures together can hold, less what a
    /// short training leaves undone.
    #[must_use]
    pub fn expected_gain(&self) -> f64 {
        let floats = f64::from(self.num_convexes) * (3 * self.points_per_convex + 3 + 3 * SH_COEFFS) as f64;
        let values = FLOATS_PER_VALUE * 3.0 * self.pixels;
        let capacity = 1.0 / (1.0 / floats.max(1.0) + 1.0 / values.max(1.0));
        DOUBLING * capacity.log2() - SHORTNESS / f64::from(self.iterations.max(1))
    }
}
