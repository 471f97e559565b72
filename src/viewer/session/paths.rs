//! Asking the user for a path: by a dialog of the desktop, or by a line of text where there is none.

use std::path::{Path, PathBuf};

use crate::viewer::document::{ChosenPath, PathPurpose, PathRequest};
use crate::viewer::session::Session;
use crate::viewer::session::editing::SavedFile;

/// A path that the user is asked for in a line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathQuestion {
    /// What the path is for.
    pub purpose: PathPurpose,
    /// What has been typed so far.
    pub text: String,
    /// Why no dialog asks.
    pub reason: &'static str,
}

impl Session {
    /// Asks the user for a path. The window goes on meanwhile; asked once more, a line of text takes the place of a dialog that
    /// does not appear.
    pub(super) fn ask(&mut self, purpose: PathPurpose) {
        if let Some(reason) = self.reason_not_to_edit().filter(|_| purpose.writes()) {
            self.notify(reason.to_owned());
            return;
        }
        let request = self.path_request(purpose);
        if self.chooser.pending().is_some() {
            self.ask_in_text(&request, "A file dialog should be open; a path can be typed here instead.");
            return;
        }
        self.chooser.start(request);
    }

    fn ask_in_text(&mut self, request: &PathRequest, reason: &'static str) {
        log::debug!("asked in text: {reason}");
        self.question = Some(PathQuestion { purpose: request.purpose, text: request.name.clone(), reason });
    }

    fn path_request(&self, purpose: PathPurpose) -> PathRequest {
        let own = self.document.path.as_deref().and_then(Path::parent).filter(|_| !purpose.writes());
        let folder = own.unwrap_or(Path::new("."));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let ending = if purpose == PathPurpose::SaveAs { "safetensors" } else { "ply" };
        let name = Path::new(self.editing.file.name.trim()).with_extension(ending);
        let name = if purpose.writes() { name.display().to_string() } else { String::new() };
        PathRequest { purpose, folder, name }
    }

    /// Takes the answer of a dialog, once there is one.
    pub(super) fn receive_path(&mut self) {
        match self.chooser.take() {
            None | Some((_, ChosenPath::Cancelled)) => {}
            Some((PathRequest { purpose, .. }, ChosenPath::Path(path))) => {
                self.question = None;
                self.use_path(purpose, path);
            }
            Some((request, ChosenPath::NoDialog)) => {
                self.ask_in_text(&request, "This desktop has no file dialogs; type a path.");
            }
        }
    }

    pub(super) fn type_path(&mut self, text: String) {
        if let Some(question) = &mut self.question {
            question.text = text;
        }
    }

    /// Takes the path that was typed.
    pub(super) fn answer_path(&mut self) {
        let Some(PathQuestion { purpose, text, .. }) = self.question.take() else { return };
        self.chooser.forget();
        if !text.trim().is_empty() {
            self.use_path(purpose, PathBuf::from(text.trim()));
        }
    }

