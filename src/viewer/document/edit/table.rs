//! What selecting needs to know of every convex.

use glam::{DVec3, Vec3};
use rayon::prelude::*;

use crate::reference::activation::sigmoid;
use crate::scene::Scene;

/// Place, size and opacity of every convex of a scene.
#[derive(Debug, Clone, Default)]
pub struct ConvexTable {
    origin: DVec3,
    rows: Vec<ConvexRow>,
}

/// A convex as selections see it.
#[derive(Debug, Clone, Copy)]
struct ConvexRow {
    /// The mean of its points, relative to the scene's origin.
    centroid: Vec3,
    /// The largest distance of a point from the centroid.
    radius: f32,
    opacity: f32,
}

impl ConvexTable {
    /// Looks at every convex.
    #[must_use]
    pub fn of(scene: &Scene) -> Self {
        let row = |convex: usize| {
            let corners = (0..scene.points_per_convex).map(|k| Vec3::from_array(scene.point(convex, k)));
            let centroid = corners.clone().sum::<Vec3>() / scene.points_per_convex.max(1) as f32;
            let radius = corners.map(|corner| corner.distance(centroid)).fold(0.0, f32::max);
            ConvexRow { centroid, radius, opacity: sigmoid(scene.params.raw_opacity[convex]) }
        };
        let rows = (0..scene.len()).into_par_iter().with_min_len(1024).map(row).collect();
        Self { origin: scene.origin, rows }
    }

    /// The number of convexes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no convex.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The centroid of a convex, world units.
    #[must_use]
    pub fn place(&self, convex: usize) -> DVec3 {
        self.origin + self.rows[convex].centroid.as_dvec3()
    }

    /// The largest distance of a point of a convex from its centroid, world units.
    #[must_use]
    pub fn radius(&self, convex: usize) -> f64 {
        self.rows[convex].radius.into()
    }

    /// The opacity of a convex.
    #[must_use]
    pub fn opacity(&self, convex: usize) -> f32 {
        self.rows[convex].opacity
    }
}
