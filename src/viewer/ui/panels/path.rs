//! The camera path: its key frames, and its rendering to a video or to images.

use egui::{ComboBox, DragValue, ProgressBar, Ui};

use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, PathAction};
use crate::viewer::session::camera_path::PathFormat;

pub(super) fn show(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    buttons(ui, session, actions);
    scrub(ui, session, actions);
    egui::ScrollArea::vertical().id_salt("key frames").max_height(190.0).auto_shrink([false, true]).show(ui, |ui| {
        for index in 0..session.playback.path.keys().len() {
            ui.horizontal(|ui| key_frame(ui, session, index, actions));
        }
    });
    if session.playback.path.keys().is_empty() {
        ui.weak("Add key frames, or drop a path's JSON on the window.");
    } else {
        render(ui, session, actions);
    }
}

fn buttons(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let playback = &session.playback;
    ui.horizontal(|ui| {
        if ui.button("add key").on_hover_text("a key frame where the camera is (K)").clicked() {
            actions.push(Action::AddKey);
        }
        let name = if playback.is_playing { "stop" } else { "play" };
        if ui.button(name).on_hover_text("space").clicked() {
            actions.push(Action::TogglePlay);
        }
        if ui.button("save").on_hover_text("as JSON, which `lapidary render --path` reads").clicked() {
            actions.push(Action::SavePath);
        }
        if ui.button("clear").clicked() {
            actions.push(Action::ClearPath);
        }
    });
    ui.horizontal(|ui| {
        let mut loops = playback.loops;
        if ui.checkbox(&mut loops, "loop").on_hover_text("back to the first key frame, and on").changed() {
            actions.push(Action::Path(PathAction::SetLoop(loops)));
        }
        let has_cameras = !session.document.cameras.is_empty();
        let button = ui.add_enabled(has_cameras, egui::Button::new("through the dataset's cameras"));
        if button.on_hover_text("a path that follows the photographs, in place of this one").clicked() {
            actions.push(Action::Path(PathAction::ThroughCameras));
        }
    });
}

fn scrub(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let (start, end) = session.playback.range();
    if end > start {
        let mut time = session.playback.time.clamp(start, end);
        ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(60.0);
        let slider = egui::Slider::new(&mut time, start..=end).custom_formatter(|value, _| format!("{value:.2}"));
        if ui.add(slider.suffix(" s")).changed() {
            actions.push(Action::Scrub(time));
        }
    }
}

fn key_frame(ui: &mut Ui, session: &Session, index: usize, actions: &mut Vec<Action>) {
    let playback = &session.playback;
    let Some(key) = playback.path.keys().get(index) else { return };
    let mut time = key.time;
    if ui.button(format!("{}", index + 1)).on_hover_text("go there").clicked() {
        actions.push(Action::Scrub(time));
    }
    let [first, last] = playback.time_bounds(index);
    let value = DragValue::new(&mut time).range(first..=last).speed(0.02).fixed_decimals(2).suffix(" s");
    if ui.add(value).on_hover_text("when the camera is there; drag or type").changed() {
        actions.push(Action::RetimeKey(index, time));
    }
    let is_last = index + 1 == playback.path.keys().len();
    if ui.add_enabled(index > 0, egui::Button::new("up").small()).on_hover_text("earlier").clicked() {
        actions.push(Action::Path(PathAction::Swap(index, index - 1)));
    }
    if ui.add_enabled(!is_last, egui::Button::new("down").small()).on_hover_text("later").clicked() {
        actions.push(Action::Path(PathAction::Swap(index, index + 1)));
    }
    if ui.small_button("remove").clicked() {
        actions.push(Action::RemoveKey(index));
    }
}

/// Rate, size and kind of the files, and the button or the progress.
fn render(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let mut output = session.path_rendering.output;
    ui.horizontal(|ui| {
        let [width, height] = &mut output.size;
        ui.add(DragValue::new(width).range(16..=8192).update_while_editing(false));
        ui.label("×");
        ui.add(DragValue::new(height).range(16..=8192).update_while_editing(false));
        let mut rate = session.playback.path.frames_per_second;
        let value = DragValue::new(&mut rate).range(0.1..=1000.0).speed(0.2).max_decimals(2).suffix(" fps");
        if ui.add(value.update_while_editing(false)).on_hover_text("frames a second").changed() {
            actions.push(Action::Path(PathAction::SetRate(rate)));
        }
    });
    ui.horizontal(|ui| {
        let choice = ComboBox::from_id_salt("path format").width(110.0).selected_text(output.format.name());
        choice.show_ui(ui, |ui| {
            for format in PathFormat::ALL {
                ui.selectable_value(&mut output.format, format, format.name());
            }
        });
        if session.path_rendering.under_way.is_none() && ui.button("render").on_hover_text(RENDER).clicked() {
            actions.push(Action::Path(PathAction::ToggleRender));
        }
    });
    if output != session.path_rendering.output {
        actions.push(Action::Path(PathAction::SetOutput(output)));
    }
    if let Some(render) = &session.path_rendering.under_way {
        ui.horizontal(|ui| {
            let (written, all) = (render.written(), render.num_frames);
            let bar = ProgressBar::new(written as f32 / all.max(1) as f32).text(format!("{written} of {all} frames"));
            ui.add(bar.desired_width(180.0));
            if ui.add_enabled(!render.is_cancelled(), egui::Button::new("cancel")).clicked() {
                actions.push(Action::Path(PathAction::ToggleRender));
            }
        });
    }
}

const RENDER: &str = "Shift + K: a new file or folder in the current folder, of the scene without what is deleted";
