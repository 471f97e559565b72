//! `lapidary train`: from photographs to a scene.

mod folder;
mod log;
mod options;
mod run;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use folder::Folder;
use lapidary::dataset::transforms::Transforms;
use lapidary::dataset::{Dataset, Split};
use lapidary::evaluate::{Metrics, Summary};
use lapidary::files;
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::optimiser::LossMeans;
use lapidary::scene::Scene;
use lapidary::text::counted;
use lapidary::train::{Checkpoint, TrainOptions, Trainer};
use run::{End, Run};
use serde::Serialize;

use super::SharedArgs;
use super::dataset::DatasetArgs;
use super::progress::Step;
use super::signals::Interrupted;
use super::source::{self, CAMERAS_FILE, CHECKPOINT_FILE};

/// Trains a scene on photographs with known cameras.
///
/// DIR then holds `scene.safetensors`, `report.html`, `metrics.json`, `metrics.jsonl`, `config.toml`,
/// `cameras.json`, `checkpoint.safetensors` and `test/` with pictures of the held-back views beside the truth. Ctrl-C
/// saves a checkpoint before it ends, with exit code 130; --resume goes on from there as if nothing had happened. A second
/// Ctrl-C ends at once.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TrainArgs {
    /// Folder with photographs and cameras: COLMAP, Blender or nerfstudio; also a .zip of one
    pub(super) dataset: PathBuf,
    /// Folder to write into; created where it is missing
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Number of iterations; every schedule stretches with it. With --resume a training goes on to another number
    /// [default: 30000]
    #[arg(long, value_name = "N")]
    iterations: Option<u32>,
    /// Most convexes: quality against speed and memory [default: 1000000]
    #[arg(long, value_name = "N")]
    max_convexes: Option<u32>,
    /// Begin with this scene in place of points: a scene, a checkpoint, the folder of a training, convexes or Gaussians in
    /// .ply, or a model of the authors' code, in the units of the dataset
    #[arg(long, value_name = "SCENE")]
    start: Option<PathBuf>,
    /// Go on from the checkpoint in DIR
    #[arg(long)]
    resume: bool,
    /// Open a window that shows the scene while it is trained; closing it ends the training as Ctrl-C would
    #[cfg(feature = "viewer")]
    #[arg(long)]
    view: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// Print a line of JSON for every line of `metrics.jsonl`, and at the end what `metrics.json` holds
    #[arg(long, conflicts_with = "quiet")]
    json: bool,

    #[command(flatten)]
    pub(super) dataset_options: DatasetArgs,

    /// Everything random depends on it alone [default: 0]
    #[arg(long, value_name = "SEED", help_heading = "Method")]
    seed: Option<u64>,
    /// Train, and later draw, with anti-aliasing: for views from farther away than the photographs
    #[arg(long, help_heading = "Method")]
    antialias: bool,
    /// Train as the method was published, without a budget that growth aims at
    #[arg(long, value_enum, help_heading = "Method")]
    preset: Option<Published>,
    /// GPU memory that may be taken, in MiB [default: 4/5 of what the adapter has, 2/5 of a software device]
    #[arg(long, value_name = "MIB", help_heading = "Method")]
    memory: Option<u32>,
    /// Options in a TOML file, as `config.toml` of a run; docs/training.md lists them
    #[arg(long, value_name = "FILE", help_heading = "Method")]
    config: Option<PathBuf>,
    /// Any option of the file, like `colour_rate=0.01`; flags win over --set, and --set over the file
    #[arg(long = "set", value_name = "NAME=VALUE", help_heading = "Method")]
    set: Vec<String>,

    /// Write a checkpoint every so many iterations [default: once a minute]
    #[arg(long, value_name = "N", help_heading = "Saving and measuring",
        value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_every: Option<u32>,
    /// Look at a few held-back views every so many iterations; 0 for never [default: a tenth of the iterations]
    #[arg(long, value_name = "N", help_heading = "Saving and measuring")]
    eval_every: Option<u32>,
    /// Weights of LPIPS for the held-back views at the end; docs/evaluating.md says how to make them
    #[arg(long, value_name = "FILE", help_heading = "Saving and measuring")]
    lpips_weights: Option<PathBuf>,
    /// Stop after this iteration, with a checkpoint and exit code 0
    #[arg(long, value_name = "N", help_heading = "Saving and measuring")]
    stop_at: Option<u32>,
    /// Print the time of every kernel of an iteration at the end
    #[arg(long, help_heading = "Saving and measuring")]
    profile: bool,
}

