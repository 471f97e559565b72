//! The middle of the window: the picture, what is drawn over it, and what pointer and keys do there.

use std::f32::consts::PI;

use egui::{Align2, Color32, FontId, PointerButton, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2};
use glam::{DVec2, DVec3};

use super::compare::{Comparison, difference, split_at};
use super::content::Fetched;
use super::keys::{self, GESTURES, SHORTCUTS};
use super::overlay::{self, Projection};
use super::panels;
use super::session::{NEAREST, Session, texture};
use super::settings::Movement;
use super::stage::Stage;
use super::viewport::{Next, Viewport, Wanted};
use crate::gpu::{Gpu, GpuError, Screen};
use crate::kernels::DisplayMode;

/// What the picture is made with.
pub(super) struct Studio<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The window's surface.
    pub screen: &'a mut Screen,
    /// The scene.
    pub stage: &'a mut Stage,
    /// The picture.
    pub viewport: &'a mut Viewport,
    /// Whether the window has been seen with the scene in it: the first picture takes long, and that is said before.
    pub is_announced: bool,
    /// Whether this frame's kernels are timed.
    pub times_kernels: bool,
    /// Seconds since the last frame.
    pub seconds: f64,
}

/// Handles input and draws; says when the next frame is due.
pub(super) fn show(ui: &mut Ui, session: &mut Session, studio: &mut Studio<'_>) -> Result<Next, GpuError> {
    let rect = ui.max_rect();
    let response = ui.interact(rect, ui.scope_id().with("scene"), Sense::click_and_drag());
    session.aspect = f64::from(rect.width()) / f64::from(rect.height().max(1.0));
    let before = projection(session, rect, ui.ctx().pixels_per_point());
    split_handle(ui, session, before.rect);
    shortcuts(ui, session);
    navigate(ui, session, &response, rect, studio.seconds);
    clicks(ui, session, studio, &response, &before)?;
    if let Some(key) = session.track.advance(studio.seconds) {
        panels::look_from(session, &key);
    }
    let moved = session.navigator.advance(studio.seconds);
    fetch_photograph(ui, session);

    let projection = projection(session, rect, ui.ctx().pixels_per_point());
    let pose = session.navigator.pose();
    let depth_range = session.extent.depth_range(pose.position, pose.forward());
    let (camera, look) = (projection.camera, session.look);
    // Ends of the colours follow the camera only where they are seen.
    let depth_range = if look.mode == DisplayMode::Depth { depth_range } else { [0.0, 1.0] };
    let wanted = Wanted { camera, look, generation: session.generation, depth_range };
    let drawn_before = studio.viewport.last.seconds;
    let num_convexes = studio.stage.num_convexes();
    let is_cold = num_convexes > 0 && !studio.is_announced;
    let Studio { gpu, screen, stage, viewport, .. } = studio;
    let next = if is_cold { Next::Now } else { viewport.update(gpu, screen, stage, wanted, studio.times_kernels)? };
    if viewport.last.seconds != drawn_before {
        session.note_frame(viewport.last.seconds);
    }
    compare(ui, session, gpu, viewport, wanted)?;
    paint(ui, session, viewport, &projection, rect);
    if num_convexes == 0 {
        overlay::points(&ui.painter().with_clip_rect(rect), &projection, &session.content.points);
    }
    over(ui, session, viewport, &projection, rect);
    if let Some(text) = waiting(session, num_convexes, is_cold) {
        in_the_middle(ui, session, rect, &text);
    }
    Ok(if moved || session.track.is_playing || session.navigator.is_moving() { Next::Now } else { next })
}

/// Camera and place of the picture in the area.
fn projection(session: &Session, area: Rect, pixels_per_point: f32) -> Projection {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a window")]
    let size = [area.width(), area.height()].map(|side| ((side * pixels_per_point).round() as u32).clamp(1, 8192));
    let camera = session.camera(size);
    #[expect(clippy::cast_precision_loss, reason = "pixels of a picture")]
    let (width, height) = (camera.width as f32, camera.height as f32);
    let fit = (area.width() / width).min(area.height() / height);
    let rect = if [camera.width, camera.height] == size {
        area
    } else {
        Rect::from_center_size(area.center(), Vec2::new(width, height) * fit)
    };
    Projection { camera, rect, nearest: session.extent.radius() * NEAREST }
}

