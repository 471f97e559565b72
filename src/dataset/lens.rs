//! Lenses: where a direction lands in a picture that was not taken by a pinhole. The models and their parameters are
//! those of COLMAP, and one of nerfstudio's.
//!
//! A direction (x, y, 1) is first laid into a plane, as (x, y) itself or, for a fisheye, as its angle from the axis; the
//! terms of distortion then move it within that plane, and focal lengths and principal point make pixels of it.

use std::f64::consts::PI;
use std::ops::RangeInclusive;

use glam::DVec2;

use crate::camera::{CameraError, Intrinsics};

/// Focal lengths that a camera may have, in sides of its picture: those of a satellite are thousands.
const FOCAL_LENGTHS: RangeInclusive<f64> = 1e-4..=1e5;

/// How far the principal point may be from the middle, in sides of the picture: cut-out pictures have it outside of them.
const MAX_DECENTRING: f64 = 10.0;

/// Camera models; the parameters are in the order of COLMAP's files.
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
    /// fx, fy, cx, cy, k0, k1, k2, k3, k4, k5, p0, p1, s0, s1, s2, s3
    RadTanThinPrismFisheye,
    /// f, cx, cy, k
    SimpleDivision,
    /// fx, fy, cx, cy, k
    Division,
    /// f, cx, cy
    SimpleFisheye,
    /// fx, fy, cx, cy
    Fisheye,
    /// fx, fy, cx, cy, alpha, beta
    Eucm,
    /// w, h: a picture of all directions
    Equirectangular,
    /// fx, fy, cx, cy, k1, k2, p1, p2, k3, k4: what nerfstudio makes of `OPENCV` with k3 and k4
    Nerfstudio,
}

impl LensModel {
    /// COLMAP's models in the order of its numbers, with its names and its numbers of parameters.
    pub const ALL: [(Self, &'static str, usize); 18] = [
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
        (Self::RadTanThinPrismFisheye, "RAD_TAN_THIN_PRISM_FISHEYE", 16),
        (Self::SimpleDivision, "SIMPLE_DIVISION", 4),
        (Self::Division, "DIVISION", 5),
        (Self::SimpleFisheye, "SIMPLE_FISHEYE", 3),
        (Self::Fisheye, "FISHEYE", 4),
        (Self::Eucm, "EUCM", 6),
        (Self::Equirectangular, "EQUIRECTANGULAR", 2),
    ];

    /// COLMAP's name; `OPENCV` for nerfstudio's.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, _, _)| *known == self).map_or("OPENCV", |(_, name, _)| name)
    }

    fn num_parameters(self) -> usize {
        Self::ALL.iter().find(|(known, _, _)| *known == self).map_or(10, |(_, _, number)| *number)
    }

    /// Whether the distance from the middle is an angle, so that even without distortion it is no pinhole.
    #[must_use]
    pub const fn is_fisheye(self) -> bool {
        matches!(
            self,
            Self::OpenCvFisheye
                | Self::SimpleRadialFisheye
                | Self::RadialFisheye
                | Self::ThinPrismFisheye
                | Self::RadTanThinPrismFisheye
                | Self::SimpleFisheye
                | Self::Fisheye
        )
    }

    /// Whether x and y share a focal length.
    const fn has_one_focal(self) -> bool {
        matches!(
            self,
            Self::SimplePinhole
                | Self::SimpleRadial
                | Self::Radial
                | Self::SimpleRadialFisheye
                | Self::RadialFisheye
                | Self::SimpleDivision
                | Self::SimpleFisheye
        )
    }

