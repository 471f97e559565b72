//! Compares a render with the photograph of the same camera.

use serde::{Deserialize, Serialize};

use crate::image::quantise;
use crate::kernels;
use crate::metrics::{self, FULL_DIFFERENCE};

/// The part of render and photograph that is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ComparisonMode {
    /// Only the render.
    #[default]
    Render,
    /// Only the photograph.
    Photograph,
    /// The render on the left of a line, the photograph on its right.
    Split,
    /// The difference of both.
    Difference,
}

impl ComparisonMode {
    /// All modes, with their names.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Render, "render"),
        (Self::Photograph, "photograph"),
        (Self::Split, "split"),
        (Self::Difference, "difference"),
    ];

    /// Returns the mode after this one; the first comes after the last.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|(mode, _)| *mode == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()].0
    }
}

/// The factor that differences are drawn with.
pub(crate) const GAIN: f32 = 1.0 / FULL_DIFFERENCE;

/// Returns a picture of the differences, and the peak signal-to-noise ratio in dB; `None` if the sizes differ.
#[must_use]
pub(crate) fn difference(render: &[[u8; 4]], photograph: &[[u8; 4]]) -> Option<(Vec<[u8; 4]>, f64)> {
    if render.len() != photograph.len() || render.is_empty() {
        return None;
    }
    let mut squares = 0u64;
    let pixels = render.iter().zip(photograph).map(|(a, b)| {
        let apart = [0, 1, 2].map(|channel| u64::from(a[channel].abs_diff(b[channel])));
        squares += apart.iter().map(|apart| apart * apart).sum::<u64>();
        let colour = |pixel: &[u8; 4]| [0, 1, 2].map(|channel| f32::from(pixel[channel]) / 255.0);
        ramp(GAIN * metrics::difference(colour(a), colour(b)))
    });
    let pixels = pixels.collect();
    let mean = squares as f64 / (render.len() * 3) as f64 / (255.0 * 255.0);
    Some((pixels, metrics::psnr(mean)))
}

/// Returns a colour of the ramp that depths and counts have too.
#[must_use]
pub(crate) fn ramp(value: f32) -> [u8; 4] {
    let [r, g, b] = kernels::ramp(value).map(quantise);
    [r, g, b, 255]
}

/// Returns the position of the line of a split after a drag, as a part of the width at which both sides can be seen.
#[must_use]
pub(crate) fn split_at(pointer: f32, left: f32, width: f32) -> f32 {
    if width <= 0.0 || !pointer.is_finite() {
        return 0.5;
    }
    ((pointer - left) / width).clamp(0.02, 0.98)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_by_hand() {
        let (grey, off) = ([100, 100, 100, 255], [100, 110, 100, 255]);
        let (pixels, psnr) = difference(&[grey, grey], &[grey, off]).unwrap();
        assert_eq!(pixels[0], ramp(0.0));
        assert_eq!(pixels[1], ramp(GAIN * metrics::difference([0.0, 100.0 / 255.0, 0.0], [0.0, 110.0 / 255.0, 0.0])));
        let mean: f64 = 100.0 / 6.0 / (255.0 * 255.0);
        assert!((psnr + 10.0 * mean.log10()).abs() < 1e-9);
        assert_eq!(difference(&[grey], &[grey]).unwrap().1, f64::INFINITY);
        assert!(difference(&[grey], &[grey, grey]).is_none() && difference(&[], &[]).is_none());
    }

    #[test]
    fn the_split_stays_in_the_picture() {
        assert_eq!(split_at(150.0, 100.0, 200.0), 0.25);
        assert_eq!(split_at(-5.0, 100.0, 200.0), 0.02);
        assert_eq!(split_at(999.0, 100.0, 200.0), 0.98);
        assert_eq!(split_at(f32::NAN, 0.0, 10.0), 0.5);
        assert_eq!(split_at(1.0, 0.0, 0.0), 0.5);
    }

    #[test]
    fn the_first_mode_comes_after_the_last() {
        let mut mode = ComparisonMode::Render;
        for _ in 0..4 {
            mode = mode.next();
        }
        assert_eq!(mode, ComparisonMode::Render);
    }
}
