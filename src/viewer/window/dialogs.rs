//! The file dialogs of the desktop.

use std::time::{Duration, Instant};

use crate::viewer::document::{ChosenPath, PathPurpose, PathRequest};

/// A dialog that is gone sooner than this was never there: nobody cancels so fast, and the crate does not say which it was.
const SOONEST: Duration = Duration::from_millis(400);

/// Asks by a dialog and waits for the answer, which the event loop must not.
pub(super) fn choose(request: &PathRequest) -> ChosenPath {
    let begun = Instant::now();
    match pollster::block_on(ask(request)) {
        Some(chosen) => ChosenPath::Path(chosen.path().to_path_buf()),
        None if begun.elapsed() < SOONEST => ChosenPath::NoDialog,
        None => ChosenPath::Cancelled,
    }
}

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