fn shortcuts(ui: &Ui, session: &mut Session) {
    if ui.ctx().egui_wants_keyboard_input() {
        return;
    }
    let pressed: Vec<(egui::Key, egui::Modifiers)> = ui.input(|input| {
        let key = |event: &egui::Event| match event {
            egui::Event::Key { key, pressed: true, repeat, modifiers, .. } => {
                let may_repeat = matches!(key, egui::Key::ArrowLeft | egui::Key::ArrowRight);
                (!repeat || may_repeat).then_some((*key, *modifiers))
            }
            _ => None,
        };
        input.events.iter().filter_map(key).collect()
    });
    for action in pressed.into_iter().filter_map(|(key, modifiers)| keys::action(key, modifiers)) {
        log::debug!("action {action:?}");
        session.act(action);
    }
}

/// Turns the pointer and the keys that are held into motions.
fn navigate(ui: &Ui, session: &mut Session, response: &Response, rect: Rect, seconds: f64) {
    let height = f64::from(rect.height().max(1.0));
    let modifiers = ui.input(|input| input.modifiers);
    let to_angles = |delta: Vec2, full: f64| DVec2::new(delta.x.into(), delta.y.into()) / height * full;
    let fov = session.navigator.pose().fov_y;
    let drag = response.drag_delta();
    if drag != Vec2::ZERO {
        session.leave_view();
        session.track.is_playing = false;
        let part = DVec2::new(drag.x.into(), drag.y.into()) / height;
        let is_pan = response.dragged_by(PointerButton::Secondary)
            || response.dragged_by(PointerButton::Middle)
            || modifiers.shift;
        if is_pan {
            session.navigator.pan(part);
        } else if modifiers.alt || session.settings.movement == Movement::Fly {
            session.navigator.look(to_angles(drag, -fov));
        } else {
            session.navigator.orbit(to_angles(drag, PI.into()));
        }
    }
    if response.hovered() {
        scroll(ui, session, height);
    }
    fly(ui, session, seconds);
}

fn scroll(ui: &Ui, session: &mut Session, height: f64) {
    let events = ui.input(|input| input.events.clone());
    for event in events {
        match event {
            egui::Event::MouseWheel { unit, delta, modifiers, .. } => {
                session.leave_view();
                let steps = f64::from(delta.y);
                let is_trackpad = unit == egui::MouseWheelUnit::Point;
                let part = DVec2::new(delta.x.into(), delta.y.into()) / height;
                if modifiers.ctrl || modifiers.command {
                    session.navigator.zoom(if is_trackpad { part.y * 20.0 } else { steps });
                } else if is_trackpad && modifiers.shift {
                    session.navigator.pan(part);
                } else if is_trackpad {
                    session.navigator.orbit(part * f64::from(PI));
                } else if session.settings.movement == Movement::Fly {
                    session.navigator.speed *= 1.15f64.powf(steps);
                } else {
                    session.navigator.dolly(steps);
                }
            }
            // Ctrl and wheel arrive as both; the wheel was taken above.
            egui::Event::Zoom(factor) if factor > 0.0 && !ui.input(|input| input.modifiers.ctrl) => {
                session.leave_view();
                session.navigator.dolly(f64::from(factor.ln()) / 0.105);
            }
            egui::Event::Rotate(angle) => {
                session.leave_view();
                session.navigator.roll(angle.into());
            }
            _ => {}
        }
    }
}

fn fly(ui: &Ui, session: &mut Session, seconds: f64) {
    use egui::Key;
    if ui.ctx().egui_wants_keyboard_input() {
        session.navigator.fly(DVec3::ZERO);
        return;
    }
    let (held, roll, faster) = ui.input(|input| {
        let free = !input.modifiers.ctrl && !input.modifiers.command;
        let axis = |plus: Key, minus: Key| {
            f64::from(u8::from(free && input.key_down(plus))) - f64::from(u8::from(free && input.key_down(minus)))
        };
        let held = DVec3::new(axis(Key::D, Key::A), axis(Key::E, Key::Q), axis(Key::W, Key::S));
        (held, axis(Key::Period, Key::Comma), input.modifiers.shift)
    });
    if held != DVec3::ZERO || roll != 0.0 {
        session.leave_view();
        session.track.is_playing = false;
    }
    session.navigator.fly(held * if faster { 4.0 } else { 1.0 });
    if roll != 0.0 {
        session.navigator.roll(roll * seconds);
    }
}

