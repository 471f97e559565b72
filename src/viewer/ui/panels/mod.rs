//! The panel at the side.

mod measurements;
mod path;
mod training;

use egui::{Color32, RichText, Ui};
use glam::DVec3;
use measurements::measurements;
pub(crate) use measurements::{duration, grouped, legend};
pub(crate) use path::look_from;
use path::path;
use training::training;

use crate::gpu::Gpu;
use crate::kernels::DisplayMode;
use crate::text;
use crate::viewer::document::Fetched;
use crate::viewer::scene_view::comparison::Comparison;
use crate::viewer::scene_view::navigator::FOV_RANGE;
use crate::viewer::scene_view::progressive::Viewport;
use crate::viewer::scene_view::settings::{Crop, Look};
use crate::viewer::session::settings::{Movement, Theme};
use crate::viewer::session::{Session, texture};
use crate::viewer::ui::keys::Action;

/// Modes with a short and a long name.
pub(crate) const MODES: [(DisplayMode, &str, &str); 8] = [
    (DisplayMode::Colour, "colour", "colour"),
    (DisplayMode::Depth, "depth", "depth"),
    (DisplayMode::Normal, "normal", "normal"),
    (DisplayMode::Alpha, "alpha", "alpha"),
    (DisplayMode::Convex, "convex", "heaviest convex of each pixel"),
    (DisplayMode::Contributors, "layers", "contributors per pixel"),
    (DisplayMode::Tiles, "tiles", "convexes per tile"),
    (DisplayMode::Hulls, "hulls", "edges of the hulls"),
];

/// What the panel shows of the device.
#[derive(Debug)]
pub(crate) struct Device<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The picture.
    pub viewport: &'a Viewport,
    /// Convexes on the stage.
    pub num_convexes: u32,
    /// Whether kernels are timed; set by the section that shows them.
    pub times_kernels: &'a mut bool,
}

/// Draws all sections.
pub(crate) fn show(ui: &mut Ui, session: &mut Session, device: &mut Device<'_>) {
    heading(ui, session);
    // Room for the bar, which would lie over numbers.
    ui.spacing_mut().scroll.floating_allocated_width = 6.0;
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        if session.live.is_some() {
            section(ui, "Training", true, |ui| training(ui, session));
        }
        section(ui, "View", true, |ui| view(ui, session));
        section(ui, "Camera", true, |ui| camera(ui, session));
        if !session.content.views.is_empty() {
            section(ui, "Dataset", true, |ui| dataset(ui, session));
        }
        section(ui, "Camera path", false, |ui| path(ui, session));
        section(ui, "Crop box", false, |ui| crop(ui, session));
        *device.times_kernels = section(ui, "Measurements", true, |ui| measurements(ui, session, device));
        ui.add_space(8.0);
    });
}

fn section(ui: &mut Ui, title: &str, open: bool, add: impl FnOnce(&mut Ui)) -> bool {
    ui.add_space(2.0);
    let header = egui::CollapsingHeader::new(RichText::new(title).strong()).default_open(open);
    let response = header.show_unindented(ui, |ui| {
        ui.add_space(2.0);
        add(ui);
        ui.add_space(4.0);
    });
    ui.separator();
    response.openness > 0.0
}

fn heading(ui: &mut Ui, session: &mut Session) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("lapidary").strong().size(16.0));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("?").on_hover_text("shortcuts").clicked() {
                session.act(Action::ToggleHelp);
            }
            let other = if session.settings.theme == Theme::Light { "dark" } else { "light" };
            if ui.button(other).on_hover_text("light or dark (T)").clicked() {
                session.act(Action::ToggleTheme);
            }
            if ui.button("save picture").on_hover_text("the picture in its full size, as PNG (P)").clicked() {
                session.act(Action::Screenshot);
            }
        });
    });
    let name = session
        .path
        .as_ref()
        .map_or_else(|| "nothing open".to_owned(), |path| text::message(&path.display().to_string()));
    ui.add(egui::Label::new(RichText::new(name).weak()).truncate());
    ui.separator();
}

