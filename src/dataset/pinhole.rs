//! The pinhole that takes the place of a lens.
//!
//! It keeps focal lengths and principal direction. Its picture is as large as can be without a pixel that the lens did
//! not see (but no side shrinks below a fifth or grows beyond the double), which is what COLMAP's `image_undistorter`
//! chooses when no options are given, so that results can be compared.

use glam::DVec2;

use super::lens::Lens;
use crate::camera::Intrinsics;

/// Limits of a side's growth.
const SCALES: std::ops::RangeInclusive<f64> = 0.2..=2.0;

/// How a picture was taken, and the pinhole that stands in for the lens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    pub(super) lens: Lens,
    /// Width and height for which the lens's parameters hold, pixels.
    pub(super) size: [u32; 2],
    pub(super) pinhole: Intrinsics,
    pub(super) pinhole_size: [u32; 2],
}

impl Taken {
    pub(super) fn new(lens: Lens, size: [u32; 2]) -> Self {
        let (pinhole, pinhole_size) =
            if lens.is_pinhole() { (lens.intrinsics, size) } else { without_blank_pixels(&lens, size) };
        Self { lens, size, pinhole, pinhole_size }
    }
}

/// Innermost places of the four borders after straightening: left and upper are maxima, right and lower minima.
struct Borders {
    low: DVec2,
    high: DVec2,
}

fn borders(lens: &Lens, [width, height]: [u32; 2]) -> Borders {
    let (right, bottom) = (f64::from(width) - 0.5, f64::from(height) - 0.5);
    let Intrinsics { fx, fy, cx, cy } = lens.intrinsics;
    // What came from beside or behind is at no place of any pinhole's picture.
    let straight = |x: f64, y: f64| lens.unproject(DVec2::new(x, y)).map(|p| DVec2::new(fx * p.x + cx, fy * p.y + cy));
    let mut found = Borders { low: DVec2::NEG_INFINITY, high: DVec2::INFINITY };
    for y in (0..height).map(|row| f64::from(row) + 0.5) {
        found.low.x = straight(0.5, y).map_or(found.low.x, |p| found.low.x.max(p.x));
        found.high.x = straight(right, y).map_or(found.high.x, |p| found.high.x.min(p.x));
    }
    for x in (0..width).map(|column| f64::from(column) + 0.5) {
        found.low.y = straight(x, 0.5).map_or(found.low.y, |p| found.low.y.max(p.y));
        found.high.y = straight(x, bottom).map_or(found.high.y, |p| found.high.y.min(p.y));
    }
    found
}

fn without_blank_pixels(lens: &Lens, size: [u32; 2]) -> (Intrinsics, [u32; 2]) {
    let Borders { low, high } = borders(lens, size);
    let Intrinsics { fx, fy, cx, cy } = lens.intrinsics;
    let side = |centre: f64, low: f64, high: f64, side: u32| {
        let length = f64::from(side);
        // How much wider the old picture is than the straightened borders, on the side where that is most.
        let excess = (centre / (centre - low)).max((length - 0.5 - centre) / (high - centre));
        let scale = 1.0 / excess;
        let scale = if scale.is_nan() { 1.0 } else { scale.clamp(*SCALES.start(), *SCALES.end()) };
        let new = (scale * length).floor().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most twice a side")]
        (centre * new / length, new as u32)
    };
    let (cx, width) = side(cx, low.x, high.x, size[0]);
    let (cy, height) = side(cy, low.y, high.y, size[1]);
    (Intrinsics { fx, fy, cx, cy }, [width, height])
}

#[cfg(test)]
mod tests {
    use super::super::lens::LensModel;
    use super::*;

    /// How many places of the border of the pinhole's picture, grown by a factor, the lens did not see.
    fn blank(taken: &Taken, grown: f64) -> usize {
        let Intrinsics { fx, fy, cx, cy } = taken.pinhole;
        let [width, height] = taken.pinhole_size.map(f64::from);
        let corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)].map(DVec2::from);
        let edge = |i: usize| (0..=50).map(move |t| corners[i].lerp(corners[(i + 1) % 4], f64::from(t) / 50.0));
        let seen = (0..4).flat_map(edge).map(|at| {
            let at = (at - DVec2::new(cx, cy)) * grown;
            taken.lens.project(DVec2::new(at.x / fx, at.y / fy))
        });
        let [width, height] = taken.size.map(f64::from);
        seen.filter(|p| !(-0.6..=width + 0.6).contains(&p.x) || !(-0.6..=height + 0.6).contains(&p.y)).count()
    }

    #[test]
    fn nothing_is_blank_and_nothing_is_wasted() {
        for (model, parameters) in [
            (LensModel::SimpleRadial, &[300.0, 160.0, 110.0, -0.15][..]),
            (LensModel::SimpleRadial, &[300.0, 150.0, 120.0, 0.2]),
            (LensModel::OpenCv, &[300.0, 310.0, 170.0, 120.0, -0.2, 0.03, 0.001, -0.002]),
            (LensModel::OpenCvFisheye, &[250.0, 250.0, 160.0, 120.0, 0.02, -0.01, 0.0, 0.0]),
        ] {
            let taken = Taken::new(Lens::new(model, parameters).unwrap(), [320, 240]);
            assert_eq!(blank(&taken, 1.0), 0, "{model:?}");
            assert!(blank(&taken, 1.1) > 0, "{model:?}");
        }
    }

    #[test]
    fn absurd_lenses_give_a_picture_of_bounded_size() {
        for k in [1e300, -1e300, -5.0, 1e3] {
            let lens = Lens::new(LensModel::SimpleRadial, &[30.0, 32.0, 24.0, k]).unwrap();
            let [width, height] = Taken::new(lens, [64, 48]).pinhole_size;
            assert!((12..=128).contains(&width) && (9..=96).contains(&height), "{k}: {width}×{height}");
        }
    }
}