/// Points around the place of a camera in which a click takes it.
const CLICK: f32 = 14.0;

fn clicks(
    ui: &Ui,
    session: &mut Session,
    studio: &mut Studio<'_>,
    response: &Response,
    projection: &Projection,
) -> Result<(), GpuError> {
    let Some(pointer) = response.interact_pointer_pos() else { return Ok(()) };
    if response.double_clicked() {
        let Some(pixel) = projection.pixel(pointer) else { return Ok(()) };
        if let Some(picked) = studio.stage.pick(&projection.camera, &session.look, pixel)? {
            session.leave_view();
            session.navigator.set_pivot(picked.point);
            session.notify(format!("Pivot on convex {}", picked.convex));
        }
        ui.ctx().request_repaint();
    } else if response.clicked()
        && session.settings.frusta
        && let Some(index) = camera_at(session, projection, pointer)
    {
        session.enter_view(index);
    }
    Ok(())
}

/// The camera nearest to a point of the window, if one is near.
fn camera_at(session: &Session, projection: &Projection, pointer: Pos2) -> Option<usize> {
    let away = |index: usize| {
        let position = session.content.views.get(index)?.camera.position();
        let (at, _) = projection.point(position)?;
        Some((index, (at - pointer).length())).filter(|(_, away)| *away < CLICK)
    };
    let near = (0..session.content.views.len()).filter(|index| session.at_view != Some(*index)).filter_map(away);
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}

/// The line between render and photograph can be dragged.
fn split_handle(ui: &Ui, session: &mut Session, rect: Rect) {
    if session.comparison != Comparison::Split {
        return;
    }
    let x = rect.left() + rect.width() * session.split;
    let handle = Rect::from_center_size(Pos2::new(x, rect.center().y), Vec2::new(24.0, rect.height()));
    let response = ui.interact(handle, ui.scope_id().with("split"), Sense::drag());
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        session.split = split_at(pointer.x, rect.left(), rect.width());
    }
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
    }
}

fn fetch_photograph(ui: &Ui, session: &mut Session) {
    let Some(view) = session.at_view.filter(|_| session.comparison != Comparison::Render) else { return };
    let background = session.look.background;
    let is_there = |session: &Session| {
        session.photograph.as_ref().is_some_and(|kept| kept.view == view && kept.background == background)
    };
    if is_there(session) {
        return;
    }
    match session.pictures.whole(view) {
        Fetched::Pending => {}
        Fetched::Here(picture) => session.keep_photograph(ui.ctx(), view, &picture),
        Fetched::Failed(reason) => {
            session.complain(reason);
            session.comparison = Comparison::Render;
        }
    }
}

/// Compares once, when the picture is finished.
fn compare(ui: &Ui, session: &mut Session, gpu: &Gpu, viewport: &Viewport, wanted: Wanted) -> Result<(), GpuError> {
    let is_wanted = session.comparison != Comparison::Render && session.at_view.is_some();
    let (Some(canvas), Some(photograph), true) = (viewport.finished(), &mut session.photograph, is_wanted) else {
        return Ok(());
    };
    if photograph.compared.as_ref().is_some_and(|(made_for, ..)| *made_for == wanted) {
        return Ok(());
    }
    if let Some((pixels, psnr)) = difference(&canvas.read(gpu)?, &photograph.pixels) {
        let texture = texture(ui.ctx(), "difference", photograph.size, &pixels);
        photograph.compared = Some((wanted, texture, psnr));
        log::info!("view {}: PSNR {psnr:.2} dB", photograph.view);
        ui.ctx().request_repaint();
    }
    Ok(())
}

