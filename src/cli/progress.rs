//! Progress of commands.

use std::fmt::Write;
use std::io::{IsTerminal as _, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use lapidary::text::time_left;

/// A bar on stderr, where that is a terminal and the user wants one.
pub(crate) fn bar(total: u64, is_quiet: bool) -> ProgressBar {
    let target = if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {speed}, {eta} left  {msg}");
    let speed = |state: &ProgressState, out: &mut dyn Write| {
        write!(out, "{:.1}/s", state.per_sec()).unwrap_or_default();
    };
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("speed", speed));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// A bar like [`bar`] for work whose speed and time are measured elsewhere; [`pace`] is its prefix.
pub(crate) fn paced_bar(total: u64, is_quiet: bool) -> ProgressBar {
    let bar = bar(total, is_quiet);
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {prefix}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The text of a speed and of the time that is left, where they are known.
pub(crate) fn pace(per_second: f64, remaining: Option<Duration>) -> String {
    match remaining {
        Some(time) if per_second > 0.0 => format!("{per_second:.1}/s, {} left", time_left(time)),
        Some(time) => format!("{} left", time_left(time)),
        None => "estimating the time".to_owned(),
    }
}

/// A step without a measure of progress. Its description is printed to stderr if it takes longer than a second.
#[derive(Debug)]
pub(crate) struct Step {
    /// Dropped with the step, which ends the wait.
    _end: Sender<()>,
}

impl Step {
    pub(crate) fn begin(what: String, is_quiet: bool) -> Self {
        let (end, ended) = channel();
        let tell = move || {
            if ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                say!("{what}");
            }
        };
        if !is_quiet && let Err(error) = std::thread::Builder::new().spawn(tell) {
            log::debug!("no thread to tell of a long step: {error}");
        }
        Self { _end: end }
    }
}

/// Lines in place of a bar where stderr is no terminal: in the log of a job, or of a container.
#[derive(Debug)]
pub(crate) struct PlainProgress {
    is_wanted: bool,
    last: Instant,
}

/// Time between two lines.
const LINE_PERIOD: Duration = Duration::from_secs(30);

impl PlainProgress {
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self { is_wanted: !is_quiet && !stderr().is_terminal(), last: Instant::now() }
    }

    /// Prints the content of the bar, if it is time to.
    pub(crate) fn tell(&mut self, bar: &ProgressBar) {
        if self.is_wanted && self.last.elapsed() >= LINE_PERIOD {
            self.last = Instant::now();
            let (done, total) = (bar.position(), bar.length().unwrap_or(0));
            say!("{done}/{total} {}  {}", bar.prefix(), bar.message());
        }
    }
}
