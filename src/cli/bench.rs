//! `lapidary bench`: the cost of frames and iterations.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use lapidary::bench::{
    self, BenchComparison, BenchProgress, BenchReport, BenchRun, BenchSource, BenchStage, CloudKind, ConvexCloud,
    Limits, Machine, Subject,
};
use lapidary::camera::{Camera, RenderOptions};
use lapidary::dataset::Split;
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::scene::Scene;
use lapidary::scene_file::Metadata;
use lapidary::text::time_left;
use lapidary::{files, scene_file, text};

use super::dataset::DatasetArgs;
use super::progress::Step;
use super::{SharedArgs, Size, source};

/// Measures the cost of drawing and training: times, counts, memory, and hashes of the images.
///
/// docs/benchmarking.md describes each figure and how to repeat the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Scene to measure: a file, a checkpoint, or the folder of a training run
    #[arg(required_unless_present = "synthetic")]
    scene: Option<PathBuf>,
    /// Measure a cloud of N random convexes instead, like 5000, 20k or 1M
    #[arg(long, value_name = "N", value_parser = number, conflicts_with = "scene")]
    synthetic: Option<u32>,
    /// Kind of the cloud: convexes that just cover the image, or wide and faint ones with as many instances as a trained
    /// scene
    #[arg(long, value_enum, default_value = "thin", value_name = "KIND")]
    cloud: CloudArg,
    /// Measure whole iterations of training as well
    #[arg(long)]
    train: bool,
    /// Measure fewer convexes and smaller images as well, in steps of four, and fit the growth of the times
    #[arg(long)]
    sweep: bool,
    /// Calculate what each kernel would take on GPUs, too, and what holds it: h100, rtx4090, rtx3080, rx7900xtx, m1 or m2, several
    /// with commas between
    #[arg(long, value_name = "MACHINE", value_delimiter = ',', value_parser = bench::machine)]
    predict: Vec<&'static Machine>,
    #[command(flatten)]
    views: ViewArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    dataset_options: DatasetArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cameras")]
struct ViewArgs {
    /// Dataset whose held-out views give the cameras; without it they stand on an orbit around the scene
    #[arg(long, value_name = "DIR", conflicts_with = "synthetic")]
    dataset: Option<PathBuf>,
    /// Number of cameras, which are used in turn [default: 4, or as many as draw their first frames in 5 seconds; with
    /// --baseline as many as there]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    views: Option<u32>,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "1237x822")]
    size: Size,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Most samples of each figure
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    frames: u32,
    /// Seconds after which a figure gets no further sample
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = positive)]
    seconds: f64,
    /// Seconds of warming up before each figure
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = not_negative)]
    warm_up: f64,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// File to write the report to, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Older report of --json to compare with; the exit code is 1 if something became slower
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Largest ratio of a time to the time in --baseline that is accepted
    #[arg(long, value_name = "RATIO", default_value_t = 1.1, value_parser = positive)]
    threshold: f64,
    /// SVG file to draw the growth of --sweep into
    #[arg(long, value_name = "FILE.svg", requires = "sweep")]
    plot: Option<PathBuf>,
    /// File to write the synthetic scene to
    #[arg(long, value_name = "FILE", requires = "synthetic")]
    write_scene: Option<PathBuf>,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum CloudArg {
    Thin,
    Dense,
}

impl From<CloudArg> for CloudKind {
    fn from(arg: CloudArg) -> Self {
        match arg {
            CloudArg::Thin => Self::Thin,
            CloudArg::Dense => Self::Dense,
        }
    }
}

/// Something became slower.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Slower(String);

/// Each step of a sweep takes a quarter of the one before.
const STEP: u32 = 4;

/// Steps of a sweep below what was asked for.
const STEPS: u32 = 3;

/// Cameras where no number is given.
const VIEWS: u32 = 4;

/// Seconds after which no further one of those is begun, so that a plain measurement ends within half a minute.
const CAMERA_SECONDS: f64 = 5.0;

/// The smallest sizes of a sweep: convexes, and pixels of a side.
const SMALLEST: (u32, u32) = (64, 32);

