//! The world of the dataset: cut gems on a checkered table, z up, the table's top at z = 0.

use glam::{DAffine3, DQuat, DVec2, DVec3};

use super::cuts;
use super::material::{Material, Pattern, srgb};
use super::polyhedron::{Plane, Polyhedron};
use super::random;

/// Half the side of the table, world units.
pub const TABLE_HALF: f64 = 2.0;

/// Thickness of the table, world units.
pub const TABLE_THICKNESS: f64 = 0.12;

/// Squares along a side of the table.
pub const TABLE_SQUARES: u32 = 8;

/// Rays that leave a surface start this far from it, world units.
pub(super) const OFF_SURFACE: f64 = 1e-6;

/// A gem on the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Gem {
    /// The shape in the world.
    pub body: Polyhedron,
    /// The material of the facets.
    pub material: Material,
    /// Middle of its corners; every corner is within `radius`, world units.
    pub centre: DVec3,
    /// Largest distance of a corner from `centre`, world units.
    pub radius: f64,
}

/// Everything that can be seen besides the sky.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The gems.
    pub gems: Vec<Gem>,
    /// The slab they stand on.
    pub table: Polyhedron,
    /// The seed of the shades of facets and squares.
    pub seed: u64,
}

/// Which surface a ray met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FacetId {
    /// A facet of a gem: index of the gem, index of the facet.
    Gem(usize, usize),
    /// A facet of the table.
    Table(usize),
}

/// The point where a ray met a surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Distance along the ray in lengths of its direction.
    pub t: f64,
    /// The place in the world.
    pub point: DVec3,
    /// Unit normal, towards the outside.
    pub normal: DVec3,
    /// The surface that was met.
    pub surface: FacetId,
}

impl World {
    /// The gems on their table. `seed` turns the gems about their axes and shuffles the shades of their facets.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let low = DVec3::new(-TABLE_HALF, -TABLE_HALF, -TABLE_THICKNESS);
        let table = Polyhedron::cuboid(low, DVec3::new(TABLE_HALF, TABLE_HALF, 0.0));
        let gems = stones().iter().enumerate().map(|(i, stone)| stone.placed(i, seed)).collect();
        Self { gems, table, seed }
    }

    /// What the ray `origin + t·direction`, t > 0, meets first; `None` is sky.
    #[must_use]
    pub fn hit(&self, origin: DVec3, direction: DVec3) -> Option<Hit> {
        let mut best = self.table.entry(origin, direction).map(|entry| (entry.t, FacetId::Table(entry.facet)));
        for (i, gem) in self.gems.iter().enumerate().filter(|(_, gem)| gem.may_meet(origin, direction)) {
            if let Some(entry) = gem.body.entry(origin, direction)
                && best.is_none_or(|(t, _)| entry.t < t)
            {
                best = Some((entry.t, FacetId::Gem(i, entry.facet)));
            }
        }
        best.map(|(t, surface)| Hit { t, point: origin + t * direction, normal: self.plane(surface).normal, surface })
    }

    /// The plane of a surface.
    #[must_use]
    pub fn plane(&self, surface: FacetId) -> &Plane {
        match surface {
            FacetId::Gem(gem, facet) => &self.gems[gem].body.planes[facet],
            FacetId::Table(facet) => &self.table.planes[facet],
        }
    }

    /// Colour of a surface at a point on it, before light; linear.
    #[must_use]
    pub fn colour(&self, surface: FacetId, point: DVec3) -> DVec3 {
        match surface {
            FacetId::Gem(gem, facet) => {
                let Gem { body, material, centre, .. } = &self.gems[gem];
                let (u, v) = body.planes[facet].tangents();
                let on_facet = DVec2::new(u.dot(point - *centre), v.dot(point - *centre));
                material.colour_at(self.seed, gem, facet, on_facet)
            }
            FacetId::Table(facet) if self.table.planes[facet].normal.z > 0.5 => self.square_colour(point),
            FacetId::Table(_) => srgb(0x6b_4a36),
        }
    }

    fn square_colour(&self, point: DVec3) -> DVec3 {
        let side = 2.0 * TABLE_HALF / f64::from(TABLE_SQUARES);
        let last = f64::from(TABLE_SQUARES - 1);
        let column = ((point.x + TABLE_HALF) / side).floor().clamp(0.0, last);
        let row = ((point.y + TABLE_HALF) / side).floor().clamp(0.0, last);
        let is_light = (column + row) % 2.0 < 0.5;
        let shade = 0.9 + 0.2 * random::unit(&[self.seed, column.to_bits(), row.to_bits()]);
        shade * srgb(if is_light { 0xd8_c8a8 } else { 0x2c_3550 })
    }
}

impl Gem {
    fn new(body: Polyhedron, material: Material) -> Self {
        let corners = body.corners();
        let centre = corners.iter().sum::<DVec3>() / corners.len() as f64;
        let radius = corners.iter().map(|corner| corner.distance(centre)).fold(0.0, f64::max);
        Self { body, material, centre, radius }
    }

    /// Whether a ray comes near enough to be worth the exact test.
    #[must_use]
    pub fn may_meet(&self, origin: DVec3, direction: DVec3) -> bool {
        let to_centre = self.centre - origin;
        let along = to_centre.dot(direction);
        let (squared, length_squared) = (to_centre.length_squared(), direction.length_squared());
        let is_inside = squared <= self.radius * self.radius;
        let closest_squared = squared - along * along / length_squared;
        is_inside || (along > 0.0 && closest_squared <= self.radius * self.radius)
    }
}

