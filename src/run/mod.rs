//! A training run from a folder of photographs to a folder of results.
//!
//! [`TrainingRun::prepare`] reads the dataset and takes the folder; [`TrainingRun::train`] trains on a device, and writes the
//! log, checkpoints, the scene, the evaluation and the report. On the way it yields [`RunEvent`]s and takes [`RunControl`]s:
//! the command line's bar, `--json` and the window are readers of the same events.

mod bug;
mod config;
mod controls;
mod deadline;
mod error;
mod evaluation;
mod event;
mod finish;
mod folder;
mod iteration_costs;
mod last_views;
mod log;
mod options;
mod part_costs;
mod progress;
mod remaining;
mod saving;
mod time_choice;
mod timed;
mod training;
mod trial;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

pub use bug::Bug;
pub use config::{RunConfig, RunStart, TimeLimit};
pub use error::{FolderFault, Kept, RunError, RunFailure};
pub use evaluation::TrainingSummary;
pub use event::{
    FinishWithin, IterationLoss, RunControl, RunEnd, RunEvent, RunFinished, RunNotice, RunPaused, RunPreparing,
    RunProfile, RunSaved, RunSnapshot, RunStarted, RunStep,
};
use folder::RunFolder;
pub use options::{LayerError, TrainOptionsPatch};
use timed::TimedRun;

use crate::dataset::transforms::Transforms;
use crate::dataset::{Dataset, DatasetOptions, PictureCache, Split};
use crate::files;
use crate::gpu::Gpu;
use crate::scene::Scene;
use crate::source::DatasetRecord;
use crate::text::counted;
use crate::train::{AutomaticBudget, Checkpoint, TrainOptions, TrainPictures, Trainer, other_world};

/// A training run before it has a device. The folder is locked as long as this lives.
#[derive(Debug)]
pub struct TrainingRun {
    config: RunConfig,
    folder: RunFolder,
    _lock: File,
    options: TrainOptions,
    dataset: Arc<Dataset>,
    /// Decoded pictures, for all that look at them before and during the training.
    pictures: Arc<PictureCache>,
    begin: Begin,
    /// The budget, where it follows from the pictures.
    budget: Option<AutomaticBudget>,
}

/// The state that the trainer begins with, read and checked.
#[derive(Debug)]
enum Begin {
    Points,
    Scene { scene: Scene, path: PathBuf },
    Checkpoint(Box<Checkpoint>),
}

fn note(message: String) -> RunEvent {
    RunEvent::Note(RunNotice { message })
}

fn warning(message: String) -> RunEvent {
    RunEvent::Warning(RunNotice { message })
}

fn preparing(work: String) -> RunEvent {
    RunEvent::Preparing(RunPreparing { work })
}

/// A number of seconds as a time; none where it is no time.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number.max(0.0)).unwrap_or_default()
}

/// The text of a value, where it has one.
fn serialize<E: std::fmt::Display>(text: Result<String, E>) -> Result<String, RunError> {
    text.map_err(|error| RunError::Serialize(error.to_string()))
}

impl TrainingRun {
    /// Checks the folder and the options, reads the dataset and locks the folder. Nothing is written before all of it is
    /// right.
    ///
    /// # Errors
    /// [`RunError`] when the folder, the options, the checkpoint or the dataset cannot be used.
    pub fn prepare(mut config: RunConfig, emit: &mut dyn FnMut(RunEvent)) -> Result<Self, RunError> {
        let folder = RunFolder { path: config.out.clone() };
        folder.check(&config.dataset, matches!(config.start, RunStart::Checkpoint))?;
        let (begin, mut options) = match std::mem::replace(&mut config.start, RunStart::Points) {
            RunStart::Points => (Begin::Points, config.options.resolve(None)?),
            RunStart::Scene { scene, path } => {
                let options = config.options.resolve(Some(&scene))?;
                (Begin::Scene { scene, path }, options)
            }
            RunStart::Checkpoint => {
                let mut checkpoint = Checkpoint::load(&folder.checkpoint())?;
                checkpoint.state.options = config.options.resume(&checkpoint.state)?;
                let options = checkpoint.state.options.clone();
                (Begin::Checkpoint(Box::new(checkpoint)), options)
            }
        };
        emit(preparing(format!("reading {}", config.dataset.display())));
        let dataset_options = DatasetOptions { background: options.background, ..config.dataset_options.clone() };
        let dataset = Arc::new(Dataset::open(&config.dataset, &dataset_options)?);
        emit(note(dataset.summary()));
        dataset.notes.iter().cloned().for_each(|message| emit(note(message)));
        if let Begin::Scene { scene, path } = &begin {
            let points = config.dataset_options.points.as_ref();
            let points =
                points.map_or_else(|| "the points of the dataset".to_owned(), |path| path.display().to_string());
            let convexes = counted(scene.len(), "convex");
            emit(note(format!("the training begins with {convexes} from {}, not with {points}", path.display())));
            if config.checks_dataset {
                other_world(&dataset, scene).into_iter().for_each(|message| emit(warning(message)));
            }
        }
        let pictures = TrainPictures::from(Arc::clone(&dataset)).into_cache(&options);
        let budget = automatic_budget(&config, &begin, &pictures, &options)?;
        if let Some(budget) = &budget {
            options.max_convexes = budget.max_convexes;
            // A time decides the number later.
            if config.time.is_none() {
                emit(note(budget.to_string()));
            }
        }
        // What a training began with stays, and what is given.
        if !matches!(begin, Begin::Checkpoint(_)) && !config.options.names("points_rate") {
            options.points_rate = options.automatic_points_rate(&dataset)?.unwrap_or(options.points_rate);
        }
        Ok(Self { _lock: folder.lock()?, config, folder, options, dataset, pictures, begin, budget })
    }

