//! Encoding of pictures: the values of each mode in 8 bits, in 16 bits and as floats (docs/rendering.md).

use std::io::Cursor;

use image::{ExtendedColorType, ImageFormat};

use super::exr_file::ExrLayout;
use crate::image::quantise;
use crate::kernels::{colour_of_number, ramp};
use crate::renderer::{Outputs, Pictures};

/// The quantity that a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// sRGB over the background.
    Colour,
    /// View depth of what is seen.
    Depth,
    /// World normal of what is seen.
    Normal,
    /// How much of the background is hidden.
    Alpha,
    /// The heaviest contributor of each pixel.
    Id,
}

/// The format of a picture's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 8 bits a channel, to be looked at.
    Png8,
    /// 16 bits a channel, for programs.
    Png16,
    /// The numbers as they were rendered.
    Exr(ExrLayout),
}

/// Below this alpha there is no depth.
const MIN_ALPHA: f32 = 0.02;

/// Id of a pixel without a contributor.
const NO_CONVEX: u32 = u32::MAX;

impl Mode {
    /// The suffix of the file's stem.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Colour => "",
            Self::Depth => "_depth",
            Self::Normal => "_normal",
            Self::Alpha => "_alpha",
            Self::Id => "_id",
        }
    }

    /// The outputs of a frame that it needs.
    #[must_use]
    pub const fn outputs(self) -> Outputs {
        Outputs { inspection: matches!(self, Self::Id), normals: matches!(self, Self::Normal) }
    }
}

impl Format {
    /// The extension of the files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png8 | Self::Png16 => "png",
            Self::Exr(_) => "exr",
        }
    }
}

/// View depth of what is seen, `[H, W]`, world units: the mean over the contributors by weight; 0 where alpha is below
/// 0.02.
#[must_use]
pub fn depths(pictures: &Pictures) -> Vec<f32> {
    let depth = |(depth, [_, _, _, alpha]): (&f32, &[f32; 4])| if *alpha > MIN_ALPHA { depth / alpha } else { 0.0 };
    pictures.depth.iter().zip(&pictures.rgba).map(depth).collect()
}

/// The heaviest contributor of each pixel, `[H, W]`, `u32::MAX` where there is none.
pub(super) fn ids(pictures: &Pictures) -> impl Iterator<Item = u32> {
    pictures.inspection.iter().flatten().map(|[id, _]| *id)
}

/// World normals, unit vectors towards the camera, or zero where there is no surface.
pub(super) fn normals(pictures: &Pictures) -> impl Iterator<Item = [f32; 3]> {
    pictures.normals.iter().flatten().copied()
}

/// A normal as a colour: 0 to 1 for −1 to 1, so that no surface is grey.
fn normal_colour(normal: [f32; 3]) -> [f32; 3] {
    normal.map(|component| 0.5 + 0.5 * component)
}

/// The picture in 8 bits, `[H, W, 3]`, for files and videos.
#[must_use]
pub fn rgb8(pictures: &Pictures, mode: Mode, depth_range: [f32; 2]) -> Vec<u8> {
    match mode {
        Mode::Colour => pictures.rgba.iter().flat_map(|[r, g, b, _]| [*r, *g, *b].map(quantise)).collect(),
        Mode::Alpha => pictures.rgba.iter().flat_map(|[_, _, _, alpha]| [quantise(*alpha); 3]).collect(),
        Mode::Normal => normals(pictures).flat_map(|normal| normal_colour(normal).map(quantise)).collect(),
        Mode::Depth => {
            // Near is bright, and nothing is black.
            let colour = |z: f32| if z > 0.0 { ramp(1.0 - part(z, depth_range)) } else { [0.0; 3] };
            depths(pictures).into_iter().flat_map(|z| colour(z).map(quantise)).collect()
        }
        Mode::Id => {
            let colour = |id: u32| if id == NO_CONVEX { [0.0; 3] } else { colour_of_number(id) };
            ids(pictures).flat_map(|id| colour(id).map(quantise)).collect()
        }
    }
}

/// The picture in 16 bits: values row after row, and whether there are three of them per pixel or one.
#[must_use]
pub fn samples16(pictures: &Pictures, mode: Mode, depth_range: [f32; 2]) -> (Vec<u16>, ExtendedColorType) {
    let of_depth = |z: f32| if z > 0.0 { 1 + quantise16(part(z, depth_range), 65534.0) } else { 0 };
    let rgb = |samples: Vec<u16>| (samples, ExtendedColorType::Rgb16);
    let grey = |samples: Vec<u16>| (samples, ExtendedColorType::L16);
    match mode {
        Mode::Colour => rgb(pictures.rgba.iter().flat_map(|[r, g, b, _]| [*r, *g, *b].map(unit16)).collect()),
        Mode::Alpha => grey(pictures.rgba.iter().map(|[_, _, _, alpha]| unit16(*alpha)).collect()),
        Mode::Normal => rgb(normals(pictures).flat_map(|normal| normal_colour(normal).map(unit16)).collect()),
        Mode::Depth => grey(depths(pictures).into_iter().map(of_depth).collect()),
        Mode::Id => rgb(ids(pictures).flat_map(split_id).collect()),
    }
}

