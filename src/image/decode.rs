//! Decoding. What a decoder would fill with grey, because the file is cut off or damaged, is an error here, and no more
//! memory is taken than was allowed.

use std::io::Cursor;

use image::error::UnsupportedErrorKind;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::kind::format_of;

/// Most bytes that a decoder may take.
const MAX_DECODER_BYTES: u64 = 4 << 30;

/// What the head of a picture's file says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Width and height of the pixels as they are stored.
    pub size: [u32; 2],
    /// How EXIF says that the picture is to be turned.
    pub orientation: Orientation,
}

impl Head {
    /// Reads the head from the beginning of a file, of which nearly always some kilobytes are enough.
    ///
    /// # Errors
    /// Why it is not a picture that is read, or that more of it is needed.
    pub fn of(bytes: &[u8]) -> Result<Self, String> {
        let mut decoder = decoder(bytes, format_of(bytes)?, u64::MAX)?;
        let (width, height) = decoder.dimensions();
        Ok(Self { size: [width, height], orientation: orientation(&mut decoder) })
    }

    /// How many pixels there are.
    #[must_use]
    pub fn num_pixels(&self) -> u64 {
        self.size.map(u64::from).iter().product()
    }

    /// Whether EXIF says that width and height are to be exchanged.
    #[must_use]
    pub fn is_sideways(&self) -> bool {
        matches!(
            self.orientation,
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        )
    }
}

/// Decodes a whole file of at most `max_pixels` pixels, as they are stored, not turned.
///
/// # Errors
/// Why it cannot be decoded: it is of a kind that is not read, too large, cut off or damaged.
pub fn decode(bytes: &[u8], max_pixels: u64) -> Result<(DynamicImage, Head), String> {
    let format = format_of(bytes)?;
    check_end(bytes)?;
    let mut decoder = decoder(bytes, format, MAX_DECODER_BYTES)?;
    let (width, height) = decoder.dimensions();
    let head = Head { size: [width, height], orientation: orientation(&mut decoder) };
    if head.num_pixels() > max_pixels || decoder.total_bytes() > MAX_DECODER_BYTES {
        return Err(format!("it has {width}×{height} pixels; up to {max_pixels} are accepted"));
    }
    let decoded = match format {
        ImageFormat::Jpeg => jpeg(bytes)?,
        _ => DynamicImage::from_decoder(decoder).map_err(|error| fault(&error))?,
    };
    Ok((decoded, head))
}

fn decoder(bytes: &[u8], format: ImageFormat, max_bytes: u64) -> Result<impl ImageDecoder + '_, String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(max_bytes);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| fault(&error))
}

/// What the decoder says, without names of its types.
fn fault(error: &ImageError) -> String {
    match error {
        ImageError::Unsupported(reason) => match reason.kind() {
            UnsupportedErrorKind::Color(ExtendedColorType::Unknown(bits)) => {
                format!("its way to store {bits} bits a pixel is not read")
            }
            _ => error.to_string(),
        },
        _ => error.to_string(),
    }
}

fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

/// The pixels of a JPEG file. `image` decodes with the same crate and lets it fill with grey what cannot be decoded.
fn jpeg(bytes: &[u8]) -> Result<DynamicImage, String> {
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let fault = |error: zune_jpeg::errors::DecodeErrors| format!("it is damaged or cut off: {error}");
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(fault)?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let colours = if is_grey { ColorSpace::Luma } else { ColorSpace::RGB };
    // Only from here on: headers of many cameras are not quite what the standard says.
    decoder.set_options(options.set_strict_mode(true).jpeg_set_out_colorspace(colours));
    let pixels = decoder.decode().map_err(fault)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(0);
    let decoded = match is_grey {
        true => GrayImage::from_raw(side(width), side(height), pixels).map(DynamicImage::from),
        false => RgbImage::from_raw(side(width), side(height), pixels).map(DynamicImage::from),
    };
    decoded.ok_or_else(|| "it has fewer pixels than it claims".to_owned())
}

/// The last chunk of every PNG file.
const PNG_END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

/// The marker at the end of every JPEG file.
const JPEG_END: &[u8] = b"\xff\xd9";

/// Whether a file, of which the beginning and the last bytes are known, ends as files of its kind do. Where it does not,
/// [`check_end`] tells whether it is cut off: some programs append data of their own.
#[must_use]
pub fn has_usual_end(beginning: &[u8], last: &[u8]) -> bool {
    match image::guess_format(beginning) {
        Ok(ImageFormat::Png) => last.ends_with(PNG_END),
        Ok(ImageFormat::Jpeg) => last.ends_with(JPEG_END),
        _ => true,
    }
}

