//! What can be shown of a frame, and the colours of numbers.

use crate::constants::{DISPLAY_MODES, RAMP_STOPS};

/// The property of a frame that a picture shows. The order is that of [`DISPLAY_MODES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayMode {
    /// The colours that the camera sees.
    #[default]
    Colour,
    /// View depth.
    Depth,
    /// World normal of the facet of the heaviest contributor where the ray enters it.
    Normal,
    /// How much of the background is hidden.
    Alpha,
    /// The heaviest contributor of each pixel.
    Convex,
    /// Number of contributors of each pixel.
    Contributors,
    /// Number of convexes that each tile goes through.
    Tiles,
    /// Edges of the hulls.
    Hulls,
}

impl DisplayMode {
    /// Every mode, in order.
    pub const ALL: [Self; DISPLAY_MODES.len()] = [
        Self::Colour,
        Self::Depth,
        Self::Normal,
        Self::Alpha,
        Self::Convex,
        Self::Contributors,
        Self::Tiles,
        Self::Hulls,
    ];

    /// The number of the mode in shaders.
    #[must_use]
    pub const fn index(self) -> u32 {
        self as u32
    }

    /// Whether the frame must say which convexes made each pixel.
    #[must_use]
    pub const fn inspects(self) -> bool {
        matches!(self, Self::Normal | Self::Convex | Self::Contributors)
    }
}

/// Colours of a ramp, sRGB at equal distances.
pub type Ramp = [[f32; 4]; RAMP_STOPS as usize];

/// Colours of depths and counts. From dark to light in steps that look equal, also without colour vision.
pub const RAMP: Ramp = [
    srgb(0x44_01_54),
    srgb(0x47_2d_7b),
    srgb(0x3b_52_8b),
    srgb(0x2c_72_8e),
    srgb(0x21_91_8c),
    srgb(0x28_ae_80),
    srgb(0x5e_c9_62),
    srgb(0xad_dc_30),
    srgb(0xfd_e7_25),
];

const fn srgb(hex: u32) -> [f32; 4] {
    [((hex >> 16) & 255) as f32 / 255.0, ((hex >> 8) & 255) as f32 / 255.0, (hex & 255) as f32 / 255.0, 1.0]
}

/// A colour of [`RAMP`] as shaders mix it, for a value of 0..=1.
#[must_use]
pub fn ramp(value: f32) -> [f32; 3] {
    let at = value.clamp(0.0, 1.0) * (RAMP.len() - 1) as f32;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the ramp; NaN becomes 0")]
    let low = (at as usize).min(RAMP.len() - 2);
    let part = at - low as f32;
    let (a, b) = (RAMP[low], RAMP[low + 1]);
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * part)
}

/// A colour of its own for every number, neither dark nor grey, as shaders choose it.
#[must_use]
pub fn colour_of_number(number: u32) -> [f32; 3] {
    let hash = number.wrapping_mul(2_654_435_769);
    let hue = (hash >> 8) as f32 / 16_777_216.0 * 6.0;
    let light = 0.75 + 0.25 * (hash & 0xff) as f32 / 255.0;
    [0.0, 4.0, 2.0].map(|turn| {
        let pure = (((hue + turn) % 6.0 - 3.0).abs() - 1.0).clamp(0.0, 1.0);
        light * (0.9 + (pure - 0.9) * 0.65)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_have_the_numbers_of_the_shaders() {
        for (index, (mode, name)) in DisplayMode::ALL.into_iter().zip(DISPLAY_MODES).enumerate() {
            assert_eq!(mode.index() as usize, index);
            assert_eq!(format!("{mode:?}").to_uppercase(), name);
        }
    }
}
