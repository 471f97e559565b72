//! Arrays that one binding does not show.

use std::ops::Range;

use crate::constants::WINDOW_UNIT;
use crate::gpu::{Gpu, Grid};
use crate::real::to_u32;

/// Rows of `row_width` values of 32 bits that a binding shows at a time. Windows start at whole multiples of
/// [`WINDOW_UNIT`] rows, so that every array of the same rows is aligned.
pub fn windows(gpu: &Gpu, row_width: u32, num_rows: u32) -> impl Iterator<Item = Range<u64>> + use<> {
    let unit = u64::from(WINDOW_UNIT);
    let fits = gpu.binding_elements::<f32>() / u64::from(row_width);
    let (per_window, all) = ((fits / unit).max(1) * unit, u64::from(num_rows));
    (0..all.div_ceil(per_window)).map(move |i| i * per_window..((i + 1) * per_window).min(all))
}

/// The coordinates of the points of a window of convexes.
pub(super) fn points_of(points_per_convex: u32, window: &Range<u64>) -> Range<u64> {
    let width = u64::from(points_per_convex * 3);
    window.start * width..window.end * width
}

/// This many threads for each convex of a window.
pub(super) fn threads(window: &Range<u64>, each: u32) -> Grid<'static> {
    Grid::Threads(to_u32(window.end - window.start).saturating_mul(each))
}
