//! The axes of the world in a corner: a click on an end looks along it.

use egui::{Align2, Color32, CursorIcon, FontId, Painter, Pos2, Rect, Sense, Stroke, Ui, Vec2};
use glam::DVec3;

use crate::viewer::session::Session;
use crate::viewer::session::action::Action;
use crate::viewer::ui::overlay::Projection;

/// The colours of the x, y and z axis.
pub(super) const COLOURS: [Color32; 3] =
    [Color32::from_rgb(232, 88, 88), Color32::from_rgb(110, 190, 90), Color32::from_rgb(90, 140, 240)];

/// The length of an axis, points of the window.
const LENGTH: f32 = 30.0;

/// An end of an axis.
struct End {
    axis: usize,
    is_positive: bool,
    /// The direction in the world.
    side: DVec3,
    /// The place in the window.
    at: Pos2,
    /// The view depth, before the middle where negative.
    depth: f64,
}

/// Returns the middle of the axes and their ends, the far ones first; nothing in a small window.
fn ends(session: &Session, projection: &Projection, area: Rect) -> Option<(Pos2, Vec<End>)> {
    let middle = area.right_bottom() - Vec2::splat(LENGTH + 20.0);
    let axes = session.editing.edits.state().placement.axes();
    let end = |index: usize| {
        let (axis, is_positive) = (index / 2, index.is_multiple_of(2));
        let side = axes.col(axis) * if is_positive { 1.0 } else { -1.0 };
        let in_view = projection.camera.view_from_world.matrix3 * side;
        #[expect(clippy::cast_possible_truncation, reason = "a direction")]
        let at = middle + Vec2::new(in_view.x as f32, in_view.y as f32) * LENGTH;
        End { axis, is_positive, side, at, depth: in_view.z }
    };
    let mut ends: Vec<End> = (0..6).map(end).collect();
    ends.sort_by(|a, b| b.depth.total_cmp(&a.depth));
    (area.width() > 200.0).then_some((middle, ends))
}

/// Turns clicks on the ends into actions.
pub(super) fn collect(ui: &Ui, session: &Session, projection: &Projection, area: Rect, actions: &mut Vec<Action>) {
    let Some((_, ends)) = ends(session, projection, area) else { return };
    for End { axis, is_positive, side, at, .. } in ends {
        let rect = Rect::from_center_size(at, Vec2::splat(18.0));
        let response = ui.interact(rect, ui.scope_id().with(("axis", axis, is_positive)), Sense::click());
        if response.hovered() {
            ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
        }
        if response.clicked() {
            log::debug!("action LookFrom({side})");
            actions.extend([Action::StopPlaying, Action::LookFrom(side)]);
        }
    }
}

/// Draws the axes.
pub(super) fn paint(ui: &Ui, session: &Session, projection: &Projection, area: Rect, painter: &Painter) {
    let Some((middle, ends)) = ends(session, projection, area) else { return };
    let pointer = ui.input(|input| input.pointer.hover_pos());
    for End { axis, is_positive, at, depth, .. } in ends {
        let is_near = pointer.is_some_and(|pointer| (pointer - at).abs().max_elem() <= 9.0);
        let colour = COLOURS[axis].gamma_multiply(if depth > 0.1 { 0.55 } else { 1.0 });
        if is_positive {
            painter.line_segment([middle, at], Stroke::new(2.0, colour));
            painter.circle_filled(at, 8.0, colour);
            let name = ["x", "y", "z"][axis];
            painter.text(at, Align2::CENTER_CENTER, name, FontId::proportional(12.0), Color32::BLACK);
        } else {
            painter.circle(at, 5.5, Color32::from_black_alpha(120), Stroke::new(1.5, colour));
        }
        if is_near {
            painter.circle_stroke(at, 9.5, Stroke::new(1.5, Color32::WHITE));
        }
    }
}
