//! Pictures as training wants them: 8 bits, a pinhole's, of the right size, with a weight per pixel.

use std::path::Path;

use glam::DVec2;
use image::{DynamicImage, RgbaImage};

use super::error::DatasetError;
use super::lens::Lens;
use super::{AlphaMode, DatasetOptions};
use crate::camera::{Camera, Intrinsics};
use crate::files;
use crate::image::ImageError;

/// A picture and how much each pixel counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Row-major; sRGB, and 255 where the pixel counts, 0 where it says nothing.
    pub pixels: Vec<[u8; 4]>,
}

impl Picture {
    /// Decodes a picture for a camera.
    pub(super) fn load(
        path: &Path,
        mask: Option<&Path>,
        lens: Option<&(Lens, [u32; 2])>,
        camera: &Camera,
        options: &DatasetOptions,
    ) -> Result<Self, DatasetError> {
        let mut picture = weighted(&decode(path)?, options);
        if let Some(mask) = mask {
            cover(&mut picture, &decode(mask)?);
        }
        if let Some((lens, size)) = lens {
            check_shape(path, &picture, *size)?;
            picture = undistort(&picture, lens, *size);
        } else {
            check_shape(path, &picture, [camera.width, camera.height])?;
        }
        let picture = shrink(picture, camera.width, camera.height);
        let pixels = picture.pixels().map(|pixel| pixel.0).collect();
        Ok(Self { width: camera.width, height: camera.height, pixels })
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pixels.len() as u64 * 4
    }
}

/// Width and height from the head of a picture's file.
pub(super) fn size_of(path: &Path) -> Result<[u32; 2], DatasetError> {
    let content = |reason: String| ImageError::Content { path: path.into(), reason };
    let file = std::fs::File::open(path).map_err(files::FileError::of("read", path))?;
    let reader = image::ImageReader::new(std::io::BufReader::new(file))
        .with_guessed_format()
        .map_err(|error| content(error.to_string()))?;
    let (width, height) = reader.into_dimensions().map_err(|error| content(error.to_string()))?;
    Ok([width, height])
}

fn decode(path: &Path) -> Result<DynamicImage, DatasetError> {
    let bytes = files::read(path)?;
    image::load_from_memory(&bytes)
        .map_err(|error| ImageError::Content { path: path.into(), reason: error.to_string() }.into())
}

/// The colour before the background, or the alpha as a weight.
fn weighted(decoded: &DynamicImage, options: &DatasetOptions) -> RgbaImage {
    let mut picture = decoded.to_rgba8();
    if !decoded.color().has_alpha() || options.alpha == AlphaMode::Mask {
        return picture;
    }
    for pixel in picture.pixels_mut() {
        let alpha = f32::from(pixel.0[3]) / 255.0;
        for (channel, background) in pixel.0[..3].iter_mut().zip(options.background) {
            *channel = byte(f64::from(alpha * f32::from(*channel) + (1.0 - alpha) * 255.0 * background));
        }
        pixel.0[3] = 255;
    }
    picture
}

/// Takes the weight from pixels where a mask is dark.
fn cover(picture: &mut RgbaImage, mask: &DynamicImage) {
    let mask = mask.to_luma8();
    let (width, height) = (u64::from(picture.width()), u64::from(picture.height()));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let at = |place: u32, side: u32, mask_side: u32| {
            u32::try_from(u64::from(place) * u64::from(mask_side) / u64::from(side)).unwrap_or(0)
        };
        debug_assert!(width > 0 && height > 0);
        let (column, row) = (
            at(x, u32::try_from(width).unwrap_or(1), mask.width()),
            at(y, u32::try_from(height).unwrap_or(1), mask.height()),
        );
        if mask.get_pixel(column, row).0[0] < 128 {
            pixel.0[3] = 0;
        }
    }
}

/// A picture may be larger or smaller than its camera says, but not of another shape.
fn check_shape(path: &Path, picture: &RgbaImage, expected: [u32; 2]) -> Result<(), DatasetError> {
    let found = [picture.width(), picture.height()];
    let scale = |i: usize| f64::from(found[i]) / f64::from(expected[i]);
    // A side may be rounded either way.
    let slack = 1.5 / f64::from(expected[0].min(expected[1]).min(found[0]).min(found[1]).max(1));
    if (scale(0) / scale(1) - 1.0).abs() > slack {
        return Err(DatasetError::Size { path: path.into(), found, expected });
    }
    Ok(())
}

/// What a pinhole with the lens's focal lengths and principal point would have taken. `size` is what the lens's
/// parameters are for; what it did not see has no weight.
fn undistort(picture: &RgbaImage, lens: &Lens, size: [u32; 2]) -> RgbaImage {
    let Intrinsics { fx, fy, cx, cy } = lens.intrinsics;
    let scale =
        DVec2::new(f64::from(picture.width()) / f64::from(size[0]), f64::from(picture.height()) / f64::from(size[1]));
    RgbaImage::from_fn(picture.width(), picture.height(), |column, row| {
        let pixel = DVec2::new(f64::from(column) + 0.5, f64::from(row) + 0.5) / scale;
        let seen = lens.project(DVec2::new((pixel.x - cx) / fx, (pixel.y - cy) / fy)) * scale;
        bilinear(picture, seen)
    })
}

