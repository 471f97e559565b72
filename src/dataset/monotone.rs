//! The part of a lens that shows every direction once.
//!
//! Terms of distortion are fitted to what a picture shows. Farther out they may turn back: from a *fold* on, directions
//! that lie farther from the axis land nearer to the middle again, on pixels that show something else. Only what lies
//! within the fold was seen, so nothing beyond it is ever taken for a pixel's direction or for a direction's pixel.

use std::f64::consts::{FRAC_PI_2, TAU};

use glam::{DMat2, DVec2};

use super::lens::Lens;

/// Around the axis, the fold is looked for in so many directions, unless the lens is the same all around.
const DIRECTIONS: u32 = 64;

/// The radii between which the fold is looked for, in the plane of the lens, and the factor of each step.
const SEARCH: std::ops::Range<f64> = 1e-4..1e3;
const SEARCH_STEP: f64 = 1.03;

/// Newton's method converges in a handful of steps, and in some twenty at the fold itself.
const MAX_STEPS: usize = 40;

/// A lens and where it folds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MonotoneLens {
    lens: Lens,
    /// How far from the middle of the lens's plane the fold is, in equally spaced directions around it; one number where
    /// all are alike.
    fold: Vec<f64>,
}

impl MonotoneLens {
    pub(super) fn new(lens: Lens) -> Self {
        let directions = if lens.is_radial() { 1 } else { DIRECTIONS };
        let angle = |i: u32| TAU * f64::from(i) / f64::from(directions);
        let fold = (0..directions).map(|i| fold(&lens, DVec2::from_angle(angle(i)))).collect();
        Self { lens, fold }
    }

    pub(super) const fn lens(&self) -> &Lens {
        &self.lens
    }

    /// Pixel coordinates of the direction (x, y, 1), `p = (x, y)`; `None` beyond the fold.
    pub(super) fn project(&self, p: DVec2) -> Option<DVec2> {
        let q = self.lens.lay(p);
        self.contains(q).then(|| self.lens.pixel(self.lens.distort(q)))
    }

    /// The direction (x, y, 1) that is seen at pixel coordinates; `None` where the lens shows no direction ahead.
    #[cfg(test)]
    pub(super) fn unproject(&self, pixel: DVec2) -> Option<DVec2> {
        let q = self.straighten(self.lens.bent(pixel))?;
        let is_ahead = !self.lens.model().is_fisheye() || q.length() < FRAC_PI_2;
        is_ahead.then(|| self.rise(q))
    }

    /// The same as `unproject`, but where a fisheye sees beside or behind itself, its angle takes the place of the angle's
    /// tangent: a place that bounds a pinhole's picture, and the one that COLMAP chooses.
    pub(super) fn straight(&self, pixel: DVec2) -> Option<DVec2> {
        self.straighten(self.lens.bent(pixel)).map(|q| self.rise(q))
    }

    /// (x, y) of the direction (x, y, 1) that is laid at a place in the plane of the lens.
    fn rise(&self, q: DVec2) -> DVec2 {
        let angle = q.length();
        let is_bent = self.lens.model().is_fisheye() && (1e-12..FRAC_PI_2).contains(&angle);
        if is_bent { q * (angle.tan() / angle) } else { q }
    }

    /// Whether a place in the plane of the lens lies within the fold.
    fn contains(&self, q: DVec2) -> bool {
        q.length() < self.fold_towards(q)
    }

    /// How far from the middle the fold is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
    fn fold_towards(&self, q: DVec2) -> f64 {
        let at = |i: usize| self.fold.get(i % self.fold.len()).copied().unwrap_or(0.0);
        if self.fold.len() == 1 {
            return at(0);
        }
        let turn = q.to_angle().rem_euclid(TAU) / TAU * self.fold.len() as f64;
        let (i, part) = (turn.floor() as usize, turn.fract());
        // Between a fold and none there is none, and nothing is ever infinity times zero.
        if part == 0.0 { at(i) } else { (1.0 - part) * at(i) + part * at(i + 1) }
    }

    /// The place within the fold that the distortion moves to `bent`.
    ///
    /// Newton's method, each step halved until it stays within the fold and brings the two closer.
    fn straighten(&self, bent: DVec2) -> Option<DVec2> {
        let inside = 0.99 * self.fold_towards(bent);
        let start = if bent.length() < inside { bent } else { bent * (inside / bent.length()) };
        let tolerance = 1e-10 * bent.length().max(1.0);
        let (mut q, mut error) = (start, self.lens.distort(start) - bent);
        for _ in 0..MAX_STEPS {
            if error.length() <= tolerance {
                return Some(q);
            }
            let step = jacobian(&self.lens, q).inverse() * error;
            let tries = (0..10).map(|halvings| q - step * 0.5f64.powi(halvings)).filter(|q| self.contains(*q));
            let closer = tries.map(|q| (q, self.lens.distort(q) - bent)).find(|(_, new)| new.length() < error.length());
            (q, error) = closer?;
        }
        None
    }
}

