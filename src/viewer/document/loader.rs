//! Reads a document on another thread.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::viewer::background::BackgroundWork;
use crate::viewer::document::{Document, RequestRedraw};

/// Opens a path; called on another thread. The error is a sentence for the user.
pub type OpenDocument = Arc<dyn Fn(&Path) -> Result<Document, String> + Send + Sync>;

/// The number of a request, its path, and the document that was read.
type Arrival = (u64, PathBuf, Result<Document, String>);

/// Reads paths on other threads. Only the last one that was asked for arrives.
pub(crate) struct DocumentLoader {
    open: OpenDocument,
    request_redraw: RequestRedraw,
    results: (Sender<Arrival>, Receiver<Arrival>),
    last: u64,
    pending: Option<PathBuf>,
}

impl fmt::Debug for DocumentLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentLoader").field("pending", &self.pending).finish_non_exhaustive()
    }
}

impl DocumentLoader {
    /// Returns a loader that has nothing to read yet.
    #[must_use]
    pub(crate) fn new(open: OpenDocument, request_redraw: RequestRedraw) -> Self {
        Self { open, request_redraw, results: channel(), last: 0, pending: None }
    }

    /// Returns another loader, which opens paths in the same way.
    #[must_use]
    pub(crate) fn another(&self) -> Self {
        Self::new(Arc::clone(&self.open), Arc::clone(&self.request_redraw))
    }

    /// Starts to read a path.
    pub(crate) fn start(&mut self, path: &Path) {
        self.last += 1;
        self.pending = Some(path.to_path_buf());
        let (open, request_redraw) = (Arc::clone(&self.open), Arc::clone(&self.request_redraw));
        let (sender, number, path) = (self.results.0.clone(), self.last, path.to_path_buf());
        BackgroundWork::start(move || {
            let result = open(&path);
            // The window may be gone.
            sender.send((number, path, result)).unwrap_or_default();
            request_redraw();
        });
    }

    /// The path that is being read.
    #[must_use]
    pub(crate) fn pending(&self) -> Option<&Path> {
        self.pending.as_deref()
    }

    /// Returns the document that was asked for last, once it has been read, and its path.
    pub(crate) fn take(&mut self) -> Option<(PathBuf, Result<Document, String>)> {
        let (_, path, result) = self.results.1.try_iter().filter(|(number, ..)| *number == self.last).last()?;
        self.pending = None;
        Some((path, result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_that_was_asked_for_last_arrives() {
        let open: OpenDocument = Arc::new(|path| Err(path.display().to_string()));
        let mut loader = DocumentLoader::new(open, Arc::new(|| {}));
        loader.start(Path::new("first"));
        loader.start(Path::new("second"));
        assert_eq!(loader.pending(), Some(Path::new("second")));
        let arrived = std::iter::repeat_with(|| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            loader.take()
        });
        let (path, result) = arrived.take(1000).flatten().next().unwrap();
        assert_eq!((path.as_path(), result.unwrap_err().as_str()), (Path::new("second"), "second"));
    }
}
