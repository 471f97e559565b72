//! The middle of the window: the picture, and everything that is drawn over it.

mod gizmo;
mod handles;
mod input;
mod labels;
mod length_entry;
mod pictures;
mod tools;

use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, Vec2};
use input::camera_at;
use labels::label;

use crate::camera::Camera;
use crate::gpu::GpuError;
use crate::text;
use crate::viewer::scene_view::progressive::PictureRequest;
use crate::viewer::session::action::{Action, EditAction};
use crate::viewer::session::{NEAREST, Session};
use crate::viewer::ui::overlay::{self, Projection};
use crate::viewer::ui::textures::Textures;
use crate::viewer::ui::{FrameHost, path_entry};

/// Applies `actions` and those of pointer and keys, lets the picture be drawn, and draws over it.
pub(crate) fn show(
    ui: &mut Ui,
    host: &mut dyn FrameHost,
    textures: &mut Textures,
    mut actions: Vec<Action>,
    seconds: f64,
) -> Result<(), GpuError> {
    let rect = ui.max_rect();
    let response = ui.interact(rect, ui.scope_id().with("scene"), Sense::click_and_drag());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a window")]
    let size =
        [rect.width(), rect.height()].map(|side| ((side * ui.ctx().pixels_per_point()).round() as u32).clamp(1, 8192));
    let session = host.session();
    let before = projection(session, session.camera(size), rect, size);
    input::collect(ui, session, &response, &before, seconds, &mut actions);
    if session.editing.counting.is_some() {
        actions.push(Action::Edit(EditAction::GoOnCounting));
    }
    apply(ui, host, actions)?;

    let picture = host.draw(size, seconds)?;
    let session = host.session();
    let projection = projection(session, picture.request.camera, rect, size);
    pictures::paint(ui, session, textures, &picture, &projection, rect);
    let num_convexes = host.device().num_convexes;
    if num_convexes == 0 {
        overlay::points(&ui.painter().with_clip_rect(rect), &projection, &session.document.points);
    }
    let mut late = Vec::new();
    over(ui, host, textures, &projection, rect, &picture.request, &mut late);
    if let Some(text) = labels::waiting(session, num_convexes, picture.is_preparing) {
        labels::in_the_middle(ui, session, rect, &text);
    }
    apply(ui, host, late)
}

/// Panels that were laid out before the actions show their effect in the next frame.
fn apply(ui: &Ui, host: &mut dyn FrameHost, actions: Vec<Action>) -> Result<(), GpuError> {
    if !actions.is_empty() {
        ui.ctx().request_repaint();
    }
    actions.into_iter().try_for_each(|action| host.apply(action))
}

/// Returns the projection of a camera whose picture is in the middle of an area of `size` pixels.
fn projection(session: &Session, camera: Camera, area: Rect, size: [u32; 2]) -> Projection {
    #[expect(clippy::cast_precision_loss, reason = "pixels of an image")]
    let (width, height) = (camera.width as f32, camera.height as f32);
    let fit = (area.width() / width).min(area.height() / height);
    let rect = if [camera.width, camera.height] == size {
        area
    } else {
        Rect::from_center_size(area.center(), Vec2::new(width, height) * fit)
    };
    Projection { camera, rect, nearest: session.extent.radius() * NEAREST }
}

/// The number of cameras that are drawn with their photographs at most; more would hide the scene.
const MAX_THUMBNAILS: usize = 256;

fn over(
    ui: &Ui,
    host: &dyn FrameHost,
    textures: &mut Textures,
    projection: &Projection,
    area: Rect,
    request: &PictureRequest,
    actions: &mut Vec<Action>,
) {
    let session = host.session();
    let painter = ui.painter().with_clip_rect(area);
    if session.settings.frusta && session.entered_camera.is_none() {
        frusta(ui, session, textures, projection, &painter);
    }
    if session.entered_camera.is_none() {
        let accent = Color32::from_rgb(255, 170, 60);
        overlay::path(&painter, projection, &session.playback.whole(), session.playback.time, accent);
    }
    if let Some(crop) = session.view.crop {
        let stroke = Stroke::new(1.0, Color32::from_white_alpha(160));
        overlay::box_edges(&painter, projection, &crop.oriented(), stroke);
    }
    let proposed = session.proposed_placement();
    if session.settings.grid || proposed.is_some() {
        let placement = proposed.unwrap_or(session.editing.edits.state().placement);
        tools::grid(session, &placement, projection, &painter);
    }
    tools::show(session, projection, &painter);
    handles::paint(ui, session, projection, &painter);
    gizmo::paint(ui, session, projection, area, &painter);
    labels::legends(session, &painter, area);
    labels::status(session, request, &host.device().picture.last, &painter, area);
    labels::notices(ui, session, &painter, area);
    if session.is_help_open && !labels::help(ui) {
        actions.push(Action::ToggleHelp);
    }
    length_entry::show(ui, session, projection, actions);
    path_entry::show(ui, session, area, actions);
}

fn frusta(ui: &Ui, session: &Session, textures: &mut Textures, projection: &Projection, painter: &egui::Painter) {
    let hovered = ui.input(|input| input.pointer.hover_pos()).and_then(|at| camera_at(session, projection, at));
    let cameras = &session.document.cameras;
    let depth_of = |index: usize| Some((index, projection.point(cameras[index].camera.position())?.1));
    let mut order: Vec<(usize, f64)> = (0..cameras.len()).filter_map(depth_of).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (index, _) in order {
        let is_hovered = hovered == Some(index);
        let has_picture = cameras.len() <= MAX_THUMBNAILS || is_hovered;
        let thumbnail = has_picture.then(|| textures.thumbnail(ui.ctx(), session, index)).flatten();
        let named = &cameras[index];
        let colour = match named.split.as_str() {
            _ if is_hovered => Color32::WHITE,
            "train" => Color32::from_rgb(110, 180, 255),
            _ => Color32::from_rgb(255, 190, 90),
        };
        let depth = session.frustum_depth * session.settings.frustum_size * if is_hovered { 1.5 } else { 1.0 };
        let left = overlay::fading(projection, named, depth);
        if left <= 0.0 {
            continue;
        }
        let stroke = Stroke::new(if is_hovered { 2.0 } else { 1.0 }, colour.gamma_multiply(left));
        let picture = thumbnail.map(|texture| (texture.id(), left));
        overlay::frustum(painter, projection, named, depth, stroke, picture);
        if let (true, Some((at, _))) = (is_hovered, projection.point(named.camera.position())) {
            let text = format!("{} ({})", text::quoted(&named.name), named.used_for());
            label(painter, at + Vec2::new(10.0, -10.0), Align2::LEFT_BOTTOM, &text);
        }
    }
}