/// The place of a depth in a range, 0..=1.
fn part(z: f32, [near, far]: [f32; 2]) -> f32 {
    ((z - near) / (far - near)).clamp(0.0, 1.0)
}

fn unit16(value: f32) -> u16 {
    quantise16(value, 65535.0)
}

/// Nearest of the steps from 0 to `most`; what is not a number becomes 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=most before the cast")]
fn quantise16(value: f32, most: f32) -> u16 {
    (value.clamp(0.0, 1.0) * most + 0.5) as u16
}

/// The number of a convex, counted from 1, in two words, the high one first; 0 for none.
fn split_id(id: u32) -> [u16; 3] {
    let number = id.wrapping_add(1);
    #[expect(clippy::cast_possible_truncation, reason = "words of a number")]
    let words = [(number >> 16) as u16, number as u16, 0];
    words
}

/// The bytes of a PNG, 8 or 16 bits a channel.
///
/// # Errors
/// The message of the encoder.
pub fn encode_png(
    pictures: &Pictures,
    mode: Mode,
    is_16_bits: bool,
    depth_range: [f32; 2],
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    if is_16_bits {
        let (samples, kind) = samples16(pictures, mode, depth_range);
        return png(pictures, bytemuck::cast_slice(&samples), kind);
    }
    let rgb = rgb8(pictures, mode, depth_range);
    if mode == Mode::Alpha {
        let grey: Vec<u8> = rgb.into_iter().step_by(3).collect();
        return png(pictures, &grey, ExtendedColorType::L8);
    }
    png(pictures, &rgb, ExtendedColorType::Rgb8)
}

fn png(
    pictures: &Pictures,
    samples: &[u8],
    kind: ExtendedColorType,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let (width, height) = (u32::try_from(pictures.width)?, u32::try_from(pictures.height)?);
    let mut bytes = Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut bytes, samples, width, height, kind, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Pictures {
        Pictures {
            width: 2,
            height: 2,
            rgba: vec![[0.0, 0.5, 1.0, 1.0], [0.25, -1.0, 2.0, 0.5], [0.1; 4], [0.3, 0.3, 0.3, 0.0]],
            depth: vec![2.0, 1.5, 0.4, 0.0],
            inspection: Some(vec![[0, 1], [70_000, 2], [5, 1], [NO_CONVEX, 0]]),
            normals: Some(vec![[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0; 3], [0.28, -0.96, 0.0]]),
            num_instances: 3,
        }
    }

    #[test]
    fn samples_of_16_bits_by_hand() {
        let samples = |mode| samples16(&pictures(), mode, [1.0, 5.0]).0;
        assert_eq!(samples(Mode::Colour)[..6], [0, 32768, 65535, 16384, 0, 65535]);
        assert_eq!(samples(Mode::Alpha), [65535, 32768, 6554, 0]);
        // Depths 2, 3, 4 in 1 to 5, then nothing: 1 + 65534 · part.
        assert_eq!(samples(Mode::Depth), [16385, 32768, 49152, 0]);
        assert_eq!(samples(Mode::Normal)[..6], [32768, 32768, 65535, 0, 32768, 32768]);
        assert_eq!(samples(Mode::Id), [0, 1, 0, 1, 4465, 0, 0, 6, 0, 0, 0, 0]);
    }

    #[test]
    fn samples_of_8_bits_by_hand() {
        let near = rgb8(&pictures(), Mode::Depth, [2.0, 4.0]);
        assert_eq!(near[..3], ramp(1.0).map(quantise));
        assert_eq!(near[6..9], ramp(0.0).map(quantise));
        assert_eq!(near[9..], [0, 0, 0]);
        assert_eq!(rgb8(&pictures(), Mode::Normal, [0.0, 1.0])[6..], [128, 128, 128, 163, 5, 128]);
        let ids = rgb8(&pictures(), Mode::Id, [0.0, 1.0]);
        assert!(ids[..9].iter().max() > Some(&150) && ids[9..] == [0, 0, 0]);
        assert_eq!(rgb8(&pictures(), Mode::Alpha, [0.0, 1.0])[3..6], [128; 3]);
    }
}