impl TrainArgs {
    /// Whether nothing is said to people about how far it came.
    const fn is_silent(&self) -> bool {
        self.quiet || self.json
    }
}

/// Configurations that were published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Published {
    /// Few convexes
    Light,
    /// Rooms
    Indoor,
    /// Landscapes
    Outdoor,
}

/// `metrics.json`
#[derive(Debug, Serialize)]
struct TrainingSummary {
    num_convexes: u32,
    iterations: u32,
    /// Since the training began, without the time in which it was stopped.
    seconds: f64,
    adapter: String,
    version: &'static str,
    #[serde(flatten)]
    summary: Summary,
}

/// What is known before there is a device.
pub(super) struct Prepared {
    folder: Folder,
    options: TrainOptions,
    metrics: Metrics,
    checkpoint: Option<Checkpoint>,
    /// What it begins with, where that is no matter of points.
    start: Option<(Scene, PathBuf)>,
    dataset: Arc<Dataset>,
}

impl Prepared {
    /// What the training depends on.
    #[cfg(feature = "viewer")]
    pub(super) const fn options(&self) -> &TrainOptions {
        &self.options
    }
}

/// What whoever looks on wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    GoOn,
    Save,
    Stop,
}

/// Asked between two submissions, with the losses that were collected since.
type Watch<'a> = dyn FnMut(&mut Trainer, &[LossMeans]) -> Wish + 'a;

pub(crate) fn run(args: &TrainArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let prepared = prepare(args)?;
    #[cfg(feature = "viewer")]
    if args.view {
        return super::live::run(args, shared, prepared);
    }
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    train(&gpu, args, prepared, &mut |_, _| Wish::GoOn)
}

/// A number of iterations in words.
fn iterations(count: u32) -> String {
    counted(count as usize, "iteration")
}

fn checkpoint_path(args: &TrainArgs) -> PathBuf {
    args.out.join(CHECKPOINT_FILE)
}

fn prepare(args: &TrainArgs) -> anyhow::Result<Prepared> {
    // A file of weights that is none is better known before the training than after it.
    let metrics = super::eval::metrics(args.lpips_weights.as_deref(), false)?;
    folder::check(args)?;
    let mut checkpoint = args.resume.then(|| Checkpoint::load(&checkpoint_path(args))).transpose()?;
    let start = args.start.as_deref().filter(|_| checkpoint.is_none()).map(start).transpose()?;
    let options = match (&checkpoint, &start) {
        (Some(found), _) => options::resumed(args, &found.state)?,
        (None, start) => options::options(args, start.as_ref().map(|(scene, _)| scene))?,
    };
    if let Some(found) = &mut checkpoint {
        found.state.options = options.clone();
    }
    let reading = Step::begin(format!("reading {}", args.dataset.display()), args.quiet);
    let dataset = Arc::new(Dataset::open(&args.dataset, &args.dataset_options.options(options.background))?);
    drop(reading);
    say(args, "note", [&dataset.summary()].into_iter().chain(&dataset.notes).chain(&beginning(args, start.as_ref())));
    if let Some((scene, _)) = start.as_ref().filter(|_| !args.quiet) {
        say(args, "warning", &lapidary::train::other_world(&dataset, scene));
    }
    Ok(Prepared { folder: Folder::claim(&args.out)?, options, metrics, checkpoint, start, dataset })
}

