//! What may be wrong about photographs: each is measured against the render of its camera and against the other photographs.
//!
//! A fault is a suspicion, with the number that it rests on. The measures are simple on purpose: the variance of the
//! Laplacian for sharpness, the median ratio of values for exposure, and for the pose the shift that brings the render closest
//! to the photograph. Exposure and pose count only where they explain a part of the difference: a scene that is wrong before
//! a camera differs as well.

use std::fmt;

use super::ground_truth::Evaluated;
use crate::dataset::Split;
use crate::image::Image;
use crate::metrics::difference;
use crate::real::median;

/// Longest side that measures are taken at, pixels: grain of the sensor is averaged out, blur and wrong poses stay.
const MAX_SIDE: usize = 1024;

/// Longest side that the search for a shift begins with, pixels, and how far it looks there.
const COARSE_SIDE: usize = 128;
const COARSE_REACH: isize = 6;

/// Fewest photographs among which one can stand out.
const MIN_PHOTOGRAPHS: usize = 4;

/// A photograph is blurred where its sharpness is below this part of that of the others, by itself and against its render.
const BLURRED: f64 = 0.5;

/// Gains outside of this range and its inverse are an exposure of its own: a third of a stop in sRGB values.
const LEAST_GAIN: f64 = 0.9;

/// Shortest shift that counts, pixels of the measured size.
const MIN_SHIFT: f64 = 2.0;

/// Most of the difference that a gain or a shift may leave, so that it explains the rest.
const MAX_LEFT: f64 = 0.85;

/// Values that are neither black nor burnt out, whose ratios tell the exposure.
const EXPOSED: std::ops::Range<f32> = 0.05..0.95;

/// A photograph measured against the render of its camera.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredPhotograph {
    /// The name of the view in the dataset.
    pub name: String,
    /// Whether the photograph is trained on or held out.
    pub split: Split,
    /// The loss of the training for this view: a weighted sum of L1 and 1 − SSIM.
    pub loss: f64,
    /// The variance of the Laplacian of photograph and render, grey values in 0..=1.
    pub sharpness: [f64; 2],
    /// The factor from the values of the render to those of the photograph.
    pub gain: f64,
    /// The part of the mean difference that is left after that gain.
    left_by_gain: f64,
    /// The shift of the render, to the right and down, that brings it closest to the photograph; pixels of the photograph.
    pub shift: [f64; 2],
    /// The length of that shift, pixels of the size that was measured at.
    shift_length: f64,
    /// The part of the mean difference that is left after the shift.
    left_by_shift: f64,
}

/// A fault that is suspected of a photograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PhotographFault {
    /// The photograph is blurred: its sharpness is this part of what is usual in this capture.
    Blur(f64),
    /// The photograph is exposed otherwise than the others: its values are this many times as high.
    Exposure(f64),
    /// The camera does not stand where its pose says: the picture is shifted by so many pixels, to the right and down.
    Pose([f64; 2]),
}

impl fmt::Display for PhotographFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blur(part) => write!(out, "blur: {:.0} % of the usual sharpness", 100.0 * part),
            Self::Exposure(gain) => {
                let how = if *gain < 1.0 { "darker" } else { "brighter" };
                write!(out, "exposure: {how} than the others, {gain:.2} times the values")
            }
            Self::Pose([right, down]) => write!(out, "pose: {:.0} pixels off", right.hypot(*down)),
        }
    }
}