pub(crate) fn run(args: &BenchArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let ends_in = |path: &Option<PathBuf>, extension: &str| {
        path.as_ref().is_none_or(|path| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension)))
    };
    ensure!(ends_in(&args.output.plot, "svg"), "--plot: expected a name that ends in .svg");
    ensure!(
        ends_in(&args.output.write_scene, "safetensors"),
        "--write-scene: expected a name that ends in .safetensors"
    );
    for path in [&args.output.json, &args.output.plot, &args.output.write_scene].into_iter().flatten() {
        files::check_file(path)?;
    }
    // A baseline that cannot be read is refused before the measurement.
    let before = args.output.baseline.as_deref().map(baseline).transpose()?;
    let begin = Instant::now();
    let num_views = args.views.views.or_else(|| before.as_ref().and_then(views_of));
    let (scene, metadata) = scene(args, None)?;
    let load_seconds = begin.elapsed().as_secs_f64();
    log::info!("{}: {} convexes, there in {load_seconds:.2} s", name(args), scene.len());
    if let Some(path) = &args.output.write_scene {
        scene_file::save(&scene, path)?;
    }
    let (cameras, from) = cameras(args, &scene, &metadata, num_views.unwrap_or(VIEWS))?;
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    // Growth is fitted to pictures of the same cameras.
    let is_fixed = num_views.is_some() || args.sweep;
    let LimitArgs { frames, seconds, warm_up } = args.limits;
    let camera_seconds = (!is_fixed).then_some(CAMERA_SECONDS);
    let limits = Limits { samples: frames, seconds, warm_up, camera_seconds };
    let runs = runs(args, &gpu, (scene, metadata.render_options()), &cameras, limits)?;
    let least = runs.iter().map(|run| run.num_views).min().unwrap_or(0);
    if least < cameras.len() && !args.output.quiet {
        let all = cameras.len();
        let are = text::are(least);
        say!(
            "note: a frame takes so long that {least} of {all} cameras {are} measured; --views {all} measures them all"
        );
    }
    let report = BenchReport::of(&gpu, BenchSource { scene: name(args), cameras: from, load_seconds }, runs);
    if !args.output.quiet {
        tell_table!(bench::table(&report));
    }
    if let Some(path) = &args.output.json {
        files::write_atomically(path, &serde_json::to_vec_pretty(&report)?)?;
    }
    if let Some(path) = &args.output.plot {
        files::write_atomically(path, bench::plot(&report.runs).as_bytes())?;
    }
    match (&args.output.baseline, before) {
        (Some(path), Some(before)) => compare_with_baseline(args, &report, path, &before),
        _ => Ok(()),
    }
}

/// The report to compare with.
fn baseline(path: &Path) -> anyhow::Result<BenchReport> {
    let bytes = files::read(path).context("--baseline")?;
    bench::parse(&bytes).with_context(|| format!("--baseline {}", path.display()))
}

/// The number of cameras of a report, where all of its runs have the same.
fn views_of(report: &BenchReport) -> Option<u32> {
    let first = report.runs.first()?.num_views;
    let is_same = report.runs.iter().all(|run| run.num_views == first);
    u32::try_from(first).ok().filter(|_| is_same)
}

/// The scene and how it is meant to be drawn, or a cloud of another number of convexes.
fn scene(args: &BenchArgs, num_convexes: Option<u32>) -> anyhow::Result<(Scene, Metadata)> {
    match (&args.scene, num_convexes.or(args.synthetic)) {
        (Some(path), _) => {
            let (scene, metadata) = source::load(path, None, args.output.quiet)?;
            ensure!(!scene.is_empty(), "{} holds no convexes, so there is nothing to measure", path.display());
            Ok((scene, metadata))
        }
        (None, count) => {
            let cloud = ConvexCloud { num_convexes: count.unwrap_or(1), kind: args.cloud.into() };
            Ok((cloud.scene(), Metadata::default()))
        }
    }
}

