//! `lapidary eval`: how alike a scene, or the pictures of another program, are to photographs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use image::ImageFormat;
use lapidary::camera::RenderOptions;
use lapidary::constants::SSIM_WEIGHT;
use lapidary::dataset::{Dataset, Split, file_stems};
use lapidary::evaluate::{
    Album, Curve, EvaluateError, Evaluated, EvaluationReport, GroundTruth, ImageFolder, MeasuredPhotograph, Metrics,
    PairedSummary, SceneViews, Summary, curves_of, paired_views, program, read_log,
};
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::metrics::Lpips;
use lapidary::text::counted;
use lapidary::{files, text};
use serde::Serialize;

use super::dataset::DatasetArgs;
use super::progress::Parts;
use super::signals::Interrupted;
use super::source::SCENE_FILE;
use super::trained::{Photographs, TrainedBy};
use super::{Colour, SharedArgs, Switch, paired, signals, source, trained};

/// Compares images of a scene, or those that another program drew, with photographs.
///
/// It prints PSNR, SSIM and, with weights, LPIPS of 8-bit images, for each view and as means. With --out it writes
/// `metrics.json`, `report.html`, `sheet.png`, and in `pictures/` each view with the ground truth and a map of their
/// difference. Of two scenes the differences are printed as well, with their mean and its standard error, and --out has a folder
/// `a` and `b` for each.
#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    /// Scene to evaluate: a file, a checkpoint, or the folder of a training run
    #[arg(required_unless_present = "renders", conflicts_with = "renders")]
    scene: Option<PathBuf>,
    /// Second scene to compare with the first one on the same images, view by view
    #[arg(requires = "scene", conflicts_with = "renders")]
    other: Option<PathBuf>,
    /// Photographs with cameras: COLMAP, Blender or nerfstudio [default: those of the training that left the scene]
    #[arg(long, value_name = "DATASET", required_unless_present_any = ["truth", "scene"],
        conflicts_with = "truth")]
    dataset: Option<PathBuf>,
    /// Images of the dataset to compare with
    #[arg(long, value_enum, default_value = "test")]
    split: Which,
    /// Folder to write into; it is created if it does not exist. Without it, the metrics are only printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Weights of LPIPS, a safetensors file; docs/evaluating.md describes how to make it
    #[arg(long, value_name = "FILE")]
    lpips_weights: Option<PathBuf>,
    /// Measure LPIPS with images in −1..=1 as well, which takes as long again
    #[arg(long, requires = "lpips_weights")]
    lpips_normalised: bool,
    /// Background colour: red, green and blue, each 0 to 1 [default: the background of the training, else black]
    #[arg(long, allow_hyphen_values = true, value_name = "R,G,B")]
    background: Option<Colour>,
    /// Whether to render with anti-aliasing [default: as the scene was trained]
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true, conflicts_with = "renders")]
    antialias: Option<Switch>,
    /// Images to compare instead of a scene: a folder with one for each view, of the same name
    #[arg(long, value_name = "DIR")]
    renders: Option<PathBuf>,
    /// Folder of images to compare --renders with, instead of a dataset
    #[arg(long, value_name = "DIR", requires = "renders")]
    truth: Option<PathBuf>,
    /// Print the content of `metrics.json`, for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    dataset_options: DatasetArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    Train,
    Test,
    All,
}

/// `metrics.json`
#[derive(Debug, Serialize)]
struct EvalSummary {
    #[serde(skip_serializing_if = "Option::is_none")]
    num_convexes: Option<usize>,
    /// The scene or the images that were evaluated, and the ground truth.
    subject: String,
    truth: String,
    split: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<String>,
    version: &'static str,
    #[serde(flatten)]
    summary: Summary,
}

/// The result of an evaluation.
struct Outcome {
    album: Album,
    num_convexes: Option<usize>,
    adapter: Option<String>,
    curves: Vec<Curve>,
    /// Name and version of the driver.
    driver: Option<String>,
    /// How the scene was trained, where its folder tells: facts and options.
    trained: TrainedBy,
    photographs: Vec<MeasuredPhotograph>,
    /// The number of photographs of the dataset.
    num_photographs: usize,
}

