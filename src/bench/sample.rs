//! Samples of a time, and their statistics.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// How long to measure each figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Most samples of a figure.
    pub samples: u32,
    /// Seconds after which no further sample is begun; there is always one.
    pub seconds: f64,
    /// Seconds before that, whose samples are not counted: clocks rise, caches fill.
    pub warm_up: f64,
    /// Seconds after which no further camera is begun; there is always one. `None` for all cameras.
    pub camera_seconds: Option<f64>,
}

impl Limits {
    /// Returns the limits for figures whose samples take about so many seconds each: where a single one is longer than the
    /// warm-up, those before it have warmed the device.
    pub(super) fn for_samples_of(self, seconds: f64) -> Self {
        Self { warm_up: if seconds > self.warm_up { 0.0 } else { self.warm_up }, ..self }
    }

    /// Most samples of so many seconds each that fit, at least two, because a rate needs them.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is clamped")]
    pub(super) fn fitting(&self, seconds_each: f64) -> usize {
        let fitting = (self.seconds / seconds_each.max(1e-9)).ceil() as usize;
        fitting.max(2).min(self.samples.max(1) as usize)
    }

    /// Takes samples; `measure` is given the number of the sample.
    pub(super) fn sample<T, E>(&self, mut measure: impl FnMut(usize) -> Result<T, E>) -> Result<Vec<T>, E> {
        let begin = Instant::now();
        let mut num_warm = 0;
        while begin.elapsed().as_secs_f64() < self.warm_up {
            measure(num_warm)?;
            num_warm += 1;
        }
        let begin = Instant::now();
        let mut samples = vec![measure(0)?];
        while samples.len() < self.samples as usize && begin.elapsed().as_secs_f64() < self.seconds {
            samples.push(measure(samples.len())?);
        }
        Ok(samples)
    }
}

/// The least of some samples in milliseconds, in seconds.
pub(super) fn best_seconds(milliseconds: &[f64]) -> f64 {
    milliseconds.iter().copied().fold(f64::INFINITY, f64::min) / 1e3
}

/// Statistics of samples, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Number of samples.
    pub samples: usize,
    /// Their mean.
    pub mean: f64,
    /// The smallest, which other work on the machine disturbs least.
    pub best: f64,
    /// The value that half of them do not exceed.
    pub p50: f64,
    /// The value that 95 of 100 do not exceed.
    pub p95: f64,
    /// The value that 99 of 100 do not exceed.
    pub p99: f64,
}

impl Times {
    /// The statistics of at least one sample, milliseconds.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let percentile = |percent: usize| {
            let rank = (samples.len() * percent).div_ceil(100).max(1);
            samples.get(rank - 1).copied().unwrap_or(f64::NAN)
        };
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        let [best, p50, p95, p99] = [0, 50, 95, 99].map(percentile);
        Self { samples: samples.len(), mean, best, p50, p95, p99 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let times = Times::of((1..=200).rev().map(f64::from).collect());
        assert_eq!((times.best, times.p50, times.p95, times.p99, times.mean), (1.0, 100.0, 190.0, 198.0, 100.5));
        assert_eq!(Times::of(vec![7.0]), Times { samples: 1, mean: 7.0, best: 7.0, p50: 7.0, p95: 7.0, p99: 7.0 });
    }

    #[test]
    fn sampling_ends_by_number_or_by_time_and_never_without_a_sample() {
        let count = |samples, seconds| {
            let limits = Limits { samples, seconds, warm_up: 0.0, camera_seconds: None };
            limits.sample(Ok::<_, ()>).unwrap().len()
        };
        assert_eq!((count(5, 1e3), count(5, 0.0), count(0, 1e3)), (5, 1, 1));
    }

    #[test]
    fn long_samples_are_few_and_need_no_warm_up() {
        let limits = Limits { samples: 200, seconds: 3.0, warm_up: 0.5, camera_seconds: None };
        assert_eq!([1e-3, 0.1, 1.4, 10.0].map(|each| limits.fitting(each)), [200, 30, 3, 2]);
        assert_eq!([0.1, 0.6].map(|each| limits.for_samples_of(each).warm_up), [0.5, 0.0]);
    }
}
