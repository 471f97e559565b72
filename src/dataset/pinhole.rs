//! The pinholes that take the place of a lens.
//!
//! A pinhole keeps the lens's focal lengths and principal direction. Its picture is as large as can be without a pixel that
//! the lens did not see (but no side shrinks below a fifth or grows beyond the double), which is what COLMAP's
//! `image_undistorter` chooses when no options are given, so that results can be compared. A panorama takes six.

use std::sync::Arc;

use glam::{DAffine3, DVec2};

use super::face::Face;
use super::lens::{Lens, LensModel};
use super::monotone::MonotoneLens;
use crate::camera::Intrinsics;

/// Limits of a side's growth.
const SCALES: std::ops::RangeInclusive<f64> = 0.2..=2.0;

/// The difference between a pinhole's picture and the picture of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Optics {
    /// There is none.
    Pinhole,
    /// A lens whose distortion is undone.
    Lens(Arc<MonotoneLens>),
    /// The picture shows all directions, and the pinhole some.
    Panorama(Face, Intrinsics),
}

impl Optics {
    /// Pixel coordinates of the direction (x, y, 1) of the pinhole, `p = (x, y)`; `None` where it was not seen.
    pub(super) fn project(&self, p: DVec2) -> Option<DVec2> {
        match self {
            Self::Pinhole => None,
            Self::Lens(lens) => lens.project(p),
            Self::Panorama(face, panorama) => Some(face.project(p, panorama)),
        }
    }
}

/// A lens, and the pinhole whose picture is made from its picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Undistortion {
    pub(super) lens: Lens,
    /// Width and height for which the lens's parameters hold, pixels.
    pub(super) size: [u32; 2],
    pub(super) optics: Optics,
    pub(super) pinhole: Intrinsics,
    pub(super) pinhole_size: [u32; 2],
    /// Part of the picture's border that the lens shows in no direction.
    pub(super) unseen: f64,
}

impl Undistortion {
    /// The undistortions of a lens: one, or six for a panorama.
    pub(super) fn all(lens: &Lens, size: [u32; 2]) -> Vec<Self> {
        if lens.model() == LensModel::Equirectangular {
            return Face::ALL.map(|face| Self::face(lens, size, face)).to_vec();
        }
        vec![Self::new(lens.clone(), size)]
    }

    pub(super) fn new(lens: Lens, size: [u32; 2]) -> Self {
        let pinhole = lens.intrinsics;
        if lens.is_pinhole() {
            return Self { lens, size, optics: Optics::Pinhole, pinhole, pinhole_size: size, unseen: 0.0 };
        }
        let monotone = MonotoneLens::new(lens.clone());
        let borders = borders(&monotone, size);
        let (pinhole, pinhole_size) = without_blank_pixels(&borders, pinhole, size);
        let unseen = f64::from(borders.unseen) / (2.0 * (f64::from(size[0]) + f64::from(size[1])));
        Self { lens, size, optics: Optics::Lens(Arc::new(monotone)), pinhole, pinhole_size, unseen }
    }

    fn face(lens: &Lens, size: [u32; 2], face: Face) -> Self {
        let side = Face::side(size);
        let half = f64::from(side) / 2.0;
        let pinhole = Intrinsics { fx: half, fy: half, cx: half, cy: half };
        let optics = Optics::Panorama(face, lens.intrinsics);
        Self { lens: lens.clone(), size, optics, pinhole, pinhole_size: [side; 2], unseen: 0.0 }
    }

    /// The pose of the pinhole, given that of the picture.
    pub(super) fn turned(&self, view_from_world: DAffine3) -> DAffine3 {
        match self.optics {
            Optics::Panorama(face, _) => DAffine3::from_mat3(face.face_from_panorama()) * view_from_world,
            Optics::Pinhole | Optics::Lens(_) => view_from_world,
        }
    }

    /// The name of the pinhole's picture, given that of the picture.
    pub(super) fn name(&self, of: &str) -> String {
        match self.optics {
            Optics::Panorama(face, _) => face.name(of),
            Optics::Pinhole | Optics::Lens(_) => of.into(),
        }
    }
}

/// Innermost places of the four borders after straightening: left and upper are maxima, right and lower minima.
struct Borders {
    low: DVec2,
    high: DVec2,
    /// How many pixels of the borders the lens shows in no direction.
    unseen: u32,
}

