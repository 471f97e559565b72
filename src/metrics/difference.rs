//! The difference of two pictures, pixel by pixel.

use image::RgbImage;

use crate::image::{Image, quantise};

/// The difference that a difference map shows brightest, 0..=1.
pub const FULL_DIFFERENCE: f32 = 0.25;

/// Colours of a difference map from none to [`FULL_DIFFERENCE`], evenly apart, from dark to bright.
pub const DIFFERENCE_RAMP: [[f32; 3]; 6] = [
    [0.0, 0.0, 0.02],
    [0.26, 0.04, 0.41],
    [0.58, 0.15, 0.40],
    [0.87, 0.32, 0.23],
    [0.99, 0.65, 0.04],
    [0.99, 1.0, 0.75],
];

/// The difference of two colours in 0..=1: the mean of the distances of their channels.
#[must_use]
pub fn difference(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / 3.0
}

/// The differences of two pictures of one size in colours from dark to bright; [`FULL_DIFFERENCE`] and more is brightest.
#[must_use]
pub fn difference_map(image: &Image, truth: &Image) -> RgbImage {
    let pixels = image.data.as_chunks().0.iter().zip(truth.data.as_chunks().0);
    let distance = |(a, b): (&[f32; 3], &[f32; 3])| difference(a.map(|channel| channel.clamp(0.0, 1.0)), *b);
    let bytes = pixels.flat_map(|pixel| ramp(distance(pixel) / FULL_DIFFERENCE).map(quantise)).collect();
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(0);
    RgbImage::from_raw(side(image.width), side(image.height), bytes).unwrap_or_default()
}

/// The colour at a place of the ramp, 0 to 1; beyond its ends, its ends.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the length of the ramp")]
fn ramp(place: f32) -> [f32; 3] {
    let steps = (DIFFERENCE_RAMP.len() - 1) as f32;
    let place = place.clamp(0.0, 1.0) * steps;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(DIFFERENCE_RAMP.len() - 1);
    std::array::from_fn(|i| DIFFERENCE_RAMP[low][i] + part * (DIFFERENCE_RAMP[high][i] - DIFFERENCE_RAMP[low][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_by_hand() {
        let image = Image::filled(2, 1, [0.25, 0.5, 0.75]);
        let truth = Image::filled(2, 1, [0.25, 0.5, 0.0]);
        let colour =
            |map: &RgbImage| map.as_raw()[..3].iter().map(|x| (f32::from(*x) / 2.55).round()).collect::<Vec<f32>>();
        assert_eq!(colour(&difference_map(&image, &truth)), [99.0, 100.0, 75.0], "0.25 is brightest");
        assert_eq!(colour(&difference_map(&truth, &truth)), [0.0, 0.0, 2.0]);
        let [tenth, twentieth] = [0.1, 0.05].map(|value| Image::filled(1, 1, [value; 3]));
        assert_eq!(colour(&difference_map(&tenth, &twentieth)), [26.0, 4.0, 41.0], "a step of five");
    }
}