/// The picture at pixel coordinates; black without weight outside.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the picture")]
fn bilinear(picture: &RgbaImage, at: DVec2) -> image::Rgba<u8> {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    if !(at.x >= 0.0 && at.y >= 0.0 && at.x <= width && at.y <= height) {
        return image::Rgba([0; 4]);
    }
    let place = (at - 0.5).clamp(DVec2::ZERO, DVec2::new(width - 1.0, height - 1.0));
    let low = place.floor();
    let part = place - low;
    let (x0, y0) = (low.x as u32, low.y as u32);
    let (x1, y1) = ((x0 + 1).min(picture.width() - 1), (y0 + 1).min(picture.height() - 1));
    let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| picture.get_pixel(x, y).0);
    let weights = [(1.0 - part.x) * (1.0 - part.y), part.x * (1.0 - part.y), (1.0 - part.x) * part.y, part.x * part.y];
    image::Rgba(std::array::from_fn(|channel| {
        byte(corners.iter().zip(weights).map(|(corner, weight)| f64::from(corner[channel]) * weight).sum())
    }))
}

/// A smaller picture: every pixel is the mean of the area that it covers.
fn shrink(picture: RgbaImage, width: u32, height: u32) -> RgbaImage {
    if (picture.width(), picture.height()) == (width, height) {
        return picture;
    }
    let columns = areas(picture.width(), width);
    let rows = areas(picture.height(), height);
    RgbaImage::from_fn(width, height, |column, row| {
        let mut sum = [0.0f64; 4];
        for (y, row_weight) in &rows[row as usize] {
            for (x, column_weight) in &columns[column as usize] {
                let pixel = picture.get_pixel(*x, *y).0;
                for (sum, channel) in sum.iter_mut().zip(pixel) {
                    *sum += f64::from(channel) * row_weight * column_weight;
                }
            }
        }
        image::Rgba(sum.map(byte))
    })
}

/// For every new pixel of a line, the old pixels that it covers and their shares, which add up to one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places on the line")]
fn areas(old: u32, new: u32) -> Vec<Vec<(u32, f64)>> {
    let scale = f64::from(old) / f64::from(new);
    let area = |i: u32| {
        let (start, end) = (f64::from(i) * scale, f64::from(i + 1) * scale);
        let last = (end.ceil() as u32).min(old).max(1);
        let first = (start.floor() as u32).min(last - 1);
        let share = |at: u32| ((f64::from(at) + 1.0).min(end) - f64::from(at).max(start)).max(0.0) / scale;
        (first..last).map(|at| (at, share(at))).collect()
    };
    (0..new).map(area).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn byte(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::super::lens::LensModel;
    use super::*;

    fn gradient(width: u32, height: u32) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| image::Rgba([byte(f64::from(x * 4)), byte(f64::from(y * 4)), 7, 255]))
    }

    #[test]
    fn shrinking_takes_means_and_keeps_the_whole() {
        let small = shrink(gradient(8, 6), 4, 3);
        assert_eq!(small.get_pixel(1, 1).0, [10, 10, 7, 255]);
        for (old, new) in [(7, 3), (100, 33), (5, 5), (9, 1)] {
            for area in areas(old, new) {
                assert!((area.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn undistorting_finds_every_pixel_where_the_lens_put_it() {
        let lens = Lens::new(LensModel::SimpleRadial, &[50.0, 32.0, 24.0, -0.2]).unwrap();
        let straight = undistort(&gradient(64, 48), &lens, [64, 48]);
        for (x, y) in [(32, 24), (10, 10), (50, 40)] {
            let p = DVec2::new((f64::from(x) + 0.5 - 32.0) / 50.0, (f64::from(y) + 0.5 - 24.0) / 50.0);
            let seen = lens.project(p) - 0.5;
            let [red, green, _, weight] = straight.get_pixel(x, y).0;
            assert!((f64::from(red) - 4.0 * seen.x).abs() < 0.6 && (f64::from(green) - 4.0 * seen.y).abs() < 0.6);
            assert_eq!(weight, 255);
        }
        let pincushion = Lens::new(LensModel::SimpleRadial, &[50.0, 32.0, 24.0, 0.3]).unwrap();
        assert_eq!(undistort(&gradient(64, 48), &pincushion, [64, 48]).get_pixel(0, 0).0[3], 0, "never seen");
    }

    #[test]
    fn alpha_is_background_or_weight() {
        let picture = DynamicImage::ImageRgba8(RgbaImage::from_pixel(1, 1, image::Rgba([200, 100, 0, 51])));
        let options = DatasetOptions { background: [1.0, 1.0, 1.0], ..DatasetOptions::default() };
        assert_eq!(weighted(&picture, &options).get_pixel(0, 0).0, [244, 224, 204, 255]);
        let options = DatasetOptions { alpha: AlphaMode::Mask, ..options };
        assert_eq!(weighted(&picture, &options).get_pixel(0, 0).0, [200, 100, 0, 51]);
    }
}