pub(crate) fn run(args: &EvalArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let metrics = metrics(args.lpips_weights.as_deref(), args.lpips_normalised)?;
    let photographs = photographs(args)?;
    let truth = photographs.as_ref().map(|photographs| &*photographs.path).or(args.truth.as_deref());
    if let Some(out) = &args.out {
        check(out, args, truth)?;
    }
    if let (Some(scene), Some(other)) = (&args.scene, &args.other) {
        let photographs = photographs.ok_or_else(|| no_dataset(scene))?;
        return run_pair([scene, other], &photographs, args, &metrics, shared);
    }
    let out = args.out.as_deref();
    let outcome = match (&args.scene, &args.renders, &photographs) {
        (Some(scene), _, Some(photographs)) => of_scene(scene, photographs, args, out, &metrics, shared)?,
        (Some(scene), _, None) => return Err(no_dataset(scene)),
        (None, Some(renders), _) => of_folder(renders, photographs.as_ref(), args, &metrics)?,
        (None, None, _) => bail!("expected a scene, or --renders"),
    };
    let subject = args.scene.as_deref().or(args.renders.as_deref()).unwrap_or(Path::new(""));
    let split = photographs.is_some().then_some(args.split);
    let evaluation = EvalSummary::new(subject, truth.unwrap_or(Path::new("")), split, &outcome);
    let json = serde_json::to_string_pretty(&evaluation)?;
    // The report consists of three files: a signal leaves all of them or none.
    signals::listen(|| ());
    if let Some(out) = &args.out {
        write(out, &evaluation, &outcome)?;
    }
    end_where_asked()?;
    if args.json {
        tell_json!(json);
    } else {
        print(&evaluation.summary);
        if let Some(out) = &args.out {
            tell!("{}", out.join("report.html").display());
        }
    }
    Ok(())
}

/// Evaluates two scenes on the same photographs and prints what differs, view by view.
fn run_pair(
    scenes: [&PathBuf; 2],
    photographs: &Photographs,
    args: &EvalArgs,
    metrics: &Metrics,
    shared: &SharedArgs,
) -> anyhow::Result<()> {
    let of = |scene: &Path, name: &str| -> anyhow::Result<(EvalSummary, Outcome)> {
        let out = args.out.as_ref().map(|out| out.join(name));
        let outcome = of_scene(scene, photographs, args, out.as_deref(), metrics, shared)?;
        Ok((EvalSummary::new(scene, &photographs.path, Some(args.split), &outcome), outcome))
    };
    let (first, second) = (of(scenes[0], "a")?, of(scenes[1], "b")?);
    let views = paired_views(&first.0.summary.views, &second.0.summary.views);
    let differences = PairedSummary::of(&views).context("the scenes have no view in common")?;
    let json = serde_json::json!({"a": &first.0, "b": &second.0, "b_less_a": differences});
    let json = serde_json::to_string_pretty(&json)?;
    signals::listen(|| ());
    if let Some(out) = &args.out {
        for (name, (evaluation, outcome)) in [("a", &first), ("b", &second)] {
            write(&out.join(name), evaluation, outcome)?;
        }
        files::write_atomically(&out.join("metrics.json"), json.as_bytes())?;
    }
    end_where_asked()?;
    if args.json {
        tell_json!(json);
    } else {
        paired::print(scenes, &views, &differences);
    }
    Ok(())
}

/// Writes the files of an evaluation.
fn write(out: &Path, evaluation: &EvalSummary, outcome: &Outcome) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(evaluation)?;
    files::write_atomically(&out.join("metrics.json"), json.as_bytes())?;
    if let Some(sheet) = outcome.album.sheet() {
        sheet.save_png(&out.join("sheet.png"))?;
    }
    let page = report(evaluation, outcome).html(&outcome.album);
    Ok(files::write_atomically(&out.join("report.html"), page.as_bytes())?)
}

/// Ends the command where a signal came while files were written.
fn end_where_asked() -> anyhow::Result<()> {
    if signals::asked() {
        return Err(Interrupted("stopped by a signal, after all figures were measured".to_owned()).into());
    }
    Ok(())
}

impl EvalSummary {
    fn new(subject: &Path, truth: &Path, split: Option<Which>, outcome: &Outcome) -> Self {
        Self {
            num_convexes: outcome.num_convexes,
            subject: subject.display().to_string(),
            truth: truth.display().to_string(),
            split: split.map(|split| format!("{split:?}").to_lowercase()),
            adapter: outcome.adapter.clone(),
            version: env!("CARGO_PKG_VERSION"),
            summary: outcome.album.summary(),
        }
    }
}

/// The photographs that are given, else those of the training that left the scene.
fn photographs(args: &EvalArgs) -> anyhow::Result<Option<Photographs>> {
    let given = args.dataset.as_deref();
    match &args.scene {
        Some(scene) => Photographs::of(scene, given, &args.dataset_options),
        None => Ok(given.map(|path| Photographs {
            path: path.into(),
            options: args.dataset_options.options([0.0; 3]),
            differences: None,
        })),
    }
}

