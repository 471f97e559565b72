//! The box around most of a scene, without a few stray convexes.

use glam::DVec3;

use super::Scene;
use super::layout::{COARSE, step_of_f32};

/// A box around most of a scene, world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Lower corner of a box around nearly all centroids.
    pub low: DVec3,
    /// The upper corner.
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
    /// The extent of the centroids of a scene's convexes; a unit box where it is empty.
    #[must_use]
    pub fn of_scene(scene: &Scene) -> Self {
        let points = scene.points_per_convex;
        let centroid = |corners: &[f32]| {
            let sum = corners
                .chunks_exact(3)
                .fold(DVec3::ZERO, |sum, p| sum + DVec3::new(p[0].into(), p[1].into(), p[2].into()));
            scene.origin + sum / points.max(1) as f64
        };
        // A hundred thousand are as good as all.
        let every = (scene.len() / 100_000).max(1);
        let centroids = scene.params.points.chunks_exact((points * 3).max(1)).step_by(every).map(centroid);
        Self::of_points(centroids.filter(|point| point.is_finite()).collect())
    }

    /// The extent of all corners of a scene: the part that a picture has to show where convexes are few and large.
    #[must_use]
    pub fn of_corners(scene: &Scene) -> Self {
        let every = (scene.params.points.len() / 3 / 100_000).max(1);
        let point = |p: &[f32]| scene.origin + DVec3::new(p[0].into(), p[1].into(), p[2].into());
        let points = scene.params.points.chunks_exact(3).step_by(every).map(point);
        Self::of_points(points.filter(|point| point.is_finite()).collect())
    }

    /// The extent of some points, world units.
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

    /// Half of the diagonal; never 0.
    #[must_use]
    pub fn radius(&self) -> f64 {
        ((self.high - self.low).length() / 2.0).max(1e-3)
    }

    /// Steps that places relative to `origin` are rounded to in f32, world units, where they are so large a part of this extent
    /// that pictures suffer.
    #[must_use]
    pub fn coarse_step(&self, origin: DVec3) -> Option<f64> {
        let farthest = (self.low - origin).abs().max((self.high - origin).abs()).max_element();
        Some(step_of_f32(farthest)).filter(|step| *step > COARSE * self.radius())
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
    fn places_that_f32_cannot_tell_apart_are_noticed() {
        let far = DVec3::new(448_262.0, 5_411_932.0, 250.0);
        let extent = Extent { low: far - 5.0, high: far + 5.0 };
        assert_eq!((extent.coarse_step(DVec3::ZERO), extent.coarse_step(far)), (Some(0.5), None));
        assert_eq!(Extent::default().coarse_step(DVec3::ZERO), None);
    }

    #[test]
    fn depths_of_the_extent_are_ordered_and_before_the_camera() {
        let extent = Extent::default();
        for position in [DVec3::new(0.0, 0.0, -9.0), DVec3::ZERO, DVec3::new(0.0, 0.0, 9.0)] {
            let [near, far] = extent.depth_range(position, DVec3::Z);
            assert!(near > 0.0 && far > near, "{near} {far}");
        }
    }
}
