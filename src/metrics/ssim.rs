//! Mean structural similarity without its gradient, fast enough to look at every held-out picture during a training.
//!
//! Window, padding and constants are those of [`crate::reference::loss`], which explains them and judges this module.

use std::ops::Range;

use rayon::prelude::*;

use crate::constants::{SSIM_C1, SSIM_C2, SSIM_WINDOW, ssim_weights};

/// Values per pixel.
const CHANNELS: usize = 3;

/// Rows on each side of a row that its windows reach.
const REACH: usize = SSIM_WINDOW / 2;

/// Rows that are worked on together. A constant, so that the sum does not depend on the number of threads.
const STRIP_ROWS: usize = 32;

/// Means of x, y, x², y² and x·y.
const MOMENTS: usize = 5;

/// Mean SSIM of two pictures `[H, W, 3]`, rows of `width` pixels; 1 for pictures without pixels. `value` is what a sample
/// stands for, in 0..=1; only a strip of rows is in memory as such values.
///
/// # Panics
/// When the pictures are not of one size or not of whole rows: a bug of the caller.
#[must_use]
pub fn ssim<T: Copy + Sync>(x: &[T], y: &[T], width: usize, value: impl Fn(T) -> f64 + Sync) -> f64 {
    assert_eq!(x.len(), y.len(), "SSIM compares images of one size");
    let row = width * CHANNELS;
    assert_eq!(x.len() % row.max(1), 0, "an image has whole rows");
    if x.is_empty() {
        return 1.0;
    }
    let height = x.len() / row;
    let strips: Vec<f64> = (0..height.div_ceil(STRIP_ROWS))
        .into_par_iter()
        .map(|strip| {
            let first = strip * STRIP_ROWS;
            sum_of_strip(x, y, row, first..(first + STRIP_ROWS).min(height), &value)
        })
        .collect();
    strips.iter().sum::<f64>() / x.len() as f64
}

/// The sum of the SSIM map over some rows.
fn sum_of_strip<T: Copy>(x: &[T], y: &[T], row: usize, rows: Range<usize>, value: &impl Fn(T) -> f64) -> f64 {
    let height = x.len() / row;
    let reached = rows.start.saturating_sub(REACH)..(rows.end + REACH).min(height);
    let values = |picture: &[T], j: usize| -> Vec<f64> {
        picture[j * row..(j + 1) * row].iter().map(|sample| value(*sample)).collect()
    };
    let along_rows: Vec<[Vec<f64>; MOMENTS]> =
        reached.clone().map(|j| moments_along(&values(x, j), &values(y, j))).collect();
    let weights = ssim_weights();
    let mut sum = 0.0;
    for j in rows {
        let mut moments: [Vec<f64>; MOMENTS] = std::array::from_fn(|_| vec![0.0; row]);
        for (k, weight) in weights.iter().enumerate() {
            // Rows outside the picture are zero.
            let Some(line) = (j + k).checked_sub(REACH + reached.start).and_then(|i| along_rows.get(i)) else {
                continue;
            };
            for (moment, values) in moments.iter_mut().zip(line) {
                moment.iter_mut().zip(values).for_each(|(moment, value)| *moment += weight * value);
            }
        }
        let [mean_x, mean_y, square_x, square_y, product] = &moments;
        sum += (0..row).map(|i| window([mean_x[i], mean_y[i], square_x[i], square_y[i], product[i]])).sum::<f64>();
    }
    sum
}

/// The moments of one row under the window along it; outside the row is zero.
fn moments_along(x: &[f64], y: &[f64]) -> [Vec<f64>; MOMENTS] {
    let product = |a: &[f64], b: &[f64]| blur_row(a.iter().zip(b).map(|(a, b)| a * b));
    [blur_row(x.iter().copied()), blur_row(y.iter().copied()), product(x, x), product(y, y), product(x, y)]
}

fn blur_row(values: impl ExactSizeIterator<Item = f64>) -> Vec<f64> {
    let mut blurred = vec![0.0; values.len()];
    let border = [0.0; REACH * CHANNELS];
    let padded: Vec<f64> = border.into_iter().chain(values).chain(border).collect();
    for (k, weight) in ssim_weights().iter().enumerate() {
        blurred.iter_mut().zip(&padded[k * CHANNELS..]).for_each(|(sum, value)| *sum += weight * value);
    }
    blurred
}

/// SSIM of one window from its moments.
fn window([mean_x, mean_y, square_x, square_y, product]: [f64; MOMENTS]) -> f64 {
    let luminance = (2.0 * mean_x * mean_y + SSIM_C1) / (mean_x * mean_x + mean_y * mean_y + SSIM_C1);
    let (variance_x, variance_y) = (square_x - mean_x * mean_x, square_y - mean_y * mean_y);
    luminance * (2.0 * (product - mean_x * mean_y) + SSIM_C2) / (variance_x + variance_y + SSIM_C2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::loss;

    #[test]
    fn equals_the_twin() {
        let picture = |seed: f64, pixels: usize| -> Vec<f64> {
            (0..pixels * 3).map(|i| ((i as f64 * 12.9898 + seed).sin() * 43758.547).fract().abs()).collect()
        };
        // Smaller than the window, of one strip, and of several with a rest.
        for (width, height) in [(1, 1), (4, 3), (30, 32), (23, 75)] {
            let (x, y) = (picture(1.0, width * height), picture(2.0, width * height));
            let (found, expected) = (ssim(&x, &y, width, |value| value), loss::loss(&x, &y, width, 1.0).ssim);
            assert!((found - expected).abs() < 1e-12, "{width}×{height}: {found} {expected}");
        }
    }
}
