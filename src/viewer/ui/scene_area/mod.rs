//! The middle of the window: the picture, what is drawn over it, and what pointer and keys do there.

mod input;
mod labels;

use egui::{Align2, Color32, Pos2, Rect, Sense, Stroke, Ui, Vec2};
use input::{camera_at, clicks, navigate, shortcuts, split_handle};
use labels::{help, in_the_middle, label, legends, notices, status, waiting};

use crate::gpu::{Gpu, GpuError};
use crate::kernels::DisplayMode;
use crate::text;
use crate::viewer::document::Fetched;
use crate::viewer::painter::Screen;
use crate::viewer::scene_view::Stage;
use crate::viewer::scene_view::comparison::{Comparison, difference};
use crate::viewer::scene_view::progressive::{Next, Viewport, Wanted};
use crate::viewer::session::{NEAREST, Session, texture};
use crate::viewer::ui::overlay::{self, Projection};
use crate::viewer::ui::panels;

/// What the picture is made with.
pub(crate) struct Studio<'a> {
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
pub(crate) fn show(ui: &mut Ui, session: &mut Session, studio: &mut Studio<'_>) -> Result<Next, GpuError> {
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
        help(ui, session);
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
                &format!("{} ({})", text::quoted(&view.name), view.split),
            );
        }
    }
}
