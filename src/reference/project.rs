//! One convex as one camera sees it: depth, hull edges, activated parameters, colour; or the reason why it is culled.
//!
//! The backward pass is the true derivative with the hull's membership held: points get their share through the edges,
//! through the depth z of the centroid, and through the direction from which the colour is seen.
//! Source: docs/spec.md §2, §3 (cull rules) and §4.

use super::activation::{sigmoid, sigmoid_slope};
use super::antialias::Antialiased;
use super::hull::{Edge, hull};
use super::sh;
use super::vector::{accumulate, add, is_finite, scale, sub};
use super::view::ViewTransform;
use crate::constants::{ALPHA_MIN, MAX_POINTS, SH_COEFFS};
use crate::real::Real;
use crate::scene::{Params, Scene};

/// A convex ready to be rasterized.
#[derive(Debug, Clone, PartialEq)]
pub struct Projected<T> {
    /// Indices of the points that are hull vertices, in the turning order of [`mod@super::hull`].
    pub hull: Vec<usize>,
    /// Edge k runs from `hull[k]` to the next vertex; focal-free image plane. Anti-aliasing changes what follows here and
    /// below, so that rasterization need not know of it.
    pub edges: Vec<Edge<T>>,
    /// View depth of the centroid, world units; the order of blending and the scale of delta and sigma.
    pub z: T,
    /// Smoothness, after exp.
    pub delta: T,
    /// Sharpness, after exp.
    pub sigma: T,
    /// Opacity, after the sigmoid.
    pub opacity: T,
    /// sRGB, clamped below at zero.
    pub colour: [T; 3],
    /// Channels that the clamp holds at zero; no gradient passes there.
    pub colour_is_clamped: [bool; 3],
}

/// The cotangents of a [`Projected`], summed over pixels. Logarithms are those of the stored parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProjectedCotangents<T> {
    /// Cotangent of each edge; unused ones stay zero.
    pub edges: [Edge<T>; MAX_POINTS],
    /// Cotangent of the depth, through blending and through the profile.
    pub z: T,
    /// Cotangent of `log_delta`.
    pub log_delta: T,
    /// Cotangent of `log_sigma`.
    pub log_sigma: T,
    /// Cotangent of the activated opacity.
    pub opacity: T,
    /// Cotangent of the clamped colour.
    pub colour: [T; 3],
}

impl<T: Real> ProjectedCotangents<T> {
    /// Adds the share of other pixels.
    pub fn accumulate(&mut self, other: &Self) {
        for (edge, part) in self.edges.iter_mut().zip(&other.edges) {
            accumulate(&mut edge.normal, part.normal);
            accumulate(&mut edge.start, part.start);
        }
        self.z += other.z;
        self.log_delta += other.log_delta;
        self.log_sigma += other.log_sigma;
        self.opacity += other.opacity;
        accumulate(&mut self.colour, other.colour);
    }
}

/// Why a convex is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cull {
    /// A parameter in use, or something computed from it, is NaN or infinite.
    NotFinite,
    /// A point lies at or before the near plane.
    Near,
    /// The projected points span no area.
    Degenerate,
    /// The opacity is so small that no pixel could reach `ALPHA_MIN`.
    Invisible,
}

/// The K points of a convex in the frames they pass through.
struct Points<T> {
    view: Vec<[T; 3]>,
    plane: Vec<[T; 2]>,
    /// Mean of the points, world units.
    centroid: [T; 3],
}

impl<T: Real> Points<T> {
    fn new(scene: &Scene<T>, convex_id: usize, view: &ViewTransform<T>) -> Self {
        let world: Vec<[T; 3]> = (0..scene.points_per_convex).map(|k| scene.point(convex_id, k)).collect();
        let sum = world.iter().fold([T::zero(); 3], |sum, p| add(sum, *p));
        let in_view: Vec<[T; 3]> = world.iter().map(|p| view.view_from_world(*p)).collect();
        Self {
            plane: in_view.iter().map(|p| ViewTransform::plane_from_view(*p)).collect(),
            view: in_view,
            centroid: scale(sum, T::one() / T::of(world.len() as f64)),
        }
    }

    /// Edges of their hull.
    fn edges(&self, hull: &[usize]) -> Vec<Edge<T>> {
        let next = |k: usize| hull[(k + 1) % hull.len()];
        (0..hull.len()).map(|k| Edge::new(self.plane[hull[k]], self.plane[next(k)])).collect()
    }

    fn cull(&self, near: T) -> Result<(), Cull> {
        if !self.view.iter().all(|p| is_finite(*p)) {
            return Err(Cull::NotFinite);
        }
        if self.view.iter().any(|p| p[2] <= near) {
            return Err(Cull::Near);
        }
        if !self.plane.iter().all(|p| is_finite(*p)) {
            return Err(Cull::NotFinite);
        }
        Ok(())
    }
}

fn sh_row<T>(scene: &Scene<T>, convex_id: usize) -> &[T] {
    let width = SH_COEFFS * 3;
    &scene.params.sh[convex_id * width..(convex_id + 1) * width]
}