fn name(args: &BenchArgs) -> String {
    let cloud =
        || format!("{} synthetic convexes, {}", args.synthetic.unwrap_or(1), CloudKind::from(args.cloud).name());
    args.scene.as_ref().map_or_else(cloud, |path| path.display().to_string())
}

/// So many cameras, and a description of them.
fn cameras(
    args: &BenchArgs,
    scene: &Scene,
    metadata: &Metadata,
    num_views: u32,
) -> anyhow::Result<(Vec<Camera>, String)> {
    let ViewArgs { dataset, size: Size { width, height }, .. } = &args.views;
    let (cameras, from) = if let Some(path) = dataset {
        (of_dataset(path, args, num_views)?, format!("of {}", path.display()))
    } else if let Some(path) = &args.scene {
        let orbit = source::orbit(path, scene, metadata);
        (orbit.cameras(num_views, *width, *height), "on an orbit, as `lapidary render --orbit`".to_owned())
    } else {
        (ConvexCloud::cameras(num_views, *width, *height), "once round the cloud".to_owned())
    };
    cameras.iter().try_for_each(Camera::check).context("--size")?;
    Ok((cameras, from))
}

/// Some of the held-out views, or of all where none are held out.
fn of_dataset(path: &Path, args: &BenchArgs, num_views: u32) -> anyhow::Result<Vec<Camera>> {
    let dataset = args.dataset_options.open(path, [0.0; 3], !args.output.quiet)?;
    let mut all: Vec<Camera> = dataset.indices(Split::Test).map(|view| dataset.views[view].camera).collect();
    if all.is_empty() {
        all = dataset.views.iter().map(|view| view.camera).collect();
    }
    ensure!(!all.is_empty(), "{} has no views", path.display());
    let count = (num_views as usize).min(all.len());
    let Size { width, height } = args.views.size;
    Ok((0..count).map(|i| all[i * all.len() / count].resized(width, height)).collect())
}

/// All measurements, those of a sweep from small to large.
fn runs(
    args: &BenchArgs,
    gpu: &Gpu,
    (full, options): (Scene, RenderOptions),
    cameras: &[Camera],
    limits: Limits,
) -> anyhow::Result<Vec<BenchRun>> {
    let mut cases = vec![(None, 1)];
    if args.sweep {
        let step = |i: u32| STEP.pow(i);
        let smaller = args.synthetic.into_iter().flat_map(|n| (1..=STEPS).map(move |i| n / step(i)));
        cases.extend(smaller.filter(|n| *n >= SMALLEST.0).map(|n| (Some(n), 1)));
        // A quarter of the pixels has half the side.
        let Size { width, height } = args.views.size;
        let scales = (1..=STEPS).map(|i| 1 << i).filter(|scale| width.min(height) / scale >= SMALLEST.1);
        cases.extend(scales.map(|scale| (None, scale)));
    }
    cases.reverse();
    let num_cases = cases.len();
    let mut runs = Vec::new();
    for (i, (num_convexes, scale)) in cases.into_iter().enumerate() {
        let smaller = num_convexes.map(|n| scene(args, Some(n))).transpose()?.map(|(scene, _)| scene);
        let resized = |camera: &Camera| camera.resized(camera.width.div_ceil(scale), camera.height.div_ceil(scale));
        let cameras: Vec<Camera> = cameras.iter().map(resized).collect();
        let case = if num_cases > 1 { format!("{} of {num_cases}: ", i + 1) } else { String::new() };
        let scene = smaller.as_ref().unwrap_or(&full);
        let counts_visits = !args.predict.is_empty();
        let subject = Subject { gpu, scene, cameras: &cameras, options, limits, counts_visits };
        let mut step = None;
        let mut report =
            |progress: BenchProgress| step = Some(Step::begin(case.clone() + &line(&progress), args.output.quiet));
        let mut measured = bench::measure(&subject, args.train, &mut report)?;
        drop(step);
        for run in &mut measured {
            let predict = |machine: &&'static Machine| bench::predict(run, scene.points_per_convex, machine);
            run.predictions = args.predict.iter().filter_map(predict).collect();
        }
        runs.extend(measured);
    }
    Ok(runs)
}

