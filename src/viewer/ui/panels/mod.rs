//! The panel at the side.

mod bookmarks;
mod comparison;
mod dataset;
mod editing;
mod measurements;
mod path;
mod placement;
mod training;

use egui::{RichText, Ui};
use glam::DVec3;
pub(crate) use measurements::{duration, grouped, legend};

use crate::kernels::DisplayMode;
use crate::text;
use crate::viewer::document::PathPurpose;
use crate::viewer::scene_view::navigator::FOV_RANGE;
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::Session;
use crate::viewer::session::action::Action;
use crate::viewer::session::settings::{Movement, Theme};
use crate::viewer::ui::DeviceStats;
use crate::viewer::ui::textures::Textures;

/// The modes, each with a short and a long name.
pub(crate) const MODES: [(DisplayMode, &str, &str); DisplayMode::ALL.len()] = [
    (DisplayMode::Colour, "colour", "colour"),
    (DisplayMode::Depth, "depth", "depth"),
    (DisplayMode::Normal, "normal", "normal"),
    (DisplayMode::Alpha, "alpha", "alpha"),
    (DisplayMode::Convex, "convex", "heaviest convex of each pixel"),
    (DisplayMode::Contributors, "layers", "contributors per pixel"),
    (DisplayMode::Tiles, "tiles", "convexes per tile"),
    (DisplayMode::Hulls, "hulls", "edges of the hulls"),
];

/// Draws all sections, and returns the actions of the user.
pub(crate) fn show(ui: &mut Ui, session: &Session, device: &DeviceStats<'_>, textures: &mut Textures) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, session, &mut actions);
    // The bar would lie over numbers without a width of its own.
    ui.spacing_mut().scroll.floating_allocated_width = 6.0;
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let actions = &mut actions;
        if session.live.is_some() {
            section(ui, "Training", true, |ui| training::show(ui, session, actions));
        }
        section(ui, "View", true, |ui| view(ui, session, actions));
        section(ui, "Edit", true, |ui| editing::show(ui, session, actions));
        section(ui, "Camera", true, |ui| camera(ui, session, actions));
        section(ui, "Compare", true, |ui| comparison::show(ui, session, actions));
        if !session.document.cameras.is_empty() {
            section(ui, "Dataset", true, |ui| dataset::show(ui, session, textures, actions));
        }
        section(ui, "Place in the world", false, |ui| placement::show(ui, session, actions));
        section(ui, "Bookmarks", false, |ui| bookmarks::show(ui, session, actions));
        section(ui, "Camera path", false, |ui| path::show(ui, session, actions));
        section(ui, "Crop box", false, |ui| crop(ui, session, actions));
        let is_shown = section(ui, "Measurements", true, |ui| measurements::show(ui, session, device));
        if is_shown != session.times_kernels {
            actions.push(Action::TimeKernels(is_shown));
        }
        ui.add_space(8.0);
    });
    actions
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

fn heading(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("lapidary").strong().size(16.0));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("?").on_hover_text("shortcuts").clicked() {
                actions.push(Action::ToggleHelp);
            }
            let other = if session.settings.theme == Theme::Light { "dark" } else { "light" };
            if ui.button(other).on_hover_text("light or dark (T)").clicked() {
                actions.push(Action::ToggleTheme);
            }
            if ui.button("save image").on_hover_text("the image in its full size, as PNG (P)").clicked() {
                actions.push(Action::Screenshot);
            }
        });
    });
    ui.horizontal(|ui| {
        let open = [
            ("open …", "a file (Ctrl + O)", PathPurpose::Open),
            ("folder …", "of a dataset or training", PathPurpose::OpenFolder),
        ];
        for (name, hint, purpose) in open {
            if ui.button(name).on_hover_text(hint).clicked() {
                actions.push(Action::Ask(purpose));
            }
        }
        recent(ui, session, actions);
    });
    let path = session.document.path.as_ref();
    let name = path.map_or_else(|| "nothing open".to_owned(), |path| text::message(&path.display().to_string()));
    ui.add(egui::Label::new(RichText::new(name).weak()).truncate());
    ui.separator();
}

/// A menu of the paths that were opened last.
fn recent(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    if session.settings.recent.is_empty() {
        return;
    }
    ui.menu_button("recent", |ui| {
        for path in &session.settings.recent {
            if ui.button(text::message(&path.display().to_string())).clicked() {
                actions.push(Action::Open(path.clone()));
                ui.close();
            }
        }
    });
}

fn view(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let mut view = session.view;
    for (row, modes) in MODES.chunks(4).enumerate() {
        ui.columns(4, |columns| {
            for (column, (ui, (mode, name, long))) in columns.iter_mut().zip(modes).enumerate() {
                let button = egui::Button::selectable(view.mode == *mode, *name);
                let button = button.min_size(egui::vec2(ui.available_width(), 0.0));
                let hint = format!("{long} ({})", row * 4 + column + 1);
                if ui.add(button).on_hover_text(hint).clicked() {
                    view.mode = *mode;
                }
            }
        });
    }
    match view.mode {
        DisplayMode::Contributors | DisplayMode::Tiles => {
            let slider = egui::Slider::new(&mut view.max_count, 16.0..=4096.0).logarithmic(true).integer();
            ui.add(slider.text("brightest at"));
        }
        DisplayMode::Depth => depth_range(ui, &mut view),
        _ => {}
    }
    ui.checkbox(&mut view.hulls, "hulls over the image (H)");
    let hint = "Borders as soft, and small convexes as faint, as a pixel sees them";
    ui.checkbox(&mut view.antialias, "anti-aliasing").on_hover_text(hint);
    ui.add(egui::Slider::new(&mut view.sh_degree, 0..=3).text("SH degree"));
    ui.add(egui::Slider::new(&mut view.min_opacity, 0.0..=0.99).text("opacity from"));
    ui.add(egui::Slider::new(&mut view.scale, 0.1..=2.0).text("size of convexes"));
    ui.horizontal(|ui| {
        ui.color_edit_button_rgb(&mut view.background);
        ui.label("background");
        for (name, colour) in [("black", [0.0; 3]), ("white", [1.0; 3])] {
            if ui.small_button(name).clicked() {
                view.background = colour;
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.small_button("reset").clicked() {
                let ViewSettings { background, near, antialias, .. } = view;
                view = ViewSettings { background, near, antialias, ..ViewSettings::default() };
                actions.push(Action::SetCrop(None, false));
            }
        });
    });
    if (ViewSettings { crop: session.view.crop, ..view }) != session.view {
        actions.push(Action::SetView(view));
    }
}

