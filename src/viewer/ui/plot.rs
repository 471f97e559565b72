//! Two small plots: the times of frames, and a curve. They take fewer lines than a crate for plots needs to be set up, and
//! compile nothing.

use std::collections::VecDeque;

use egui::{Color32, Rect, Sense, Stroke, Ui, Vec2};

use crate::viewer::session::frame_times::KEPT_FRAMES;

fn area(ui: &mut Ui, height: f32) -> (Rect, egui::Response, egui::Painter) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), height), Sense::hover());
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 3.0, ui.visuals().extreme_bg_color);
    (rect, response, painter)
}

/// Draws the milliseconds of the last frames, newest on the right, with a line at 60 per second.
pub(crate) fn bars(ui: &mut Ui, milliseconds: &VecDeque<f32>, height: f32) {
    let (rect, response, painter) = area(ui, height);
    let top = ceiling(most(milliseconds));
    let step = rect.width() / KEPT_FRAMES as f32;
    let y = |value: f32| rect.bottom() - rect.height() * (value / top).min(1.0);
    for (index, value) in milliseconds.iter().rev().enumerate() {
        let x = rect.right() - (index as f32 + 0.5) * step;
        painter.line_segment(
            [egui::pos2(x, rect.bottom()), egui::pos2(x, y(*value))],
            Stroke::new(step.max(1.0), shade(*value)),
        );
    }
    let guide = y(1000.0 / 60.0);
    painter.line_segment(
        [egui::pos2(rect.left(), guide), egui::pos2(rect.right(), guide)],
        Stroke::new(1.0, ui.visuals().weak_text_color()),
    );
    let font = egui::FontId::proportional(10.0);
    let corner = rect.left_top() + Vec2::new(4.0, 2.0);
    painter.text(corner, egui::Align2::LEFT_TOP, format!("{top:.0} ms"), font, ui.visuals().weak_text_color());
    response.on_hover_text("milliseconds of the last frames; the line is 60 per second");
}

/// Returns the time that nineteen of twenty frames stay below: one that waits for a compiler would make all others
/// invisible.
fn most(milliseconds: &VecDeque<f32>) -> f32 {
    let mut sorted: Vec<f32> = milliseconds.iter().copied().collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.get(sorted.len() / 20).copied().unwrap_or(0.0)
}

/// Returns green within a sixtieth of a second, yellow within a twentieth, red beyond.
fn shade(milliseconds: f32) -> Color32 {
    match milliseconds {
        fast if fast <= 17.0 => Color32::from_rgb(94, 190, 110),
        middling if middling <= 50.0 => Color32::from_rgb(222, 180, 70),
        _ => Color32::from_rgb(220, 100, 90),
    }
}

/// Returns the next of 20, 50, 100, 200, 500, …
fn ceiling(value: f32) -> f32 {
    let steps = (0..8).flat_map(|power| [20.0, 50.0, 100.0].map(|step| step * 10f32.powi(power)));
    steps.into_iter().find(|step| *step >= value).unwrap_or(value)
}

/// Draws a curve of positive values on a logarithmic scale.
pub(crate) fn curve(ui: &mut Ui, name: &str, points: &[(f32, f32)], height: f32) {
    let (rect, response, painter) = area(ui, height);
    let weak = ui.visuals().weak_text_color();
    let font = egui::FontId::proportional(10.0);
    let values: Vec<(f32, f32)> = points.iter().filter(|(_, y)| *y > 0.0).map(|(x, y)| (*x, y.ln())).collect();
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, format!("no {name} yet"), font, weak);
        return;
    };
    let low = values.iter().map(|(_, y)| *y).fold(f32::INFINITY, f32::min);
    let high = values.iter().map(|(_, y)| *y).fold(f32::NEG_INFINITY, f32::max).max(low + 1e-3);
    let inner = rect.shrink2(Vec2::new(4.0, 12.0));
    let place = |(x, y): &(f32, f32)| {
        let across = (x - first.0) / (last.0 - first.0).max(1e-6);
        egui::pos2(inner.left() + across * inner.width(), inner.bottom() - (y - low) / (high - low) * inner.height())
    };
    painter.line(values.iter().map(place).collect(), Stroke::new(1.5, ui.visuals().hyperlink_color));
    let ends = [
        (rect.left_top(), egui::Align2::LEFT_TOP, format!("{:.4}", high.exp())),
        (rect.left_bottom(), egui::Align2::LEFT_BOTTOM, format!("{:.4}", low.exp())),
        (rect.right_bottom(), egui::Align2::RIGHT_BOTTOM, format!("{name} {:.4}", last.1.exp())),
    ];
    for (at, align, text) in ends {
        painter.text(at, align, text, font.clone(), weak);
    }
    response.on_hover_text(format!("{name}, on a logarithmic scale"));
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_single_slow_frame_does_not_set_the_scale() {
        let mut frames: std::collections::VecDeque<f32> = (0..39).map(|_| 12.0).collect();
        frames.push_back(9000.0);
        assert_eq!(super::most(&frames), 12.0);
        assert_eq!(super::most(&[30.0, 20.0].into()), 30.0);
    }

    #[test]
    fn the_scale_ends_at_the_next_round_number() {
        assert_eq!([1.0, 20.0, 21.0, 60.0, 101.0].map(super::ceiling), [20.0, 20.0, 50.0, 100.0, 200.0]);
    }
}
