//! Ctrl-C, SIGTERM and SIGHUP. Where work under way can be ended in order, the first one asks for that and the second ends the
//! program; everywhere else the first ends it. Either way nothing half written stays, and the exit code is 130.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapidary::files;

/// Whether a signal has asked for an orderly end.
static ASKED: AtomicBool = AtomicBool::new(false);

type Listener = Box<dyn Fn() + Send>;

/// The functions to call at the first signal. While there is none, it ends the program.
static LISTENERS: Mutex<Vec<Listener>> = Mutex::new(Vec::new());

/// Work that a signal ended early, with a sentence about the results so far.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Interrupted(pub(super) String);

/// The exit code after a signal: 128 and the number of SIGINT.
pub(super) const EXIT_CODE: u8 = 130;

/// Whether a signal has asked for an orderly end.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Makes the first signal ask for an orderly end; `then` is called on a thread of its own when it comes.
pub(super) fn listen(then: impl Fn() + Send + 'static) {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(then));
}

/// The time that work has for its orderly end where nothing would be lost without it.
const GRACE: Duration = Duration::from_millis(700);

/// Makes the first signal ask for an orderly end that has less than a second: a single frame can take minutes. Then `last`
/// is called, which says what is left and returns the exit code, and the program ends. Only for work whose files are whole at
/// any time.
pub(super) fn listen_briefly(last: impl Fn() -> u8 + Send + Sync + 'static) {
    let last = Arc::new(last);
    listen(move || {
        let last = Arc::clone(&last);
        let wait = move || {
            std::thread::sleep(GRACE);
            let code = last();
            files::discard_unfinished();
            end(code);
        };
        // A system without another thread waits for the orderly end.
        std::thread::Builder::new().spawn(wait).map(|_| ()).unwrap_or_default();
    });
}

/// A signal has come.
fn receive() {
    let listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
    if listeners.is_empty() || ASKED.swap(true, Ordering::Relaxed) {
        files::discard_unfinished();
        end(EXIT_CODE);
    }
    listeners.iter().for_each(|then| then());
}

/// Takes signals until the program ends. Signals that were ignored when the program started, as by `nohup` and by shells
/// for work in the background, stay ignored.
#[cfg(unix)]
pub(super) fn take() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

    let ignored = ignored();
    let is_wanted = |signal: &i32| ignored & (1 << (signal - 1)) == 0;
    // A file that grows past what the shell allows is an error where it is written, as a full disk is.
    signal_hook::flag::register(SIGXFSZ, Arc::<AtomicBool>::default()).map(|_| ()).unwrap_or_default();
    let Ok(mut signals) =
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP].iter().filter(|s| is_wanted(s)))
    else {
        return;
    };
    let work = move || signals.forever().for_each(|_| receive());
    // A system without another thread ends the program by signals as it does any other.
    std::thread::Builder::new().name("signals".to_owned()).spawn(work).map(|_| ()).unwrap_or_default();
}

/// Signals that are ignored, a bit each, the first one the lowest; none where the system does not tell.
#[cfg(unix)]
fn ignored() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "no input of the user: the system's own file")]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(not(unix))]
pub(super) fn take() {
    // A system without signals has none to take.
    ctrlc::set_handler(receive).unwrap_or_default();
}

/// Ends the program without printing: the reader of its output may be gone.
#[cfg(unix)]
fn end(code: u8) -> ! {
    // Drivers that other threads are in are not asked to tidy up.
    signal_hook::low_level::exit(code.into())
}

#[cfg(not(unix))]
fn end(code: u8) -> ! {
    std::process::exit(code.into())
}
