//! Poses as programs write them: rotation and translation, but also scaled, homogeneous, or rounded to few digits.

use glam::{DAffine3, DMat3, DVec3};

use crate::camera::{nearest_rotation, rotation_error};
use crate::text::{are, counted};

/// Matrices that are no further off from a rotation, as f32 leaves them, are used as they are.
const EXACT: f64 = 1e-5;

/// Matrices that are further off from a rotation are worth a word.
const QUIET: f64 = 1e-3;

/// Matrices that are further off are no rotations: numbers of two digits leave 0.017.
const NEAR: f64 = 2e-2;

/// OpenGL and OpenCV cameras differ by the signs of y and z.
pub(super) const OPENGL_FROM_OPENCV: DVec3 = DVec3::new(1.0, -1.0, -1.0);

/// The rotation and translation that a matrix of a `transforms.json` means, and how it was repaired.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RigidPose {
    /// The pose, in the axes of [`Camera`](crate::camera::Camera).
    pub view_from_world: DAffine3,
    /// The last number of a homogeneous matrix, by which all others were divided; 1 in most files.
    pub divided_by: f64,
    /// The common scale that was taken from the rotation; 1 in most files. It does not move the camera.
    pub scale: f64,
    /// How far the rest was off: the largest number of R·Rᵀ − 1.
    pub off: f64,
}

impl RigidPose {
    /// Reads `world_from_camera`, row-major, in OpenGL axes.
    ///
    /// # Errors
    /// A sentence that says why the matrix is no pose: it mirrors, shears, scales unequally, and the like.
    pub fn of(world_from_opengl: &[[f64; 4]; 4]) -> Result<Self, String> {
        if !world_from_opengl.as_flattened().iter().all(|value| value.is_finite()) {
            return Err("transform_matrix holds a value that is not finite".to_owned());
        }
        let divided_by = last_number(world_from_opengl)?;
        let [x, y, z, _] = world_from_opengl.map(|row| row.map(|value| value / divided_by));
        let axes = DMat3::from_cols_array_2d(&[x, y, z].map(|[a, b, c, _]| [a, b, c])).transpose();
        let (rotation, scale, off) = rotation(axes)?;
        let position = DVec3::new(x[3], y[3], z[3]);
        let view_from_world = (rotation * DMat3::from_diagonal(OPENGL_FROM_OPENCV)).transpose();
        let view_from_world = DAffine3::from_mat3_translation(view_from_world, -(view_from_world * position));
        Ok(Self { view_from_world, divided_by, scale, off })
    }
}

/// The number that a homogeneous matrix is divided by.
fn last_number(matrix: &[[f64; 4]; 4]) -> Result<f64, String> {
    let [x, y, z, last] = *matrix;
    let [a, b, c, number] = last;
    if number != 0.0 && [a, b, c].iter().all(|value| value.abs() <= 1e-6 * number.abs()) {
        return Ok(number);
    }
    let is_transposed = [x, y, z].iter().all(|row| row[3] == 0.0) && number != 0.0;
    let hint = if is_transposed { "; it seems to be transposed" } else { "" };
    Err(format!("the last row of transform_matrix is {last:?}, expected [0, 0, 0, 1]{hint}"))
}

/// The nearest rotation of a matrix with three axes as columns, its scale, and how far off it was without that.
fn rotation(axes: DMat3) -> Result<(DMat3, f64, f64), String> {
    let lengths = [axes.x_axis, axes.y_axis, axes.z_axis].map(DVec3::length);
    let [a, b, c] = lengths;
    let determinant = axes.determinant();
    if determinant.abs() <= 1e-6 * a * b * c {
        return Err(format!(
            "the axes of transform_matrix lie in a plane; their lengths are {a:.4}, {b:.4} and {c:.4}"
        ));
    }
    if determinant < 0.0 {
        return Err(format!("transform_matrix mirrors space, its determinant is {determinant:.4}"));
    }
    let scale = determinant.cbrt();
    let off = rotation_error(axes);
    if off <= EXACT {
        return Ok((axes, 1.0, off));
    }
    let unscaled = axes * (1.0 / scale);
    let off = rotation_error(unscaled);
    if off > NEAR {
        let (longest, shortest) = (a.max(b).max(c), a.min(b).min(c));
        return Err(if longest > (1.0 + NEAR / 2.0) * shortest {
            format!("the axes of transform_matrix have the lengths {a:.4}, {b:.4} and {c:.4}, expected one length")
        } else {
            format!("the axes of transform_matrix are not at right angles, the cosine of two is {off:.4}")
        });
    }
    Ok((if off <= EXACT { unscaled } else { nearest_rotation(unscaled) }, scale, off))
}

/// Counts of the repairs of the poses of a file.
#[derive(Debug, Default)]
pub(super) struct PoseRepairs {
    homogeneous: usize,
    scales: Vec<f64>,
    rough: usize,
    worst: f64,
}

impl PoseRepairs {
    pub(super) fn add(&mut self, pose: &RigidPose) {
        self.homogeneous += usize::from((pose.divided_by - 1.0).abs() > EXACT);
        self.scales.extend(Some(pose.scale).filter(|scale| (scale - 1.0).abs() > QUIET));
        self.rough += usize::from(pose.off > QUIET);
        self.worst = self.worst.max(pose.off);
    }

