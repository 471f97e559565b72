//! The folder of a training can be read at every moment, and readers do not disturb it.

use anyhow::Context as _;

use crate::case::Case;
use crate::program::lapidary;

pub(crate) fn run(case: &mut Case<'_>) -> anyhow::Result<()> {
    let training = case.ground.training()?;
    let out = case.folder.join("run");
    let mut running = training.start(&out).start()?;
    while !running.is_over() {
        // Before anything is saved there is nothing to read.
        if !["scene.safetensors", "checkpoint.safetensors"].iter().any(|name| out.join(name).exists()) {
            continue;
        }
        let reader = match case.chance.below(3) {
            0 => lapidary(["info"]).arg(&out),
            1 => lapidary(["convert"]).arg(&out).arg(case.folder.join("scene.ply")),
            _ => lapidary(["render"])
                .arg(&out)
                .args(["--orbit", "1", "--size", "8x8", "--reference", "--out"])
                .arg(case.folder.join("a.png")),
        };
        reader.run()?.succeeded().with_context(|| format!("after {:.3} s of the training", running.seconds()))?;
    }
    running.wait()?.succeeded()?;
    training.is_reached(&out)
}