fn paint(ui: &Ui, session: &Session, viewport: &Viewport, projection: &Projection, area: Rect) {
    let painter = ui.painter().with_clip_rect(area);
    let [r, g, b] = session.look.background.map(|channel| channel * if area == projection.rect { 1.0 } else { 0.6 });
    painter.rect_filled(area, 0.0, egui::Rgba::from_rgb(r * r, g * g, b * b));
    let rect = projection.rect;
    let part = |from: f32, to: f32, top: f32, bottom: f32| {
        let at = |x: f32, y: f32| rect.min + Vec2::new(x, y) * rect.size();
        let uv = Rect::from_min_max(Pos2::new(from, top), Pos2::new(to, bottom));
        (Rect::from_min_max(at(from, top), at(to, bottom)), uv)
    };
    for shown in viewport.parts() {
        let (at, uv) = part(0.0, 1.0, 0.0, shown.height);
        painter.image(shown.texture, at, uv, Color32::WHITE);
    }
    let Some(photograph) = session.photograph.as_ref().filter(|kept| session.at_view == Some(kept.view)) else {
        return;
    };
    match session.comparison {
        Comparison::Render => {}
        Comparison::Photograph => {
            let (at, uv) = part(0.0, 1.0, 0.0, 1.0);
            painter.image(photograph.texture.id(), at, uv, Color32::WHITE);
        }
        Comparison::Split => {
            let (at, uv) = part(session.split, 1.0, 0.0, 1.0);
            painter.image(photograph.texture.id(), at, uv, Color32::WHITE);
            painter.line_segment([at.left_top(), at.left_bottom()], Stroke::new(2.0, Color32::WHITE));
            painter.circle_filled(at.left_center(), 9.0, Color32::WHITE);
            for side in [-1.0, 1.0] {
                let tip = at.left_center() + Vec2::new(side * 6.0, 0.0);
                let end = |up: f32| tip + Vec2::new(-side * 3.0, up * 3.0);
                painter.line(vec![end(-1.0), tip, end(1.0)], Stroke::new(1.5, Color32::BLACK));
            }
            label(&painter, at.left_top() + Vec2::new(-8.0, 8.0), Align2::RIGHT_TOP, "render");
            label(&painter, at.left_top() + Vec2::new(8.0, 8.0), Align2::LEFT_TOP, "photograph");
        }
        Comparison::Difference => {
            if let Some((_, texture, _)) = &photograph.compared {
                let (at, uv) = part(0.0, 1.0, 0.0, 1.0);
                painter.image(texture.id(), at, uv, Color32::WHITE);
            }
        }
    }
}

/// Text that can be read on any picture.
fn label(painter: &egui::Painter, at: Pos2, align: Align2, text: &str) {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(12.5), Color32::WHITE);
    let rect = align.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand2(Vec2::new(6.0, 3.0)), 4.0, Color32::from_black_alpha(150));
    painter.galley(rect.min, galley, Color32::WHITE);
}

/// Cameras of a dataset that are drawn with their pictures; more would hide the scene.
const MAX_THUMBNAILS: usize = 256;

fn over(ui: &mut Ui, session: &mut Session, viewport: &Viewport, projection: &Projection, area: Rect) {
    let painter = ui.painter().with_clip_rect(area);
    if session.settings.frusta && session.at_view.is_none() {
        frusta(ui, session, projection, &painter);
    }
    if session.at_view.is_none() {
        let accent = Color32::from_rgb(255, 170, 60);
        overlay::path(&painter, projection, &session.track.path, session.track.time, accent);
    }
    if let Some(crop) = session.look.crop {
        overlay::crop_box(&painter, projection, crop.low, crop.high, Stroke::new(1.0, Color32::from_white_alpha(160)));
    }
    if area.width() > 200.0 {
        overlay::axes(&painter, &projection.camera, area.right_bottom() - Vec2::new(44.0, 44.0), 26.0);
    }
    legends(session, projection, &painter, area);
    status(session, viewport, &painter, area);
    notices(ui, session, &painter, area);
    if session.help {
        help(ui, session, area);
    }
}

