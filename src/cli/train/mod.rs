//! `lapidary train`: from photographs to a scene.

mod advice;
mod command;
mod keyboard;
mod readers;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use advice::{GO_ON, advised};
use anyhow::Context as _;
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::run::{
    RunConfig, RunControl, RunEnd, RunEvent, RunFinished, RunStart, TimeLimit, TrainOptionsPatch, TrainingRun,
};
use lapidary::text::counted;
use lapidary::train::Preset;
use readers::{JsonLines, Terminal, Verbosity};

use super::SharedArgs;
use super::dataset::DatasetArgs;
use super::signals::{self, Interrupted};
use super::source;

/// Trains a scene on photographs with known cameras.
///
/// DIR then holds `scene.safetensors`, `report.html`, `metrics.json`, `metrics.jsonl`, `config.toml`,
/// `cameras.json`, `checkpoint.safetensors` and `test/` with images of the held-out views beside the ground truth. Ctrl-C
/// saves a checkpoint before it ends, with exit code 130; --resume goes on from there with the same result. A second
/// Ctrl-C ends at once. In a terminal, typed lines are commands: `finish 5m` or `finish 200` (iterations) brings the training to a
/// good end within that, `pause`, `resume`, `save`, `stop`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TrainArgs {
    /// Folder with photographs and cameras: COLMAP, Blender or nerfstudio; also a .zip of one
    dataset: PathBuf,
    /// Folder to write into; created where it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of iterations; every schedule stretches with it. With --resume a training goes on to another number
    /// [default: 30000]
    #[arg(long, value_name = "N")]
    iterations: Option<u32>,
    /// Train the best scene that this time allows, like 90s, 10m or 1h30m: the device is measured first, then size of images, number of
    /// convexes and iterations are chosen. The time holds everything from the start of the program to the report
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<Duration>,
    /// Largest number of convexes: more give a better image, and take more time and memory [default: what
    /// the images hold, at most 1000000]
    #[arg(long, value_name = "N")]
    max_convexes: Option<u32>,
    /// Begin with this scene in place of points: a scene, a checkpoint, the folder of a training run, convexes or Gaussians in
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
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
    /// Print a line of JSON for every line of `metrics.jsonl`, with the seconds that are left, and at the end the content of
    /// `metrics.json`
    #[arg(long, conflicts_with = "quiet")]
    json: bool,

    #[command(flatten)]
    dataset_options: DatasetArgs,

    /// Seed of everything random [default: 0]
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

    /// Write a checkpoint every so many iterations [default: every one to five minutes]
    #[arg(long, value_name = "N", help_heading = "Saving and measuring",
        value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_every: Option<u32>,
    /// Evaluate a few held-out views every so many iterations; 0 for never [default: a tenth of the iterations]
    #[arg(long, value_name = "N", help_heading = "Saving and measuring")]
    eval_every: Option<u32>,
    /// Weights of LPIPS for the held-out views at the end; docs/evaluating.md says how to make them
    #[arg(long, value_name = "FILE", help_heading = "Saving and measuring")]
    lpips_weights: Option<PathBuf>,
    /// Stop after this iteration, with a checkpoint and exit code 0
    #[arg(long, value_name = "N", help_heading = "Saving and measuring")]
    stop_at: Option<u32>,
    /// Print the time of every kernel of an iteration at the end
    #[arg(long, help_heading = "Saving and measuring")]
    profile: bool,
}

/// A time with its unit.
fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok().filter(|time| !time.is_zero());
    time.ok_or_else(|| "expected a time like 90s, 10m or 1h30m".to_owned())
}