    /// Names of the parameters of distortion, with blanks between.
    const fn distortion_names(self) -> &'static str {
        match self {
            Self::SimplePinhole | Self::Pinhole | Self::SimpleFisheye | Self::Fisheye | Self::Equirectangular => "",
            Self::SimpleRadial | Self::SimpleRadialFisheye | Self::SimpleDivision | Self::Division => "k",
            Self::Radial | Self::RadialFisheye => "k1 k2",
            Self::OpenCv => "k1 k2 p1 p2",
            Self::OpenCvFisheye => "k1 k2 k3 k4",
            Self::FullOpenCv => "k1 k2 p1 p2 k3 k4 k5 k6",
            Self::Fov => "omega",
            Self::ThinPrismFisheye => "k1 k2 p1 p2 k3 k4 sx1 sy1",
            Self::RadTanThinPrismFisheye => "k0 k1 k2 k3 k4 k5 p0 p1 s0 s1 s2 s3",
            Self::Eucm => "alpha beta",
            Self::Nerfstudio => "k1 k2 p1 p2 k3 k4",
        }
    }

    /// Which of the parameters of distortion do not act alike all around.
    const fn sideways(self) -> &'static [usize] {
        match self {
            Self::OpenCv | Self::FullOpenCv | Self::Nerfstudio => &[2, 3],
            Self::ThinPrismFisheye => &[2, 3, 6, 7],
            Self::RadTanThinPrismFisheye => &[6, 7, 8, 9, 10, 11],
            _ => &[],
        }
    }
}

/// A model with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Lens {
    model: LensModel,
    /// Focal lengths and principal point, pixels; of a panorama, pixels a radian and the middle.
    pub intrinsics: Intrinsics,
    /// The parameters behind those.
    distortion: Vec<f64>,
}