fn frusta(ui: &Ui, session: &mut Session, projection: &Projection, painter: &egui::Painter) {
    let hovered = ui.input(|input| input.pointer.hover_pos()).and_then(|at| camera_at(session, projection, at));
    let count = session.content.views.len();
    let depth = session.frustum_depth;
    let mut order: Vec<(usize, f64)> = (0..count)
        .filter_map(|index| Some((index, projection.point(session.content.views[index].camera.position())?.1)))
        .collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (index, _) in order {
        let is_hovered = hovered == Some(index);
        let has_picture = count <= MAX_THUMBNAILS || is_hovered;
        let thumbnail = has_picture.then(|| panels::thumbnail(ui.ctx(), session, index)).flatten();
        let view = &session.content.views[index];
        let colour = match view.split.as_str() {
            _ if is_hovered => Color32::WHITE,
            "train" => Color32::from_rgb(110, 180, 255),
            _ => Color32::from_rgb(255, 190, 90),
        };
        let stroke = Stroke::new(if is_hovered { 2.0 } else { 1.0 }, colour);
        let depth = if is_hovered { depth * 1.5 } else { depth };
        overlay::frustum(painter, projection, view, depth, stroke, thumbnail.map(|texture| texture.id()));
        if let (true, Some((at, _))) = (is_hovered, projection.point(view.camera.position())) {
            label(
                painter,
                at + Vec2::new(10.0, -10.0),
                Align2::LEFT_BOTTOM,
                &format!("{} ({})", view.name, view.split),
            );
        }
    }
}

fn legends(session: &Session, projection: &Projection, painter: &egui::Painter, area: Rect) {
    let rect = Rect::from_min_size(area.left_top() + Vec2::new(14.0, 34.0), Vec2::new(150.0, 8.0));
    if session.look.mode == DisplayMode::Colour && session.comparison != Comparison::Difference {
        return;
    }
    let mode = panels::MODES.iter().find(|(mode, ..)| *mode == session.look.mode).map_or("", |(_, _, name)| name);
    let background = Rect::from_min_max(area.left_top() + Vec2::splat(8.0), rect.max + Vec2::new(6.0, 22.0));
    let ends = match session.look.mode {
        _ if session.comparison == Comparison::Difference => {
            Some(("difference", "0".to_owned(), format!("{:.0} of 255", 255.0 / super::compare::GAIN)))
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

fn status(session: &Session, viewport: &Viewport, painter: &egui::Painter, area: Rect) {
    let mut parts = Vec::new();
    if let Some(view) = session.at_view.and_then(|index| session.content.views.get(index)) {
        parts.push(format!("{} ({})", view.name, view.split));
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

fn notices(ui: &Ui, session: &mut Session, painter: &egui::Painter, area: Rect) {
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
fn waiting(session: &Session, num_convexes: u32, is_cold: bool) -> Option<String> {
    let has_nothing = session.content.scene.is_none() && session.content.views.is_empty();
    match session.opener.pending() {
        _ if is_cold => Some(format!("Preparing to draw {} convexes …", panels::grouped(num_convexes.into()))),
        _ if num_convexes > 0 => None,
        Some(path) => Some(format!("Reading {} …", path.display())),
        None if session.live.is_some() => Some("Waiting for the first convexes …".to_owned()),
        None => has_nothing.then(|| "Drop a scene, a dataset or a camera path here; ? lists every key".to_owned()),
    }
}

fn in_the_middle(ui: &Ui, session: &Session, area: Rect, text: &str) {
    let light: f32 = session.look.background.iter().sum();
    let colour = if light > 1.5 { Color32::from_gray(60) } else { Color32::from_gray(190) };
    let galley = ui.painter().layout(text.to_owned(), FontId::proportional(18.0), colour, area.width() - 40.0);
    let rect = Align2::CENTER_CENTER.anchor_size(area.center(), galley.size());
    let fill = if light > 1.5 { Color32::from_white_alpha(200) } else { Color32::from_black_alpha(200) };
    ui.painter().rect_filled(rect.expand2(Vec2::new(16.0, 10.0)), 8.0, fill);
    ui.painter().galley(rect.min, galley, colour);
}

fn help(ui: &Ui, session: &mut Session, area: Rect) {
    let mut is_open = true;
    let window = egui::Window::new("Shortcuts").collapsible(false).resizable(false).open(&mut is_open);
    let rows = |list: &'static [keys::Shortcut]| list.iter().map(|row| (keys::label(row), row.text));
    let (left, right) = SHORTCUTS.split_at(SHORTCUTS.len() / 2 - 4);
    window.pivot(Align2::CENTER_CENTER).fixed_pos(area.center()).show(ui.ctx(), |ui| {
        ui.horizontal_top(|ui| {
            let gestures = GESTURES.iter().map(|(what, text)| ((*what).to_owned(), *text));
            table(ui, "left", gestures.chain(rows(left)));
            ui.add_space(24.0);
            table(ui, "right", rows(right));
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
