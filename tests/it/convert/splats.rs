//! Gaussians that stand for convexes.

use std::f64::consts::PI;

use glam::{DMat3, DQuat, DVec3};
use lapidary::convert::{
    self,
    gaussians::{Gaussian, gaussian},
};
use lapidary::scene::{Params, Scene};

use super::{chance_scene, converted, end_of_header, folder_with_scene};

/// One convex of these points with sharp borders.
fn sharp(points: &[[f32; 3]], opacity: f32) -> Scene {
    let mut scene = Scene::empty(points.len(), 0);
    scene.push(Params {
        points: points.as_flattened(),
        log_delta: &[8.0],
        log_sigma: &[8.0],
        raw_opacity: &[(opacity / (1.0 - opacity)).ln()],
        sh: &[0.0; 48],
    });
    scene
}

fn octahedron(centre: [f32; 3], radii: [f32; 3]) -> Vec<[f32; 3]> {
    let corner = |(axis, sign): (usize, f32)| {
        let mut corner = centre;
        corner[axis] += sign * radii[axis];
        corner
    };
    [(0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0), (2, 1.0), (2, -1.0)].map(corner).to_vec()
}

#[test]
fn a_gaussian_covers_what_its_convex_covers() {
    // Seen along an axis the octahedron is a square of area 1/2.
    for opacity in [0.1f32, 0.5, 0.9] {
        let gaussian = gaussian(&sharp(&octahedron([1.0, 2.0, 3.0], [0.5; 3]), opacity), 0).unwrap();
        assert!(gaussian.mean.distance(DVec3::new(1.0, 2.0, 3.0)) < 1e-6 && gaussian.opacity < 1.0);
        let [x, y, z] = gaussian.deviation.to_array();
        for area in [x * y, y * z, z * x] {
            let sum = std::f64::consts::TAU * gaussian.opacity * area;
            // The steps across a sharp border are what is left.
            assert!((sum / (0.5 * f64::from(opacity)) - 1.0).abs() < 0.02, "{sum}");
        }
    }
}

#[test]
fn a_long_convex_becomes_a_long_gaussian_along_it() {
    let Gaussian { rotation, deviation, .. } =
        gaussian(&sharp(&octahedron([0.0; 3], [2.0, 0.5, 0.1]), 0.4), 0).unwrap();
    let axes = DMat3::from_quat(rotation);
    let along = |direction: DVec3| (0..3).map(|i| (axes.col(i).dot(direction) * deviation[i]).powi(2)).sum::<f64>();
    let [x, y, z] = DVec3::AXES.map(|axis| along(axis).sqrt());
    assert!((x / y - 4.0).abs() < 0.05 && (y / z - 5.0).abs() < 0.05, "{x} {y} {z}");
}

#[test]
fn moving_turning_and_scaling_a_convex_does_the_same_to_its_gaussian() {
    let scene = chance_scene(20, 6);
    let turn = DQuat::from_euler(glam::EulerRot::XYZ, 0.3, 1.0, -2.0);
    let mut moved = scene.clone();
    for point in moved.params.points.chunks_exact_mut(3) {
        let p = 3.0 * (turn * DVec3::new(point[0].into(), point[1].into(), point[2].into())) + DVec3::Y;
        point.copy_from_slice(&p.as_vec3().to_array());
    }
    // The product of delta and sigma multiplies the product of two lengths.
    moved.params.log_delta.iter_mut().for_each(|value| *value -= 2.0 * 3f32.ln());
    for i in 0..scene.len() {
        let (before, after) = (gaussian(&scene, i).unwrap(), gaussian(&moved, i).unwrap());
        let size = after.deviation.max_element();
        assert!((3.0 * (turn * before.mean) + DVec3::Y).distance(after.mean) < 1e-3 * size);
        assert!((before.opacity - after.opacity).abs() < 1e-3);
        let sorted = |gaussian: Gaussian| {
            let mut deviation = gaussian.deviation.to_array();
            deviation.sort_by(f64::total_cmp);
            DVec3::from(deviation)
        };
        assert!((3.0 * sorted(before) - sorted(after)).length() < 1e-3 * size);
    }
}

#[test]
fn flat_and_invisible_convexes_are_left_out_of_gaussians() {
    let square = [[0.0, 0.0, 2.0], [1.0, 0.0, 2.0], [1.0, 1.0, 2.0], [0.0, 1.0, 2.0]];
    let flat = gaussian(&sharp(&square, 0.5), 0).unwrap();
    assert!(flat.deviation.min_element() < 2e-3 * flat.deviation.max_element());
    assert_eq!(gaussian(&sharp(&[[1.0; 3]; 6], 0.5), 0), None);
    assert_eq!(gaussian(&sharp(&octahedron([0.0; 3], [1.0; 3]), 0.001), 0), None);
    let mut extreme = sharp(&octahedron([0.0; 3], [1.0; 3]), 0.5);
    for (log_delta, log_sigma) in [(80.0, 80.0), (-80.0, -80.0), (800.0, 800.0), (-800.0, -800.0), (0.0, -3.0)] {
        (extreme.params.log_delta[0], extreme.params.log_sigma[0]) = (log_delta, log_sigma);
        if let Some(gaussian) = gaussian(&extreme, 0) {
            assert!(gaussian.mean.is_finite() && gaussian.deviation.is_finite() && gaussian.opacity < 1.0);
        }
    }
}

