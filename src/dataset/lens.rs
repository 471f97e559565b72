//! Lenses: where a direction lands in a picture that was not taken by a pinhole. The models and their parameters are
//! those of COLMAP.

use glam::{DMat2, DVec2};

use crate::camera::{CameraError, Intrinsics};

/// Angle from the axis where the search for a fisheye's direction starts at most, radians.
const MAX_START_ANGLE: f64 = 1.4;

/// Newton's method converges in a handful of steps or not at all.
const MAX_STEPS: usize = 30;

/// COLMAP's camera models, by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LensModel {
    /// f, cx, cy
    SimplePinhole,
    /// fx, fy, cx, cy
    Pinhole,
    /// f, cx, cy, k
    SimpleRadial,
    /// f, cx, cy, k1, k2
    Radial,
    /// fx, fy, cx, cy, k1, k2, p1, p2
    OpenCv,
    /// fx, fy, cx, cy, k1, k2, k3, k4
    OpenCvFisheye,
    /// fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, k5, k6
    FullOpenCv,
    /// fx, fy, cx, cy, omega
    Fov,
    /// f, cx, cy, k
    SimpleRadialFisheye,
    /// f, cx, cy, k1, k2
    RadialFisheye,
    /// fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, sx1, sy1
    ThinPrismFisheye,
}

impl LensModel {
    /// All, in the order of COLMAP's numbers, with COLMAP's names and numbers of parameters.
    pub const ALL: [(Self, &'static str, usize); 11] = [
        (Self::SimplePinhole, "SIMPLE_PINHOLE", 3),
        (Self::Pinhole, "PINHOLE", 4),
        (Self::SimpleRadial, "SIMPLE_RADIAL", 4),
        (Self::Radial, "RADIAL", 5),
        (Self::OpenCv, "OPENCV", 8),
        (Self::OpenCvFisheye, "OPENCV_FISHEYE", 8),
        (Self::FullOpenCv, "FULL_OPENCV", 12),
        (Self::Fov, "FOV", 5),
        (Self::SimpleRadialFisheye, "SIMPLE_RADIAL_FISHEYE", 4),
        (Self::RadialFisheye, "RADIAL_FISHEYE", 5),
        (Self::ThinPrismFisheye, "THIN_PRISM_FISHEYE", 12),
    ];

    /// COLMAP's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, _, _)| *known == self).map_or("", |(_, name, _)| name)
    }

    /// Whether rays are bent by their angle, so that even without distortion it is no pinhole.
    const fn is_fisheye(self) -> bool {
        matches!(self, Self::OpenCvFisheye | Self::SimpleRadialFisheye | Self::RadialFisheye | Self::ThinPrismFisheye)
    }

    /// Whether x and y share a focal length.
    const fn has_one_focal(self) -> bool {
        matches!(
            self,
            Self::SimplePinhole | Self::SimpleRadial | Self::Radial | Self::SimpleRadialFisheye | Self::RadialFisheye
        )
    }
}

/// A model with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Lens {
    model: LensModel,
    /// Focal lengths and principal point, pixels.
    pub intrinsics: Intrinsics,
    /// The parameters behind those.
    distortion: Vec<f64>,
}

