//! Handles in the view, and what a drag of one does to the crop box or to the place of the scene.

use glam::{DMat3, DQuat, DVec2, DVec3};

use super::{CropBox, Placement, SceneEdit};
use crate::camera::Camera;

/// A part of the crop box, or of the axes of the world that the scene is saved in, that can be dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Handle {
    /// A face of the crop box moves along its axis: the axis, and whether it is the upper face.
    CropFace(usize, bool),
    /// A corner of the crop box turns it about its middle; a bit for each axis says whether it is the upper end.
    CropCorner(usize),
    /// An axis of the world moves along itself.
    MoveAxis(usize),
    /// The other two axes turn about this one.
    TurnAxis(usize),
    /// All axes grow from their origin, and what the scene measures by them shrinks.
    Scale,
}

/// A drag of a handle, with what was there when it began.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HandleDrag {
    /// The handle.
    pub handle: Handle,
    /// The camera of the picture.
    pub camera: Camera,
    /// The pixel where it began.
    pub from: DVec2,
    /// The crop box when it began.
    pub crop: Option<CropBox>,
    /// The place of the scene when it began.
    pub placement: Placement,
}

impl HandleDrag {
    /// Returns the edit that a drag to a pixel makes.
    #[must_use]
    pub(crate) fn edit(&self, to: DVec2) -> Option<SceneEdit> {
        let (placement, axes) = (&self.placement, self.placement.axes());
        let origin = placement.opened(DVec3::ZERO);
        Some(match self.handle {
            Handle::CropFace(axis, is_high) => {
                let (crop, oriented) = (self.crop?, self.crop?.oriented());
                let outwards = if is_high { oriented.rotation.col(axis) } else { -oriented.rotation.col(axis) };
                let face = oriented.centre + oriented.half_size[axis] * outwards;
                SceneEdit::Crop(Some(crop.with_face_moved(axis, is_high, self.way(to, face, outwards))))
            }
            Handle::CropCorner(_) => {
                let (crop, oriented) = (self.crop?, self.crop?.oriented());
                SceneEdit::Crop(Some(crop.turned(self.roll(to, oriented.centre, oriented.half_size.length()))))
            }
            Handle::MoveAxis(axis) => {
                SceneEdit::Place(placement.with_axis_moved(axis, self.way(to, origin, axes.col(axis))))
            }
            Handle::TurnAxis(axis) => {
                SceneEdit::Place(placement.with_axes_turned(axis, self.turn(to, origin, axes.col(axis))))
            }
            Handle::Scale => SceneEdit::Place(placement.scaled(1.0 / self.growth(to, origin))),
        })
    }

    /// The way along a line through `origin` that follows the pointer, in lengths of `axis`.
    fn way(&self, to: DVec2, origin: DVec3, axis: DVec3) -> f64 {
        let nearest = |pixel: DVec2| {
            let ray = self.camera.ray(pixel).normalize();
            let (apart, across) = (origin - self.camera.position(), axis.dot(ray));
            let squared = axis.dot(axis) - across * across;
            // A line that the camera looks along has no length in the picture.
            (squared > 1e-6).then(|| (across * ray.dot(apart) - axis.dot(apart)) / squared)
        };
        nearest(to).zip(nearest(self.from)).map_or(0.0, |(to, from)| to - from)
    }

    /// The angle about an axis through `origin` that follows the pointer, radians.
    fn turn(&self, to: DVec2, origin: DVec3, axis: DVec3) -> f64 {
        let spoke = |pixel: DVec2| {
            let ray = self.camera.ray(pixel).normalize();
            let across = axis.dot(ray);
            // A ring that is seen from its edge has no inside.
            let distance = (across.abs() > 0.02).then(|| axis.dot(origin - self.camera.position()) / across);
            distance.filter(|distance| *distance > 0.0).map(|t| self.camera.position() + t * ray - origin)
        };
        let spokes = spoke(self.from).zip(spoke(to));
        spokes.map_or(0.0, |(from, to)| axis.dot(from.cross(to)).atan2(from.dot(to)))
    }

    /// The rotation of a ball that follows the pointer.
    fn roll(&self, to: DVec2, centre: DVec3, radius: f64) -> DMat3 {
        let place = |pixel: DVec2| {
            let (ray, apart) = (self.camera.ray(pixel).normalize(), self.camera.position() - centre);
            let middle = -apart.dot(ray);
            let squared = radius * radius - (apart.length_squared() - middle * middle);
            // Beside the ball its edge is taken hold of.
            (apart + (middle - squared.max(0.0).sqrt()) * ray).normalize_or(DVec3::Z)
        };
        DMat3::from_quat(DQuat::from_rotation_arc(place(self.from), place(to)))
    }

