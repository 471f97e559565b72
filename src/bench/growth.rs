//! The growth of the times: the exponent p in time ∝ xᵖ.

use serde::{Deserialize, Serialize};

use super::run::{BenchRun, Workload};

/// The quantity that a time grows with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrowthAxis {
    /// The number of convexes, in pictures of one size.
    Convexes,
    /// The number of pixels, of one scene.
    Pixels,
}

impl GrowthAxis {
    /// Both quantities.
    pub const ALL: [Self; 2] = [Self::Convexes, Self::Pixels];

    /// The name of the quantity.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Convexes => "convexes",
            Self::Pixels => "pixels",
        }
    }

    /// Returns the runs at the largest value of the other quantity, sorted by this one.
    pub(super) fn series(self, runs: &[BenchRun], what: Workload) -> Vec<&BenchRun> {
        let of_what = || runs.iter().filter(|run| run.what == what);
        let most = |of: fn(&BenchRun) -> u64| of_what().map(of).max();
        let (convexes, pixels) = (most(|run| run.num_convexes.into()), most(BenchRun::num_pixels));
        let is_fixed = |run: &&BenchRun| match self {
            Self::Convexes => Some(run.num_pixels()) == pixels,
            Self::Pixels => Some(u64::from(run.num_convexes)) == convexes,
        };
        let mut series: Vec<&BenchRun> = of_what().filter(is_fixed).collect();
        series.sort_by(|a, b| self.x(a).total_cmp(&self.x(b)));
        series
    }

    pub(super) fn x(self, run: &BenchRun) -> f64 {
        match self {
            Self::Convexes => run.num_convexes.into(),
            Self::Pixels => run.num_pixels() as f64,
        }
    }
}

/// A fitted growth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The workload that was timed.
    pub what: Workload,
    /// The kernel; `None` for the whole workload.
    pub kernel: Option<String>,
    /// The quantity that it grows with.
    pub over: GrowthAxis,
    /// Least squares over the logarithms of all runs.
    pub exponent: f64,
    /// The exponent of the two largest runs alone, which tells more about larger ones.
    pub last_exponent: f64,
    /// The number of runs.
    pub points: usize,
}

/// The growth of all times, and of every kernel, wherever there are two runs or more.
#[must_use]
pub fn growth(runs: &[BenchRun]) -> Vec<Growth> {
    let mut found = Vec::new();
    for what in [Workload::Frame, Workload::Iteration] {
        for over in GrowthAxis::ALL {
            let series = over.series(runs, what);
            let mut add = |kernel: Option<&str>| {
                let time = |run: &BenchRun| match kernel {
                    None => Some(run.milliseconds()),
                    Some(name) => run.kernels.iter().find(|kernel| kernel.name == name).map(|k| k.milliseconds),
                };
                let points: Vec<[f64; 2]> =
                    series.iter().filter_map(|run| Some([over.x(run), time(run)?])).filter(|[_, y]| *y > 0.0).collect();
                let last = exponent(&points[points.len().saturating_sub(2)..]);
                if let (Some(exponent), Some(last_exponent)) = (exponent(&points), last) {
                    let kernel = kernel.map(str::to_owned);
                    found.push(Growth { what, kernel, over, exponent, last_exponent, points: points.len() });
                }
            };
            add(None);
            series.last().into_iter().flat_map(|run| &run.kernels).for_each(|kernel| add(Some(&kernel.name)));
        }
    }
    found
}

/// The slope of the line through the logarithms, by least squares; none without two different places.
fn exponent(points: &[[f64; 2]]) -> Option<f64> {
    let count = points.len() as f64;
    let logs = || points.iter().map(|[x, y]| [x.ln(), y.ln()]);
    let [sum_x, sum_y] = logs().fold([0.0; 2], |[x, y], [a, b]| [x + a, y + b]);
    let [mean_x, mean_y] = [sum_x / count, sum_y / count];
    let covariance: f64 = logs().map(|[x, y]| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = logs().map(|[x, _]| (x - mean_x).powi(2)).sum();
    (variance > 0.0).then_some(covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_of_a_power_is_found() {
        let power = [1.0, 4.0, 16.0, 64.0].map(|x: f64| [x, 3.0 * x.powf(0.7)]);
        assert!((exponent(&power).unwrap() - 0.7).abs() < 1e-12);
        assert_eq!([exponent(&[]), exponent(&power[..1]), exponent(&[power[0]; 2])], [None; 3]);
    }
}
