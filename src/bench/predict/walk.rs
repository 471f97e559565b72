//! The walk of the rasterizer through every tile, on the processor, for counts that depend on how many threads go the same way.
//!
//! A subgroup visits a convex if the block of any of its clusters meets it, so wider subgroups make fewer visits that cost more
//! threads each. Source: `shaders/shared/blend.wgsl` and `shaders/shared/together_subgroups.wgsl`.

use std::ops::Add;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::constants::{ALPHA_MAX, ALPHA_MIN, TILE_SIZE, TRANSMITTANCE_MIN};
use crate::real::to_u32;
use crate::renderer::TileLists;

/// Lanes of the subgroups that visits are counted for.
pub const WIDTHS: [u32; 3] = [8, 32, 64];

/// Clusters of a tile: blocks of eight columns and four rows of pixels.
const CLUSTERS: usize = 8;
/// Pixels of a cluster.
const BLOCK: usize = 32;
/// Convexes of a batch of the forward pass, and of the backward pass where subgroups add up.
const BATCHES: [u32; 2] = [32, 8];
/// `TILE_MARGIN` of `shaders/shared/projected.wgsl`.
const MARGIN: f32 = 1.0 / 64.0;

/// Visits of subgroups of [`WIDTHS`] lanes: a subgroup with a convex at its pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Visits {
    /// Visits of the forward pass: lines are evaluated at every pixel of the subgroup.
    pub forward: [f64; 3],
    /// Visits of the backward pass, whose batches are shorter.
    pub backward: [f64; 3],
    /// Visits in which some pixel is not rejected by the largest line.
    pub near: [f64; 3],
    /// Visits in which some pixel needs the sum of exponentials.
    pub smooth: [f64; 3],
    /// Visits in which the convex is drawn at some pixel.
    pub drawn: [f64; 3],
    /// Batches that tiles load in the forward pass, and in the backward pass.
    pub batches: [f64; 2],
    /// Instances that are drawn at some pixel.
    pub drawn_instances: f64,
    /// Pairs of a pixel and a convex: near it, in need of the sum, and drawn, as `Statistics` of the renderer counts them.
    pub pairs: [f64; 3],
    /// Convexes with a tile.
    pub visible: f64,
    /// Turns of loops over the rows of tiles of a convex, where a thread has a convex and a subgroup waits for its longest.
    pub rows: [f64; 3],
    /// The same over its tiles.
    pub tiles: [f64; 3],
    /// The same over its tiles where eight threads share a convex.
    pub shared_tiles: [f64; 3],
}

impl Add for Visits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let three = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|i| a[i] + b[i]);
        Self {
            forward: three(self.forward, other.forward),
            backward: three(self.backward, other.backward),
            near: three(self.near, other.near),
            smooth: three(self.smooth, other.smooth),
            drawn: three(self.drawn, other.drawn),
            batches: std::array::from_fn(|i| self.batches[i] + other.batches[i]),
            drawn_instances: self.drawn_instances + other.drawn_instances,
            pairs: three(self.pairs, other.pairs),
            visible: self.visible + other.visible,
            rows: three(self.rows, other.rows),
            tiles: three(self.tiles, other.tiles),
            shared_tiles: three(self.shared_tiles, other.shared_tiles),
        }
    }
}

/// Convexes that eight threads share in `gather_cotangents`.
const SHARING: u32 = 8;

/// Words of a projected convex: number of instances, and rows of tiles.
const INSTANCES: usize = 11;
const ROWS: usize = 12;

