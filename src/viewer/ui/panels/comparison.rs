//! What the render is compared with, and how both are shown.

use egui::Ui;

use crate::text;
use crate::viewer::document::PathPurpose;
use crate::viewer::scene_view::comparison::ComparisonMode;
use crate::viewer::session::Session;
use crate::viewer::session::action::Action;

pub(super) fn show(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let comparison = &session.comparison;
    ui.horizontal(|ui| {
        if ui.button("compare with …").on_hover_text("draw a second scene from the same camera").clicked() {
            actions.push(Action::Ask(PathPurpose::Compare));
        }
        if !session.settings.recent.is_empty() {
            ui.menu_button("recent", |ui| {
                for path in &session.settings.recent {
                    if ui.button(text::message(&path.display().to_string())).clicked() {
                        actions.push(Action::CompareWith(path.clone()));
                        ui.close();
                    }
                }
            });
        }
        if comparison.second.is_some() && ui.button("stop").clicked() {
            actions.push(Action::StopComparing);
        }
    });
    if let Some(second) = &comparison.second {
        let name = format!("B: {}", text::message(&second.path.display().to_string()));
        ui.add(egui::Label::new(name).truncate());
    }
    if comparison.second.is_none() && session.document.cameras.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for mode in ComparisonMode::ALL {
            let is_chosen = comparison.mode == mode;
            if ui.selectable_label(is_chosen, mode.name(comparison.names())).on_hover_text("V").clicked() {
                actions.push(Action::Compare(mode));
            }
        }
    });
}