fn depth_range(ui: &mut Ui, view: &mut ViewSettings) {
    let mut is_automatic = view.depth_range.is_none();
    ui.horizontal(|ui| {
        if ui.checkbox(&mut is_automatic, "depths of the scene").changed() {
            view.depth_range = (!is_automatic).then_some([1.0, 10.0]);
        }
        if let Some([near, far]) = &mut view.depth_range {
            ui.add(egui::DragValue::new(near).speed(0.02).range(0.0..=*far - 1e-3));
            ui.label("to");
            ui.add(egui::DragValue::new(far).speed(0.05).range(*near + 1e-3..=1e6));
        }
    });
}

fn camera(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let navigator = &session.navigator;
    ui.horizontal(|ui| {
        for (movement, name) in [(Movement::Orbit, "orbit"), (Movement::Fly, "fly")] {
            if ui.selectable_label(session.settings.movement == movement, name).clicked() {
                actions.push(Action::SetMovement(movement));
            }
        }
        if ui.button("subject").on_hover_text("show what the scene is about (F)").clicked() {
            actions.push(Action::FrameSubject);
        }
        if ui.button("all").on_hover_text("show everything (Shift + F)").clicked() {
            actions.push(Action::FrameEverything);
        }
        if ui.button("level").on_hover_text("take back all roll (R)").clicked() {
            actions.push(Action::Level);
        }
    });
    let mut degrees = navigator.pose().fov_y.to_degrees();
    // A slider with a fixed number of decimals rounds by itself, and that would look like a change by the user.
    let range = FOV_RANGE.0.to_degrees()..=FOV_RANGE.1.to_degrees();
    let slider = egui::Slider::new(&mut degrees, range).custom_formatter(|value, _| format!("{value:.0}"));
    if ui.add(slider.suffix("°").text("field of view")).changed() {
        actions.push(Action::SetFieldOfView(degrees.to_radians()));
    }
    let radius = session.subject.radius;
    let mut speed = navigator.speed;
    let speeds = radius * 0.01..=radius * 20.0;
    ui.add(egui::Slider::new(&mut speed, speeds).logarithmic(true).text("speed"));
    if speed != navigator.speed {
        actions.push(Action::SetSpeed(speed));
    }
    ui.horizontal(|ui| up(ui, session, actions));
}

fn up(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let mut is_upright = session.navigator.keep_upright;
    if ui.checkbox(&mut is_upright, "upright; up is").changed() {
        actions.push(Action::SetUpright(is_upright));
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
    let choice = egui::ComboBox::from_id_salt("up").width(56.0);
    choice.selected_text(current.map_or("other", |(name, _)| name)).show_ui(ui, |ui| {
        for (name, axis) in axes {
            if ui.selectable_label(false, name).clicked() {
                actions.push(Action::SetUp(axis));
            }
        }
    });
    if ui.small_button("here").on_hover_text("what is up in the image is up (U)").clicked() {
        actions.push(Action::UpIsHere);
    }
}

fn crop(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let mut crop = session.view.crop;
    let mut is_on = crop.is_some();
    let extent = session.extent;
    if ui.checkbox(&mut is_on, "show only what is in a box (Y)").changed() {
        actions.push(Action::ToggleCrop);
    }
    let mut is_continued = false;
    if let Some(crop) = &mut crop {
        let mut watch = |response: egui::Response| is_continued |= response.dragged() && !response.drag_started();
        let reach = extent.radius();
        for axis in 0..3 {
            let (low, high) = (extent.centre()[axis] - 2.0 * reach, extent.centre()[axis] + 2.0 * reach);
            ui.horizontal(|ui| {
                ui.label(["x", "y", "z"][axis]);
                ui.spacing_mut().slider_width = ((ui.available_width() - 130.0) / 2.0).max(40.0);
                // A fixed number of decimals would round by itself.
                let digits = |value: f64, _: std::ops::RangeInclusive<usize>| format!("{value:.2}");
                for side in [&mut crop.low[axis], &mut crop.high[axis]] {
                    watch(ui.add(egui::Slider::new(side, low..=high).custom_formatter(digits)));
                }
            });
            crop.high[axis] = crop.high[axis].max(crop.low[axis]);
        }
        watch(editing::vector(ui, "turned °", &mut crop.degrees, 0.5));
        ui.weak("In the view, squares move the faces and corners turn the box.");
    }
    if crop != session.view.crop {
        actions.push(Action::SetCrop(crop, is_continued));
    }
}
