//! The quality that a training is expected to reach, by its size: what `run` chooses from where only the time is given.
//! Source of the constants: docs/archive/budget.md.

/// The decibels that a training lacks because of few convexes: this over the root of their number.
const FEW_CONVEXES: f64 = 210.0;

/// The most convexes that a pixel of a picture can use, in the sum of the inverses.
const USED_PER_PIXEL: f64 = 1.0;

/// The decibels that a training lacks because of few iterations: this over the root of their number.
const FEW_ITERATIONS: f64 = 100.0;

/// The decibels that a training lacks because its pictures are made smaller: this for the side of a pixel, a mean over the
/// iterations, and that for the side of a pixel at the end, over the root of the number of pixels.
const LARGE_PIXELS: f64 = 200.0;
const LARGE_LAST_PIXELS: f64 = 250.0;

/// The size of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingSize {
    /// The number of convexes at the end.
    pub num_convexes: u32,
    /// Pixels of a picture.
    pub pixels: f64,
    /// The side of a pixel of the pictures that are trained on, in pixels of the full size: a mean over the iterations.
    pub mean_side: f64,
    /// The same towards the end.
    pub last_side: f64,
    /// The number of iterations.
    pub iterations: u32,
}

impl TrainingSize {
    /// The expected PSNR in dB, up to a constant of the dataset.
    #[must_use]
    pub fn expected_gain(&self) -> f64 {
        let inverse = |number: f64| 1.0 / number.max(1.0);
        let used = inverse(self.num_convexes.into()) + inverse(USED_PER_PIXEL * self.pixels);
        let sides = LARGE_PIXELS * self.mean_side + LARGE_LAST_PIXELS * self.last_side;
        -FEW_CONVEXES * used.sqrt()
            - FEW_ITERATIONS * inverse(self.iterations.into()).sqrt()
            - sides * inverse(self.pixels).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_training_helps_and_the_scarcest_most() {
        let base =
            TrainingSize { num_convexes: 4000, pixels: 20_000.0, mean_side: 2.0, last_side: 2.0, iterations: 1000 };
        let gain = |size: TrainingSize| size.expected_gain() - base.expected_gain();
        let convexes = gain(TrainingSize { num_convexes: 8000, ..base });
        let iterations = gain(TrainingSize { iterations: 2000, ..base });
        let pictures = gain(TrainingSize { mean_side: 1.25, last_side: 1.0, ..base });
        let end = gain(TrainingSize { last_side: 1.0, ..base });
        assert!(convexes > 0.0 && iterations > 0.0 && end > 0.0 && pictures > end);
        assert!(gain(TrainingSize { mean_side: 4.0, ..base }) < 0.0);
        assert!(gain(TrainingSize { num_convexes: u32::MAX, ..base }) < 3.0, "images hold no more");
    }
}
