//! A scene in another place, turned and in another size: what looks the same to a camera that moves along.

use glam::{DMat3, DQuat, DVec3, EulerRot};

use crate::camera::{nearest_rotation, rotation_error};
use crate::constants::SH_COEFFS;
use crate::reference::sh;
use crate::scene::{Extent, Scene, Similarity, StartView};
use crate::scene_file::Metadata;

/// A place that is farther from the origin of the world than so many radii of the scene needs an origin of its own.
const FAR: f64 = 100.0;

/// `p_new = scale · rotation · p + translation`, world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorldTransform {
    /// The factor of every distance, above 0.
    pub scale: f64,
    /// The rotation.
    pub rotation: DMat3,
    /// The place that the origin of the world moves to.
    pub translation: DVec3,
}

/// The rotation by turns about the world's x, y and z axis, one after another, degrees.
#[must_use]
pub fn rotation_of_turns(degrees: DVec3) -> DMat3 {
    let [x, y, z] = degrees.to_array().map(f64::to_radians);
    DMat3::from_quat(DQuat::from_euler(EulerRot::ZYX, z, y, x))
}

impl WorldTransform {
    /// The transform that changes nothing.
    pub const IDENTITY: Self = Self { scale: 1.0, rotation: DMat3::IDENTITY, translation: DVec3::ZERO };

    /// The transform of a matrix of three or four rows of four numbers, row after row.
    ///
    /// # Errors
    /// A sentence where it is no rotation with one scale and a translation: convexes have one sharpness for all directions, and
    /// no colours of a mirrored world.
    pub fn of_matrix(numbers: &[f64]) -> Result<Self, String> {
        let is_bottom = |row: &[f64]| row.iter().zip([0.0, 0.0, 0.0, 1.0]).all(|(a, b)| (a - b).abs() < 1e-9);
        let (rows, bottom) = numbers.split_at_checked(12).ok_or("expected 12 or 16 numbers, row after row")?;
        if !(bottom.is_empty() || bottom.len() == 4 && is_bottom(bottom)) {
            return Err("expected 12 or 16 numbers, row after row, of which the last four are 0, 0, 0, 1".to_owned());
        }
        let row = |i: usize| DVec3::new(rows[4 * i], rows[4 * i + 1], rows[4 * i + 2]);
        let matrix = DMat3::from_cols(row(0), row(1), row(2)).transpose();
        let scale = matrix.determinant().cbrt();
        let rotation = matrix * scale.recip();
        let translation = DVec3::new(rows[3], rows[7], rows[11]);
        let is_good = scale > 0.0 && scale.is_normal() && translation.is_finite() && rotation_error(rotation) < 1e-4;
        if !is_good {
            return Err(
                "expected a rotation with the same scale along all axes, not mirrored, and a translation".to_owned()
            );
        }
        Ok(Self { scale, rotation: nearest_rotation(rotation), translation })
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        *self == Self::IDENTITY
    }

    /// The place that a point of the world moves to.
    #[must_use]
    pub fn point(&self, point: DVec3) -> DVec3 {
        self.scale * (self.rotation * point) + self.translation
    }

    /// The scene after the transform. Spherical harmonics turn along; places far from the origin of the world get an origin of
    /// their own.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
    pub fn scene(&self, scene: &Scene) -> Scene {
        let mut moved = scene.clone();
        let place = self.point(scene.origin);
        let radius = self.scale * Extent::of_scene(scene).radius();
        moved.origin = if place.length() > FAR * radius { place.as_vec3().as_dvec3() } else { DVec3::ZERO };
        let offset = place - moved.origin;
        for point in moved.params.points.chunks_exact_mut(3) {
            let from = DVec3::new(point[0].into(), point[1].into(), point[2].into());
            let to = self.scale * (self.rotation * from) + offset;
            point.copy_from_slice(&to.as_vec3().to_array());
        }
        // Depth grows with the scale; both factors that it is multiplied by become smaller.
        let shift = self.scale.ln() as f32;
        let shapes = moved.params.log_delta.iter_mut().chain(&mut moved.params.log_sigma);
        shapes.for_each(|value| *value -= shift);
        if self.rotation != DMat3::IDENTITY {
            rotate_harmonics(&mut moved, self.rotation);
        }
        moved
    }

    /// What a file says about the scene after the transform.
    #[must_use]
    pub fn metadata(&self, metadata: &Metadata) -> Metadata {
        let similarity = metadata.normalised_from_world.map(|Similarity { scale, centre }| Similarity {
            scale: scale / self.scale,
            centre: self.point(DVec3::from_array(centre)).to_array(),
        });
        let moved = |view: StartView| view.moved(|place| self.point(place), |up| self.rotation * up);
        let mut metadata = metadata.clone();
        metadata.bookmarks.iter_mut().for_each(|bookmark| bookmark.view = moved(bookmark.view));
        Metadata { normalised_from_world: similarity, start_view: metadata.start_view.map(moved), ..metadata }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "scenes are stored in f32")]