fn borders(lens: &MonotoneLens, [width, height]: [u32; 2]) -> Borders {
    let (right, bottom) = (f64::from(width) - 0.5, f64::from(height) - 0.5);
    let Intrinsics { fx, fy, cx, cy } = lens.lens().intrinsics;
    let straight = |x: f64, y: f64| lens.straight(DVec2::new(x, y)).map(|p| DVec2::new(fx * p.x + cx, fy * p.y + cy));
    let mut found = Borders { low: DVec2::NEG_INFINITY, high: DVec2::INFINITY, unseen: 0 };
    for y in (0..height).map(|row| f64::from(row) + 0.5) {
        match straight(0.5, y) {
            Some(p) => found.low.x = found.low.x.max(p.x),
            None => found.unseen += 1,
        }
        match straight(right, y) {
            Some(p) => found.high.x = found.high.x.min(p.x),
            None => found.unseen += 1,
        }
    }
    for x in (0..width).map(|column| f64::from(column) + 0.5) {
        match straight(x, 0.5) {
            Some(p) => found.low.y = found.low.y.max(p.y),
            None => found.unseen += 1,
        }
        match straight(x, bottom) {
            Some(p) => found.high.y = found.high.y.min(p.y),
            None => found.unseen += 1,
        }
    }
    found
}

