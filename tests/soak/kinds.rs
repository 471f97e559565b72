//! The kinds of attack.

use crate::case::Case;
use crate::{absurd, broken_files, capture, device, kill_outputs, kill_training, readers, streams};

/// A kind of attack.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What a case does.
    pub(crate) about: &'static str,
    /// Cases in a round; a kind with none runs only when it is asked for.
    pub(crate) cases: u32,
    /// Runs one case; an error says what did not hold.
    pub(crate) run: fn(&mut Case<'_>) -> anyhow::Result<()>,
}

/// All of them. A round is what issue reports asked for: 200 kills, 20 lost devices, 5000 broken files and so on.
pub(crate) const KINDS: [Kind; 13] = [
    Kind {
        name: "kill-train",
        about: "a training is stopped by a signal and resumed",
        cases: 120,
        run: kill_training::run,
    },
    Kind {
        name: "kill-convert",
        about: "convert is stopped by a signal and repeated",
        cases: 50,
        run: kill_outputs::convert,
    },
    Kind {
        name: "kill-render",
        about: "render is stopped by a signal and repeated",
        cases: 30,
        run: kill_outputs::render,
    },
    Kind { name: "kill-eval", about: "eval is stopped by a signal and repeated", cases: 20, run: kill_outputs::eval },
    Kind {
        name: "kill-synth",
        about: "synth is stopped by a signal and repeated",
        cases: 20,
        run: kill_outputs::synth,
    },
    Kind { name: "reader", about: "a training is read while it writes", cases: 12, run: readers::run },
    Kind { name: "lost-device", about: "the device is lost at some submission", cases: 24, run: device::lost },
    Kind {
        name: "refused-memory",
        about: "the device refuses memory at some request",
        cases: 24,
        run: device::refused,
    },
    Kind {
        name: "output",
        about: "stdout or stderr is closed, full, or left by its reader",
        cases: 24,
        run: streams::output,
    },
    Kind { name: "full-disk", about: "files cannot grow beyond some size", cases: 24, run: streams::full_disk },
    Kind { name: "broken-file", about: "a file with random changes is read", cases: 5000, run: broken_files::run },
    Kind {
        name: "absurd",
        about: "a pipe, a device or a folder in place of a file; an absurd option",
        cases: 500,
        run: absurd::run,
    },
    Kind { name: "capture", about: "3000 views are trained on within 2 GiB", cases: 0, run: capture::run },
];