/// What the training begins with where that is no matter of points, and what of the command is not used then.
fn beginning(args: &TrainArgs, start: Option<&(Scene, PathBuf)>) -> Vec<String> {
    let points = args.dataset_options.points.as_ref().map(|path| format!("--points {}", path.display()));
    if args.resume {
        let scene = args.start.as_ref().map(|path| format!("--start {}", path.display()));
        let unused = |what: String| format!("{what} is not used: --resume goes on with what the checkpoint holds");
        return scene.into_iter().chain(points).map(unused).collect();
    }
    let Some((scene, path)) = start else { return Vec::new() };
    let points = points.unwrap_or_else(|| "the points of the dataset".to_owned());
    let convexes = counted(scene.len(), "convex");
    vec![format!("the training begins with {convexes} from {}, not with {points}", path.display())]
}

/// The scene that a training begins with, and its file.
fn start(path: &Path) -> anyhow::Result<(Scene, PathBuf)> {
    let (scene, _) = source::load(path, None).context("--start")?;
    Ok((scene, path.to_path_buf()))
}

/// What the user should know before it begins.
fn say<'a>(args: &TrainArgs, kind: &str, sentences: impl IntoIterator<Item = &'a String>) {
    for sentence in sentences.into_iter().filter(|_| !args.quiet) {
        say!("{kind}: {sentence}");
    }
}

/// Trains to the end, or until somebody stops it.
pub(super) fn train(gpu: &Gpu, args: &TrainArgs, prepared: Prepared, watch: &mut Watch<'_>) -> anyhow::Result<()> {
    let Prepared { folder: _folder, options, metrics, checkpoint, start, dataset } = prepared;
    let from = match (&checkpoint, &start) {
        (None, None) => format!(" from {}", counted(dataset.points.len(), "point")),
        _ => String::new(),
    };
    let starting = Step::begin(format!("preparing the training{from}"), args.quiet);
    let trainer = match (checkpoint, start) {
        (Some(found), _) => Trainer::resume(gpu, Arc::clone(&dataset), found, &checkpoint_path(args))?,
        (None, Some((scene, path))) => Trainer::from_scene(gpu, Arc::clone(&dataset), options, (&scene, &path))?,
        (None, None) => Trainer::new(gpu, Arc::clone(&dataset), options)?,
    };
    say(args, "note", &trainer.note());
    // Looking takes time, and finds nothing that a silent program would say.
    if !args.quiet {
        say(args, "warning", &trainer.warnings()?);
    }
    drop(starting);
    let mut run = Run::new(args, trainer);
    run.open_log()?;
    cameras(&dataset).save(&args.out.join(CAMERAS_FILE))?;
    let config = folder::command_comment() + &toml::to_string_pretty(run.trainer.options())?;
    files::write_atomically(&args.out.join("config.toml"), config.as_bytes())?;
    let end = run.train(watch)?;
    let said =
        format!("stopped after {}; go on with the same command and --resume", iterations(run.trainer.iteration()));
    match end {
        End::Done => run.finish(&dataset, &metrics, gpu.name()),
        End::Stopped => Err(Interrupted(said).into()),
        End::AsAsked => {
            // Where programs read along, the last line of JSON says how far it came.
            if !args.is_silent() {
                tell!("{said}");
            }
            Ok(())
        }
    }
}

/// The cameras, for those who look at the scene without its dataset.
fn cameras(dataset: &Dataset) -> Transforms {
    let views: Vec<_> = dataset.views.iter().map(|view| (view.name.clone(), view.camera)).collect();
    let names = |split| dataset.indices(split).map(|index| dataset.views[index].name.clone()).collect();
    Transforms {
        train_filenames: Some(names(Split::Train)),
        test_filenames: Some(names(Split::Test)),
        ..Transforms::from_cameras(&views)
    }
}
