//! Light: a sky with a sun, soft shadows tinted by the gems, and mirrored surroundings. All in linear light.

use glam::{DVec2, DVec3};

use super::material::{smoothstep, srgb};
use super::world::{FacetId, Gem, Hit, OFF_SURFACE, World};

/// Direction towards the middle of the sun, not normalised.
const TOWARDS_SUN: DVec3 = DVec3::new(-0.62, -0.42, 0.72);

/// Tangent of the sun's angular radius: larger than the real one, for soft shadows.
const SUN_RADIUS: f64 = 0.06;

/// The place on the disc of the sun where a shadow ray ends; both in 0..1 (radius squared, turn).
pub(super) type SunSample = DVec2;

/// Colour of the sky in `direction`, which need not have unit length. Below the horizon it goes on as haze.
#[must_use]
pub fn sky(direction: DVec3) -> DVec3 {
    let direction = direction.normalize();
    let (horizon, zenith, haze) = (srgb(0xf2_c6a0), srgb(0x2a_5fb0), srgb(0x6d_6a80));
    let base = if direction.z >= 0.0 {
        horizon.lerp(zenith, smoothstep(-0.12, 0.5, direction.z))
    } else {
        horizon.lerp(haze, smoothstep(-0.1, 0.5, -direction.z))
    };
    let near_sun = direction.dot(TOWARDS_SUN.normalize()).max(0.0);
    let warm = DVec3::new(1.0, 0.78, 0.5);
    base * 0.75
        + warm * (0.35 * near_sun.powi(6) + 1.2 * near_sun.powi(80) + 7.0 * smoothstep(0.9975, 0.9985, near_sun))
}

impl World {
    /// Light that leaves a hit towards the origin of the ray along `direction`. Each sample is one shadow ray.
    #[must_use]
    pub(super) fn shade(&self, hit: &Hit, direction: DVec3, samples: &[SunSample]) -> DVec3 {
        let matt = self.matt(hit, samples);
        let gloss = match hit.surface {
            FacetId::Gem(gem, _) => self.gems[gem].material.gloss,
            FacetId::Table(_) => 0.0,
        };
        if gloss == 0.0 {
            return matt;
        }
        let direction = direction.normalize();
        let facing = -direction.dot(hit.normal);
        // Schlick's approximation of Fresnel's law.
        let mirrored = gloss + (1.0 - gloss) * (1.0 - facing).max(0.0).powi(5);
        let reflected = direction + 2.0 * facing * hit.normal;
        matt.lerp(self.seen_in_mirror(hit.point + OFF_SURFACE * hit.normal, reflected, samples), mirrored)
    }

    fn seen_in_mirror(&self, origin: DVec3, direction: DVec3, samples: &[SunSample]) -> DVec3 {
        self.hit(origin, direction).map_or_else(|| sky(direction), |hit| self.matt(&hit, samples))
    }

    /// Light by scattering alone, the same in all directions.
    pub(super) fn matt(&self, hit: &Hit, samples: &[SunSample]) -> DVec3 {
        let colour = self.colour(hit.surface, hit.point);
        let sun = 2.5 * DVec3::new(1.0, 0.9, 0.74);
        let facing = hit.normal.dot(TOWARDS_SUN.normalize());
        let direct = if facing > 0.0 { facing * sun * self.sunlight(hit, samples) } else { DVec3::ZERO };
        // A gem glows on the side that the sun shines through to.
        let through = match hit.surface {
            FacetId::Gem(..) => 0.5 * sun * colour * (-facing).max(0.0),
            FacetId::Table(_) => DVec3::ZERO,
        };
        colour * (direct + self.ambient(hit)) + through * colour
    }

