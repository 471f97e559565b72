//! The command line: parse, run one command, turn errors into exit codes.
//!
//! Exit code 0 is success, 1 is a measurement that became slower, 2 is bad input or usage, 3 is a machine that cannot do it: a GPU
//! that is missing, too small, lost or full, or no display for a window, 101 is a bug, 130 is work that a signal left undone.

/// Prints a line. A reader who has gone (`lapidary … | head`) ends nothing.
macro_rules! tell {
    ($($line:tt)*) => {
        $crate::cli::print_line(&lapidary::text::escaped(&format!($($line)*)))
    };
}

/// Prints a table that was laid out already: its newlines stay.
macro_rules! tell_table {
    ($table:expr) => {
        $crate::cli::print_line(&lapidary::text::escaped_lines($table.trim_end()))
    };
}

/// Prints JSON, for programs: names are exact, and written so that a terminal obeys nothing in them.
macro_rules! tell_json {
    ($json:expr) => {
        $crate::cli::print_line(&lapidary::text::escaped_json(&$json))
    };
}

/// Prints a line to stderr: a note, a warning, an error. Errors of writing it are ignored.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::cli::print_error_line(&format!($($line)*))
    };
}

mod bench;
mod bug;
mod convert;
mod dataset;
mod defaults;
mod edits;
mod eval;
mod info;
#[cfg(feature = "viewer")]
mod live;
mod paired;
mod progress;
mod render;
#[cfg(all(feature = "viewer", feature = "web"))]
mod serve;
mod shell;
mod signals;
mod source;
mod synth;
mod train;
mod trained;
#[cfg(feature = "viewer")]
mod view;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Instant;

use clap::{Parser, Subcommand};
use lapidary::evaluate::EvaluateError;
use lapidary::gpu::{GpuError, Selector};
use lapidary::render::RenderError;
use lapidary::train::TrainError;

/// 3D Convex Splatting on wgpu: trains, views and renders scenes of smooth convexes.
#[derive(Debug, Parser)]
#[command(version = version(), propagate_version = true, arg_required_else_help = true, after_help = ENVIRONMENT)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    shared: SharedArgs,
}

/// The variables that the program reads.
const ENVIRONMENT: &str = "\
Environment:
  LAPIDARY_ADAPTER  GPU to use, as --adapter
  LAPIDARY_CONFIG   File of defaults: a TOML table for each command, whose keys are its long options
                    [default: config.toml in the user's folder for settings: ~/.config/lapidary]
  RUST_LOG          What is logged, like lapidary=debug; -v and -vv are shorter
  NO_COLOR          Without colours, if it is set";

/// The version, with the commit where the build knows it.
fn version() -> &'static str {
    let commit = option_env!("LAPIDARY_COMMIT").map_or_else(String::new, |commit| format!(" ({commit})"));
    // Made once, for as long as the program runs.
    format!("{}{commit}", env!("CARGO_PKG_VERSION")).leak()
}

