//! Asks for a path in a line of text.

use egui::{Align2, Key, Rect, Ui};

use crate::viewer::session::Session;
use crate::viewer::session::action::Action;

/// Shows the question that is open, and returns what the user does with it.
pub(super) fn show(ui: &Ui, session: &Session, area: Rect, actions: &mut Vec<Action>) {
    let Some(question) = &session.question else { return };
    let window = egui::Window::new(question.purpose.title()).collapsible(false).resizable(false);
    window.pivot(Align2::CENTER_CENTER).fixed_pos(area.center()).show(ui.ctx(), |ui| {
        ui.label(question.reason);
        let mut text = question.text.clone();
        let line = ui.add(
            egui::TextEdit::singleline(&mut text).hint_text("path").desired_width(420.0f32.min(area.width() - 60.0)),
        );
        let is_entered = line.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if text != question.text {
            log::debug!("typed {text}");
            actions.push(Action::TypePath(text));
        }
        if !line.has_focus() && !is_entered {
            line.request_focus();
        }
        ui.horizontal(|ui| {
            if ui.button("OK").clicked() || is_entered {
                actions.push(Action::AnswerPath);
            }
            if ui.button("cancel").clicked() || ui.input(|input| input.key_pressed(Key::Escape)) {
                actions.push(Action::Escape);
            }
        });
    });
}