/// A stage that begins, in words.
fn line(progress: &BenchProgress) -> String {
    let thing = progress.what.name();
    let stage = match progress.stage {
        BenchStage::First => format!("the first {thing} of each camera"),
        BenchStage::Waited => format!("one {thing} after another"),
        BenchStage::OnDevice => format!("{thing}s by kernel"),
        BenchStage::UnderWay => format!("{thing}s under way"),
    };
    let left = progress.remaining.map_or_else(String::new, |time| format!(", {} left", time_left(time)));
    format!("measuring {stage}{left}")
}

/// Prints the ratios, and fails where something became slower.
fn compare_with_baseline(
    args: &BenchArgs,
    report: &BenchReport,
    path: &Path,
    before: &BenchReport,
) -> anyhow::Result<()> {
    let comparison = bench::compare(report, before).with_context(|| format!("--baseline {}", path.display()))?;
    if !args.output.quiet {
        tell_table!(lines(&comparison));
    }
    let threshold = args.output.threshold;
    let slower: Vec<String> = comparison
        .slower_than(threshold)
        .map(|ratio| {
            let [before, now] = ratio.milliseconds;
            let [width, height] = ratio.size;
            let (what, convexes) = (ratio.what.name(), ratio.num_convexes);
            format!(
                "{what} of {convexes} convexes at {width}×{height}: {now:.3} ms, {:.2} times the {before:.3} ms",
                ratio.ratio()
            )
        })
        .collect();
    let num_doubted = comparison.ratios.iter().filter(|ratio| ratio.doubt.is_some()).count();
    if num_doubted > 0 && !args.output.quiet {
        let all = comparison.ratios.len();
        say!(
            "warning: {num_doubted} of {all} figures cannot be judged; --seconds and --frames take more samples, on a machine \
             with nothing else to do"
        );
    }
    if slower.is_empty() {
        return Ok(());
    }
    Err(Slower(format!("slower than {} allows (--threshold {threshold}): {}", path.display(), slower.join("; ")))
        .into())
}

fn lines(comparison: &BenchComparison) -> String {
    let device = comparison.other_device.as_ref().map_or_else(String::new, |name| format!(", measured on {name}"));
    let source = comparison.other_source.as_ref().map_or_else(String::new, |name| format!(", of {name}"));
    let line = |ratio: &bench::Ratio| {
        let ([width, height], [before, now]) = (ratio.size, ratio.milliseconds);
        let hashes = if ratio.is_same { "same hashes" } else { "other hashes" };
        let doubt = ratio.doubt.as_ref().map_or_else(String::new, |doubt| format!(", cannot be judged: {doubt}"));
        format!(
            "  {:<10}{:>9} convexes {width:>5}×{height:<5}{before:>10.3} → {now:.3} ms, {:.3} times, {hashes}{doubt}\n",
            ratio.what.name(),
            ratio.num_convexes,
            ratio.ratio()
        )
    };
    format!("\nagainst the baseline{device}{source}\n{}", comparison.ratios.iter().map(line).collect::<String>())
}

/// Most convexes of a cloud.
const MOST: u32 = 50_000_000;

/// A whole number that may end in k or M.
fn number(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    let value = digits.parse::<u32>().ok().and_then(|value| value.checked_mul(unit));
    value
        .filter(|value| (1..=MOST).contains(value))
        .ok_or_else(|| format!("expected a number of convexes from 1 to {MOST}, like 5000, 20k or 1M"))
}

fn positive(text: &str) -> Result<f64, String> {
    not_negative(text).ok().filter(|value| *value > 0.0).ok_or_else(|| "expected a number above 0".to_owned())
}

fn not_negative(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "expected a number that is not below 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_thousands_and_millions() {
        assert_eq!(["7", "20k", "1M"].map(number), [Ok(7), Ok(20_000), Ok(1_000_000)]);
        for wrong in ["", "0", "k", "-1", "1.5k", "9999M", "5G"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
