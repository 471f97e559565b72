//! The place of a scene in the world that it is saved in.

use glam::{DMat3, DQuat, DVec3, EulerRot};

use crate::convert::{WorldTransform, rotation_of_turns};

/// A move, a turn and a scale of the whole scene: `p_saved = scale · turned(p_opened) + translation`. The window goes on in the
/// world that the scene was opened in; only its axes and its ground show where the scene will lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// The factor of every distance, above 0.
    pub scale: f64,
    /// The turns about the x, y and z axis, one after another, degrees.
    pub degrees: DVec3,
    /// The place that the origin of the opened world moves to.
    pub translation: DVec3,
}

/// The turns about the world's x, y and z axis, one after another, that make a rotation, degrees.
pub(super) fn turns_of_rotation(rotation: &DMat3) -> DVec3 {
    let (z, y, x) = DQuat::from_mat3(rotation).to_euler(EulerRot::ZYX);
    DVec3::new(x, y, z).map(f64::to_degrees)
}

impl Default for Placement {
    fn default() -> Self {
        Self { scale: 1.0, degrees: DVec3::ZERO, translation: DVec3::ZERO }
    }
}

impl Placement {
    /// The turn.
    #[must_use]
    pub fn rotation(&self) -> DMat3 {
        rotation_of_turns(self.degrees)
    }

    /// The axes of the saved world in the opened one, as columns.
    #[must_use]
    pub fn axes(&self) -> DMat3 {
        self.rotation().transpose()
    }

    /// The place in the opened world of a place in the saved one.
    #[must_use]
    pub fn opened(&self, saved: DVec3) -> DVec3 {
        self.axes() * (saved - self.translation) / self.scale
    }

    /// The place in the saved world of a place in the opened one.
    #[must_use]
    pub fn saved(&self, opened: DVec3) -> DVec3 {
        self.scale * (self.rotation() * opened) + self.translation
    }

    /// The placement in which three places of the opened world lie on the ground, z = 0: the first at the origin, the second
    /// along x, and `above` above the ground. `None` where they lie in a line.
    #[must_use]
    pub fn on_ground(&self, [first, second, third]: [DVec3; 3], above: DVec3) -> Option<Self> {
        let along = (second - first).try_normalize()?;
        let normal = along.cross(third - first);
        let is_plane = normal.length() > 1e-6 * (third - first).length();
        let up = normal.try_normalize().filter(|_| is_plane)?;
        let up = if up.dot(above - first) < 0.0 { -up } else { up };
        Some(self.with_axes(first, DMat3::from_cols(along, up.cross(along), up)))
    }

    /// The placement with the origin at a place of the ground, z upwards, and x as near as can be to where it was.
    #[must_use]
    pub fn standing(&self, origin: DVec3, up: DVec3) -> Self {
        let x = self.axes().x_axis;
        let along = (x - x.dot(up) * up).try_normalize().unwrap_or_else(|| up.any_orthonormal_vector());
        self.with_axes(origin, DMat3::from_cols(along, up.cross(along), up))
    }

    /// The placement with these axes, as columns, at a place of the opened world.
    fn with_axes(&self, origin: DVec3, axes: DMat3) -> Self {
        let rotation = axes.transpose();
        Self { degrees: turns_of_rotation(&rotation), translation: -self.scale * (rotation * origin), ..*self }
    }

    /// The placement with every distance longer by a factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self { scale: self.scale * factor, translation: self.translation * factor, ..*self }
    }

    /// The placement after an axis of the saved world has moved along itself, by a length of the opened world.
    #[must_use]
    pub(crate) fn with_axis_moved(&self, axis: usize, by: f64) -> Self {
        let mut translation = self.translation;
        translation[axis] -= self.scale * by;
        Self { translation, ..*self }
    }

    /// The placement after the axes of the saved world have turned about one of them and their origin, radians.
    #[must_use]
    pub(crate) fn with_axes_turned(&self, axis: usize, angle: f64) -> Self {
        let back = DMat3::from_axis_angle(DVec3::AXES[axis], -angle);
        let degrees = turns_of_rotation(&(back * self.rotation()));
        Self { degrees, translation: back * self.translation, ..*self }
    }

    /// The transform of the scene that is saved.
    #[must_use]
    pub fn transform(&self) -> WorldTransform {
        if *self == Self::default() {
            return WorldTransform::IDENTITY;
        }
        WorldTransform { scale: self.scale, rotation: self.rotation(), translation: self.translation }
    }

    /// A few words about what it does; none where it changes nothing.
    #[must_use]
    pub fn words(&self) -> String {
        let vector = |DVec3 { x, y, z }: DVec3| format!("{x:.3}, {y:.3}, {z:.3}");
        let parts = [
            (self.scale != 1.0).then(|| format!("scaled by {:.4}", self.scale)),
            (self.degrees != DVec3::ZERO).then(|| format!("turned by {}°", vector(self.degrees))),
            (self.translation != DVec3::ZERO).then(|| format!("moved by {}", vector(self.translation))),
        ];
        parts.into_iter().flatten().collect::<Vec<String>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_places_become_the_ground() {
        let before = Placement { scale: 2.0, degrees: DVec3::new(10.0, 20.0, 30.0), translation: DVec3::X };
        let [first, second, third] = [DVec3::new(1.0, 2.0, 3.0), DVec3::new(2.0, 2.0, 4.0), DVec3::new(0.0, 5.0, 3.5)];
        let normal = (second - first).cross(third - first).normalize();
        for side in [1.0, -1.0] {
            let placed = before.on_ground([first, second, third], first + side * normal).unwrap();
            let [a, b, c] = [first, second, third].map(|place| placed.saved(place));
            assert!(a.length() < 1e-9, "{a}");
            assert!((b - DVec3::X * 2.0 * (second - first).length()).length() < 1e-9, "{b}");
            assert!(c.z.abs() < 1e-9 && placed.saved(first + side * normal).z > 1.9, "{c}");
            assert!(placed.opened(placed.saved(third)).distance(third) < 1e-9);
            let transform = placed.transform();
            assert!(transform.point(third).distance(c) < 1e-9);
        }
        assert_eq!(before.on_ground([first, second, second + (second - first)], DVec3::ZERO), None, "a line");
        assert_eq!(before.on_ground([first, first, third], DVec3::ZERO), None);
    }

    #[test]
    fn a_scale_keeps_the_ground_and_is_told() {
        let placed = Placement { translation: DVec3::Z, ..Placement::default() }.scaled(3.0);
        assert_eq!(placed.saved(DVec3::NEG_Z), DVec3::ZERO);
        assert_eq!(placed.words(), "scaled by 3.0000, moved by 0.000, 0.000, 3.000");
        assert_eq!(Placement::default().words(), "");
    }
}
