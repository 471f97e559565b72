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
    counts: Arc<Mutex<PartCounts>>,
    /// Dropped with the work, which ends the lines.
    _end: Sender<()>,
}

impl Parts {
    /// Begins `total` parts of the work that `what` describes.
    pub(crate) fn begin(what: String, total: u64, is_quiet: bool) -> Self {
        let counts = Arc::new(Mutex::new(PartCounts::new(total, Instant::now())));
        let shown = Arc::clone(&counts);
        let left = move |_: &ProgressState, out: &mut dyn Write| {
            write!(out, "{}", left(&shown)).unwrap_or_default();
        };
        let bar = bar(total, is_quiet, style("{bar:24} {pos}/{len} {left}  {msg}").with_key("left", left));
        let (end, ended) = channel();
        if !is_quiet && !stderr().is_terminal() {
            let counts = Arc::clone(&counts);
            spawn(move || tell_parts(&what, &counts, &ended));
        } else {
            bar.set_message(what);
        }
        Self { bar, counts, _end: end }
    }

    /// So many parts are done.
    pub(crate) fn set(&self, done: u64) {
        let mut counts = lock(&self.counts);
        // Threads report in any order.
        if done > counts.done {
            counts.set(done, Instant::now());
            self.bar.set_position(done);
        }
    }

    /// One part more is done.
    pub(crate) fn advance(&self) {
        let done = lock(&self.counts).done;
        self.set(done + 1);
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Prints lines about some work until it has ended.
fn tell_parts(what: &str, counts: &Mutex<PartCounts>, ended: &Receiver<()>) {
    let mut period = FIRST_LINE;
    while ended.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
        let PartCounts { done, total, .. } = *lock(counts);
        say!("{what}: {done}/{total}, {}", left(counts));
        period = LINE_PERIOD;
    }
}

fn left(counts: &Mutex<PartCounts>) -> String {
    lock(counts).text()
}

fn lock(counts: &Mutex<PartCounts>) -> MutexGuard<'_, PartCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many parts are done, and when the first and the last of them were.
#[derive(Debug)]
struct PartCounts {
    total: u64,
    done: u64,
    begin: Instant,
    /// The count and the time when the first parts were done: drivers compile kernels before.
    first: Option<(u64, Instant)>,
    last: Instant,
}

impl PartCounts {
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
        let mut counts = PartCounts::new(10, begin);
        assert_eq!(counts.remaining(), None);
        counts.set(1, at(20));
        assert_eq!(counts.remaining(), Some(Duration::from_secs(180)), "all that is known");
        counts.set(3, at(24));
        assert_eq!(counts.remaining(), Some(Duration::from_secs(14)));
        assert_eq!(counts.text(), "14 s left");
        counts.set(10, at(40));
        assert_eq!(counts.text(), "nearly done");
    }
}
