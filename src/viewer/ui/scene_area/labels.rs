//! Draws words over the picture: legends, the status, notices, and the list of shortcuts.

use egui::{Align2, Color32, FontId, Pos2, Rect, Ui, Vec2};

use crate::kernels::DisplayMode;
use crate::text;
use crate::viewer::scene_view::FrameStats;
use crate::viewer::scene_view::comparison::{self, ComparisonMode};
use crate::viewer::scene_view::progressive::PictureRequest;
use crate::viewer::session::Session;
use crate::viewer::session::settings::Movement;
use crate::viewer::ui::keys::{self, GESTURES, SHORTCUTS};
use crate::viewer::ui::panels;

/// Draws text that can be read on any picture.
pub(super) fn label(painter: &egui::Painter, at: Pos2, align: Align2, text: &str) {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(12.5), Color32::WHITE);
    let rect = align.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand2(Vec2::new(6.0, 3.0)), 4.0, Color32::from_black_alpha(150));
    painter.galley(rect.min, galley, Color32::WHITE);
}

/// Draws the name of the mode and, if it has a scale of colours, the scale.
pub(super) fn legends(session: &Session, painter: &egui::Painter, area: Rect) {
    let rect = Rect::from_min_size(area.left_top() + Vec2::new(14.0, 34.0), Vec2::new(150.0, 8.0));
    let is_difference = session.is_compared() && session.comparison.mode == ComparisonMode::Difference;
    if session.view.mode == DisplayMode::Colour && !is_difference {
        return;
    }
    let mode = panels::MODES.iter().find(|(mode, ..)| *mode == session.view.mode).map_or("", |(_, _, name)| name);
    let background = Rect::from_min_max(area.left_top() + Vec2::splat(8.0), rect.max + Vec2::new(6.0, 22.0));
    let ends = match session.view.mode {
        _ if is_difference => Some(("difference", "0".to_owned(), format!("{:.0} of 255", 255.0 / comparison::GAIN))),
        DisplayMode::Depth => {
            let [near, far] = session.view.depth_range.unwrap_or_else(|| session.depth_range());
            Some((mode, format!("{far:.2}"), format!("{near:.2}")))
        }
        DisplayMode::Contributors | DisplayMode::Tiles => {
            Some((mode, "0, logarithmic".to_owned(), format!("{:.0}", session.view.max_count)))
        }
        _ => None,
    };
    match ends {
        Some((name, low, high)) => {
            painter.rect_filled(background, 6.0, Color32::from_black_alpha(150));
            let at = area.left_top() + Vec2::new(14.0, 12.0);
            painter.text(at, Align2::LEFT_TOP, name, FontId::proportional(13.0), Color32::WHITE);
            panels::legend(painter, rect, &low, &high);
        }
        None => label(painter, area.left_top() + Vec2::new(14.0, 12.0), Align2::LEFT_TOP, mode),
    }
}

/// Draws a line about the camera, the comparison and the last frame.
pub(super) fn status(
    session: &Session,
    request: &PictureRequest,
    last: &FrameStats,
    painter: &egui::Painter,
    area: Rect,
) {
    let mut parts = Vec::new();
    if let Some(named) = session.entered_camera.and_then(|index| session.document.cameras.get(index)) {
        parts.push(format!("{} ({})", text::quoted(&named.name), named.used_for()));
    }
    if let Some(difference) = session.difference_of(request) {
        parts.push(format!("PSNR {:.2} dB", difference.psnr));
    }
    let selected = session.editing.edits.state().selected.count();
    if selected > 0 {
        parts.push(format!("{} selected", panels::grouped(selected as u64)));
    }
    if last.num_instances > 0 {
        parts.push(panels::duration(last.seconds));
    }
    if session.settings.movement == Movement::Fly {
        parts.push("flying".into());
    }
    if session.chooser.pending().is_some() {
        parts.push("a file dialog is open".into());
    }
    if let Some(path) = session.loader.pending().or(session.comparison.loader.pending()) {
        parts.push(format!("reading {}", path.display()));
    }
    if !parts.is_empty() {
        label(painter, area.left_bottom() + Vec2::new(14.0, -10.0), Align2::LEFT_BOTTOM, &parts.join("  ·  "));
    }
}

