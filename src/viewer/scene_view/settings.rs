//! How a scene is shown.

use serde::{Deserialize, Serialize};

use crate::constants::NEAR;
use crate::kernels::DisplayMode;
use crate::viewer::document::CropBox;

/// Everything that changes the picture besides scene and camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewSettings {
    /// The quantity that is shown.
    pub mode: DisplayMode,
    /// Whether the edges of the hulls are drawn over the picture.
    pub hulls: bool,
    /// The highest degree of the spherical harmonics in use.
    pub sh_degree: u32,
    /// Convexes less opaque than this are hidden.
    pub min_opacity: f32,
    /// Whether convexes are anti-aliased; a scene that is opened says how it was trained.
    pub antialias: bool,
    /// The colour behind everything, sRGB.
    pub background: [f32; 3],
    /// The factor that every convex is scaled by.
    pub scale: f32,
    /// Only convexes with their centroid in this box are shown.
    #[serde(skip)]
    pub crop: Option<CropBox>,
    /// The count at the upper end of the colours, which are logarithmic.
    pub max_count: f32,
    /// The view depth at which convexes end, in world units.
    #[serde(skip)]
    pub near: f64,
    /// The view depths at both ends of the colours; without them they are those of the scene.
    pub depth_range: Option<[f32; 2]>,
}

impl Default for ViewSettings {
    fn default() -> Self {
        Self {
            mode: DisplayMode::Colour,
            hulls: false,
            sh_degree: 3,
            min_opacity: 0.0,
            antialias: false,
            background: [0.0; 3],
            scale: 1.0,
            crop: None,
            max_count: 256.0,
            near: NEAR,
            depth_range: None,
        }
    }
}

impl ViewSettings {
    /// Returns the same with numbers that can be drawn, whatever a file held.
    #[must_use]
    pub fn checked(mut self) -> Self {
        let default = Self::default();
        let within = |value: f32, low: f32, high: f32, otherwise: f32| {
            if value.is_finite() { value.clamp(low, high) } else { otherwise }
        };
        self.sh_degree = self.sh_degree.min(3);
        self.min_opacity = within(self.min_opacity, 0.0, 1.0, default.min_opacity);
        self.background = self.background.map(|channel| within(channel, 0.0, 1.0, 0.0));
        self.scale = within(self.scale, 0.05, 4.0, default.scale);
        self.max_count = within(self.max_count, 1.0, 1e6, default.max_count);
        self.crop = self.crop.filter(|crop| crop.low.is_finite() && crop.high.is_finite() && crop.degrees.is_finite());
        self.depth_range = self.depth_range.filter(|range| range.iter().all(|depth| depth.is_finite()));
        self
    }

    /// Returns whether every convex is shown as it is stored.
    #[must_use]
    pub fn is_unaltered(&self) -> bool {
        self.scale == 1.0 && self.min_opacity <= 0.0 && self.crop.is_none()
    }

    /// Returns whether the edges of the hulls are drawn.
    #[must_use]
    pub fn draws_hulls(&self) -> bool {
        self.hulls || self.mode == DisplayMode::Hulls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_made_drawable() {
        let wild = ViewSettings {
            scale: f32::NAN,
            sh_degree: 9,
            min_opacity: -3.0,
            max_count: 0.0,
            ..ViewSettings::default()
        };
        let checked = wild.checked();
        assert_eq!((checked.scale, checked.sh_degree, checked.min_opacity, checked.max_count), (1.0, 3, 0.0, 1.0));
    }
}
