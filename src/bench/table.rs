//! A report as a table.

use std::fmt::Write as _;

use super::growth::Growth;
use super::predict::prediction_lines;
use super::report::BenchReport;
use super::run::{BenchRun, KernelTimes};
use super::sample::Times;

/// Everything in a report, in lines of text.
#[must_use]
pub fn table(report: &BenchReport) -> String {
    let BenchReport { build, device, source, .. } = report;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string does not fail.
        writeln!(text, "{name:<10}{value}").unwrap_or_default();
    };
    line("lapidary", format!("{}, commit {}, {} build", build.version, build.commit, build.profile));
    line("device", format!("{}, {}", device.name, device.driver));
    line("scene", format!("{}; there in {} s", source.scene, digits(source.load_seconds)));
    line("cameras", source.cameras.clone());
    if let Some(bytes) = report.process_peak_bytes {
        line("memory", format!("{} MiB, the most the process had", mib(bytes)));
    }
    report.runs.iter().for_each(|run| text += &section(run));
    if !report.growth.is_empty() {
        text += &growth_lines(&report.growth);
    }
    text
}

/// One run.
fn section(run: &BenchRun) -> String {
    let counts = &run.counts;
    let of = |pairs: f64, all: f64, what: &str| format!("{} ({} a {what})", whole(pairs), digits(pairs / all));
    let pixels = run.num_pixels() as f64;
    let idle = 100.0 * counts.idle_instances / counts.instances.max(1.0);
    let title = format!(
        "{}: {} convexes, {}×{}, {} views in turn",
        run.what.name(),
        run.num_convexes,
        run.width,
        run.height,
        run.num_views
    );
    let device = run.device.as_ref().map_or("no timestamps here; what is waited for is all there is".to_owned(), times);
    let rows = [
        ("waited for", times(&run.waited)),
        ("on the device", device),
        ("under way", format!("{} {}s a second", digits(run.per_second), run.what.name())),
        ("instances", format!("{}, {idle:.1} % idle", of(counts.instances, f64::from(run.num_convexes), "convex"))),
        ("pairs tested", of(counts.tested_pairs, pixels, "pixel")),
        ("pairs drawn", of(counts.drawn_pairs, pixels, "pixel")),
        ("slow path", format!("{:.1} % of the pairs near a convex", counts.slow_path_rate * 100.0)),
        ("device memory", format!("{} MiB at most", mib(run.device_peak_bytes))),
        ("upload", format!("{} s", digits(run.upload_seconds))),
        ("hash", run.hashes.join(" ")),
    ];
    let lines = rows.map(|(name, value)| format!("  {name:<15}{value}\n"));
    format!("\n{title}\n{}{}{}", lines.concat(), kernel_lines(run), prediction_lines(run))
}

fn kernel_lines(run: &BenchRun) -> String {
    let all: f64 = run.kernels.iter().map(|kernel| kernel.milliseconds).sum();
    let line = |kernel: &KernelTimes| {
        let share = 100.0 * kernel.milliseconds / all;
        format!("    {:<22}{:>10} ms {share:>5.1} %\n", kernel.name, digits(kernel.milliseconds))
    };
    run.kernels.iter().map(line).collect()
}

fn times(times: &Times) -> String {
    let Times { samples, best, p50, p95, p99, .. } = times;
    let [best, p50, p95, p99] = [best, p50, p95, p99].map(|value| digits(*value));
    format!("p50 {p50} ms, p95 {p95} ms, p99 {p99} ms, best {best} ms ({samples} samples)")
}

fn growth_lines(growth: &[Growth]) -> String {
    let mut text = "\ngrowth: p in time ∝ xᵖ, over all runs, and between the two largest\n".to_owned();
    for Growth { what, kernel, over, exponent, last_exponent, .. } in growth {
        let name = kernel.as_deref().map_or_else(|| what.name().to_owned(), |kernel| format!("  {kernel}"));
        let over = format!("{} of {}s", over.name(), what.name());
        writeln!(text, "  {name:<24}{exponent:>6.2}{last_exponent:>6.2}  over {over}").unwrap_or_default();
    }
    text
}

/// Three digits that matter.
fn digits(value: f64) -> String {
    let digits = match value.abs() {
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        x if x >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}