/// Projects one convex, or says why it is culled.
///
/// # Errors
/// [`Cull`], the first reason found; none of them is a fault of the caller.
pub fn project<T: Real>(scene: &Scene<T>, convex_id: usize, view: &ViewTransform<T>) -> Result<Projected<T>, Cull> {
    let points = Points::new(scene, convex_id, view);
    points.cull(view.near)?;
    let hull = hull(&points.plane);
    if hull.len() < 3 {
        return Err(Cull::Degenerate);
    }
    let (direction, _) = sh::direction(sub(points.centroid, view.position)).ok_or(Cull::NotFinite)?;
    let unclamped = sh::colour(sh_row(scene, convex_id), scene.sh_degree, direction);
    let raw_opacity = scene.params.raw_opacity[convex_id];
    let mut projected = Projected {
        edges: points.edges(&hull),
        hull,
        z: view.view_from_world(points.centroid)[2],
        delta: scene.params.log_delta[convex_id].exp(),
        sigma: scene.params.log_sigma[convex_id].exp(),
        opacity: sigmoid(raw_opacity),
        colour: unclamped.map(|channel| channel.max(T::zero())),
        colour_is_clamped: unclamped.map(|channel| channel <= T::zero()),
    };
    // The activations turn some infinities into numbers, so the parameters are looked at before them.
    let raw = [scene.params.log_delta[convex_id], scene.params.log_sigma[convex_id], raw_opacity];
    if !is_finite(raw) || !is_finite(unclamped) || !projected.is_finite() {
        return Err(Cull::NotFinite);
    }
    if view.antialias {
        projected.antialias(&points, view.focal);
    }
    // The indicator is less than one everywhere.
    if projected.opacity <= T::of(ALPHA_MIN) {
        return Err(Cull::Invisible);
    }
    if !projected.is_finite() {
        return Err(Cull::NotFinite);
    }
    Ok(projected)
}

impl<T: Real> Projected<T> {
    fn antialias(&mut self, points: &Points<T>, focal: [T; 2]) {
        let scale = self.z * self.z * self.sigma * self.delta;
        let antialiased = Antialiased::new(&points.plane, &self.edges, focal, scale);
        self.sigma *= antialiased.sigma_factor;
        self.opacity *= antialiased.coverage();
        self.edges = antialiased.edges;
    }

    fn is_finite(&self) -> bool {
        let scales = [self.z, self.z * self.delta, self.z * self.sigma];
        is_finite(scales) && self.edges.iter().all(|edge| is_finite(edge.normal) && is_finite(edge.start))
    }
}

/// Gradient of one convex's parameters from the cotangents of its projection; every field is one row.
///
/// A row that overflows the precision comes back as zero: a step along it would be meaningless.
#[must_use]
pub fn project_backward<T: Real>(
    scene: &Scene<T>,
    convex_id: usize,
    view: &ViewTransform<T>,
    projected: &Projected<T>,
    v: &ProjectedCotangents<T>,
) -> Params<Vec<T>> {
    let points = Points::new(scene, convex_id, view);
    let mut v = *v;
    let v_plane = if view.antialias {
        antialias_backward(scene, convex_id, view, &points, projected, &mut v)
    } else {
        vec![[T::zero(); 2]; points.plane.len()]
    };
    let v = &v;
    let (v_sh, mut v_centroid) = colour_backward(scene, convex_id, sub(points.centroid, view.position), projected, v);
    accumulate(&mut v_centroid, view.view_from_world_backward([T::zero(), T::zero(), v.z]));
    let v_points = points_backward(&points, view, projected, (v, v_plane), v_centroid);
    let row = Params {
        points: v_points.concat(),
        log_delta: vec![v.log_delta],
        log_sigma: vec![v.log_sigma],
        raw_opacity: vec![v.opacity * sigmoid_slope(scene.params.raw_opacity[convex_id])],
        sh: v_sh.concat(),
    };
    let overflowed = row.as_ref().into_array().into_iter().flatten().any(|value| !value.is_finite());
    row.map(|values| if overflowed { vec![T::zero(); values.len()] } else { values })
}

/// Turns cotangents of an anti-aliased convex into those of the convex without; returns what is left for its points,
/// focal-free image plane.
fn antialias_backward<T: Real>(
    scene: &Scene<T>,
    convex_id: usize,
    view: &ViewTransform<T>,
    points: &Points<T>,
    projected: &Projected<T>,
    v: &mut ProjectedCotangents<T>,
) -> Vec<[T; 2]> {
    let edges = points.edges(&projected.hull);
    let (z, opacity) = (projected.z, sigmoid(scene.params.raw_opacity[convex_id]));
    let scale = z * z * scene.params.log_sigma[convex_id].exp() * projected.delta;
    let antialiased = Antialiased::new(&points.plane, &edges, view.focal, scale);
    let v_factors = (v.log_sigma, v.opacity * opacity);
    let v_antialiased = antialiased.backward(&edges, view.focal, &v.edges[..edges.len()], v_factors);
    v.edges[..edges.len()].copy_from_slice(&v_antialiased.edges);
    v.log_sigma += v_antialiased.log_slope;
    v.log_delta += v_antialiased.log_slope;
    v.z += (v_antialiased.log_slope + v_antialiased.log_slope) / z;
    v.opacity *= antialiased.coverage();
    v_antialiased.plane
}

