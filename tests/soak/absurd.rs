//! What no command can do anything with: pipes, devices, folders, endless and empty files in place of files, and absurd
//! options. The answer comes at once, in bounded memory.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::case::{Case, Ground};
use crate::program::{Program, lapidary};

/// Seconds for an answer.
const LIMIT: u64 = 5;

/// Address space, MiB. A device takes more.
const MEMORY: u64 = 4096;

/// Something that is not a good file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Pipe,
    Socket,
    Folder,
    Empty,
    /// A file of a tebibyte that takes no room on the disk.
    Sparse,
    Zeros,
    Random,
    Nothing,
    /// A link to a file that is not there.
    Dangling,
    /// A link to itself.
    Loop,
}

const THINGS: [Thing; 10] = [
    Thing::Pipe,
    Thing::Socket,
    Thing::Folder,
    Thing::Empty,
    Thing::Sparse,
    Thing::Zeros,
    Thing::Random,
    Thing::Nothing,
    Thing::Dangling,
    Thing::Loop,
];

impl Thing {
    fn make(self, path: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(path.parent().context("a path without a folder")?)?;
        match self {
            Self::Pipe => ensure!(Command::new("mkfifo").arg(path).status()?.success(), "mkfifo failed"),
            Self::Socket => drop(UnixListener::bind(path)?),
            Self::Folder => std::fs::create_dir(path)?,
            Self::Empty => std::fs::write(path, b"")?,
            Self::Sparse => std::fs::File::create(path)?.set_len(1 << 40)?,
            Self::Zeros => symlink("/dev/zero", path)?,
            Self::Random => symlink("/dev/urandom", path)?,
            Self::Nothing => symlink("/dev/null", path)?,
            Self::Dangling => symlink("absent", path)?,
            Self::Loop => symlink(path, path)?,
        }
        Ok(())
    }
}

