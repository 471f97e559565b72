//! Asks how long the measured distance is in truth.

use egui::{Align2, Id, Key, Ui, Vec2};

use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, EditAction, Tool};
use crate::viewer::session::editing::Gesture;
use crate::viewer::ui::overlay::Projection;

/// Shows a line for the true length beside the distance that was measured, and returns what the user does with it.
pub(super) fn show(ui: &Ui, session: &Session, projection: &Projection, actions: &mut Vec<Action>) {
    let id = Id::unique("true length");
    let (Tool::Measure, Some(Gesture::Places(places)), Some(length)) =
        (session.editing.tool, &session.editing.gesture, session.measured_length())
    else {
        ui.data_mut(|data| data.remove::<String>(id));
        return;
    };
    let Some((at, _)) = projection.point(places[0].midpoint(places[1])) else { return };
    let at = at.clamp(projection.rect.min + Vec2::new(130.0, 20.0), projection.rect.max - Vec2::new(130.0, 110.0));
    let window = egui::Window::new("length").title_bar(false).resizable(false);
    window.pivot(Align2::CENTER_TOP).fixed_pos(at + Vec2::new(0.0, 22.0)).show(ui.ctx(), |ui| {
        let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        ui.label(format!("{length:.4} units long; in truth:"));
        let line = ui.add(egui::TextEdit::singleline(&mut text).hint_text("a number").desired_width(90.0));
        let is_entered = line.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let is_left = ui.input(|input| input.key_pressed(Key::Escape));
        let number =
            text.trim().replace(',', ".").parse().ok().filter(|number: &f64| *number > 0.0 && number.is_normal());
        ui.horizontal(|ui| {
            let button = ui.add_enabled(number.is_some(), egui::Button::new("scale the scene"));
            if let Some(number) = number.filter(|_| button.clicked() || is_entered) {
                actions.push(Action::Edit(EditAction::SetLength(number)));
                text.clear();
            }
        });
        ui.data_mut(|data| data.insert_temp(id, text));
        if is_left {
            actions.push(Action::Escape);
        } else if !line.has_focus() {
            line.request_focus();
        }
    });
}
