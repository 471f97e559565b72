//! Stops trainings by signals, and sees whether they go on as if nothing had been.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::case::{Case, Chance};
use crate::outputs::holds_unfinished;
use crate::program::{Ended, Running, STOPPED};
use crate::training::is_complete;

/// When a training is stopped.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// In its first second.
    Start,
    /// When it has saved for the first time, or is about to.
    FirstSave,
    /// While a file is written.
    Writing,
    /// While the held-back views are looked at in the end.
    LastLook,
    Any,
}

const MOMENTS: [Moment; 5] = [Moment::Start, Moment::FirstSave, Moment::Writing, Moment::LastLook, Moment::Any];

/// Names and numbers; SIGKILL is half of them.
const SIGNALS: [(&str, i32); 6] = [("KILL", 9), ("TERM", 15), ("KILL", 9), ("INT", 2), ("KILL", 9), ("HUP", 1)];

/// Longest time between a signal and the end.
const PATIENCE: f64 = 10.0;

pub(crate) fn run(case: &mut Case<'_>) -> anyhow::Result<()> {
    let training = case.ground.training()?;
    let out = case.folder.join("run");
    let (moment, signal) = (*case.chance.of(&MOMENTS)?, *case.chance.of(&SIGNALS)?);
    let is_resumed = case.chance.is(0.3);
    let is_ignored = signal.0 != "KILL" && signal.0 != "TERM" && case.chance.is(0.25);
    if is_resumed {
        training.begin_in_the_middle(&out)?;
    }
    let about = || {
        let ignored = if is_ignored { "ignored " } else { "" };
        format!("{ignored}SIG{} at {moment:?}, resumed: {is_resumed}", signal.0)
    };
    let program = training.start(&out);
    let mut running = if is_ignored { program.ignoring(signal.0) } else { program }.start()?;
    moment.wait(&mut running, &out, training.seconds, &mut case.chance)?;
    let sent_at = running.seconds();
    if !running.is_over() {
        running.send(signal.0)?;
    }
    let ended = running.wait()?;
    if is_ignored {
        ended.succeeded().with_context(about)?;
        return training.is_reached(&out).with_context(about);
    }
    is_orderly(&ended, signal, sent_at, is_complete(&out)).with_context(about)?;
    training.goes_on(&out).with_context(about)
}

/// A program that was sent a signal was ended by it, or says that it was stopped, or was done already.
pub(crate) fn is_orderly(
    ended: &Ended,
    (name, number): (&str, i32),
    sent_at: f64,
    is_done: bool,
) -> anyhow::Result<()> {
    ended.is_calm()?;
    ensure!(ended.seconds - sent_at < PATIENCE, "{ended}, {:.1} s after the signal", ended.seconds - sent_at);
    let is_killed = ended.signal() == Some(number);
    // Before the first line of the program runs, the system itself ends it.
    let may_be_killed = name == "KILL" || sent_at < 0.05;
    let is_stopped = ended.code() == Some(STOPPED);
    let is_good =
        (is_killed && may_be_killed) || (is_stopped && name != "KILL") || (ended.code() == Some(0) && is_done);
    ensure!(is_good, "{ended}; sent after {sent_at:.3} s; done: {is_done}");
    Ok(())
}

impl Moment {
    /// Waits for the moment, or for the end of the program. `seconds` is how long it takes if nothing disturbs it.
    fn wait(self, running: &mut Running, out: &Path, seconds: f64, chance: &mut Chance) -> anyhow::Result<()> {
        let exists = |name: &str| out.join(name).exists();
        let part = chance.part();
        match self {
            Self::Start => pause(part * seconds.min(1.0)),
            Self::FirstSave => {
                while !running.is_over() && !exists("checkpoint.safetensors") && !holds_unfinished(out) {}
                pause(part * 0.01);
            }
            Self::Writing => {
                pause(part * seconds * 0.9);
                while !running.is_over() && !holds_unfinished(out) {}
                pause(chance.part() * 0.003);
            }
            Self::LastLook => {
                while !running.is_over() && !exists("test") {}
                pause(part * seconds * 0.2);
            }
            Self::Any => pause(part * seconds),
        }
        Ok(())
    }
}

fn pause(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}
