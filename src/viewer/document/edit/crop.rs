//! The box outside of which nothing is shown.

use glam::{DMat3, DVec3};

use super::placement::turns_of_rotation;
use crate::convert::{OrientedBox, rotation_of_turns};

/// A box in any orientation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropBox {
    /// The lower corner, before the box is turned about its middle.
    pub low: DVec3,
    /// The upper corner, likewise.
    pub high: DVec3,
    /// The turns about the world's x, y and z axis, one after another, degrees.
    pub degrees: DVec3,
}

impl CropBox {
    /// The box, without the numbers of the panel.
    #[must_use]
    pub fn oriented(&self) -> OrientedBox {
        OrientedBox { rotation: rotation_of_turns(self.degrees), ..OrientedBox::between(self.low, self.high) }
    }

    /// The box with one face farther out by a length, or farther in; the opposite face stays.
    #[must_use]
    pub(crate) fn with_face_moved(&self, axis: usize, is_high: bool, by: f64) -> Self {
        let OrientedBox { mut centre, mut half_size, rotation } = self.oriented();
        let before = half_size[axis];
        half_size[axis] = (before + 0.5 * by).max(1e-3 * before);
        let side = if is_high { 1.0 } else { -1.0 };
        centre += side * (half_size[axis] - before) * rotation.col(axis);
        Self { low: centre - half_size, high: centre + half_size, ..*self }
    }

    /// The box turned about its middle.
    #[must_use]
    pub(crate) fn turned(&self, turn: DMat3) -> Self {
        Self { degrees: turns_of_rotation(&(turn * self.oriented().rotation)), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_moves_along_its_own_axis_and_the_opposite_one_stays() {
        let crop = CropBox { low: DVec3::ZERO, high: DVec3::new(2.0, 4.0, 6.0), degrees: DVec3::new(0.0, 0.0, 90.0) };
        let face = |crop: &CropBox, axis: usize, side: f64| {
            let OrientedBox { centre, half_size, rotation } = crop.oriented();
            centre + side * half_size[axis] * rotation.col(axis)
        };
        for (is_high, side) in [(true, 1.0), (false, -1.0)] {
            let moved = crop.with_face_moved(0, is_high, 1.5);
            let way = face(&moved, 0, side) - face(&crop, 0, side);
            assert!((way - side * 1.5 * DVec3::Y).length() < 1e-12, "x of the box is y of the world: {way}");
            assert!(face(&moved, 0, -side).distance(face(&crop, 0, -side)) < 1e-12);
            assert!((moved.high - moved.low - DVec3::new(3.5, 4.0, 6.0)).length() < 1e-12);
        }
        let flat = crop.with_face_moved(1, true, -99.0);
        assert!(flat.high.y > flat.low.y && flat.high.y - flat.low.y < 0.01, "no box is turned inside out");
    }

    #[test]
    fn a_turned_box_keeps_its_middle_and_its_sides() {
        let crop = CropBox { low: -DVec3::ONE, high: DVec3::new(2.0, 4.0, 6.0), degrees: DVec3::new(10.0, 20.0, 30.0) };
        let turn = rotation_of_turns(DVec3::new(-40.0, 15.0, 70.0));
        let turned = crop.turned(turn);
        assert_eq!((turned.low, turned.high), (crop.low, crop.high));
        let off = turned.oriented().rotation - turn * crop.oriented().rotation;
        assert!(off.to_cols_array().iter().all(|x| x.abs() < 1e-9), "{off}");
    }
}
