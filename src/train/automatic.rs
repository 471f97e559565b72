//! The budget where none is given: it follows from what the pictures hold.

use rayon::prelude::*;

use super::TrainOptions;
use super::warnings::looks;
use crate::dataset::{DatasetError, Picture, PictureCache, Split};
use crate::real::to_u32;
use crate::scene::row_widths;
use crate::text::counted;

/// Convexes over the pixels of detail of a picture. Source: docs/training.md, "Budget".
const BUDGET_PER_PIXEL: f64 = 1.0;

/// The smallest and the largest budget.
const LEAST: f64 = 1000.0;
const MOST: f64 = 1e6;

/// Largest difference of a channel between pixels that count as one colour.
const ONE_COLOUR: u8 = 2;

/// A number of convexes that follows from the pictures of a dataset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutomaticBudget {
    /// The number of convexes.
    pub max_convexes: u32,
    /// The number of pictures that are trained on.
    num_views: usize,
    /// The pixels of all these pictures that count and are no part of an even surface.
    num_pixels: f64,
}

impl AutomaticBudget {
    /// Chooses a budget for the views that are trained on; `None` for a strategy that does not aim at a number. Decodes a few
    /// pictures.
    ///
    /// # Errors
    /// [`DatasetError`] when a picture cannot be decoded.
    pub fn choose(pictures: &PictureCache, options: &TrainOptions) -> Result<Option<Self>, DatasetError> {
        if !options.strategy.strategy().aims_at_budget() {
            return Ok(None);
        }
        let dataset = pictures.dataset();
        let views: Vec<usize> = dataset.indices(Split::Train).collect();
        let parts = looks(&views).into_par_iter().map(|view| Ok(detailed_part(&*pictures.get(view)?)));
        let parts = parts.collect::<Result<Vec<f64>, DatasetError>>()?;
        let part = parts.iter().sum::<f64>() / parts.len().max(1) as f64;
        let num_pixels: u64 = views.iter().map(|view| dataset.views[*view].num_pixels()).sum();
        Ok(Some(Self::of(views.len(), part * num_pixels as f64, options.points_per_convex)))
    }

    /// One convex for every pixel of detail of the mean picture, but together no more numbers than all pictures hold.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a million")]
    fn of(num_views: usize, num_pixels: f64, points_per_convex: usize) -> Self {
        let numbers_per_convex: usize = row_widths(points_per_convex).into_array().into_iter().sum();
        let by_picture = BUDGET_PER_PIXEL * num_pixels / num_views.max(1) as f64;
        let by_numbers = 3.0 * num_pixels / numbers_per_convex as f64;
        Self { max_convexes: by_picture.min(by_numbers).clamp(LEAST, MOST) as u32, num_views, num_pixels }
    }

    /// The same with room for a scene of so many convexes.
    #[must_use]
    pub fn with_room_for(self, num_convexes: usize) -> Self {
        Self { max_convexes: self.max_convexes.max(to_u32(num_convexes)), ..self }
    }
}

impl std::fmt::Display for AutomaticBudget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { max_convexes, num_views, num_pixels } = self;
        let detail = num_pixels / (*num_views).max(1) as f64;
        let convexes = counted(*max_convexes as usize, "convex");
        let pictures = counted(*num_views, "image");
        write!(formatter, "at most {convexes}, chosen for {pictures} with {detail:.0} pixels of detail each")
    }
}

/// The part of a picture's pixels that are detail: they count, and differ from the pixel to the right or below.
fn detailed_part(picture: &Picture) -> f64 {
    let width = picture.width as usize;
    let differs = |a: [u8; 4], b: [u8; 4]| (0..3).any(|channel| a[channel].abs_diff(b[channel]) > ONE_COLOUR);
    let is_detail = |(index, pixel): (usize, &[u8; 4])| {
        let right = picture.pixels.get(index + 1).filter(|_| (index + 1) % width != 0);
        let below = picture.pixels.get(index + width);
        pixel[3] > 127 && right.into_iter().chain(below).any(|other| differs(*pixel, *other))
    };
    let number = picture.pixels.iter().enumerate().filter(|pixel| is_detail(*pixel)).count();
    number as f64 / picture.pixels.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_surfaces_and_masked_pixels_hold_nothing() {
        let picture = |pixel: fn(u32, u32) -> [u8; 4]| {
            let pixels = (0..10).flat_map(|y| (0..10).map(move |x| pixel(x, y))).collect();
            detailed_part(&Picture { width: 10, height: 10, pixels })
        };
        assert!(picture(|_, _| [9, 9, 9, 255]).abs() < 1e-9);
        let noise = |x: u32, y: u32| [if (x + y).is_multiple_of(2) { 10 } else { 20 }, 0, 0, 255];
        assert!((picture(noise) - 0.99).abs() < 1e-9, "the last pixel has nothing beside it");
        let masked =
            |x: u32, y: u32| [if (x + y).is_multiple_of(2) { 10 } else { 20 }, 0, 0, if x < 5 { 255 } else { 0 }];
        assert!((picture(masked) - 0.5).abs() < 1e-9);
        // Right of the last column is the first one of the next row.
        assert!(picture(|x, _| [if x == 0 { 99 } else { 0 }, 0, 0, 255]) < 0.11);
    }

    #[test]
    fn a_budget_grows_with_the_pictures_within_bounds() {
        let of = |num_views, num_pixels| AutomaticBudget::of(num_views, num_pixels, 6).max_convexes;
        assert_eq!((of(0, 0.0), of(100, 100.0 * 5000.0), of(100, 1e12)), (1000, 5000, 1_000_000));
        assert_eq!(of(10, 69_000.0), 3000, "three numbers a pixel, 69 a convex");
        let budget = AutomaticBudget::of(97, 97.0 * 5000.0, 6);
        assert_eq!(budget.with_room_for(3000), budget);
        assert_eq!(budget.with_room_for(6000).max_convexes, 6000);
        let told = "at most 5000 convexes, chosen for 97 images with 5000 pixels of detail each";
        assert_eq!(budget.to_string(), told);
    }
}
