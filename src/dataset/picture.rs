//! Pictures as training wants them: 8 bits, a pinhole's, of the right size, with a weight per pixel.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use glam::DVec2;
use image::error::{LimitError, LimitErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError as Undecodable, ImageReader, RgbaImage};

use super::error::DatasetError;
use super::lens::Lens;
use super::tree::Place;
use super::{AlphaMode, DatasetOptions};
use crate::camera::{Camera, Intrinsics};
use crate::image::ImageError;

/// Most pixels of a picture's file: 134 million, half a GiB when decoded.
const MAX_PIXELS: u64 = 1 << 27;

/// What a decoder may allocate, bytes: `MAX_PIXELS` of 16 bits in four channels.
const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 8;

/// Where size and orientation stand in nearly all files, bytes.
const HEAD_BYTES: u64 = 1 << 16;

/// Where a view's picture comes from, and what becomes of it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) picture: Place,
    pub(super) mask: Option<Place>,
    /// Width and height of the file.
    pub(super) file_size: [u32; 2],
    /// Whether the picture is turned as its EXIF orientation says.
    pub(super) is_turned: bool,
    /// COLMAP's name of the camera model.
    pub(super) model: &'static str,
    /// What is to be undone, and the size for which its parameters hold; `None` for a pinhole.
    pub(super) lens: Option<(Lens, [u32; 2])>,
}

/// What the head of a picture's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Width and height of the pixels as they are stored.
    pub(super) size: [u32; 2],
    /// Whether EXIF says that width and height are to be exchanged.
    pub(super) is_sideways: bool,
}

impl Head {
    pub(super) fn read(place: &Place) -> Result<Self, DatasetError> {
        // Decoders of JPEG read a whole file to learn its size; nearly always its beginning is enough.
        let head = Self::of(&place.head(HEAD_BYTES)?).or_else(|_| match place.read() {
            Ok(whole) => Self::of(&whole).map_err(|error| undecodable(&place.path(), &error)),
            Err(error) => Err(error),
        })?;
        let [width, height] = head.size;
        if u64::from(width) * u64::from(height) > MAX_PIXELS || width == 0 || height == 0 {
            let reason = format!("it has {width}×{height} pixels; 1 to {MAX_PIXELS} are accepted");
            return Err(ImageError::Content { path: place.path(), reason }.into());
        }
        Ok(head)
    }

    fn of(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?.into_decoder()?;
        let (width, height) = decoder.dimensions();
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let is_sideways = matches!(
            orientation,
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        );
        Ok(Self { size: [width, height], is_sideways })
    }
}

fn undecodable(path: &Path, error: &Undecodable) -> DatasetError {
    ImageError::Content { path: PathBuf::from(path), reason: error.to_string() }.into()
}

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
    pub(super) fn load(source: &Source, camera: &Camera, options: &DatasetOptions) -> Result<Self, DatasetError> {
        let (decoded, orientation) = decode(&source.picture)?;
        let found = [decoded.width(), decoded.height()];
        if found != source.file_size {
            return Err(DatasetError::Size { path: source.picture.path(), found, expected: source.file_size });
        }
        let mut picture = weighted(decoded, options);
        if let Some(mask) = &source.mask {
            cover(&mut picture, &decode(mask)?.0);
        }
        if source.is_turned {
            let mut turned = DynamicImage::from(picture);
            turned.apply_orientation(orientation);
            picture = turned.into_rgba8();
        }
        if let Some((lens, size)) = &source.lens {
            // Straightened in the resolution at hand, then made smaller, so that nothing is sampled too thinly.
            let (width, height) = (picture.width().max(camera.width), picture.height().max(camera.height));
            picture = undistort(&picture, lens, *size, &camera.resized(width, height));
        }
        let picture = shrink(picture, camera.width, camera.height);
        let (width, height) = picture.dimensions();
        let pixels = picture.pixels().map(|pixel| pixel.0).collect();
        Ok(Self { width, height, pixels })
    }

    /// The picture with its sides halved so often: every pixel is the mean of the area that it covers.
    #[must_use]
    pub fn halved(&self, level: u32) -> Self {
        let (width, height) = ((self.width >> level).max(1), (self.height >> level).max(1));
        let bytes = self.pixels.as_flattened().to_vec();
        let whole = RgbaImage::from_raw(self.width, self.height, bytes).unwrap_or_default();
        let pixels = shrink(whole, width, height).pixels().map(|pixel| pixel.0).collect();
        Self { width, height, pixels }
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pixels.len() as u64 * 4
    }
}