impl TrainArgs {
    /// Whether people are told nothing about the progress.
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

impl From<Published> for Preset {
    fn from(published: Published) -> Self {
        match published {
            Published::Light => Self::Light,
            Published::Indoor => Self::Indoor,
            Published::Outdoor => Self::Outdoor,
        }
    }
}

pub(crate) fn run(args: &TrainArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let mut readers = Readers::new(args);
    let run = TrainingRun::prepare(config(args)?, &mut |event| readers.read(&event)).map_err(advised)?;
    let (control, controls) = channel();
    keyboard::listen(control.clone(), args.is_silent());
    #[cfg(feature = "viewer")]
    if args.view {
        let options = run.options();
        let window = super::live::LiveWindow {
            dataset: args.dataset.clone(),
            dataset_options: args.dataset_options.options(options.background),
            out: args.out.clone(),
            antialias: options.antialias,
            background: options.background,
            adapter: shared.adapter.clone(),
        };
        let channels = Channels { stop: control.clone(), controls };
        let (out, is_silent) = (args.out.clone(), args.is_silent());
        return super::live::run(window, control, move |gpu, forward| {
            report(&train(run, gpu, channels, readers, forward)?, &out, is_silent)
        });
    }
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    let finished = train(run, &gpu, Channels { stop: control, controls }, readers, &mut |_| ())?;
    report(&finished, &args.out, args.is_silent())
}

/// The description of the run that the arguments ask for.
fn config(args: &TrainArgs) -> anyhow::Result<RunConfig> {
    // A file of weights that is none is better known before the training than after it.
    let metrics = super::eval::metrics(args.lpips_weights.as_deref(), false)?;
    for unused in unused(args).iter().filter(|_| !args.quiet) {
        say!("note: {unused} is not used: --resume goes on with the state of the checkpoint");
    }
    let start = match &args.start {
        _ if args.resume => RunStart::Checkpoint,
        Some(path) => {
            let (scene, _) = source::load(path, None, args.quiet).context("--start")?;
            RunStart::Scene { scene, path: path.clone() }
        }
        None => RunStart::Points,
    };
    Ok(RunConfig {
        dataset: args.dataset.clone(),
        // The run replaces the background by that of its options.
        dataset_options: args.dataset_options.options([0.0; 3]),
        out: args.out.clone(),
        options: options(args)?,
        start,
        checkpoint_every: args.checkpoint_every,
        stop_at: args.stop_at,
        time: args.time.map(|limit| TimeLimit { limit, begin: super::started() }),
        metrics,
        checks_dataset: !args.quiet,
        profiles: args.profile,
        comment: command::given(),
    })
}

/// The options in layers: a file, then `--set`, then the flags.
fn options(args: &TrainArgs) -> anyhow::Result<TrainOptionsPatch> {
    let mut patch = TrainOptionsPatch::default();
    if let Some(path) = &args.config {
        patch.add_file(path).map_err(advice::options)?;
    }
    for set in &args.set {
        patch.add_assignment(set).map_err(advice::options).with_context(|| format!("--set {set}"))?;
    }
    patch.iterations = args.iterations;
    patch.max_convexes = args.max_convexes;
    patch.memory = args.memory;
    patch.eval_every = args.eval_every;
    patch.seed = args.seed;
    patch.antialias = args.antialias.then_some(true);
    patch.preset = args.preset.map(Preset::from);
    Ok(patch)
}

/// The arguments that a training which goes on does not use.
fn unused(args: &TrainArgs) -> Vec<String> {
    let scene = args.start.as_ref().map(|path| format!("--start {}", path.display()));
    let points = args.dataset_options.points.as_ref().map(|path| format!("--points {}", path.display()));
    scene.into_iter().chain(points).filter(|_| args.resume).collect()
}

/// The readers of events on the command line.
struct Readers {
    terminal: Terminal,
    json: Option<JsonLines>,
}

impl Readers {
    fn new(args: &TrainArgs) -> Self {
        let verbosity = match (args.quiet, args.json) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Json,
            (false, false) => Verbosity::People,
        };
        Self { terminal: Terminal::new(verbosity, args.time.is_none()), json: args.json.then(JsonLines::default) }
    }

    fn read(&mut self, event: &RunEvent) {
        self.terminal.read(event);
        if let Some(json) = &mut self.json {
            json.read(event);
        }
    }
}

/// The two ends of the channel of controls.
struct Channels {
    /// The end that signals send [`RunControl::Stop`] to.
    stop: Sender<RunControl>,
    controls: Receiver<RunControl>,
}

/// Trains to the end, or until it is stopped. `forward` is given every event after the readers.
fn train(
    run: TrainingRun,
    gpu: &Gpu,
    channels: Channels,
    mut readers: Readers,
    forward: &mut dyn FnMut(RunEvent),
) -> anyhow::Result<RunFinished> {
    let mut stop = Some(channels.stop);
    let is_quiet = readers.terminal.is_quiet();
    let result = run.train(gpu, &channels.controls, &mut |event| {
        if let RunEvent::Started(_) = event
            && let Some(stop) = stop.take()
        {
            signals::listen(move || {
                if !is_quiet {
                    say!("stopping: the training will be saved; a second signal ends it without");
                }
                stop.send(RunControl::Stop).unwrap_or_default();
            });
        }
        readers.read(&event);
        forward(event);
    });
    readers.terminal.clear();
    result.map_err(advised)
}

/// Prints how a training ended. A training that a signal or the closing of its window stopped is an error.
fn report(finished: &RunFinished, out: &Path, is_silent: bool) -> anyhow::Result<()> {
    let stopped = format!("stopped after {}; {GO_ON}", counted(finished.iteration as usize, "iteration"));
    match finished.end {
        RunEnd::Stopped => return Err(Interrupted(stopped).into()),
        RunEnd::StoppedInEvaluation => return Err(Interrupted(STOPPED_IN_EVALUATION.to_owned()).into()),
        // Where programs read along, the last line of JSON tells how far it came.
        _ if is_silent => (),
        RunEnd::StopAt => tell!("{stopped}"),
        RunEnd::Done => {
            if let Some(summary) = &finished.summary {
                tell!("{}; report: {}", readers::sentence(summary), out.join("report.html").display());
            }
        }
    }
    Ok(())
}

/// The message after a signal when all iterations are done.
const STOPPED_IN_EVALUATION: &str =
    "stopped while the held-out views were evaluated; the training is saved, --resume evaluates them again";
