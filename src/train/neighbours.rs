//! Distances of points to their neighbours, in n log n for any points.
//!
//! Points of captures coincide, lie on grids, on lines or in planes, and a few are far away from all others. The tree
//! halves them by rank along the longest side of their box, so that equal coordinates unbalance nothing. Ready-made trees
//! divide by value along one axis after another, and take the square of the number of points that share a coordinate.

use rayon::prelude::*;

/// The number of neighbours of a point.
const NEIGHBOURS: usize = 3;

/// The number of points that are not divided further.
const LEAF: usize = 16;

/// The number of points from which on both halves are built at the same time.
const MANY: usize = 1 << 14;

/// Smallest squared distance: points at one place still have a size.
const LEAST_SQUARE: f64 = 1e-7;

/// Distance of a point that is alone.
const ALONE: f64 = 0.1;

#[derive(Debug, Clone, Copy)]
struct Point {
    place: [f64; 3],
    index: usize,
}

/// The box around points.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: [f64; 3],
    high: [f64; 3],
}

impl Bounds {
    const NONE: Self = Self { low: [f64::INFINITY; 3], high: [f64::NEG_INFINITY; 3] };

    fn of(points: &[Point]) -> Self {
        let mut bounds = Self::NONE;
        for point in points {
            for (axis, value) in point.place.into_iter().enumerate() {
                bounds.low[axis] = bounds.low[axis].min(value);
                bounds.high[axis] = bounds.high[axis].max(value);
            }
        }
        bounds
    }

    fn longest_axis(&self) -> usize {
        let side = |axis: &usize| self.high[*axis] - self.low[*axis];
        (0..3).max_by(|a, b| side(a).total_cmp(&side(b))).unwrap_or(0)
    }

    /// Squared distance to the nearest place in the box, rounded as that of a point is and so never beyond one.
    fn square(&self, place: &[f64; 3]) -> f64 {
        square(&std::array::from_fn(|axis| place[axis].max(self.low[axis]).min(self.high[axis])), place)
    }
}

/// Root of the mean squared distance of each place to its three nearest others.
pub(super) fn neighbour_distances(places: &[[f64; 3]]) -> Vec<f64> {
    if places.len() < 2 {
        return vec![ALONE; places.len()];
    }
    let (points, bounds) = tree(places);
    let distance = |point: &Point| {
        // The nearest is the point itself.
        let mut squares = [f64::INFINITY; NEIGHBOURS + 1];
        nearest(&points, &bounds, &point.place, &mut squares);
        let others = NEIGHBOURS.min(points.len() - 1);
        let square = squares[1..=others].iter().sum::<f64>() / others as f64;
        (point.index, square.max(LEAST_SQUARE).sqrt())
    };
    // In the order of the tree, so that points one after another visit the same memory.
    let found: Vec<(usize, f64)> = points.par_iter().map(distance).collect();
    let mut distances = vec![0.0; places.len()];
    for (index, distance) in found {
        distances[index] = distance;
    }
    distances
}

/// The points in the order of a tree, and its boxes.
fn tree(places: &[[f64; 3]]) -> (Vec<Point>, Vec<Bounds>) {
    let mut points: Vec<Point> = places.iter().zip(0..).map(|(place, index)| Point { place: *place, index }).collect();
    let num_leaves = places.len().div_ceil(LEAF).next_power_of_two();
    let mut bounds = vec![Bounds::NONE; 2 * num_leaves - 1];
    divide(&mut points, &mut bounds);
    (points, bounds)
}

/// Orders points into a tree: the box of all comes first, then the boxes of their first half, then those of the second.
fn divide(points: &mut [Point], bounds: &mut [Bounds]) {
    let Some((whole, rest)) = bounds.split_first_mut() else { return };
    *whole = Bounds::of(points);
    if rest.is_empty() {
        return;
    }
    let (axis, middle) = (whole.longest_axis(), points.len() / 2);
    points.select_nth_unstable_by(middle, |a, b| a.place[axis].total_cmp(&b.place[axis]));
    let (first, second) = points.split_at_mut(middle);
    let (of_first, of_second) = rest.split_at_mut(rest.len() / 2);
    if first.len() < MANY {
        divide(first, of_first);
        divide(second, of_second);
    } else {
        rayon::join(|| divide(first, of_first), || divide(second, of_second));
    }
}

