//! A scene as Gaussians, in the polygon file that splat viewers read.
//!
//! Each convex becomes the Gaussian that covers the same: seen along each of its three principal axes, the alpha of a
//! convex is a flat, soft-bordered patch; its sum over the picture, its middle and its variances are measured, and
//! the Gaussian is given the same. A flat patch of full opacity would then need a Gaussian whose alpha is two in the
//! middle, so opacity is held below a limit and the Gaussian is widened instead: the sum stays. The limit, √2 times the
//! alpha of the patch, is about where a Gaussian comes closest to a disc in the mean square.
//!
//! The spherical harmonics are the same basis and need no more than another order of their values.

use std::path::Path;

use glam::{DMat3, DQuat, DVec2, DVec3};
use rayon::prelude::*;

use super::hull::hull as hull_in_space;
use super::tally::Tally;
use super::{ConvertError, ply};
use crate::constants::{ALPHA_MAX, ALPHA_MIN, SH_COEFFS};
use crate::files;
use crate::reference::activation::sigmoid;
use crate::reference::hull::{Edge, hull};
use crate::scene::{Scene, StartView};
use crate::scene_file::{self, START_VIEW};

/// Directions in which a patch is measured around its middle.
const DIRECTIONS: u32 = 24;

/// Steps from the middle to the border of the hull, and from there to where nothing can be seen.
const STEPS: [u32; 2] = [12, 6];

/// What reaches further than so many times the hull is cut off.
const FURTHEST: f64 = 8.0;

/// A Gaussian is at least this thick, as a part of its longest deviation.
const THINNEST: f64 = 1e-3;

/// An anisotropic Gaussian in space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaussian {
    /// The middle, world units, relative to the scene's origin.
    pub mean: DVec3,
    /// World axes of the deviations.
    pub rotation: DQuat,
    /// Standard deviations along its axes, world units.
    pub deviation: DVec3,
    /// Alpha in its middle, below 1.
    pub opacity: f64,
}

/// The Gaussian that covers what convex `i` covers; `None` where the convex is seen from nowhere.
#[must_use]
pub fn gaussian(scene: &Scene, i: usize) -> Option<Gaussian> {
    let points: Vec<[f32; 3]> = (0..scene.points_per_convex).map(|k| scene.point(i, k)).collect();
    let slope = (f64::from(scene.params.log_delta[i]) + f64::from(scene.params.log_sigma[i])).exp();
    let opacity = sigmoid(f64::from(scene.params.raw_opacity[i]));
    let axes = principal_axes(&points);
    let points: Vec<DVec3> = points.iter().map(|point| DVec3::from(point.map(f64::from))).collect();
    let origin = points.iter().sum::<DVec3>() / points.len() as f64;
    let view = |axis: usize| {
        let (right, down) = (axes.col((axis + 1) % 3), axes.col((axis + 2) % 3));
        let flat: Vec<[f64; 2]> = points.iter().map(|p| [right.dot(p - origin), down.dot(p - origin)]).collect();
        Patch::of(&flat, slope, opacity)
    };
    Gaussian::covering([view(0), view(1), view(2)], origin, &axes)
}

impl Gaussian {
    /// The one that covers what patches seen along the axes cover.
    fn covering(patches: [Option<Patch>; 3], origin: DVec3, axes: &DMat3) -> Option<Self> {
        let (mut middle, mut variance, mut seen) = (DVec3::ZERO, DVec3::ZERO, DVec3::ZERO);
        for (axis, patch) in patches.iter().enumerate() {
            let Some(patch) = patch else { continue };
            for (along, i) in [((axis + 1) % 3, 0), ((axis + 2) % 3, 1)] {
                middle[along] += patch.middle[i];
                variance[along] += patch.variance[i];
                seen[along] += 1.0;
            }
        }
        let seen = seen.max(DVec3::ONE);
        let (middle, variance) = (middle / seen, variance / seen);
        let (mut mass, mut spread, mut peak) = (0.0, 0.0, 0.0f64);
        for (axis, patch) in patches.iter().enumerate() {
            let Some(patch) = patch else { continue };
            mass += patch.mass;
            spread += std::f64::consts::TAU * (variance[(axis + 1) % 3] * variance[(axis + 2) % 3]).sqrt();
            peak = peak.max(patch.peak);
        }
        let wanted = mass / spread;
        let opacity = wanted.min(std::f64::consts::SQRT_2 * peak).min(ALPHA_MAX);
        let deviation = (variance * (wanted / opacity)).powf(0.5);
        let deviation = deviation.max(DVec3::splat(THINNEST * deviation.max_element()));
        let gaussian = Self { mean: origin + *axes * middle, rotation: DQuat::from_mat3(axes), deviation, opacity };
        gaussian.is_good().then_some(gaussian)
    }

