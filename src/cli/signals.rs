//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// The work was not done because of a signal; says what there is all the same.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Interrupted(pub(super) &'static str);

/// What programs end with after a signal: 128 and the number of SIGINT.
pub(super) const EXIT_CODE: u8 = 130;

/// Whether the first signal has come.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Takes signals from now on; `then` is called, on a thread of its own, when the first one comes.
pub(super) fn listen(then: impl Fn() + Send + 'static) {
    let handler = move || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(EXIT_CODE.into())
        }
        then();
    };
    // Whoever listened before, such as a window, goes on to be told; a system without signals has none to take.
    ctrlc::set_handler(handler).unwrap_or_default();
}