/// How the distortion moves the neighbourhood of a place.
fn jacobian(lens: &Lens, q: DVec2) -> DMat2 {
    let h = 1e-6 * (1.0 + q.length());
    let column = |offset: DVec2| (lens.distort(q + offset) - lens.distort(q - offset)) / (2.0 * h);
    DMat2::from_cols(column(DVec2::X * h), column(DVec2::Y * h))
}

/// How far from the middle, in one direction, the distortion first stops to grow; infinite where it never does.
fn fold(lens: &Lens, direction: DVec2) -> f64 {
    let grows = |r: f64| jacobian(lens, direction * r).determinant() > 0.0;
    let radii = std::iter::successors(Some(SEARCH.start), |r| Some(r * SEARCH_STEP)).take_while(|r| *r < SEARCH.end);
    let Some(first) = radii.into_iter().find(|r| !grows(*r)) else { return f64::INFINITY };
    let (mut low, mut high) = (first / SEARCH_STEP, first);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if grows(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::super::lens::LensModel;
    use super::*;

    fn lens(model: LensModel, parameters: &[f64]) -> MonotoneLens {
        MonotoneLens::new(Lens::new(model, parameters).unwrap())
    }

    #[test]
    fn the_fold_radius_matches_closed_form() {
        // r (1 − r² / 4) grows up to r² = 4/3.
        let simple = lens(LensModel::SimpleRadial, &[1.0, 0.0, 0.0, -0.25]);
        assert!((simple.fold[0] - (4.0f64 / 3.0).sqrt()).abs() < 1e-6, "{:?}", simple.fold);
        // 1 + 0.3 r² − r⁴ is zero at r² = 0.15 + √1.0225.
        let radial = lens(LensModel::Radial, &[1.0, 0.0, 0.0, 0.1, -0.2]);
        assert!((radial.fold[0] - (0.15 + 1.0225f64.sqrt()).sqrt()).abs() < 1e-6, "{:?}", radial.fold);
        // The largest angle of a division with k > 0 is that whose tangent is 1 / (2 √k).
        let division = lens(LensModel::SimpleDivision, &[1.0, 0.0, 0.0, 0.25]);
        assert!((division.fold[0] - 1.0).abs() < 1e-5, "{:?}", division.fold);
        for never in
            [lens(LensModel::SimpleRadial, &[1.0, 0.0, 0.0, 0.2]), lens(LensModel::SimpleFisheye, &[1.0, 0.0, 0.0])]
        {
            assert_eq!(never.fold, [f64::INFINITY]);
        }
    }

    #[test]
    fn beyond_the_fold_nothing_is_seen() {
        let lens = lens(LensModel::SimpleRadial, &[100.0, 0.0, 0.0, -0.25]);
        let farthest = 100.0 * (4.0f64 / 3.0).sqrt() * 2.0 / 3.0;
        assert!(lens.unproject(DVec2::new(farthest - 0.01, 0.0)).is_some());
        assert_eq!(lens.unproject(DVec2::new(farthest + 0.01, 0.0)), None);
        // Its direction would be 1.9, and the pixel is that of a direction before the fold as well.
        let folded = DVec2::new(100.0 * 1.9 * (1.0 - 0.25 * 1.9 * 1.9), 0.0);
        assert_eq!(lens.project(DVec2::new(1.9, 0.0)), None);
        assert!(lens.unproject(folded).unwrap().x < 1.1547);
    }

    #[test]
    fn a_fisheye_sees_nothing_ahead_from_a_right_angle_on() {
        let lens = lens(LensModel::SimpleFisheye, &[100.0, 0.0, 0.0]);
        let pixel = DVec2::new(160.0, 0.0);
        assert_eq!(lens.unproject(pixel), None);
        assert_eq!(lens.straight(pixel), Some(DVec2::new(1.6, 0.0)), "its angle instead of its tangent");
        assert!((lens.unproject(DVec2::new(150.0, 0.0)).unwrap().x - 1.5f64.tan()).abs() < 1e-6);
    }

    /// Numbers in −1..1 that look random.
    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        }
    }

    /// Parameters of a lens and how far each may be from that, up to what phones and action cameras have; many of these fold.
    const LENSES: &[(LensModel, &[f64], &[f64])] = &[
        (LensModel::SimpleRadial, &[90.0, 50.0, 40.0, 0.0], &[0.0, 0.0, 0.0, 0.3]),
        (LensModel::Radial, &[90.0, 50.0, 40.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 0.3, 0.2]),
        (LensModel::OpenCv, &[90.0, 80.0, 50.0, 40.0, 0.0, 0.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 0.0, 0.3, 0.2, 0.01, 0.01]),
        (
            LensModel::OpenCvFisheye,
            &[90.0, 80.0, 50.0, 40.0, 0.0, 0.0, 0.0, 0.0],
            &[0.0, 0.0, 0.0, 0.0, 0.2, 0.1, 0.05, 0.02],
        ),
        (
            LensModel::FullOpenCv,
            &[90.0, 80.0, 50.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            &[0.0, 0.0, 0.0, 0.0, 0.3, 0.2, 0.01, 0.01, 0.1, 0.2, 0.1, 0.05],
        ),
        (LensModel::Fov, &[90.0, 80.0, 50.0, 40.0, 0.0], &[0.0, 0.0, 0.0, 0.0, 1.2]),
        (LensModel::SimpleRadialFisheye, &[90.0, 50.0, 40.0, 0.0], &[0.0, 0.0, 0.0, 0.2]),
        (LensModel::RadialFisheye, &[90.0, 50.0, 40.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 0.2, 0.1]),
        (
            LensModel::ThinPrismFisheye,
            &[90.0, 80.0, 50.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            &[0.0, 0.0, 0.0, 0.0, 0.2, 0.1, 0.01, 0.01, 0.05, 0.02, 0.01, 0.01],
        ),
        (
            LensModel::RadTanThinPrismFisheye,
            &[90.0, 80.0, 50.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            &[0.0, 0.0, 0.0, 0.0, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01],
        ),
        (LensModel::SimpleDivision, &[90.0, 50.0, 40.0, 0.0], &[0.0, 0.0, 0.0, 0.5]),
        (LensModel::Division, &[90.0, 80.0, 50.0, 40.0, 0.0], &[0.0, 0.0, 0.0, 0.0, 0.5]),
        (LensModel::Fisheye, &[90.0, 80.0, 50.0, 40.0], &[20.0, 20.0, 0.0, 0.0]),
        (LensModel::Eucm, &[90.0, 80.0, 50.0, 40.0, 0.5, 1.0], &[0.0, 0.0, 0.0, 0.0, 0.5, 0.5]),
        (
            LensModel::Nerfstudio,
            &[90.0, 80.0, 50.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            &[0.0, 0.0, 0.0, 0.0, 0.3, 0.2, 0.01, 0.01, 0.1, 0.05],
        ),
    ];

    #[test]
    fn directions_within_the_fold_come_back_from_their_pixels_and_others_have_none() {
        let mut noise = Noise(1);
        let (mut within, mut beyond) = (0, 0);
        for (model, middle, spread) in LENSES {
            for _ in 0..60 {
                let parameters: Vec<f64> = middle.iter().zip(*spread).map(|(m, s)| m + s * noise.next()).collect();
                let lens = lens(*model, &parameters);
                for _ in 0..60 {
                    let p = 1.8 * DVec2::new(noise.next(), noise.next());
                    let q = lens.lens.lay(p);
                    let part = q.length() / lens.fold_towards(q);
                    if part < 0.97 {
                        let pixel = lens.project(p).unwrap();
                        let back = lens.unproject(pixel).unwrap_or(DVec2::NAN);
                        assert!(
                            (back - p).length() < 1e-6,
                            "{model:?} {parameters:?}: {p}, {part} of the fold, is {back}"
                        );
                        within += 1;
                    } else if part >= 1.0 {
                        assert_eq!(lens.project(p), None, "{model:?} {parameters:?}: {p}");
                        beyond += 1;
                    }
                }
            }
        }
        assert!(within > 40_000 && beyond > 3_000, "{within} within, {beyond} beyond");
    }

    /// A pixel is one of a direction within the fold, or of none.
    #[test]
    fn directions_of_pixels_lie_within_the_fold_and_project_back() {
        let mut noise = Noise(2);
        for (model, middle, spread) in LENSES {
            for _ in 0..60 {
                let parameters: Vec<f64> = middle.iter().zip(*spread).map(|(m, s)| m + s * noise.next()).collect();
                let lens = lens(*model, &parameters);
                for _ in 0..60 {
                    let pixel = DVec2::new(50.0 + 150.0 * noise.next(), 40.0 + 150.0 * noise.next());
                    if let Some(p) = lens.unproject(pixel) {
                        let there = lens.project(p).unwrap_or(DVec2::NAN);
                        assert!(
                            (there - pixel).length() < 1e-6,
                            "{model:?} {parameters:?}: {pixel} is {p}, at {there}"
                        );
                    }
                }
            }
        }
    }
}