fn rotate_harmonics(scene: &mut Scene, rotation: DMat3) {
    let matrix = harmonics_matrix(rotation);
    for row in scene.params.sh.chunks_exact_mut(3 * SH_COEFFS) {
        let before: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
        for (j, weights) in matrix.iter().enumerate().skip(1) {
            for channel in 0..3 {
                let sum = weights.iter().enumerate().map(|(k, weight)| weight * before[3 * k + channel]);
                row[3 * j + channel] = sum.sum::<f64>() as f32;
            }
        }
    }
}

/// The matrix M of `Y_k(R⁻¹ d) = Σ_j M_jk Y_j(d)`: the integral of `Y_j(d) · Y_k(R⁻¹ d)` over the sphere. The products are
/// polynomials of degree six at most, for which four Gauss-Legendre heights with eight directions each are exact.
fn harmonics_matrix(rotation: DMat3) -> [[f64; SH_COEFFS]; SH_COEFFS] {
    const HEIGHTS: [(f64, f64); 2] =
        [(0.339_981_043_584_856_3, 0.652_145_154_862_546_1), (0.861_136_311_594_052_6, 0.347_854_845_137_453_9)];
    const TURNS: u32 = 8;
    let mut matrix = [[0.0; SH_COEFFS]; SH_COEFFS];
    let heights = HEIGHTS.into_iter().flat_map(|(z, weight)| [(z, weight), (-z, weight)]);
    for ((z, weight), turn) in heights.flat_map(|height| (0..TURNS).map(move |turn| (height, turn))) {
        let angle = std::f64::consts::TAU * f64::from(turn) / f64::from(TURNS);
        let level = (1.0 - z * z).sqrt();
        let direction = DVec3::new(level * angle.cos(), level * angle.sin(), z);
        let after: [f64; SH_COEFFS] = sh::basis(direction.to_array());
        let before: [f64; SH_COEFFS] = sh::basis((rotation.transpose() * direction).to_array());
        let weight = weight * std::f64::consts::TAU / f64::from(TURNS);
        for (row, after) in matrix.iter_mut().zip(after) {
            row.iter_mut().zip(before).for_each(|(value, before)| *value += weight * after * before);
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use glam::DQuat;

    use super::*;

    fn rotation() -> DMat3 {
        DMat3::from_quat(DQuat::from_xyzw(0.3, -0.5, 0.2, 0.8).normalize())
    }

    #[test]
    fn turned_harmonics_show_the_same_colour_in_the_turned_direction() {
        let mut scene = Scene::empty(3, 3);
        let sh: Vec<f32> = (0..48u16).map(|i| f32::from(i * 37 % 50) / 50.0 - 0.4).collect();
        scene.params.sh = sh.clone();
        rotate_harmonics(&mut scene, rotation());
        let widen = |sh: &[f32]| sh.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
        for degree in 0..=3 {
            for direction in [DVec3::X, DVec3::new(1.0, -2.0, 0.5).normalize(), DVec3::new(-0.2, 0.3, -1.0).normalize()]
            {
                let before = sh::colour(&widen(&sh), degree, direction.to_array());
                let after = sh::colour(&widen(&scene.params.sh), degree, (rotation() * direction).to_array());
                // The coefficients are rounded to f32.
                assert!(before.iter().zip(after).all(|(a, b)| (a - b).abs() < 1e-6), "{degree}: {before:?} {after:?}");
            }
        }
    }

    #[test]
    fn matrices_are_a_scale_a_rotation_and_a_translation() {
        let wanted = WorldTransform { scale: 2.5, rotation: rotation(), translation: DVec3::new(1.0, -2.0, 3e5) };
        let m = wanted.rotation.transpose().to_cols_array().map(|value| 2.5 * value);
        let rows = [m[0], m[1], m[2], 1.0, m[3], m[4], m[5], -2.0, m[6], m[7], m[8], 3e5];
        for numbers in [&rows[..], &[&rows[..], &[0.0, 0.0, 0.0, 1.0]].concat()] {
            let found = WorldTransform::of_matrix(numbers).unwrap();
            assert!(
                (found.scale - 2.5).abs() < 1e-12 && found.rotation.abs_diff_eq(wanted.rotation, 1e-12),
                "{found:?}"
            );
            assert_eq!(found.translation, wanted.translation);
        }
        let with = |place: usize, value: f64| {
            let mut numbers = rows;
            numbers[place] = value;
            WorldTransform::of_matrix(&numbers)
        };
        assert!(with(0, 9.0).is_err() && with(3, f64::NAN).is_err());
        assert!(WorldTransform::of_matrix(&rows.map(|value| -value)).is_err(), "mirrored");
        assert!(WorldTransform::of_matrix(&rows[..9]).is_err());
        assert!(WorldTransform::of_matrix(&[&rows[..], &[0.0; 4]].concat()).is_err());
    }
}
