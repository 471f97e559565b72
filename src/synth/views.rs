//! The cameras of the dataset: once round a dome over the table, high and low in turn.

use std::f64::consts::TAU;

use glam::DVec3;

use super::SynthOptions;
use super::random::Stream;
use crate::camera::Camera;
use crate::dataset::Split;

/// Focal length in widths of the picture: the table fills it from where the cameras stand.
pub(super) const FOCAL_IN_WIDTHS: f64 = 1.15;

/// Mean distance of the cameras from the middle of the table, world units.
pub(super) const DISTANCE: f64 = 5.2;

/// The point near which the cameras look.
const MIDDLE: DVec3 = DVec3::new(0.0, 0.0, 0.3);

/// Lowest and highest elevation above the table, radians.
const ELEVATIONS: (f64, f64) = (0.2, 1.0);

/// A camera of the dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct SynthView {
    /// File name of its picture, `0000.png`: its place on the way round the dome.
    pub name: String,
    /// Whether it is for training or for testing.
    pub split: Split,
    /// The camera.
    pub camera: Camera,
}

impl SynthView {
    /// `train/NAME` or `test/NAME`.
    #[must_use]
    pub fn path(&self) -> String {
        let folder = match self.split {
            Split::Train => "train",
            Split::Test => "test",
        };
        format!("{folder}/{}", self.name)
    }
}

/// All views in the order of their names. Test views are spread evenly among the others.
#[must_use]
pub fn views(options: &SynthOptions) -> Vec<SynthView> {
    let count = options.views + options.test_views;
    let is_test = |i| is_test(i, count, options.test_views);
    let split = |i| if is_test(i) { Split::Test } else { Split::Train };
    (0..count)
        .map(|i| SynthView { name: format!("{i:04}.png"), split: split(i), camera: camera(options, i, count) })
        .collect()
}

/// Whether view `i` of `count` is one of `tests`: the first one and every n-th after it, as readers of COLMAP models hold them
/// back, or, where so many do not fit in equal steps, where the line from (0, 0) to (count, tests) crosses an integer.
fn is_test(i: u32, count: u32, tests: u32) -> bool {
    let step = count.div_ceil(tests.max(1));
    if u64::from(tests.saturating_sub(1)) * u64::from(step) < u64::from(count) {
        return tests > 0 && i.is_multiple_of(step) && i / step < tests;
    }
    let tests_before = |i: u32| u64::from(i) * u64::from(tests) / u64::from(count);
    tests_before(i + 1) > tests_before(i)
}

/// Camera `i` of `count`. Elevations follow the fractional parts of i·√3, so that every n-th camera, for any small n,
/// still sees the scene from all around, high and low.
fn camera(options: &SynthOptions, i: u32, count: u32) -> Camera {
    let mut stream = Stream::of(&[options.seed, u64::from(i), 11]);
    let mut jitter = |size: f64| size * (2.0 * stream.unit() - 1.0);
    let spread = (f64::from(i) * 3f64.sqrt()).fract();
    let (low, high) = ELEVATIONS;
    let azimuth = TAU * (f64::from(i) + jitter(0.3)) / f64::from(count);
    let elevation = low + (high - low) * spread + jitter(0.03);
    let distance = DISTANCE * (1.0 + jitter(0.06));
    let target = MIDDLE + DVec3::new(jitter(0.12), jitter(0.12), jitter(0.06));
    let (sin, cos) = azimuth.sin_cos();
    let direction = DVec3::new(cos * elevation.cos(), sin * elevation.cos(), elevation.sin());
    let focal = FOCAL_IN_WIDTHS * f64::from(options.width);
    Camera::look_at(MIDDLE + distance * direction, target, DVec3::Z, focal, options.width, options.height)
}
