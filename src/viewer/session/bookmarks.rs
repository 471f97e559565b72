//! Bookmarks: named views of the document. The file of a scene carries those with which it was saved; changes are kept in the
//! settings of the window, because a file is written only where the user says so.

use crate::scene::Bookmark;
use crate::viewer::scene_view::pose::Pose;
use crate::viewer::session::Session;
use crate::viewer::session::action::BookmarkAction;

/// Most bookmarks of a document.
const MAX_BOOKMARKS: usize = 100;

/// Most letters of a name.
const MAX_NAME: usize = 80;

impl Session {
    /// Takes the bookmarks of the document that was opened: those that were changed in the window, or else those of its file.
    pub(super) fn open_bookmarks(&mut self) {
        let kept = self.document.path.as_deref().and_then(|path| self.settings.bookmarks_of(path));
        let kept = kept.map_or(&self.document.metadata.bookmarks, |kept| kept);
        self.bookmarks =
            kept.iter().filter(|bookmark| bookmark.view.check().is_ok()).take(MAX_BOOKMARKS).cloned().collect();
    }

    /// Applies an action on the bookmarks.
    pub(super) fn apply_bookmark(&mut self, action: BookmarkAction) {
        match action {
            BookmarkAction::GoTo(index) => return self.go_to_bookmark(index),
            BookmarkAction::Add => self.add_bookmark(),
            BookmarkAction::Rename(index, name) => {
                if let Some(bookmark) = self.bookmarks.get_mut(index) {
                    bookmark.name = name.chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect();
                }
            }
            BookmarkAction::Remove(index) if index < self.bookmarks.len() => drop(self.bookmarks.remove(index)),
            BookmarkAction::Remove(_) => {}
        }
        if let Some(path) = self.document.path.as_deref() {
            self.settings.keep_bookmarks(path, &self.bookmarks);
        }
    }

    fn add_bookmark(&mut self) {
        let view = self.present_view();
        if view.check().is_err() || self.bookmarks.len() >= MAX_BOOKMARKS {
            self.notify_error(format!("This view cannot be kept; there are {} bookmarks", self.bookmarks.len()));
            return;
        }
        let number = self.bookmarks.len() + 1;
        self.bookmarks.push(Bookmark { name: format!("view {number}"), view });
        let how = if number <= 9 { format!("; Ctrl + {number} goes there") } else { String::new() };
        self.notify(format!("Bookmark {number} added{how}"));
    }

    fn go_to_bookmark(&mut self, index: usize) {
        let Some(view) = self.bookmarks.get(index).map(|bookmark| bookmark.view) else { return };
        let distance = view.position.distance(view.focus);
        self.fly_to(Pose::of_camera(&self.camera_of(&view), distance));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use glam::DVec3;

    use super::*;
    use crate::scene_file::Metadata;
    use crate::viewer::document::Document;
    use crate::viewer::session::action::Action;
    use crate::viewer::session::apply::tests::NoWindow;
    use crate::viewer::session::settings::Settings;
    use crate::viewer::session::tests::session;

    fn applied(session: &mut Session, action: BookmarkAction) {
        session.apply(Action::Bookmark(action), &mut NoWindow::default()).unwrap();
    }

    fn look_from(session: &mut Session, x: f64) -> Pose {
        let pose = Pose::look_at(DVec3::new(x, 0.5, 0.25), DVec3::Y, 3.0, DVec3::Z, 0.8);
        session.navigator.set(pose);
        pose
    }

    #[test]
    fn a_bookmark_leads_back_to_its_view_in_any_window() {
        for aspect in [1.7, 0.6] {
            let mut session = session(1);
            session.aspect = aspect;
            let pose = look_from(&mut session, 4.0);
            applied(&mut session, BookmarkAction::Add);
            look_from(&mut session, -9.0);
            applied(&mut session, BookmarkAction::GoTo(0));
            let back = session.navigator.destination();
            assert!(back.position.distance(pose.position) < 1e-9 && back.pivot().distance(pose.pivot()) < 1e-9);
            assert!((back.fov_y - pose.fov_y).abs() < 0.002, "{} {}", back.fov_y, pose.fov_y);
            session.apply(Action::ViewBack, &mut NoWindow::default()).unwrap();
            assert!(session.navigator.destination().position.x < -8.0, "the view before can be gone back to");
        }
    }

    #[test]
    fn bookmarks_are_those_of_the_file_until_they_are_changed() {
        let mut session = session(1);
        look_from(&mut session, 4.0);
        let bookmarks = vec![Bookmark { name: "front".into(), view: session.present_view() }];
        let metadata = Metadata { bookmarks: bookmarks.clone(), ..Metadata::default() };
        let document =
            |path: &str| Document { path: Some(path.into()), metadata: metadata.clone(), ..Document::default() };
        session.set_document(document("/a"));
        assert_eq!(session.bookmarks, bookmarks);
        applied(&mut session, BookmarkAction::Rename(0, "the\nfront".into()));
        applied(&mut session, BookmarkAction::Add);
        session.set_document(document("/b"));
        assert_eq!(session.bookmarks, bookmarks, "another file has its own");
        session.set_document(document("/a"));
        let names: Vec<&str> = session.bookmarks.iter().map(|bookmark| bookmark.name.as_str()).collect();
        assert_eq!(names, ["thefront", "view 2"]);
        // They are kept from one start to the next.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("viewer.json");
        session.settings.save(&file).unwrap();
        assert_eq!(Settings::load(&file).bookmarks_of(Path::new("/a")).unwrap(), &session.bookmarks);
        applied(&mut session, BookmarkAction::Remove(1));
        applied(&mut session, BookmarkAction::Remove(0));
        session.set_document(document("/a"));
        assert!(session.bookmarks.is_empty(), "what was removed stays so");
    }
}