/// The loops over the tiles of convexes. Convexes are taken in the order of the scene, as if all kernels had them so.
fn turns(projected: &[[u32; 16]]) -> Visits {
    let num_tiles = |convex: &[u32; 16]| convex[INSTANCES];
    let num_rows = |convex: &[u32; 16]| match convex {
        convex if convex[INSTANCES] == 0 => 0,
        convex => (convex[ROWS] >> 16) + 1 - (convex[ROWS] & 0xffff),
    };
    let longest = |convexes: u32, length: &dyn Fn(&[u32; 16]) -> u32| -> f64 {
        let of = |convexes: &[[u32; 16]]| convexes.iter().map(length).max().unwrap_or(0);
        projected.chunks(convexes.max(1) as usize).map(|convexes| f64::from(of(convexes))).sum()
    };
    Visits {
        visible: projected.iter().filter(|convex| convex[INSTANCES] > 0).count() as f64,
        rows: WIDTHS.map(|width| longest(width, &num_rows)),
        tiles: WIDTHS.map(|width| longest(width, &num_tiles)),
        shared_tiles: WIDTHS.map(|width| longest(width / SHARING, &num_tiles)),
        ..Visits::default()
    }
}

impl Visits {
    /// Walks through every tile of a frame.
    #[must_use]
    pub fn of(lists: &TileLists) -> Self {
        let columns = lists.size[0].div_ceil(TILE_SIZE);
        let num_tiles = columns * lists.size[1].div_ceil(TILE_SIZE);
        let tiles = (0..num_tiles).into_par_iter();
        let walk = |tile| Tile::new(lists, [tile % columns, tile / columns]).walk(tile);
        tiles.map(walk).reduce(Self::default, Add::add) + turns(&lists.projected)
    }

    /// The mean over some frames.
    #[must_use]
    pub fn mean(all: &[Self]) -> Self {
        let sum = all.iter().copied().fold(Self::default(), Add::add);
        sum.times(1.0 / all.len().max(1) as f64)
    }

    /// Everything so many times.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let three = |counts: [f64; 3]| counts.map(|count| count * factor);
        Self {
            forward: three(self.forward),
            backward: three(self.backward),
            near: three(self.near),
            smooth: three(self.smooth),
            drawn: three(self.drawn),
            batches: self.batches.map(|count| count * factor),
            drawn_instances: self.drawn_instances * factor,
            pairs: three(self.pairs),
            visible: self.visible * factor,
            rows: three(self.rows),
            tiles: three(self.tiles),
            shared_tiles: three(self.shared_tiles),
        }
    }
}

/// How many subgroups of each width hold one of these clusters, a bit each.
fn subgroups(clusters: u8) -> [f64; 3] {
    let halves = u32::from(clusters & 0xf != 0) + u32::from(clusters & 0xf0 != 0);
    [clusters.count_ones(), halves, u32::from(clusters != 0)].map(f64::from)
}

fn add(counts: &mut [f64; 3], clusters: u8) {
    counts.iter_mut().zip(subgroups(clusters)).for_each(|(count, more)| *count += more);
}

/// A convex as the rasterizer reads it.
struct Convex<'a> {
    origin: [f32; 2],
    lambda_max: f32,
    sharpness: f32,
    opacity: f32,
    tau: f32,
    lines: &'a [[f32; 4]],
}

impl<'a> Convex<'a> {
    fn of(lists: &'a TileLists, id: u32) -> Self {
        let (id, points) = (id as usize, lists.points_per_convex);
        let [x, y, lambda_max, sharpness, opacity, _, tau, ..] = lists.projected[id].map(f32::from_bits);
        Self {
            origin: [x, y],
            lambda_max,
            sharpness,
            opacity,
            tau,
            lines: &lists.lines[id * points..(id + 1) * points],
        }
    }

    /// Whether no line leaves all of a block outside, whose first pixel this is.
    fn touches(&self, first: [f32; 2]) -> bool {
        let half = [3.5 + MARGIN, 1.5 + MARGIN];
        let p = [first[0] + 4.0 - self.origin[0], first[1] + 2.0 - self.origin[1]];
        self.lines.iter().all(|[a, b, c, _]| {
            let terms = [a * p[0], b * p[1], *c];
            let least = terms[0] + terms[1] + terms[2] - (a.abs() * half[0] + b.abs() * half[1]);
            let error = 1e-6 * (terms[0].abs() + terms[1].abs() + terms[2].abs());
            least - error <= self.lambda_max
        })
    }
}

