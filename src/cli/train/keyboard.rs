//! Commands that are typed into the terminal while a training runs.

use std::io::{IsTerminal as _, stdin};
use std::sync::mpsc::Sender;
use std::thread::{Builder, sleep};
use std::time::Duration;

use lapidary::run::{FinishWithin, RunControl};
use lapidary::text::counted;

const COMMANDS: &str = "commands: finish 5m (a time), finish 200 (more iterations), pause, resume, save, stop; each ends with the Enter key";

/// Time after which the terminal is asked again whether it belongs to this program.
const RETRY: Duration = Duration::from_secs(1);

/// Whether typed lines are read.
pub(super) fn is_heard() -> bool {
    stdin().is_terminal()
}

/// Sends the controls of typed lines, if the input is a terminal. Nothing else is read: it may be for another program.
pub(super) fn listen(control: Sender<RunControl>, is_silent: bool) {
    if !is_heard() {
        return;
    }
    let work = move || send_lines(&control, is_silent);
    if let Err(error) = Builder::new().name("keyboard".to_owned()).spawn(work) {
        log::debug!("no thread to read commands: {error}");
    }
}

fn send_lines(control: &Sender<RunControl>, is_silent: bool) {
    let mut line = String::new();
    refuse_stops();
    loop {
        line.clear();
        match stdin().read_line(&mut line) {
            Ok(0) => return,
            // A program in the background may not read; later it may be in the foreground.
            Err(_) => sleep(RETRY),
            Ok(_) => {
                let command = parse(&line);
                if let Some(answer) = answer(&line, command).filter(|_| !is_silent) {
                    say!("{answer}");
                }
                if command.is_some_and(|command| control.send(command).is_err()) {
                    return;
                }
            }
        }
    }
}

/// Reading in the background would stop the whole program; where this thread blocks the signal, it is an error of reading.
#[cfg(unix)]
fn refuse_stops() {
    use nix::sys::signal::{SigSet, Signal};

    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTTIN);
    if let Err(error) = signals.thread_block() {
        log::debug!("SIGTTIN is not blocked: {error}");
    }
}

#[cfg(not(unix))]
const fn refuse_stops() {}

/// Answers a line that asked for this control: with the commands where it asked for none, and with how a number without a unit was
/// understood.
fn answer(line: &str, command: Option<RunControl>) -> Option<String> {
    match command {
        None if line.trim().is_empty() => None,
        None => Some(COMMANDS.to_owned()),
        Some(RunControl::Finish(FinishWithin::Iterations(number))) => {
            let iterations = counted(number as usize, "more iteration");
            Some(format!("{iterations}; `finish {number}m` would be minutes"))
        }
        Some(_) => None,
    }
}

/// The control that a line asks for.
fn parse(line: &str) -> Option<RunControl> {
    let line = line.trim().to_ascii_lowercase();
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["pause"] => Some(RunControl::Pause),
        ["resume"] => Some(RunControl::Resume),
        ["save"] => Some(RunControl::Save),
        ["stop"] => Some(RunControl::Stop),
        ["finish", ref within @ ..] => finish_within(&within.concat()).map(RunControl::Finish),
        _ => None,
    }
}

/// A number of iterations, or a time with its unit.
fn finish_within(text: &str) -> Option<FinishWithin> {
    match text.parse() {
        Ok(0) => None,
        Ok(number) => Some(FinishWithin::Iterations(number)),
        Err(_) => humantime::parse_duration(text).ok().filter(|time| !time.is_zero()).map(FinishWithin::Time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_lines_and_numbers_without_a_unit_are_answered() {
        for (line, expected) in [
            ("\n", None),
            ("help\n", Some(COMMANDS)),
            ("finish 0\n", Some(COMMANDS)),
            ("finish 5\n", Some("5 more iterations; `finish 5m` would be minutes")),
            ("finish 1\n", Some("1 more iteration; `finish 1m` would be minutes")),
            ("finish 5m\n", None),
            ("pause\n", None),
        ] {
            assert_eq!(answer(line, parse(line)).as_deref(), expected, "{line:?}");
        }
    }

    #[test]
    fn typed_lines_are_controls() {
        let time = |seconds| Some(RunControl::Finish(FinishWithin::Time(Duration::from_secs(seconds))));
        let iterations = |number| Some(RunControl::Finish(FinishWithin::Iterations(number)));
        for (line, expected) in [
            ("finish 5m\n", time(300)),
            ("finish 90s", time(90)),
            ("finish 1h30m", time(5400)),
            ("  Finish 1h 30m \r\n", time(5400)),
            ("finish 200\n", iterations(200)),
            ("pause\n", Some(RunControl::Pause)),
            ("resume", Some(RunControl::Resume)),
            ("save", Some(RunControl::Save)),
            ("stop", Some(RunControl::Stop)),
        ] {
            assert_eq!(parse(line), expected, "{line:?}");
        }
        for line in [
            "",
            "help",
            "finish",
            "finish 0",
            "finish 0s",
            "finish -3",
            "finish soon",
            "stop now",
            "finish 99999999999",
        ] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
