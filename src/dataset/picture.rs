//! Pictures as training needs them: 8 bits, undistorted, of the right size, with a weight per pixel.

use std::borrow::Cow;
use std::f64::consts::PI;

use glam::DVec2;
use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, Rgba, RgbaImage};

use super::error::DatasetError;
use super::face::Face;
use super::file_head::{is_large, one_at_a_time, undecodable};
use super::mask::Mask;
use super::pinhole::Optics;
use super::tree::TreeFile;
use super::{AlphaMode, DatasetOptions};
use crate::camera::{Camera, Intrinsics};
use crate::image::{self as pictures, MAX_PIXELS};

/// The file of a view's picture, and the changes that loading makes to it.
#[derive(Debug, Clone)]
pub(super) struct PictureSource {
    pub(super) picture: TreeFile,
    pub(super) mask: Option<Mask>,
    /// Width and height of the file.
    pub(super) file_size: [u32; 2],
    /// Whether the picture is turned as its EXIF orientation says.
    pub(super) is_turned: bool,
    /// COLMAP's name of the camera model.
    pub(super) model: &'static str,
    /// The optics that are undone.
    pub(super) optics: Optics,
    /// The size for which its parameters hold.
    pub(super) lens_size: [u32; 2],
    /// Part of the picture's border that its lens shows in no direction.
    pub(super) unseen: f64,
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
    pub(super) fn load(
        source: &PictureSource,
        camera: &Camera,
        options: &DatasetOptions,
    ) -> Result<Self, DatasetError> {
        Ok(Self::of(Cow::Owned(Self::decode(source, camera, options)?), source, camera))
    }

    /// The picture of the file, with a weight for each pixel. `camera` says how large it has to be at least.
    pub(super) fn decode(
        source: &PictureSource,
        camera: &Camera,
        options: &DatasetOptions,
    ) -> Result<RgbaImage, DatasetError> {
        let (decoded, orientation) = decode(source, camera)?;
        let mut picture = weighted(decoded, options);
        if let Some(mask) = &source.mask {
            mask.cover(&mut picture, orientation)?;
        }
        if source.is_turned {
            let mut turned = DynamicImage::from(picture);
            turned.apply_orientation(orientation);
            picture = turned.into_rgba8();
        }
        Ok(picture)
    }

    /// What a camera would have taken, from the picture of the file.
    pub(super) fn of(picture: Cow<'_, RgbaImage>, source: &PictureSource, camera: &Camera) -> Self {
        // Straightened in the resolution at hand, then made smaller, so that nothing is sampled too thinly.
        let straight = match &source.optics {
            Optics::Pinhole => picture,
            Optics::Lens(_) => {
                let (width, height) = (picture.width().max(camera.width), picture.height().max(camera.height));
                Cow::Owned(straighten(&picture, source, &camera.resized(width, height)))
            }
            Optics::Panorama(..) => {
                let side = Face::side(picture.dimensions().into()).max(camera.width).max(camera.height);
                Cow::Owned(straighten(&picture, source, &camera.resized(side, side)))
            }
        };
        let picture = if straight.dimensions() == (camera.width, camera.height) {
            straight.into_owned()
        } else {
            shrink(&*straight, camera.width, camera.height)
        };
        let (width, height) = picture.dimensions();
        let pixels = picture.pixels().map(|pixel| pixel.0).collect();
        Self { width, height, pixels }
    }

    /// The picture with its sides halved so often: every pixel is the mean of the area that it covers.
    #[must_use]
    pub fn halved(&self, level: u32) -> Self {
        let (width, height) = ((self.width >> level).max(1), (self.height >> level).max(1));
        let bytes = self.pixels.as_flattened().to_vec();
        let whole = RgbaImage::from_raw(self.width, self.height, bytes).unwrap_or_default();
        let pixels = shrink(&whole, width, height).pixels().map(|pixel| pixel.0).collect();
        Self { width, height, pixels }
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pixels.len() as u64 * 4
    }
}

/// A picture as it is stored, and how EXIF turns it. One that is too large to be kept whole is made smaller here already,
/// but not below the double of what its camera needs.
fn decode(source: &PictureSource, camera: &Camera) -> Result<(DynamicImage, Orientation), DatasetError> {
    let place = &source.picture;
    let bytes = place.read()?;
    let [width, height] = source.file_size;
    let pixels = u64::from(width) * u64::from(height);
    let is_large = is_large(pixels);
    let one_at_a_time = is_large.then(one_at_a_time);
    let (mut decoded, head) = pictures::decode(&bytes, pixels.max(MAX_PIXELS)).map_err(undecodable(place))?;
    if head.size != source.file_size {
        let (path, found) = (place.path(), head.size);
        return Err(DatasetError::Size { path, found, expected: source.file_size });
    }
    if is_large {
        let divisor = divisor(source, camera);
        decoded = shrink(&decoded, width.div_ceil(divisor), height.div_ceil(divisor)).into();
    }
    drop(one_at_a_time);
    Ok((decoded, head.orientation))
}

