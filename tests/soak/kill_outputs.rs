//! Stops commands that write files: each file is then the old one or the new one, and the next run puts everything right.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::case::Case;
use crate::kill_training::is_orderly;
use crate::outputs::{Files, Job, files_of, holds_unfinished, is_unfinished, write};

const SIGNALS: [(&str, i32); 4] = [("KILL", 9), ("TERM", 15), ("INT", 2), ("HUP", 1)];

/// What lies where a job writes, before it does.
const OLDER: &[u8] = b"something older";

pub(crate) fn convert(case: &mut Case<'_>) -> anyhow::Result<()> {
    stop(case, "convert")
}

pub(crate) fn render(case: &mut Case<'_>) -> anyhow::Result<()> {
    stop(case, "render")
}

pub(crate) fn eval(case: &mut Case<'_>) -> anyhow::Result<()> {
    stop(case, "eval")
}

pub(crate) fn synth(case: &mut Case<'_>) -> anyhow::Result<()> {
    stop(case, "synth")
}

fn stop(case: &mut Case<'_>, command: &str) -> anyhow::Result<()> {
    let jobs: Vec<&Job> = case.ground.jobs()?.iter().filter(|job| job.is_of(command)).collect();
    let (job, signal) = (*case.chance.of(&jobs)?, *case.chance.of(&SIGNALS)?);
    let out = case.folder.join("out");
    std::fs::create_dir(&out)?;
    // The pictures of an earlier dataset are removed first, as --overwrite says.
    let has_older = command != "synth" && case.chance.is(0.5);
    if has_older {
        job.files.keys().try_for_each(|path| write(&out.join(path), OLDER))?;
    }
    let is_writing = case.chance.is(0.3);
    let mut running = job.start(&out).start()?;
    if is_writing {
        while !running.is_over() && !holds_unfinished(&out) {}
        std::thread::sleep(Duration::from_secs_f64(case.chance.part() * 0.01));
    } else {
        std::thread::sleep(Duration::from_secs_f64(case.chance.part() * job.seconds));
    }
    let sent_at = running.seconds();
    if !running.is_over() {
        running.send(signal.0)?;
    }
    let ended = running.wait()?;
    let about = || format!("SIG{} after {sent_at:.3} s, over older files: {has_older}", signal.0);
    let found = files_of(&out)?;
    is_orderly(&ended, signal, sent_at, found == job.files).with_context(about)?;
    is_old_or_new(&found, &job.files, has_older).with_context(about)?;
    is_right_afterwards(job, &out).with_context(about)
}

/// Nothing is half, and nothing older is lost.
fn is_old_or_new(found: &Files, expected: &Files, has_older: bool) -> anyhow::Result<()> {
    for (path, bytes) in found.iter().filter(|(path, _)| !is_unfinished(path)) {
        let is_old = has_older && bytes == OLDER;
        ensure!(is_old || expected.get(path) == Some(bytes), "{} is neither old nor new", path.display());
    }
    let lost = expected.keys().find(|path| has_older && !found.contains_key(*path));
    ensure!(lost.is_none(), "{lost:?} was there before and is not any more");
    Ok(())
}

/// The same command writes what it writes when nothing disturbs it, and leaves nothing unfinished.
pub(crate) fn is_right_afterwards(job: &Job, out: &Path) -> anyhow::Result<()> {
    job.start(out).run()?.succeeded()?;
    let found = files_of(out)?;
    let wrong = job.files.iter().find(|(path, bytes)| found.get(*path) != Some(*bytes)).map(|(path, _)| path);
    ensure!(wrong.is_none(), "the next run writes another {wrong:?}");
    let left = found.keys().find(|path| !job.files.contains_key(*path));
    ensure!(left.is_none(), "the next run leaves {left:?} behind");
    Ok(())
}
