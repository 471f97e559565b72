//! A small training: how it is started and resumed, and what has to come of it.

use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::case::Ground;
use crate::outputs::{Files, copy_folder, files_of, is_unfinished};
use crate::program::{Program, lapidary};

/// A training that nothing disturbed.
#[derive(Debug)]
pub(crate) struct Training {
    gems: PathBuf,
    /// What every training has to end with.
    results: Files,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The folder that it wrote.
    pub(crate) folder: PathBuf,
    /// The folder of the same training, stopped in the middle.
    half: PathBuf,
}

const CHECKPOINT: &str = "checkpoint.safetensors";

const SCENE: &str = "scene.safetensors";

impl Training {
    pub(crate) fn make(ground: &Ground) -> anyhow::Result<Self> {
        let gems = ground.gems()?.to_path_buf();
        let [folder, half] = ["run", "half"].map(|name| ground.folder.join(name));
        let mut training = Self { gems, results: Files::new(), seconds: 0.0, folder, half };
        // The first one compiles the kernels, which the driver keeps.
        training.start(&training.half).args(["--stop-at", "30"]).limit(300).run()?.succeeded()?;
        training.seconds = training.start(&training.folder).run()?.succeeded()?.seconds;
        training.results = results(&training.folder)?;
        ensure!(training.results.len() > 2, "only {} results were found", training.results.len());
        Ok(training)
    }

    /// The command that starts the training, or goes on with it where something was saved, as a user would.
    pub(crate) fn start(&self, out: &Path) -> Program {
        let words = ["--iterations", "60", "--max-convexes", "150", "--checkpoint-every", "5", "--eval-every", "20"];
        let program = lapidary(["train"]).arg(&self.gems).arg("--out").arg(out).args(words);
        let program = program.args(["--set", "refine_every=10"]);
        if out.join(CHECKPOINT).exists() { program.arg("--resume") } else { program }
    }

    /// Makes `out` a folder of this training, stopped in the middle.
    pub(crate) fn begin_in_the_middle(&self, out: &Path) -> anyhow::Result<()> {
        copy_folder(&self.half, out)
    }

    /// What was saved opens, going on ends with the results of the training that nothing disturbed, and nothing unfinished
    /// is left.
    pub(crate) fn goes_on(&self, out: &Path) -> anyhow::Result<()> {
        if [CHECKPOINT, SCENE].iter().any(|name| out.join(name).exists()) {
            lapidary(["info"]).arg(out).run()?.succeeded()?;
        }
        self.start(out).run()?.succeeded()?;
        self.is_reached(out)
    }

    /// The results are those of the training that nothing disturbed, and nothing unfinished is left.
    pub(crate) fn is_reached(&self, out: &Path) -> anyhow::Result<()> {
        let found = results(out)?;
        for (path, bytes) in &self.results {
            ensure!(
                found.get(path) == Some(bytes),
                "{} is another than that of the undisturbed training",
                path.display()
            );
        }
        let left = files_of(out)?.into_keys().find(|path| is_unfinished(path));
        ensure!(left.is_none(), "{left:?} is left behind");
        Ok(())
    }
}

/// Whether a training came to its end.
pub(crate) fn is_complete(out: &Path) -> bool {
    out.join("metrics.json").exists()
}

/// The scene, the checkpoint and the pictures. Other files hold times.
fn results(out: &Path) -> anyhow::Result<Files> {
    let is_result = |path: &Path| path.starts_with("test") || path == Path::new(CHECKPOINT) || path == Path::new(SCENE);
    Ok(files_of(out)?.into_iter().filter(|(path, _)| is_result(path) && !is_unfinished(path)).collect())
}
