//! The handles of the crop box, and of the axes of the world that the scene is saved in.

use std::f64::consts::FRAC_PI_2;

use egui::{Color32, CursorIcon, Painter, Pos2, Rect, Sense, Stroke, Ui, Vec2};
use glam::DVec3;

use super::gizmo::COLOURS;
use super::input::drag_steps;
use crate::viewer::document::Handle;
use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, EditAction, Tool};
use crate::viewer::session::editing::Gesture;
use crate::viewer::ui::overlay::Projection;

/// The length of the axes, in parts of the picture's height.
const LENGTH: f64 = 0.2;

/// The radius of the rings, in parts of the length of the axes.
const RING: f64 = 0.75;

/// Turns drags of handles into actions.
pub(super) fn collect(ui: &Ui, session: &Session, projection: &Projection, actions: &mut Vec<Action>) {
    for (handle, world) in handles(session, projection) {
        let Some((at, _)) = projection.point(world) else { continue };
        let rect = Rect::from_center_size(at, Vec2::splat(18.0));
        let response = ui.interact(rect, ui.scope_id().with(handle), Sense::drag());
        if response.hovered() || response.dragged() {
            ui.ctx().set_cursor_icon(if response.dragged() { CursorIcon::Grabbing } else { CursorIcon::Grab });
        }
        for (step, at) in drag_steps(ui, &response) {
            let pixel = projection.nearest_pixel(at);
            actions.push(Action::Edit(EditAction::DragHandle(step, handle, projection.camera, pixel)));
        }
    }
}

/// Draws the handles; what belongs together has one colour.
pub(super) fn paint(ui: &Ui, session: &Session, projection: &Projection, painter: &Painter) {
    if shows_axes(session) {
        axes(session, projection, painter);
    }
    let dragged = match &session.editing.gesture {
        Some(Gesture::Handle { drag, .. }) => Some(drag.handle),
        _ => None,
    };
    let pointer = ui.input(|input| input.pointer.hover_pos());
    for (handle, world) in handles(session, projection) {
        let Some((at, _)) = projection.point(world) else { continue };
        let is_near = pointer.is_some_and(|pointer| (pointer - at).abs().max_elem() <= 9.0);
        let is_held = dragged.map_or(is_near, |dragged| dragged == handle);
        dot(painter, handle, at, is_held);
    }
}

fn dot(painter: &Painter, handle: Handle, at: Pos2, is_held: bool) {
    let colour = match handle {
        _ if is_held => Color32::from_rgb(255, 225, 60),
        Handle::CropFace(..) | Handle::CropCorner(_) | Handle::Scale => Color32::from_gray(235),
        Handle::MoveAxis(axis) | Handle::TurnAxis(axis) => COLOURS[axis],
    };
    let edge = Stroke::new(1.0, Color32::BLACK);
    match handle {
        Handle::CropFace(..) | Handle::Scale => {
            let square = Rect::from_center_size(at, Vec2::splat(10.0));
            painter.rect(square, 1.0, colour, edge, egui::StrokeKind::Middle);
        }
        Handle::CropCorner(_) | Handle::TurnAxis(_) => drop(painter.circle(at, 4.5, colour, edge)),
        Handle::MoveAxis(_) => drop(painter.circle(at, 6.0, colour, edge)),
    }
}

/// The axes of the world have handles while their tool is in use.
fn shows_axes(session: &Session) -> bool {
    session.editing.tool == Tool::Place && session.reason_not_to_edit().is_none()
}

/// Returns every handle that can be dragged, with its place in the world.
fn handles(session: &Session, projection: &Projection) -> Vec<(Handle, DVec3)> {
    if session.reason_not_to_edit().is_some() {
        return Vec::new();
    }
    let mut handles = Vec::new();
    if let Some(crop) = session.view.crop.map(|crop| crop.oriented()) {
        let place = |sides: DVec3| crop.centre + crop.rotation * (sides * crop.half_size);
        for axis in 0..3 {
            let outwards = DVec3::AXES[axis];
            handles.extend(
                [(true, 1.0), (false, -1.0)]
                    .map(|(is_high, side)| (Handle::CropFace(axis, is_high), place(side * outwards))),
            );
        }
        let end = |corner: usize, axis: usize| if corner >> axis & 1 == 1 { 1.0 } else { -1.0 };
        let corner = |corner: usize| DVec3::new(end(corner, 0), end(corner, 1), end(corner, 2));
        handles.extend((0..8).map(|index| (Handle::CropCorner(index), place(corner(index)))));
    }
    if shows_axes(session)
        && let Some(length) = length(session, projection)
    {
        let placement = session.editing.edits.state().placement;
        let (origin, axes) = (placement.opened(DVec3::ZERO), placement.axes());
        for axis in 0..3 {
            let knob = ring(axis, 0.5 * FRAC_PI_2);
            handles.push((Handle::MoveAxis(axis), origin + length * axes.col(axis)));
            handles.push((Handle::TurnAxis(axis), origin + axes * knob * length));
        }
        handles.push((Handle::Scale, origin + axes * DVec3::splat(0.45) * length));
    }
    handles
}

/// A place on the ring around an axis, by the angle from the axis after it.
fn ring(axis: usize, angle: f64) -> DVec3 {
    RING * (angle.cos() * DVec3::AXES[(axis + 1) % 3] + angle.sin() * DVec3::AXES[(axis + 2) % 3])
}

/// Returns the length of the axes, so that they are as long in every picture; nothing where their origin is not before it.
fn length(session: &Session, projection: &Projection) -> Option<f64> {
    let origin = session.editing.edits.state().placement.opened(DVec3::ZERO);
    let (_, depth) = projection.point(origin)?;
    let camera = &projection.camera;
    Some(LENGTH * depth * f64::from(camera.height) / camera.intrinsics.fy)
}

/// Draws the lines that the handles of the axes stand on.
fn axes(session: &Session, projection: &Projection, painter: &Painter) {
    let Some(length) = length(session, projection) else { return };
    let placement = session.editing.edits.state().placement;
    let (origin, axes) = (placement.opened(DVec3::ZERO), placement.axes());
    let line = |a: DVec3, b: DVec3, stroke: Stroke| {
        if let Some(line) = projection.line(origin + axes * a * length, origin + axes * b * length) {
            painter.line_segment(line, stroke);
        }
    };
    line(DVec3::ZERO, DVec3::splat(0.45), Stroke::new(1.5, Color32::from_gray(235)));
    for (axis, colour) in COLOURS.into_iter().enumerate() {
        line(DVec3::ZERO, DVec3::AXES[axis], Stroke::new(2.5, colour));
        let steps = 16;
        let at = |step: u32| ring(axis, FRAC_PI_2 * f64::from(step) / f64::from(steps));
        (0..steps).for_each(|step| line(at(step), at(step + 1), Stroke::new(1.5, colour)));
    }
}