/// Draws the last notices at the bottom.
pub(super) fn notices(ui: &Ui, session: &Session, painter: &egui::Painter, area: Rect) {
    let mut bottom = area.bottom() - 40.0;
    for notice in session.notices.iter().rev().take(4) {
        let left = notice.lifetime().saturating_sub(notice.since.elapsed());
        ui.ctx().request_repaint_after(left);
        let galley = painter.layout(
            notice.text.clone(),
            FontId::proportional(13.5),
            Color32::WHITE,
            (area.width() - 60.0).max(80.0),
        );
        let rect = Align2::CENTER_BOTTOM.anchor_size(Pos2::new(area.center().x, bottom), galley.size());
        let fill = if notice.is_error { Color32::from_rgb(150, 44, 40) } else { Color32::from_black_alpha(190) };
        painter.rect_filled(rect.expand2(Vec2::new(12.0, 7.0)), 8.0, fill);
        painter.galley(rect.min, galley, Color32::WHITE);
        bottom -= rect.height() + 20.0;
    }
}

/// Returns the sentence to show while there is no picture yet.
pub(super) fn waiting(session: &Session, num_convexes: u32, is_preparing: bool) -> Option<String> {
    let has_nothing = session.document.scene.is_none() && session.document.cameras.is_empty();
    match session.loader.pending() {
        _ if is_preparing => Some(format!("Preparing to draw {} convexes …", panels::grouped(num_convexes.into()))),
        _ if num_convexes > 0 => None,
        Some(path) => Some(format!("Reading {} …", path.display())),
        None if session.live.is_some() => Some("Waiting for the first convexes …".to_owned()),
        None => has_nothing.then(|| "Drop a scene, a dataset or a camera path here; ? lists every key".to_owned()),
    }
}

/// Draws a sentence in the middle of the area.
pub(super) fn in_the_middle(ui: &Ui, session: &Session, area: Rect, text: &str) {
    let light: f32 = session.view.background.iter().sum();
    let colour = if light > 1.5 { Color32::from_gray(60) } else { Color32::from_gray(190) };
    let galley = ui.painter().layout(text.to_owned(), FontId::proportional(18.0), colour, area.width() - 40.0);
    let rect = Align2::CENTER_CENTER.anchor_size(area.center(), galley.size());
    let fill = if light > 1.5 { Color32::from_white_alpha(200) } else { Color32::from_black_alpha(200) };
    ui.painter().rect_filled(rect.expand2(Vec2::new(16.0, 10.0)), 8.0, fill);
    ui.painter().galley(rect.min, galley, colour);
}

/// Draws the list of shortcuts, and returns whether it stays open.
pub(super) fn help(ui: &Ui) -> bool {
    let mut is_open = true;
    let window = egui::Window::new("Shortcuts").collapsible(false).resizable(false).open(&mut is_open);
    let rows = |list: &'static [keys::Shortcut]| {
        list.iter()
            .filter(|row| ![egui::Key::F1, egui::Key::Backspace].contains(&row.key))
            .map(|row| (keys::label(row), row.text))
    };
    let (left, right) = SHORTCUTS.split_at(SHORTCUTS.len() / 2 - 4);
    // The list may lie over the panel, and scrolls in a window that is smaller.
    let room = ui.ctx().content_rect();
    let [width, height] = [room.width() - 40.0, room.height() - 80.0];
    window.pivot(Align2::CENTER_CENTER).fixed_pos(room.center()).show(ui.ctx(), |ui| {
        let list = egui::ScrollArea::both().max_width(width).max_height(height);
        list.min_scrolled_width(width).min_scrolled_height(height).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                let gestures = GESTURES.iter().map(|(what, text)| ((*what).to_owned(), *text));
                table(ui, "left", gestures.chain(rows(left)));
                ui.add_space(24.0);
                table(ui, "right", rows(right));
            });
        });
    });
    is_open
}

fn table(ui: &mut Ui, name: &str, rows: impl Iterator<Item = (String, &'static str)>) {
    egui::Grid::new(name).num_columns(2).spacing(Vec2::new(16.0, 4.0)).show(ui, |ui| {
        for (what, text) in rows {
            ui.label(egui::RichText::new(what).monospace().strong());
            ui.label(text);
            ui.end_row();
        }
    });
}
