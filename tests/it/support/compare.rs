//! Comparisons of number arrays, with tests of their own.

use lapidary::real::Real;

fn as_f64<T: Real>(value: T) -> f64 {
    value.to_f64().unwrap()
}

/// ‖out − expected‖ / ‖expected‖; where all of `expected` is zero, 0 if `out` is too and infinity if not. NaN anywhere
/// makes it NaN.
pub(crate) fn relative_error<T: Real, U: Real>(out: &[T], expected: &[U]) -> f64 {
    assert_eq!(out.len(), expected.len(), "arrays of one length");
    let difference: f64 = out.iter().zip(expected).map(|(a, b)| (as_f64(*a) - as_f64(*b)).powi(2)).sum::<f64>().sqrt();
    let norm: f64 = expected.iter().map(|b| as_f64(*b).powi(2)).sum::<f64>().sqrt();
    if difference == 0.0 { 0.0 } else { difference / norm }
}

/// Largest |out − expected|; NaN if there is one.
pub(crate) fn max_error<T: Real, U: Real>(out: &[T], expected: &[U]) -> f64 {
    max_error_outside(out, expected, &vec![false; out.len()])
}

/// Largest |out − expected| over the pixels that `band` does not mask; NaN if there is one. The arrays hold any
/// number of values per pixel.
pub(crate) fn max_error_outside<T: Real, U: Real>(out: &[T], expected: &[U], band: &[bool]) -> f64 {
    assert_eq!(out.len(), expected.len(), "arrays of one length");
    assert_eq!(out.len() % band.len().max(1), 0, "whole pixels");
    let per_pixel = (out.len() / band.len().max(1)).max(1);
    let errors = out.iter().zip(expected).map(|(a, b)| (as_f64(*a) - as_f64(*b)).abs());
    let errors = errors.enumerate().filter(|(i, _)| !band[i / per_pixel]).map(|(_, error)| error);
    errors.fold(0.0, |worst, error| if worst.is_nan() || error <= worst { worst } else { error })
}

#[test]
fn relative_error_by_hand() {
    assert_eq!(relative_error(&[3.0, 4.0], &[3.0, 4.0]), 0.0);
    assert_eq!(relative_error(&[3.0, 9.0], &[3.0, 4.0]), 1.0);
    assert_eq!(relative_error(&[0.0f32, 0.0], &[0.0f64, 0.0]), 0.0);
    assert_eq!(relative_error(&[0.0, 1e-30], &[0.0, 0.0]), f64::INFINITY);
    assert!(relative_error(&[f64::NAN, 0.0], &[1.0, 0.0]).is_nan());
}

#[test]
fn the_band_hides_all_channels_of_its_pixels_and_nothing_else() {
    let (out, expected) = ([0.0, 0.5, 7.0, 9.0, 1.0, 1.25], [0.0f64; 6]);
    assert_eq!(max_error(&out, &expected), 9.0);
    assert_eq!(max_error_outside(&out, &expected, &[false, true, false]), 1.25);
    assert!(max_error(&[1.0, f64::NAN, 0.0], &[0.0; 3]).is_nan());
}
