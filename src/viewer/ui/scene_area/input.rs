//! What pointer and keys do over the picture.

use std::f32::consts::PI;

use egui::{PointerButton, Pos2, Rect, Response, Sense, Ui, Vec2};
use glam::{DVec2, DVec3};

use super::Studio;
use crate::gpu::GpuError;
use crate::viewer::scene_view::comparison::{Comparison, split_at};
use crate::viewer::session::Session;
use crate::viewer::session::settings::Movement;
use crate::viewer::ui::keys;
use crate::viewer::ui::overlay::Projection;

pub(super) fn shortcuts(ui: &Ui, session: &mut Session) {
    if ui.ctx().egui_wants_keyboard_input() {
        return;
    }
    // Where Shift is let go of first, the question mark is never released, and the next one would pass for a repetition.
    ui.input_mut(|input| !input.modifiers.shift && input.keys_down.remove(&egui::Key::Questionmark));
    let pressed: Vec<(egui::Key, egui::Modifiers)> = ui.input(|input| {
        let key = |event: &egui::Event| match event {
            egui::Event::Key { key, pressed: true, repeat, modifiers, .. } => {
                let may_repeat = matches!(key, egui::Key::ArrowLeft | egui::Key::ArrowRight);
                (!repeat || may_repeat).then_some((*key, *modifiers))
            }
            _ => None,
        };
        input.events.iter().filter_map(key).collect()
    });
    for action in pressed.into_iter().filter_map(|(key, modifiers)| keys::action(key, modifiers)) {
        log::debug!("action {action:?}");
        session.act(action);
    }
}

/// Turns the pointer and the keys that are held into motions.
pub(super) fn navigate(ui: &Ui, session: &mut Session, response: &Response, rect: Rect, seconds: f64) {
    let height = f64::from(rect.height().max(1.0));
    let modifiers = ui.input(|input| input.modifiers);
    let to_angles = |delta: Vec2, full: f64| DVec2::new(delta.x.into(), delta.y.into()) / height * full;
    let fov = session.navigator.pose().fov_y;
    let drag = response.drag_delta();
    if drag != Vec2::ZERO {
        session.leave_view();
        session.track.is_playing = false;
        let part = DVec2::new(drag.x.into(), drag.y.into()) / height;
        let is_pan = response.dragged_by(PointerButton::Secondary)
            || response.dragged_by(PointerButton::Middle)
            || modifiers.shift;
        if is_pan {
            session.navigator.pan(part);
        } else if modifiers.alt || session.settings.movement == Movement::Fly {
            session.navigator.look(to_angles(drag, -fov));
        } else {
            session.navigator.orbit(to_angles(drag, PI.into()));
        }
    }
    if response.hovered() {
        scroll(ui, session, height);
    }
    fly(ui, session, seconds);
}

fn scroll(ui: &Ui, session: &mut Session, height: f64) {
    let events = ui.input(|input| input.events.clone());
    for event in events {
        match event {
            egui::Event::MouseWheel { unit, delta, modifiers, .. } => {
                session.leave_view();
                let steps = f64::from(delta.y);
                let is_trackpad = unit == egui::MouseWheelUnit::Point;
                let part = DVec2::new(delta.x.into(), delta.y.into()) / height;
                if modifiers.ctrl || modifiers.command {
                    session.navigator.zoom(if is_trackpad { part.y * 20.0 } else { steps });
                } else if is_trackpad && modifiers.shift {
                    session.navigator.pan(part);
                } else if is_trackpad {
                    session.navigator.orbit(part * f64::from(PI));
                } else if session.settings.movement == Movement::Fly {
                    session.navigator.speed *= 1.15f64.powf(steps);
                } else {
                    session.navigator.dolly(steps);
                }
            }
            // Ctrl and wheel arrive as both; the wheel was taken above.
            egui::Event::Zoom(factor) if factor > 0.0 && !ui.input(|input| input.modifiers.ctrl) => {
                session.leave_view();
                session.navigator.dolly(f64::from(factor.ln()) / 0.105);
            }
            egui::Event::Rotate(angle) => {
                session.leave_view();
                session.navigator.roll(angle.into());
            }
            _ => {}
        }
    }
}

fn fly(ui: &Ui, session: &mut Session, seconds: f64) {
    use egui::Key;
    if ui.ctx().egui_wants_keyboard_input() {
        session.navigator.fly(DVec3::ZERO);
        return;
    }
    let (held, roll, faster) = ui.input(|input| {
        let free = !input.modifiers.ctrl && !input.modifiers.command;
        let axis = |plus: Key, minus: Key| {
            f64::from(u8::from(free && input.key_down(plus))) - f64::from(u8::from(free && input.key_down(minus)))
        };
        let held = DVec3::new(axis(Key::D, Key::A), axis(Key::E, Key::Q), axis(Key::W, Key::S));
        (held, axis(Key::Period, Key::Comma), input.modifiers.shift)
    });
    if held != DVec3::ZERO || roll != 0.0 {
        session.leave_view();
        session.track.is_playing = false;
    }
    session.navigator.fly(held * if faster { 4.0 } else { 1.0 });
    if roll != 0.0 {
        session.navigator.roll(roll * seconds);
    }
}

/// Points around the place of a camera in which a click takes it.
const CLICK: f32 = 14.0;

pub(super) fn clicks(
    ui: &Ui,
    session: &mut Session,
    studio: &mut Studio<'_>,
    response: &Response,
    projection: &Projection,
) -> Result<(), GpuError> {
    let Some(pointer) = response.interact_pointer_pos() else { return Ok(()) };
    if response.double_clicked() {
        let Some(pixel) = projection.pixel(pointer) else { return Ok(()) };
        if let Some(picked) = studio.stage.pick(&projection.camera, &session.look, pixel)? {
            session.leave_view();
            session.navigator.set_pivot(picked.point);
            session.notify(format!("Pivot on convex {}", picked.convex));
        }
        ui.ctx().request_repaint();
    } else if response.clicked()
        && session.settings.frusta
        && let Some(index) = camera_at(session, projection, pointer)
    {
        session.enter_view(index);
    }
    Ok(())
}

/// The camera nearest to a point of the window, if one is near.
pub(super) fn camera_at(session: &Session, projection: &Projection, pointer: Pos2) -> Option<usize> {
    let away = |index: usize| {
        let position = session.content.views.get(index)?.camera.position();
        let (at, _) = projection.point(position)?;
        Some((index, (at - pointer).length())).filter(|(_, away)| *away < CLICK)
    };
    let near = (0..session.content.views.len()).filter(|index| session.at_view != Some(*index)).filter_map(away);
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}

/// The line between render and photograph can be dragged.
pub(super) fn split_handle(ui: &Ui, session: &mut Session, rect: Rect) {
    if session.comparison != Comparison::Split {
        return;
    }
    let x = rect.left() + rect.width() * session.split;
    let handle = Rect::from_center_size(Pos2::new(x, rect.center().y), Vec2::new(24.0, rect.height()));
    let response = ui.interact(handle, ui.scope_id().with("split"), Sense::drag());
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        session.split = split_at(pointer.x, rect.left(), rect.width());
    }
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
    }
}
