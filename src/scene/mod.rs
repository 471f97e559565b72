//! A scene: the parameters of its convexes.

mod bookmark;
mod extent;
mod layout;
mod params;
mod similarity;
mod start_view;

use glam::DVec3;

pub use bookmark::Bookmark;
pub use extent::Extent;
pub use layout::{CameraLayout, step_of_f32};
pub use params::{NAMES, Params};
pub use similarity::{NORMALISED_RADIUS, Similarity};
pub use start_view::StartView;

use crate::constants::{MAX_POINTS, MIN_POINTS, SH_COEFFS, SH_MAX_DEGREE};
use crate::real::Real;

/// N convexes of K points each. Source: docs/spec.md §2.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene<T = f32> {
    /// World position that `points` are relative to: far from the origin of the world, f32 has too few digits for places.
    pub origin: DVec3,
    /// Rows of every parameter, convex after convex.
    pub params: Params<Vec<T>>,
    /// K, the number of points of every convex.
    pub points_per_convex: usize,
    /// Degree of the spherical harmonics in use; higher coefficients are stored and ignored.
    pub sh_degree: usize,
}

/// Why parameters are not a scene.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SceneError {
    /// K is out of range.
    #[error("a convex has {0} points; 3 to 8 are possible")]
    PointsPerConvex(usize),
    /// The SH degree is out of range.
    #[error("the SH degree is {0}; 0 to 3 are possible")]
    ShDegree(usize),
    /// A parameter has another number of values than the number of convexes asks for.
    #[error("`{name}` has {found} values; {convexes} convexes need {expected}")]
    Length {
        /// The parameter.
        name: &'static str,
        /// Values it has.
        found: usize,
        /// Values it needs.
        expected: usize,
        /// Number of convexes, from `raw_opacity`.
        convexes: usize,
    },
    /// A value is NaN or infinite.
    #[error("`{name}` of convex {convex} is not finite")]
    NotFinite {
        /// The parameter.
        name: &'static str,
        /// The first such convex.
        convex: usize,
    },
    /// A value becomes infinite in world units.
    #[error("`{name}` of convex {convex} is {value}, which is not finite in world units")]
    NotFiniteInWorld {
        /// The parameter.
        name: &'static str,
        /// The first such convex.
        convex: usize,
        /// The value in normalised units, as text.
        value: String,
    },
}

/// Values per convex of each parameter.
#[must_use]
pub const fn row_widths(points_per_convex: usize) -> Params<usize> {
    Params { points: points_per_convex * 3, log_delta: 1, log_sigma: 1, raw_opacity: 1, sh: SH_COEFFS * 3 }
}

impl<T: Real> Scene<T> {
    /// An empty scene.
    #[must_use]
    pub fn empty(points_per_convex: usize, sh_degree: usize) -> Self {
        Self { origin: DVec3::ZERO, params: Params::default(), points_per_convex, sh_degree }
    }