/// What the sides of a large picture can be divided by so that they stay the double of what its camera needs.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn divisor(source: &PictureSource, camera: &Camera) -> u32 {
    let [width, height] = source.file_size.map(f64::from);
    // A panorama has π columns, and half as many rows, for each column of its faces.
    let shape = if matches!(source.optics, Optics::Panorama(..)) { PI * PI / 2.0 } else { 1.0 };
    let needed = shape * f64::from(camera.width) * f64::from(camera.height);
    (width * height / (4.0 * needed)).sqrt().max(1.0) as u32
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

/// What a pinhole would have taken. What was not seen is black and has no weight.
fn straighten(picture: &RgbaImage, source: &PictureSource, pinhole: &Camera) -> RgbaImage {
    let Intrinsics { fx, fy, cx, cy } = pinhole.intrinsics;
    let side = |found: u32, expected: u32| f64::from(found) / f64::from(expected);
    let [width, height] = source.lens_size;
    let scale = DVec2::new(side(picture.width(), width), side(picture.height(), height));
    let meets_itself = matches!(source.optics, Optics::Panorama(..));
    RgbaImage::from_fn(pinhole.width, pinhole.height, |column, row| {
        let pixel = DVec2::new(f64::from(column) + 0.5, f64::from(row) + 0.5);
        let seen = source.optics.project(DVec2::new((pixel.x - cx) / fx, (pixel.y - cy) / fy));
        seen.map_or(Rgba([0; 4]), |at| bilinear(picture, at * scale, meets_itself))
    })
}

/// The picture at pixel coordinates; black without weight outside. Behind the last column may come the first one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the image")]
fn bilinear(picture: &RgbaImage, at: DVec2, meets_itself: bool) -> Rgba<u8> {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    if !(at.x >= 0.0 && at.y >= 0.0 && at.x <= width && at.y <= height) {
        return Rgba([0; 4]);
    }
    let mut place = (at - 0.5).clamp(DVec2::ZERO, DVec2::new(width - 1.0, height - 1.0));
    if meets_itself {
        place.x = (at.x - 0.5).rem_euclid(width).min(width.next_down());
    }
    let low = place.floor();
    let part = place - low;
    let (x0, y0) = (low.x as u32, low.y as u32);
    let x1 = if meets_itself { (x0 + 1) % picture.width() } else { (x0 + 1).min(picture.width() - 1) };
    let y1 = (y0 + 1).min(picture.height() - 1);
    let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| picture.get_pixel(x, y).0);
    let weights = [(1.0 - part.x) * (1.0 - part.y), part.x * (1.0 - part.y), (1.0 - part.x) * part.y, part.x * part.y];
    mean(corners.into_iter().zip(weights))
}

/// The mean of some pixels with their shares, which add up to one. A colour counts as much as its pixel does: what is under
/// a mask, or transparent, does not bleed into what is not.
fn mean(pixels: impl Iterator<Item = ([u8; 4], f64)>) -> Rgba<u8> {
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
    Rgba(plain.map(byte))
}

/// A smaller picture: every pixel is the mean of the area that it covers.
fn shrink(picture: &impl GenericImageView<Pixel = Rgba<u8>>, width: u32, height: u32) -> RgbaImage {
    let columns = areas(picture.width(), width);
    let rows = areas(picture.height(), height);
    RgbaImage::from_fn(width, height, |column, row| {
        let of_row = |&(y, down): &(u32, f64)| {
            let across = columns[column as usize].iter();
            across.map(move |&(x, across)| (x, y, across * down))
        };
        let area = rows[row as usize].iter().flat_map(of_row);
        mean(area.map(|(x, y, share)| (GenericImageView::get_pixel(picture, x, y).0, share)))
    })
}

