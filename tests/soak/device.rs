//! Makes the device fail by a Vulkan layer: it is lost at some submission, or refuses memory at some request.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow, ensure};

use crate::case::{Case, Ground};
use crate::outputs::{Job, files_of, is_unfinished};
use crate::program::{Ended, Program};
use crate::tally::Impossible;
use crate::training::{Training, is_complete};

/// Exit code where the device is at fault.
const DEVICE_FAULT: i32 = 3;

/// The layer, and how much the commands ask of a device.
#[derive(Debug)]
pub(crate) struct Layer {
    folder: PathBuf,
    training: Counts,
    jobs: Vec<Counts>,
}

/// How often a program submits work and asks for memory or a buffer.
#[derive(Debug, Clone, Copy)]
struct Counts {
    submits: usize,
    requests: usize,
}

const SOURCE: &str = include_str!("layer/fault.c");

const MANIFEST: &str = r#"{"file_format_version": "1.1.2", "layer": {"name": "VK_LAYER_SOAK_fault", "type": "GLOBAL",
"library_path": "./libfault.so", "api_version": "1.3.0", "implementation_version": "1", "description": "makes a device fail",
"functions": {"vkNegotiateLoaderLayerInterfaceVersion": "vkNegotiateLoaderLayerInterfaceVersion"}}}"#;

impl Layer {
    /// Compiles the layer and counts what the commands do with it.
    pub(crate) fn make(ground: &Ground) -> anyhow::Result<Self> {
        let folder = ground.folder.join("layer");
        compile(&folder)?;
        let mut layer = Self { folder, training: Counts { submits: 0, requests: 0 }, jobs: Vec::new() };
        layer.training = layer.count(ground.training()?.start(&ground.folder.join("counted/run")))?;
        let count = |job: &Job| layer.count(job.start(&ground.folder.join("counted")));
        layer.jobs = ground.jobs()?.iter().filter(|job| job.is_drawn()).map(count).collect::<anyhow::Result<_>>()?;
        Ok(layer)
    }

    fn count(&self, program: Program) -> anyhow::Result<Counts> {
        let path = self.folder.join("counts");
        self.below(program).variable("SOAK_COUNTS", &path).run()?.succeeded()?;
        let numbers = std::fs::read_to_string(&path).unwrap_or_default();
        let mut numbers = numbers.split_whitespace().filter_map(|number| number.parse().ok());
        numbers
            .next()
            .zip(numbers.next())
            .map(|(submits, requests)| Counts { submits, requests })
            .filter(|counts| counts.submits > 0)
            .ok_or_else(|| anyhow!(Impossible("the Vulkan loader does not take the layer".to_owned())))
    }

    /// The program with the layer between it and the device.
    fn below(&self, program: Program) -> Program {
        program.variable("VK_LAYER_PATH", &self.folder).variable("VK_INSTANCE_LAYERS", "VK_LAYER_SOAK_fault")
    }
}

fn compile(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let source = folder.join("fault.c");
    std::fs::write(&source, SOURCE)?;
    std::fs::write(folder.join("fault.json"), MANIFEST)?;
    let flags = ["-std=c11", "-O1", "-shared", "-fPIC", "-o"];
    let compiler = Command::new("cc").args(flags).arg(folder.join("libfault.so")).arg(&source).output();
    let output = compiler.map_err(|error| Impossible(format!("the layer needs a C compiler, cc: {error}")))?;
    ensure!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// From one submission on, the device is lost.
pub(crate) fn lost(case: &mut Case<'_>) -> anyhow::Result<()> {
    attack(case, |program, counts, case| {
        let at = 1 + case.chance.below(counts.submits);
        (program.variable("SOAK_LOSE_AT", at.to_string()), format!("lost at submission {at} of {}", counts.submits))
    })
}

/// One request for memory or a buffer is refused, or all from one on.
pub(crate) fn refused(case: &mut Case<'_>) -> anyhow::Result<()> {
    attack(case, |program, counts, case| {
        let at = 1 + case.chance.below(counts.requests);
        let all = case.chance.is(0.5);
        let program = program.variable("SOAK_REFUSE_AT", at.to_string());
        let program = if all { program.variable("SOAK_REFUSE_ALL", "1") } else { program };
        (program, format!("request {at} of {} refused, all later ones: {all}", counts.requests))
    })
}

/// Two of three cases attack a training, the others what draws.
fn attack(
    case: &mut Case<'_>,
    fault: impl Fn(Program, Counts, &mut Case<'_>) -> (Program, String),
) -> anyhow::Result<()> {
    let ground = case.ground;
    let layer = ground.layer()?;
    let out = case.folder.join("run");
    if case.number % 3 < 2 {
        let training = ground.training()?;
        let (program, about) = fault(layer.below(training.start(&out)), layer.training, case);
        return of_training(&program.run()?, training, &out).with_context(|| about);
    }
    let drawn: Vec<(&Job, &Counts)> = ground.jobs()?.iter().filter(|job| job.is_drawn()).zip(&layer.jobs).collect();
    let (job, counts) = *case.chance.of(&drawn)?;
    std::fs::create_dir(&out)?;
    let (program, about) = fault(layer.below(job.start(&out)), *counts, case);
    of_job(&program.run()?, job, &out).with_context(|| about)
}

/// It says that the device is at fault, or did not need what it was refused; what was saved goes on.
fn of_training(ended: &Ended, training: &Training, out: &Path) -> anyhow::Result<()> {
    ended.answered(&[0, DEVICE_FAULT])?;
    ensure!(ended.code() != Some(0) || is_complete(out), "{ended}; it is not done");
    training.goes_on(out)
}

fn of_job(ended: &Ended, job: &Job, out: &Path) -> anyhow::Result<()> {
    ended.answered(&[0, DEVICE_FAULT])?;
    let found = files_of(out)?;
    let wrong = found.iter().find(|(path, bytes)| job.files.get(*path) != Some(*bytes)).map(|(path, _)| path);
    ensure!(wrong.is_none(), "{ended}; {wrong:?} is not what it should be");
    ensure!(ended.code() != Some(0) || found == job.files, "{ended}; it is not done");
    ensure!(!found.keys().any(|path| is_unfinished(path)), "{ended}; something unfinished is left");
    Ok(())
}
