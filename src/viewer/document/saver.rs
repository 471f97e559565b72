//! Writes edited scenes on other threads.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::convert::{self, WriteOptions};
use crate::files;
use crate::scene::Scene;
use crate::scene_file::Metadata;
use crate::viewer::background::BackgroundWork;
use crate::viewer::document::{EditList, RequestRedraw};

/// A scene with its edits, and the file that it is written to.
pub(crate) struct EditedCopy {
    /// The scene as it was opened.
    pub scene: Arc<Scene>,
    /// The edits of the scene.
    pub edits: EditList,
    /// The metadata of the scene as it was opened.
    pub metadata: Metadata,
    /// How it is written.
    pub options: WriteOptions,
    /// The file; its ending is that of the format.
    pub path: PathBuf,
}

impl EditedCopy {
    /// Writes the file, and returns a sentence about it.
    fn write(self) -> Told {
        let Self { scene, edits, metadata, options, path } = self;
        files::check_file(&path).map_err(|error| error.to_string())?;
        let metadata = edits.state().placement.transform().metadata(&metadata.edited(edits.provenance()));
        let written = convert::write(&edits.edited(&scene), &metadata, &options, &path, &|_| {});
        let written = written.map_err(|error| error.to_string())?;
        let left_out = if written.left_out > 0 { format!(", {} left out", written.left_out) } else { String::new() };
        Ok(format!("Saved {}: {} {}{left_out}", path.display(), written.written, written.kind))
    }
}

/// A sentence about a file that was written, or why it was not.
type Told = Result<String, String>;

/// Writes edited scenes, and keeps what is to be told about them.
pub(crate) struct SceneSaver {
    told: (Sender<Told>, Receiver<Told>),
    writing: Vec<BackgroundWork>,
}

impl fmt::Debug for SceneSaver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SceneSaver").finish_non_exhaustive()
    }
}

impl SceneSaver {
    /// Returns a saver that has nothing to write yet.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { told: channel(), writing: Vec::new() }
    }

    /// Begins to write.
    pub(crate) fn start(&mut self, copy: EditedCopy, request_redraw: RequestRedraw) {
        let sender = self.told.0.clone();
        self.writing.retain(|work| !work.is_finished());
        self.writing.push(BackgroundWork::start(move || {
            // The window may be gone.
            sender.send(copy.write()).unwrap_or_default();
            request_redraw();
        }));
    }

    /// Waits until every file is written.
    pub(crate) fn wait(&mut self) {
        for work in self.writing.drain(..) {
            if !work.wait() {
                log::warn!("a file was not written");
            }
        }
    }

    /// Returns a sentence about each file that has been written since the last call, or why it could not be.
    pub(crate) fn take(&self) -> Vec<Told> {
        self.told.1.try_iter().collect()
    }
}
