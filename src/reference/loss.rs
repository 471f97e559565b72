//! The training loss between two pictures, its SSIM map, and its gradient by the picture.
//!
//! ```text
//! loss = (1 − w)·mean |x − y| + w·(1 − mean SSIM)
//! SSIM = (2·m_x·m_y + C1)(2·s_xy + C2) / ((m_x² + m_y² + C1)(s_x² + s_y² + C2))
//! ```
//!
//! Means m and (co)variances s are taken under an 11×11 Gaussian of standard deviation 1.5; what lies outside the
//! picture counts as zero and keeps its weight. Source: Wang et al. 2004; docs/spec.md §6.

use crate::constants::{SSIM_C1, SSIM_C2, SSIM_WINDOW, ssim_weights};
use crate::real::Real;

/// Values per pixel.
const CHANNELS: usize = 3;

/// The loss, its parts, and its gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss<T> {
    /// `(1 − w)·l1 + w·(1 − ssim)`.
    pub value: T,
    /// Mean absolute difference.
    pub l1: T,
    /// Mean of the SSIM map.
    pub ssim: T,
    /// `[H, W, 3]`
    pub ssim_map: Vec<T>,
    /// Gradient of `value` by the picture, `[H, W, 3]`.
    pub v_image: Vec<T>,
}

/// The loss of `image` against `target`, both `[H, W, 3]` sRGB with rows of `width` pixels.
///
/// * `ssim_weight` — w
///
/// # Panics
/// When the pictures are not of one size or not of whole rows: a bug of the caller.
#[must_use]
pub fn loss<T: Real>(image: &[T], target: &[T], width: usize, ssim_weight: T) -> Loss<T> {
    assert_eq!(image.len(), target.len(), "the loss compares images of one size");
    assert_eq!(image.len() % (width * CHANNELS).max(1), 0, "an image has whole rows");
    let per_value = T::one() / T::of(image.len() as f64);
    let (ssim_map, v_ssim) = ssim(image, target, width);
    let l1 = image.iter().zip(target).map(|(x, y)| (*x - *y).abs()).sum::<T>() * per_value;
    let ssim = ssim_map.iter().copied().sum::<T>() * per_value;
    let l1_weight = T::one() - ssim_weight;
    let gradient = |((x, y), v_ssim): ((&T, &T), &T)| (l1_weight * sign(*x - *y) - ssim_weight * *v_ssim) * per_value;
    Loss {
        value: l1_weight * l1 + ssim_weight * (T::one() - ssim),
        l1,
        ssim,
        v_image: image.iter().zip(target).zip(&v_ssim).map(gradient).collect(),
        ssim_map,
    }
}

/// −1, 0 or 1; the library's `signum` has no 0.
fn sign<T: Real>(x: T) -> T {
    if x == T::zero() { x } else { x.signum() }
}

/// The SSIM map and the gradient of its **sum** by `x`.
fn ssim<T: Real>(x: &[T], y: &[T], width: usize) -> (Vec<T>, Vec<T>) {
    let product = |a: &[T], b: &[T]| -> Vec<T> { a.iter().zip(b).map(|(a, b)| *a * *b).collect() };
    let moments = [x, y, &product(x, x), &product(y, y), &product(x, y)].map(|values| blur(values, width));
    let windows: Vec<Window<T>> =
        (0..x.len()).map(|i| Window::new(moments.each_ref().map(|moment| moment[i]))).collect();
    let map = windows.iter().map(|window| window.ssim).collect();
    // The blur is its own transpose: its kernel is symmetric and the padding is zero.
    let pull = |part: &dyn Fn(&Window<T>) -> T| blur(&windows.iter().map(part).collect::<Vec<T>>(), width);
    let [v_mean, v_square, v_product] = [pull(&|w| w.v_mean), pull(&|w| w.v_square), pull(&|w| w.v_product)];
    let two = T::of(2.0);
    let gradient = (0..x.len()).map(|i| v_mean[i] + two * x[i] * v_square[i] + y[i] * v_product[i]).collect();
    (map, gradient)
}

/// SSIM of one window, and its derivatives by the window's moments of x.
struct Window<T> {
    ssim: T,
    /// The derivative by the mean of x.
    v_mean: T,
    /// The derivative by the mean of x².
    v_square: T,
    /// The derivative by the mean of x·y.
    v_product: T,
}

