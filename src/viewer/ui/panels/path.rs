//! The camera path.

use egui::Ui;

use crate::viewer::session::{Session, free_name};
use crate::viewer::ui::keys::Action;

pub(super) fn path(ui: &mut Ui, session: &mut Session) {
    ui.horizontal(|ui| {
        if ui.button("add key").on_hover_text("a key frame where the camera is (K)").clicked() {
            session.act(Action::AddKey);
        }
        let name = if session.track.is_playing { "stop" } else { "play" };
        if ui.button(name).on_hover_text("space").clicked() {
            session.act(Action::TogglePlay);
        }
        if ui.button("save").clicked() {
            save_path(session);
        }
        if ui.button("clear").clicked() {
            session.track = crate::viewer::document::playback::Track::default();
        }
    });
    let (start, end) = session.track.range();
    if end > start {
        let mut time = session.track.time.clamp(start, end);
        ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(60.0);
        if ui
            .add(
                egui::Slider::new(&mut time, start..=end)
                    .custom_formatter(|value, _| format!("{value:.2}"))
                    .suffix(" s"),
            )
            .changed()
        {
            scrub(session, time);
        }
    }
    let keys: Vec<f64> = session.track.path.keys().iter().map(|key| key.time).collect();
    for (index, mut time) in keys.into_iter().enumerate() {
        ui.horizontal(|ui| {
            if ui.button(format!("{}", index + 1)).on_hover_text("go there").clicked() {
                scrub(session, time);
            }
            let [first, last] = session.track.room(index);
            let value = egui::DragValue::new(&mut time).range(first..=last).speed(0.02).fixed_decimals(2).suffix(" s");
            if ui.add(value).on_hover_text("when the camera is there; drag or type").changed() {
                session.track.retime(index, time);
            }
            if ui.small_button("remove").clicked() {
                session.track.remove(index);
            }
        });
    }
    if session.track.path.keys().is_empty() {
        ui.weak("Add key frames, or drop a path's JSON on the window.");
    }
}

fn scrub(session: &mut Session, time: f64) {
    if let Some(key) = session.track.scrub(time) {
        look_from(session, &key);
    }
}

/// Puts the camera on the path.
pub(crate) fn look_from(session: &mut Session, key: &crate::camera_path::Key) {
    session.leave_view();
    let distance = session.navigator.pose().distance;
    session.navigator.set(crate::viewer::scene_view::pose::Pose::of_camera(&key.camera(1000, 1000), distance));
}

fn save_path(session: &mut Session) {
    let file = free_name(std::path::Path::new("."), "path", "json");
    match session.track.path.save(&file) {
        Ok(()) => session.notify(format!("Saved {}", file.display())),
        Err(error) => session.complain(error.to_string()),
    }
}