    /// Number of convexes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.params.raw_opacity.len()
    }

    /// Whether there is no convex.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values per convex of each parameter.
    #[must_use]
    pub fn row_widths(&self) -> Params<usize> {
        row_widths(self.points_per_convex)
    }

    /// Parameters of the same shape, all zero: gradients or moments.
    #[must_use]
    pub fn zeros(&self) -> Params<Vec<T>> {
        self.params.as_ref().map(|values| vec![T::zero(); values.len()])
    }

    /// Adds a convex.
    ///
    /// # Panics
    /// When a row has another width than this scene's: a bug of the caller.
    pub fn push(&mut self, row: Params<&[T]>) {
        let rows = row.zip(self.row_widths());
        for (values, (row, width)) in self.params.as_mut().zip(rows).into_array() {
            assert_eq!(row.len(), width, "a row must have the scene's width");
            values.extend_from_slice(row);
        }
    }

    /// The scene whose convex i is this one's convex `source_from_new[i]`.
    ///
    /// # Panics
    /// When an index is out of range: a bug of the caller.
    #[must_use]
    pub fn gather(&self, source_from_new: &[usize]) -> Self {
        let gather = |(values, width): (&Vec<T>, usize)| {
            source_from_new.iter().flat_map(|i| &values[i * width..(i + 1) * width]).copied().collect()
        };
        Self {
            params: self.params.as_ref().zip(self.row_widths()).map(gather),
            origin: self.origin,
            ..Self::empty(self.points_per_convex, self.sh_degree)
        }
    }

    /// The same scene in another precision.
    #[must_use]
    pub fn cast<U: Real>(&self) -> Scene<U> {
        let cast = |value: &T| U::of(value.to_f64().unwrap_or(f64::NAN));
        Scene {
            origin: self.origin,
            params: self.params.as_ref().map(|values| values.iter().map(cast).collect()),
            points_per_convex: self.points_per_convex,
            sh_degree: self.sh_degree,
        }
    }

    /// Point `k` of convex `i`, world units, relative to the origin.
    #[must_use]
    pub fn point(&self, i: usize, k: usize) -> [T; 3] {
        let at = (i * self.points_per_convex + k) * 3;
        [self.params.points[at], self.params.points[at + 1], self.params.points[at + 2]]
    }

    /// Refuses parameters whose shapes do not fit together. Values may still be anything: the renderer culls what is
    /// not finite.
    ///
    /// # Errors
    /// [`SceneError`] with the first parameter that does not fit.
    pub fn check_shapes(&self) -> Result<(), SceneError> {
        if !(MIN_POINTS..=MAX_POINTS).contains(&self.points_per_convex) {
            return Err(SceneError::PointsPerConvex(self.points_per_convex));
        }
        if self.sh_degree > SH_MAX_DEGREE {
            return Err(SceneError::ShDegree(self.sh_degree));
        }
        for (name, (values, width)) in self.params.as_ref().zip(self.row_widths()).into_named() {
            let expected = width * self.len();
            if values.len() != expected {
                return Err(SceneError::Length { name, found: values.len(), expected, convexes: self.len() });
            }
        }
        Ok(())
    }

    /// Refuses scenes that were not written by a working program: shapes and finite values.
    ///
    /// # Errors
    /// [`SceneError`] with the first fault.
    pub fn check(&self) -> Result<(), SceneError> {
        self.check_shapes()?;
        for (name, (values, width)) in self.params.as_ref().zip(self.row_widths()).into_named() {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(SceneError::NotFinite { name, convex: at / width });
            }
        }
        Ok(())
    }

    /// Smallest box around all points: lower and upper corner in world units; `None` without a finite point.
    #[must_use]
    pub fn bounds(&self) -> Option<(DVec3, DVec3)> {
        let coordinate = |value: &T| value.to_f64().unwrap_or(f64::NAN);
        self.params
            .points
            .chunks_exact(3)
            .map(|p| DVec3::new(coordinate(&p[0]), coordinate(&p[1]), coordinate(&p[2])))
            .filter(|p| p.is_finite())
            .map(|p| self.origin + p)
            .fold(None, |bounds, p| match bounds {
                None => Some((p, p)),
                Some((low, high)) => Some((p.min(low), p.max(high))),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(n: u8) -> Scene<f32> {
        let mut scene = Scene::empty(3, 0);
        for i in 0..n {
            let value = [f32::from(i)];
            scene.push(Params {
                points: &value.repeat(9),
                log_delta: &value,
                log_sigma: &value,
                raw_opacity: &value,
                sh: &value.repeat(48),
            });
        }
        scene
    }

    #[test]
    fn gather_moves_every_parameter_along() {
        let picked = scene(4).gather(&[3, 1, 1]);
        picked.check().unwrap();
        assert_eq!(picked.len(), 3);
        for (name, (values, width)) in picked.params.as_ref().zip(picked.row_widths()).into_named() {
            let first_of_row: Vec<f32> = values.iter().copied().step_by(width).collect();
            assert_eq!(first_of_row, [3.0, 1.0, 1.0], "{name}");
        }
    }

    #[test]
    fn faults_are_named() {
        let mut broken = scene(2);
        broken.params.sh.pop();
        assert!(matches!(broken.check(), Err(SceneError::Length { name: "sh", expected: 96, .. })));
        let mut broken = scene(2);
        broken.params.points[10] = f32::NAN;
        assert_eq!(broken.check(), Err(SceneError::NotFinite { name: "points", convex: 1 }));
        assert_eq!(Scene::<f32>::empty(9, 0).check(), Err(SceneError::PointsPerConvex(9)));
        assert_eq!(Scene::<f32>::empty(3, 4).check(), Err(SceneError::ShDegree(4)));
    }

    #[test]
    fn bounds_ignore_what_is_not_finite() {
        let mut scene = scene(3);
        scene.params.points[9] = f32::INFINITY;
        assert_eq!(scene.bounds(), Some((DVec3::ZERO, DVec3::splat(2.0))));
        scene.origin = DVec3::new(4e6, 0.1, 0.0);
        assert_eq!(scene.bounds(), Some((scene.origin, scene.origin + 2.0)));
        assert_eq!(Scene::<f32>::empty(3, 0).bounds(), None);
    }
}