/// A gem before it is put on the table.
struct Stone {
    cut: Polyhedron,
    /// World units per unit of the cut.
    size: f64,
    /// The facet it lies on, by its normal in the cut's frame.
    foot: DVec3,
    /// The place on the table.
    place: DVec2,
    /// Turn about the vertical, radians.
    turn: f64,
    material: Material,
}

impl Stone {
    fn placed(&self, index: usize, seed: u64) -> Gem {
        let steepest = |a: &&Plane, b: &&Plane| a.normal.dot(self.foot).total_cmp(&b.normal.dot(self.foot));
        let foot = self.cut.planes.iter().max_by(steepest).map_or(DVec3::NEG_Z, |plane| plane.normal);
        let turn =
            self.turn + if seed == 0 { 0.0 } else { std::f64::consts::PI * random::signed(&[seed, index as u64]) };
        let rotation = DQuat::from_rotation_z(turn) * DQuat::from_rotation_arc(foot, DVec3::NEG_Z);
        let turned =
            self.cut.moved(&DAffine3::from_scale_rotation_translation(DVec3::splat(self.size), rotation, DVec3::ZERO));
        let gem = Gem::new(turned.clone(), self.material);
        let lowest = turned.corners().iter().map(|corner| corner.z).fold(f64::INFINITY, f64::min);
        let shift = (self.place - gem.centre.truncate()).extend(-lowest);
        Gem::new(turned.moved(&DAffine3::from_translation(shift)), self.material)
    }
}

fn stones() -> [Stone; 7] {
    let material =
        |colour, accent, pattern, gloss| Material { colour: srgb(colour), accent: srgb(accent), pattern, gloss };
    let plain = |colour, accent, gloss| material(colour, accent, Pattern::Plain, gloss);
    let stone =
        |cut, size, foot, (x, y), turn, material| Stone { cut, size, foot, place: DVec2::new(x, y), turn, material };
    // A brilliant rests on a main facet of its pavilion, so that its table looks up aslant.
    let pavilion = DVec3::new(0.67, 0.0, -0.75);
    let pentagon = DVec3::new(0.0, -1.6, -1.0);
    let triangle = DVec3::new(-1.0, -1.0, -1.0);
    let down = DVec3::NEG_Z;
    [
        stone(cuts::brilliant(), 0.72, pavilion, (-0.1, 0.05), 2.2, plain(0x1b_3fd6, 0x35_a7ff, 0.16)),
        stone(
            cuts::crystal(),
            0.66,
            down,
            (-0.95, 0.85),
            0.3,
            material(0x7a_34c4, 0xd9_b8f5, Pattern::Veins(0.2), 0.0),
        ),
        stone(cuts::emerald(), 0.52, down, (1.05, -0.55), 0.5, plain(0x0c_9a52, 0x53_e08c, 0.03)),
        stone(cuts::octahedron(), 0.58, triangle, (0.95, 0.95), 0.9, plain(0xd3_1231, 0xff_5a4a, 0.0)),
        stone(
            cuts::dodecahedron(),
            0.42,
            pentagon,
            (-1.15, -0.5),
            0.2,
            material(0xf2_a81d, 0xb5_5212, Pattern::Stripes(0.16), 0.0),
        ),
        stone(cuts::icosahedron(), 0.36, triangle, (0.15, -1.25), 0.4, plain(0x13_b5b1, 0x8a_f0dc, 0.0)),
        stone(
            cuts::bevelled_cube(),
            0.42,
            down,
            (0.05, 1.4),
            0.6,
            material(0xf0_5f9b, 0xfb_e3ea, Pattern::Checker(0.13), 0.0),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_stand_on_the_table_and_apart() {
        for seed in [0, 1, 99] {
            let world = World::new(seed);
            for (i, gem) in world.gems.iter().enumerate() {
                let corners = gem.body.corners();
                let lowest = corners.iter().map(|corner| corner.z).fold(f64::INFINITY, f64::min);
                assert!(lowest.abs() < 1e-9, "gem {i} stands at {lowest}");
                assert!(corners.iter().filter(|corner| corner.z < 1e-7).count() >= 3, "gem {i} rests on a facet");
                assert!(corners.iter().all(|corner| corner.truncate().abs().max_element() < TABLE_HALF), "gem {i}");
                for other in &world.gems[..i] {
                    let gap = gem.centre.truncate().distance(other.centre.truncate());
                    let reach = |gem: &Gem| {
                        let radii = gem.body.corners();
                        radii.iter().map(|c| c.truncate().distance(gem.centre.truncate())).fold(0.0, f64::max)
                    };
                    assert!(gap > reach(gem) + reach(other), "gem {i} may touch another: {gap}");
                }
            }
        }
    }

    #[test]
    fn the_sphere_test_never_hides_a_hit() {
        let world = World::new(0);
        let mut stream = random::Stream::of(&[5]);
        let mut hits = 0;
        for _ in 0..4000 {
            let mut number = || 6.0 * stream.unit() - 3.0;
            let (origin, target) = (DVec3::new(number(), number(), 4.0), DVec3::new(number(), number(), 0.0));
            for gem in &world.gems {
                if gem.body.entry(origin, target - origin).is_some() {
                    hits += 1;
                    assert!(gem.may_meet(origin, target - origin));
                }
            }
        }
        assert!(hits > 200, "{hits}");
    }
}
