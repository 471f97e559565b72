//! Draws cameras, the crop box, the camera path and the grid over the picture.

use egui::{Color32, Painter, Pos2, Rect, Stroke, Vec2};
use glam::{DMat3, DVec2, DVec3};

use crate::camera::Camera;
use crate::camera_path::CameraPath;
use crate::convert::OrientedBox;
use crate::viewer::document::{ColouredPoint, NamedCamera};

/// The projection from the world to the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Projection {
    /// The camera of the picture.
    pub camera: Camera,
    /// The rectangle of the picture, in points.
    pub rect: Rect,
    /// The view depth nearer than which nothing is drawn.
    pub nearest: f64,
}

impl Projection {
    /// Returns the point of the window and the view depth, if it is before the camera.
    #[must_use]
    pub(crate) fn point(&self, world: DVec3) -> Option<(Pos2, f64)> {
        let view = self.camera.view_from_world.transform_point3(world);
        (view.z > self.nearest).then(|| (self.of_view(view), view.z))
    }

    fn of_view(&self, view: DVec3) -> Pos2 {
        let DVec2 { x, y } = self.camera.pixel(view) / self.camera.size();
        #[expect(clippy::cast_possible_truncation, reason = "points of a window")]
        let part = Vec2::new(x.clamp(-1e4, 1e4) as f32, y.clamp(-1e4, 1e4) as f32);
        self.rect.min + part * self.rect.size()
    }

    /// Returns a line of the window, cut where it passes the camera.
    #[must_use]
    pub(crate) fn line(&self, a: DVec3, b: DVec3) -> Option<[Pos2; 2]> {
        let (a, b) = (self.camera.view_from_world.transform_point3(a), self.camera.view_from_world.transform_point3(b));
        if a.z.max(b.z) <= self.nearest {
            return None;
        }
        let cut = |p: DVec3, other: DVec3| {
            if p.z > self.nearest { p } else { p.lerp(other, (self.nearest - p.z) / (other.z - p.z)) }
        };
        Some([self.of_view(cut(a, b)), self.of_view(cut(b, a))])
    }

    /// Returns the point of the window that shows a pixel of the camera's picture.
    #[must_use]
    pub(crate) fn of_pixel(&self, pixel: DVec2) -> Pos2 {
        let DVec2 { x, y } = pixel / self.camera.size();
        #[expect(clippy::cast_possible_truncation, reason = "points of a window")]
        let part = Vec2::new(x as f32, y as f32);
        self.rect.min + part * self.rect.size()
    }

    /// Returns the pixel of the camera's picture under a point of the window, or the nearest one.
    #[must_use]
    pub(crate) fn nearest_pixel(&self, at: Pos2) -> DVec2 {
        let part = (self.rect.clamp(at) - self.rect.min) / self.rect.size();
        DVec2::new(part.x.into(), part.y.into()) * self.camera.size()
    }

    /// Returns the pixel of the camera's picture under a point of the window, if the picture is there.
    #[must_use]
    pub(crate) fn pixel(&self, at: Pos2) -> Option<DVec2> {
        if !self.rect.contains(at) {
            return None;
        }
        let part = (at - self.rect.min) / self.rect.size();
        let size = DVec2::new(self.camera.width.into(), self.camera.height.into());
        Some(DVec2::new(part.x.into(), part.y.into()) * size)
    }
}

/// Returns the corners of a camera's picture at this depth, clockwise from the upper left.
fn corners(camera: &Camera, depth: f64) -> [DVec3; 4] {
    let (width, height) = (f64::from(camera.width), f64::from(camera.height));
    let pixels = [DVec2::ZERO, DVec2::new(width, 0.0), DVec2::new(width, height), DVec2::new(0.0, height)];
    pixels.map(|pixel| camera.position() + camera.ray(pixel) * depth)
}

/// Draws a camera as a pyramid with its picture on the base.
pub(crate) fn frustum(
    painter: &Painter,
    projection: &Projection,
    named: &NamedCamera,
    depth: f64,
    stroke: Stroke,
    picture: Option<(egui::TextureId, f32)>,
) {
    let corners = corners(&named.camera, depth);
    if let Some((texture, opacity)) = picture {
        plane(painter, projection, corners, texture, opacity);
    }
    for index in 0..4 {
        let lines = [(named.camera.position(), corners[index]), (corners[index], corners[(index + 1) % 4])];
        for line in lines.into_iter().filter_map(|(a, b)| projection.line(a, b)) {
            painter.line_segment(line, stroke);
        }
    }
    // A roof shows which side is up.
    let roof = (corners[0] + corners[1]) * 0.5 - (corners[3] - corners[0]) * 0.18;
    for corner in [corners[0], corners[1]] {
        let end = corner.lerp((corners[0] + corners[1]) * 0.5, 0.6);
        if let Some(line) = projection.line(end, roof) {
            painter.line_segment(line, stroke);
        }
    }
}

