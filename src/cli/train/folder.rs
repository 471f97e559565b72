//! The folder that a training writes into: one training at a time, and nothing of anybody else's is overwritten.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::bail;
use lapidary::{files, text};

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
        files::create_folder(folder)?;
        let lock = files::append(&folder.join(".lock"))?;
        // Some network disks know no locks: there the user has to mind.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            bail!("another training is writing into {}; choose another folder", folder.display());
        }
        files::remove_unfinished(folder);
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
    comment(std::env::args_os().skip(1))
}

fn comment(words: impl Iterator<Item = OsString>) -> String {
    let words: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    // TOML allows no control character in a comment.
    format!("# lapidary {}\n", text::escaped(&words.join(" ")))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    let is_whole = !word.is_empty() && word.chars().all(is_plain);
    if is_whole { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_command_makes_a_comment_of_one_line() {
        let every_control: String = (0u8..=0x9f).map(char::from).filter(|c| c.is_control()).collect();
        let words = ["train", "it's", "写真", &every_control, "\u{202e}\u{2028}\u{feff}\n[x]"].map(OsString::from);
        let text = comment(words.into_iter());
        assert!(text.starts_with("# lapidary train 'it'\\''s' 写真 '\\u{0}"), "{text}");
        assert_eq!(text.matches(char::is_control).collect::<String>(), "\n", "{text}");
        assert!(text.ends_with('\n') && toml::from_str::<toml::Table>(&text).unwrap().is_empty());
    }
}
