//! Asks for paths by the dialogs of the desktop, beside the window.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::viewer::background::{BackgroundWork, RequestRedraw};

/// The use of a path that the user is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathPurpose {
    /// The file at the path is opened.
    Open,
    /// The folder at the path is opened: a dataset or a training run.
    OpenFolder,
    /// The scene that is open is compared with that at the path.
    Compare,
    /// The edited scene is written to the path.
    SaveAs,
    /// The edited scene is written to the path in another format.
    Export,
}

impl PathPurpose {
    /// The question, in a few words.
    #[must_use]
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Open => "Open a file",
            Self::OpenFolder => "Open a folder",
            Self::Compare => "Compare with …",
            Self::SaveAs => "Save the scene as …",
            Self::Export => "Export the scene as …",
        }
    }

    /// Whether a file is written.
    #[must_use]
    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::SaveAs | Self::Export)
    }

    /// The kinds of files that a dialog offers, each with its endings; none where any file may be meant.
    #[must_use]
    pub(crate) const fn kinds(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Open | Self::OpenFolder => &[],
            Self::Compare => &[("scenes", &["safetensors", "lapidary", "ply", "pt"]), ("all files", &["*"])],
            Self::SaveAs => &[("scene", &["safetensors"])],
            Self::Export => &[
                ("compact scene", &["lapidary"]),
                ("convexes or Gaussians", &["ply"]),
                ("solids", &["glb"]),
                ("mesh", &["obj"]),
                ("colliders", &["json"]),
            ],
        }
    }
}

/// A question for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathRequest {
    /// The use of the path.
    pub purpose: PathPurpose,
    /// The folder that a dialog begins in.
    pub folder: PathBuf,
    /// The name that a file gets unless the user says another one.
    pub name: String,
}

/// The answer to a question for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChosenPath {
    /// The path.
    Path(PathBuf),
    /// The user wants none.
    Cancelled,
    /// Nobody was asked: the desktop has no dialogs.
    NoDialog,
}

/// The answer of the user, once it is there.
pub(crate) type Choosing = Pin<Box<dyn Future<Output = ChosenPath>>>;

/// Asks the user; called beside the window.
pub(crate) type ChoosePath = Arc<dyn Fn(PathRequest) -> Choosing + Send + Sync>;

/// The number of a question, and the answer to it.
type Answer = (u64, ChosenPath);

/// Asks for paths beside the window, one at a time.
pub(crate) struct PathChooser {
    choose: ChoosePath,
    request_redraw: RequestRedraw,
    answers: (Sender<Answer>, Receiver<Answer>),
    last: u64,
    pending: Option<PathRequest>,
}

impl fmt::Debug for PathChooser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathChooser").field("pending", &self.pending).finish_non_exhaustive()
    }
}

impl PathChooser {
    /// Returns a chooser that has nobody to ask yet.
    #[must_use]
    pub(crate) fn new(choose: ChoosePath, request_redraw: RequestRedraw) -> Self {
        Self { choose, request_redraw, answers: channel(), last: 0, pending: None }
    }

    /// Begins to ask.
    pub(crate) fn start(&mut self, request: PathRequest) {
        self.last += 1;
        self.pending = Some(request.clone());
        let (choose, request_redraw) = (Arc::clone(&self.choose), Arc::clone(&self.request_redraw));
        let (sender, number) = (self.answers.0.clone(), self.last);
        BackgroundWork::start_async(move || async move {
            // The window may be gone.
            sender.send((number, choose(request).await)).unwrap_or_default();
            request_redraw();
        });
    }

    /// The question that has no answer yet.
    #[must_use]
    pub(crate) const fn pending(&self) -> Option<&PathRequest> {
        self.pending.as_ref()
    }

    /// Forgets the question that has no answer yet.
    pub(crate) fn forget(&mut self) {
        self.pending = None;
    }

    /// Returns the question that was asked last and its answer, once there is one.
    pub(crate) fn take(&mut self) -> Option<(PathRequest, ChosenPath)> {
        let (_, answer) = self.answers.1.try_iter().filter(|(number, _)| *number == self.last).last()?;
        self.pending.take().map(|request| (request, answer))
    }
}
