//! The world as a lapidary scene: convexes for each facet of a gem and each square of the table.
//!
//! A facet becomes a flat pyramid: its corners and an apex a little inside of the gem. Seen from outside a gem so
//! built is the polyhedron itself, and each facet keeps a colour of its own.

use glam::{DVec2, DVec3};

use super::light::SunSample;
use super::material::stored;
use super::views::{DISTANCE, FOCAL_IN_WIDTHS};
use super::world::{FacetId, Hit, TABLE_HALF, TABLE_SQUARES, TABLE_THICKNESS, World};
use super::{Gem, SynthOptions};
use crate::constants::{MAX_POINTS, SH_C0, SH_COEFFS};
use crate::scene::{Params, Scene};

/// sigmoid(6) = 0.9975: opaque as far as a picture shows.
const RAW_OPACITY: f64 = 6.0;

/// Steepness of a border: the exponent of the indicator changes by this per pixel at the default size, which makes
/// the border about one and a half pixels wide.
const STEEPNESS_PER_PX: f64 = 3.0;

/// Smoothness delta in exponents per pixel: high enough for corners that look sharp.
const SHARPNESS_PER_PX: f64 = 6.0;

/// A border lies where the indicator is one half. Convexes grow by this many pixels so that neighbours close up.
const GROWTH_PX: f64 = 0.4;

/// Depth of the pyramids below their facet, in radii of the gem.
const APEX_DEPTH: f64 = 0.08;

/// Places per convex at which its colour is averaged.
const COLOUR_SAMPLES: u32 = 256;

/// The gems and the table as convexes of eight points, each of its mean colour, with borders of one to two pixels at
/// the default size.
#[must_use]
pub fn exact_scene(world: &World) -> Scene {
    let mut scene = Scene::empty(MAX_POINTS, 0);
    for (i, gem) in world.gems.iter().enumerate() {
        for facet in 0..gem.body.planes.len() {
            for polygon in pieces(&gem.body.facet(facet)) {
                push_facet(&mut scene, world, gem, FacetId::Gem(i, facet), &polygon);
            }
        }
    }
    for slab in slabs() {
        push_slab(&mut scene, world, slab);
    }
    for (facet, plate) in plates() {
        push_plate(&mut scene, world, facet, plate);
    }
    scene
}

/// A polygon in parts that leave room for the apex.
fn pieces(polygon: &[DVec3]) -> Vec<Vec<DVec3>> {
    if polygon.len() < 3 {
        return Vec::new();
    }
    if polygon.len() < MAX_POINTS {
        return vec![polygon.to_vec()];
    }
    let half = polygon.len() / 2;
    let second = polygon[half..].iter().chain(&polygon[..1]).copied().collect::<Vec<_>>();
    [pieces(&polygon[..=half]), pieces(&second)].concat()
}

fn push_facet(scene: &mut Scene, world: &World, gem: &Gem, surface: FacetId, polygon: &[DVec3]) {
    let normal = world.plane(surface).normal;
    let grown = grown(polygon);
    let middle = mean(&grown);
    let mut points = grown.clone();
    // Points that a facet does not need repeat its apex: the hull is the same.
    points.resize(MAX_POINTS, middle - APEX_DEPTH * gem.radius * normal);
    let colour = mean_colour(world, surface, polygon);
    push(scene, &points, typical_edge(polygon), colour);
}

/// Appends a slab of the table under `top`, a rectangle of its surface.
fn push_slab(scene: &mut Scene, world: &World, top: [DVec3; 4]) {
    push_prism(scene, &top, TABLE_THICKNESS * DVec3::NEG_Z, mean_colour(world, FacetId::Table(TOP), &top));
}

/// Appends a plate on the side of the table: slabs have the colour of their top all over.
fn push_plate(scene: &mut Scene, world: &World, facet: usize, side: [DVec3; 4]) {
    let outwards = PLATE_THICKNESS * world.table.planes[facet].normal;
    push_prism(scene, &side, outwards, mean_colour(world, FacetId::Table(facet), &side));
}

fn push_prism(scene: &mut Scene, face: &[DVec3; 4], depth: DVec3, colour: DVec3) {
    let front = grown(face);
    let points: Vec<DVec3> = front.iter().copied().chain(front.iter().map(|corner| *corner + depth)).collect();
    let edge = typical_edge(face).min(typical_edge(&[face[0], face[1], face[1] + TABLE_THICKNESS * DVec3::NEG_Z]));
    push(scene, &points, edge, colour);
}

/// Index of the upper plane of the table: a cuboid has ±x, ±y, ±z in this order.
const TOP: usize = 4;

/// Thickness of the plates on the table's sides, world units: less than a pixel.
const PLATE_THICKNESS: f64 = 0.01;

/// Slabs along a side of a square: smaller slabs follow the shadows, and sort better against the gems on them.
const SLABS_PER_SQUARE: u32 = 2;

/// The tops of the slabs that make up the squares of the table.
fn slabs() -> impl Iterator<Item = [DVec3; 4]> {
    let count = TABLE_SQUARES * SLABS_PER_SQUARE;
    let place = move |i: u32| (2.0 * f64::from(i) / f64::from(count) - 1.0) * TABLE_HALF;
    let corner = move |i, j| DVec3::new(place(i), place(j), 0.0);
    (0..count).flat_map(move |j| {
        (0..count).map(move |i| [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)])
    })
}

