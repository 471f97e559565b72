//! Draws what a tool is about to select.

use std::f64::consts::TAU;

use egui::{Align2, Color32, Painter, Pos2, Stroke};
use glam::{DVec2, DVec3};

use super::labels::label;
use crate::viewer::document::Placement;
use crate::viewer::session::Session;
use crate::viewer::session::action::Tool;
use crate::viewer::session::editing::Gesture;
use crate::viewer::ui::overlay::{self, Projection};

/// The colour of everything that belongs to a selection.
const COLOUR: Color32 = Color32::from_rgb(255, 225, 60);

/// Draws the outline that is being drawn, or the sphere or box of the tool.
pub(super) fn show(session: &Session, projection: &Projection, painter: &Painter) {
    let numbers = &session.editing.numbers;
    match (&session.editing.gesture, session.editing.tool) {
        (Some(Gesture::Rectangle([a, b])), _) => {
            let (a, b) = (projection.of_pixel(*a), projection.of_pixel(*b));
            outline(painter, &[a, Pos2::new(b.x, a.y), b, Pos2::new(a.x, b.y)]);
        }
        (Some(Gesture::Lasso(corners)), _) => {
            let corners: Vec<Pos2> = corners.iter().map(|corner| projection.of_pixel(*corner)).collect();
            outline(painter, &corners);
        }
        (Some(Gesture::Places(places)), _) => clicked(session, painter, projection, places),
        (_, Tool::Sphere) => sphere(painter, projection, numbers.sphere_centre, numbers.sphere_radius),
        (_, Tool::Box) => {
            overlay::box_edges(painter, projection, &numbers.sides.oriented(), Stroke::new(1.5, COLOUR));
        }
        _ => {}
    }
}

/// Draws a grid on the ground of a placement.
pub(super) fn grid(session: &Session, placement: &Placement, projection: &Projection, painter: &Painter) {
    let middle = placement.saved(session.subject.centre).truncate();
    let size = session.subject.radius * placement.scale;
    let step = 10f64.powf((0.5 * size).log10().floor());
    overlay::grid(painter, projection, &|at: DVec2| placement.opened(at.extend(0.0)), middle, step);
}

/// Draws the places that were clicked, and their distance.
fn clicked(session: &Session, painter: &Painter, projection: &Projection, places: &[DVec3]) {
    for pair in places.windows(2) {
        segment(painter, projection, pair[0], pair[1]);
    }
    for (at, _) in places.iter().filter_map(|place| projection.point(*place)) {
        painter.circle_filled(at, 4.0, COLOUR);
        painter.circle_stroke(at, 4.0, Stroke::new(1.0, Color32::BLACK));
    }
    if let (Some(length), [first, second]) = (session.measured_length(), places)
        && let Some((at, _)) = projection.point(first.midpoint(*second))
    {
        label(painter, at, Align2::CENTER_CENTER, &format!("{length:.4}"));
    }
}

/// Draws a closed line that can be seen on any picture.
fn outline(painter: &Painter, corners: &[Pos2]) {
    let mut closed = corners.to_vec();
    closed.extend(corners.first());
    painter.line(closed.clone(), Stroke::new(3.0, Color32::from_black_alpha(140)));
    painter.line(closed, Stroke::new(1.5, COLOUR));
}

fn segment(painter: &Painter, projection: &Projection, a: DVec3, b: DVec3) {
    if let Some(line) = projection.line(a, b) {
        painter.line_segment(line, Stroke::new(1.5, COLOUR));
    }
}

/// Draws three circles of a sphere.
fn sphere(painter: &Painter, projection: &Projection, centre: DVec3, radius: f64) {
    const STEPS: u32 = 48;
    for axes in [(DVec3::X, DVec3::Y), (DVec3::Y, DVec3::Z), (DVec3::Z, DVec3::X)] {
        let at = |step: u32| {
            let (sine, cosine) = (f64::from(step) / f64::from(STEPS) * TAU).sin_cos();
            centre + radius * (cosine * axes.0 + sine * axes.1)
        };
        (0..STEPS).for_each(|step| segment(painter, projection, at(step), at(step + 1)));
    }
}
