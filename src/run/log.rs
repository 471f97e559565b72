//! Writes `metrics.jsonl`, which is never behind the checkpoint, and repairs the one that a killed training left.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::evaluate::{LogLine, ReplanReason, cut_log, read_log};
use crate::files::{FileError, append};

/// The log of a training. Lines wait in memory until the training is saved.
#[derive(Debug)]
pub(super) struct RunLog {
    path: PathBuf,
    waiting: Vec<u8>,
}

impl RunLog {
    /// The log in a file; what is there already stays until [`Self::begin`] or [`Self::go_on`].
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, waiting: Vec::new() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the log of an earlier training that left no checkpoint.
    pub(super) fn begin(&self) -> Result<(), FileError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::of("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Drops the lines that the training will write again: see [`cut_log`].
    pub(super) fn go_on(&self, iteration: u32, is_done: bool) -> Result<(), FileError> {
        if self.path.exists() { cut_log(&self.path, iteration, is_done) } else { Ok(()) }
    }

    /// The seconds that the training had taken when the last line was written.
    pub(super) fn seconds(&self) -> f64 {
        let lines = read_log(&self.path).unwrap_or_default();
        lines.last().map_or(0.0, LogLine::seconds)
    }

    /// Whether the user asked for the end that the training was given last.
    pub(super) fn was_asked_to_finish(&self) -> bool {
        let lines = read_log(&self.path).unwrap_or_default();
        let last = lines.iter().rev().find_map(|line| if let LogLine::Replan(line) = line { Some(line) } else { None });
        last.is_some_and(|line| line.reason == ReplanReason::Asked)
    }

    /// Whether a line about held-out views after this iteration is stored.
    pub(super) fn has_evaluation(&self, iteration: u32) -> bool {
        let is_it = |line: &LogLine| matches!(line, LogLine::Evaluation(line) if line.iteration == iteration);
        read_log(&self.path).unwrap_or_default().iter().any(is_it)
    }

    /// Adds a line, without its end.
    pub(super) fn push(&mut self, line: &str) {
        self.waiting.extend(line.bytes().chain([b'\n']));
    }

    /// Writes the waiting lines, and returns when they are stored.
    pub(super) fn write(&mut self) -> Result<(), FileError> {
        let mut file = append(&self.path)?;
        let mut append = || {
            file.write_all(&self.waiting)?;
            file.sync_data()
        };
        append().map_err(FileError::of("write", &self.path))?;
        self.waiting.clear();
        Ok(())
    }
}
