//! Words over the picture: legends, what is going on, notices, and the list of shortcuts.

use egui::{Align2, Color32, FontId, Pos2, Rect, Ui, Vec2};
use glam::DVec2;

use crate::kernels::DisplayMode;
use crate::text;
use crate::viewer::scene_view::comparison::{self, Comparison};
use crate::viewer::scene_view::progressive::Viewport;
use crate::viewer::session::Session;
use crate::viewer::session::settings::Movement;
use crate::viewer::ui::keys::{self, GESTURES, SHORTCUTS};
use crate::viewer::ui::overlay::Projection;
use crate::viewer::ui::panels;

/// Text that can be read on any picture.
pub(super) fn label(painter: &egui::Painter, at: Pos2, align: Align2, text: &str) {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(12.5), Color32::WHITE);
    let rect = align.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand2(Vec2::new(6.0, 3.0)), 4.0, Color32::from_black_alpha(150));
    painter.galley(rect.min, galley, Color32::WHITE);
}

pub(super) fn legends(session: &Session, projection: &Projection, painter: &egui::Painter, area: Rect) {
    let rect = Rect::from_min_size(area.left_top() + Vec2::new(14.0, 34.0), Vec2::new(150.0, 8.0));
    if session.look.mode == DisplayMode::Colour && session.comparison != Comparison::Difference {
        return;
    }
    let mode = panels::MODES.iter().find(|(mode, ..)| *mode == session.look.mode).map_or("", |(_, _, name)| name);
    let background = Rect::from_min_max(area.left_top() + Vec2::splat(8.0), rect.max + Vec2::new(6.0, 22.0));
    let ends = match session.look.mode {
        _ if session.comparison == Comparison::Difference => {
            Some(("difference", "0".to_owned(), format!("{:.0} of 255", 255.0 / comparison::GAIN)))
        }
        DisplayMode::Depth => {
            let pose = session.navigator.pose();
            let automatic =
                session.extent.depth_range(pose.position, projection.camera.ray(DVec2::ZERO) * 0.0 + pose.forward());
            let [near, far] = session.look.depth_range.unwrap_or(automatic);
            Some((mode, format!("{far:.2}"), format!("{near:.2}")))
        }
        DisplayMode::Contributors | DisplayMode::Tiles => {
            Some((mode, "0, logarithmic".to_owned(), format!("{:.0}", session.look.max_count)))
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

pub(super) fn status(session: &Session, viewport: &Viewport, painter: &egui::Painter, area: Rect) {
    let mut parts = Vec::new();
    if let Some(view) = session.at_view.and_then(|index| session.content.views.get(index)) {
        parts.push(format!("{} ({})", text::quoted(&view.name), view.split));
    }
    if let Some((_, _, psnr)) = session.photograph.as_ref().and_then(|kept| kept.compared.as_ref())
        && session.at_view.is_some()
        && session.comparison != Comparison::Render
    {
        parts.push(format!("PSNR {psnr:.2} dB"));
    }
    if viewport.last.num_instances > 0 {
        parts.push(panels::duration(viewport.last.seconds));
    }
    if session.settings.movement == Movement::Fly {
        parts.push("flying".into());
    }
    if let Some(path) = session.opener.pending() {
        parts.push(format!("reading {}", path.display()));
    }
    if !parts.is_empty() {
        label(painter, area.left_bottom() + Vec2::new(14.0, -10.0), Align2::LEFT_BOTTOM, &parts.join("  ·  "));
    }
}

pub(super) fn notices(ui: &Ui, session: &mut Session, painter: &egui::Painter, area: Rect) {
    session.notices.retain(|notice| notice.since.elapsed() < notice.lifetime());
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

/// What to say where there is no picture yet.
pub(super) fn waiting(session: &Session, num_convexes: u32, is_cold: bool) -> Option<String> {
    let has_nothing = session.content.scene.is_none() && session.content.views.is_empty();
    match session.opener.pending() {
        _ if is_cold => Some(format!("Preparing to draw {} convexes …", panels::grouped(num_convexes.into()))),
        _ if num_convexes > 0 => None,
        Some(path) => Some(format!("Reading {} …", path.display())),
        None if session.live.is_some() => Some("Waiting for the first convexes …".to_owned()),
        None => has_nothing.then(|| "Drop a scene, a dataset or a camera path here; ? lists every key".to_owned()),
    }
}

pub(super) fn in_the_middle(ui: &Ui, session: &Session, area: Rect, text: &str) {
    let light: f32 = session.look.background.iter().sum();
    let colour = if light > 1.5 { Color32::from_gray(60) } else { Color32::from_gray(190) };
    let galley = ui.painter().layout(text.to_owned(), FontId::proportional(18.0), colour, area.width() - 40.0);
    let rect = Align2::CENTER_CENTER.anchor_size(area.center(), galley.size());
    let fill = if light > 1.5 { Color32::from_white_alpha(200) } else { Color32::from_black_alpha(200) };
    ui.painter().rect_filled(rect.expand2(Vec2::new(16.0, 10.0)), 8.0, fill);
    ui.painter().galley(rect.min, galley, colour);
}

pub(super) fn help(ui: &Ui, session: &mut Session) {
    let mut is_open = true;
    let window = egui::Window::new("Shortcuts").collapsible(false).resizable(false).open(&mut is_open);
    let rows = |list: &'static [keys::Shortcut]| {
        list.iter().filter(|row| row.key != egui::Key::F1).map(|row| (keys::label(row), row.text))
    };
    let (left, right) = SHORTCUTS.split_at(SHORTCUTS.len() / 2 - 4);
    // It may lie over the panel, and scrolls in a window that is smaller than the list.
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
    session.help = is_open;
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
