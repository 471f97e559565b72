//! Blending at one pixel, front to back, and its derivative.
//!
//! ```text
//! alpha = min(0.99, o·I), skipped below 1/255        weight = T·alpha
//! rgb  += weight·colour    depth += weight·z         T ← T·(1 − alpha), stop before T < 1e-4
//! ```
//!
//! Both passes walk the pixel with the same function, so that they cannot disagree about what contributed.
//! Source: docs/spec.md §3 and §4.

use super::profile::Profile;
use super::project::{Projected, ProjectedCotangents};
use super::vector::{accumulate, dot, scale};
use crate::constants::{ALPHA_MAX, ALPHA_MIN, TRANSMITTANCE_MIN};
use crate::real::Real;

/// A decision this close to its threshold, relatively, may fall otherwise in f32.
pub const BAND_WIDTH: f64 = 0.002;

/// Projected convexes and the order in which they are blended.
#[derive(Debug, Clone, PartialEq)]
pub struct Layers<T> {
    /// The projection of every convex of the scene; `None` where it is culled.
    pub projected: Vec<Option<Projected<T>>>,
    /// Ids of the convexes that are not culled, by depth and then by id.
    pub order: Vec<usize>,
}

impl<T: Real> Layers<T> {
    /// Sorts what was projected.
    #[must_use]
    pub fn new(projected: Vec<Option<Projected<T>>>) -> Self {
        let mut by_depth: Vec<(usize, T)> =
            projected.iter().enumerate().filter_map(|(id, convex)| Some((id, convex.as_ref()?.z))).collect();
        // The sort is stable, so equal depths stay in the order of their ids.
        by_depth.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal));
        Self { projected, order: by_depth.into_iter().map(|(id, _)| id).collect() }
    }

    fn front_to_back(&self) -> impl Iterator<Item = (usize, &Projected<T>)> {
        self.order.iter().filter_map(|id| Some((*id, self.projected[*id].as_ref()?)))
    }
}

/// What one convex adds to one pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution<T> {
    /// The convex.
    pub convex_id: usize,
    /// Opacity here, after the clamp.
    pub alpha: T,
    /// Whether the clamp at `ALPHA_MAX` holds; no gradient passes then.
    pub alpha_is_clamped: bool,
    /// T, the light left before this convex.
    pub transmittance: T,
    profile: Profile<T>,
}

impl<T: Real> Contribution<T> {
    /// `T·alpha`, its share of the pixel.
    #[must_use]
    pub fn weight(&self) -> T {
        self.transmittance * self.alpha
    }
}

/// All that contributes to one pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk<T> {
    /// Front to back.
    pub contributions: Vec<Contribution<T>>,
    /// T, the light left behind them all.
    pub transmittance: T,
    /// Whether some decision on the way lies within [`BAND_WIDTH`] of its threshold.
    pub in_band: bool,
}

impl<T: Real> Walk<T> {
    /// Walks the convexes front to back at `q` of the focal-free image plane.
    #[must_use]
    pub fn new(layers: &Layers<T>, q: [T; 2]) -> Self {
        let mut walk = Self { contributions: Vec::new(), transmittance: T::one(), in_band: false };
        for (convex_id, convex) in layers.front_to_back() {
            let Some(profile) = Profile::at(convex, q) else { continue };
            let unclamped = convex.opacity * profile.indicator;
            walk.in_band |= is_near(unclamped, ALPHA_MIN) || is_near(unclamped, ALPHA_MAX);
            if unclamped < T::of(ALPHA_MIN) {
                continue;
            }
            let alpha = unclamped.min(T::of(ALPHA_MAX));
            let left = walk.transmittance * (T::one() - alpha);
            walk.in_band |= is_near(left, TRANSMITTANCE_MIN);
            if left < T::of(TRANSMITTANCE_MIN) {
                break;
            }
            let alpha_is_clamped = unclamped > T::of(ALPHA_MAX);
            let transmittance = std::mem::replace(&mut walk.transmittance, left);
            walk.contributions.push(Contribution { convex_id, alpha, alpha_is_clamped, transmittance, profile });
        }
        walk
    }

    /// The convex of the largest weight; the foremost of equals.
    #[must_use]
    pub fn heaviest(&self) -> Option<usize> {
        let heavier = |best, other| if Contribution::weight(other) > Contribution::weight(best) { other } else { best };
        self.contributions.iter().reduce(heavier).map(|contribution| contribution.convex_id)
    }
}

fn is_near<T: Real>(value: T, threshold: f64) -> bool {
    (value - T::of(threshold)).abs() <= T::of(threshold * BAND_WIDTH)
}

/// The values of one pixel, or their cotangents.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pixel<T> {
    /// sRGB.
    pub rgb: [T; 3],
    /// `1 − T`.
    pub alpha: T,
    /// `Σ T·alpha·z`, world units; not divided by alpha.
    pub depth: T,
}

