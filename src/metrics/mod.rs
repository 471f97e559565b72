//! How alike two pictures are, as the field measures it: PSNR, SSIM and LPIPS of 8-bit pictures. docs/spec.md §6 and §7.

mod image_metrics;
mod lpips;
mod ssim;

pub use image_metrics::ImageMetrics;
pub use lpips::{Lpips, LpipsError, LpipsInput};
pub use ssim::ssim;
