//! The file dialogs of the desktop.

use std::path::PathBuf;

use web_time::{Duration, Instant};

use crate::gpu::waiting::IS_BROWSER;
#[cfg(not(target_family = "wasm"))]
use crate::viewer::document::PathPurpose;
use crate::viewer::document::{Choosing, ChosenPath, PathRequest};

/// A dialog that is gone sooner than this was never there: nobody cancels so fast, and the crate does not say which it was.
const SOONEST: Duration = Duration::from_millis(400);

/// Asks by a dialog.
pub(super) fn choose(request: PathRequest) -> Choosing {
    Box::pin(async move {
        // What a page writes becomes a download, whose name is typed.
        if IS_BROWSER && request.purpose.writes() {
            return ChosenPath::NoDialog;
        }
        let begun = Instant::now();
        match ask(&request).await {
            Some(chosen) => ChosenPath::Path(path_of(chosen).await),
            None if begun.elapsed() < SOONEST => ChosenPath::NoDialog,
            None => ChosenPath::Cancelled,
        }
    })
}

#[cfg(not(target_family = "wasm"))]
async fn path_of(chosen: rfd::FileHandle) -> PathBuf {
    chosen.path().to_path_buf()
}

/// A browser gives the bytes of a file, not its path.
#[cfg(target_family = "wasm")]
async fn path_of(chosen: rfd::FileHandle) -> PathBuf {
    let path = PathBuf::from(chosen.file_name());
    crate::files::give(&path, chosen.read().await);
    path
}

/// A page writes no file: it offers the bytes under a name that its reader may change.
#[cfg(target_family = "wasm")]
async fn ask(request: &PathRequest) -> Option<rfd::FileHandle> {
    let mut dialog = rfd::AsyncFileDialog::new().set_title(request.purpose.title());
    for (kind, endings) in request.purpose.kinds().iter().filter(|(_, endings)| *endings != ["*"]) {
        dialog = dialog.add_filter(*kind, endings);
    }
    dialog.pick_file().await
}

#[cfg(not(target_family = "wasm"))]
async fn ask(request: &PathRequest) -> Option<rfd::FileHandle> {
    let PathRequest { purpose, folder, name } = request;
    let mut dialog = rfd::AsyncFileDialog::new().set_title(purpose.title()).set_directory(folder);
    for (kind, endings) in purpose.kinds() {
        dialog = dialog.add_filter(*kind, endings);
    }
    match purpose {
        PathPurpose::Open | PathPurpose::Compare => dialog.pick_file().await,
        PathPurpose::OpenFolder => dialog.pick_folder().await,
        PathPurpose::SaveAs | PathPurpose::Export => dialog.set_file_name(name).save_file().await,
    }
}
