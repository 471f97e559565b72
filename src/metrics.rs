//! How alike two pictures are: PSNR and SSIM of 8-bit pictures, as the field measures them. docs/spec.md §6 and §7.

use serde::{Deserialize, Serialize};

use crate::image::Image;
use crate::reference::loss;

/// PSNR of equal pictures: that of a difference of one grey level in one of 2²⁴ values, so that means stay finite.
const PSNR_OF_EQUALS: f64 = 120.0;

/// Likeness of a picture and the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// Peak signal-to-noise ratio, dB.
    pub psnr: f64,
    /// Mean structural similarity under an 11×11 Gaussian window with zero padding.
    pub ssim: f64,
}

impl Likeness {
    /// Compares what would be stored in 8 bits.
    ///
    /// # Panics
    /// When the pictures differ in size: a bug of the caller.
    #[must_use]
    pub fn of(image: &Image, truth: &Image) -> Self {
        let stored =
            |image: &Image| -> Vec<f64> { image.to_rgb8().into_iter().map(|byte| f64::from(byte) / 255.0).collect() };
        let (image, width, truth) = (stored(image), image.width, stored(truth));
        Self { psnr: psnr(&image, &truth), ssim: loss::loss(&image, &truth, width, 1.0).ssim }
    }

    /// The mean of each; `None` of nothing.
    #[must_use]
    pub fn mean(all: &[Self]) -> Option<Self> {
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        (!all.is_empty()).then(|| Self { psnr: mean(|l| l.psnr), ssim: mean(|l| l.ssim) })
    }
}

fn psnr(image: &[f64], truth: &[f64]) -> f64 {
    let square: f64 = image.iter().zip(truth).map(|(x, y)| (x - y).powi(2)).sum::<f64>() / image.len().max(1) as f64;
    (-10.0 * square.log10()).min(PSNR_OF_EQUALS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_by_hand() {
        let (black, grey) = (Image::filled(20, 15, [0.0; 3]), Image::filled(20, 15, [51.0 / 255.0; 3]));
        let likeness = Likeness::of(&grey, &black);
        assert!((likeness.psnr - 20.0 * 5f64.log10()).abs() < 1e-9, "a fifth of the range");
        let same = Likeness::of(&grey, &grey);
        assert!((same.psnr - PSNR_OF_EQUALS).abs() < 1e-9 && (same.ssim - 1.0).abs() < 1e-9);
    }
}
