//! A chart of the growth of the times.

use super::growth::GrowthAxis;
use super::run::{BenchRun, Workload};
use crate::evaluate::{Curve, growth_svg};

/// An SVG file of the runs of a sweep: milliseconds of a frame and of an iteration over convexes and over pixels.
#[must_use]
pub fn plot(runs: &[BenchRun]) -> String {
    let series = |over: GrowthAxis| {
        let of = |what: Workload| {
            let points = over.series(runs, what).into_iter().map(|run| [over.x(run), run.milliseconds()]).collect();
            (what.name().to_owned(), points)
        };
        [Workload::Frame, Workload::Iteration]
            .map(of)
            .into_iter()
            .filter(|(_, points): &(_, Vec<_>)| points.len() > 1)
            .collect()
    };
    let curve = |over: GrowthAxis| Curve {
        title: match over {
            GrowthAxis::Convexes => "Milliseconds over convexes",
            GrowthAxis::Pixels => "Milliseconds over pixels",
        },
        from_zero: false,
        series: series(over),
        right: Vec::new(),
    };
    let curves: Vec<Curve> = GrowthAxis::ALL.map(curve).into_iter().filter(|curve| !curve.series.is_empty()).collect();
    growth_svg(&curves)
}
