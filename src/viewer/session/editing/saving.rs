//! Writing the edited scene, and keeping edits from being lost.

use std::path::PathBuf;
use std::sync::Arc;

use crate::convert::WriteOptions;
use crate::scene_file::Metadata;
use crate::source;
use crate::viewer::document::{EditList, EditedCopy};
use crate::viewer::session::Session;
use crate::viewer::session::editing::Editing;

/// The file that the edited scene is written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SavedFile {
    /// The name; its ending is that of the format.
    pub name: String,
    /// Whether a `.ply` holds Gaussians instead of convexes.
    pub gaussians: bool,
}

impl Editing {
    /// Takes note that the last file was not written.
    pub(in crate::viewer::session) fn forget_saved(&mut self) {
        self.saved = EditList::new(self.edits.num_convexes());
    }
}

impl Session {
    /// Returns whether edits that are in no file may be lost: at the second time of asking.
    pub(crate) fn may_lose_edits(&mut self) -> bool {
        let Editing { edits, saved, is_warned, .. } = &mut self.editing;
        if edits.makes_the_same_as(saved) || std::mem::replace(is_warned, true) {
            return true;
        }
        self.notify_error("The edits are not saved. Ctrl + S saves them; the same once more loses them.".to_owned());
        false
    }

    /// Writes the edited scene on another thread.
    pub(in crate::viewer::session) fn save_scene(&mut self) {
        let Some(scene) = self.document.scene.clone() else { return };
        let SavedFile { name, gaussians } = self.editing.file.clone();
        let path = PathBuf::from(name.trim());
        let own = self.document.path.as_deref().map(source::scene_file_of);
        let is_own =
            own.is_some_and(|own| own.canonicalize().ok().is_some_and(|own| path.canonicalize().ok() == Some(own)));
        if is_own {
            self.notify_error(format!("{} is the file that is open; choose another name", path.display()));
            return;
        }
        let options = WriteOptions {
            gaussians: gaussians && path.extension().is_some_and(|end| end == "ply"),
            ..WriteOptions::default()
        };
        let edits = self.editing.edits.clone();
        // Who opens the file sees what is seen now.
        let start_view = Some(self.present_view()).filter(|view| view.check().is_ok());
        let bookmarks = self.bookmarks.clone();
        self.settings.forget_bookmarks(&path);
        let metadata = Metadata { start_view, bookmarks, ..self.document.metadata.clone() };
        self.notify(format!("Saving {} …", path.display()));
        self.editing.saved = edits.clone();
        self.saver.start(EditedCopy { scene, edits, metadata, options, path }, Arc::clone(&self.request_redraw));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::document::SceneEdit;
    use crate::viewer::session::action::{Criterion, EditAction, SelectionMode};
    use crate::viewer::session::editing::tests::{edit, with_row};

    #[test]
    fn edits_are_lost_only_at_the_second_time_of_asking() {
        let mut session = with_row();
        edit(&mut session, EditAction::Select(Criterion::Fainter, SelectionMode::Replace));
        assert!(session.may_lose_edits(), "a selection is nothing to save");
        edit(&mut session, EditAction::Change(SceneEdit::Delete));
        assert!(!session.may_lose_edits());
        assert!(session.notices.last().unwrap().is_error && session.may_lose_edits());
        edit(&mut session, EditAction::Undo);
        edit(&mut session, EditAction::Redo);
        assert!(!session.may_lose_edits(), "there are other edits");
        edit(&mut session, EditAction::Undo);
        assert!(session.may_lose_edits(), "nothing is changed");
    }

    #[test]
    fn the_edited_scene_is_saved_with_its_provenance_and_never_over_the_open_file() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open.safetensors");
        let mut session = with_row();
        crate::scene_file::save(session.document.scene.as_ref().unwrap(), &open).unwrap();
        session.document.path = Some(open.clone());
        session.document.metadata.provenance = Some("by hand".to_owned());
        edit(&mut session, EditAction::Select(Criterion::Fainter, SelectionMode::Replace));
        edit(&mut session, EditAction::Change(SceneEdit::Delete));
        let mut save = |name: &std::path::Path| {
            edit(&mut session, EditAction::SetFile(SavedFile { name: name.display().to_string(), gaussians: false }));
            edit(&mut session, EditAction::Save);
            for _ in 0..1000 {
                session.receive();
                let text = &session.notices.last().unwrap().text;
                if !text.starts_with("Saving") {
                    return text.clone();
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            panic!("nothing was saved")
        };
        let saved = folder.path().join("saved.safetensors");
        assert!(save(&saved).contains("7 convexes"));
        let (scene, metadata) = crate::scene_file::load_with(&saved).unwrap();
        let told = "by hand; edited by hand, 3 of 10 convexes deleted (delete 3: opacity below 0.10)";
        assert_eq!((scene.len(), metadata.provenance.as_deref()), (7, Some(told)));
        assert!(save(&open).contains("choose another name"));
        assert!(save(&folder.path().join("saved.xyz")).contains("saved.xyz"));
        assert!(save(&folder.path().join("saved.glb")).contains("7 solids"));
        assert_eq!(crate::scene_file::load(&open).unwrap().len(), 10);
    }
}
