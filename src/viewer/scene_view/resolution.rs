//! Decides how many pixels a frame has. While something moves, it has as many as fit the time of a frame; at rest it has all
//! of them, drawn in strips so short that the window answers in between.

use crate::constants::TILE_SIZE;

/// The duration of a frame while the camera moves, in seconds.
const MOVING_SECONDS: f64 = 1.0 / 30.0;

/// The duration of a strip while a picture is refined, in seconds.
const STRIP_SECONDS: f64 = 0.15;

/// The parts of the full width and height that a moving picture can have. They are few, because other sizes need other
/// buffers.
const STEPS: [f64; 8] = [1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.09375];

/// The number of frames after which the weight of an observation is halved.
const HALF_LIFE_FRAMES: f64 = 6.0;

/// Measures the cost of frames, `seconds = fixed + per_pixel · pixels`, and chooses sizes by it.
#[derive(Debug, Clone, Default)]
pub struct DynamicResolution {
    weight: f64,
    pixels: f64,
    seconds: f64,
    pixels_squared: f64,
    pixels_seconds: f64,
    step: usize,
}

/// The cost of a frame, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    fixed: f64,
    per_pixel: f64,
}

impl Cost {
    /// Returns the number of pixels that fit about this time; if the fixed part is most of it, so many that they cost as much
    /// again.
    fn pixels_within(self, seconds: f64) -> f64 {
        (seconds - self.fixed).max(self.fixed.min(seconds)).max(1e-6) / self.per_pixel.max(1e-15)
    }
}

impl DynamicResolution {
    /// Adds the measurement of a frame.
    pub fn observe(&mut self, pixels: u64, seconds: f64) {
        let keep = 0.5f64.powf(1.0 / HALF_LIFE_FRAMES);
        let x = pixels as f64;
        for (sum, new) in [
            (&mut self.weight, 1.0),
            (&mut self.pixels, x),
            (&mut self.seconds, seconds),
            (&mut self.pixels_squared, x * x),
            (&mut self.pixels_seconds, x * seconds),
        ] {
            *sum = *sum * keep + new;
        }
    }

    /// Drops all measurements, as after a change of the scene.
    pub fn forget(&mut self) {
        *self = Self { step: self.step, ..Self::default() };
    }

    /// Fits a line through the frames seen by least squares; if they had nearly one size, the cost is in the pixels alone.
    fn cost(&self) -> Option<Cost> {
        if self.weight < 0.5 {
            return None;
        }
        let (mean_x, mean_y) = (self.pixels / self.weight, self.seconds / self.weight);
        let variance = self.pixels_squared / self.weight - mean_x * mean_x;
        let covariance = self.pixels_seconds / self.weight - mean_x * mean_y;
        if variance > (0.1 * mean_x).powi(2) {
            let per_pixel = (covariance / variance).clamp(0.0, mean_y / mean_x);
            return Some(Cost { fixed: mean_y - per_pixel * mean_x, per_pixel });
        }
        Some(Cost { fixed: 0.0, per_pixel: mean_y / mean_x.max(1.0) })
    }

    /// Returns the size of the next frame while something moves, for a window of `full` pixels.
    pub fn moving_size(&mut self, full: [u32; 2]) -> [u32; 2] {
        if let Some(cost) = self.cost() {
            let area = f64::from(full[0]) * f64::from(full[1]);
            let fits =
                |step: usize, slack: f64| STEPS[step].powi(2) * area <= cost.pixels_within(MOVING_SECONDS) * slack;
            let last = STEPS.len() - 1;
            // Finer only where it fits with room to spare, coarser only when clearly too slow: no flicker between.
            while self.step < last && !fits(self.step, 1.3) {
                self.step += 1;
            }
            while self.step > 0 && fits(self.step - 1, 0.8) {
                self.step -= 1;
            }
        }
        full.map(|side| scaled(side, STEPS[self.step]))
    }

    /// Returns the rows of the next strip of a picture that is refined: whole tiles, or the rest if it is short.
    #[must_use]
    pub fn strip_rows(&self, full: [u32; 2], rows_left: u32) -> u32 {
        let pixels = self.cost().map_or(f64::INFINITY, |cost| cost.pixels_within(STRIP_SECONDS));
        let rows = pixels / f64::from(full[0].max(1));
        if rows >= f64::from(rows_left) {
            return rows_left;
        }
        // Within 8192 rows, and not negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "smaller than `rows_left`")]
        let tiles = (rows as u32) / TILE_SIZE;
        (tiles.max(2) * TILE_SIZE).min(rows_left)
    }
}

fn scaled(side: u32, part: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u32")]
    let scaled = (f64::from(side) * part).round() as u32;
    scaled.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: [u32; 2] = [1280, 720];

    /// Returns the widths of 60 frames on a device of this cost, and the duration of the last one.
    fn settle(resolution: &mut DynamicResolution, fixed: f64, per_pixel: f64) -> (Vec<u32>, f64) {
        let mut widths = Vec::new();
        let mut seconds = 0.0;
        for _ in 0..60 {
            let [width, height] = resolution.moving_size(FULL);
            let pixels = u64::from(width) * u64::from(height);
            seconds = fixed + per_pixel * pixels as f64;
            resolution.observe(pixels, seconds);
            widths.push(width);
        }
        (widths, seconds)
    }

    #[test]
    fn a_fast_device_always_draws_every_pixel() {
        let (widths, _) = settle(&mut DynamicResolution::default(), 0.001, 5e-9);
        assert!(widths.iter().all(|width| *width == 1280), "{widths:?}");
    }

    #[test]
    fn a_slow_device_settles_at_a_size_that_fits() {
        let (widths, seconds) = settle(&mut DynamicResolution::default(), 0.002, 400e-9);
        assert!(seconds < MOVING_SECONDS * 1.3, "{seconds}");
        assert!(seconds > MOVING_SECONDS * 0.3, "{seconds} leaves too much unused: {widths:?}");
        let last = &widths[20..];
        assert!(last.iter().all(|width| *width == last[0]), "{widths:?}");
    }

    #[test]
    fn a_large_fixed_cost_does_not_make_pictures_tiny() {
        let (widths, seconds) = settle(&mut DynamicResolution::default(), 0.2, 40e-9);
        assert!(widths[59] >= 480, "{widths:?}");
        assert!(seconds < 0.25, "{seconds}");
    }

    #[test]
    fn the_full_size_comes_back_when_the_scene_becomes_cheap() {
        let mut resolution = DynamicResolution::default();
        settle(&mut resolution, 0.01, 900e-9);
        let (widths, _) = settle(&mut resolution, 0.001, 5e-9);
        assert_eq!(widths[59], 1280, "{widths:?}");
    }

    #[test]
    fn strips_are_whole_tiles_and_cover_the_picture() {
        let mut resolution = DynamicResolution::default();
        assert_eq!(resolution.strip_rows(FULL, 720), 720, "nothing is known: all at once");
        settle(&mut resolution, 0.01, 900e-9);
        let (mut left, mut strips) = (720, 0);
        while left > 0 {
            let rows = resolution.strip_rows(FULL, left);
            assert!(rows == left || rows % TILE_SIZE == 0);
            let seconds = 0.01 + 900e-9 * 1280.0 * f64::from(rows);
            assert!(seconds < 0.2, "{rows} rows take {seconds}");
            left -= rows;
            strips += 1;
        }
        assert!(strips > 3);
    }
}
