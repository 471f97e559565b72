//! The files of a run while it trains: checkpoints and their spacing, the scene, the options; and what is saved after an error.

use web_time::{Duration, Instant};

use super::bug::caught;
use super::event::{RunEvent, RunSaved};
use super::training::ActiveRun;
use super::{Kept, RunError, RunFailure, serialize};
use crate::camera::Camera;
use crate::files;
use crate::scene::{Scene, StartView};
use crate::scene_file::{self, Metadata};
use crate::text;
use crate::train::TrainError;

/// Time between two checkpoints where no number of iterations is given: fifty times what the last one took, so that they take two
/// percent of a run; at least a minute, and at most what a run may lose. A checkpoint of a million convexes is a gigabyte, which
/// takes as long as hundreds of iterations of a fast device.
const SAVE_COSTS: u32 = 50;
const MIN_SAVE_PERIOD: Duration = Duration::from_secs(60);
const MAX_SAVE_PERIOD: Duration = Duration::from_secs(300);

impl ActiveRun<'_> {
    /// The time between the beginnings of two checkpoints. A run that ends while it writes one has lost that time as well.
    pub(super) fn save_period(&self) -> Duration {
        let cost = self.costs.checkpoint().unwrap_or_default();
        let most = MAX_SAVE_PERIOD.saturating_sub(cost).max(MIN_SAVE_PERIOD);
        cost.saturating_mul(SAVE_COSTS).clamp(MIN_SAVE_PERIOD, most)
    }

    /// Saves what was done before an error, and returns the error with what became of it.
    pub(super) fn rescue(&mut self, cause: RunError) -> RunError {
        let saved = caught(|| {
            self.trainer.fall_back();
            self.save()
        });
        let kept = match saved {
            // The training would end the same way if it went on.
            Ok(()) if matches!(cause, RunError::Train(TrainError::Empty { .. })) => Kept::Final,
            Ok(()) => Kept::All,
            Err(_) if self.folder.checkpoint().exists() => Kept::Earlier,
            Err(_) if caught(|| self.save_scene()).is_ok() => Kept::SceneOnly,
            Err(_) => Kept::Nothing,
        };
        let (iteration, out) = (self.trainer.iteration(), self.folder.path.clone());
        RunError::Failed(Box::new(RunFailure { iteration, kept, out, cause }))
    }

    /// Writes the options of the training, with the command as a comment.
    pub(super) fn write_config(&mut self) -> Result<(), RunError> {
        let options = serialize(toml::to_string_pretty(self.trainer.options()))?;
        let text = format!("# {}\n{options}", text::escaped(&self.config.comment));
        files::write_atomically(&self.folder.options(), text.as_bytes())?;
        self.is_config_old = false;
        Ok(())
    }

    /// Writes the log so far, the checkpoint and the scene. The log goes first: lines that are ahead of the checkpoint can be
    /// dropped, lines that are missing cannot be written again.
    pub(super) fn save(&mut self) -> Result<(), RunError> {
        self.collect()?;
        let begin = Instant::now();
        self.log_losses()?;
        self.log.write()?;
        let checkpoint = self.trainer.checkpoint()?;
        checkpoint.save(&self.folder.checkpoint())?;
        // Nothing more is read from the device, which may have little memory left.
        self.write_scene(&checkpoint.scene)?;
        if self.is_config_old {
            self.write_config()?;
        }
        self.last_save = begin;
        self.costs.add_checkpoint(begin.elapsed());
        self.measured = self.measured.map(|_| Instant::now());
        (self.emit)(RunEvent::Saved(RunSaved { iteration: checkpoint.state.iteration }));
        Ok(())
    }

    /// Writes the scene alone, where a checkpoint cannot be written.
    fn save_scene(&mut self) -> Result<(), RunError> {
        let scene = self.trainer.normalised_scene()?;
        self.write_scene(&scene)
    }

    /// Writes a scene of normalised units.
    fn write_scene(&self, normalised: &Scene) -> Result<(), RunError> {
        let scene = self.trainer.similarity().to_world(normalised);
        let cameras: Vec<Camera> = self.dataset.views.iter().map(|view| view.camera).collect();
        let start_view = StartView::of_cameras(&cameras, &scene).filter(|view| view.check().is_ok());
        let metadata = Metadata { start_view, ..self.trainer.metadata() };
        Ok(scene_file::save_with(&scene, &metadata, &self.folder.scene())?)
    }
}