/// The old pixels that each new pixel of a line covers, with their shares, which add up to one.
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
    use std::sync::Arc;

    use glam::DVec3;

    use super::super::lens::{Lens, LensModel};
    use super::super::pinhole::Undistortion;
    use super::super::tree::Tree;
    use super::*;

    /// A picture that a lens took, 64×48.
    fn source(lens: &Lens) -> PictureSource {
        let picture =
            TreeFile { tree: Arc::new(Tree::open(std::path::Path::new(".")).unwrap()), inside: String::new() };
        let Undistortion { optics, size, .. } = Undistortion::new(lens.clone(), [64, 48]);
        let model = lens.model().name();
        PictureSource {
            picture,
            mask: None,
            file_size: size,
            is_turned: false,
            model,
            optics,
            lens_size: size,
            unseen: 0.0,
        }
    }

    fn gradient(width: u32, height: u32) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| Rgba([byte(f64::from(x * 4)), byte(f64::from(y * 4)), 7, 255]))
    }

    /// A pinhole with the lens's focal lengths and principal point.
    fn pinhole(lens: &Lens) -> Camera {
        let camera = Camera::look_at(DVec3::ZERO, DVec3::Z, DVec3::Y, 1.0, 64, 48);
        Camera { intrinsics: lens.intrinsics, ..camera }
    }

    #[test]
    fn shrinking_takes_means_and_keeps_the_whole() {
        let small = shrink(&gradient(8, 6), 4, 3);
        assert_eq!(small.get_pixel(1, 1).0, [10, 10, 7, 255]);
        for (old, new) in [(7, 3), (100, 33), (5, 5), (9, 1)] {
            for area in areas(old, new) {
                assert!((area.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn masked_pixels_do_not_bleed_into_others() {
        let mut picture = RgbaImage::from_pixel(4, 2, Rgba([200, 100, 50, 255]));
        for (x, y) in [(0, 0), (0, 1), (1, 1)] {
            picture.put_pixel(x, y, Rgba([0, 255, 0, 0]));
        }
        assert_eq!(shrink(&picture, 2, 1).get_pixel(0, 0).0, [200, 100, 50, 64]);
        assert_eq!(bilinear(&picture, DVec2::new(1.0, 0.5), false).0, [200, 100, 50, 128]);
        let unseen = RgbaImage::from_pixel(2, 2, Rgba([10, 20, 30, 0]));
        assert_eq!(shrink(&unseen, 1, 1).get_pixel(0, 0).0, [10, 20, 30, 0]);
    }

    #[test]
    fn undistorting_finds_every_pixel_where_the_lens_put_it() {
        let lens = Lens::new(LensModel::SimpleRadial, &[50.0, 32.0, 24.0, -0.2]).unwrap();
        let pinhole = pinhole(&lens);
        let straight = straighten(&gradient(64, 48), &source(&lens), &pinhole);
        for (x, y) in [(32, 24), (10, 10), (50, 40)] {
            let p = DVec2::new((f64::from(x) + 0.5 - 32.0) / 50.0, (f64::from(y) + 0.5 - 24.0) / 50.0);
            let seen = lens.pixel(lens.distort(p)) - 0.5;
            let [red, green, _, weight] = straight.get_pixel(x, y).0;
            assert!((f64::from(red) - 4.0 * seen.x).abs() < 0.6 && (f64::from(green) - 4.0 * seen.y).abs() < 0.6);
            assert_eq!(weight, 255);
        }
        let pincushion = Lens::new(LensModel::SimpleRadial, &[50.0, 32.0, 24.0, 0.3]).unwrap();
        let straight = straighten(&gradient(64, 48), &source(&pincushion), &pinhole);
        assert_eq!(straight.get_pixel(0, 0).0[3], 0, "never seen");
    }

    #[test]
    fn large_pictures_keep_twice_the_sides_that_their_cameras_need() {
        let lens = Lens::new(LensModel::SimpleRadial, &[50.0, 32.0, 24.0, -0.2]).unwrap();
        let camera = |side: u32| Camera { width: side, height: side, ..pinhole(&lens) };
        let flat = PictureSource { file_size: [16_000, 16_000], ..source(&lens) };
        assert_eq!([8000, 4000, 3999, 1000].map(|side| divisor(&flat, &camera(side))), [1, 2, 2, 8]);
        let size = [24_000, 12_000];
        let around =
            PictureSource { file_size: size, optics: Optics::Panorama(Face::Front, lens.intrinsics), ..source(&lens) };
        for reduced in 2..12 {
            let side = Face::side(size).div_ceil(reduced);
            let divisor = divisor(&around, &camera(side));
            assert!(
                Face::side(size.map(|side| side.div_ceil(divisor))) >= 2 * side || divisor == 1,
                "{reduced}: {divisor}"
            );
        }
    }

    #[test]
    fn alpha_is_background_or_weight() {
        let picture = DynamicImage::ImageRgba8(RgbaImage::from_pixel(1, 1, Rgba([200, 100, 0, 51])));
        let options = DatasetOptions { background: [1.0, 1.0, 1.0], ..DatasetOptions::default() };
        assert_eq!(weighted(picture.clone(), &options).get_pixel(0, 0).0, [244, 224, 204, 255]);
        let options = DatasetOptions { alpha: AlphaMode::Mask, ..options };
        assert_eq!(weighted(picture.clone(), &options).get_pixel(0, 0).0, [200, 100, 0, 51]);
    }
}
