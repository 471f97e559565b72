//! Selecting, hiding and deleting convexes, the list of edits, and saving the result.

use egui::{DragValue, Ui};
use glam::DVec3;

use crate::viewer::document::{EditList, PathPurpose, SceneEdit, SelectionBox};
use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, Criterion, EditAction, SelectionMode, Tool};
use crate::viewer::session::editing::SavedFile;
use crate::viewer::ui::keys;
use crate::viewer::ui::panels::grouped;

/// The tools, each with its name, its key and what it does.
const TOOLS: [(Tool, &str, &str); 6] = [
    (Tool::Look, "look", "a drag turns the camera (Esc)"),
    (Tool::Click, "click", "a click selects the convex under the pointer (X)"),
    (Tool::Rectangle, "rectangle", "a drag selects what is in a rectangle (B)"),
    (Tool::Lasso, "lasso", "a drag selects what is in its outline (L)"),
    (Tool::Sphere, "sphere", "a drag selects a sphere around the surface where it begins (O)"),
    (Tool::Box, "box", "a drag selects a box around the surface where it begins (N)"),
];

pub(super) fn show(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    if let Some(reason) = session.reason_not_to_edit() {
        ui.weak(reason);
        return;
    }
    let mut edits = Vec::new();
    tools(ui, session, &mut edits);
    outlines(ui, session, &mut edits);
    selection(ui, session, &mut edits);
    ui.collapsing("select by", |ui| criteria(ui, session, &mut edits));
    ui.collapsing("list of edits", |ui| list(ui, &session.editing.edits, &mut edits));
    save(ui, session, &mut edits);
    ui.horizontal(|ui| {
        let ask =
            [("save as …", "Ctrl + Shift + S", PathPurpose::SaveAs), ("export …", "Ctrl + E", PathPurpose::Export)];
        for (name, hint, purpose) in ask {
            if ui.button(name).on_hover_text(hint).clicked() {
                actions.push(Action::Ask(purpose));
            }
        }
    });
    actions.extend(edits.into_iter().map(Action::Edit));
}

fn tools(ui: &mut Ui, session: &Session, edits: &mut Vec<EditAction>) {
    ui.horizontal_wrapped(|ui| {
        for (tool, name, hint) in TOOLS {
            if ui.selectable_label(session.editing.tool == tool, name).on_hover_text(hint).clicked() {
                edits.push(EditAction::SetTool(tool));
            }
        }
    });
    if TOOLS[1..].iter().any(|(tool, ..)| session.editing.tool == *tool) {
        ui.weak("Shift adds, Ctrl or Alt removes; a right drag turns");
    }
}

/// What rectangle and lasso take.
fn outlines(ui: &mut Ui, session: &Session, edits: &mut Vec<EditAction>) {
    if !matches!(session.editing.tool, Tool::Rectangle | Tool::Lasso) {
        return;
    }
    let mut numbers = session.editing.numbers;
    ui.horizontal(|ui| {
        ui.radio_value(&mut numbers.only_seen, false, "all behind it");
        ui.radio_value(&mut numbers.only_seen, true, "only what is seen");
        if numbers.only_seen {
            let hint = "a convex is seen if it makes at least this part of a pixel somewhere in the image";
            ui.add(DragValue::new(&mut numbers.share).speed(0.005).range(0.001..=1.0)).on_hover_text(hint);
        }
    });
    if numbers != session.editing.numbers {
        edits.push(EditAction::SetNumbers(numbers));
    }
}

fn selection(ui: &mut Ui, session: &Session, edits: &mut Vec<EditAction>) {
    let state = session.editing.edits.state();
    let count = |count: usize| grouped(count as u64);
    let all = session.editing.edits.num_convexes() - state.deleted.count();
    ui.label(format!("{} of {} selected", count(state.selected.count()), count(all)));
    let (hidden, deleted) = (state.hidden.count(), state.deleted.count());
    if hidden + deleted > 0 {
        ui.label(format!("{} hidden, {} deleted", count(hidden), count(deleted)));
    }
    ui.horizontal_wrapped(|ui| {
        let all = EditAction::Select(Criterion::All, SelectionMode::Replace);
        let buttons = [
            ("all", "Ctrl + A", all),
            ("none", "Ctrl + D", EditAction::SelectNone),
            ("invert", "Ctrl + I", EditAction::Invert),
            ("hide", "J; hidden convexes are saved all the same", EditAction::Change(SceneEdit::Hide)),
            ("show hidden", "Shift + J", EditAction::Change(SceneEdit::ShowHidden)),
            ("delete", "Del", EditAction::Change(SceneEdit::Delete)),
            ("keep only", "delete everything else (Shift + Del)", EditAction::Change(SceneEdit::KeepOnly)),
            ("undo", "Ctrl + Z", EditAction::Undo),
            ("redo", "Ctrl + Y", EditAction::Redo),
        ];
        for (name, hint, edit) in buttons {
            if ui.button(name).on_hover_text(hint).clicked() {
                edits.push(edit);
            }
        }
    });
}