impl MeasuredPhotograph {
    /// Measures a photograph, the ground truth of a view.
    ///
    /// * `ssim_weight` — w in the loss `(1 − w)·L1 + w·(1 − SSIM)`
    #[must_use]
    pub fn of(view: &Evaluated, split: Split, ssim_weight: f64) -> Self {
        let pixels = view.image.data.as_chunks().0.iter().zip(view.truth.data.as_chunks().0);
        let l1 = pixels.map(|(a, b)| f64::from(difference(*a, *b))).sum::<f64>();
        let l1 = l1 / (view.truth.width * view.truth.height).max(1) as f64;
        let [truth, render] = [&view.truth, &view.image].map(|image| Grey::of(image).at_most(MAX_SIDE));
        let gain = gain(&truth, &render);
        let corrected = render.times(gain);
        let left_by_gain = part(truth.difference(&corrected, [0; 2], 0), truth.difference(&render, [0; 2], 0));
        let (shift, left_by_shift) = shift(&truth, &corrected);
        let scale = view.truth.width as f64 / truth.width.max(1) as f64;
        let shift = shift.map(|pixels| pixels as f64);
        Self {
            name: view.name.clone(),
            split,
            loss: (1.0 - ssim_weight) * l1 + ssim_weight * (1.0 - view.metrics.ssim),
            sharpness: [truth.sharpness(), render.sharpness()],
            gain,
            left_by_gain,
            shift: shift.map(|pixels| pixels * scale),
            shift_length: shift[0].hypot(shift[1]),
            left_by_shift,
        }
    }

    /// The sharpness of the photograph over that of its render, which tells how much detail there is to be seen.
    fn relative_sharpness(&self) -> f64 {
        part(self.sharpness[0], self.sharpness[1])
    }
}

/// The faults that are suspected of each photograph. Sharpness and exposure are compared with the medians of all of them, where
/// there are at least four.
#[must_use]
pub fn photograph_faults(photographs: &[MeasuredPhotograph]) -> Vec<Vec<PhotographFault>> {
    let usual = |of: fn(&MeasuredPhotograph) -> f64| {
        median(photographs.iter().map(of)).filter(|_| photographs.len() >= MIN_PHOTOGRAPHS)
    };
    let sharpness = usual(|photograph| photograph.sharpness[0]);
    let relative_sharpness = usual(MeasuredPhotograph::relative_sharpness);
    let usual_gain = usual(|photograph| photograph.gain).unwrap_or(1.0);
    let faults = |photograph: &MeasuredPhotograph| {
        let alone = sharpness.map_or(1.0, |usual| part(photograph.sharpness[0], usual));
        let against = relative_sharpness.map_or(1.0, |usual| part(photograph.relative_sharpness(), usual));
        let gain = photograph.gain / usual_gain;
        let is_usual = (LEAST_GAIN..=1.0 / LEAST_GAIN).contains(&gain) || photograph.left_by_gain > MAX_LEFT;
        let is_shifted = photograph.shift_length >= MIN_SHIFT && photograph.left_by_shift <= MAX_LEFT;
        let found = [
            (alone.max(against) < BLURRED).then_some(PhotographFault::Blur(alone.max(against))),
            (!is_usual).then_some(PhotographFault::Exposure(gain)),
            is_shifted.then_some(PhotographFault::Pose(photograph.shift)),
        ];
        found.into_iter().flatten().collect()
    };
    photographs.iter().map(faults).collect()
}

/// A number as a part of another one; all of it where that is zero.
fn part(value: f64, of: f64) -> f64 {
    if of > 0.0 { value / of } else { 1.0 }
}

/// Grey values of a picture, row-major.
struct Grey {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Grey {
    fn of(image: &Image) -> Self {
        let grey = |rgb: &[f32; 3]| {
            let [r, g, b] = rgb.map(|channel| channel.clamp(0.0, 1.0));
            0.299 * r + 0.587 * g + 0.114 * b
        };
        Self { width: image.width, height: image.height, values: image.data.as_chunks().0.iter().map(grey).collect() }
    }

    fn longest(&self) -> usize {
        self.width.max(self.height)
    }