impl Lens {
    /// A lens from COLMAP's list of parameters; `None` where their number is wrong.
    #[must_use]
    pub fn new(model: LensModel, parameters: &[f64]) -> Option<Self> {
        let (_, _, expected) = LensModel::ALL.iter().find(|(known, _, _)| *known == model)?;
        if parameters.len() != *expected {
            return None;
        }
        let (fx, fy, rest) = match parameters {
            [f, rest @ ..] if model.has_one_focal() => (*f, *f, rest),
            [fx, fy, rest @ ..] => (*fx, *fy, rest),
            _ => return None,
        };
        let [cx, cy, distortion @ ..] = rest else { return None };
        Some(Self { model, intrinsics: Intrinsics { fx, fy, cx: *cx, cy: *cy }, distortion: distortion.to_vec() })
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> LensModel {
        self.model
    }

    /// Refuses parameters that are not finite, and focal lengths that are not positive.
    ///
    /// # Errors
    /// [`CameraError::Intrinsics`].
    pub fn check(&self) -> Result<(), CameraError> {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let is_finite = [fx, fy, cx, cy].iter().chain(&self.distortion).all(|value| value.is_finite());
        if is_finite && fx > 0.0 && fy > 0.0 { Ok(()) } else { Err(CameraError::Intrinsics(self.intrinsics)) }
    }

    /// Whether a pinhole would take the same picture.
    #[must_use]
    pub fn is_pinhole(&self) -> bool {
        // The FOV model tends to a pinhole as omega goes to zero, as the polynomials do; a fisheye never is one.
        !self.model.is_fisheye() && self.distortion.iter().all(|k| *k == 0.0)
    }

    /// Pixel coordinates of the direction (x, y, 1), `p = (x, y)`.
    #[must_use]
    pub fn project(&self, p: DVec2) -> DVec2 {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let bent = self.bend(p);
        DVec2::new(fx * bent.x + cx, fy * bent.y + cy)
    }

    /// The direction (x, y, 1) that is seen at pixel coordinates; `None` where the lens shows no direction ahead.
    #[must_use]
    pub fn unproject(&self, pixel: DVec2) -> Option<DVec2> {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let bent = DVec2::new((pixel.x - cx) / fx, (pixel.y - cy) / fy);
        let r = bent.length();
        let is_angle = self.model.is_fisheye() && r > 1e-12;
        let start = if is_angle { bent * (r.min(MAX_START_ANGLE).tan() / r) } else { bent };
        self.straighten(bent, start)
    }

    /// Newton's method for `bend(p) = bent`, each step halved until it brings the two closer.
    fn straighten(&self, bent: DVec2, start: DVec2) -> Option<DVec2> {
        let (mut p, mut error) = (start, self.bend(start) - bent);
        for _ in 0..MAX_STEPS {
            if error.length() <= 1e-10 {
                return Some(p);
            }
            let h = 1e-6 * (1.0 + p.length());
            let column = |offset: DVec2| (self.bend(p + offset) - self.bend(p - offset)) / (2.0 * h);
            let jacobian = DMat2::from_cols(column(DVec2::X * h), column(DVec2::Y * h));
            let step = jacobian.inverse() * error;
            let tries = (0..8).map(|halvings| p - step * 0.5f64.powi(halvings));
            let closer = tries.map(|p| (p, self.bend(p) - bent)).find(|(_, new)| new.length() < error.length());
            (p, error) = closer?;
        }
        None
    }

    /// Where the lens bends a direction, both in the focal-free image plane.
    fn bend(&self, p: DVec2) -> DVec2 {
        let k = |i: usize| self.distortion.get(i).copied().unwrap_or(0.0);
        let polynomial = |r2: f64, coefficients: [f64; 4]| {
            1.0 + r2 * (coefficients[0] + r2 * (coefficients[1] + r2 * (coefficients[2] + r2 * coefficients[3])))
        };
        let r2 = p.length_squared();
        match self.model {
            LensModel::SimplePinhole | LensModel::Pinhole => p,
            LensModel::SimpleRadial => p * polynomial(r2, [k(0), 0.0, 0.0, 0.0]),
            LensModel::Radial => p * polynomial(r2, [k(0), k(1), 0.0, 0.0]),
            LensModel::OpenCv => p * polynomial(r2, [k(0), k(1), 0.0, 0.0]) + tangential(p, k(2), k(3)),
            LensModel::FullOpenCv => {
                let ratio = polynomial(r2, [k(0), k(1), k(4), 0.0]) / polynomial(r2, [k(5), k(6), k(7), 0.0]);
                p * ratio + tangential(p, k(2), k(3))
            }
            LensModel::Fov => p * fov_factor(r2.sqrt(), k(0)),
            LensModel::SimpleRadialFisheye => fisheye(p, |t2| polynomial(t2, [k(0), 0.0, 0.0, 0.0])),
            LensModel::RadialFisheye => fisheye(p, |t2| polynomial(t2, [k(0), k(1), 0.0, 0.0])),
            LensModel::OpenCvFisheye => fisheye(p, |t2| polynomial(t2, [k(0), k(1), k(2), k(3)])),
            LensModel::ThinPrismFisheye => {
                let q = fisheye(p, |_| 1.0);
                let q2 = q.length_squared();
                let prism = DVec2::new(k(6), k(7)) * q2;
                q * polynomial(q2, [k(0), k(1), k(4), k(5)]) + tangential(q, k(2), k(3)) + prism
            }
        }
    }
}

/// The lens is not centred on the sensor.
fn tangential(p: DVec2, p1: f64, p2: f64) -> DVec2 {
    let (r2, xy) = (p.length_squared(), p.x * p.y);
    DVec2::new(2.0 * p1 * xy + p2 * (r2 + 2.0 * p.x * p.x), p1 * (r2 + 2.0 * p.y * p.y) + 2.0 * p2 * xy)
}

/// The distance from the middle is the angle, times a polynomial of its square.
fn fisheye(p: DVec2, factor: impl Fn(f64) -> f64) -> DVec2 {
    let r = p.length();
    if r < 1e-12 {
        return p;
    }
    let angle = r.atan();
    p * (angle * factor(angle * angle) / r)
}

/// Devernay & Faugeras 2001.
fn fov_factor(r: f64, omega: f64) -> f64 {
    if omega.abs() < 1e-9 {
        return 1.0;
    }
    if r < 1e-12 {
        return 2.0 * (omega / 2.0).tan() / omega;
    }
    (2.0 * r * (omega / 2.0).tan()).atan() / (omega * r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_distortion_is_a_pinhole() {
        for (model, name, parameters) in LensModel::ALL {
            let mut values = vec![0.0; parameters];
            let focals = if model.has_one_focal() { 1 } else { 2 };
            values[..focals].fill(100.0);
            values[focals..focals + 2].copy_from_slice(&[50.0, 40.0]);
            let lens = Lens::new(model, &values).unwrap();
            let seen = lens.project(DVec2::new(0.3, -0.2));
            if lens.is_pinhole() {
                assert!((seen - DVec2::new(80.0, 20.0)).length() < 1e-12, "{name}");
            } else {
                let r = DVec2::new(0.3, -0.2).length();
                assert!(((seen - DVec2::new(50.0, 40.0)).length() - 100.0 * r.atan()).abs() < 1e-9, "{name}");
            }
            assert!(Lens::new(model, &values[1..]).is_none());
        }
    }

    #[test]
    fn directions_come_back_from_their_pixels() {
        for (model, name, num_parameters) in LensModel::ALL {
            let focals = if model.has_one_focal() { 1 } else { 2 };
            let mut values = vec![100.0; focals];
            values.extend([50.0, 40.0]);
            let small = [-0.12, 0.03, 0.002, -0.003, 0.004, -0.002, 0.003, 0.001];
            values.extend(small.iter().take(num_parameters - values.len()));
            if model == LensModel::Fov {
                values[4] = 0.9;
            }
            let lens = Lens::new(model, &values).unwrap();
            for p in [DVec2::new(0.4, -0.3), DVec2::ZERO, DVec2::new(-0.7, 0.6), DVec2::new(1e-9, 0.0)] {
                let back = lens.unproject(lens.project(p)).unwrap();
                assert!((back - p).length() < 1e-8, "{name}: {p} comes back as {back}");
            }
        }
        // Beyond the fold of r (1 − r² / 3) there is nothing.
        let lens = Lens::new(LensModel::SimpleRadial, &[1.0, 0.0, 0.0, -1.0 / 3.0]).unwrap();
        assert_eq!(lens.unproject(DVec2::new(0.7, 0.0)), None);
    }

    #[test]
    fn opencv_by_hand() {
        let lens = Lens::new(LensModel::OpenCv, &[1.0, 1.0, 0.0, 0.0, 0.1, 0.01, 0.002, 0.003]).unwrap();
        // r² = 0.25: radial 1.025625; tangential (2·0.002·0.12 + 0.003·0.57, 0.002·0.43 + 2·0.003·0.12) with y = 0.3
        let seen = lens.project(DVec2::new(0.4, 0.3));
        let expected = DVec2::new(0.4 * 1.025_625 + 0.000_48 + 0.001_71, 0.3 * 1.025_625 + 0.000_86 + 0.000_72);
        assert!((seen - expected).length() < 1e-12, "{seen}");
    }
}