/// The sizes, in parts of the picture's height, at which drawn cameras begin to fade and are gone: a camera that the view comes
/// near to does not cover the picture.
const FADING: [f64; 2] = [0.12, 0.3];

/// Returns how much of a drawn camera of this depth is left, by the size that it has in the picture; 0 where it would be
/// behind the view.
#[must_use]
pub(crate) fn fading(projection: &Projection, named: &NamedCamera, depth: f64) -> f32 {
    let view_depth = |world: DVec3| projection.camera.view_from_world.transform_point3(world).z;
    let corners = corners(&named.camera, depth);
    let places = corners.iter().chain(&[named.camera.position()]).map(|world| view_depth(*world)).collect::<Vec<_>>();
    let nearest = places.into_iter().fold(f64::INFINITY, f64::min);
    if nearest <= projection.nearest {
        return 0.0;
    }
    let across = (corners[0] - corners[2]).length().max(depth);
    let part = across / nearest * projection.camera.intrinsics.fy / f64::from(projection.camera.height);
    let [begins, gone] = FADING;
    #[expect(clippy::cast_possible_truncation, reason = "a part")]
    let left = ((gone - part) / (gone - begins)).clamp(0.0, 1.0) as f32;
    left
}

/// The number of pieces of a side of a picture in space, so many that its perspective looks right.
const PIECES: u32 = 6;

fn plane(painter: &Painter, projection: &Projection, corners: [DVec3; 4], texture: egui::TextureId, opacity: f32) {
    let mut mesh = egui::Mesh::with_texture(texture);
    for row in 0..=PIECES {
        for column in 0..=PIECES {
            let (u, v) = (f64::from(column) / f64::from(PIECES), f64::from(row) / f64::from(PIECES));
            let world = corners[0].lerp(corners[1], u).lerp(corners[3].lerp(corners[2], u), v);
            let Some((at, _)) = projection.point(world) else { return };
            #[expect(clippy::cast_possible_truncation, reason = "parts of an image")]
            let uv = Pos2::new(u as f32, v as f32);
            mesh.vertices.push(egui::epaint::Vertex {
                pos: at,
                uv,
                color: Color32::WHITE.gamma_multiply(0.92 * opacity),
            });
        }
    }
    let side = PIECES + 1;
    for row in 0..PIECES {
        for column in 0..PIECES {
            let first = row * side + column;
            mesh.add_triangle(first, first + 1, first + side);
            mesh.add_triangle(first + 1, first + side + 1, first + side);
        }
    }
    painter.add(mesh);
}

/// The number of points that are drawn at most; more would not show more.
const MAX_POINTS: usize = 40_000;

/// Draws points as small squares, the far ones first.
pub(crate) fn points(painter: &Painter, projection: &Projection, points: &[ColouredPoint]) {
    let every = points.len().div_ceil(MAX_POINTS).max(1);
    let place = |(world, colour): &ColouredPoint| projection.point(*world).map(|(at, depth)| (at, depth, *colour));
    let clip = painter.clip_rect().expand(2.0);
    let mut seen: Vec<_> =
        points.iter().step_by(every).filter_map(place).filter(|(at, ..)| clip.contains(*at)).collect();
    seen.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut mesh = egui::Mesh::default();
    for (at, _, [red, green, blue]) in seen {
        mesh.add_colored_rect(Rect::from_center_size(at, Vec2::splat(2.0)), Color32::from_rgb(red, green, blue));
    }
    painter.add(mesh);
}

/// Draws the edges of a box.
pub(crate) fn box_edges(painter: &Painter, projection: &Projection, oriented: &OrientedBox, stroke: Stroke) {
    let halves = oriented.rotation * DMat3::from_diagonal(oriented.half_size);
    let corner = |bits: usize| {
        let side = |axis: usize| if bits >> axis & 1 == 1 { 1.0 } else { -1.0 };
        oriented.centre + halves * DVec3::new(side(0), side(1), side(2))
    };
    for bits in 0..8usize {
        for axis in (0..3).filter(|axis| bits >> axis & 1 == 0) {
            if let Some(line) = projection.line(corner(bits), corner(bits | 1 << axis)) {
                painter.line_segment(line, stroke);
            }
        }
    }
}