/// Refuses folders that hold the `metrics.json` and `report.html` of a training, or photographs.
fn check(out: &Path, args: &EvalArgs, truth: Option<&Path>) -> anyhow::Result<()> {
    files::check_folder(out)?;
    if out.join(SCENE_FILE).is_file() {
        bail!("--out {} holds a scene, and a training has its own report there; choose another folder", out.display());
    }
    let mut given = args.renders.as_deref().into_iter().chain(truth);
    if given.any(|path| source::is_same(out, path)) {
        bail!("--out {} is where images are read from; choose another folder", out.display());
    }
    let is_picture = |path: &Path| path.is_file() && ImageFormat::from_path(path).is_ok();
    let has_pictures = std::fs::read_dir(out).is_ok_and(|found| found.flatten().any(|entry| is_picture(&entry.path())));
    if has_pictures && !out.join("report.html").is_file() {
        bail!("--out {} holds images; choose another folder", out.display());
    }
    Ok(())
}

/// The metrics that are measured; LPIPS needs weights.
pub(super) fn metrics(weights: Option<&Path>, also_normalised: bool) -> anyhow::Result<Metrics> {
    let lpips = weights.map(Lpips::load).transpose().context("--lpips-weights")?;
    Ok(lpips.map_or_else(Metrics::default, |lpips| Metrics::with_lpips(lpips, also_normalised)))
}

fn of_scene(
    path: &Path,
    photographs: &Photographs,
    args: &EvalArgs,
    out: Option<&Path>,
    metrics: &Metrics,
    shared: &SharedArgs,
) -> anyhow::Result<Outcome> {
    let file = source::scene_file_of(path);
    let (scene, metadata) = source::load(path, None, args.json)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let options = metadata.render_options();
    let options = RenderOptions {
        background: args.background.map_or(options.background, |colour| colour.0),
        antialias: args.antialias.map_or(options.antialias, Switch::is_on),
        ..options
    };
    let (dataset, views) = dataset(photographs, args, options.background)?;
    if photographs.differences.is_none() {
        for difference in trained::differences(&source::views_beside(path), &dataset, &views) {
            say!("warning: {difference}");
        }
    }
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    let mut drawn = SceneViews::new(&gpu, &scene, &dataset, options)?;
    let mut measured = Vec::new();
    let album = collect(out, args.json, &views, &stems(&dataset, &views), |view| {
        let evaluated = drawn.evaluate(*view, metrics)?;
        measured.extend(out.is_some().then(|| measured_photograph(&evaluated, dataset.views[*view].split)));
        Ok(evaluated)
    })?;
    let log = folder.join("metrics.jsonl");
    let curves = if log.is_file() { curves_of(&read_log(&log)?) } else { Vec::new() };
    Ok(Outcome {
        album,
        num_convexes: Some(scene.len()),
        adapter: Some(gpu.name().to_owned()),
        driver: Some(gpu.driver().to_owned()),
        curves,
        trained: TrainedBy::of(path),
        photographs: measured,
        num_photographs: dataset.views.len(),
    })
}

/// A photograph measured for the report, with the loss of trainings by default.
fn measured_photograph(evaluated: &Evaluated, split: Split) -> MeasuredPhotograph {
    MeasuredPhotograph::of(evaluated, split, SSIM_WEIGHT)
}

fn of_folder(
    renders: &Path,
    photographs: Option<&Photographs>,
    args: &EvalArgs,
    metrics: &Metrics,
) -> anyhow::Result<Outcome> {
    let (pictures, out) = (ImageFolder::open(renders)?, args.out.as_deref());
    let (mut measured, mut num_photographs) = (Vec::new(), 0);
    let album = if let Some(truth) = &args.truth {
        let truth = ImageFolder::open(truth)?;
        pictures.check(truth.names())?;
        let names: Vec<&str> = truth.names().collect();
        collect(out, args.json, &names, &file_stems(&names), |name| {
            let path = truth.find(name)?.unwrap_or(Path::new(name));
            pictures.evaluate(GroundTruth::of_file(name, path)?, metrics)
        })?
    } else {
        let photographs = photographs.context("expected --dataset or --truth")?;
        let (dataset, views) = dataset(photographs, args, args.background.map_or([0.0; 3], |colour| colour.0))?;
        pictures.check(views.iter().filter_map(|view| dataset.views.get(*view)).map(|view| view.name.as_str()))?;
        num_photographs = dataset.views.len();
        collect(out, args.json, &views, &stems(&dataset, &views), |view| {
            let evaluated = pictures.evaluate(GroundTruth::of_view(&dataset, *view)?, metrics)?;
            measured.extend(out.is_some().then(|| measured_photograph(&evaluated, dataset.views[*view].split)));
            Ok(evaluated)
        })?
    };
    Ok(Outcome {
        album,
        num_convexes: None,
        adapter: None,
        driver: None,
        curves: Vec::new(),
        trained: TrainedBy::default(),
        photographs: measured,
        num_photographs,
    })
}

