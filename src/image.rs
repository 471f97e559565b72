//! Pictures in memory: sRGB values as stored in the files, never linearised (docs/spec.md §1).

mod decode;
mod kind;

use std::io::Cursor;
use std::path::{Path, PathBuf};

pub use decode::{Head, check_end, decode, has_usual_end};

use crate::files::{self, FileError};
use crate::real::to_u32;

/// Extensions of the files that are read, in small letters.
pub const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp"];

/// Extensions of pictures that are not read, in small letters.
pub const UNREAD_EXTENSIONS: [&str; 7] = ["heic", "heif", "avif", "gif", "exr", "jxl", "dng"];

/// Most pixels of a picture that is kept whole: 134 million, half a GiB when decoded.
pub const MAX_PIXELS: u64 = 1 << 27;

/// An RGB picture, `[height, width, 3]` row-major, values nominally in 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `height · width · 3` values.
    pub data: Vec<f32>,
}

/// A picture that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// What the file holds.
    #[error("{} is not an image that can be decoded: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What the decoder or encoder said.
        reason: String,
    },
}

impl Image {
    /// A picture of one colour.
    #[must_use]
    pub fn filled(width: usize, height: usize, rgb: [f32; 3]) -> Self {
        Self { width, height, data: rgb.repeat(width * height) }
    }

    /// A picture from per-pixel values of any kind, row-major.
    ///
    /// # Panics
    /// When `data` is not `width · height · 3` long: a bug of the caller.
    #[must_use]
    pub fn new(width: usize, height: usize, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), width * height * 3, "an image of {width}×{height} has three values a pixel");
        Self { width, height, data }
    }

    /// The values as 8 bits, rounded and clamped.
    #[must_use]
    pub fn to_rgb8(&self) -> Vec<u8> {
        self.data.iter().map(|value| quantise(*value)).collect()
    }

    /// Writes an 8-bit PNG.
    ///
    /// # Errors
    /// [`ImageError`] naming the file.
    pub fn save_png(&self, path: &Path) -> Result<(), ImageError> {
        let mut png = Vec::new();
        image::write_buffer_with_format(
            &mut Cursor::new(&mut png),
            &self.to_rgb8(),
            to_u32(self.width),
            to_u32(self.height),
            image::ExtendedColorType::Rgb8,
            image::ImageFormat::Png,
        )
        .map_err(|error| ImageError::Content { path: path.into(), reason: error.to_string() })?;
        Ok(files::write_atomically(path, &png)?)
    }

    /// Reads a picture of any kind that [`decode()`] reads, dropping alpha.
    ///
    /// # Errors
    /// [`ImageError`] naming the file.
    pub fn load(path: &Path) -> Result<Self, ImageError> {
        let (decoded, _) = decode(&files::read_at_most(path, files::MAX_PICTURE_BYTES)?, MAX_PIXELS)
            .map_err(|reason| ImageError::Content { path: path.into(), reason })?;
        let decoded = decoded.into_rgb32f();
        let (width, height) = (decoded.width() as usize, decoded.height() as usize);
        Ok(Self::new(width, height, decoded.into_raw()))
    }

    /// Mean square difference from a picture of the same size.
    ///
    /// # Panics
    /// When the sizes differ: a bug of the caller.
    #[must_use]
    pub fn mean_square(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height), "the images must have one size");
        let squares = self.data.iter().zip(&other.data).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>() / self.data.len() as f64
    }
}

/// Nearest 8-bit value; what is not a number becomes 0.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 before the cast")]
pub fn quantise(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_square_of_a_known_difference() {
        let (black, grey) = (Image::filled(4, 3, [0.0; 3]), Image::filled(4, 3, [0.1; 3]));
        assert!((black.mean_square(&grey) - 0.01).abs() < 1e-8);
        assert_eq!(black.mean_square(&black), 0.0);
    }

    #[test]
    fn a_png_comes_back_within_half_a_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ramp.png");
        let ramp = Image::new(5, 2, (0..30u8).map(|i| f32::from(i) / 29.0).collect());
        ramp.save_png(&path).unwrap();
        let back = Image::load(&path).unwrap();
        assert_eq!((back.width, back.height), (5, 2));
        let worst = ramp.data.iter().zip(&back.data).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 0.5 / 255.0 + 1e-6, "{worst}");
    }

    #[test]
    fn values_outside_the_range_are_clamped() {
        assert_eq!([-1.0, 0.0, 1.0, 9.0, f32::NAN].map(quantise), [0, 0, 255, 255, 0]);
    }

    #[test]
    fn what_is_not_a_picture_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.png");
        std::fs::write(&path, "not an image").unwrap();
        let message = Image::load(&path).unwrap_err().to_string();
        assert!(message.contains("text.png"), "{message}");
    }
}
