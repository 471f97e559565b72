//! Nothing about what is printed ends a training, and a disk that is full loses nothing.

use anyhow::{Context as _, ensure};

use crate::case::Case;
use crate::kill_outputs::is_right_afterwards;
use crate::outputs::{Job, files_of, is_unfinished};
use crate::program::Sink;
use crate::training::is_complete;

/// Most bytes that a reader takes before it goes.
const MOST_BYTES: usize = 4000;

/// How much is said, and where.
const VOICES: [&[&str]; 4] = [&[], &["-v"], &["-vv"], &["--json"]];

/// Exit code where a file is at fault.
const FILE_FAULT: i32 = 2;

/// Stdout, stderr or both are closed, full, or left by their reader.
pub(crate) fn output(case: &mut Case<'_>) -> anyhow::Result<()> {
    let training = case.ground.training()?;
    let out = case.folder.join("run");
    let sink = |case: &mut Case<'_>| match case.chance.below(4) {
        0 => Sink::Closed,
        1 => Sink::Full,
        _ => Sink::Cut(case.chance.below(MOST_BYTES)),
    };
    let stdout = if case.chance.is(0.5) { sink(case) } else { Sink::Kept };
    let stderr = if stdout == Sink::Kept || case.chance.is(0.5) { sink(case) } else { Sink::Kept };
    let voice = *case.chance.of(&VOICES)?;
    let ended = training.start(&out).args(voice).sinks(stdout, stderr).run()?;
    let about = || format!("stdout {stdout:?}, stderr {stderr:?}, {voice:?}");
    // That results were not printed is worth an exit code, after all is saved.
    let codes: &[i32] = if stdout == Sink::Full { &[0, FILE_FAULT] } else { &[0] };
    let code = ended.is_calm()?.code();
    ensure!(code.is_some_and(|code| codes.contains(&code)), "{ended}; {}", about());
    ensure!(is_complete(&out), "{ended}; it is not done; {}", about());
    training.is_reached(&out).with_context(about)
}

/// Files cannot grow beyond some size: an error, and nothing is lost. Only of commands without a device: a software driver
/// keeps the device's memory in a file, and dies where it cannot grow.
pub(crate) fn full_disk(case: &mut Case<'_>) -> anyhow::Result<()> {
    let out = case.folder.join("run");
    std::fs::create_dir(&out)?;
    let jobs: Vec<&Job> = case.ground.jobs()?.iter().filter(|job| !job.is_drawn()).collect();
    let job = *case.chance.of(&jobs)?;
    let largest = job.files.values().map(Vec::len).max().unwrap_or(0) / 512;
    let blocks = case.chance.below(largest);
    let ended = job.start(&out).file_size(blocks).run()?;
    let about = || format!("at most {blocks} blocks of 512 bytes");
    ended.answered(&[FILE_FAULT]).with_context(about)?;
    let left =
        files_of(&out)?.into_iter().find(|(path, bytes)| is_unfinished(path) || job.files.get(path) != Some(bytes));
    ensure!(left.is_none(), "{ended}; {:?} is left, {}", left.map(|(path, _)| path), about());
    is_right_afterwards(job, &out).with_context(about)
}
