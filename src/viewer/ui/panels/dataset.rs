//! The cameras of the dataset, and their photographs.

use egui::{Color32, Ui};

use crate::text;
use crate::viewer::session::Session;
use crate::viewer::session::action::Action;
use crate::viewer::ui::textures::Textures;

/// The height of a row of the list of cameras, in points.
const ROW: f32 = 34.0;

pub(super) fn show(ui: &mut Ui, session: &Session, textures: &mut Textures, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let mut are_shown = session.settings.frusta;
        if ui.checkbox(&mut are_shown, "show cameras (C)").changed() {
            actions.push(Action::ToggleFrusta);
        }
        if ui.button("<").on_hover_text("←").clicked() {
            actions.push(Action::Step(-1));
        }
        if ui.button(">").on_hover_text("→").clicked() {
            actions.push(Action::Step(1));
        }
        if session.entered_camera.is_some() && ui.button("leave").on_hover_text("Esc").clicked() {
            actions.push(Action::Escape);
        }
    });
    if session.settings.frusta {
        let mut size = session.settings.frustum_size;
        let slider = egui::Slider::new(&mut size, 0.1..=5.0).logarithmic(true).text("size of cameras");
        if ui.add(slider.custom_formatter(|value, _| format!("{value:.1}"))).changed() {
            actions.push(Action::SetFrustumSize(size));
        }
    }
    let count = session.document.cameras.len();
    let list = egui::ScrollArea::vertical().id_salt("cameras").max_height(190.0).auto_shrink([false, true]);
    list.show_rows(ui, ROW, count, |ui, rows| {
        for index in rows {
            camera_row(ui, session, textures, index, actions);
        }
    });
}

fn camera_row(ui: &mut Ui, session: &Session, textures: &mut Textures, index: usize, actions: &mut Vec<Action>) {
    let Some(named) = session.document.cameras.get(index) else { return };
    let is_entered = session.entered_camera == Some(index);
    let text = format!("{}  {}", text::quoted(&named.name), named.used_for());
    let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), ROW), egui::Sense::click());
    let visuals = ui.style().interact_selectable(&response, is_entered);
    if response.hovered() || is_entered {
        ui.painter().rect_filled(rect, 4.0, visuals.weak_bg_fill);
    }
    let place = egui::Rect::from_min_size(rect.min + egui::vec2(2.0, 2.0), egui::vec2(44.0, ROW - 4.0));
    if let Some(thumbnail) = textures.thumbnail(ui.ctx(), session, index) {
        let size = thumbnail.size_vec2();
        let fit = (place.width() / size.x).min(place.height() / size.y);
        let whole = egui::Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(1.0, 1.0));
        let at = egui::Rect::from_center_size(place.center(), size * fit);
        ui.painter().image(thumbnail.id(), at, whole, Color32::WHITE);
    }
    let at = egui::pos2(place.right() + 8.0, rect.center().y);
    let painter = ui.painter().with_clip_rect(rect);
    painter.text(at, egui::Align2::LEFT_CENTER, text, egui::FontId::proportional(12.5), visuals.text_color());
    if response.clicked() {
        actions.push(Action::EnterCamera(index));
    }
    if is_entered && session.navigator.is_moving() {
        response.scroll_to_me(None);
    }
}