    /// The means of blocks of two by two pixels.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let block = |x: usize, y: usize| {
            let row = |y: usize| self.values[y * self.width + 2 * x] + self.values[y * self.width + 2 * x + 1];
            (row(2 * y) + row(2 * y + 1)) / 4.0
        };
        let values = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| block(x, y)).collect();
        Self { width, height, values }
    }

    fn at_most(self, side: usize) -> Self {
        let mut grey = self;
        while grey.longest() > side {
            grey = grey.halved();
        }
        grey
    }

    fn times(&self, factor: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "grey values are f32")]
        let factor = factor as f32;
        Self { values: self.values.iter().map(|value| value * factor).collect(), ..*self }
    }

    /// The variance of the Laplacian over four neighbours.
    fn sharpness(&self) -> f64 {
        if self.width < 3 || self.height < 3 {
            return 0.0;
        }
        let laplacian = |x: usize, y: usize| {
            let at = y * self.width + x;
            let around =
                self.values[at - 1] + self.values[at + 1] + self.values[at - self.width] + self.values[at + self.width];
            f64::from(4.0 * self.values[at] - around)
        };
        let inner = (1..self.height - 1).flat_map(|y| (1..self.width - 1).map(move |x| (x, y)));
        let (mut sum, mut squares) = (0.0, 0.0);
        for value in inner.map(|(x, y)| laplacian(x, y)) {
            (sum, squares) = (sum + value, squares + value * value);
        }
        let count = ((self.width - 2) * (self.height - 2)) as f64;
        squares / count - (sum / count).powi(2)
    }

    /// The mean difference from another picture that is shifted right and down, over all but a border of so many pixels.
    fn difference(&self, other: &Self, [right, down]: [isize; 2], border: usize) -> f64 {
        let mut sum = 0.0;
        let columns = border..self.width - border;
        for y in border..self.height - border {
            let row = &self.values[y * self.width + columns.start..y * self.width + columns.end];
            let start = (y.saturating_add_signed(-down)) * self.width + columns.start.saturating_add_signed(-right);
            let shifted = &other.values[start..start + row.len()];
            sum += row.iter().zip(shifted).map(|(a, b)| (a - b).abs()).sum::<f32>() as f64;
        }
        sum / ((self.width - 2 * border) * (self.height - 2 * border)).max(1) as f64
    }
}

/// The factor between pictures: the median over the pixels that are well exposed in both, so that holes of the scene do not
/// count.
fn gain(truth: &Grey, render: &Grey) -> f64 {
    let pairs = truth.values.iter().zip(&render.values);
    let exposed = pairs.filter(|(truth, render)| EXPOSED.contains(truth) && EXPOSED.contains(render));
    let ratios: Vec<f64> = exposed.map(|(truth, render)| f64::from(truth / render)).collect();
    let is_known = 100 * ratios.len() >= truth.values.len();
    median(ratios.into_iter()).filter(|_| is_known).unwrap_or(1.0)
}

