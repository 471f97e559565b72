//! Compares a render with another picture from the same camera: a photograph, or the render of a second scene.

use std::time::Duration;

use crate::image::quantise;
use crate::kernels;
use crate::metrics::{self, FULL_DIFFERENCE};

/// The parts of a render and another picture that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ComparisonMode {
    /// Only the render.
    #[default]
    Own,
    /// Only the other picture.
    Other,
    /// The render on the left of a line, the other picture on its right.
    Split,
    /// The difference of both.
    Difference,
    /// Both in turn.
    Flicker,
}

/// The time for which either picture is seen while both alternate.
const FLICKER: Duration = Duration::from_millis(250);

impl ComparisonMode {
    /// All modes, in the order in which a key walks through them.
    pub(crate) const ALL: [Self; 5] = [Self::Own, Self::Other, Self::Split, Self::Difference, Self::Flicker];

    /// Returns the mode after this one; the first comes after the last.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|mode| *mode == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// Returns the name of the mode, where the two pictures have these names.
    #[must_use]
    pub(crate) const fn name(self, [own, other]: [&str; 2]) -> &str {
        match self {
            Self::Own => own,
            Self::Other => other,
            Self::Split => "split",
            Self::Difference => "difference",
            Self::Flicker => "flicker",
        }
    }

    /// Returns the part of the width from which on the other picture is seen, a time after the mode was chosen; nothing where
    /// the difference of both is.
    #[must_use]
    pub(crate) fn other_from(self, split: f32, elapsed: Duration) -> Option<f32> {
        match self {
            Self::Own => Some(1.0),
            Self::Other => Some(0.0),
            Self::Split => Some(split),
            Self::Difference => None,
            Self::Flicker if (elapsed.as_millis() / FLICKER.as_millis()).is_multiple_of(2) => Some(0.0),
            Self::Flicker => Some(1.0),
        }
    }

    /// Returns the time until another picture is to be shown, though nothing changes; nothing where none is.
    #[must_use]
    pub(crate) fn next_change(self, elapsed: Duration) -> Option<Duration> {
        let since = Duration::from_nanos((elapsed.as_nanos() % FLICKER.as_nanos()).try_into().unwrap_or(0));
        (self == Self::Flicker).then(|| FLICKER.saturating_sub(since))
    }
}

/// The factor that differences are drawn with.
pub(crate) const GAIN: f32 = 1.0 / FULL_DIFFERENCE;

/// Returns a picture of the differences, and the peak signal-to-noise ratio in dB; `None` if the sizes differ.
#[must_use]
pub(crate) fn difference(render: &[[u8; 4]], other: &[[u8; 4]]) -> Option<(Vec<[u8; 4]>, f64)> {
    if render.len() != other.len() || render.is_empty() {
        return None;
    }
    let mut squares = 0u64;
    let pixels = render.iter().zip(other).map(|(a, b)| {
        let apart = [0, 1, 2].map(|channel| u64::from(a[channel].abs_diff(b[channel])));
        squares += apart.iter().map(|apart| apart * apart).sum::<u64>();
        let colour = |pixel: &[u8; 4]| [0, 1, 2].map(|channel| f32::from(pixel[channel]) / 255.0);
        ramp(GAIN * metrics::difference(colour(a), colour(b)))
    });
    let pixels = pixels.collect();
    let mean = squares as f64 / (render.len() * 3) as f64 / (255.0 * 255.0);
    Some((pixels, metrics::psnr(mean)))
}

/// Returns a colour of the ramp that depths and counts have too.
#[must_use]
pub(crate) fn ramp(value: f32) -> [u8; 4] {
    let [r, g, b] = kernels::ramp(value).map(quantise);
    [r, g, b, 255]
}

/// Returns the position of the line of a split after a drag, as a part of the width at which both sides can be seen.
#[must_use]
pub(crate) fn split_at(pointer: f32, left: f32, width: f32) -> f32 {
    if width <= 0.0 || !pointer.is_finite() {
        return 0.5;
    }
    ((pointer - left) / width).clamp(0.02, 0.98)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_by_hand() {
        let (grey, off) = ([100, 100, 100, 255], [100, 110, 100, 255]);
        let (pixels, psnr) = difference(&[grey, grey], &[grey, off]).unwrap();
        assert_eq!(pixels[0], ramp(0.0));
        assert_eq!(pixels[1], ramp(GAIN * metrics::difference([0.0, 100.0 / 255.0, 0.0], [0.0, 110.0 / 255.0, 0.0])));
        let mean: f64 = 100.0 / 6.0 / (255.0 * 255.0);
        assert!((psnr + 10.0 * mean.log10()).abs() < 1e-9);
        assert_eq!(difference(&[grey], &[grey]).unwrap().1, f64::INFINITY);
        assert!(difference(&[grey], &[grey, grey]).is_none() && difference(&[], &[]).is_none());
    }

    #[test]
    fn the_split_stays_in_the_picture() {
        assert_eq!(split_at(150.0, 100.0, 200.0), 0.25);
        assert_eq!(split_at(-5.0, 100.0, 200.0), 0.02);
        assert_eq!(split_at(999.0, 100.0, 200.0), 0.98);
        assert_eq!(split_at(f32::NAN, 0.0, 10.0), 0.5);
        assert_eq!(split_at(1.0, 0.0, 0.0), 0.5);
    }

    #[test]
    fn the_first_mode_comes_after_the_last() {
        let mut mode = ComparisonMode::Own;
        for _ in ComparisonMode::ALL {
            mode = mode.next();
        }
        assert_eq!(mode, ComparisonMode::Own);
    }

    #[test]
    fn both_pictures_are_seen_twice_a_second_while_they_alternate() {
        let at = Duration::from_millis;
        let seen = [0, 249, 250, 499, 500, 750].map(|ms| ComparisonMode::Flicker.other_from(0.3, at(ms)));
        assert_eq!(seen, [0.0, 0.0, 1.0, 1.0, 0.0, 1.0].map(Some));
        assert_eq!(ComparisonMode::Flicker.next_change(at(640)), Some(at(110)));
        let others = [ComparisonMode::Own, ComparisonMode::Other, ComparisonMode::Split, ComparisonMode::Difference];
        assert_eq!(others.map(|mode| mode.next_change(at(640))), [None; 4], "nothing changes by itself");
        assert_eq!(others.map(|mode| mode.other_from(0.3, at(250))), [Some(1.0), Some(0.0), Some(0.3), None]);
    }
}
