//! The hulls of a scene's convexes as solids of one colour each.

use rayon::prelude::*;

use super::hull::{Polytope, hull};
use super::tally::Tally;
use crate::constants::SH_C0;
use crate::reference::activation::sigmoid;
use crate::scene::Scene;

/// The hull of one convex.
#[derive(Debug, Clone, PartialEq)]
pub struct Solid {
    /// Index of the convex in the scene.
    pub convex: usize,
    /// The hull, world units, relative to the scene's origin.
    pub polytope: Polytope,
    /// The colour without its dependence on direction, sRGB in 0..=1.
    pub colour: [f32; 3],
    /// The opacity in 0..=1.
    pub opacity: f32,
}

/// The solids of a scene, and the number of convexes without one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Solids {
    /// The solids, in the order of the scene.
    pub solids: Vec<Solid>,
    /// Convexes left out because they are fainter than was asked for.
    pub faint: usize,
    /// Convexes left out because they span no volume.
    pub flat: usize,
}

impl Solids {
    /// The solids of all convexes that are at least this opaque.
    #[must_use]
    pub fn of(scene: &Scene, min_opacity: f32) -> Self {
        Self::reported(scene, min_opacity, &|_| ())
    }

    /// Makes the same solids, and calls `report` from any thread when so many of the convexes are done.
    pub(super) fn reported(scene: &Scene, min_opacity: f32, report: &(dyn Fn(usize) + Sync)) -> Self {
        let is_kept = |i: &usize| opacity(scene, *i) >= min_opacity;
        let tally = Tally::new(report);
        let all = (0..scene.len()).into_par_iter().inspect(|_| tally.count());
        let solids: Vec<Solid> = all.filter(is_kept).filter_map(|i| solid(scene, i)).collect();
        tally.finish(scene.len());
        let num_kept = (0..scene.len()).filter(is_kept).count();
        Self { faint: scene.len() - num_kept, flat: num_kept - solids.len(), solids }
    }
}

fn opacity(scene: &Scene, i: usize) -> f32 {
    sigmoid(scene.params.raw_opacity[i])
}

fn solid(scene: &Scene, i: usize) -> Option<Solid> {
    let points: Vec<[f32; 3]> = (0..scene.points_per_convex).map(|k| scene.point(i, k)).collect();
    let sh = &scene.params.sh[i * scene.row_widths().sh..];
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    let constant = SH_C0 as f32;
    let colour = [sh[0], sh[1], sh[2]].map(|dc| (0.5 + constant * dc).clamp(0.0, 1.0));
    hull(&points).map(|polytope| Solid { convex: i, polytope, colour, opacity: opacity(scene, i) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Params;

    #[test]
    fn every_convex_is_a_solid_or_counted() {
        let mut scene = Scene::empty(4, 0);
        let tetrahedron = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        for (points, raw_opacity) in [(tetrahedron, 3.0), ([1.0; 12], 3.0), (tetrahedron, -3.0)] {
            let mut sh = [0.0; 48];
            sh[..3].copy_from_slice(&[0.0, 100.0, -100.0]);
            let row = Params {
                points: &points[..],
                log_delta: &[0.0],
                log_sigma: &[0.0],
                raw_opacity: &[raw_opacity],
                sh: &sh,
            };
            scene.push(row);
        }
        let solids = Solids::of(&scene, 0.5);
        assert_eq!((solids.solids.len(), solids.flat, solids.faint), (1, 1, 1));
        assert_eq!((solids.solids[0].convex, solids.solids[0].colour), (0, [0.5, 1.0, 0.0]));
        assert_eq!(Solids::of(&scene, 0.0).solids.len(), 2);
    }
}
