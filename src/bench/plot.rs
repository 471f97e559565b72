//! A picture of how cost grows.

use super::growth::Over;
use super::report::{Run, What};
use crate::evaluate::{Curve, growth_svg};

/// An SVG file of the runs of a sweep: milliseconds of a frame and of an iteration over convexes and over pixels.
#[must_use]
pub fn plot(runs: &[Run]) -> String {
    let series = |over: Over| {
        let of = |what: What| {
            let points = over.series(runs, what).into_iter().map(|run| [over.x(run), run.milliseconds()]).collect();
            (what.name().to_owned(), points)
        };
        [What::Frame, What::Iteration]
            .map(of)
            .into_iter()
            .filter(|(_, points): &(_, Vec<_>)| points.len() > 1)
            .collect()
    };
    let curve = |over: Over| Curve {
        title: match over {
            Over::Convexes => "Milliseconds over convexes",
            Over::Pixels => "Milliseconds over pixels",
        },
        from_zero: false,
        series: series(over),
    };
    let curves: Vec<Curve> = Over::ALL.map(curve).into_iter().filter(|curve| !curve.series.is_empty()).collect();
    growth_svg(&curves)
}
