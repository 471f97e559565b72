//! The measures of a rendered picture against the ground truth.

use serde::{Deserialize, Serialize};

use super::lpips::{Lpips, LpipsInput};
use super::ssim::ssim;
use crate::image::Image;

/// PSNR that is reported for equal pictures, dB: finite, so that means stay finite.
const PSNR_OF_EQUALS: f64 = 120.0;

/// The measures of a picture against the ground truth. Those that were not taken are absent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ImageMetrics {
    /// Peak signal-to-noise ratio, dB.
    pub psnr: f64,
    /// Mean structural similarity under an 11×11 Gaussian window with zero padding.
    pub ssim: f64,
    /// LPIPS of VGG16 in the convention of 3DGS, which every table of the field uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lpips_vgg: Option<f64>,
    /// LPIPS of VGG16 with input in −1..=1, as its authors define it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lpips_vgg_normalised: Option<f64>,
}

impl ImageMetrics {
    /// Compares pictures as they would be stored in 8 bits, by PSNR and SSIM.
    ///
    /// # Panics
    /// When the pictures differ in size: a bug of the caller.
    #[must_use]
    pub fn of(image: &Image, truth: &Image) -> Self {
        assert_eq!((image.width, image.height), (truth.width, truth.height), "the images must have one size");
        let (image, width, truth) = (image.to_rgb8(), image.width, truth.to_rgb8());
        Self {
            psnr: psnr_of_bytes(&image, &truth),
            ssim: ssim(&image, &truth, width, value),
            lpips_vgg: None,
            lpips_vgg_normalised: None,
        }
    }

    /// Compares pictures as they would be stored in 8 bits, also by LPIPS with inputs of these ranges. A picture that is too
    /// small for the network has no LPIPS.
    ///
    /// # Panics
    /// When the pictures differ in size: a bug of the caller.
    #[must_use]
    pub fn with_lpips(image: &Image, truth: &Image, lpips: &Lpips, inputs: &[LpipsInput]) -> Self {
        let mut metrics = Self::of(image, truth);
        let [image, truth] = [image, truth].map(stored);
        for input in inputs {
            let distance = lpips.distance(&image, &truth, *input);
            match input {
                LpipsInput::ZeroToOne => metrics.lpips_vgg = distance,
                LpipsInput::MinusOneToOne => metrics.lpips_vgg_normalised = distance,
            }
        }
        metrics
    }

    /// The mean of each measure; `None` for an empty list, and for an LPIPS that one of them lacks.
    #[must_use]
    pub fn mean(all: &[Self]) -> Option<Self> {
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let mean_of_some = |of: fn(&Self) -> Option<f64>| {
            let found: Option<Vec<f64>> = all.iter().map(of).collect();
            found.map(|found| found.iter().sum::<f64>() / found.len() as f64)
        };
        (!all.is_empty()).then(|| Self {
            psnr: mean(|l| l.psnr),
            ssim: mean(|l| l.ssim),
            lpips_vgg: mean_of_some(|l| l.lpips_vgg),
            lpips_vgg_normalised: mean_of_some(|l| l.lpips_vgg_normalised),
        })
    }
}

/// The picture after it was stored in 8 bits.
fn stored(image: &Image) -> Image {
    Image::new(image.width, image.height, image.to_rgb8().into_iter().map(|byte| f32::from(byte) / 255.0).collect())
}

/// The value of a byte, 0..=1.
fn value(byte: u8) -> f64 {
    f64::from(byte) / 255.0
}

/// The PSNR of pictures in 8 bits, dB.
fn psnr_of_bytes(image: &[u8], truth: &[u8]) -> f64 {
    let squares = image.iter().zip(truth).map(|(x, y)| (value(*x) - value(*y)).powi(2));
    psnr(squares.sum::<f64>() / image.len().max(1) as f64).min(PSNR_OF_EQUALS)
}

/// Peak signal-to-noise ratio in dB of a mean square difference of values in 0..=1; infinite for 0.
#[must_use]
pub fn psnr(mean_square: f64) -> f64 {
    -10.0 * mean_square.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_by_hand() {
        let (black, grey) = (Image::filled(20, 15, [0.0; 3]), Image::filled(20, 15, [51.0 / 255.0; 3]));
        let metrics = ImageMetrics::of(&grey, &black);
        assert!((metrics.psnr - 20.0 * 5f64.log10()).abs() < 1e-9, "a fifth of the range");
        let same = ImageMetrics::of(&grey, &grey);
        assert!((same.psnr - PSNR_OF_EQUALS).abs() < 1e-9 && (same.ssim - 1.0).abs() < 1e-9);
    }

    #[test]
    fn means_lack_an_lpips_that_one_picture_lacks() {
        let one = ImageMetrics { psnr: 20.0, ssim: 0.5, lpips_vgg: Some(0.25), lpips_vgg_normalised: Some(0.5) };
        let other = ImageMetrics { psnr: 30.0, ssim: 0.75, lpips_vgg: Some(0.75), lpips_vgg_normalised: None };
        let mean = ImageMetrics { psnr: 25.0, ssim: 0.625, lpips_vgg: Some(0.5), lpips_vgg_normalised: None };
        assert_eq!(ImageMetrics::mean(&[one, other]), Some(mean));
        assert_eq!(ImageMetrics::mean(&[]), None);
        let text =
            serde_json::to_string(&ImageMetrics::of(&Image::filled(2, 2, [0.0; 3]), &Image::filled(2, 2, [1.0; 3])));
        assert!(!text.unwrap().contains("lpips"), "what was not measured is absent");
    }
}