impl Lens {
    /// A lens from COLMAP's list of parameters; `None` where their number is wrong.
    #[must_use]
    pub fn new(model: LensModel, parameters: &[f64]) -> Option<Self> {
        if parameters.len() != model.num_parameters() {
            return None;
        }
        if let (LensModel::Equirectangular, [width, height]) = (model, parameters) {
            return Some(Self { model, intrinsics: whole_sphere(*width, *height), distortion: Vec::new() });
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

    /// Refuses parameters that are not finite, focal lengths that are not positive, and parameters with which the formula of
    /// a model means nothing.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn check(&self) -> Result<(), String> {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let named = [("fx", fx), ("fy", fy), ("cx", cx), ("cy", cy)].map(|(name, value)| (name.to_owned(), value));
        let names = self.model.distortion_names().split(' ').map(str::to_owned);
        let distortion = names.zip(self.distortion.iter().copied());
        if let Some((name, value)) = named.into_iter().chain(distortion).find(|(_, value)| !value.is_finite()) {
            return Err(format!("{name} of {} is {value}; a finite number is expected", self.model.name()));
        }
        if fx <= 0.0 || fy <= 0.0 {
            return Err(CameraError::Intrinsics(self.intrinsics).to_string());
        }
        match (self.model, self.k(0), self.k(1)) {
            (LensModel::Fov, omega, _) if omega.abs() >= PI => {
                Err(format!("FOV has an omega of {omega} radians; less than π is expected"))
            }
            (LensModel::Eucm, alpha, beta) if !(0.0..=1.0).contains(&alpha) || beta <= 0.0 => {
                Err(format!("EUCM has alpha {alpha} and beta {beta}; 0 to 1 and more than 0 are expected"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what [`Self::check`] refuses, and focal lengths and principal points that no camera has that takes pictures
    /// of this width and height in pixels.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn check_of_size(&self, size: [u32; 2]) -> Result<(), String> {
        self.check()?;
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        let [width, height] = size.map(f64::from);
        for (name, focal, side) in [("x", fx, width), ("y", fy, height)] {
            if !FOCAL_LENGTHS.contains(&(focal / side)) {
                let angle = 2.0 * (side / (2.0 * focal)).atan().to_degrees();
                return Err(format!(
                    "the focal length along {name} is {focal} of {side} pixels, a field of view of {angle:.2e}°, which no \
                     camera has"
                ));
            }
        }
        for (name, centre, side) in [("cx", cx, width), ("cy", cy, height)] {
            if (centre / side - 0.5).abs() > MAX_DECENTRING {
                return Err(format!(
                    "the principal point has {name} = {centre} in an image of {side} pixels; at most {MAX_DECENTRING} \
                     images away from the middle is expected"
                ));
            }
        }
        Ok(())
    }

    /// Whether a pinhole would take the same picture.
    #[must_use]
    pub fn is_pinhole(&self) -> bool {
        match self.model {
            LensModel::Equirectangular => false,
            // Without alpha, beta says nothing.
            LensModel::Eucm => self.k(0) == 0.0,
            // The FOV model tends to a pinhole as omega goes to zero, as the polynomials do; a fisheye never is one.
            model => !model.is_fisheye() && self.distortion.iter().all(|k| *k == 0.0),
        }
    }

    /// Whether the lens moves every direction straight away from the middle or towards it, all around alike.
    pub(super) fn is_radial(&self) -> bool {
        self.model.sideways().iter().all(|i| self.k(*i) == 0.0)
    }

    /// The direction (x, y, 1), `p = (x, y)`, laid into the plane of the lens.
    pub(super) fn lay(&self, p: DVec2) -> DVec2 {
        let r = p.length();
        match self.model {
            LensModel::Equirectangular => DVec2::new(p.x.atan(), (p.y / (1.0 + p.x * p.x).sqrt()).atan()),
            model if model.is_fisheye() && r > 1e-12 => p * (r.atan() / r),
            _ => p,
        }
    }

    /// Pixel coordinates of a place in the plane of the lens, moved by the distortion already.
    pub(super) fn pixel(&self, bent: DVec2) -> DVec2 {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        DVec2::new(fx * bent.x + cx, fy * bent.y + cy)
    }

    /// The place in the plane of the lens of pixel coordinates, with the distortion still in it.
    pub(super) fn bent(&self, pixel: DVec2) -> DVec2 {
        let Intrinsics { fx, fy, cx, cy } = self.intrinsics;
        DVec2::new((pixel.x - cx) / fx, (pixel.y - cy) / fy)
    }

    fn k(&self, i: usize) -> f64 {
        self.distortion.get(i).copied().unwrap_or(0.0)
    }

    /// The place that the distortion moves a place in the plane of the lens to; not a number where there is none.
    pub(super) fn distort(&self, q: DVec2) -> DVec2 {
        let k = |i: usize| self.k(i);
        let r2 = q.length_squared();
        match self.model {
            LensModel::SimplePinhole
            | LensModel::Pinhole
            | LensModel::SimpleFisheye
            | LensModel::Fisheye
            | LensModel::Equirectangular => q,
            LensModel::SimpleRadial | LensModel::SimpleRadialFisheye => q * polynomial(r2, &[k(0)]),
            LensModel::Radial | LensModel::RadialFisheye => q * polynomial(r2, &[k(0), k(1)]),
            LensModel::OpenCvFisheye => q * polynomial(r2, &[k(0), k(1), k(2), k(3)]),
            LensModel::OpenCv => q * polynomial(r2, &[k(0), k(1)]) + tangential(q, k(2), k(3)),
            LensModel::Nerfstudio => q * polynomial(r2, &[k(0), k(1), k(4), k(5)]) + tangential(q, k(2), k(3)),
            LensModel::FullOpenCv => {
                let ratio = polynomial(r2, &[k(0), k(1), k(4)]) / polynomial(r2, &[k(5), k(6), k(7)]);
                q * ratio + tangential(q, k(2), k(3))
            }
            LensModel::ThinPrismFisheye => {
                let prism = DVec2::new(k(6), k(7)) * r2;
                q * polynomial(r2, &[k(0), k(1), k(4), k(5)]) + tangential(q, k(2), k(3)) + prism
            }
            LensModel::RadTanThinPrismFisheye => {
                let u = q * polynomial(r2, &[k(0), k(1), k(2), k(3), k(4), k(5)]);
                let u2 = u.length_squared();
                let prism = DVec2::new(k(8) + u2 * k(9), k(10) + u2 * k(11)) * u2;
                u + tangential(u, k(7), k(6)) + prism
            }
            LensModel::Fov => q * fov_factor(r2.sqrt(), k(0)),
            LensModel::SimpleDivision | LensModel::Division => q * (2.0 / (1.0 + (1.0 - 4.0 * k(0) * r2).sqrt())),
            LensModel::Eucm => q / (k(0) * (1.0 + k(1) * r2).sqrt() + 1.0 - k(0)),
        }
    }
}

/// Pixels a radian and the middle of a picture of all directions.
fn whole_sphere(width: f64, height: f64) -> Intrinsics {
    Intrinsics { fx: width / (2.0 * PI), fy: height / PI, cx: width / 2.0, cy: height / 2.0 }
}

/// 1 + k₁ r² + k₂ r⁴ + …
fn polynomial(r2: f64, coefficients: &[f64]) -> f64 {
    1.0 + coefficients.iter().rev().fold(0.0, |sum, k| r2 * (k + sum))
}

/// The lens is not centred on the sensor.
fn tangential(p: DVec2, p1: f64, p2: f64) -> DVec2 {
    let (r2, xy) = (p.length_squared(), p.x * p.y);
    DVec2::new(2.0 * p1 * xy + p2 * (r2 + 2.0 * p.x * p.x), p1 * (r2 + 2.0 * p.y * p.y) + 2.0 * p2 * xy)
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
            assert!(Lens::new(model, &values[1..]).is_none());
            if model == LensModel::Equirectangular {
                continue;
            }
            values[focals..focals + 2].copy_from_slice(&[50.0, 40.0]);
            let lens = Lens::new(model, &values).unwrap();
            let seen = lens.pixel(lens.distort(lens.lay(DVec2::new(0.3, -0.2))));
            if lens.is_pinhole() {
                assert!((seen - DVec2::new(80.0, 20.0)).length() < 1e-12, "{name}");
            } else {
                let r = DVec2::new(0.3, -0.2).length();
                assert!(((seen - DVec2::new(50.0, 40.0)).length() - 100.0 * r.atan()).abs() < 1e-9, "{name}");
            }
        }
    }

    #[test]
    fn parameters_that_no_camera_has_are_named() {
        let fault = |parameters: &[f64]| {
            let lens = Lens::new(LensModel::SimpleRadial, parameters).unwrap();
            lens.check_of_size([96, 64]).err().unwrap_or_default()
        };
        for (parameters, words) in [
            ([80.0, 48.0, 32.0, f64::NAN], "k of SIMPLE_RADIAL is NaN"),
            ([f64::INFINITY, 48.0, 32.0, 0.0], "fx of SIMPLE_RADIAL is inf"),
            ([1e-9, 48.0, 32.0, 0.0], "field of view of 1.80e2°"),
            ([1e9, 48.0, 32.0, 0.0], "field of view of 5.50e-6°"),
            ([80.0, 4800.0, 32.0, 0.0], "cx = 4800"),
            ([80.0, 48.0, -1e9, 0.0], "cy = -1000000000"),
        ] {
            assert!(fault(&parameters).contains(words), "{}", fault(&parameters));
        }
        assert_eq!(fault(&[80.0, -5.0, 32.0, 0.1]), "");
    }

    #[test]
    fn every_parameter_of_distortion_has_a_name() {
        for (model, name, parameters) in
            LensModel::ALL.into_iter().filter(|(model, ..)| *model != LensModel::Equirectangular)
        {
            let others = if model.has_one_focal() { 3 } else { 4 };
            assert_eq!(model.distortion_names().split_whitespace().count(), parameters - others, "{name}");
        }
    }

    /// Places by pycolmap 4.2.1, `Camera.img_from_cam` of (0.3, −0.2, 1), in pixels.
    #[test]
    fn every_model_agrees_with_pycolmap() {
        for (model, parameters, x, y) in PLACES {
            let lens = Lens::new(*model, parameters).unwrap();
            let seen = lens.pixel(lens.distort(lens.lay(DVec2::new(0.3, -0.2))));
            assert!((seen - DVec2::new(*x, *y)).length() < 1e-6, "{model:?}: {seen}");
        }
    }

    const PLACES: &[(LensModel, &[f64], f64, f64)] = &[
        (LensModel::SimplePinhole, &[500.0, 320.0, 240.0], 470.000000000, 140.000000000),
        (LensModel::Pinhole, &[500.0, 510.0, 320.0, 240.0], 470.000000000, 138.000000000),
        (LensModel::SimpleRadial, &[500.0, 320.0, 240.0, -0.2], 466.100000000, 142.600000000),
        (LensModel::Radial, &[500.0, 320.0, 240.0, -0.2, 0.05], 466.226750000, 142.515500000),
        (LensModel::OpenCv, &[500.0, 510.0, 320.0, 240.0, -0.2, 0.05, 0.001, -0.002], 465.856750000, 140.795310000),
        (
            LensModel::OpenCvFisheye,
            &[500.0, 510.0, 320.0, 240.0, 0.03, -0.012, 0.003, -0.0006],
            464.457361282,
            141.768994328,
        ),
        (
            LensModel::FullOpenCv,
            &[500.0, 510.0, 320.0, 240.0, 0.21, -0.05, 0.0011, -0.0007, 0.004, 0.3, -0.04, 0.002],
            468.111503821,
            139.326167402,
        ),
        (LensModel::Fov, &[500.0, 510.0, 320.0, 240.0, 0.9], 474.942377154, 134.639183535),
        (LensModel::SimpleRadialFisheye, &[500.0, 320.0, 240.0, 0.03], 464.481410258, 143.679059828),
        (LensModel::RadialFisheye, &[500.0, 320.0, 240.0, 0.03, -0.01], 464.460766223, 143.692822518),
        (
            LensModel::ThinPrismFisheye,
            &[500.0, 510.0, 320.0, 240.0, 0.03, -0.012, 0.0011, -0.0007, 0.003, -0.0006, 0.0012, -0.0008],
            464.368471065,
            141.868118434,
        ),
        (
            LensModel::RadTanThinPrismFisheye,
            &[
                500.0, 510.0, 320.0, 240.0, 0.38, -0.37, -0.06, 0.6, -0.6, 0.2, 0.002, 0.006, 0.005, -0.001, 0.004,
                -0.002,
            ],
            470.017990204,
            138.934125143,
        ),
        (LensModel::SimpleDivision, &[500.0, 320.0, 240.0, -0.3], 464.566162418, 143.622558388),
        (LensModel::Division, &[500.0, 510.0, 320.0, 240.0, 0.2], 474.117023185, 135.200424234),
        (LensModel::SimpleFisheye, &[500.0, 320.0, 240.0], 463.964225351, 144.023849766),
        (LensModel::Fisheye, &[500.0, 510.0, 320.0, 240.0], 463.964225351, 142.104326762),
        (LensModel::Eucm, &[500.0, 510.0, 320.0, 240.0, 0.6, 1.1], 464.027597735, 142.061233540),
        (LensModel::Equirectangular, &[640.0, 320.0], 349.687545305, 140.720888769),
    ];

    #[test]
    fn nerfstudio_has_a_fourth_radial_term() {
        let lens = Lens::new(LensModel::Nerfstudio, &[1.0, 1.0, 0.0, 0.0, 0.1, 0.2, 0.01, 0.02, 0.3, 0.4]).unwrap();
        // r² = 0.25: 1 + 0.025 + 0.0125 + 0.0046875 + 0.0015625; tangential as in `opencv_by_hand`.
        let expected = DVec2::new(0.4 * 1.043_75 + 0.002_4 + 0.011_4, 0.3 * 1.043_75 + 0.004_3 + 0.004_8);
        let seen = lens.distort(DVec2::new(0.4, 0.3));
        assert!((seen - expected).length() < 1e-12, "{seen}");
        assert_eq!(lens.model().name(), "OPENCV");
    }

    #[test]
    fn opencv_by_hand() {
        let lens = Lens::new(LensModel::OpenCv, &[1.0, 1.0, 0.0, 0.0, 0.1, 0.01, 0.002, 0.003]).unwrap();
        // r² = 0.25: radial 1.025625; tangential (2·0.002·0.12 + 0.003·0.57, 0.002·0.43 + 2·0.003·0.12) with y = 0.3
        let seen = lens.pixel(lens.distort(DVec2::new(0.4, 0.3)));
        let expected = DVec2::new(0.4 * 1.025_625 + 0.000_48 + 0.001_71, 0.3 * 1.025_625 + 0.000_86 + 0.000_72);
        assert!((seen - expected).length() < 1e-12, "{seen}");
    }
}
