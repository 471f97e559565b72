//! Turns pointer and keys over the picture into actions.

use std::f32::consts::PI;

use super::{gizmo, handles};
use egui::{PointerButton, Pos2, Rect, Response, Sense, Ui, Vec2};
use glam::{DVec2, DVec3};

use crate::gpu::waiting::IS_BROWSER;
use crate::viewer::scene_view::comparison::{ComparisonMode, split_at};
use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, DrawStep, EditAction, Motion, Tool};
use crate::viewer::session::settings::Movement;
use crate::viewer::ui::keys;
use crate::viewer::ui::overlay::Projection;

/// Adds the actions of pointer and keys in this frame. `response` is that of the area of the picture, and `seconds` have
/// passed since the last frame.
pub(super) fn collect(
    ui: &Ui,
    session: &Session,
    response: &Response,
    projection: &Projection,
    seconds: f64,
    actions: &mut Vec<Action>,
) {
    let area = response.rect;
    let aspect = f64::from(area.width()) / f64::from(area.height().max(1.0));
    if aspect != session.aspect {
        actions.push(Action::SetAspect(aspect));
    }
    split_handle(ui, session, projection.rect, actions);
    handles::collect(ui, session, projection, actions);
    gizmo::collect(ui, session, projection, area, actions);
    shortcuts(ui, actions);
    draw(ui, session, response, projection, actions);
    navigate(ui, session, response, seconds, actions);
    clicks(ui, session, response, projection, actions);
}

fn shortcuts(ui: &Ui, actions: &mut Vec<Action>) {
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
        actions.push(action);
    }
}

/// Turns the pointer and the keys that are held into motions.
fn navigate(ui: &Ui, session: &Session, response: &Response, seconds: f64, actions: &mut Vec<Action>) {
    let height = f64::from(response.rect.height().max(1.0));
    let modifiers = ui.input(|input| input.modifiers);
    let touch = ui.input(egui::InputState::multi_touch).filter(|touch| response.rect.contains(touch.center_pos));
    if let Some(touch) = &touch {
        actions.extend([Action::LeaveCamera, Action::StopPlaying]);
        actions.extend(touch_motions(touch, height).map(Action::Move));
    }
    // The first of two fingers is the pointer as well.
    let drag = if touch.is_some() { Vec2::ZERO } else { response.drag_delta() };
    // With a tool the left button draws, and the right one turns in its place.
    let has_tool = takes_drags(session.editing.tool);
    if drag != Vec2::ZERO && !(has_tool && response.dragged_by(PointerButton::Primary)) {
        let part = DVec2::new(drag.x.into(), drag.y.into()) / height;
        let is_pan = response.dragged_by(PointerButton::Middle)
            || (response.dragged_by(PointerButton::Secondary) && !has_tool)
            || modifiers.shift;
        let motion = if is_pan {
            Motion::Pan(part)
        } else if modifiers.alt || session.settings.movement == Movement::Fly {
            Motion::Look(part * -session.navigator.pose().fov_y)
        } else {
            Motion::Orbit(part * f64::from(PI))
        };
        actions.extend([Action::LeaveCamera, Action::StopPlaying, Action::Move(motion)]);
    }
    if response.hovered() {
        scroll(ui, session, height, actions);
    }
    fly(ui, session, seconds, actions);
}

/// Returns whether a drag with the left button draws with the tool.
const fn takes_drags(tool: Tool) -> bool {
    matches!(tool, Tool::Rectangle | Tool::Lasso | Tool::Sphere | Tool::Box)
}

/// Lets a tool be drawn with.
fn draw(ui: &Ui, session: &Session, response: &Response, projection: &Projection, actions: &mut Vec<Action>) {
    let tool = session.editing.tool;
    if !takes_drags(tool) {
        return;
    }
    if response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Crosshair);
    }
    let mode = ui.input(|input| keys::selection_mode(input.modifiers));
    for (step, at) in drag_steps(ui, response) {
        let pixel = projection.nearest_pixel(at);
        actions.push(Action::Edit(EditAction::Draw(step, projection.camera, pixel, mode)));
    }
}

/// Returns the parts of a drag with the left button in this frame, each with the place of the pointer.
pub(super) fn drag_steps(ui: &Ui, response: &Response) -> Vec<(DrawStep, Pos2)> {
    let at = response.interact_pointer_pos();
    let pressed = ui.input(|input| input.pointer.press_origin()).or(at);
    let begins = pressed.filter(|_| response.drag_started_by(PointerButton::Primary));
    let goes = at.filter(|_| response.dragged_by(PointerButton::Primary));
    let ends = at.filter(|_| response.drag_stopped_by(PointerButton::Primary));
    let steps = [(DrawStep::Begin, begins), (DrawStep::Go, goes), (DrawStep::End, ends)];
    steps.into_iter().filter_map(|(step, at)| Some((step, at?))).collect()
}

/// Returns the motions of two fingers on a screen: together they pan, apart they come nearer.
fn touch_motions(touch: &egui::MultiTouchInfo, height: f64) -> [Motion; 2] {
    let egui::MultiTouchInfo { translation_delta: drag, zoom_delta, .. } = *touch;
    let pan = DVec2::new(drag.x.into(), drag.y.into()) / height;
    [Motion::Pan(pan), Motion::Dolly(f64::from(zoom_delta.max(f32::MIN_POSITIVE).ln()) / STEP_OF_ZOOM)]
}