/// Blends what a walk found over the background.
#[must_use]
pub fn blend<T: Real>(walk: &Walk<T>, layers: &Layers<T>, background: [T; 3]) -> Pixel<T> {
    let mut pixel = Pixel { alpha: T::one() - walk.transmittance, ..Pixel::default() };
    for contribution in &walk.contributions {
        if let Some(convex) = &layers.projected[contribution.convex_id] {
            accumulate(&mut pixel.rgb, scale(convex.colour, contribution.weight()));
            pixel.depth += contribution.weight() * convex.z;
        }
    }
    accumulate(&mut pixel.rgb, scale(background, walk.transmittance));
    pixel
}

/// Adds to `v_projected[convex]` what the cotangents `v` of the pixel at `q` say.
///
/// Goes back to front with `v_transmittance`, the cotangent of the light left behind the convex in hand, so nothing is
/// divided by `1 − alpha`.
pub fn blend_backward<T: Real>(
    walk: &Walk<T>,
    layers: &Layers<T>,
    background: [T; 3],
    q: [T; 2],
    v: &Pixel<T>,
    v_projected: &mut [ProjectedCotangents<T>],
) {
    let mut v_transmittance = dot(v.rgb, background) - v.alpha;
    for contribution in walk.contributions.iter().rev() {
        let Contribution { convex_id, alpha, transmittance, .. } = *contribution;
        let Some(convex) = &layers.projected[convex_id] else { continue };
        let v_convex = &mut v_projected[convex_id];
        accumulate(&mut v_convex.colour, scale(v.rgb, contribution.weight()));
        v_convex.z += v.depth * contribution.weight();
        let v_weight = dot(v.rgb, convex.colour) + v.depth * convex.z;
        if !contribution.alpha_is_clamped {
            let v_alpha = transmittance * (v_weight - v_transmittance);
            v_convex.opacity += contribution.profile.indicator * v_alpha;
            contribution.profile.backward(convex, q, convex.opacity * v_alpha, v_convex);
        }
        v_transmittance = alpha * v_weight + (T::one() - alpha) * v_transmittance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::hull::Edge;

    /// Covers the whole plane near the origin: its indicator is 1 there to the last bit.
    fn sheet(z: f64, opacity: f64, grey: f64) -> Option<Projected<f64>> {
        let corners = [[-9.0, -9.0], [9.0, -9.0], [9.0, 9.0], [-9.0, 9.0]];
        Some(Projected {
            hull: vec![0, 1, 2, 3],
            edges: (0..4).map(|k| Edge::new(corners[k], corners[(k + 1) % 4])).collect(),
            z,
            delta: 1e3,
            sigma: 1e3,
            opacity,
            colour: [grey; 3],
            colour_is_clamped: [false; 3],
        })
    }

    fn pixel(sheets: Vec<Option<Projected<f64>>>) -> (Pixel<f64>, Walk<f64>) {
        let layers = Layers::new(sheets);
        let walk = Walk::new(&layers, [0.0, 0.0]);
        (blend(&walk, &layers, [1.0; 3]), walk)
    }

    #[test]
    fn two_layers_blend_as_computed_by_hand() {
        let (pixel, walk) = pixel(vec![sheet(3.0, 0.5, 0.2), None, sheet(2.0, 0.25, 0.8)]);
        assert!((pixel.rgb[0] - (0.25 * 0.8 + 0.75 * 0.5 * 0.2 + 0.375)).abs() < 1e-15);
        assert!((pixel.alpha - 0.625).abs() < 1e-15);
        assert!((pixel.depth - (0.25 * 2.0 + 0.375 * 3.0)).abs() < 1e-15);
        assert_eq!(walk.heaviest(), Some(0));
    }

    #[test]
    fn equal_depths_are_blended_by_id() {
        let layers = Layers::new(vec![sheet(2.0, 0.5, 0.0), sheet(1.0, 0.5, 0.0), sheet(2.0, 0.5, 0.0)]);
        assert_eq!(layers.order, [1, 0, 2]);
    }

    #[test]
    fn blending_stops_before_too_little_light_is_left() {
        // Both walls are clamped to 0.99, which leaves 1e-4; the faint sheet behind them would leave less.
        let (pixel, walk) = pixel(vec![sheet(1.0, 1.0, 0.3), sheet(2.0, 0.995, 0.9), sheet(3.0, 0.1, 0.9)]);
        assert_eq!(walk.contributions.len(), 2);
        assert!(walk.in_band && walk.contributions[0].alpha_is_clamped);
        assert!((pixel.alpha - 0.9999).abs() < 1e-12);
    }

    #[test]
    fn faint_contributions_are_skipped() {
        let (pixel, walk) = pixel(vec![sheet(1.0, 0.0039, 0.3)]);
        assert_eq!((pixel.alpha, pixel.rgb[0], walk.heaviest()), (0.0, 1.0, None));
        assert!(!walk.in_band, "0.5 % off");
    }

    #[test]
    fn pixels_within_0_2_percent_of_a_threshold_are_in_the_band() {
        let at = |opacity: f64| pixel(vec![sheet(1.0, opacity, 0.3)]).1.in_band;
        for threshold in [ALPHA_MIN, ALPHA_MAX] {
            assert!(at(threshold * 1.0019) && at(threshold * 0.9981), "{threshold}");
            assert!(!at(threshold * 1.0021) && !at(threshold * 0.9979), "{threshold}");
        }
    }
}