/// A place where a file is expected: the name of the thing, and the command. `@` begins a path in the folder of the case, `%` one
/// in the folder of all cases.
type Place = (&'static str, &'static [&'static str]);

const INPUTS: &[Place] = &[
    ("a", &["info", "@a"]),
    ("a.safetensors", &["info", "@a.safetensors"]),
    ("a.ply", &["info", "@a.ply"]),
    ("a.zip", &["info", "@a.zip"]),
    ("transforms.json", &["info", "@transforms.json"]),
    ("a.ply", &["convert", "@a.ply", "@out.glb"]),
    ("a.safetensors", &["convert", "@a.safetensors", "@out.ply"]),
    ("a.pt", &["convert", "@a.pt", "@out.ply", "--focal", "500"]),
    ("a.safetensors", &["render", "@a.safetensors", "--orbit", "2", "--out", "@out"]),
    ("a.json", &["render", "%run", "--path", "@a.json", "--out", "@out"]),
    ("a.json", &["render", "%run", "--cameras", "@a.json", "--out", "@out"]),
    ("a", &["render", "%run", "--dataset", "@a", "--out", "@out"]),
    ("a.ply", &["eval", "@a.ply", "--dataset", "%gems"]),
    ("a", &["eval", "%run", "--dataset", "@a"]),
    ("a", &["eval", "--renders", "@a", "--truth", "%gems/images"]),
    ("a", &["eval", "--renders", "%gems/images", "--truth", "@a"]),
    ("r/0000.png", &["eval", "--renders", "@r", "--truth", "@r"]),
    ("a", &["eval", "--renders", "%gems/images", "--truth", "%gems/images", "--lpips-weights", "@a"]),
    ("a", &["train", "@a", "--out", "@run"]),
    ("a", &["train", "%gems", "--out", "@run", "--lpips-weights", "@a"]),
    ("a", &["train", "@absent", "--out", "@run", "--config", "@a"]),
    ("run/checkpoint.safetensors", &["train", "%gems", "--out", "@run", "--resume"]),
    ("a.txt", &["info", "%gems", "--split-file", "@a.txt"]),
    ("a", &["info", "%gems", "--images", "@a"]),
    ("a.safetensors", &["bench", "@a.safetensors"]),
    ("a.json", &["bench", "--synthetic", "64", "--baseline", "@a.json"]),
    ("sparse/0/cameras.bin", &["info", "@"]),
    ("sparse/0/cameras.txt", &["info", "@"]),
    ("transforms.json", &["info", "@"]),
];

const OUTPUTS: &[Place] = &[
    ("out.ply", &["convert", "%run", "@out.ply"]),
    ("out.glb", &["convert", "%run", "@out.glb"]),
    ("out.png", &["render", "%run", "--orbit", "1", "--size", "8x8", "--reference", "--out", "@out.png"]),
    ("out.gif", &["render", "%run", "--orbit", "1", "--size", "8x8", "--reference", "--video", "@out.gif"]),
    ("out", &["render", "%run", "--orbit", "1", "--size", "8x8", "--reference", "--out", "@out"]),
    ("out", &["eval", "--renders", "%gems/images", "--truth", "%gems/images", "--out", "@out"]),
    ("out", &["train", "%gems", "--out", "@out", "--iterations", "1", "--max-convexes", "20"]),
    ("out", &["synth", "--out", "@out", "--views", "1", "--test-views", "1", "--size", "16x16"]),
];

/// Values that few options take.
const VALUES: [&str; 14] = [
    "",
    "-1",
    "0",
    "nan",
    "inf",
    "1e999",
    "4294967295",
    "4294967296",
    "99999999999999999999",
    "0x0",
    "1x99999999",
    "a\nb",
    "\u{1b}[31m",
    "~",
];

/// Commands with an option that a value belongs behind.
const OPTIONS: &[&[&str]] = &[
    &["synth", "--out", "@out", "--views"],
    &["synth", "--out", "@out", "--size"],
    &["info", "%gems", "--downscale"],
    &["info", "%gems", "--max-width"],
    &["info", "%gems", "--split-file"],
    &["info", "%gems", "--images"],
    &["info"],
    &["info", "--adapter"],
    &["convert", "%run", "@out.glb", "--min-opacity"],
    &["convert", "%run"],
    &["render", "%run", "--out", "@out", "--reference", "--size", "8x8", "--orbit"],
    &["render", "%run", "--out", "@out", "--reference", "--orbit", "1", "--size"],
    &["render", "%run", "--out", "@out", "--reference", "--orbit", "1", "--size", "8x8", "--scale"],
    &["render", "%run", "--out", "@out", "--reference", "--orbit", "1", "--size", "8x8", "--radius"],
    &["render", "%run", "--out", "@out", "--reference", "--orbit", "1", "--size", "8x8", "--fov"],
    &["render", "%run", "--out", "@out", "--reference", "--orbit", "1", "--size", "8x8", "--near"],
    &["render", "%run", "--out", "@out", "--reference", "--orbit", "1", "--size", "8x8", "--modes"],
    &["render", "%run", "--out", "@out", "--reference", "--orbit", "1", "--size", "8x8", "--view"],
    &["train", "@absent", "--out", "@run", "--iterations"],
    &["train", "@absent", "--out", "@run", "--max-convexes"],
    &["train", "@absent", "--out", "@run", "--memory"],
    &["train", "@absent", "--out", "@run", "--seed"],
    &["train", "@absent", "--out", "@run", "--set"],
    &["train", "@absent", "--out", "@run", "--config"],
    &["bench", "--synthetic"],
    &["bench", "--synthetic", "64", "--frames", "1", "--size"],
    &["eval", "%run", "--dataset"],
    &["eval", "%run", "--dataset", "%gems", "--background"],
];

pub(crate) fn run(case: &mut Case<'_>) -> anyhow::Result<()> {
    case.ground.training()?;
    // All places are met before one is met again.
    let number = case.number as usize;
    match number % 3 {
        0 => input(case, INPUTS[number / 3 % INPUTS.len()]),
        1 => output(case, OUTPUTS[number / 3 % OUTPUTS.len()]),
        _ => option(case, OPTIONS[number / 3 % OPTIONS.len()]),
    }
}

fn program(words: &[&str], case: &Case<'_>) -> Program {
    let Ground { folder, .. } = case.ground;
    let path = |word: &&str| match (word.strip_prefix('@'), word.strip_prefix('%')) {
        (Some(path), _) => case.folder.join(path).into_os_string(),
        (_, Some(path)) => folder.join(path).into_os_string(),
        _ => (*word).into(),
    };
    lapidary(words.iter().map(path)).limit(LIMIT)
}

/// A thing in place of an input is refused.
fn input(case: &mut Case<'_>, (name, words): Place) -> anyhow::Result<()> {
    let thing = *case.chance.of(&THINGS)?;
    thing.make(&case.folder.join(name))?;
    let ended = program(words, case).memory(MEMORY).run()?;
    // No names held back, and no options, are what an empty file of them says.
    let codes: &[i32] = if thing == Thing::Empty { &[0, 2] } else { &[2] };
    ended.answered(codes).map(drop).with_context(|| format!("{thing:?} as {name}"))
}

/// A thing in place of an output is refused, and stays what it is; files, and folders where folders are written, are right.
fn output(case: &mut Case<'_>, (name, words): Place) -> anyhow::Result<()> {
    let thing = *case.chance.of(&THINGS)?;
    let path = case.folder.join(name);
    thing.make(&path)?;
    let about = || format!("{thing:?} as {name}");
    let before = path.symlink_metadata().with_context(about)?.file_type();
    let ended = program(words, case).run()?;
    let is_right = matches!(thing, Thing::Folder | Thing::Empty | Thing::Sparse);
    let codes: &[i32] = if is_right { &[0, 2] } else { &[2] };
    ended.answered(codes).with_context(about)?;
    let after = path.symlink_metadata().with_context(about)?.file_type();
    ensure!(ended.code() == Some(0) || before == after, "{ended}; {} was replaced", about());
    Ok(())
}

/// A value that an option takes, or an error.
fn option(case: &mut Case<'_>, words: &[&str]) -> anyhow::Result<()> {
    let value = *case.chance.of(&VALUES)?;
    let ended = program(words, case).arg(value).run()?;
    let is_help = ended.code() == Some(0) || ended.stderr.contains("error: ");
    ended.answered(&[0, 2, 3])?.is_printable()?;
    ensure!(is_help, "{ended}; expected an error");
    Ok(())
}
