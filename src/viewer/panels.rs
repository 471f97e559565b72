//! The panel at the side.

use egui::{Color32, RichText, Ui};
use glam::DVec3;

use super::compare::Comparison;
use super::content::Fetched;
use super::keys::Action;
use super::live::{LiveCommand, LiveRate};
use super::look::{Crop, Look};
use super::navigator::FOV_RANGE;
use super::session::{Session, free_name, texture};
use super::settings::{Movement, Theme};
use super::viewport::Viewport;
use crate::gpu::{Gpu, KernelTime};
use crate::kernels::{DisplayMode, RAMP};

/// Modes with a short and a long name.
pub(super) const MODES: [(DisplayMode, &str, &str); 8] = [
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
pub(super) struct Device<'a> {
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
pub(super) fn show(ui: &mut Ui, session: &mut Session, device: &mut Device<'_>) {
    heading(ui, session);
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
    let name = session.path.as_ref().map_or_else(|| "nothing open".to_owned(), |path| path.display().to_string());
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
    let text = format!("{}  {}", view.name, view.split);
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
pub(super) fn thumbnail(context: &egui::Context, session: &mut Session, index: usize) -> Option<egui::TextureHandle> {
    if let Some(Some(found)) = session.thumbnails.get(index) {
        return Some(found.clone());
    }
    let Fetched::Here(picture) = session.pictures.thumbnail(index) else { return None };
    let pixels = picture.over([0.5; 3]);
    let made = texture(context, "thumbnail", [picture.width, picture.height], &pixels);
    *session.thumbnails.get_mut(index)? = Some(made.clone());
    Some(made)
}

fn training(ui: &mut Ui, session: &mut Session) {
    let Some(live) = &mut session.live else { return };
    let progress = &live.progress;
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a part")]
    let part = (progress.iteration as f64 / progress.iterations.max(1) as f64) as f32;
    ui.add(egui::ProgressBar::new(part).text(format!("{} of {}", progress.iteration, progress.iterations)));
    ui.label(match &progress.finished {
        Some(Ok(())) => "finished".to_owned(),
        Some(Err(reason)) => format!("failed: {reason}"),
        None if progress.is_paused => "paused".to_owned(),
        None if progress.iterations == 0 => "starting".to_owned(),
        None => format!("{:.1} it/s, {} convexes", progress.iterations_per_second, progress.num_convexes),
    });
    let (is_over, is_paused) = (progress.finished.is_some(), progress.is_paused);
    ui.horizontal(|ui| {
        ui.label("watch");
        for (rate, name) in [(LiveRate::Off, "off"), (LiveRate::Slow, "slow"), (LiveRate::Live, "live")] {
            if ui.selectable_label(live.rate == rate, name).clicked() {
                live.set_rate(rate);
                session.settings.live_rate = rate;
            }
        }
        match live.cost() {
            Some(cost) => ui.label(format!("costs {:.0} % of it/s", cost * 100.0)),
            None => ui.weak("cost not known").on_hover_text("known once training went on both unwatched and watched"),
        };
    });
    ui.add_enabled_ui(!is_over, |ui| {
        ui.horizontal(|ui| {
            let (name, command) =
                if is_paused { ("resume", LiveCommand::Resume) } else { ("pause", LiveCommand::Pause) };
            for (name, command) in [(name, command), ("save now", LiveCommand::Save), ("stop", LiveCommand::Stop)] {
                if ui.button(name).clicked() {
                    live.command(command);
                }
            }
        });
    });
    #[expect(clippy::cast_precision_loss, reason = "for a plot")]
    let points: Vec<(f32, f32)> = live.losses.iter().map(|(at, loss)| (*at as f32, *loss)).collect();
    super::plot::curve(ui, "loss", &points, 70.0);
}

fn path(ui: &mut Ui, session: &mut Session) {
    ui.horizontal(|ui| {
        if ui.button("add key").on_hover_text("a key frame where the camera is (K)").clicked() {
            session.act(Action::AddKey);
        }
        let name = if session.track.is_playing { "stop" } else { "play" };
        if ui.button(name).on_hover_text("space").clicked() {
            session.act(Action::TogglePlay);
        }
        if ui.button("save").clicked() {
            save_path(session);
        }
        if ui.button("clear").clicked() {
            session.track = super::track::Track::default();
        }
    });
    let (start, end) = session.track.range();
    if end > start {
        let mut time = session.track.time.clamp(start, end);
        ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(60.0);
        if ui
            .add(
                egui::Slider::new(&mut time, start..=end)
                    .custom_formatter(|value, _| format!("{value:.2}"))
                    .suffix(" s"),
            )
            .changed()
        {
            scrub(session, time);
        }
    }
    let keys: Vec<f64> = session.track.path.keys().iter().map(|key| key.time).collect();
    for (index, time) in keys.into_iter().enumerate() {
        ui.horizontal(|ui| {
            if ui.button(format!("{}", index + 1)).on_hover_text("go there").clicked() {
                scrub(session, time);
            }
            ui.label(format!("{time:.2} s"));
            if ui.small_button("remove").clicked() {
                session.track.remove(index);
            }
        });
    }
    if session.track.path.keys().is_empty() {
        ui.weak("Add key frames, or drop a path's JSON on the window.");
    }
}

fn scrub(session: &mut Session, time: f64) {
    if let Some(key) = session.track.scrub(time) {
        look_from(session, &key);
    }
}

/// Puts the camera on the path.
pub(super) fn look_from(session: &mut Session, key: &crate::camera_path::Key) {
    session.leave_view();
    let distance = session.navigator.pose().distance;
    session.navigator.set(super::navigator::Pose::of_camera(&key.camera(1000, 1000), distance));
}

fn save_path(session: &mut Session) {
    let file = free_name(std::path::Path::new("."), "path", "json");
    match session.track.path.save(&file) {
        Ok(()) => session.notify(format!("Saved {}", file.display())),
        Err(error) => session.complain(error.to_string()),
    }
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

fn measurements(ui: &mut Ui, session: &Session, device: &Device<'_>) {
    let (gpu, viewport) = (device.gpu, device.viewport);
    let last = &viewport.last;
    let name = format!("{}{}", gpu.name(), if gpu.is_software() { " (software)" } else { "" });
    ui.add(egui::Label::new(RichText::new(name).weak()).truncate()).on_hover_text(gpu.driver());
    super::plot::bars(ui, &session.frame_times, 46.0);
    let mut row = |label: &str, value: String| {
        ui.horizontal(|ui| {
            ui.label(label);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.monospace(value));
        });
    };
    let [width, height] = viewport.last_size;
    let rate = session.frames_per_second().map_or("at rest".to_owned(), |rate| format!("{rate:.0}"));
    row("frames per second", rate);
    row("last frame", format!("{}  {width}×{height}", duration(last.seconds)));
    if let Some(seconds) = viewport.refined_seconds {
        row("whole picture", duration(seconds));
    }
    let (seen, all) = (grouped(last.num_visible.into()), grouped(device.num_convexes.into()));
    row("convexes seen", format!("{seen} of {all}"));
    row("instances", grouped(last.num_instances.into()));
    if let Some(bytes) = gpu.allocated() {
        let of = gpu.memory().map_or(String::new(), |all| format!(" of {:.1} GiB", all as f64 / f64::from(1 << 30)));
        row("GPU memory", format!("{:.0} MiB{of}", bytes as f64 / f64::from(1 << 20)));
    }
    for (name, milliseconds, _) in KernelTime::by_kernel(&last.kernels) {
        row(name, format!("{milliseconds:.3} ms"));
    }
}

/// A time that a person reads.
#[must_use]
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

/// A number with its digits in groups of three.
#[must_use]
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Draws the ramp with what its ends mean.
pub(super) fn legend(painter: &egui::Painter, rect: egui::Rect, low: &str, high: &str) {
    let mut mesh = egui::Mesh::default();
    for (index, [r, g, b, _]) in RAMP.into_iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
        let colour = Color32::from_rgb((r * 255.0) as u8, (g * 255.0) as u8, (b * 255.0) as u8);
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let x = rect.left() + rect.width() * index as f32 / (RAMP.len() - 1) as f32;
        mesh.colored_vertex(egui::pos2(x, rect.top()), colour);
        mesh.colored_vertex(egui::pos2(x, rect.bottom()), colour);
        if let Some(at) = u32::try_from(index).ok().and_then(|index| (2 * index).checked_sub(2)) {
            mesh.add_triangle(at, at + 1, at + 2);
            mesh.add_triangle(at + 1, at + 3, at + 2);
        }
    }
    painter.add(mesh);
    let font = egui::FontId::proportional(12.0);
    for (at, align, text) in
        [(rect.left_bottom(), egui::Align2::LEFT_TOP, low), (rect.right_bottom(), egui::Align2::RIGHT_TOP, high)]
    {
        painter.text(at + egui::vec2(0.0, 3.0), align, text, font.clone(), Color32::WHITE);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!([0.0042, 0.9994, 5.337].map(super::duration), ["4.2 ms", "999.4 ms", "5.3 s"]);
    }

    #[test]
    fn digits_are_grouped() {
        let grouped = |number| super::grouped(number).replace('\u{202f}', " ");
        assert_eq!([grouped(7), grouped(1234), grouped(1_000_000)], ["7", "1 234", "1 000 000"]);
    }
}
