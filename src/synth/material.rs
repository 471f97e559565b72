//! The colours of gems and table before lighting. Colours here are linear light.

use glam::{DVec2, DVec3};

use super::random;

/// How the second colour of a gem is laid over the first, in facet coordinates (world units).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// There is no second colour: facets are of one colour each.
    Plain,
    /// Parallel stripes of this period.
    Stripes(f64),
    /// A checkerboard with squares of this side.
    Checker(f64),
    /// Winding veins about this far apart.
    Veins(f64),
}

/// The material of a gem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Material {
    /// Colour of the facets before each gets a shade of its own.
    pub colour: DVec3,
    /// Colour of the pattern, which the shades of the facets lean towards.
    pub accent: DVec3,
    /// How the accent is laid over the facets.
    pub pattern: Pattern,
    /// Part of the light that is mirrored where one looks straight at a facet; 0 is matt.
    pub gloss: f64,
}

impl Material {
    /// Colour at `coordinates` on facet `facet` of gem `gem`. The facet's shade depends on `seed`.
    #[must_use]
    pub fn colour_at(&self, seed: u64, gem: usize, facet: usize, coordinates: DVec2) -> DVec3 {
        let key = [seed, gem as u64, facet as u64];
        let shade = 0.55 + 0.9 * random::unit(&[key[0], key[1], key[2], 1]);
        let lean = 0.35 * random::unit(&[key[0], key[1], key[2], 2]);
        let (colour, accent) = match self.pattern {
            Pattern::Plain => (self.colour.lerp(self.accent, lean), 0.0),
            _ => (self.colour, self.pattern.accent_at(coordinates)),
        };
        let shade = if self.pattern == Pattern::Plain { shade } else { 0.5 + 0.5 * shade };
        shade * colour.lerp(self.accent, accent)
    }
}

impl Pattern {
    /// Weight of the accent, 0..=1.
    fn accent_at(self, at: DVec2) -> f64 {
        match self {
            Self::Plain => 0.0,
            Self::Stripes(period) => f64::from(u8::from((at.y / period + 0.25).rem_euclid(1.0) < 0.5)),
            Self::Checker(side) => {
                let even = ((at.x / side).floor() + (at.y / side).floor()).rem_euclid(2.0) < 0.5;
                f64::from(u8::from(even))
            }
            Self::Veins(distance) => {
                let at = at / distance;
                let bend = DVec2::new(noise(at + 7.3), noise(at - 3.1)) * 2.2;
                let ridge = 1.0 - (2.0 * noise(at + bend) - 1.0).abs();
                smoothstep(0.72, 0.93, ridge)
            }
        }
    }
}

/// Smooth noise in 0..=1 with features of size one.
fn noise(at: DVec2) -> f64 {
    let (cell, within) = (at.floor(), at - at.floor());
    let corner = |x: f64, y: f64| random::unit(&[(cell.x + x).to_bits(), (cell.y + y).to_bits()]);
    let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let (sx, sy) = (smoothstep(0.0, 1.0, within.x), smoothstep(0.0, 1.0, within.y));
    let (low, high) = (mix(corner(0.0, 0.0), corner(1.0, 0.0), sx), mix(corner(0.0, 1.0), corner(1.0, 1.0), sx));
    mix(low, high, sy)
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(super) fn smoothstep(low: f64, high: f64, x: f64) -> f64 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Linear light of an sRGB colour written as 0xRRGGBB.
pub(super) fn srgb(hex: u32) -> DVec3 {
    let channel = |shift: u32| linear(f64::from((hex >> shift) & 0xff) / 255.0);
    DVec3::new(channel(16), channel(8), channel(0))
}

fn linear(stored: f64) -> f64 {
    if stored <= 0.04045 { stored / 12.92 } else { ((stored + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB value, 0..=1, that a picture file stores for linear light; bright light is rolled off, never cut.
pub(super) fn stored(light: DVec3) -> DVec3 {
    let channel = |x: f64| {
        // Filmic curve of K. Narkowicz, "ACES filmic tone mapping curve" (2015).
        let x = (x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)).clamp(0.0, 1.0);
        if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 }
    };
    DVec3::new(channel(light.x.max(0.0)), channel(light.y.max(0.0)), channel(light.z.max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_values_stay_in_range_and_rise_with_light() {
        let values: Vec<f64> = (-1..200).map(|i| stored(DVec3::splat(f64::from(i) / 20.0)).x).collect();
        assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
        assert!(values.is_sorted() && values[1] == 0.0);
        assert!((srgb(0x00ff_8000).x - 1.0).abs() < 1e-12 && srgb(0x00ff_8000).z == 0.0);
    }

    #[test]
    fn patterns_use_both_colours() {
        for pattern in [Pattern::Stripes(0.2), Pattern::Checker(0.2), Pattern::Veins(0.2)] {
            let at = |i: u32| pattern.accent_at(DVec2::new(f64::from(i % 32), f64::from(i / 32)) / 20.0 - 0.8);
            let mean = (0..1024).map(at).sum::<f64>() / 1024.0;
            assert!((0.1..0.9).contains(&mean), "{pattern:?} {mean}");
        }
    }
}