    fn is_good(&self) -> bool {
        let is_finite = self.mean.is_finite() && self.rotation.is_finite() && self.deviation.is_finite();
        is_finite && self.deviation.min_element() > 0.0 && self.opacity >= ALPHA_MIN
    }
}

/// The alpha of a convex as seen along one axis from far away.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Patch {
    /// Integral of alpha, square world units.
    mass: f64,
    /// Mean place, world units.
    middle: DVec2,
    /// Variance along the two axes, square world units.
    variance: DVec2,
    /// Largest alpha.
    peak: f64,
}

impl Patch {
    /// Measures the patch of these points; `slope` is delta times sigma.
    ///
    /// The smooth maximum is taken as the maximum: what it adds depends on distance and is small (docs/spec.md §3).
    fn of(points: &[[f64; 2]], slope: f64, opacity: f64) -> Option<Self> {
        let corners = hull(points);
        if corners.len() < 3 || opacity <= ALPHA_MIN {
            return None;
        }
        let corner = |i: usize| points[corners[i % corners.len()]];
        let edges: Vec<Edge<f64>> = (0..corners.len()).map(|i| Edge::new(corner(i), corner(i + 1))).collect();
        let count = corners.len() as f64;
        let centre = (0..corners.len()).map(|i| DVec2::from(corner(i))).sum::<DVec2>() / count;
        let spread = (0..corners.len()).map(|i| (DVec2::from(corner(i)) - centre).powf(2.0)).sum::<DVec2>() / count;
        let measure = Measure {
            heights: edges.iter().map(|edge| -edge.distance(centre.into())).collect(),
            edges,
            stretch: spread.powf(0.5),
            slope,
            opacity,
            furthest_distance: (opacity / ALPHA_MIN - 1.0).ln() / slope,
        };
        let sums = measure.sums();
        let patch = Self {
            mass: sums.mass,
            middle: centre + sums.first / sums.mass,
            variance: sums.second / sums.mass - (sums.first / sums.mass).powf(2.0),
            peak: sums.peak,
        };
        let is_good = patch.mass > 0.0 && patch.mass.is_finite() && patch.variance.min_element() > 0.0;
        is_good.then_some(patch)
    }
}

/// Integrals over a patch about its centre.
#[derive(Default)]
struct Sums {
    mass: f64,
    first: DVec2,
    second: DVec2,
    peak: f64,
}

/// What the integrals need.
struct Measure {
    edges: Vec<Edge<f64>>,
    /// How far inside of each edge the centre is, in the units of [`Edge::distance`].
    heights: Vec<f64>,
    /// Directions are spread over an ellipse of this shape, so that long patches are measured as well as round ones.
    stretch: DVec2,
    slope: f64,
    opacity: f64,
    /// The distance at which alpha falls below the smallest that is drawn, in the units of [`Edge::distance`].
    furthest_distance: f64,
}

impl Measure {
    /// Sums over rays from the centre. Along a ray all distances are linear, so its end is known exactly.
    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        let angle = std::f64::consts::TAU / f64::from(DIRECTIONS);
        for direction in 0..DIRECTIONS {
            let ray = self.stretch * DVec2::from_angle(angle * (f64::from(direction) + 0.5));
            let slopes: Vec<f64> = self.edges.iter().map(|edge| DVec2::from(edge.normal).dot(ray)).collect();
            let reach = |distance: f64| {
                let outward = slopes.iter().zip(&self.heights).filter(|(slope, _)| **slope > 0.0);
                outward.map(|(slope, height)| (distance + height) / slope).fold(f64::INFINITY, f64::min).max(0.0)
            };
            let border = reach(0.0);
            let end = reach(self.furthest_distance).min(FURTHEST * border);
            let ranges = [(0.0, border.min(end)), (border.min(end), end)];
            for ((from, to), steps) in ranges.into_iter().zip(STEPS) {
                let step = (to - from) / f64::from(steps);
                for i in 0..steps {
                    let t = from + step * (f64::from(i) + 0.5);
                    let alpha = self.alpha(&slopes, t);
                    let mass = alpha * t * step * angle * self.stretch.x * self.stretch.y;
                    sums.mass += mass;
                    sums.first += mass * t * ray;
                    sums.second += mass * (t * ray).powf(2.0);
                    sums.peak = sums.peak.max(alpha);
                }
            }
        }
        sums
    }

    fn alpha(&self, slopes: &[f64], t: f64) -> f64 {
        let distances = slopes.iter().zip(&self.heights).map(|(slope, height)| t * slope - height);
        let distance = distances.fold(f64::NEG_INFINITY, f64::max);
        (self.opacity * sigmoid(-self.slope * distance)).min(ALPHA_MAX)
    }
}

/// Principal axes of the hull of a convex, or of its points where they span no volume; a rotation.
fn principal_axes(points: &[[f32; 3]]) -> DMat3 {
    let covariance = hull_in_space(points).map_or_else(|| covariance(points), |solid| solid.moments().covariance);
    let axes = eigenvectors(covariance);
    if axes.determinant() < 0.0 { axes * DMat3::from_diagonal(DVec3::new(1.0, 1.0, -1.0)) } else { axes }
}

