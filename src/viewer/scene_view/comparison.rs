//! A render beside the photograph of the same camera.

use serde::{Deserialize, Serialize};

use crate::image::quantise;
use crate::kernels;

/// What is shown of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Comparison {
    /// The render.
    #[default]
    Render,
    /// The photograph.
    Photograph,
    /// The render on the left of a line, the photograph on its right.
    Split,
    /// How far they are apart.
    Difference,
}

impl Comparison {
    /// All of them, with names.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Render, "render"),
        (Self::Photograph, "photograph"),
        (Self::Split, "split"),
        (Self::Difference, "difference"),
    ];

    /// The one after this.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|(comparison, _)| *comparison == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()].0
    }
}

/// How much larger than in truth differences are drawn.
pub(crate) const GAIN: f32 = 4.0;

/// A picture of the differences, and the peak signal-to-noise ratio in dB; `None` where the sizes differ.
#[must_use]
pub(crate) fn difference(render: &[[u8; 4]], photograph: &[[u8; 4]]) -> Option<(Vec<[u8; 4]>, f64)> {
    if render.len() != photograph.len() || render.is_empty() {
        return None;
    }
    let mut squares = 0u64;
    let pixels = render.iter().zip(photograph).map(|(a, b)| {
        let apart = [0, 1, 2].map(|channel| u64::from(a[channel].abs_diff(b[channel])));
        squares += apart.iter().map(|apart| apart * apart).sum::<u64>();
        let largest = apart.into_iter().max().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "a byte")]
        let value = largest as f32 / 255.0;
        ramp(GAIN * value)
    });
    let pixels = pixels.collect();
    let mean = squares as f64 / (render.len() * 3) as f64 / (255.0 * 255.0);
    Some((pixels, if mean > 0.0 { -10.0 * mean.log10() } else { f64::INFINITY }))
}

/// A colour of the ramp that depths and counts have too.
#[must_use]
pub(crate) fn ramp(value: f32) -> [u8; 4] {
    let [r, g, b] = kernels::ramp(value).map(quantise);
    [r, g, b, 255]
}

/// Where the line of a split is after a drag: a part of the width that leaves both sides to be seen.
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
        assert_eq!(pixels[1], ramp(GAIN * 10.0 / 255.0));
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
    fn comparisons_go_round() {
        let mut comparison = Comparison::Render;
        for _ in 0..4 {
            comparison = comparison.next();
        }
        assert_eq!(comparison, Comparison::Render);
    }
}
