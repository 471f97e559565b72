//! The messages between a training run and those who read or control it.

use std::time::Duration;

use super::TrainingSummary;
use crate::evaluate::{EvaluationLine, ReplanLine, TrainingLine};
use crate::gpu::KernelTime;
use crate::renderer::GpuScene;

/// A message of a training run. The command line's bar, `--json` and the window read the same ones.
#[derive(Debug)]
pub enum RunEvent {
    /// Something begins that may take seconds.
    Preparing(RunPreparing),
    /// A fact that the user may want to know.
    Note(RunNotice),
    /// Something that looks wrong, and does not end the run.
    Warning(RunNotice),
    /// The first iteration is next. [`Self::Preparing`] comes once more before it, because drivers may compile kernels then;
    /// the first [`Self::Step`] tells that it is done.
    Started(RunStarted),
    /// Some iterations were submitted.
    Step(RunStep),
    /// A line about training was added to `metrics.jsonl`.
    Logged(TrainingLine),
    /// Held-out views were measured, and a line about them was added to `metrics.jsonl`.
    Evaluated(EvaluationLine),
    /// The rest of the schedule was compressed or stretched, and a line about it was added to `metrics.jsonl`.
    Replanned(ReplanLine),
    /// The checkpoint and the scene were written.
    Saved(RunSaved),
    /// The run waits.
    Paused(RunPaused),
    /// The run goes on after a pause.
    Resumed,
    /// The copy of the scene that [`RunControl::Snapshot`] asked for.
    Snapshot(RunSnapshot),
    /// The time of every kernel of one iteration, where [`super::RunConfig::profiles`] asked for it.
    Profiled(RunProfile),
    /// The run ended, and everything is written.
    Finished(RunFinished),
    /// The run ended by an error.
    Failed(RunNotice),
}

/// A control that a user can send to a training run, at any time and from any thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunControl {
    /// Wait before the next iteration until [`Self::Resume`].
    Pause,
    /// Wait before the next iteration until [`Self::Resume`], but not longer than this.
    PauseAtMost(Duration),
    /// Go on.
    Resume,
    /// Write a checkpoint and the scene.
    Save,
    /// Write a checkpoint and the scene, and end.
    Stop,
    /// Come to a good end earlier: the rest of the schedule is compressed, not cut. A run that would not end earlier by
    /// that goes on as it is, and says so.
    Finish(FinishWithin),
    /// Answer with a copy of the scene: [`RunEvent::Snapshot`].
    Snapshot,
}

/// The rest of a run that [`RunControl::Finish`] leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishWithin {
    /// A number of iterations.
    Iterations(u32),
    /// A time that holds everything, the evaluation and the report at the end too.
    Time(Duration),
}

/// The content of [`RunEvent::Preparing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPreparing {
    /// The work that begins, like "reading photographs".
    pub work: String,
}

/// A sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNotice {
    /// The sentence, without a full stop.
    pub message: String,
}

/// The content of [`RunEvent::Started`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStarted {
    /// The name of the device.
    pub device: String,
    /// The number of training views.
    pub num_views: usize,
    /// Width and height of the largest of them, pixels.
    pub largest: [u32; 2],
    /// The budget.
    pub max_convexes: u32,
    /// The number of iterations that are done already; 0 for a new training.
    pub iteration: u32,
    /// The number of iterations of the whole training.
    pub iterations: u32,
    /// The number of convexes.
    pub num_convexes: u32,
}

/// The content of [`RunEvent::Step`].
#[derive(Debug, Clone, PartialEq)]
pub struct RunStep {
    /// The number of iterations that were submitted so far.
    pub iteration: u32,
    /// The number of iterations of the whole training.
    pub iterations: u32,
    /// The number of convexes.
    pub num_convexes: u32,
    /// The speed over the last half second or more; 0 until it is known.
    pub iterations_per_second: f64,
    /// The time until everything is done, without pauses; `None` until it is known.
    pub remaining: Option<Duration>,
    /// Losses of iterations that are done and were not reported before.
    pub losses: Vec<IterationLoss>,
}

/// The loss of one iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IterationLoss {
    /// The iteration, counted from 1.
    pub iteration: u32,
    /// The loss before its step.
    pub loss: f32,
}

/// The content of [`RunEvent::Saved`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSaved {
    /// The number of iterations that the checkpoint holds.
    pub iteration: u32,
}

/// The content of [`RunEvent::Paused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunPaused {
    /// The longest time that the run waits; `None` for any time.
    pub at_most: Option<Duration>,
}

/// The content of [`RunEvent::Snapshot`].
#[derive(Debug)]
pub struct RunSnapshot {
    /// A copy of the scene in the units of the dataset, which nothing else writes to; or why there is none.
    pub scene: Result<Box<GpuScene>, String>,
}

/// The content of [`RunEvent::Profiled`].
#[derive(Debug)]
pub struct RunProfile {
    /// The largest number of pairs of a convex and a tile that a picture has asked for.
    pub num_instances: u32,
    /// The time of every kernel; empty where the device has no timestamps.
    pub times: Vec<KernelTime>,
}

/// The content of [`RunEvent::Finished`].
#[derive(Debug, Clone, PartialEq)]
pub struct RunFinished {
    /// Why the run ended.
    pub end: RunEnd,
    /// The number of iterations that are done.
    pub iteration: u32,
    /// The quality that was reached, where all iterations are done and all held-out views were measured.
    pub summary: Option<TrainingSummary>,
}

/// Why a run ended that met no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// All iterations are done, and the held-out views are measured.
    Done,
    /// The iteration of [`super::RunConfig::stop_at`] is done.
    StopAt,
    /// [`RunControl::Stop`] came before.
    Stopped,
    /// [`RunControl::Stop`] came after the last iteration, while the held-out views were measured.
    StoppedInEvaluation,
}
