//! Image metrics: PSNR, SSIM and LPIPS of 8-bit pictures, and maps of their differences. docs/spec.md §6 and §7.

mod difference;
mod image_metrics;
mod lpips;
mod ssim;

pub use difference::{DIFFERENCE_RAMP, FULL_DIFFERENCE, difference, difference_map};
pub use image_metrics::{ImageMetrics, psnr};
pub use lpips::{Lpips, LpipsError, LpipsInput};
pub use ssim::ssim;