/// The shift of the render in pixels that brings it closest to the photograph, and the part of the difference that is left. The
/// search goes from coarse to fine; small pictures are not searched.
fn shift(truth: &Grey, render: &Grey) -> ([isize; 2], f64) {
    let copy = |grey: &Grey| Grey { values: grey.values.clone(), ..*grey };
    let mut levels = vec![(copy(truth), copy(render))];
    while let Some((truth, render)) = levels.last().filter(|(truth, _)| truth.longest() > COARSE_SIDE) {
        levels.push((truth.halved(), render.halved()));
    }
    let (mut best, mut left) = ([0, 0], 1.0);
    for (level, (truth, render)) in levels.iter().enumerate().rev() {
        let reach = if level + 1 == levels.len() { COARSE_REACH } else { 1 };
        let start: [isize; 2] = if level + 1 == levels.len() { [0, 0] } else { best.map(|pixels| 2 * pixels) };
        let furthest = start.iter().map(|pixels| pixels.unsigned_abs()).max().unwrap_or(0);
        let border = furthest + reach.unsigned_abs();
        if 4 * border > truth.width.min(truth.height) {
            return ([0, 0], 1.0);
        }
        let around = (-reach..=reach).flat_map(|x| (-reach..=reach).map(move |y| [start[0] + x, start[1] + y]));
        let measured = around.map(|shift| (truth.difference(render, shift, border), shift));
        // Of equal ones the shortest, as where all pixels are equal.
        let length = |[right, down]: [isize; 2]| right * right + down * down;
        let shorter = |a: [isize; 2], b: [isize; 2]| length(a).cmp(&length(b));
        let least = measured.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| shorter(a.1, b.1)));
        let Some((least, shift)) = least else { continue };
        let unshifted = truth.difference(render, [0, 0], border);
        (best, left) = (shift, part(least, unshifted));
    }
    (best, left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ImageMetrics;

    /// A picture of rings around a point, brighter by a factor.
    fn rings(centre: [f32; 2], factor: f32) -> Image {
        let value = |x: usize, y: usize| {
            let distance = (x as f32 - centre[0]).hypot(y as f32 - centre[1]);
            factor * (0.5 + 0.25 * (distance * 0.35).sin() * (-distance / 40.0).exp() + 0.001 * (x + y) as f32)
        };
        let pixels = (0..96).flat_map(|y| (0..128).map(move |x| (x, y)));
        Image::new(128, 96, pixels.flat_map(|(x, y)| [value(x, y); 3]).collect())
    }

    fn measured(render: &Image, truth: &Image) -> MeasuredPhotograph {
        let metrics = ImageMetrics::of(render, truth);
        let view = Evaluated { name: "a".into(), image: render.clone(), truth: truth.clone(), metrics };
        MeasuredPhotograph::of(&view, Split::Train, 0.2)
    }

    #[test]
    fn a_shift_and_a_gain_are_found() {
        let render = rings([60.0, 50.0], 1.0);
        let same = measured(&render, &render);
        assert_eq!((same.shift, same.gain, same.loss), ([0.0; 2], 1.0, 0.0));
        let shifted = measured(&render, &rings([65.0, 47.0], 1.0));
        assert_eq!(shifted.shift, [5.0, -3.0]);
        assert!(shifted.left_by_shift < 0.2, "{shifted:?}");
        let darker = measured(&render, &rings([60.0, 50.0], 0.7));
        assert!((darker.gain - 0.7).abs() < 1e-3 && darker.shift == [0.0; 2], "{darker:?}");
        assert!((darker.loss - 0.8 * 0.3 * 0.53).abs() < 0.05, "{darker:?}");
    }

    #[test]
    fn one_photograph_among_several_stands_out() {
        let render = rings([60.0, 50.0], 1.0);
        let mut photographs = vec![measured(&render, &render); 4];
        photographs[1].sharpness[0] *= 0.2;
        (photographs[2].gain, photographs[2].left_by_gain) = (1.4, 0.5);
        let turned = &mut photographs[3];
        (turned.shift, turned.shift_length, turned.left_by_shift) = ([3.0, 4.0], 5.0, 0.5);
        let texts: Vec<Vec<String>> = photograph_faults(&photographs)
            .iter()
            .map(|faults| faults.iter().map(ToString::to_string).collect())
            .collect();
        assert!(texts[0].is_empty());
        assert_eq!(texts[1], ["blur: 20 % of the usual sharpness"]);
        assert_eq!(texts[2], ["exposure: brighter than the others, 1.40 times the values"]);
        assert_eq!(texts[3], ["pose: 5 pixels off"]);
        assert!(photograph_faults(&photographs[1..2])[0].is_empty(), "there is nothing to compare it with");
        for wrong in 2..4 {
            (photographs[wrong].left_by_gain, photographs[wrong].left_by_shift) = (0.9, 0.9);
            assert!(photograph_faults(&photographs)[wrong].is_empty(), "what explains nothing is no reason");
        }
        // A photograph of something plain has a plain render as well.
        (photographs[0].sharpness, photographs[1].sharpness[0]) = (photographs[0].sharpness.map(|s| 0.1 * s), 1.0);
        assert!(photograph_faults(&photographs)[0].is_empty());
    }

    #[test]
    fn tiny_and_black_pictures_have_no_faults() {
        for side in [1, 2, 5, 31] {
            let black = Image::filled(side, side, [0.0; 3]);
            let found = measured(&black, &Image::filled(side, side, [1.0; 3]));
            assert_eq!((found.shift, found.gain), ([0.0; 2], 1.0));
            assert!(photograph_faults(&vec![found; 5]).iter().all(Vec::is_empty));
        }
    }
}