/// The dataset, and the views that were asked for.
fn dataset(photographs: &Photographs, args: &EvalArgs, background: [f32; 3]) -> anyhow::Result<(Dataset, Vec<usize>)> {
    let dataset = photographs.open(background, !args.json)?;
    let views: Vec<usize> = match args.split {
        Which::All => (0..dataset.views.len()).collect(),
        Which::Test => dataset.indices(Split::Test).collect(),
        Which::Train => dataset.indices(Split::Train).collect(),
    };
    if views.is_empty() {
        let (path, split) =
            (photographs.path.display(), if args.split == Which::Test { "held-out" } else { "training" });
        bail!("{path} has no {split} image; --split chooses others, and --test-every says how many are held out");
    }
    Ok((dataset, views))
}

/// The error where no photographs are given: the training that left the scene had some.
fn no_dataset(scene: &Path) -> anyhow::Error {
    let trained =
        trained::command(scene).map(|command| format!(", with the same options as its training: `{command}`"));
    anyhow!("{}: give its photographs by --dataset{}", scene.display(), trained.unwrap_or_default())
}

/// The stems of the files of views.
fn stems(dataset: &Dataset, views: &[usize]) -> Vec<String> {
    let all = dataset.file_stems();
    views.iter().filter_map(|view| all.get(*view).cloned()).collect()
}

/// Evaluates one view after the other, with the progress on stderr.
fn collect<V>(
    out: Option<&Path>,
    is_quiet: bool,
    views: &[V],
    stems: &[String],
    mut evaluate: impl FnMut(&V) -> Result<Evaluated, EvaluateError>,
) -> anyhow::Result<Album> {
    let parts = Parts::begin(format!("evaluating {}", counted(views.len(), "view")), views.len() as u64, is_quiet);
    let pictures = out.map(|out| out.join("pictures"));
    let mut album = Album::new(views.len());
    for (view, stem) in views.iter().zip(stems) {
        let stem = pictures.as_ref().map(|pictures| pictures.join(stem));
        album.add(&evaluate(view)?, stem.as_deref())?;
        parts.advance();
    }
    Ok(album)
}

fn report(evaluation: &EvalSummary, outcome: &Outcome) -> EvaluationReport {
    let split = evaluation.split.as_ref().map_or_else(String::new, |split| format!(", split “{split}”"));
    let mut facts = vec![("Images of", evaluation.subject.clone()), ("Truth", format!("{}{split}", evaluation.truth))];
    let driver = outcome.driver.as_ref().map_or_else(String::new, |driver| format!(" ({driver})"));
    facts.extend(outcome.adapter.iter().map(|name| ("Drawn by", format!("{name}{driver}"))));
    facts.push(("Measured by", format!("{}, on 8-bit images", program())));
    facts.extend(outcome.trained.facts.iter().cloned());
    EvaluationReport {
        title: evaluation.subject.clone(),
        subtitle: format!("against {}{split}", evaluation.truth),
        num_convexes: evaluation.num_convexes.map(|number| number as u64),
        curves: outcome.curves.clone(),
        facts,
        options: outcome.trained.options.clone(),
        photographs: outcome.photographs.clone(),
        num_photographs: outcome.num_photographs,
    }
}

/// A table for people: the means last.
fn print(summary: &Summary) {
    let names: Vec<String> = summary.views.iter().map(|view| text::quoted(&view.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(4, 48);
    let line = |name: &str, psnr: f64, ssim: f64, lpips: [Option<f64>; 2]| {
        let lpips: String = lpips.iter().flatten().map(|value| format!("  {value:8.4}")).collect();
        tell!("{name:width$}  {psnr:8.2}  {ssim:7.4}{lpips}");
    };
    let lpips = ["   LPIPS", "LPIPS −1..1"];
    let is_there = [summary.lpips_vgg.is_some(), summary.lpips_vgg_normalised.is_some()];
    let heads: String = lpips.iter().zip(is_there).filter(|(_, is)| *is).map(|(name, _)| format!("  {name}")).collect();
    tell!("{:width$}  PSNR, dB     SSIM{heads}", "");
    for (name, view) in names.iter().zip(&summary.views) {
        let metrics = view.metrics;
        line(name, metrics.psnr, metrics.ssim, [metrics.lpips_vgg, metrics.lpips_vgg_normalised]);
    }
    if let (Some(psnr), Some(ssim)) = (summary.psnr, summary.ssim) {
        line("mean", psnr, ssim, [summary.lpips_vgg, summary.lpips_vgg_normalised]);
    }
}
