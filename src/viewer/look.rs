//! How a person wants to see a scene.

use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::kernels::{DisplayMode, Ramp};
use crate::scene::Scene;

/// All that changes the picture besides scene and camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// What is shown.
    pub mode: DisplayMode,
    /// Whether the edges of the hulls are drawn over it.
    pub hulls: bool,
    /// Highest degree of the spherical harmonics in use.
    pub sh_degree: u32,
    /// Convexes less opaque than this are hidden.
    pub min_opacity: f32,
    /// Behind everything, sRGB.
    pub background: [f32; 3],
    /// Size of every convex relative to its own.
    pub scale: f32,
    /// Only convexes with their centroid in this box are shown.
    #[serde(skip)]
    pub crop: Option<Crop>,
    /// Count at the upper end of the colours.
    pub max_count: f32,
    /// View depths at both ends of the colours; what is in the scene, where nothing is said.
    pub depth_range: Option<[f32; 2]>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            mode: DisplayMode::Colour,
            hulls: false,
            sh_degree: 3,
            min_opacity: 0.0,
            background: [0.0; 3],
            scale: 1.0,
            crop: None,
            max_count: 64.0,
            depth_range: None,
        }
    }
}

impl Look {
    /// The same with numbers that can be drawn, whatever a file held.
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
        self.crop = self.crop.filter(|crop| crop.low.is_finite() && crop.high.is_finite());
        self.depth_range = self.depth_range.filter(|range| range.iter().all(|depth| depth.is_finite()));
        self
    }

    /// Whether the scene is shown as it is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.scale == 1.0 && self.min_opacity <= 0.0 && self.crop.is_none()
    }

    /// Whether edges are drawn.
    #[must_use]
    pub fn draws_hulls(&self) -> bool {
        self.hulls || self.mode == DisplayMode::Hulls
    }
}

/// A box along the axes of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Lower corner.
    pub low: DVec3,
    /// Upper corner.
    pub high: DVec3,
}

/// Where most of a scene is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Lower corner of a box around nearly all centroids.
    pub low: DVec3,
    /// Its upper corner.
    pub high: DVec3,
}

impl Default for Extent {
    fn default() -> Self {
        Self { low: DVec3::splat(-1.0), high: DVec3::ONE }
    }
}

/// Part of the centroids that may lie beyond each side: a few stray convexes do not decide where the scene is.
const STRAY: f64 = 0.02;

impl Extent {
    /// That of a scene; a unit box where it is empty.
    #[must_use]
    pub fn of_scene(scene: &Scene) -> Self {
        let points = scene.points_per_convex;
        let centroid = |corners: &[f32]| {
            let sum = corners
                .chunks_exact(3)
                .fold(DVec3::ZERO, |sum, p| sum + DVec3::new(p[0].into(), p[1].into(), p[2].into()));
            sum / points.max(1) as f64
        };
        // A hundred thousand tell as much as all.
        let every = (scene.len() / 100_000).max(1);
        let centroids = scene.params.points.chunks_exact((points * 3).max(1)).step_by(every).map(centroid);
        Self::of_points(centroids.filter(|point| point.is_finite()).collect())
    }

    /// That of some points.
    #[must_use]
    pub fn of_points(points: Vec<DVec3>) -> Self {
        if points.is_empty() {
            return Self::default();
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
        let stray = (points.len() as f64 * STRAY) as usize;
        let side = |axis: usize| {
            let mut values: Vec<f64> = points.iter().map(|point| point[axis]).collect();
            values.sort_by(f64::total_cmp);
            (values[stray], values[values.len() - 1 - stray])
        };
        let (x, y, z) = (side(0), side(1), side(2));
        Self { low: DVec3::new(x.0, y.0, z.0), high: DVec3::new(x.1, y.1, z.1) }
    }

    /// Middle of the box.
    #[must_use]
    pub fn centre(&self) -> DVec3 {
        (self.low + self.high) / 2.0
    }

    /// Half of its diagonal; never 0.
    #[must_use]
    pub fn radius(&self) -> f64 {
        ((self.high - self.low).length() / 2.0).max(1e-3)
    }

    /// View depths between which it lies for a camera at `position`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
    pub fn depth_range(&self, position: DVec3, forward: DVec3) -> [f32; 2] {
        let (middle, radius) = ((self.centre() - position).dot(forward), self.radius());
        let near = (middle - radius).max(radius * 0.02);
        [near as f32, (middle + radius).max(near * 1.5) as f32]
    }
}

/// Colours of depths and counts. From dark to light in steps that look equal, also without colour vision.
pub(super) const RAMP: Ramp = [
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_stray_convexes_do_not_move_the_extent() {
        let mut points: Vec<DVec3> = (0..1000).map(|i| DVec3::splat(f64::from(i) / 1000.0)).collect();
        points.extend([DVec3::splat(1e6), DVec3::splat(-1e6)]);
        let extent = Extent::of_points(points);
        assert!((extent.centre() - DVec3::splat(0.5)).length() < 0.02, "{extent:?}");
        assert!(extent.radius() < 1.0);
        assert_eq!(Extent::of_points(Vec::new()), Extent::default());
    }

    #[test]
    fn depths_of_the_extent_are_ordered_and_before_the_camera() {
        let extent = Extent::default();
        for position in [DVec3::new(0.0, 0.0, -9.0), DVec3::ZERO, DVec3::new(0.0, 0.0, 9.0)] {
            let [near, far] = extent.depth_range(position, DVec3::Z);
            assert!(near > 0.0 && far > near, "{near} {far}");
        }
    }

    #[test]
    fn what_a_file_held_is_made_drawable() {
        let wild = Look { scale: f32::NAN, sh_degree: 9, min_opacity: -3.0, max_count: 0.0, ..Look::default() };
        let look = wild.checked();
        assert_eq!((look.scale, look.sh_degree, look.min_opacity, look.max_count), (1.0, 3, 0.0, 1.0));
    }
}