fn view(ui: &mut Ui, session: &mut Session) {
    let look = &mut session.look;
    for (row, modes) in MODES.chunks(4).enumerate() {
        ui.columns(4, |columns| {
            for (column, (ui, (mode, name, long))) in columns.iter_mut().zip(modes).enumerate() {
                let button = egui::Button::selectable(look.mode == *mode, *name);
                let button = button.min_size(egui::vec2(ui.available_width(), 0.0));
                let hint = format!("{long} ({})", row * 4 + column + 1);
                if ui.add(button).on_hover_text(hint).clicked() {
                    look.mode = *mode;
                }
            }
        });
    }
    match look.mode {
        DisplayMode::Contributors | DisplayMode::Tiles => {
            let slider = egui::Slider::new(&mut look.max_count, 16.0..=4096.0).logarithmic(true).integer();
            ui.add(slider.text("brightest at"));
        }
        DisplayMode::Depth => depth_range(ui, look),
        _ => {}
    }
    ui.checkbox(&mut look.hulls, "hulls over the picture (H)");
    let hint = "Borders as soft, and small convexes as faint, as a pixel sees them";
    ui.checkbox(&mut look.antialias, "anti-aliasing").on_hover_text(hint);
    ui.add(egui::Slider::new(&mut look.sh_degree, 0..=3).text("SH degree"));
    ui.add(egui::Slider::new(&mut look.min_opacity, 0.0..=0.99).text("opacity from"));
    ui.add(egui::Slider::new(&mut look.scale, 0.1..=2.0).text("size of convexes"));
    let before = look.background;
    ui.horizontal(|ui| {
        ui.color_edit_button_rgb(&mut look.background);
        ui.label("background");
        for (name, colour) in [("black", [0.0; 3]), ("white", [1.0; 3])] {
            if ui.small_button(name).clicked() {
                look.background = colour;
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.small_button("reset").clicked() {
                let Look { background, near, antialias, .. } = *look;
                *look = Look { background, near, antialias, ..Look::default() };
            }
        });
    });
    if look.background != before {
        session.settings.look.background = look.background;
    }
}

fn depth_range(ui: &mut Ui, look: &mut Look) {
    let mut is_automatic = look.depth_range.is_none();
    ui.horizontal(|ui| {
        if ui.checkbox(&mut is_automatic, "depths of the scene").changed() {
            look.depth_range = (!is_automatic).then_some([1.0, 10.0]);
        }
        if let Some([near, far]) = &mut look.depth_range {
            ui.add(egui::DragValue::new(near).speed(0.02).range(0.0..=*far - 1e-3));
            ui.label("to");
            ui.add(egui::DragValue::new(far).speed(0.05).range(*near + 1e-3..=1e6));
        }
    });
}

fn camera(ui: &mut Ui, session: &mut Session) {
    ui.horizontal(|ui| {
        let movement = &mut session.settings.movement;
        ui.selectable_value(movement, Movement::Orbit, "orbit");
        ui.selectable_value(movement, Movement::Fly, "fly");
        if ui.button("show all").on_hover_text("F").clicked() {
            session.act(Action::FrameAll);
        }
        if ui.button("level").on_hover_text("take back all roll (R)").clicked() {
            session.act(Action::Level);
        }
    });
    let mut pose = *session.navigator.pose();
    let mut degrees = pose.fov_y.to_degrees();
    // A slider with a fixed number of decimals rounds by itself, and that would look like a change by the user.
    let range = FOV_RANGE.0.to_degrees()..=FOV_RANGE.1.to_degrees();
    if ui
        .add(
            egui::Slider::new(&mut degrees, range)
                .custom_formatter(|value, _| format!("{value:.0}"))
                .suffix("°")
                .text("field of view"),
        )
        .changed()
    {
        pose.fov_y = degrees.to_radians();
        session.leave_view();
        session.navigator.set(pose);
        session.settings.fov_y = degrees;
    }
    let radius = session.extent.radius();
    let speeds = radius * 0.01..=radius * 20.0;
    ui.add(egui::Slider::new(&mut session.navigator.speed, speeds).logarithmic(true).text("speed"));
    ui.horizontal(|ui| {
        if ui.checkbox(&mut session.navigator.keep_upright, "upright; up is").changed()
            && session.navigator.keep_upright
        {
            session.navigator.level();
        }
        let axes = [
            ("x", DVec3::X),
            ("y", DVec3::Y),
            ("z", DVec3::Z),
            ("−x", DVec3::NEG_X),
            ("−y", DVec3::NEG_Y),
            ("−z", DVec3::NEG_Z),
        ];
        let current = axes.iter().find(|(_, axis)| axis.dot(session.navigator.up()) > 0.9999);
        egui::ComboBox::from_id_salt("up")
            .width(56.0)
            .selected_text(current.map_or("other", |(name, _)| name))
            .show_ui(ui, |ui| {
                for (name, axis) in axes {
                    if ui.selectable_label(false, name).clicked() {
                        session.navigator.set_up(axis);
                    }
                }
            });
        if ui.small_button("here").on_hover_text("what is up in the picture is up (U)").clicked() {
            session.act(Action::UpIsHere);
        }
    });
}