    /// The options of the training.
    #[must_use]
    pub const fn options(&self) -> &TrainOptions {
        &self.options
    }

    /// Trains until all iterations are done or a stop is asked for, and writes the folder. Blocks; `emit` is called with every
    /// event on the same thread, and `controls` are taken between submissions. A run that nobody controls gets the receiver
    /// of a channel whose sender is dropped.
    ///
    /// # Errors
    /// [`RunError`] when the training cannot begin. [`RunError::Failed`] when it began and ended early: all that could be
    /// saved is saved.
    pub fn train(
        self,
        gpu: &Gpu,
        controls: &Receiver<RunControl>,
        emit: &mut dyn FnMut(RunEvent),
    ) -> Result<RunFinished, RunError> {
        let result = bug::caught(|| self.start(gpu, controls, emit));
        match &result {
            Ok(finished) => emit(RunEvent::Finished(finished.clone())),
            Err(error) => emit(RunEvent::Failed(RunNotice { message: error.to_string() })),
        }
        result
    }

    /// Makes the trainer, writes the first files and trains.
    fn start(
        self,
        gpu: &Gpu,
        controls: &Receiver<RunControl>,
        emit: &mut dyn FnMut(RunEvent),
    ) -> Result<RunFinished, RunError> {
        let Self { config, folder, _lock, options, dataset, pictures, begin, budget } = self;
        let goes_on = matches!(begin, Begin::Checkpoint(_));
        let timed = match (config.time, begin.num_convexes()) {
            (Some(time), start_convexes) if !goes_on => {
                let (config, pictures, options) = (&config, &pictures, &options);
                Some(
                    TimedRun { config, gpu, dataset: &dataset, pictures, options, start_convexes }
                        .choose(time, emit)?,
                )
            }
            _ => None,
        };
        let options = timed.as_ref().map_or(options, |timed| timed.options.clone());
        emit(preparing(match begin {
            Begin::Points => format!("preparing the training from {}", counted(dataset.points.len(), "point")),
            Begin::Scene { .. } | Begin::Checkpoint(_) => "preparing the training".to_owned(),
        }));
        let shared = Arc::clone(&pictures);
        let trainer = match begin {
            Begin::Points => Trainer::new(gpu, shared, options)?,
            Begin::Scene { scene, path } => Trainer::from_scene(gpu, shared, options, &scene, &path)?,
            Begin::Checkpoint(checkpoint) => Trainer::resume(gpu, shared, *checkpoint, &folder.checkpoint())?,
        };
        trainer.note().into_iter().for_each(|message| emit(note(message)));
        if config.checks_dataset && timed.is_none() {
            trainer.warnings()?.into_iter().for_each(|message| emit(warning(message)));
        }
        let costs =
            timed.as_ref().map_or_else(|| trial::costs_of(&pictures, &config.metrics), |timed| timed.costs.clone());
        let mut run = training::ActiveRun::new(&config, folder, &pictures, trainer, gpu, controls, emit);
        run.budget = budget.filter(|_| timed.is_none());
        run.costs = costs;
        run.open_log(goes_on)?;
        if let Some(time) = config.time {
            run.set_time(time, timed.as_ref().map(|timed| timed.last_views))?;
        }
        cameras(&dataset).save(&run.folder.cameras())?;
        let read = DatasetOptions { background: run.trainer.options().background, ..config.dataset_options.clone() };
        let record = DatasetRecord::new(&config.dataset, &read, &run.folder.path);
        files::write_atomically(&run.folder.dataset(), serialize(record.to_toml())?.as_bytes())?;
        run.write_config()?;
        run.train()
    }
}

/// The budget that follows from the pictures, for a new training whose options give none.
fn automatic_budget(
    config: &RunConfig,
    begin: &Begin,
    pictures: &PictureCache,
    options: &TrainOptions,
) -> Result<Option<AutomaticBudget>, RunError> {
    let num_first = match begin {
        Begin::Points => 0,
        Begin::Scene { scene, .. } => scene.len(),
        Begin::Checkpoint(_) => return Ok(None),
    };
    if config.options.names("max_convexes") {
        return Ok(None);
    }
    Ok(AutomaticBudget::choose(pictures, options)?.map(|budget| budget.with_room_for(num_first)))
}

impl Begin {
    /// The number of convexes of the scene that the training begins with, where it is given.
    fn num_convexes(&self) -> Option<u32> {
        let Self::Scene { scene, .. } = self else { return None };
        u32::try_from(scene.len()).ok()
    }
}

/// The cameras, for those who open the scene without its dataset.
fn cameras(dataset: &Dataset) -> Transforms {
    let views: Vec<_> = dataset.views.iter().map(|view| (view.name.clone(), view.camera)).collect();
    let names = |split| dataset.indices(split).map(|index| dataset.views[index].name.clone()).collect();
    Transforms {
        train_filenames: Some(names(Split::Train)),
        test_filenames: Some(names(Split::Test)),
        ..Transforms::from_cameras(&views)
    }
}