    fn use_path(&mut self, purpose: PathPurpose, path: PathBuf) {
        match purpose {
            PathPurpose::Open | PathPurpose::OpenFolder => self.open(&path),
            PathPurpose::Compare => self.compare_with(&path),
            PathPurpose::SaveAs | PathPurpose::Export => {
                let has_no_ending = purpose == PathPurpose::SaveAs && path.extension().is_none();
                let path = if has_no_ending { path.with_extension("safetensors") } else { path };
                self.editing.file = SavedFile { name: path.display().to_string(), ..self.editing.file };
                self.save_scene();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::viewer::document::{ChoosePath, PathChooser};
    use crate::viewer::session::action::Action;
    use crate::viewer::session::apply::tests::applied;
    use crate::viewer::session::editing::tests::with_row;
    use crate::viewer::session::tests::session_opening;

    /// Gives a session dialogs that answer what is sent to them, and returns the questions as well.
    fn dialogs(session: &mut Session) -> (Sender<ChosenPath>, Arc<Mutex<Vec<PathRequest>>>) {
        let (sender, answers) = channel();
        let (answers, asked) = (Mutex::new(answers), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&asked);
        let choose: ChoosePath = Arc::new(move |request| {
            kept.lock().unwrap().push(request);
            let answer = answers.lock().unwrap().recv().unwrap_or(ChosenPath::Cancelled);
            Box::pin(std::future::ready(answer))
        });
        session.chooser = PathChooser::new(choose, Arc::new(|| {}));
        (sender, asked)
    }

    fn wait(session: &mut Session, is_done: impl Fn(&Session) -> bool) {
        for _ in 0..1000 {
            session.receive();
            if is_done(session) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nothing came");
    }

    fn answered(session: &Session) -> bool {
        session.chooser.pending().is_none() && session.loader.pending().is_none()
    }

    fn opening() -> Session {
        session_opening(1, |path| Err(format!("read {}", path.display())))
    }

    #[test]
    fn a_dialog_is_open_while_the_window_goes_on() {
        let mut session = opening();
        let (answer, asked) = dialogs(&mut session);
        applied(&mut session, Action::Ask(PathPurpose::Open));
        session.receive();
        session.advance(0.1);
        assert_eq!((session.chooser.pending().is_some(), &session.question), (true, &None));
        answer.send(ChosenPath::Path("a.ply".into())).unwrap();
        wait(&mut session, answered);
        assert_eq!(session.notices.last().unwrap().text, "read a.ply");
        let asked = asked.lock().unwrap();
        assert!(asked[0].folder.is_absolute() && asked[0].name.is_empty(), "{asked:?}");
    }

    #[test]
    fn a_dialog_that_does_not_appear_gives_way_to_a_line_of_text_and_its_late_answer_counts_no_more() {
        let mut session = opening();
        let (answer, _) = dialogs(&mut session);
        applied(&mut session, Action::Ask(PathPurpose::Open));
        applied(&mut session, Action::Ask(PathPurpose::Open));
        assert!(session.question.as_ref().unwrap().reason.contains("can be typed"));
        applied(&mut session, Action::TypePath(" typed.ply ".into()));
        applied(&mut session, Action::AnswerPath);
        wait(&mut session, answered);
        answer.send(ChosenPath::Path("late.ply".into())).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        session.receive();
        let texts: Vec<&str> = session.notices.iter().map(|notice| notice.text.as_str()).collect();
        assert_eq!((texts, session.loader.pending()), (vec!["read typed.ply"], None));
    }

    #[test]
    fn without_dialogs_a_line_of_text_says_so_and_a_cancelled_one_asks_nothing() {
        let mut session = opening();
        let (answer, _) = dialogs(&mut session);
        for (given, is_asked) in [(ChosenPath::NoDialog, true), (ChosenPath::Cancelled, false)] {
            applied(&mut session, Action::Ask(PathPurpose::Compare));
            answer.send(given).unwrap();
            wait(&mut session, answered);
            assert_eq!(session.question.is_some(), is_asked);
            assert!(session.question.as_ref().is_none_or(|question| question.reason.contains("no file dialogs")));
            applied(&mut session, Action::Escape);
            assert_eq!((&session.question, session.notices.len()), (&None, 0));
        }
    }

    #[test]
    fn the_scene_is_saved_and_exported_where_a_dialog_says() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = with_row();
        let (answer, asked) = dialogs(&mut session);
        for (purpose, name, file) in
            [(PathPurpose::SaveAs, "kept", "kept.safetensors"), (PathPurpose::Export, "given.ply", "given.ply")]
        {
            applied(&mut session, Action::Ask(purpose));
            answer.send(ChosenPath::Path(folder.path().join(name))).unwrap();
            wait(&mut session, |session| session.notices.last().is_some_and(|notice| notice.text.starts_with("Saved")));
            assert!(folder.path().join(file).is_file(), "{file}");
            session.notices.clear();
        }
        let names: Vec<String> = asked.lock().unwrap().iter().map(|request| request.name.clone()).collect();
        assert!(names[0].ends_with("-edited-1.safetensors") && names[1].ends_with("kept.ply"), "{names:?}");
        let mut empty = opening();
        let (_answer, asked) = dialogs(&mut empty);
        applied(&mut empty, Action::Ask(PathPurpose::SaveAs));
        assert_eq!((empty.notices[0].text.as_str(), asked.lock().unwrap().len()), ("There is no scene to edit.", 0));
    }
}