fn decode(place: &Place) -> Result<(DynamicImage, Orientation), DatasetError> {
    let bytes = place.read()?;
    let decode = || {
        let mut reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format()?;
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(MAX_DECODER_BYTES);
        reader.limits(limits);
        let mut decoder = reader.into_decoder()?;
        // The file may be another one than the one whose head was looked at.
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(Undecodable::Limits(LimitError::from_kind(LimitErrorKind::DimensionError)));
        }
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Ok((DynamicImage::from_decoder(decoder)?, orientation))
    };
    decode().map_err(|error| undecodable(&place.path(), &error))
}

/// The colour before the background, or the alpha as a weight.
fn weighted(decoded: DynamicImage, options: &DatasetOptions) -> RgbaImage {
    let has_alpha = decoded.color().has_alpha();
    let mut picture = decoded.into_rgba8();
    if !has_alpha || options.alpha == AlphaMode::Mask {
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

/// Takes the weight from pixels where a mask is dark: less than half as bright as where it is brightest, so that masks
/// of 0 and 1 work as well as those of 0 and 255.
fn cover(picture: &mut RgbaImage, mask: &DynamicImage) {
    let mask = mask.to_luma8();
    let brightest = mask.iter().copied().max().unwrap_or(0);
    let (width, height) = picture.dimensions();
    let at = |place: u32, side: u32, mask_side: u32| {
        u32::try_from(u64::from(place) * u64::from(mask_side) / u64::from(side)).unwrap_or(0)
    };
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let value = mask.get_pixel(at(x, width, mask.width()), at(y, height, mask.height())).0[0];
        if value == 0 || value < brightest.div_ceil(2) {
            pixel.0[3] = 0;
        }
    }
}

/// What a pinhole would have taken. `size` is what the lens's parameters are for; what it did not see has no weight.
fn undistort(picture: &RgbaImage, lens: &Lens, size: [u32; 2], pinhole: &Camera) -> RgbaImage {
    let Intrinsics { fx, fy, cx, cy } = pinhole.intrinsics;
    let scale =
        DVec2::new(f64::from(picture.width()) / f64::from(size[0]), f64::from(picture.height()) / f64::from(size[1]));
    RgbaImage::from_fn(pinhole.width, pinhole.height, |column, row| {
        let pixel = DVec2::new(f64::from(column) + 0.5, f64::from(row) + 0.5);
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
    mean(corners.into_iter().zip(weights))
}

/// The mean of some pixels with their shares, which add up to one. A colour counts as much as its pixel does: what is under
/// a mask, or transparent, does not bleed into what is not.
fn mean(pixels: impl Iterator<Item = ([u8; 4], f64)>) -> image::Rgba<u8> {
    let (mut plain, mut seen) = ([0.0f64; 4], [0.0f64; 3]);
    for (pixel, share) in pixels {
        let weight = share * f64::from(pixel[3]) / 255.0;
        for (sum, channel) in plain.iter_mut().zip(pixel) {
            *sum += share * f64::from(channel);
        }
        for (sum, channel) in seen.iter_mut().zip(pixel) {
            *sum += weight * f64::from(channel);
        }
    }
    let alpha = plain[3] / 255.0;
    // Where all count alike the plain sums are the mean, without another rounding.
    if (1e-9..1.0 - 1e-9).contains(&alpha) {
        plain[..3].copy_from_slice(&seen.map(|sum| sum / alpha));
    }
    image::Rgba(plain.map(byte))
}

/// A smaller picture: every pixel is the mean of the area that it covers.
fn shrink(picture: RgbaImage, width: u32, height: u32) -> RgbaImage {
    if (picture.width(), picture.height()) == (width, height) {
        return picture;
    }
    let columns = areas(picture.width(), width);
    let rows = areas(picture.height(), height);
    RgbaImage::from_fn(width, height, |column, row| {
        let of_row = |&(y, down): &(u32, f64)| {
            let across = columns[column as usize].iter();
            across.map(move |&(x, across)| (x, y, across * down))
        };
        let area = rows[row as usize].iter().flat_map(of_row);
        mean(area.map(|(x, y, share)| (picture.get_pixel(x, y).0, share)))
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
    use glam::DVec3;

    use super::super::lens::LensModel;
    use super::*;

    fn gradient(width: u32, height: u32) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| image::Rgba([byte(f64::from(x * 4)), byte(f64::from(y * 4)), 7, 255]))
    }

    /// With the lens's focal lengths and principal point.
    fn pinhole(lens: &Lens) -> Camera {
        let camera = Camera::look_at(DVec3::ZERO, DVec3::Z, DVec3::Y, 1.0, 64, 48);
        Camera { intrinsics: lens.intrinsics, ..camera }
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
    fn what_does_not_count_does_not_bleed() {
        let mut picture = RgbaImage::from_pixel(4, 2, image::Rgba([200, 100, 50, 255]));
        for (x, y) in [(0, 0), (0, 1), (1, 1)] {
            picture.put_pixel(x, y, image::Rgba([0, 255, 0, 0]));
        }
        assert_eq!(shrink(picture.clone(), 2, 1).get_pixel(0, 0).0, [200, 100, 50, 64]);
        assert_eq!(bilinear(&picture, DVec2::new(1.0, 0.5)).0, [200, 100, 50, 128]);
        let unseen = RgbaImage::from_pixel(2, 2, image::Rgba([10, 20, 30, 0]));
        assert_eq!(shrink(unseen, 1, 1).get_pixel(0, 0).0, [10, 20, 30, 0]);
    }

    #[test]
    fn undistorting_finds_every_pixel_where_the_lens_put_it() {
        let lens = Lens::new(LensModel::SimpleRadial, &[50.0, 32.0, 24.0, -0.2]).unwrap();
        let pinhole = pinhole(&lens);
        let straight = undistort(&gradient(64, 48), &lens, [64, 48], &pinhole);
        for (x, y) in [(32, 24), (10, 10), (50, 40)] {
            let p = DVec2::new((f64::from(x) + 0.5 - 32.0) / 50.0, (f64::from(y) + 0.5 - 24.0) / 50.0);
            let seen = lens.project(p) - 0.5;
            let [red, green, _, weight] = straight.get_pixel(x, y).0;
            assert!((f64::from(red) - 4.0 * seen.x).abs() < 0.6 && (f64::from(green) - 4.0 * seen.y).abs() < 0.6);
            assert_eq!(weight, 255);
        }
        let pincushion = Lens::new(LensModel::SimpleRadial, &[50.0, 32.0, 24.0, 0.3]).unwrap();
        let straight = undistort(&gradient(64, 48), &pincushion, [64, 48], &pinhole);
        assert_eq!(straight.get_pixel(0, 0).0[3], 0, "never seen");
    }

    #[test]
    fn masks_of_any_depth_and_size_take_the_dark_pixels() {
        for (bright, expected) in [(255, [255, 0]), (1, [255, 0]), (0, [0, 0])] {
            let mut picture = RgbaImage::from_pixel(4, 2, image::Rgba([9, 9, 9, 255]));
            let mask = image::GrayImage::from_fn(2, 2, |x, _| image::Luma([if x == 0 { bright } else { 0 }]));
            cover(&mut picture, &mask.into());
            assert_eq!([picture.get_pixel(1, 1).0[3], picture.get_pixel(2, 0).0[3]], expected, "{bright}");
        }
    }

    #[test]
    fn alpha_is_background_or_weight() {
        let picture = DynamicImage::ImageRgba8(RgbaImage::from_pixel(1, 1, image::Rgba([200, 100, 0, 51])));
        let options = DatasetOptions { background: [1.0, 1.0, 1.0], ..DatasetOptions::default() };
        assert_eq!(weighted(picture.clone(), &options).get_pixel(0, 0).0, [244, 224, 204, 255]);
        let options = DatasetOptions { alpha: AlphaMode::Mask, ..options };
        assert_eq!(weighted(picture.clone(), &options).get_pixel(0, 0).0, [200, 100, 0, 51]);
    }
}
