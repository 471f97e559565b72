//! The hull against a second algorithm: a→b is a side iff every other point lies strictly inward or between a and b.

use lapidary::reference::hull::{hull, turn};

use crate::support::toys::Random;

/// Vertices of the strict hull, in no order, as positions.
fn brute_force(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let is_side = |a: [f64; 2], b: [f64; 2]| {
        let between = |c: [f64; 2]| (0..2).all(|i| c[i] >= a[i].min(b[i]) && c[i] <= a[i].max(b[i]));
        a != b && points.iter().all(|c| turn(a, b, *c) > 0.0 || (turn(a, b, *c) == 0.0 && between(*c)))
    };
    let mut vertices: Vec<[f64; 2]> =
        points.iter().copied().filter(|a| points.iter().any(|b| is_side(*a, *b))).collect();
    sort(&mut vertices);
    vertices.dedup();
    vertices
}

fn sort(points: &mut [[f64; 2]]) {
    points.sort_by(|a, b| a.partial_cmp(b).unwrap());
}

/// Points on a coarse grid are often collinear or coincident, and their turns are exact.
fn points(random: &mut Random, on_grid: bool) -> Vec<[f64; 2]> {
    let num_points = 3 + random.index(6);
    let coordinate = |random: &mut Random| if on_grid { random.index(4) as f64 } else { random.within(-1.0, 1.0) };
    (0..num_points).map(|_| [coordinate(random), coordinate(random)]).collect()
}

#[test]
fn the_hull_is_that_of_brute_force() {
    let mut without_area = 0;
    for seed in 0..3000 {
        let points = points(&mut Random::new(seed), seed % 3 != 0);
        let mut found: Vec<[f64; 2]> = hull(&points).iter().map(|id| points[*id]).collect();
        sort(&mut found);
        let expected = brute_force(&points);
        if found.len() < 3 {
            // Without area both directions of the one line are sides.
            without_area += 1;
            assert!(expected.len() < 3, "{points:?}");
        } else {
            assert_eq!(found, expected, "{points:?}");
        }
    }
    assert!(without_area > 20, "{without_area}");
}

#[test]
fn vertices_follow_one_turning_order_and_all_points_lie_inside() {
    for seed in 0..1000 {
        let points = points(&mut Random::new(seed), seed % 2 == 0);
        let vertices = hull(&points);
        for i in (0..vertices.len()).filter(|_| vertices.len() >= 3) {
            let [a, b, c] = [0, 1, 2].map(|step| points[vertices[(i + step) % vertices.len()]]);
            assert!(turn(a, b, c) > 0.0, "no reflex and no collinear triple: {points:?}");
            assert!(points.iter().all(|p| turn(a, b, *p) > -1e-15), "{points:?}");
        }
    }
}

#[test]
fn the_numbering_of_points_does_not_matter() {
    for seed in 0..1000 {
        let mut random = Random::new(seed);
        let points = points(&mut random, seed % 2 == 0);
        let shuffled: Vec<[f64; 2]> = random.permutation(points.len()).iter().map(|i| points[*i]).collect();
        let positions = |points: &[[f64; 2]]| hull(points).iter().map(|id| points[*id]).collect::<Vec<_>>();
        assert_eq!(positions(&points), positions(&shuffled), "the same walk, beginning at the same vertex");
    }
}

#[test]
fn the_last_of_coincident_points_stands_for_all() {
    let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
    let twice: Vec<[f64; 2]> = square.iter().chain(&square).copied().collect();
    assert_eq!(hull(&twice), [4, 5, 6, 7]);
}
