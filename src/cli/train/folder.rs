//! The folder that a training writes into: one training at a time, and nothing of anybody else's is overwritten.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::bail;
use lapidary::files::{self, FileError};

use super::super::source::{self, SCENE_FILE};
use super::{TrainArgs, checkpoint_path};

/// A folder that belongs to this training until the program ends, however it does.
#[derive(Debug)]
pub(super) struct Folder {
    _lock: File,
}

impl Folder {
    /// Makes the folder and takes it. What a program that was killed left unfinished is removed.
    pub(super) fn claim(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).map_err(FileError::of("create", folder))?;
        let path = folder.join(".lock");
        let lock = File::create(&path).map_err(FileError::of("write", &path))?;
        // Some network disks know no locks: there the user has to mind.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            bail!("another training is writing into {}; choose another folder", folder.display());
        }
        files::remove_unfinished(folder)?;
        Ok(Self { _lock: lock })
    }
}

/// Refuses a folder that holds something which a new training would overwrite.
pub(super) fn check(args: &TrainArgs) -> anyhow::Result<()> {
    let out = &args.out;
    if source::is_same(out, &args.dataset) {
        bail!("--out {} is the dataset; choose another folder", out.display());
    }
    if args.resume {
        if !checkpoint_path(args).exists() {
            bail!("{} holds no checkpoint to go on from; without --resume a training begins there", out.display());
        }
        return Ok(());
    }
    if checkpoint_path(args).exists() {
        bail!("{} holds a training; go on with --resume, or choose another folder", out.display());
    }
    if out.join(SCENE_FILE).is_file() {
        bail!("{} holds a scene; choose another folder", out.display());
    }
    Ok(())
}

/// The command as it was given, a comment for `config.toml`: the options there do not say of which dataset they were.
pub(super) fn command_comment() -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    let quoted = |word: String| {
        if !word.is_empty() && word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    let words: Vec<String> = std::env::args().skip(1).map(quoted).collect();
    format!("# lapidary {}\n", words.join(" ").replace('\n', " "))
}
