//! The bookmarks: named views to go to.

use egui::{TextEdit, Ui};

use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, BookmarkAction};

pub(super) fn show(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let mut wanted = Vec::new();
    if ui.button("keep this view").on_hover_text("Ctrl + B").clicked() {
        wanted.push(BookmarkAction::Add);
    }
    for (index, bookmark) in session.bookmarks.iter().enumerate() {
        ui.horizontal(|ui| {
            let hint = if index < 9 { format!("go there (Ctrl + {})", index + 1) } else { "go there".to_owned() };
            if ui.button(format!("{}", index + 1)).on_hover_text(hint).clicked() {
                wanted.push(BookmarkAction::GoTo(index));
            }
            let mut name = bookmark.name.clone();
            // A width that follows from that of the panel would widen the panel in turn.
            if ui.add(TextEdit::singleline(&mut name).desired_width(150.0)).changed() {
                wanted.push(BookmarkAction::Rename(index, name));
            }
            if ui.small_button("remove").clicked() {
                wanted.push(BookmarkAction::Remove(index));
            }
        });
    }
    if session.bookmarks.is_empty() {
        ui.weak("Views that are kept come with the scene when it is saved.");
    }
    actions.extend(wanted.into_iter().map(Action::Bookmark));
}