/// Puts the squared distances of the nearest points, the nearest first, into `squares`. Returns how many boxes were looked
/// into.
fn nearest(points: &[Point], bounds: &[Bounds], place: &[f64; 3], squares: &mut [f64; NEIGHBOURS + 1]) -> usize {
    let rest = bounds.get(1..).unwrap_or_default();
    if rest.is_empty() {
        points.iter().for_each(|point| insert(square(&point.place, place), squares));
        return 1;
    }
    let (first, second) = points.split_at(points.len() / 2);
    let (of_first, of_second) = rest.split_at(rest.len() / 2);
    let mut halves = [(first, of_first), (second, of_second)].map(|half| (half.1[0].square(place), half));
    if halves[1].0 < halves[0].0 {
        halves.swap(0, 1);
    }
    let mut visited = 1;
    for (square, (points, bounds)) in halves {
        // A box that is as far away as the farthest of the points that were kept holds no nearer one.
        if square < squares[NEIGHBOURS] {
            visited += nearest(points, bounds, place, squares);
        }
    }
    visited
}

fn square(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Keeps the smallest, in order.
fn insert(square: f64, squares: &mut [f64; NEIGHBOURS + 1]) {
    let place = squares.partition_point(|other| *other <= square);
    if place < squares.len() {
        squares[place..].rotate_right(1);
        squares[place] = square;
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    /// The same distances from every pair of points.
    fn obvious(places: &[[f64; 3]]) -> Vec<f64> {
        let distance = |place: &[f64; 3]| {
            let mut squares: Vec<f64> = places.iter().map(|other| square(other, place)).collect();
            squares.sort_by(f64::total_cmp);
            let others = &squares[1..places.len().min(NEIGHBOURS + 1)];
            (others.iter().sum::<f64>() / others.len() as f64).max(LEAST_SQUARE).sqrt()
        };
        places.iter().map(distance).collect()
    }

    type Cloud = fn([f64; 3], usize) -> [f64; 3];

    /// Clouds that trees are slow on, each from three random numbers of a point and its place in the list.
    const CLOUDS: [Cloud; 9] = [
        |place, _| place,
        |_, _| [0.1, 0.2, 0.3],
        |place, i| if i.is_multiple_of(2) { [0.0; 3] } else { place },
        |[t, ..], _| [t, 0.0, 0.0],
        |[t, ..], _| [t, 2.0 * t, -t],
        |[x, y, _], _| [x, 0.5, y],
        |_, i| [i % 16, i / 16 % 16, i / 256].map(|side| side as f64),
        |place, i| if i == 7 { [1e30, -1e30, 0.0] } else { place },
        |place, i| place.map(|side| (i % 10) as f64 + 1e-12 * side),
    ];

    fn cloud(kind: usize, count: usize) -> Vec<[f64; 3]> {
        let mut random = Pcg64Mcg::seed_from_u64(kind as u64);
        (0..count).map(|i| CLOUDS[kind](std::array::from_fn(|_| random.random::<f64>()), i)).collect()
    }

    #[test]
    fn distances_are_those_of_the_obvious_way_to_the_last_bit() {
        for kind in 0..CLOUDS.len() {
            for count in [0, 1, 2, 3, 4, 16, 17, 40, 600] {
                let places = cloud(kind, count);
                let expected = if count < 2 { vec![ALONE; count] } else { obvious(&places) };
                assert_eq!(neighbour_distances(&places), expected, "cloud {kind} of {count}");
            }
        }
    }

    /// A cloud that took the square of its points would look into a hundred times as many boxes.
    #[test]
    fn the_search_cost_is_bounded_for_every_cloud() {
        let visited = |kind: usize| {
            let (points, bounds) = tree(&cloud(kind, 20_000));
            let of = |point: &Point| nearest(&points, &bounds, &point.place, &mut [f64::INFINITY; NEIGHBOURS + 1]);
            points.par_iter().map(of).sum::<usize>()
        };
        let usual = visited(0);
        for kind in 1..CLOUDS.len() {
            let visited = visited(kind);
            assert!(visited < 5 * usual, "cloud {kind}: {visited} boxes, and {usual} of points anywhere");
        }
    }
}