/// Refuses a PNG or JPEG file that is cut off, whatever follows: nothing, zeros, or a part of another file.
///
/// # Errors
/// A sentence.
pub fn check_end(bytes: &[u8]) -> Result<(), String> {
    let has_end = match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => png_ends(bytes).is_some(),
        Ok(ImageFormat::Jpeg) => jpeg_ends(bytes).is_some(),
        _ => true,
    };
    has_end.then_some(()).ok_or_else(|| "the file ends before the image does: it is cut off or damaged".to_owned())
}

/// Walks from chunk to chunk up to the last one.
fn png_ends(bytes: &[u8]) -> Option<()> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize;
        if bytes.get(at + 4..at + 8)? == b"IEND" {
            return Some(());
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}

/// Walks from marker to marker up to the end of the first picture; behind it phones store more of them.
fn jpeg_ends(bytes: &[u8]) -> Option<()> {
    let mut at = 2;
    loop {
        // Between the markers lie coded pixels, in which 0xff is followed by 0.
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)? + 1;
        match *bytes.get(at)? {
            0xd9 => return Some(()),
            // Coded pixels, fill bytes, and the markers that stand alone.
            0 | 1 | 0xd0..=0xd8 => at += 1,
            0xff => {}
            _ => at += 1 + usize::from(u16::from_be_bytes(*bytes.get(at + 1..)?.first_chunk()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;

    use super::*;

    /// A picture without flat areas, so that every part of a file says something.
    fn noise() -> RgbImage {
        RgbImage::from_fn(64, 48, |x, y| {
            image::Rgb([x, y, x ^ y].map(|seed| seed.wrapping_mul(2_654_435_761).to_le_bytes()[2]))
        })
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        noise().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_kind_that_is_read_comes_back() {
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp] {
            let bytes = encoded(format);
            assert_eq!(Head::of(&bytes).unwrap().size, [64, 48], "{format:?}");
            assert_eq!(decode(&bytes, 1 << 20).unwrap().0.into_rgb8(), noise(), "{format:?}");
        }
        let bytes = encoded(ImageFormat::Jpeg);
        let by_image = image::load_from_memory(&bytes).unwrap();
        assert_eq!(decode(&bytes, 1 << 20).unwrap().0, by_image, "the same as without our checks");
        let grey = DynamicImage::from(noise()).into_luma8();
        let mut bytes = Vec::new();
        JpegEncoder::new(&mut bytes).encode_image(&grey).unwrap();
        assert_eq!(decode(&bytes, 1 << 20).unwrap().0, image::load_from_memory(&bytes).unwrap());
    }

    #[test]
    fn files_that_are_cut_off_anywhere_are_refused() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp] {
            let whole = encoded(format);
            for part in 1..40 {
                let length = whole.len() * part / 40;
                assert!(decode(&whole[..length], 1 << 20).is_err(), "{format:?} cut at {length} of {}", whole.len());
            }
        }
    }

    #[test]
    fn files_whose_end_is_zeros_are_refused() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let mut bytes = encoded(format);
            let half = bytes.len() / 2;
            bytes[half..].fill(0);
            assert!(!has_usual_end(&bytes, &bytes[bytes.len() - 16..]));
            assert!(decode(&bytes, 1 << 20).unwrap_err().contains("cut off"), "{format:?}");
        }
    }

    #[test]
    fn what_programs_append_does_not_matter() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let whole = encoded(format);
            assert!(has_usual_end(&whole, &whole[whole.len() - 16..]));
            for appended in [&[0; 100][..], &whole, b"SEFT trailer of a phone"] {
                let longer = [&whole, appended].concat();
                assert_eq!(decode(&longer, 1 << 20).unwrap().0, decode(&whole, 1 << 20).unwrap().0, "{format:?}");
            }
        }
    }

    #[test]
    fn jpeg_that_is_damaged_in_its_middle_is_refused() {
        let mut bytes = encoded(ImageFormat::Jpeg);
        let (half, end) = (bytes.len() / 2, bytes.len() - 2);
        // A marker that may not stand among coded pixels.
        bytes[half..half + 2].copy_from_slice(&[0xff, 0xc0]);
        bytes[end..].copy_from_slice(JPEG_END);
        assert!(decode(&bytes, 1 << 20).is_err());
    }

    #[test]
    fn more_pixels_than_allowed_are_refused() {
        let message = decode(&encoded(ImageFormat::Png), 64 * 48 - 1).unwrap_err();
        assert!(message.contains("64×48"), "{message}");
    }
}