/// The logarithm of the factor by which a step of the wheel comes nearer.
const STEP_OF_ZOOM: f64 = 0.105;

/// The pixels that a browser scrolls by one step of a wheel. It does not say whether a wheel or a trackpad was moved.
const PIXELS_PER_STEP: f64 = 100.0;

fn scroll(ui: &Ui, session: &Session, height: f64, actions: &mut Vec<Action>) {
    let events = ui.input(|input| input.events.clone());
    for event in events {
        let motion = match event {
            egui::Event::MouseWheel { unit, delta, modifiers, .. } => {
                let is_point = unit == egui::MouseWheelUnit::Point;
                let steps = f64::from(delta.y) / if is_point && IS_BROWSER { PIXELS_PER_STEP } else { 1.0 };
                let is_trackpad = is_point && !IS_BROWSER;
                let part = DVec2::new(delta.x.into(), delta.y.into()) / height;
                if modifiers.ctrl || modifiers.command {
                    Motion::Zoom(if is_trackpad { part.y * 20.0 } else { steps })
                } else if is_trackpad && modifiers.shift {
                    Motion::Pan(part)
                } else if is_trackpad {
                    Motion::Orbit(part * f64::from(PI))
                } else if session.settings.movement == Movement::Fly {
                    Motion::Accelerate(1.15f64.powf(steps))
                } else {
                    Motion::Dolly(steps)
                }
            }
            // Ctrl and wheel arrive as both; the wheel was taken above.
            egui::Event::Zoom(factor) if factor > 0.0 && !ui.input(|input| input.modifiers.ctrl) => {
                Motion::Dolly(f64::from(factor.ln()) / STEP_OF_ZOOM)
            }
            egui::Event::Rotate(angle) => Motion::Roll(angle.into()),
            _ => continue,
        };
        actions.extend([Action::LeaveCamera, Action::Move(motion)]);
    }
}

fn fly(ui: &Ui, session: &Session, seconds: f64, actions: &mut Vec<Action>) {
    use egui::Key;
    let (velocity, roll) = if ui.ctx().egui_wants_keyboard_input() {
        (DVec3::ZERO, 0.0)
    } else {
        ui.input(|input| {
            let is_free = !input.modifiers.ctrl && !input.modifiers.command;
            let axis = |plus: Key, minus: Key| {
                f64::from(u8::from(is_free && input.key_down(plus)))
                    - f64::from(u8::from(is_free && input.key_down(minus)))
            };
            let held = DVec3::new(axis(Key::D, Key::A), axis(Key::E, Key::Q), axis(Key::W, Key::S));
            (held * if input.modifiers.shift { 4.0 } else { 1.0 }, axis(Key::Period, Key::Comma))
        })
    };
    if velocity != DVec3::ZERO || roll != 0.0 {
        actions.extend([Action::LeaveCamera, Action::StopPlaying]);
    }
    if velocity != session.navigator.target() {
        actions.push(Action::Move(Motion::Fly(velocity)));
    }
    if roll != 0.0 {
        actions.push(Action::Move(Motion::Roll(roll * seconds)));
    }
}

/// The distance from the position of a camera within which a click enters it, in points.
const CLICK: f32 = 14.0;

fn clicks(ui: &Ui, session: &Session, response: &Response, projection: &Projection, actions: &mut Vec<Action>) {
    let Some(pointer) = response.interact_pointer_pos() else { return };
    if response.double_clicked() {
        if let Some(pixel) = projection.pixel(pointer) {
            actions.push(Action::PickPivot(projection.camera, pixel));
        }
    } else if response.clicked() && !matches!(session.editing.tool, Tool::Look | Tool::Place) {
        if let Some(pixel) = projection.pixel(pointer) {
            let mode = ui.input(|input| keys::selection_mode(input.modifiers));
            actions.push(Action::Edit(EditAction::Pick(projection.camera, pixel, mode)));
        }
    } else if response.clicked()
        && session.settings.frusta
        && let Some(index) = camera_at(session, projection, pointer)
    {
        actions.push(Action::EnterCamera(index));
    }
}

/// Returns the camera nearest to a point of the window, if one is near.
pub(super) fn camera_at(session: &Session, projection: &Projection, pointer: Pos2) -> Option<usize> {
    let away = |index: usize| {
        let position = session.document.cameras.get(index)?.camera.position();
        let (at, _) = projection.point(position)?;
        Some((index, (at - pointer).length())).filter(|(_, away)| *away < CLICK)
    };
    let others = (0..session.document.cameras.len()).filter(|index| session.entered_camera != Some(*index));
    let near = others.filter_map(away);
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}

/// Lets the line between both pictures be dragged.
fn split_handle(ui: &Ui, session: &Session, rect: Rect, actions: &mut Vec<Action>) {
    if !session.is_compared() || session.comparison.mode != ComparisonMode::Split {
        return;
    }
    let x = rect.left() + rect.width() * session.comparison.split;
    let handle = Rect::from_center_size(Pos2::new(x, rect.center().y), Vec2::new(24.0, rect.height()));
    let response = ui.interact(handle, ui.scope_id().with("split"), Sense::drag());
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        actions.push(Action::SetSplit(split_at(pointer.x, rect.left(), rect.width())));
    }
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
    }
}