fn covariance(points: &[[f32; 3]]) -> DMat3 {
    let points: Vec<DVec3> = points.iter().map(|point| DVec3::from(point.map(f64::from))).collect();
    let mean = points.iter().sum::<DVec3>() / points.len() as f64;
    points.iter().map(|p| p - mean).fold(DMat3::ZERO, |sum, d| sum + DMat3::from_cols(d * d.x, d * d.y, d * d.z))
}

/// Orthonormal eigenvectors of a symmetric matrix, in its columns (Jacobi's rotations).
fn eigenvectors(mut matrix: DMat3) -> DMat3 {
    let mut vectors = DMat3::IDENTITY;
    for _ in 0..12 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            let off = matrix.col(p)[q];
            if off == 0.0 {
                continue;
            }
            let half = 0.5 * (2.0 * off).atan2(matrix.col(q)[q] - matrix.col(p)[p]);
            let (sin, cos) = half.sin_cos();
            let mut rotation = DMat3::IDENTITY;
            rotation.col_mut(p)[p] = cos;
            rotation.col_mut(p)[q] = -sin;
            rotation.col_mut(q)[p] = sin;
            rotation.col_mut(q)[q] = cos;
            matrix = rotation.transpose() * matrix * rotation;
            vectors *= rotation;
        }
    }
    vectors
}

/// Writes Gaussians around an origin; returns how many, which leaves out convexes that are fainter than `min_opacity` or seen from
/// nowhere.
pub(super) fn write(
    scene: &Scene,
    origin: DVec3,
    start_view: Option<StartView>,
    min_opacity: f32,
    path: &Path,
    tally: &Tally<'_>,
) -> Result<usize, ConvertError> {
    let is_kept = |i: &usize| sigmoid(scene.params.raw_opacity[*i]) >= min_opacity;
    let rows: Vec<Vec<f32>> = (0..scene.len())
        .into_par_iter()
        .inspect(|_| tally.count())
        .filter(is_kept)
        .filter_map(|i| gaussian(scene, i).map(|gaussian| row(scene, i, origin, &gaussian)))
        .collect();
    tally.finish(scene.len());
    let mut comments = vec![format!("lapidary {}: convexes as Gaussians", env!("CARGO_PKG_VERSION"))];
    if let Some(view) = start_view.map(|view| view.moved(|place| place - scene.origin + origin, |up| up)) {
        let text = scene_file::start_view_text(&view);
        let text = text.map_err(|reason| ConvertError::content(path, "a PLY file of Gaussians", reason))?;
        comments.push(format!("{START_VIEW} {text}"));
    }
    let mut bytes = ply::header(&comments, &[("vertex", rows.len(), &ply::floats(&names()))]).into_bytes();
    rows.iter().for_each(|row| ply::extend(&mut bytes, row));
    files::write_atomically(path, &bytes)?;
    Ok(rows.len())
}

/// Names of the columns, in the order that readers expect.
fn names() -> Vec<String> {
    let numbered = |name: &str, count: usize| (0..count).map(|i| format!("{name}_{i}")).collect::<Vec<_>>();
    let places = ["x", "y", "z", "nx", "ny", "nz"].map(str::to_owned).to_vec();
    let sh = [numbered("f_dc", 3), numbered("f_rest", 3 * (SH_COEFFS - 1))].concat();
    [places, sh, vec!["opacity".to_owned()], numbered("scale", 3), numbered("rot", 4)].concat()
}

/// Values of the columns.
#[expect(clippy::cast_possible_truncation, reason = "the file holds f32")]
fn row(scene: &Scene, i: usize, origin: DVec3, gaussian: &Gaussian) -> Vec<f32> {
    let Gaussian { mean, rotation, deviation, opacity } = gaussian;
    let sh = &scene.params.sh[i * 3 * SH_COEFFS..(i + 1) * 3 * SH_COEFFS];
    // Coefficients above the degree in use are stored and ignored here; there they would be drawn.
    let used = (scene.sh_degree + 1).pow(2);
    let coefficient = |k: usize, channel: usize| if k < used { sh[3 * k + channel] } else { 0.0 };
    let mut row: Vec<f32> = (origin + mean).as_vec3().to_array().to_vec();
    row.extend([0.0; 3]);
    row.extend([0, 1, 2].map(|channel| coefficient(0, channel)));
    row.extend((0..3).flat_map(|channel| (1..SH_COEFFS).map(move |k| coefficient(k, channel))));
    row.push((opacity / (1.0 - opacity)).ln() as f32);
    row.extend(deviation.to_array().map(|x| x.ln() as f32));
    row.extend([rotation.w, rotation.x, rotation.y, rotation.z].map(|x| x as f32));
    row
}