    /// The factor by which the pointer is farther from a place than it was.
    fn growth(&self, to: DVec2, origin: DVec3) -> f64 {
        let middle = self.camera.pixel(self.camera.view_from_world.transform_point3(origin));
        let (before, after) = (self.from.distance(middle), to.distance(middle));
        if before < 1.0 { 1.0 } else { (after / before).clamp(0.01, 100.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera below the origin that looks up along y, 10 pixels to a world unit at the origin.
    fn drag(handle: Handle, from: DVec3) -> HandleDrag {
        let camera = Camera::look_at(DVec3::new(0.0, -10.0, 0.0), DVec3::ZERO, DVec3::Z, 100.0, 200, 160);
        let crop = CropBox { low: -DVec3::ONE, high: DVec3::ONE, degrees: DVec3::ZERO };
        let from = seen(&camera, from);
        HandleDrag { handle, camera, from, crop: Some(crop), placement: Placement::default() }
    }

    fn seen(camera: &Camera, at: DVec3) -> DVec2 {
        camera.pixel(camera.view_from_world.transform_point3(at))
    }

    fn placed(drag: &HandleDrag, to: DVec3) -> Placement {
        match drag.edit(seen(&drag.camera, to)) {
            Some(SceneEdit::Place(placement)) => placement,
            other => panic!("{other:?}"),
        }
    }

    fn cropped(drag: &HandleDrag, to: DVec3) -> CropBox {
        match drag.edit(seen(&drag.camera, to)) {
            Some(SceneEdit::Crop(Some(crop))) => crop,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_face_of_the_box_follows_the_pointer() {
        let right = cropped(&drag(Handle::CropFace(0, true), DVec3::X), DVec3::X * 2.5);
        assert!((right.high - DVec3::new(2.5, 1.0, 1.0)).length() < 1e-9 && right.low.distance(-DVec3::ONE) < 1e-9);
        let low = cropped(&drag(Handle::CropFace(2, false), -DVec3::Z), -DVec3::Z * 0.5);
        assert!((low.low - DVec3::new(-1.0, -1.0, -0.5)).length() < 1e-9 && low.high.distance(DVec3::ONE) < 1e-9);
        let towards = drag(Handle::CropFace(1, false), DVec3::NEG_Y);
        assert_eq!(cropped(&towards, DVec3::NEG_Y), towards.crop.unwrap(), "the pointer has not moved");
    }

    #[test]
    fn a_corner_turns_the_box_with_the_pointer() {
        // Along the front of the ball around the corners.
        let front = |angle: f64| 3f64.sqrt() * DVec3::new(angle.sin(), -angle.cos(), 0.0);
        let turned = cropped(&drag(Handle::CropCorner(1), front(0.1)), front(0.1 + 30f64.to_radians()));
        assert!((turned.degrees - DVec3::new(0.0, 0.0, 30.0)).length() < 1e-6, "{turned:?}");
        assert_eq!((turned.low, turned.high), (-DVec3::ONE, DVec3::ONE));
    }

    #[test]
    fn the_axes_of_the_world_move_turn_and_grow() {
        let moved = placed(&drag(Handle::MoveAxis(0), DVec3::X), DVec3::X * 4.0);
        assert!(moved.opened(DVec3::ZERO).distance(DVec3::X * 3.0) < 1e-9, "{moved:?}");
        let turned = placed(&drag(Handle::TurnAxis(1), DVec3::X), DVec3::NEG_Z);
        assert!(turned.axes().x_axis.distance(DVec3::NEG_Z) < 1e-9, "x is where the pointer is: {turned:?}");
        let grown = placed(&drag(Handle::Scale, DVec3::X), DVec3::X * 2.0);
        assert!((grown.scale - 0.5).abs() < 1e-9, "twice the unit is half the length");

        // All of it where the axes lie elsewhere already.
        let before =
            Placement { scale: 2.0, degrees: DVec3::new(0.0, -90.0, 0.0), translation: DVec3::new(1.0, 0.0, 4.0) };
        let elsewhere = |handle: Handle, from: DVec3| HandleDrag { placement: before, ..drag(handle, from) };
        let origin = before.opened(DVec3::ZERO);
        let x = before.axes().x_axis;
        let moved = placed(&elsewhere(Handle::MoveAxis(0), origin + x), origin + 2.5 * x);
        assert!(moved.opened(DVec3::ZERO).distance(origin + 1.5 * x) < 1e-9 && moved.scale == 2.0, "{moved:?}");
        let z = before.axes().z_axis;
        let turned = placed(&elsewhere(Handle::TurnAxis(1), origin + x), origin + z);
        assert!(turned.axes().x_axis.distance(z) < 1e-9, "{turned:?}");
        assert!(turned.opened(DVec3::ZERO).distance(origin) < 1e-9, "the origin stays");
        let grown = placed(&elsewhere(Handle::Scale, origin + x), origin + 4.0 * x);
        assert!((grown.scale - 0.5).abs() < 1e-9 && grown.opened(DVec3::ZERO).distance(origin) < 1e-9);
    }

    #[test]
    fn what_is_seen_end_on_stays() {
        let along = drag(Handle::MoveAxis(1), DVec3::NEG_Y);
        assert_eq!(placed(&along, DVec3::new(0.0, -1.0, 3.0)).translation, DVec3::ZERO);
        let edge = drag(Handle::TurnAxis(0), DVec3::Y);
        let turned = placed(&edge, DVec3::Z).degrees;
        assert!(turned.length() < 1e-9, "{turned}");
    }
}