/// Cotangents of the SH row and of the centroid, through the view direction.
fn colour_backward<T: Real>(
    scene: &Scene<T>,
    convex_id: usize,
    offset: [T; 3],
    projected: &Projected<T>,
    v: &ProjectedCotangents<T>,
) -> ([[T; 3]; SH_COEFFS], [T; 3]) {
    let Some((direction, length)) = sh::direction(offset) else {
        return ([[T::zero(); 3]; SH_COEFFS], [T::zero(); 3]);
    };
    let mut v_unclamped = v.colour;
    for (channel, clamped) in v_unclamped.iter_mut().zip(projected.colour_is_clamped) {
        if clamped {
            *channel = T::zero();
        }
    }
    let (v_sh, v_direction) = sh::colour_backward(sh_row(scene, convex_id), scene.sh_degree, direction, v_unclamped);
    (v_sh, sh::direction_backward(direction, length, v_direction))
}

/// Cotangents of the world points `[K, 3]`: each has `v_plane` and a K-th of the centroid, hull vertices also have their
/// edges.
fn points_backward<T: Real>(
    points: &Points<T>,
    view: &ViewTransform<T>,
    projected: &Projected<T>,
    (v, mut v_plane): (&ProjectedCotangents<T>, Vec<[T; 2]>),
    v_centroid: [T; 3],
) -> Vec<[T; 3]> {
    let num_points = points.plane.len();
    let hull = &projected.hull;
    for (k, v_edge) in v.edges.iter().enumerate().take(hull.len()) {
        let (mut v_a, mut v_b) = ([T::zero(); 2], [T::zero(); 2]);
        Edge::new_backward(v_edge, &mut v_a, &mut v_b);
        accumulate(&mut v_plane[hull[k]], v_a);
        accumulate(&mut v_plane[hull[(k + 1) % hull.len()]], v_b);
    }
    let share = scale(v_centroid, T::one() / T::of(num_points as f64));
    let through_edges = |(p_view, v_plane): (&[T; 3], &[T; 2])| {
        view.view_from_world_backward(ViewTransform::plane_from_view_backward(*p_view, *v_plane))
    };
    points.view.iter().zip(&v_plane).map(|pair| add(through_edges(pair), share)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Camera, RenderOptions};
    use glam::DVec3;

    fn view() -> ViewTransform<f64> {
        let camera = Camera::look_at(DVec3::new(0.0, 0.0, -4.0), DVec3::ZERO, DVec3::NEG_Y, 20.0, 16, 16);
        ViewTransform::new(&camera, &RenderOptions::default())
    }

    /// A tetrahedron around the origin, mid grey and opaque.
    fn scene() -> Scene<f64> {
        let mut scene = Scene::empty(4, 0);
        scene.push(Params {
            points: &[-1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, -0.2, 2.0],
            log_delta: &[1.0],
            log_sigma: &[0.0],
            raw_opacity: &[3.0],
            sh: &[0.0; 48],
        });
        scene
    }

    #[test]
    fn depth_is_that_of_the_centroid_and_inner_points_have_no_edge() {
        let projected = project(&scene(), 0, &view()).unwrap();
        assert!((projected.z - 4.5).abs() < 1e-12);
        assert_eq!(projected.hull, [0, 1, 2]);
        assert_eq!((projected.colour, projected.colour_is_clamped), ([0.5; 3], [false; 3]));
        assert!((projected.delta - 1f64.exp()).abs() < 1e-15 && projected.sigma == 1.0);
    }

    #[test]
    fn every_cull_rule_is_named() {
        let cull = |change: &dyn Fn(&mut Params<Vec<f64>>)| {
            let mut changed = scene();
            change(&mut changed.params);
            project(&changed, 0, &view()).err()
        };
        assert_eq!(cull(&|_| ()), None);
        assert_eq!(cull(&|p| p.points[4] = f64::NAN), Some(Cull::NotFinite));
        assert_eq!(cull(&|p| p.points[4] = f64::INFINITY), Some(Cull::NotFinite));
        assert_eq!(cull(&|p| p.points[11] = -3.995), Some(Cull::Near));
        assert_eq!(cull(&|p| p.points = p.points[..3].repeat(4)), Some(Cull::Degenerate));
        assert_eq!(cull(&|p| p.raw_opacity[0] = -5.6), Some(Cull::Invisible));
        assert_eq!(cull(&|p| p.raw_opacity[0] = f64::INFINITY), Some(Cull::NotFinite));
        assert_eq!(cull(&|p| p.log_sigma[0] = f64::NEG_INFINITY), Some(Cull::NotFinite));
        assert_eq!(cull(&|p| p.log_delta[0] = 1e3), Some(Cull::NotFinite));
        assert_eq!(cull(&|p| p.sh[0] = f64::NAN), Some(Cull::NotFinite));
        assert_eq!(cull(&|p| p.sh[3] = f64::NAN), None, "above the active degree nothing is read");
    }
}