/// Height of a row of the list of cameras, points.
const ROW: f32 = 34.0;

fn dataset(ui: &mut Ui, session: &mut Session) {
    ui.horizontal(|ui| {
        ui.checkbox(&mut session.settings.frusta, "show cameras (C)");
        if ui.button("<").on_hover_text("←").clicked() {
            session.act(Action::Step(-1));
        }
        if ui.button(">").on_hover_text("→").clicked() {
            session.act(Action::Step(1));
        }
        if session.at_view.is_some() && ui.button("leave").on_hover_text("Esc").clicked() {
            session.act(Action::Escape);
        }
    });
    ui.horizontal(|ui| {
        for (comparison, name) in Comparison::ALL {
            if ui.selectable_label(session.comparison == comparison, name).on_hover_text("V").clicked() {
                session.compare(comparison);
            }
        }
    });
    let count = session.content.views.len();
    egui::ScrollArea::vertical().id_salt("cameras").max_height(190.0).auto_shrink([false, true]).show_rows(
        ui,
        ROW,
        count,
        |ui, rows| {
            for index in rows {
                camera_row(ui, session, index);
            }
        },
    );
}

fn camera_row(ui: &mut Ui, session: &mut Session, index: usize) {
    let Some(view) = session.content.views.get(index) else { return };
    let text = format!("{}  {}", text::quoted(&view.name), view.split);
    let thumbnail = thumbnail(ui.ctx(), session, index);
    let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), ROW), egui::Sense::click());
    let visuals = ui.style().interact_selectable(&response, session.at_view == Some(index));
    if response.hovered() || session.at_view == Some(index) {
        ui.painter().rect_filled(rect, 4.0, visuals.weak_bg_fill);
    }
    let place = egui::Rect::from_min_size(rect.min + egui::vec2(2.0, 2.0), egui::vec2(44.0, ROW - 4.0));
    if let Some(thumbnail) = thumbnail {
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
        session.enter_view(index);
    }
    if session.at_view == Some(index) && session.navigator.is_moving() {
        response.scroll_to_me(None);
    }
}

/// The small picture of a camera, once it has been read.
pub(crate) fn thumbnail(context: &egui::Context, session: &mut Session, index: usize) -> Option<egui::TextureHandle> {
    if let Some(Some(found)) = session.thumbnails.get(index) {
        return Some(found.clone());
    }
    let Fetched::Here(picture) = session.pictures.thumbnail(index) else { return None };
    let pixels = picture.over([0.5; 3]);
    let made = texture(context, "thumbnail", [picture.width, picture.height], &pixels);
    *session.thumbnails.get_mut(index)? = Some(made.clone());
    Some(made)
}

fn crop(ui: &mut Ui, session: &mut Session) {
    let mut is_on = session.look.crop.is_some();
    let extent = session.extent;
    if ui.checkbox(&mut is_on, "show only what is in a box").changed() {
        session.look.crop = is_on.then_some(Crop { low: extent.low, high: extent.high });
    }
    let Some(crop) = &mut session.look.crop else { return };
    let reach = extent.radius();
    for axis in 0..3 {
        let (low, high) = (extent.centre()[axis] - 2.0 * reach, extent.centre()[axis] + 2.0 * reach);
        ui.horizontal(|ui| {
            ui.label(["x", "y", "z"][axis]);
            ui.spacing_mut().slider_width = ((ui.available_width() - 130.0) / 2.0).max(40.0);
            ui.add(egui::Slider::new(&mut crop.low[axis], low..=high).fixed_decimals(2));
            ui.add(egui::Slider::new(&mut crop.high[axis], low..=high).fixed_decimals(2));
        });
        crop.high[axis] = crop.high[axis].max(crop.low[axis]);
    }
}