/// Numbers that say what is selected, each with its button.
fn criteria(ui: &mut Ui, session: &Session, edits: &mut Vec<EditAction>) {
    let mut numbers = session.editing.numbers;
    let radius = session.subject.radius;
    let mut pressed = None;
    let mut row = |ui: &mut Ui, name: &str, criterion: Option<Criterion>, add: &mut dyn FnMut(&mut Ui)| {
        ui.horizontal(|ui| {
            if ui.button("select").on_hover_text("Shift adds, Ctrl or Alt removes").clicked() {
                pressed = Some(criterion);
            }
            ui.label(name);
            add(ui);
        });
    };
    row(ui, "opacity below", Some(Criterion::Fainter), &mut |ui| {
        ui.add(DragValue::new(&mut numbers.opacity).speed(0.005).range(0.0..=1.0).max_decimals(3));
    });
    row(ui, "radius above", Some(Criterion::Larger), &mut |ui| {
        length(ui, &mut numbers.size, 0.01 * radius);
    });
    if !session.document.cameras.is_empty() {
        let most = session.document.cameras.len();
        for (name, criterion, hint) in [
            (
                "visible in fewer images than",
                None,
                "drawn in some pixel of an image; what is hidden behind others is not",
            ),
            ("in the frame of fewer images than", Some(Criterion::SeenByFewer), "whatever hides it"),
        ] {
            row(ui, name, criterion, &mut |ui| {
                let value = DragValue::new(&mut numbers.fewest).range(1..=most).speed(0.1);
                ui.add(value).on_hover_text(hint);
            });
        }
        if let Some(count) = &session.editing.counting {
            ui.weak(format!("  drawing image {} of {most}; Esc ends it", (count.num_done + 1).min(most)));
        }
        row(ui, "beyond the cameras ×", Some(Criterion::BeyondCameras), &mut |ui| {
            let hint = "farther from the subject than the farthest camera, times this";
            ui.add(DragValue::new(&mut numbers.reach).speed(0.01).range(0.01..=100.0)).on_hover_text(hint);
        });
    }
    row(ui, "sphere of radius", Some(Criterion::Sphere), &mut |ui| {
        length(ui, &mut numbers.sphere_radius, 0.01 * radius);
    });
    vector(ui, "  around", &mut numbers.sphere_centre, 0.01 * radius);
    row(ui, "box", Some(Criterion::Box), &mut |_| {});
    sides(ui, &mut numbers.sides, 0.01 * radius);
    let mode = ui.input(|input| keys::selection_mode(input.modifiers));
    if numbers != session.editing.numbers {
        edits.push(EditAction::SetNumbers(numbers));
    }
    edits.extend(pressed.map(|criterion| match criterion {
        Some(criterion) => EditAction::Select(criterion, mode),
        None => EditAction::SelectByViews(mode),
    }));
}

fn length(ui: &mut Ui, value: &mut f64, speed: f64) {
    ui.add(DragValue::new(value).speed(speed).range(0.0..=f64::MAX).max_decimals(4));
}

fn sides(ui: &mut Ui, sides: &mut SelectionBox, speed: f64) {
    vector(ui, "  around", &mut sides.centre, speed);
    let mut whole = 2.0 * sides.half;
    vector(ui, "  sides", &mut whole, speed);
    sides.half = (0.5 * whole).max(DVec3::ZERO);
    vector(ui, "  turned °", &mut sides.degrees, 0.5);
}

/// Three numbers in a row.
pub(super) fn vector(ui: &mut Ui, name: &str, value: &mut DVec3, speed: f64) -> egui::Response {
    let row = ui.horizontal(|ui| {
        let mut response = ui.add_sized([58.0, 18.0], egui::Label::new(name));
        for axis in 0..3 {
            let number = DragValue::new(&mut value[axis]).speed(speed).max_decimals(3);
            response |= ui.add(number.update_while_editing(false));
        }
        response
    });
    row.inner
}

fn list(ui: &mut Ui, edits: &EditList, actions: &mut Vec<EditAction>) {
    let area = egui::ScrollArea::vertical().id_salt("edits").max_height(140.0).auto_shrink([false, true]);
    area.stick_to_bottom(true).show(ui, |ui| {
        if ui.selectable_label(edits.num_done() == 0, "as it was opened").clicked() {
            actions.push(EditAction::GoTo(0));
        }
        for (index, listed) in edits.edits().iter().enumerate() {
            let (is_last, holds) = (index + 1 == edits.num_done(), index < edits.num_done());
            let text = egui::RichText::new(&listed.text);
            let text = if holds { text } else { text.weak().strikethrough() };
            if ui.selectable_label(is_last, text).clicked() {
                actions.push(EditAction::GoTo(index + 1));
            }
        }
    });
}

fn save(ui: &mut Ui, session: &Session, edits: &mut Vec<EditAction>) {
    let SavedFile { mut name, mut gaussians } = session.editing.file.clone();
    let hint = "the ending is the format: .safetensors, .lapidary, .ply, .glb, .obj, .json";
    ui.horizontal(|ui| {
        if ui.button("save").on_hover_text("Ctrl + S").clicked() {
            edits.push(EditAction::Save);
        }
        let width = ui.available_width();
        ui.add(egui::TextEdit::singleline(&mut name).desired_width(width)).on_hover_text(hint);
    });
    if name.trim().ends_with(".ply") {
        ui.checkbox(&mut gaussians, "Gaussians for splat viewers");
    }
    let file = SavedFile { name, gaussians };
    if file != session.editing.file {
        // Before it is saved.
        edits.insert(0, EditAction::SetFile(file));
    }
}
