//! Asking the user for a path.

use std::path::PathBuf;

use crate::viewer::session::Session;

/// The use of a path that the user is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathPurpose {
    /// A scene is compared with that at the path.
    Compare,
}

impl PathPurpose {
    /// The question, in a few words.
    #[must_use]
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Compare => "Compare with …",
        }
    }
}

/// A path that the user is asked for, and what has been typed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathQuestion {
    /// What the path is for.
    pub purpose: PathPurpose,
    /// What has been typed.
    pub text: String,
}

impl Session {
    /// Asks the user for a path.
    pub(super) fn ask(&mut self, purpose: PathPurpose) {
        self.question = Some(PathQuestion { purpose, text: String::new() });
    }

    pub(super) fn type_path(&mut self, text: String) {
        if let Some(question) = &mut self.question {
            question.text = text;
        }
    }

    /// Takes the path that was typed.
    pub(super) fn answer_path(&mut self) {
        let Some(PathQuestion { purpose, text }) = self.question.take() else { return };
        if text.trim().is_empty() {
            return;
        }
        self.use_path(purpose, PathBuf::from(text.trim()));
    }

    fn use_path(&mut self, purpose: PathPurpose, path: PathBuf) {
        match purpose {
            PathPurpose::Compare => self.compare_with(&path),
        }
    }
}