/// Draws a camera path and its keys.
pub(crate) fn path(painter: &Painter, projection: &Projection, path: &CameraPath, time: f64, colour: Color32) {
    let (Some(first), duration) = (path.keys().first(), path.duration()) else { return };
    let steps = 24 * path.keys().len().min(200);
    let at = |step: usize| path.at(first.time + duration * step as f64 / steps as f64);
    let points: Vec<DVec3> = (0..=steps).filter_map(at).map(|key| DVec3::from_array(key.position)).collect();
    for pair in points.windows(2) {
        if let Some(line) = projection.line(pair[0], pair[1]) {
            painter.line_segment(line, Stroke::new(1.5, colour));
        }
    }
    for key in path.keys() {
        if let Some((point, _)) = projection.point(DVec3::from_array(key.position)) {
            painter.circle_filled(point, 3.5, colour);
        }
    }
    if let Some((point, _)) = path.at(time).and_then(|key| projection.point(DVec3::from_array(key.position))) {
        painter.circle_stroke(point, 6.0, Stroke::new(2.0, colour));
    }
}

/// The number of lines of a grid on each side of its middle.
const GRID_LINES: i32 = 20;

/// Draws a grid through `middle` along two axes, with the same lines wherever the middle is; every tenth is stronger.
pub(crate) fn grid(
    painter: &Painter,
    projection: &Projection,
    place: &dyn Fn(DVec2) -> DVec3,
    middle: DVec2,
    step: f64,
) {
    let first = (middle / step).round();
    let reach = f64::from(GRID_LINES);
    for line in -GRID_LINES..=GRID_LINES {
        let offset = f64::from(line);
        let ends = |across: f64, along: f64, swaps: bool| {
            let at = if swaps { DVec2::new(along, across) } else { DVec2::new(across, along) };
            place((first + at) * step)
        };
        for swaps in [false, true] {
            let number = if swaps { first.y + offset } else { first.x + offset };
            let alpha = if number.rem_euclid(10.0) == 0.0 { 130 } else { 55 };
            // In pieces, because a line that passes the camera is cut.
            for piece in [[-reach, 0.0], [0.0, reach]] {
                if let Some(line) = projection.line(ends(offset, piece[0], swaps), ends(offset, piece[1], swaps)) {
                    painter.line_segment(line, Stroke::new(1.0, Color32::from_white_alpha(alpha)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projection() -> Projection {
        let camera = Camera::look_at(DVec3::new(0.0, -4.0, 0.0), DVec3::ZERO, DVec3::Z, 100.0, 200, 100);
        let rect = Rect::from_min_size(Pos2::new(10.0, 20.0), Vec2::new(400.0, 200.0));
        Projection { camera, rect, nearest: 1e-3 }
    }

    #[test]
    fn the_middle_of_the_world_is_the_middle_of_the_picture() {
        let (at, depth) = projection().point(DVec3::ZERO).unwrap();
        assert!((at - Pos2::new(210.0, 120.0)).length() < 1e-3 && (depth - 4.0).abs() < 1e-9);
        let pixel = projection().pixel(at).unwrap();
        assert!((pixel - DVec2::new(100.0, 50.0)).length() < 1e-3);
        assert!(projection().pixel(Pos2::ZERO).is_none());
        assert!(projection().point(DVec3::new(0.0, -5.0, 0.0)).is_none(), "behind the camera");
    }

    #[test]
    fn cameras_fade_as_the_view_comes_near() {
        let at = |distance: f64| {
            let position = DVec3::new(0.0, -4.0 + distance, 0.0);
            let camera = Camera::look_at(position, position + DVec3::Y, DVec3::Z, 100.0, 200, 100);
            let named = NamedCamera { name: String::new(), split: String::new(), camera };
            fading(&projection(), &named, 0.1)
        };
        assert_eq!(at(9.0), 1.0, "far away");
        assert_eq!((at(0.2), at(-1.0)), (0.0, 0.0), "near, and behind the view");
        assert!((0.1..0.9).contains(&at(1.2)), "{}", at(1.2));
    }

    #[test]
    fn lines_are_cut_at_the_camera() {
        let through = projection().line(DVec3::ZERO, DVec3::new(0.0, -9.0, 1.0)).unwrap();
        assert!(through.iter().all(|point| point.is_finite()));
        assert!(projection().line(DVec3::new(0.0, -5.0, 0.0), DVec3::new(0.0, -9.0, 0.0)).is_none());
    }
}