/// The pixels of a cluster.
#[derive(Clone, Copy)]
struct Cluster {
    first: [f32; 2],
    transmittance: [f32; BLOCK],
    done: [bool; BLOCK],
}

/// Pixels of a cluster that a convex comes near, that need the sum, and that it is drawn at.
#[derive(Default)]
struct Met {
    near: u32,
    smooth: u32,
    drawn: u32,
}

impl Cluster {
    fn is_busy(&self) -> bool {
        self.done.iter().any(|done| !done)
    }

    #[expect(clippy::cast_possible_truncation, reason = "as the shader has them")]
    fn meet(&mut self, convex: &Convex<'_>) -> Met {
        let (x, y) = (self.first[0] + 0.5 - convex.origin[0], self.first[1] + 0.5 - convex.origin[1]);
        let mut values = [[0.0; BLOCK]; crate::constants::MAX_POINTS];
        let mut largest = [f32::NEG_INFINITY; BLOCK];
        for (values, [a, b, c, _]) in values.iter_mut().zip(convex.lines) {
            for (i, (value, largest)) in values.iter_mut().zip(&mut largest).enumerate() {
                *value = a * (x + (i % 8) as f32) + (b * (y + (i / 8) as f32) + c);
                *largest = largest.max(*value);
            }
        }
        let mut met = Met::default();
        for i in 0..BLOCK {
            if self.done[i] || largest[i] > convex.lambda_max {
                continue;
            }
            met.near += 1;
            let lines = || values[..convex.lines.len()].iter().map(|values| values[i]);
            let mut lambda = largest[i];
            if lines().filter(|value| *value > largest[i] - convex.tau).count() > 1 {
                met.smooth += 1;
                lambda += lines().map(|value| (value - largest[i]).exp2()).sum::<f32>().log2();
            }
            let unclamped = convex.opacity / (1.0 + (convex.sharpness * lambda).min(64.0).exp2());
            let left = self.transmittance[i] * (1.0 - unclamped.min(ALPHA_MAX as f32));
            if unclamped < ALPHA_MIN as f32 {
                continue;
            }
            if left < TRANSMITTANCE_MIN as f32 {
                self.done[i] = true;
            } else {
                self.transmittance[i] = left;
                met.drawn += 1;
            }
        }
        met
    }
}

/// A tile whose convexes are walked through.
struct Tile<'a> {
    lists: &'a TileLists,
    clusters: [Cluster; CLUSTERS],
}

impl<'a> Tile<'a> {
    fn new(lists: &'a TileLists, place: [u32; 2]) -> Self {
        let cluster = |cluster: usize| {
            let number = to_u32(cluster);
            let first = [place[0] * TILE_SIZE + 8 * (number % 2), place[1] * TILE_SIZE + 4 * (number / 2)];
            let [width, height] = lists.size;
            let is_outside = |i: usize| first[0] + to_u32(i % 8) >= width || first[1] + to_u32(i / 8) >= height;
            Cluster {
                first: first.map(|place| place as f32),
                transmittance: [1.0; BLOCK],
                done: std::array::from_fn(is_outside),
            }
        };
        Self { lists, clusters: std::array::from_fn(cluster) }
    }

    fn busy(&self) -> u8 {
        (0..CLUSTERS).filter(|i| self.clusters[*i].is_busy()).fold(0, |bits, i| bits | 1 << i)
    }

    fn walk(mut self, tile: u32) -> Visits {
        let mut visits = Visits::default();
        let ends = &self.lists.first_instance_from_tile[tile as usize..];
        let convexes = &self.lists.convexes[ends[0] as usize..ends[1] as usize];
        let mut busy = [0; 2];
        for (place, id) in convexes.iter().enumerate() {
            for (pass, batch) in BATCHES.into_iter().enumerate() {
                if place.is_multiple_of(batch as usize) && (place == 0 || busy[pass] != 0) {
                    // The batch that nobody needs any more is loaded before that is known.
                    busy[pass] = self.busy();
                    visits.batches[pass] += 1.0;
                }
            }
            if busy == [0; 2] {
                break;
            }
            self.visit(&Convex::of(self.lists, *id), busy, &mut visits);
        }
        visits
    }

