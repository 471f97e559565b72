//! The head of a picture's file: its size and orientation, read without decoding it, and the pictures that are too large.

use std::sync::{Mutex, MutexGuard, PoisonError};

use image::DynamicImage;

use super::error::DatasetError;
use super::tree::TreeFile;
use crate::image::{self as pictures, Head, ImageError, MAX_PIXELS};

/// Most pixels of a picture's file that is made smaller at once: 1 Gpixel, 3 GiB when decoded.
const MOST_PIXELS: u64 = 1 << 30;

/// The beginning of a file that holds size and orientation in nearly all of them, bytes.
const HEAD_BYTES: u64 = 1 << 16;

/// Pictures and masks beyond `MAX_PIXELS` are decoded one at a time: a single one takes gigabytes.
static LARGE: Mutex<()> = Mutex::new(());

/// Whether a picture of so many pixels is decoded while no other of its kind is.
pub(super) fn is_large(pixels: u64) -> bool {
    pixels > MAX_PIXELS
}

/// Waits until no other thread decodes a large picture, and keeps them waiting.
pub(super) fn one_at_a_time() -> MutexGuard<'static, ()> {
    LARGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The head of a picture whose sides will be divided by `divisor`. A file that is cut off is refused here already, as
/// far as its last bytes tell.
pub(super) fn head_of(place: &TreeFile, divisor: u32) -> Result<Head, DatasetError> {
    let beginning = place.head(HEAD_BYTES)?;
    // Decoders of JPEG read a whole file to learn its size; nearly always its beginning is enough.
    let head = match Head::of(&beginning) {
        Ok(head) => head,
        Err(_) => Head::of(&place.read()?).map_err(undecodable(place))?,
    };
    check_size(&head, divisor).map_err(undecodable(place))?;
    let is_whole = (beginning.len() as u64) < HEAD_BYTES;
    if is_whole {
        pictures::check_end(&beginning).map_err(undecodable(place))?;
    } else if place.tail(16)?.is_some_and(|last| !pictures::has_usual_end(&beginning, &last)) {
        pictures::check_end(&place.read()?).map_err(undecodable(place))?;
    }
    Ok(head)
}

/// Refuses pictures that would take too much memory, with what helps.
fn check_size(head: &Head, divisor: u32) -> Result<(), String> {
    let ([width, height], pixels) = (head.size, head.num_pixels());
    if pixels == 0 || pixels > MOST_PIXELS {
        return Err(format!("it has {width}×{height} pixels; 1 to {MOST_PIXELS} are accepted"));
    }
    let fits = |divisor: u64| pixels.div_ceil(divisor * divisor) <= MAX_PIXELS;
    if fits(divisor.into()) {
        return Ok(());
    }
    let enough = (1..=64).find(|divisor| fits(*divisor)).unwrap_or(64);
    Err(format!("it has {width}×{height} pixels, more than {MAX_PIXELS}; `--downscale {enough}` makes it small enough"))
}

/// The error of a file that cannot be decoded, from its reason.
pub(super) fn undecodable(place: &TreeFile) -> impl FnOnce(String) -> DatasetError {
    let path = place.path();
    move |reason| ImageError::Content { path, reason }.into()
}

/// The pixels of a mask of at most as many pixels as a picture's file may have.
pub(super) fn decode_mask(place: &TreeFile) -> Result<DynamicImage, DatasetError> {
    Ok(pictures::decode(&place.read()?, MOST_PIXELS).map_err(undecodable(place))?.0)
}

/// A picture may be larger or smaller than its camera says, but not of another shape.
pub(super) fn has_shape(found: [u32; 2], expected: [u32; 2]) -> bool {
    let scale = |i: usize| f64::from(found[i]) / f64::from(expected[i]);
    // A side may be rounded either way.
    let smallest = expected[0].min(expected[1]).min(found[0]).min(found[1]).max(1);
    (scale(0) / scale(1) - 1.0).abs() <= 1.5 / f64::from(smallest)
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;

    use super::*;

    #[test]
    fn rounded_sides_have_the_shape_and_turned_pictures_have_not() {
        assert!(has_shape([4946, 3286], [4946, 3286]) && has_shape([1237, 822], [4946, 3286]));
        assert!(has_shape([1236, 821], [4946, 3286]) && !has_shape([1200, 822], [4946, 3286]));
        assert!(!has_shape([48, 64], [64, 48]));
    }

    #[test]
    fn too_many_pixels_are_refused_with_what_helps() {
        let head = |width, height| Head { size: [width, height], orientation: Orientation::NoTransforms };
        let aerial = head(14_204, 10_652);
        assert!(check_size(&aerial, 1).unwrap_err().contains("`--downscale 2`"));
        assert_eq!(check_size(&aerial, 2), Ok(()));
        assert!(check_size(&head(40_000, 30_000), 64).unwrap_err().contains("40000×30000"));
        assert!(check_size(&head(0, 5), 1).is_err());
        for (width, height) in [(11_586, 11_586), (32_768, 32_768), (65_535, 16_000)] {
            let message = check_size(&head(width, height), 1).unwrap_err();
            let enough = message.split("--downscale ").nth(1).unwrap().split('`').next().unwrap().parse().unwrap();
            assert!(
                check_size(&head(width, height), enough).is_ok()
                    && check_size(&head(width, height), enough - 1).is_err()
            );
        }
    }
}
