//! The quality that a training is expected to reach, by its size: what `run` chooses from where only the time is given.
//! Source of the constants: docs/archive/budget.md.

/// The decibels that a training lacks because of few convexes: this over the root of their number.
const FEW_CONVEXES: f64 = 190.0;

/// The decibels that a training lacks because of few iterations: this over the root of their number.
const FEW_ITERATIONS: f64 = 105.0;

/// The most convexes that a pixel of a picture can use, in the sum of the inverses.
const USED_PER_PIXEL: f64 = 0.6;

/// The size of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingSize {
    /// The number of convexes at the end.
    pub num_convexes: u32,
    /// Pixels of a picture, a mean over the iterations.
    pub pixels: f64,
    /// The number of iterations.
    pub iterations: u32,
}

impl TrainingSize {
    /// The expected PSNR in dB, up to a constant of the dataset.
    #[must_use]
    pub fn expected_gain(&self) -> f64 {
        let inverse = |number: f64| 1.0 / number.max(1.0);
        let used = inverse(self.num_convexes.into()) + inverse(USED_PER_PIXEL * self.pixels);
        -FEW_CONVEXES * used.sqrt() - FEW_ITERATIONS * inverse(self.iterations.into()).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_training_helps_and_the_scarcest_most() {
        let gain = |num_convexes, pixels, iterations| TrainingSize { num_convexes, pixels, iterations }.expected_gain();
        let base = gain(4000, 20_000.0, 1000);
        let [convexes, pixels, iterations] =
            [gain(8000, 20_000.0, 1000), gain(4000, 40_000.0, 1000), gain(4000, 20_000.0, 2000)];
        assert!(convexes > base && pixels > base && iterations > base);
        assert!(convexes > pixels, "a picture has five pixels for every convex");
        assert!((gain(u32::MAX, 20_000.0, 1000) - base) < 3.0, "pictures hold no more");
    }
}