impl<T: Real> Window<T> {
    /// The window with the weighted means of x, y, x², y², x·y.
    fn new([mean_x, mean_y, square_x, square_y, product]: [T; 5]) -> Self {
        let (c1, c2, two) = (T::of(SSIM_C1), T::of(SSIM_C2), T::of(2.0));
        let luminance = two * mean_x * mean_y + c1;
        let structure = two * (product - mean_x * mean_y) + c2;
        let luminance_norm = mean_x * mean_x + mean_y * mean_y + c1;
        let structure_norm = square_x - mean_x * mean_x + square_y - mean_y * mean_y + c2;
        let norm = luminance_norm * structure_norm;
        let ssim = luminance * structure / norm;
        let v_square = -ssim / structure_norm;
        let v_product = two * luminance / norm;
        let through_luminance = two * mean_y * structure / norm - two * mean_x * ssim / luminance_norm;
        // The variances contain the mean as well.
        let v_mean = through_luminance - mean_y * v_product - two * mean_x * v_square;
        Self { ssim, v_mean, v_square, v_product }
    }
}

/// Weighted mean under the window around every pixel, channel by channel; outside the picture is zero.
fn blur<T: Real>(values: &[T], width: usize) -> Vec<T> {
    let row = width * CHANNELS;
    let along_rows: Vec<T> = values.chunks_exact(row.max(1)).flat_map(|row| convolve(row, CHANNELS)).collect();
    convolve(&along_rows, row)
}

/// Convolution with the window along the axis whose neighbours lie `stride` apart.
fn convolve<T: Real>(values: &[T], stride: usize) -> Vec<T> {
    let (weights, reach) = (ssim_weights().map(T::of), SSIM_WINDOW / 2);
    let tap = |i: usize, k: usize| {
        let at = (i + k * stride).checked_sub(reach * stride)?;
        Some(weights[k] * *values.get(at)?)
    };
    (0..values.len()).map(|i| (0..SSIM_WINDOW).filter_map(|k| tap(i, k)).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(seed: u32, pixels: usize) -> Vec<f64> {
        (0..pixels * 3).map(|i| ((i as f64 * 12.9898 + f64::from(seed)).sin() * 43758.547).fract().abs()).collect()
    }

    #[test]
    fn equal_pictures_have_zero_loss() {
        let x = picture(1, 12 * 9);
        let loss = loss(&x, &x, 12, 0.2);
        assert!(loss.value.abs() < 1e-15 && (loss.ssim - 1.0).abs() < 1e-15);
        assert!(loss.ssim_map.iter().all(|s| (s - 1.0).abs() < 1e-13));
        assert!(loss.v_image.iter().all(|v| v.abs() < 1e-12), "one is the maximum");
    }

    #[test]
    fn l1_by_hand_on_2_by_2() {
        let (x, y) = ([0.5f64; 12], [0.5, 0.25, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0]);
        let loss = loss(&x, &y, 2, 0.0);
        assert!((loss.value - 1.25 / 12.0).abs() < 1e-15);
        assert_eq!(loss.v_image.iter().map(|v| v * 12.0).collect::<Vec<_>>()[..4], [0.0, 1.0, -1.0, 0.0]);
    }

    #[test]
    fn ssim_of_two_flat_pictures_by_hand() {
        // In the middle of a picture larger than the window there is no variance and no padding.
        let (x, y) = (vec![0.2f64; 13 * 13 * 3], vec![0.6f64; 13 * 13 * 3]);
        let middle = loss(&x, &y, 13, 1.0).ssim_map[(6 * 13 + 6) * 3];
        assert!((middle - (2.0 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4)).abs() < 1e-12);
    }

    #[test]
    fn weights_add_up_to_one_inside_and_to_less_at_the_border() {
        let ones = blur(&vec![1.0f64; 20 * 15 * 3], 20);
        assert!((ones[(7 * 20 + 10) * 3] - 1.0).abs() < 1e-15);
        assert!(ones[0] > 0.25 && ones[0] < 0.5, "zero padding: {}", ones[0]);
    }

    #[test]
    fn the_gradient_is_the_difference_quotient() {
        let (x, y) = (picture(1, 14 * 12), picture(2, 14 * 12));
        let loss_at = |x: &[f64]| loss(x, &y, 14, 0.2);
        let v_image = loss_at(&x).v_image;
        for i in [0, 41, 100, 250, 333, 503] {
            let moved = |by: f64| {
                let mut moved = x.clone();
                moved[i] += by;
                loss_at(&moved).value
            };
            let quotient = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((quotient / v_image[i] - 1.0).abs() < 1e-6, "{i}: {quotient} {}", v_image[i]);
        }
    }
}