fn without_blank_pixels(borders: &Borders, lens: Intrinsics, size: [u32; 2]) -> (Intrinsics, [u32; 2]) {
    let Borders { low, high, .. } = *borders;
    let Intrinsics { fx, fy, cx, cy } = lens;
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
    fn blank(taken: &Undistortion, grown: f64) -> usize {
        let Intrinsics { fx, fy, cx, cy } = taken.pinhole;
        let [width, height] = taken.pinhole_size.map(f64::from);
        let corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)].map(DVec2::from);
        let edge = |i: usize| (0..=50).map(move |t| corners[i].lerp(corners[(i + 1) % 4], f64::from(t) / 50.0));
        let seen = (0..4).flat_map(edge).map(|at| {
            let at = (at - DVec2::new(cx, cy)) * grown;
            taken.optics.project(DVec2::new(at.x / fx, at.y / fy))
        });
        let [width, height] = taken.size.map(f64::from);
        let is_seen = |p: DVec2| (-0.6..=width + 0.6).contains(&p.x) && (-0.6..=height + 0.6).contains(&p.y);
        seen.filter(|p| !p.is_some_and(is_seen)).count()
    }

    /// A line of the list: a lens, the size of its picture, and the pinhole by pycolmap with its size.
    fn line(line: &str) -> (Lens, [u32; 2], [u32; 2], Vec<f64>) {
        let (taken, pinhole) = line.split_once(" | ").unwrap();
        let (name, taken) = taken.split_once(' ').unwrap();
        let numbers = |text: &str| text.split(' ').map(|word| word.parse().unwrap()).collect::<Vec<f64>>();
        let (taken, pinhole) = (numbers(taken), numbers(pinhole));
        let (model, ..) = LensModel::ALL.iter().find(|(_, known, _)| *known == name).unwrap();
        let size = |numbers: &[f64]| [numbers[0], numbers[1]].map(|side| side.to_string().parse().unwrap());
        (Lens::new(*model, &taken[2..]).unwrap(), size(&taken), size(&pinhole), pinhole[2..].to_vec())
    }

    /// How many pixels the size of a lens's pinhole is from the listed one; focal lengths and principal points have to be
    /// those that belong to the size.
    fn off(text: &str) -> (u32, Undistortion) {
        let (lens, size, expected, numbers) = line(text);
        let taken = Undistortion::new(lens, size);
        let off = (0..2).map(|i| taken.pinhole_size[i].abs_diff(expected[i])).max().unwrap();
        let Intrinsics { fx, fy, cx, cy } = taken.pinhole;
        let tolerances = [1e-6, 1e-6, f64::from(off) + 1e-6, f64::from(off) + 1e-6];
        let found = [fx, fy, cx, cy].into_iter().zip(tolerances);
        let differs = found.zip(&numbers).any(|((ours, tolerance), theirs)| (ours - theirs).abs() > tolerance);
        assert!(!differs, "{text}: {:?}", taken.pinhole);
        (off, taken)
    }

    /// Pinholes of pycolmap 4.2.1, `undistort_camera` with default options; `scripts/compare-with-colmap` makes longer lists. Lines
    /// with a `!` are lenses of which COLMAP takes directions beyond the fold or behind, and makes smaller pictures.
    const BY_PYCOLMAP: &str = include_str!("../../tests/it/dataset/pinholes_by_pycolmap.txt");

    #[test]
    fn pinholes_have_the_sizes_of_pycolmap() {
        let mut models = std::collections::BTreeMap::new();
        for text in BY_PYCOLMAP.lines() {
            let (off, taken) = off(text.trim_start_matches('!'));
            *models.entry(taken.lens.model().name()).or_insert(0) += 1;
            assert_eq!(off > 1, text.starts_with('!'), "{text}: {:?}", taken.pinhole_size);
        }
        assert_eq!(models["SIMPLE_RADIAL"], 54);
        assert_eq!(models.len(), LensModel::ALL.len() - 3, "all but two pinholes and the panorama");
    }

    /// `LAPIDARY_PINHOLES=list cargo test --lib -- --ignored --nocapture pinholes_match_a_list_of_pycolmap`
    #[test]
    #[ignore = "needs a list by pycolmap"]
    fn pinholes_match_a_list_of_pycolmap() {
        let list = std::fs::read_to_string(std::env::var("LAPIDARY_PINHOLES").unwrap()).unwrap();
        let mut models = std::collections::BTreeMap::<&str, [u32; 3]>::new();
        for text in list.lines() {
            let (off, taken) = off(text);
            let column = if off == 0 { 0 } else { 1 + usize::from(off > 1) };
            models.entry(taken.lens.model().name()).or_default()[column] += 1;
            if off > 1 {
                println!("{text} | ours {:?}, {:.0} % of the border unseen", taken.pinhole_size, 100.0 * taken.unseen);
            }
        }
        println!("| model | equal | a pixel off | other |\n|---|---|---|---|");
        for (name, [equal, near, other]) in models {
            println!("| {name} | {equal} | {near} | {other} |");
        }
    }

    /// The leftmost column of such a picture is seen in no direction; the rest of the picture is.
    #[test]
    fn a_lens_of_a_phone_keeps_its_picture() {
        let parameters = [1056.0, 1056.0, 984.0, 526.0, 0.1, -0.2, 0.001, -0.0005];
        let taken = Undistortion::new(Lens::new(LensModel::OpenCv, &parameters).unwrap(), [1920, 1080]);
        assert_eq!(taken.pinhole_size, [2090, 1065], "as COLMAP 4.2.1 makes it");
        assert!(taken.unseen > 0.0 && taken.unseen < 0.5, "{}", taken.unseen);
    }

    /// A pixel of the pinhole that the lens folds onto another direction's pixel was not seen.
    #[test]
    fn wide_pinholes_show_nothing_twice() {
        let taken = Undistortion::new(
            Lens::new(LensModel::SimpleRadial, &[1152.0, 960.0, 540.0, -0.25]).unwrap(),
            [1920, 1080],
        );
        assert_eq!(taken.pinhole_size, [3840, 1150]);
        let fold = 1152.0 * (4.0f64 / 3.0).sqrt();
        for (at, is_seen) in [(0.0, true), (fold - 1.0, true), (fold + 1.0, false), (1900.0, false)] {
            assert_eq!(taken.optics.project(DVec2::new(at / 1152.0, 0.0)).is_some(), is_seen, "{at}");
        }
    }

    #[test]
    fn nothing_is_blank_and_nothing_is_wasted() {
        for (model, parameters) in [
            (LensModel::SimpleRadial, &[300.0, 160.0, 110.0, -0.15][..]),
            (LensModel::SimpleRadial, &[300.0, 150.0, 120.0, 0.2]),
            (LensModel::OpenCv, &[300.0, 310.0, 170.0, 120.0, -0.2, 0.03, 0.001, -0.002]),
            (LensModel::OpenCvFisheye, &[250.0, 250.0, 160.0, 120.0, 0.02, -0.01, 0.0, 0.0]),
        ] {
            let taken = Undistortion::new(Lens::new(model, parameters).unwrap(), [320, 240]);
            assert_eq!(blank(&taken, 1.0), 0, "{model:?}");
            assert!(blank(&taken, 1.1) > 0, "{model:?}");
        }
    }

    #[test]
    fn absurd_lenses_give_a_picture_of_bounded_size() {
        for k in [1e300, -1e300, -5.0, 1e3] {
            let lens = Lens::new(LensModel::SimpleRadial, &[30.0, 32.0, 24.0, k]).unwrap();
            let [width, height] = Undistortion::new(lens, [64, 48]).pinhole_size;
            assert!((12..=128).contains(&width) && (9..=96).contains(&height), "{k}: {width}×{height}");
        }
    }
}
