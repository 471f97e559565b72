//! The place of the scene in the world that it is saved in: numbers, ground and scale.

use egui::{DragValue, Ui};

use crate::viewer::document::Placement;
use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, EditAction, Tool};
use crate::viewer::session::editing::Gesture;
use crate::viewer::ui::panels::editing::vector;

pub(super) fn show(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    if let Some(reason) = session.reason_not_to_edit() {
        ui.weak(reason);
        return;
    }
    let mut edits = Vec::new();
    let before = session.editing.edits.state().placement;
    let mut placement = before;
    let mut response = vector(ui, "moved", &mut placement.translation, 0.01 * session.subject.radius);
    response |= vector(ui, "turned °", &mut placement.degrees, 0.5);
    ui.horizontal(|ui| {
        ui.add_sized([58.0, 18.0], egui::Label::new("scaled"));
        let value = DragValue::new(&mut placement.scale).speed(0.005 * before.scale).range(1e-6..=1e6).max_decimals(5);
        response |= ui.add(value.update_while_editing(false));
        if ui.small_button("reset").clicked() {
            placement = Placement::default();
        }
    });
    if placement != before {
        // A drag is one edit.
        let is_continued = response.dragged() && !response.drag_started();
        edits.push(EditAction::Place(placement, is_continued));
    }
    ui.horizontal(|ui| {
        let tools = [
            (
                Tool::Ground,
                "ground",
                "click three places of the ground: the origin, one along x, and another (Shift + M)",
            ),
            (Tool::Place, "axes", "drag the axes of the world to where they belong (I)"),
            (Tool::Measure, "measure", "click two places whose distance you know (M)"),
        ];
        for (tool, name, hint) in tools {
            if ui.selectable_label(session.editing.tool == tool, name).on_hover_text(hint).clicked() {
                edits.push(EditAction::SetTool(tool));
            }
        }
        let mut has_grid = session.settings.grid;
        if ui.checkbox(&mut has_grid, "grid (9)").changed() {
            actions.push(Action::ToggleGrid);
        }
    });
    match (session.editing.tool, &session.editing.gesture) {
        (Tool::Place, _) => drop(ui.weak("Arrows move the axes of the world, rings turn them, the square scales.")),
        (Tool::Measure, _) => drop(ui.weak("Click two places whose distance you know.")),
        (Tool::Ground, gesture) => {
            let count = gesture.as_ref().map_or(0, |gesture| match gesture {
                Gesture::Places(places) => places.len(),
                _ => 0,
            });
            let next = ["the new origin", "a place along x", "any other place"][count.min(2)];
            ui.weak(format!("Click three places of the ground; next: {next}."));
            if session.proposed_placement().is_some() && ui.button("take the grid's").on_hover_text("Enter").clicked() {
                edits.push(EditAction::TakeGround);
            }
        }
        _ => {}
    }
    actions.extend(edits.into_iter().map(Action::Edit));
}
