//! What kind of picture a file is, by its first bytes: names of files say it wrongly, or not at all.

use image::ImageFormat;

/// The kinds that are read, as messages name them.
const READ: &str = "PNG, JPEG, WebP, TIFF and BMP are read";

/// Beginnings of files that are not read: where the bytes stand, the bytes, and what it is.
const OTHERS: [(usize, &[u8], &str); 17] = [
    (0, b"GIF8", "GIF"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"8BPS", "Photoshop (PSD)"),
    (0, b"%PDF", "PDF"),
    (8, b"CR\x02", "RAW (CR2)"),
    (0, b"IIRO", "RAW (ORF)"),
    (0, b"IIU\0", "RAW (RW2)"),
    (0, b"FUJIFILM", "RAW (RAF)"),
    (0, b"version https://git-lfs", "a pointer of Git LFS (`git lfs pull` fetches the image itself)"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"PK\x03\x04", "an archive"),
];

/// Brands of the container that ISO calls a media file: what each means.
const BRANDS: [(&[u8], &str); 9] = [
    (b"avif", "AVIF"),
    (b"avis", "AVIF"),
    (b"heic", "HEIC"),
    (b"heix", "HEIC"),
    (b"hevc", "HEIC"),
    (b"mif1", "HEIF"),
    (b"msf1", "HEIF"),
    (b"crx ", "RAW (CR3)"),
    (b"qt  ", "a video"),
];

/// The format of a picture that is read.
///
/// # Errors
/// What the file is instead, and which kinds are read.
pub(super) fn format_of(bytes: &[u8]) -> Result<ImageFormat, String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(kind) = unread(bytes) {
        return Err(format!("it is {kind}; {READ}"));
    }
    match image::guess_format(bytes) {
        Ok(
            format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Tiff | ImageFormat::Bmp),
        ) => Ok(format),
        Ok(other) => Err(format!("it is {other:?}; {READ}")),
        Err(_) => Err(format!("it begins like no kind of image that is known; {READ}")),
    }
}

/// A kind that is known and not read.
fn unread(bytes: &[u8]) -> Option<&'static str> {
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(media_file(bytes));
    }
    let is_there =
        |(at, magic, _): &&(usize, &[u8], &str)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    OTHERS.iter().find(is_there).map(|(_, _, kind)| *kind).or_else(|| raw_in_tiff(bytes))
}

/// The first of the known brands: the main one, then those that the file says it is compatible with.
fn media_file(bytes: &[u8]) -> &'static str {
    let length = bytes.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let brands = bytes.get(8..length.clamp(12, 256).min(bytes.len())).unwrap_or_default();
    // Generic brands say less than the special ones that follow.
    let known = brands.chunks_exact(4).filter_map(|brand| BRANDS.iter().position(|(name, _)| *name == brand));
    known.min().map_or("a video", |known| BRANDS[known].1)
}

/// Tag of a TIFF directory: what the picture is to others; bit 0 says that it is a smaller copy.
const NEW_SUBFILE_TYPE: u16 = 254;

/// Tag of a TIFF directory that DNG alone has.
const DNG_VERSION: u16 = 50706;

/// RAW files of most cameras are TIFF files whose first picture is a small preview, which must not be taken for the photograph.
fn raw_in_tiff(bytes: &[u8]) -> Option<&'static str> {
    let tags = first_directory(bytes)?;
    if tags.iter().any(|(tag, _)| *tag == DNG_VERSION) {
        return Some("RAW (DNG)");
    }
    let is_preview = tags.iter().any(|(tag, value)| *tag == NEW_SUBFILE_TYPE && value & 1 == 1);
    is_preview.then_some("RAW (its first picture is only a preview)")
}

/// Tags and values of a TIFF file's first directory; values that are not stored in the directory itself mean nothing.
fn first_directory(bytes: &[u8]) -> Option<Vec<(u16, u32)>> {
    let is_little = match bytes.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let start = long(4)? as usize;
    let entries = (0..usize::from(short(start)?)).map(|i| start + 2 + 12 * i);
    Some(entries.map_while(|at| Some((short(at)?, long(at + 8)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_are_not_read_are_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "HEIC"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF"),
            (b"\0\0\0\x14ftypisom\0\0\0\0isom", "a video"),
            (b"GIF89a", "GIF"),
            (b"\xff\x0a\x01\x02", "JPEG XL"),
            (b"II*\0\x10\0\0\0CR\x02\0", "CR2"),
            (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            (b"<!DOCTYPE html>", "a web page"),
            (b"hello", "no kind of image"),
            (b"", "empty"),
        ] {
            let message = format_of(bytes).unwrap_err();
            assert!(message.contains(name), "{message} lacks {name}");
        }
    }

    #[test]
    fn previews_in_raw_files_are_no_photographs() {
        let directory = |tag: u16, value: u32| {
            let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
            bytes.extend(tag.to_le_bytes());
            bytes.extend([4, 0, 1, 0, 0, 0]);
            bytes.extend(value.to_le_bytes());
            bytes
        };
        assert!(format_of(&directory(NEW_SUBFILE_TYPE, 1)).unwrap_err().contains("preview"));
        assert!(format_of(&directory(DNG_VERSION, 1)).unwrap_err().contains("DNG"));
        assert_eq!(format_of(&directory(NEW_SUBFILE_TYPE, 0)).unwrap(), ImageFormat::Tiff);
        let big: Vec<u8> = [&b"MM\0*\0\0\0\x08\0\x01\0\xfe\0\x04\0\0\0\x01\0\0\0\x01"[..]].concat();
        assert!(format_of(&big).unwrap_err().contains("preview"));
    }
}