#[test]
fn columns_are_those_that_splat_viewers_read() {
    let scene = chance_scene(9, 6);
    let (_folder, path) = folder_with_scene(&scene);
    let bytes = std::fs::read(converted(&path, "splats.ply", &["--gaussians"])).unwrap();
    let end = end_of_header(&bytes);
    let header = std::str::from_utf8(&bytes[..end]).unwrap();
    assert!(header.starts_with("ply\nformat binary_little_endian 1.0\n") && header.contains("element vertex 9\n"));
    let names: Vec<&str> = header.lines().filter_map(|line| line.strip_prefix("property float ")).collect();
    assert_eq!(names.len(), 62);
    assert_eq!(names[..9], ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]);
    let last = ["f_rest_44", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"];
    assert_eq!(names[53..], last);
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes[end..]);
    assert_eq!(values.len(), 9 * 62);
    let column = |name: &str| names.iter().position(|other| *other == name).unwrap();
    for (i, row) in values.chunks(62).enumerate() {
        let sh = &scene.params.sh[48 * i..48 * (i + 1)];
        // Coefficient 2 of blue is the second of the third block of 15; coefficient 9 is above degree 2.
        let found = ["f_dc_1", "f_rest_31", "f_rest_8"].map(|name| row[column(name)].to_bits());
        assert_eq!(found, [sh[1], sh[2 * 3 + 2], 0.0].map(f32::to_bits));
        let expected = gaussian(&scene, i).unwrap();
        let [w, x, y, z] = [0, 1, 2, 3].map(|k| f64::from(row[column("rot_0") + k]));
        assert!((DQuat::from_xyzw(x, y, z, w).dot(expected.rotation).abs() - 1.0).abs() < 1e-5);
        assert!((f64::from(row[column("scale_2")]).exp() / expected.deviation.z - 1.0).abs() < 1e-5);
        assert!((1.0 / (1.0 + f64::from(-row[column("opacity")]).exp()) - expected.opacity).abs() < 1e-5);
    }
}

/// A Gaussian becomes the octahedron of its axes, √π deviations to either side; opacity and colours stay.
#[test]
fn gaussians_become_the_octahedra_of_their_axes() {
    let (_folder, path) = folder_with_scene(&chance_scene(9, 6));
    let file = converted(&path, "gaussians.ply", &["--gaussians"]);
    let read = convert::read(&file, None).unwrap().0;
    let given = chance_scene(9, 6);
    assert_eq!((read.len(), read.points_per_convex, read.sh_degree), (9, 6, 3));
    for i in 0..9 {
        let before = gaussian(&given, i).unwrap();
        let points: Vec<DVec3> = (0..6).map(|k| DVec3::from(read.point(i, k).map(f64::from))).collect();
        let size = before.deviation.max_element();
        let reach = PI.sqrt() * before.deviation;
        for axis in [DVec3::X * reach.x, DVec3::Y * reach.y, DVec3::Z * reach.z] {
            for end in [axis, -axis].map(|axis| before.mean + before.rotation * axis) {
                let nearest = points.iter().map(|point| point.distance(end)).fold(f64::INFINITY, f64::min);
                assert!(nearest < 1e-4 * size, "{end} is {nearest} from {points:?}");
            }
        }
        let opacity = 1.0 / (1.0 + (-f64::from(read.params.raw_opacity[i])).exp());
        assert!((opacity - before.opacity).abs() < 1e-5, "{opacity} {before:?}");
    }
    // The scene has degree 2: nine coefficients of three channels.
    let used = |scene: &Scene| -> Vec<f32> { scene.params.sh.chunks(48).flat_map(|sh| &sh[..27]).copied().collect() };
    assert_eq!(used(&read), used(&given));
}

#[test]
fn gaussians_without_finite_values_are_left_out_and_counted() {
    let (_folder, path) = folder_with_scene(&chance_scene(9, 6));
    let file = converted(&path, "gaussians.ply", &["--gaussians"]);
    let whole = std::fs::read(&file).unwrap();
    let end = end_of_header(&whole);
    let mut bytes = whole.clone();
    // Columns: the place is the first, the sizes and the rotation are the last seven.
    for (row, column, value) in [(1, 0, f32::NAN), (4, 55, f32::NEG_INFINITY), (7, 54, f32::INFINITY)] {
        let at = end + 4 * (62 * row + column);
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    bytes[end + 4 * (62 * 8 + 58)..end + 4 * 62 * 9].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    let (read, about) = convert::read(&file, None).unwrap();
    assert_eq!((read.len(), about.left_out), (5, 4));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lapidary"))
        .args(["convert", crate::cli::text(&file), crate::cli::text(&path.with_file_name("out.safetensors"))])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("4 of 9 Gaussians are left out"), "{said}");
    bytes[end..].fill(0xff);
    std::fs::write(&file, &bytes).unwrap();
    assert!(convert::read(&file, None).unwrap_err().to_string().contains("none of its 9 Gaussians"));
}
