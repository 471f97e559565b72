//! The camera path and its key frames.

use egui::Ui;

use crate::viewer::session::Session;
use crate::viewer::session::action::Action;

pub(super) fn show(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let playback = &session.playback;
    ui.horizontal(|ui| {
        if ui.button("add key").on_hover_text("a key frame where the camera is (K)").clicked() {
            actions.push(Action::AddKey);
        }
        let name = if playback.is_playing { "stop" } else { "play" };
        if ui.button(name).on_hover_text("space").clicked() {
            actions.push(Action::TogglePlay);
        }
        if ui.button("save").clicked() {
            actions.push(Action::SavePath);
        }
        if ui.button("clear").clicked() {
            actions.push(Action::ClearPath);
        }
    });
    let (start, end) = playback.range();
    if end > start {
        let mut time = playback.time.clamp(start, end);
        ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(60.0);
        let slider = egui::Slider::new(&mut time, start..=end).custom_formatter(|value, _| format!("{value:.2}"));
        if ui.add(slider.suffix(" s")).changed() {
            actions.push(Action::Scrub(time));
        }
    }
    for (index, key) in playback.path.keys().iter().enumerate() {
        let mut time = key.time;
        ui.horizontal(|ui| {
            if ui.button(format!("{}", index + 1)).on_hover_text("go there").clicked() {
                actions.push(Action::Scrub(time));
            }
            let [first, last] = playback.time_bounds(index);
            let value = egui::DragValue::new(&mut time).range(first..=last).speed(0.02).fixed_decimals(2).suffix(" s");
            if ui.add(value).on_hover_text("when the camera is there; drag or type").changed() {
                actions.push(Action::RetimeKey(index, time));
            }
            if ui.small_button("remove").clicked() {
                actions.push(Action::RemoveKey(index));
            }
        });
    }
    if playback.path.keys().is_empty() {
        ui.weak("Add key frames, or drop a path's JSON on the window.");
    }
}