/// The sides of the table in plates as wide as slabs, each with the index of its plane.
fn plates() -> impl Iterator<Item = (usize, [DVec3; 4])> {
    let count = TABLE_SQUARES * SLABS_PER_SQUARE;
    let place = move |i: u32| (2.0 * f64::from(i) / f64::from(count) - 1.0) * TABLE_HALF;
    let corners = move |facet: usize, i: u32| {
        let at = |along: f64, z: f64| match facet {
            0 => DVec3::new(TABLE_HALF, along, z),
            1 => DVec3::new(-TABLE_HALF, along, z),
            2 => DVec3::new(along, TABLE_HALF, z),
            _ => DVec3::new(along, -TABLE_HALF, z),
        };
        let (left, right, low) = (place(i), place(i + 1), -TABLE_THICKNESS);
        [at(left, low), at(right, low), at(right, 0.0), at(left, 0.0)]
    };
    (0..TOP).flat_map(move |facet| (0..count).map(move |i| (facet, corners(facet, i))))
}

/// A pixel's width at the mean distance of the cameras, at the default size; world units.
fn pixel() -> f64 {
    DISTANCE / (FOCAL_IN_WIDTHS * f64::from(SynthOptions::default().width))
}

/// Appends a convex whose borders have the wanted width.
///
/// The exponent of the indicator is z²·σ·δ·L for a lone edge, with L = edge length × distance in the focal-free plane
/// (docs/spec.md §3). Both shrink by 1/z, so at world distance D from an edge of world length E it is σ·δ·E·D, and
/// the corners' own exponent z·δ·L is δ·E·D/z.
fn push(scene: &mut Scene, points: &[DVec3], edge: f64, colour: DVec3) {
    let delta = SHARPNESS_PER_PX * DISTANCE / (edge * pixel());
    let sigma = STEEPNESS_PER_PX / (edge * pixel() * delta);
    let coordinates: Vec<f32> = points.iter().flat_map(|point| point.as_vec3().to_array()).collect();
    let mut sh = vec![0.0f32; SH_COEFFS * 3];
    sh[..3].copy_from_slice(&((colour - 0.5) / SH_C0).as_vec3().to_array());
    scene.push(Params {
        points: &coordinates,
        log_delta: &[single(delta.ln())],
        log_sigma: &[single(sigma.ln())],
        raw_opacity: &[single(RAW_OPACITY)],
        sh: &sh,
    });
}

#[expect(clippy::cast_possible_truncation, reason = "scenes are stored in single precision")]
fn single(value: f64) -> f32 {
    value as f32
}

fn mean(corners: &[DVec3]) -> DVec3 {
    corners.iter().sum::<DVec3>() / corners.len() as f64
}

/// The edge length that borders are made for, world units: between the mean and the shortest, because borders widen
/// where an edge is short or seen at a slant.
fn typical_edge(corners: &[DVec3]) -> f64 {
    let next = |i: usize| corners[(i + 1) % corners.len()];
    let lengths = corners.iter().enumerate().map(|(i, corner)| corner.distance(next(i)));
    let mean = lengths.clone().sum::<f64>() / corners.len() as f64;
    0.5 * (mean * lengths.fold(f64::INFINITY, f64::min)).sqrt()
}

/// The polygon with its corners moved away from its middle, so that edges move by about [`GROWTH_PX`].
fn grown(corners: &[DVec3]) -> Vec<DVec3> {
    let middle = mean(corners);
    let to_edges = (0..corners.len()).map(|i| {
        let (a, b) = (corners[i], corners[(i + 1) % corners.len()]);
        (middle - a).reject_from(b - a).length()
    });
    let to_nearest = to_edges.fold(f64::INFINITY, f64::min);
    let factor = 1.0 + (GROWTH_PX * pixel() / to_nearest).min(0.3);
    corners.iter().map(|corner| middle + factor * (*corner - middle)).collect()
}

/// Mean stored colour of a polygon on `surface`, looked at from above and straight on in equal parts.
fn mean_colour(world: &World, surface: FacetId, polygon: &[DVec3]) -> DVec3 {
    let normal = world.plane(surface).normal;
    let away = -(normal + 0.4 * DVec3::Z);
    let sun: Vec<SunSample> = (0..16u32).map(|i| scattered(i, 16)).collect();
    let colour = |i: u32| {
        let point = in_polygon(polygon, scattered(i, COLOUR_SAMPLES));
        stored(world.shade(&Hit { t: 0.0, point, normal, surface }, away, &sun))
    };
    (0..COLOUR_SAMPLES).map(colour).sum::<DVec3>() / f64::from(COLOUR_SAMPLES)
}

/// The i-th of `count` evenly scattered places in the unit square (a rank-1 lattice of the golden ratio).
fn scattered(i: u32, count: u32) -> DVec2 {
    let golden = 0.618_033_988_749_894_9;
    DVec2::new((f64::from(i) + 0.5) / f64::from(count), (f64::from(i) * golden).fract())
}

/// Maps the unit square onto a convex polygon, evenly by area.
fn in_polygon(corners: &[DVec3], at: DVec2) -> DVec3 {
    let triangles = corners[1..].windows(2).map(|pair| (pair[0], pair[1]));
    let area = |(b, c): (DVec3, DVec3)| (b - corners[0]).cross(c - corners[0]).length();
    let mut left = at.x * triangles.clone().map(area).sum::<f64>();
    for (b, c) in triangles {
        let of_this = area((b, c));
        if left <= of_this {
            let (s, t) = ((left / of_this).sqrt(), at.y);
            return corners[0] + s * ((1.0 - t) * (b - corners[0]) + t * (c - corners[0]));
        }
        left -= of_this;
    }
    corners[0]
}
