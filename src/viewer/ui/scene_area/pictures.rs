//! Places the picture of the scene, and what it is compared with.

use egui::{Align2, Color32, Painter, Pos2, Rect, Stroke, Ui, Vec2};

use super::labels::label;
use crate::viewer::scene_view::comparison::ComparisonMode;
use crate::viewer::session::Session;
use crate::viewer::ui::overlay::Projection;
use crate::viewer::ui::textures::Textures;
use crate::viewer::ui::{DrawnPicture, PicturePart};

/// Paints what is seen of the picture and of what it is compared with.
pub(super) fn paint(
    ui: &Ui,
    session: &Session,
    textures: &mut Textures,
    picture: &DrawnPicture,
    projection: &Projection,
    area: Rect,
) {
    let painter = ui.painter().with_clip_rect(area);
    let [r, g, b] = session.view.background.map(|channel| channel * if area == projection.rect { 1.0 } else { 0.6 });
    painter.rect_filled(area, 0.0, egui::Rgba::from_rgb(r * r, g * g, b * b));
    let rect = projection.rect;
    place(&painter, rect, &picture.parts, 0.0);
    if !session.is_compared() {
        return;
    }
    if let Some(pause) = session.comparison.next_change() {
        ui.ctx().request_repaint_after(pause);
    }
    let photograph = session.compared_photograph();
    let photograph = photograph.map(|photograph| textures.photograph(ui.ctx(), photograph));
    let other = photograph.map_or_else(|| picture.other.clone(), |texture| vec![PicturePart { texture, height: 1.0 }]);
    match session.comparison.other_from() {
        Some(from) => place(&painter, rect, &other, from),
        None => {
            if let Some(difference) = session.difference_of(&picture.request) {
                let texture = textures.difference(ui.ctx(), difference);
                place(&painter, rect, &[PicturePart { texture, height: 1.0 }], 0.0);
            }
        }
    }
    if !other.is_empty() {
        names(session, &painter, rect);
    }
}

/// Places what a picture shows to the right of a part of the width.
fn place(painter: &Painter, rect: Rect, parts: &[PicturePart], from: f32) {
    for part in parts.iter().filter(|_| from < 1.0) {
        let at = |x: f32, y: f32| rect.min + Vec2::new(x, y) * rect.size();
        let uv = Rect::from_min_max(Pos2::new(from, 0.0), Pos2::new(1.0, part.height));
        painter.image(part.texture, Rect::from_min_max(at(from, 0.0), at(1.0, part.height)), uv, Color32::WHITE);
    }
}

/// Tells which of the two pictures is where.
fn names(session: &Session, painter: &Painter, rect: Rect) {
    let comparison = &session.comparison;
    let [own, other] = comparison.names();
    let top = rect.center_top() + Vec2::new(0.0, 12.0);
    match (comparison.mode, comparison.other_from()) {
        (ComparisonMode::Split, _) => split_line(painter, rect, comparison.split, [own, other]),
        (_, Some(from)) => label(painter, top, Align2::CENTER_TOP, if from > 0.0 { own } else { other }),
        (_, None) => {}
    }
}

/// Draws the line between both pictures.
fn split_line(painter: &Painter, rect: Rect, split: f32, [own, other]: [&str; 2]) {
    let x = rect.left() + split * rect.width();
    painter.line_segment([Pos2::new(x, rect.top()), Pos2::new(x, rect.bottom())], Stroke::new(2.0, Color32::WHITE));
    let middle = Pos2::new(x, rect.center().y);
    painter.circle_filled(middle, 9.0, Color32::WHITE);
    for side in [-1.0, 1.0] {
        let tip = middle + Vec2::new(side * 6.0, 0.0);
        let end = |up: f32| tip + Vec2::new(-side * 3.0, up * 3.0);
        painter.line(vec![end(-1.0), tip, end(1.0)], Stroke::new(1.5, Color32::BLACK));
    }
    label(painter, Pos2::new(x - 10.0, rect.top() + 12.0), Align2::RIGHT_TOP, own);
    label(painter, Pos2::new(x + 10.0, rect.top() + 12.0), Align2::LEFT_TOP, other);
}