/// Flags of every command.
#[derive(Debug, clap::Args)]
pub(crate) struct SharedArgs {
    /// GPU to use: its index in `lapidary info`, or a part of its name
    #[arg(long, global = true, env = lapidary::gpu::adapter::ADAPTER_VARIABLE, value_name = "INDEX|NAME")]
    adapter: Option<Selector>,
    /// Print more: -v for information, -vv for debugging
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the GPUs of this machine and their abilities, or describe a dataset or a scene
    Info(info::InfoArgs),
    /// Make a small multi-view dataset of cut gems, exact and the same every time
    #[command(allow_negative_numbers = true)]
    Synth(synth::SynthArgs),
    /// Train a scene on photographs
    #[command(allow_negative_numbers = true)]
    Train(train::TrainArgs),
    /// Convert a scene between formats: scenes, models of the authors' code, meshes, colliders, Gaussians
    #[command(allow_negative_numbers = true)]
    Convert(convert::ConvertArgs),
    /// Render a saved scene to images and videos
    #[command(allow_negative_numbers = true)]
    Render(Box<render::RenderArgs>),
    /// Compare a scene, or images of another program, with photographs
    #[command(allow_negative_numbers = true)]
    Eval(eval::EvalArgs),
    /// Measure the cost of frames and iterations, and compare with an older report
    #[command(allow_negative_numbers = true)]
    Bench(Box<bench::BenchArgs>),
    /// Open a window on a scene or a dataset
    #[cfg(feature = "viewer")]
    View(view::ViewArgs),
    /// Print a script that completes commands and options in bash, zsh, fish, elvish or PowerShell
    Completions(shell::CompletionsArgs),
    /// Print a page of the manual, or write all of them
    Man(shell::ManArgs),
    /// Not in this build: `cargo build --release` builds the window
    #[cfg(not(feature = "viewer"))]
    #[command(hide = true)]
    View {
        /// All arguments of the command
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    started();
    signals::take();
    let cli = match defaults::parse() {
        Ok(cli) => cli,
        Err(error) => {
            say!("error: {}", sentence(&error));
            return ExitCode::from(2);
        }
    };
    let level = match cli.shared.verbose {
        0 => log::LevelFilter::Error,
        1 => log::LevelFilter::Info,
        _ => log::LevelFilter::Debug,
    };
    bug::tell_of_panics();
    log_to_stderr(level);
    let result = match &cli.command {
        Command::Info(args) => info::run(args, &cli.shared),
        Command::Synth(args) => synth::run(args),
        Command::Train(args) => train::run(args, &cli.shared),
        Command::Convert(args) => convert::run(args, &cli.shared),
        Command::Render(args) => render::run(args, &cli.shared),
        Command::Eval(args) => eval::run(args, &cli.shared),
        Command::Bench(args) => bench::run(args, &cli.shared),
        Command::Completions(args) => {
            shell::completions(args);
            Ok(())
        }
        Command::Man(args) => shell::man(args),
        #[cfg(feature = "viewer")]
        Command::View(args) => view::run(args, &cli.shared),
        #[cfg(not(feature = "viewer"))]
        Command::View { .. } => Err(anyhow::anyhow!(
            "this lapidary was built without the viewer: `cargo build --release` builds it with one"
        )),
    };
    match result {
        Ok(()) => match OUTPUT_FAULT.get() {
            // The results of a training are in its folder.
            Some(error) if matches!(cli.command, Command::Train(_)) => {
                say!("warning: the output could not be written: {error}");
                ExitCode::SUCCESS
            }
            Some(error) => {
                say!("error: the output could not be written: {error}");
                ExitCode::from(2)
            }
            None => ExitCode::SUCCESS,
        },
        Err(error) if error.is::<signals::Interrupted>() => {
            say!("{error}");
            ExitCode::from(signals::EXIT_CODE)
        }
        Err(error) => {
            say!("error: {}", sentence(&error));
            exit_code(&error)
        }
    }
}

/// When the program started, or when this was first called.
pub(crate) fn started() -> Instant {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    *STARTED.get_or_init(Instant::now)
}

/// Writes the log to stderr. Lines are escaped, because they may quote files, as errors do.
fn log_to_stderr(level: log::LevelFilter) {
    let mut logger = env_logger::Builder::new();
    let start = started();
    logger.format(move |out, record| {
        let (seconds, text) = (start.elapsed().as_secs_f64(), lapidary::text::message(&record.args().to_string()));
        writeln!(out, "[{seconds:.3} s {} {}] {text}", record.level(), record.target())
    });
    // The window says in its own words where there are no file dialogs.
    logger.filter_level(level).filter_module("rfd", log::LevelFilter::Off).parse_default_env().init();
}

/// An error and its causes in one sentence. Errors of the library say their cause themselves; it is not said twice.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.ends_with(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// An error of the library, and the flag or command that helps.
#[derive(Debug, thiserror::Error)]
#[error("{error}; {advice}")]
pub(crate) struct Advised {
    error: Box<dyn std::error::Error + Send + Sync>,
    advice: String,
}

impl Advised {
    pub(crate) fn error(
        error: impl std::error::Error + Send + Sync + 'static,
        advice: impl Into<String>,
    ) -> anyhow::Error {
        Self { error: Box::new(error), advice: advice.into() }.into()
    }
}

/// Prints the line of `tell!`. A closed pipe is no error, because the work is wanted all the same; a full disk is reported at
/// the end.
fn print_line(line: &str) {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => OUTPUT_FAULT.set(error).unwrap_or_default(),
        _ => (),
    }
}

/// Prints text that this program has made, as it is.
fn print_text(text: &[u8]) {
    match std::io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => OUTPUT_FAULT.set(error).unwrap_or_default(),
        _ => (),
    }
}

/// Prints the line of `say!`.
fn print_error_line(line: &str) {
    writeln!(std::io::stderr().lock(), "{}", lapidary::text::message(line)).unwrap_or_default();
}

/// The first error of printing to stdout.
static OUTPUT_FAULT: OnceLock<std::io::Error> = OnceLock::new();

fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<bench::Slower>() {
        return ExitCode::FAILURE;
    }
    if error.is::<lapidary::run::Bug>() {
        return ExitCode::from(bug::EXIT_CODE);
    }
    let is_of_machine = error.chain().any(|cause| is_gpu_error(cause) || is_window_error(cause));
    ExitCode::from(if is_of_machine { 3 } else { 2 })
}

/// Errors that pass on the device's word for word hide it from the chain of causes.
fn is_gpu_error(cause: &(dyn std::error::Error + 'static)) -> bool {
    let of_evaluation = |error: &EvaluateError| matches!(error, EvaluateError::Gpu(_));
    let of_training = |error: &TrainError| match error {
        TrainError::Gpu(_)
        | TrainError::NoRoom { .. }
        | TrainError::TooLarge { .. }
        | TrainError::TooManyForDevice { .. } => true,
        TrainError::Evaluate(error) => of_evaluation(error),
        _ => false,
    };
    let of_advice = |advised: &Advised| is_gpu_error(advised.error.as_ref());
    cause.is::<GpuError>()
        || cause.downcast_ref().is_some_and(of_advice)
        || cause.downcast_ref().is_some_and(of_training)
        || cause.downcast_ref().is_some_and(of_evaluation)
        || cause.downcast_ref().is_some_and(|error| matches!(error, RenderError::Gpu(_)))
}

#[cfg(feature = "viewer")]
fn is_window_error(cause: &(dyn std::error::Error + 'static)) -> bool {
    use lapidary::viewer::{NoDisplay, ViewerError};
    cause.is::<NoDisplay>() || cause.is::<ViewerError>()
}

#[cfg(not(feature = "viewer"))]
fn is_window_error(_: &(dyn std::error::Error + 'static)) -> bool {
    false
}

/// Width and height in pixels, written `640x480`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = |side: &str| side.trim().parse::<u32>().ok().filter(|side| *side > 0);
        text.split_once(['x', '×'])
            .and_then(|(width, height)| Some(Self { width: parse(width)?, height: parse(height)? }))
            .ok_or_else(|| "expected width and height in pixels, like 640x480".to_owned())
    }
}

/// The value of an option that is turned on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

/// Red, green and blue, sRGB in 0..=1, written `1,0.5,0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Colour(pub(crate) [f32; 3]);

impl std::str::FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let channels: Result<Vec<f32>, _> = text.split(',').map(|channel| channel.trim().parse()).collect();
        let channels = channels.ok().and_then(|channels| <[f32; 3]>::try_from(channels).ok());
        channels
            .filter(|channels| channels.iter().all(|channel| (0.0..=1.0).contains(channel)))
            .map(Self)
            .ok_or_else(|| "expected three numbers from 0 to 1, like 1,1,1".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_parsed_and_wrong_ones_refused() {
        assert_eq!("640x480".parse(), Ok(Size { width: 640, height: 480 }));
        for wrong in ["", "640", "0x1", "ax2", "-1x2"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn colours_are_three_numbers_from_0_to_1() {
        assert_eq!("1, 0.5,0".parse(), Ok(Colour([1.0, 0.5, 0.0])));
        for wrong in ["", "1,1", "1,1,1,1", "1,1,1,a", "2,0,0", "a,b,c", "NaN,0,0"] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cause_is_printed_once() {
        let absent = lapidary::files::read(std::path::Path::new("absent.json")).unwrap_err();
        let text = sentence(&anyhow::Error::new(absent).context("--path"));
        assert!(text.starts_with("--path: cannot read absent.json: "), "{text}");
        assert_eq!(text.matches("os error").count(), 1, "{text}");
    }

    #[test]
    fn gpu_errors_have_an_exit_code_of_their_own() {
        let through = |error: anyhow::Error| format!("{:?}", exit_code(&error.context("while rendering")));
        assert_eq!(through(GpuError::NoAdapter.into()), format!("{:?}", ExitCode::from(3)));
        assert_eq!(through(TrainError::from(GpuError::NoAdapter).into()), format!("{:?}", ExitCode::from(3)));
        let nested = TrainError::from(EvaluateError::from(GpuError::NoAdapter));
        assert_eq!(through(nested.into()), format!("{:?}", ExitCode::from(3)));
        assert_eq!(through(RenderError::from(GpuError::NoAdapter).into()), format!("{:?}", ExitCode::from(3)));
        assert_eq!(through(anyhow::anyhow!("bad")), format!("{:?}", ExitCode::from(2)));
    }
}
