//! Runs cases side by side until the time is over, all kinds in proportion.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser as _;

use crate::case::{Case, Chance, Ground};
use crate::kinds::Kind;
use crate::options::Options;
use crate::tally::Tally;

/// What the threads share.
#[derive(Debug)]
struct Progress {
    /// Cases of each kind that were begun.
    begun: Vec<u32>,
    tally: Tally,
}

pub(crate) fn main() -> ExitCode {
    match attack(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything held.
fn attack(options: &Options) -> anyhow::Result<bool> {
    let begin = Instant::now();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(root)?;
    let folder = tempfile::Builder::new().prefix("soak-").tempdir_in(root)?;
    let ground = Ground::new(folder.path());
    let kinds = options.kinds();
    let progress = Mutex::new(Progress { begun: vec![0; kinds.len()], tally: Tally::default() });
    std::thread::scope(|scope| {
        for _ in 0..options.jobs() {
            scope.spawn(|| {
                // The lock must not be held while a case runs.
                let take = || next(options, &kinds, &mut lock(&progress), begin);
                while let Some((kind, number)) = take() {
                    let result = run(kind, options, number, &ground);
                    lock(&progress).tally.add(kind, options.seed, number, result);
                }
            });
        }
    });
    let tally = &lock(&progress).tally;
    tally.print(&kinds);
    println!("seed {}, {:.0} s", options.seed, begin.elapsed().as_secs_f64());
    Ok(!tally.has_failures())
}

fn lock(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next case: of the kind that has had the smallest part of its round.
fn next(
    options: &Options,
    kinds: &[&'static Kind],
    progress: &mut Progress,
    begin: Instant,
) -> Option<(&'static Kind, u32)> {
    let Progress { begun, tally } = progress;
    let is_over = begin.elapsed() >= Duration::from_secs_f64(options.seconds.clamp(0.0, 1e9));
    if let Some(case) = options.case {
        // One case is run whatever the time.
        let kind = kinds.first().filter(|_| begun.iter().all(|begun| *begun == 0))?;
        begun[0] = 1;
        return Some((kind, case));
    }
    let part = |index: usize| f64::from(begun[index]) / f64::from(kinds[index].cases.max(1));
    let possible = (0..kinds.len()).filter(|index| !is_over && !tally.is_impossible(kinds[*index]));
    let index = possible.min_by(|a, b| part(*a).total_cmp(&part(*b)))?;
    let number = begun[index];
    begun[index] += 1;
    Some((kinds[index], number))
}

/// Runs a case in a folder of its own, which stays where it failed.
fn run(kind: &'static Kind, options: &Options, number: u32, ground: &Ground) -> anyhow::Result<()> {
    let folder = ground.folder.join("cases").join(format!("{}-{number}", kind.name));
    std::fs::create_dir_all(&folder)?;
    let chance = Chance::new(options.seed, kind.name, number);
    let mut case = Case { ground, folder: folder.clone(), number, chance };
    let result = (kind.run)(&mut case);
    if result.is_ok() || options.case.is_none() {
        std::fs::remove_dir_all(&folder)?;
        return result;
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{}-{number}", kind.name));
    std::fs::remove_dir_all(&kept)
        .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    std::fs::rename(&folder, &kept)?;
    result.with_context(|| format!("its files are in {}", kept.display()))
}
