//! Progress of commands.

use std::fmt::Write;
use std::io::{IsTerminal as _, stderr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use lapidary::text::time_left;

/// A bar on stderr, where that is a terminal and the user wants one, for work whose speed and time are measured elsewhere;
/// [`pace`] is its prefix.
pub(crate) fn paced_bar(total: u64, is_quiet: bool) -> ProgressBar {
    bar(total, is_quiet, style("{bar:24} {pos}/{len} {prefix}  {msg}"))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn bar(total: u64, is_quiet: bool, style: ProgressStyle) -> ProgressBar {
    let target = if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    bar.set_style(style);
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Work of many equal parts, with the time that is left: a bar where stderr is a terminal; elsewhere a line if it takes longer
/// than a second, and then one every half minute.
#[derive(Debug)]
pub(crate) struct Parts {
    bar: ProgressBar,
    tally: Arc<Mutex<Tally>>,
    /// Dropped with the work, which ends the lines.
    _end: Sender<()>,
}

impl Parts {
    /// Begins `total` parts of the work that `what` describes.
    pub(crate) fn begin(what: String, total: u64, is_quiet: bool) -> Self {
        let tally = Arc::new(Mutex::new(Tally::new(total, Instant::now())));
        let shown = Arc::clone(&tally);
        let left = move |_: &ProgressState, out: &mut dyn Write| {
            write!(out, "{}", left(&shown)).unwrap_or_default();
        };
        let bar = bar(total, is_quiet, style("{bar:24} {pos}/{len} {left}  {msg}").with_key("left", left));
        let (end, ended) = channel();
        if !is_quiet && !stderr().is_terminal() {
            let tally = Arc::clone(&tally);
            spawn(move || tell_parts(&what, &tally, &ended));
        } else {
            bar.set_message(what);
        }
        Self { bar, tally, _end: end }
    }

    /// So many parts are done.
    pub(crate) fn set(&self, done: u64) {
        let mut tally = lock(&self.tally);
        // Threads report in any order.
        if done > tally.done {
            tally.set(done, Instant::now());
            self.bar.set_position(done);
        }
    }

    /// One part more is done.
    pub(crate) fn advance(&self) {
        let done = lock(&self.tally).done;
        self.set(done + 1);
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Prints lines about some work until it has ended.
fn tell_parts(what: &str, tally: &Mutex<Tally>, ended: &Receiver<()>) {
    let mut period = FIRST_LINE;
    while ended.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
        let Tally { done, total, .. } = *lock(tally);
        say!("{what}: {done}/{total}, {}", left(tally));
        period = LINE_PERIOD;
    }
}

fn left(tally: &Mutex<Tally>) -> String {
    lock(tally).text()
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many parts are done, and when the first and the last of them were.
#[derive(Debug)]
struct Tally {
    total: u64,
    done: u64,
    begin: Instant,
    /// The count and the time when the first parts were done: drivers compile kernels before.
    first: Option<(u64, Instant)>,
    last: Instant,
}

impl Tally {
    fn new(total: u64, now: Instant) -> Self {
        Self { total, done: 0, begin: now, first: None, last: now }
    }

    fn set(&mut self, done: u64, now: Instant) {
        self.first = self.first.or((done > 0).then_some((done, now)));
        (self.done, self.last) = (done, now);
    }

    /// The time that is left, in words. What comes behind the last part is not measured.
    fn text(&self) -> String {
        match self.remaining() {
            _ if self.done >= self.total => "nearly done".to_owned(),
            Some(time) => format!("{} left", time_left(time)),
            None => ESTIMATING.to_owned(),
        }
    }

    /// The time that the other parts take, by those behind the first ones where there are any.
    fn remaining(&self) -> Option<Duration> {
        let (first, since) = self.first?;
        let (parts, time) = match self.done.saturating_sub(first) {
            0 => (self.done, since - self.begin),
            more => (more, self.last - since),
        };
        Some(time.mul_f64(self.total.saturating_sub(self.done) as f64 / parts.max(1) as f64))
    }
}

/// The text of a speed and of the time that is left, where they are known.
pub(crate) fn pace(per_second: f64, remaining: Option<Duration>) -> String {
    match remaining {
        Some(time) if per_second > 0.0 => format!("{per_second:.1}/s, {} left", time_left(time)),
        Some(time) => format!("{} left", time_left(time)),
        None => ESTIMATING.to_owned(),
    }
}

const ESTIMATING: &str = "estimating the time";

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
            if ended.recv_timeout(FIRST_LINE) == Err(RecvTimeoutError::Timeout) {
                say!("{what}");
            }
        };
        if !is_quiet {
            spawn(tell);
        }
        Self { _end: end }
    }
}

fn spawn(tell: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().spawn(tell) {
        log::debug!("no thread to tell of long work: {error}");
    }
}

/// Returns the words that announce files of more than a gigabyte, `, about 2.5 GB`; none for smaller ones.
pub(crate) fn large(bytes: u64) -> String {
    let gigabytes = bytes as f64 / 1e9;
    if gigabytes > 1.0 { format!(", about {gigabytes:.1} GB") } else { String::new() }
}

/// Lines in place of a bar where stderr is no terminal: in the log of a job, or of a container.
#[derive(Debug)]
pub(crate) struct PlainProgress {
    is_wanted: bool,
    last: Instant,
}

/// Time until work that takes long is told of.
const FIRST_LINE: Duration = Duration::from_secs(1);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_files_are_told_of() {
        assert_eq!([0, 1_000_000_000, 2_490_000_000].map(large), ["", "", ", about 2.5 GB"]);
    }

    #[test]
    fn the_time_left_does_not_count_what_the_first_part_waited_for() {
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut tally = Tally::new(10, begin);
        assert_eq!(tally.remaining(), None);
        tally.set(1, at(20));
        assert_eq!(tally.remaining(), Some(Duration::from_secs(180)), "all that is known");
        tally.set(3, at(24));
        assert_eq!(tally.remaining(), Some(Duration::from_secs(14)));
        assert_eq!(tally.text(), "14 s left");
        tally.set(10, at(40));
        assert_eq!(tally.text(), "nearly done");
    }
}