    /// A sentence for each kind.
    pub(super) fn notes(&self, file: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if self.homogeneous > 0 {
            let (poses, are) = (counted(self.homogeneous, "pose"), are(self.homogeneous));
            notes.push(format!("{poses} of {file} {are} homogeneous and {are} divided by the last number"));
        }
        let (least, most) = self.scales.iter().fold((f64::INFINITY, 0.0f64), |(a, b), s| (a.min(*s), b.max(*s)));
        if !self.scales.is_empty() {
            let by = if most - least < QUIET { format!("{least:.3}") } else { format!("{least:.3} to {most:.3}") };
            let (poses, are) = (counted(self.scales.len(), "pose"), are(self.scales.len()));
            notes.push(format!("{poses} of {file} {are} scaled by {by}; the scale is taken out"));
        }
        if self.rough > 0 {
            let (poses, are, worst) = (counted(self.rough, "pose"), are(self.rough), self.worst);
            notes.push(format!(
                "{poses} of {file} {are} only roughly rotations (off by up to {worst:.3}); the nearest rotations are used"
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use glam::{DMat4, DQuat};

    use super::*;

    fn matrix() -> DMat4 {
        DMat4::from_rotation_translation(DQuat::from_xyzw(0.1, -0.5, 0.3, 0.8).normalize(), DVec3::new(3.0, -7.0, 2.5))
    }

    fn read(matrix: DMat4) -> Result<RigidPose, String> {
        RigidPose::of(&matrix.transpose().to_cols_array_2d())
    }

    fn changed(axes: DMat3) -> DMat4 {
        let moved = DMat3::from_mat4(matrix()) * axes;
        DMat4::from_cols(moved.x_axis.extend(0.0), moved.y_axis.extend(0.0), moved.z_axis.extend(0.0), matrix().w_axis)
    }

    #[test]
    fn homogeneous_and_scaled_matrices_are_the_same_pose() {
        let plain = read(matrix()).unwrap();
        assert_eq!((plain.scale, plain.divided_by), (1.0, 1.0));
        let homogeneous = read(matrix() * (1.0 / 844.0)).unwrap();
        assert!(homogeneous.view_from_world.abs_diff_eq(plain.view_from_world, 1e-12));
        assert!((homogeneous.divided_by - 1.0 / 844.0).abs() < 1e-12);
        let scaled = read(changed(DMat3::from_diagonal(DVec3::splat(1.5)))).unwrap();
        assert!(scaled.view_from_world.abs_diff_eq(plain.view_from_world, 1e-12), "the camera does not move");
        assert!((scaled.scale - 1.5).abs() < 1e-12);
        let mut repairs = PoseRepairs::default();
        [plain, homogeneous, scaled].iter().for_each(|pose| repairs.add(pose));
        let notes = repairs.notes("a.json");
        assert!(notes[0].starts_with("1 pose of a.json is homogeneous"), "{notes:?}");
        assert!(notes[1].starts_with("1 pose of a.json is scaled by 1.500") && notes.len() == 2, "{notes:?}");
    }

    #[expect(clippy::cast_possible_truncation, reason = "as files of single precision have them")]
    #[test]
    fn rounded_rotations_become_rotations_and_exact_ones_keep_their_bits() {
        let plain = read(matrix()).unwrap();
        for digits in [2, 3, 4] {
            let unit = 10f64.powi(digits);
            let rounded = DMat4::from_cols_array(&matrix().to_cols_array().map(|value| (value * unit).round() / unit));
            let pose = read(rounded).unwrap();
            let rotation = pose.view_from_world.matrix3;
            assert!((rotation * rotation.transpose()).abs_diff_eq(DMat3::IDENTITY, 1e-14), "{digits}");
            assert!(rotation.abs_diff_eq(plain.view_from_world.matrix3, 1.0 / unit));
            let mut repairs = PoseRepairs::default();
            repairs.add(&pose);
            assert_eq!(repairs.notes("a").len(), usize::from(digits == 2), "{digits}");
        }
        let single = DMat4::from_cols_array(&matrix().to_cols_array().map(|value| f64::from(value as f32)));
        let kept = DMat3::from_mat4(single) * DMat3::from_diagonal(OPENGL_FROM_OPENCV);
        assert_eq!(read(single).unwrap().view_from_world.matrix3, kept.transpose());
    }

    #[test]
    fn matrices_that_are_no_poses_are_refused_with_the_reason() {
        let with_row = |row: [f64; 4]| {
            let mut rows = matrix().transpose().to_cols_array_2d();
            rows[3] = row;
            DMat4::from_cols_array_2d(&rows).transpose()
        };
        for (wrong, parts) in [
            (changed(DMat3::from_diagonal(DVec3::new(1.0, 1.0, -1.0))), &["mirrors", "-1.0000"][..]),
            (changed(DMat3::from_diagonal(DVec3::new(2.0, 1.0, 1.0))), &["lengths 2.0000, 1.0000 and 1.0000"]),
            (changed(DMat3::from_diagonal(DVec3::new(1.0, 1.0, 0.0))), &["in a plane"]),
            (changed(DMat3::from_cols(DVec3::X, DVec3::new(0.1, 0.995, 0.0), DVec3::Z)), &["right angles"]),
            (with_row([0.0, 0.0, 0.0, 0.0]), &["last row", "0.0, 0.0, 0.0, 0.0"]),
            (with_row([0.0, 0.5, 0.0, 1.0]), &["last row", "0.5"]),
            (matrix().transpose(), &["transposed"]),
            (with_row([0.0, 0.0, f64::NAN, 1.0]), &["not finite"]),
        ] {
            let message = read(wrong).unwrap_err();
            assert!(parts.iter().all(|part| message.contains(part)), "{message} lacks one of {parts:?}");
        }
    }
}