    fn visit(&mut self, convex: &Convex<'_>, busy: [u8; 2], visits: &mut Visits) {
        let met = (0..CLUSTERS).filter(|i| convex.touches(self.clusters[*i].first)).fold(0, |bits, i| bits | 1 << i);
        add(&mut visits.forward, met & busy[0]);
        add(&mut visits.backward, met & busy[1]);
        let [mut near, mut smooth, mut drawn] = [0; 3];
        for i in (0..CLUSTERS).filter(|i| met & busy[0] & 1 << i != 0) {
            let found = self.clusters[i].meet(convex);
            near |= u8::from(found.near > 0) << i;
            smooth |= u8::from(found.smooth > 0) << i;
            drawn |= u8::from(found.drawn > 0) << i;
            for (pairs, more) in visits.pairs.iter_mut().zip([found.near, found.smooth, found.drawn]) {
                *pairs += f64::from(more);
            }
        }
        add(&mut visits.near, near);
        add(&mut visits.smooth, smooth);
        add(&mut visits.drawn, drawn);
        visits.drawn_instances += f64::from(u8::from(drawn != 0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A convex of three lines around a square of pixels from (0, 0) to `side`, of which the third is never the largest.
    fn square(side: f32) -> ([u32; 16], [[f32; 4]; 3]) {
        let mut projected = [0_u32; 16];
        let words = [0.0, 0.0, 0.0, 100.0, 0.95, 1.0, 12.0];
        projected.iter_mut().zip(words).for_each(|(word, value): (_, f32)| *word = value.to_bits());
        (projected, [[100.0, 0.0, -100.0 * side, 0.0], [0.0, 100.0, -100.0 * side, 0.0], [0.0, 0.0, -1e30, 0.0]])
    }

    fn lists(convexes: &[([u32; 16], [[f32; 4]; 3])], ids: Vec<u32>) -> TileLists {
        TileLists {
            size: [16, 16],
            points_per_convex: 3,
            first_instance_from_tile: vec![0, to_u32(ids.len())],
            convexes: ids,
            projected: convexes.iter().map(|convex| convex.0).collect(),
            lines: convexes.iter().flat_map(|convex| convex.1).collect(),
        }
    }

    #[test]
    fn a_visit_belongs_to_every_subgroup_with_a_block_that_is_met() {
        // One block; the four blocks of the upper half; all eight.
        for (side, expected) in
            [(3.0, [1.0, 1.0, 1.0]), (8.0, [2.0, 1.0, 1.0]), (9.0, [6.0, 2.0, 1.0]), (16.0, [8.0, 2.0, 1.0])]
        {
            let visits = Visits::of(&lists(&[square(side)], vec![0]));
            assert_eq!((visits.forward, visits.drawn), (expected, expected), "{side}");
            // Both lines are equally far on the diagonal.
            assert_eq!(visits.pairs, [side * side, side, side * side].map(f64::from));
            assert_eq!((visits.batches, visits.drawn_instances), ([1.0, 1.0], 1.0));
        }
    }

    #[test]
    fn visits_end_where_no_light_is_left_and_the_next_batch_is_loaded_in_vain() {
        // Opacity 0.95 leaves 1.25e-4 after three, and the fourth would leave less than 1e-4.
        let visits = Visits::of(&lists(&[square(16.0)], vec![0; 100]));
        assert_eq!(visits.pairs[2], 256.0 * 3.0, "{visits:?}");
        assert_eq!(visits.batches, [2.0, 2.0]);
        assert_eq!((visits.forward, visits.backward), ([32.0 * 8.0, 64.0, 32.0], [64.0, 16.0, 8.0]));
        assert_eq!(visits.near[2], 4.0);
    }
}