    /// Light from the sky above and from the table below, less what nearby gems take away.
    fn ambient(&self, hit: &Hit) -> DVec3 {
        let up = 0.5 + 0.5 * hit.normal.z;
        let above = DVec3::new(0.42, 0.52, 0.72);
        // What stands on the table shades the table under itself.
        let below = DVec3::new(0.42, 0.36, 0.3) * (0.25 + 0.75 * smoothstep(0.0, 0.5, hit.point.z));
        let own = if let FacetId::Gem(gem, _) = hit.surface { Some(gem) } else { None };
        let others = self.gems.iter().enumerate().filter(|(i, _)| Some(*i) != own);
        below.lerp(above, up) * others.map(|(_, gem)| openness(gem, hit)).product::<f64>()
    }

    /// Mean light of the sun that arrives, per channel: 1 in full light, the tint of the gem in its shadow.
    fn sunlight(&self, hit: &Hit, samples: &[SunSample]) -> DVec3 {
        let origin = hit.point + OFF_SURFACE * hit.normal;
        let own = if let FacetId::Gem(gem, _) = hit.surface { Some(gem) } else { None };
        let may_shade = |(i, gem): &(usize, &Gem)| Some(*i) != own && may_shade(gem, origin);
        let shading: Vec<&Gem> = self.gems.iter().enumerate().filter(may_shade).map(|(_, gem)| gem).collect();
        if shading.is_empty() || samples.is_empty() {
            return DVec3::ONE;
        }
        let arriving = |sample: &SunSample| {
            let direction = towards(*sample);
            let blocked = shading.iter().filter(|gem| gem.body.entry(origin, direction).is_some());
            blocked.map(|gem| 0.4 * gem.material.colour).product::<DVec3>()
        };
        samples.iter().map(arriving).sum::<DVec3>() / samples.len() as f64
    }
}

/// Direction to a place on the disc of the sun.
fn towards(sample: SunSample) -> DVec3 {
    let middle = TOWARDS_SUN.normalize();
    let (u, v) = middle.any_orthonormal_pair();
    let (sin, cos) = (std::f64::consts::TAU * sample.y).sin_cos();
    middle + SUN_RADIUS * sample.x.sqrt() * (cos * u + sin * v)
}

/// Whether the cone from `origin` to the sun touches the sphere around a gem.
fn may_shade(gem: &Gem, origin: DVec3) -> bool {
    let middle = TOWARDS_SUN.normalize();
    let to_gem = gem.centre - origin;
    let along = to_gem.dot(middle);
    let beside = (to_gem - along * middle).length();
    along > -gem.radius && beside <= gem.radius + SUN_RADIUS * (along + gem.radius)
}

/// Part of the ambient light that a gem, taken as a ball, leaves to a surface.
fn openness(gem: &Gem, hit: &Hit) -> f64 {
    let to_gem = gem.centre - hit.point;
    let distance = to_gem.length();
    // The ball of equal cross-section is smaller than the one around the corners.
    let size = (0.85 * gem.radius / distance).min(1.0);
    let facing = (hit.normal.dot(to_gem) / distance + 0.3).max(0.0) / 1.3;
    1.0 - 0.85 * (facing * size * size).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cone_test_never_hides_a_shadow() {
        let world = World::new(0);
        let mut stream = super::super::random::Stream::of(&[3]);
        let mut shadows = 0;
        for _ in 0..4000 {
            let mut number = || 4.0 * stream.unit() - 2.0;
            let origin = DVec3::new(number(), number(), 0.0);
            let direction = towards(DVec2::new(stream.unit(), stream.unit()));
            for gem in world.gems.iter().filter(|gem| gem.body.entry(origin, direction).is_some()) {
                shadows += 1;
                assert!(may_shade(gem, origin));
            }
        }
        assert!(shadows > 200, "{shadows}");
    }

    #[test]
    fn the_sun_stands_where_shadows_point_away_from() {
        let brightness = |direction: DVec3| sky(direction).element_sum();
        assert!(brightness(TOWARDS_SUN) > 4.0 * brightness(-TOWARDS_SUN));
        assert!(brightness(TOWARDS_SUN) > 2.0 * brightness(towards(DVec2::new(1.0, 0.3)) + DVec3::X * 0.2));
    }
}
