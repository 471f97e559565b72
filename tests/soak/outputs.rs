//! What commands write: folders of files, and jobs that write the same bytes every time.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lapidary::bench::{CloudKind, ConvexCloud};
use lapidary::scene_file;

use crate::case::Ground;
use crate::program::{Program, lapidary};

/// Files by their paths below a folder.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// All files below a folder; none where there is no folder.
pub(crate) fn files_of(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    collect(folder, Path::new(""), &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, below: &Path, files: &mut Files) -> anyhow::Result<()> {
    let here = folder.join(below);
    if !here.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(here)? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(folder, &path, files)?;
        } else {
            files.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    for (path, bytes) in files_of(from)? {
        write(&to.join(path), &bytes)?;
    }
    Ok(())
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(std::fs::write(path, bytes)?)
}

/// Whether a file is one that was not finished.
pub(crate) fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".unfinished-"))
}

/// Whether an unfinished file lies in a folder at this moment.
pub(crate) fn holds_unfinished(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_unfinished(&entry.path())))
}

/// A command that writes the same files every time.
#[derive(Debug)]
pub(crate) struct Job {
    /// The words before and after the output.
    words: [Vec<OsString>; 2],
    /// Of the output, in the folder of a case.
    name: &'static str,
    /// What it writes into that folder.
    pub(crate) files: Files,
    /// How long it takes.
    pub(crate) seconds: f64,
}

impl Job {
    /// The jobs of all commands.
    pub(crate) fn make_all(ground: &Ground) -> anyhow::Result<Vec<Self>> {
        let run = &ground.training()?.folder;
        let [many, few] = [(40_000, "many.safetensors"), (4_000, "few.safetensors")].map(|(num_convexes, name)| {
            let path = ground.folder.join(name);
            scene_file::save(&ConvexCloud { num_convexes, kind: CloudKind::Thin }.scene(), &path).map(|()| path)
        });
        let (many, few) = (many?, few?);
        let gems = ground.gems()?;
        let command =
            |words: &[&dyn AsRef<std::ffi::OsStr>]| words.iter().map(|word| word.as_ref().to_owned()).collect();
        let jobs: Vec<([Vec<OsString>; 2], &'static str)> = vec![
            ([command(&[&"convert", &many]), Vec::new()], "out.ply"),
            ([command(&[&"convert", &many]), Vec::new()], "out.safetensors"),
            ([command(&[&"convert", &many]), command(&[&"--gaussians"])], "gaussians.ply"),
            ([command(&[&"convert", &few]), Vec::new()], "out.glb"),
            ([command(&[&"convert", &few]), command(&[&"--colliders"])], "out.json"),
            ([command(&[&"convert", &few]), command(&[&"--merge"])], "out.obj"),
            ([command(&[&"render", run, &"--orbit", &"16", &"--size", &"160x120", &"--out"]), Vec::new()], "pictures"),
            (
                [command(&[&"render", run, &"--orbit", &"24", &"--size", &"160x120", &"--video"]), Vec::new()],
                "film.gif",
            ),
            ([command(&[&"eval", run, &"--dataset", &gems, &"--split", &"all", &"--out"]), Vec::new()], "report"),
            (
                [command(&[&"synth", &"--views", &"20", &"--size", &"48x36", &"--overwrite", &"--out"]), Vec::new()],
                "dataset",
            ),
        ];
        jobs.into_iter().map(|(words, name)| Self::make(ground, words, name)).collect()
    }

    /// Runs a job twice: the first time, the driver may compile.
    fn make(ground: &Ground, words: [Vec<OsString>; 2], name: &'static str) -> anyhow::Result<Self> {
        let mut job = Self { words, name, files: Files::new(), seconds: 0.0 };
        for round in ["first", "second"] {
            let folder = ground.folder.join("jobs").join(round).join(name);
            std::fs::create_dir_all(&folder)?;
            job.seconds = job.start(&folder).run()?.succeeded()?.seconds;
            job.files = files_of(&folder)?;
        }
        Ok(job)
    }

    /// The command, with its output in `folder`.
    pub(crate) fn start(&self, folder: &Path) -> Program {
        lapidary(&self.words[0]).arg(folder.join(self.name)).args(&self.words[1])
    }

    /// Whether it uses the device.
    pub(crate) fn is_drawn(&self) -> bool {
        !self.is_of("convert") && !self.is_of("synth")
    }

    /// Whether it is a job of this command.
    pub(crate) fn is_of(&self, command: &str) -> bool {
        self.words[0].first().is_some_and(|word| word == command)
    }
}
