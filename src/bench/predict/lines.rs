//! Predictions as text.

use std::fmt::Write as _;

use super::{KernelPrediction, MACHINES, Prediction};
use crate::bench::run::BenchRun;

/// Kernels that are named as what to do next.
const NEXT: usize = 3;

/// The predictions of a run, beside its measured times. Empty where it has none.
pub(crate) fn prediction_lines(run: &BenchRun) -> String {
    run.predictions.iter().map(|prediction| lines(run, prediction)).collect()
}

fn lines(run: &BenchRun, prediction: &Prediction) -> String {
    let title = MACHINES.iter().find(|machine| machine.name == prediction.machine).map_or("", |machine| machine.title);
    let mut text = format!(
        "  {}, calculated from counts and compiled code, not measured: {:.3} ms\n    {:<20}{:>10}{:>10}{:>10}{:>10}{:>12}  bound\n",
        title, prediction.milliseconds, "kernel", "ms", "issue", "memory", "latency", "here, ms"
    );
    for kernel in &prediction.kernels {
        let KernelPrediction { name, milliseconds, bound, issue, memory, latency, .. } = kernel;
        let measured = run.kernels.iter().find(|measured| measured.name == *name);
        let here = measured.map_or_else(|| "-".to_owned(), |measured| format!("{:.3}", measured.milliseconds));
        let bound = bound.name();
        // Writing to a string does not fail.
        writeln!(
            text,
            "    {name:<20}{milliseconds:>10.4}{issue:>10.4}{memory:>10.4}{latency:>10.4}{here:>12}  {bound}"
        )
        .unwrap_or_default();
    }
    let mut longest: Vec<&KernelPrediction> = prediction.kernels.iter().collect();
    longest.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
    let share = |kernel: &&KernelPrediction| {
        let percent = 100.0 * kernel.milliseconds / prediction.milliseconds;
        format!("{} ({percent:.0} %, {})", kernel.name, kernel.bound.name())
    };
    let next: Vec<String> = longest.iter().take(NEXT).map(share).collect();
    writeln!(text, "    the most to gain, by this: {}", next.join("; ")).unwrap_or_default();
    text
}
