//! Pictures of all directions: six pinholes each.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;
use std::time::{Duration, Instant};

use glam::{DMat3, DQuat, DVec3};
use lapidary::dataset::{PictureCache, Split};

use super::*;

/// A panorama whose colours say the direction in the world in which each pixel looks. `world_from_camera` has the axes of
/// the layout; `ahead` and `down` are what the camera's z and y are in it.
fn panorama(world_from_camera: DMat3, [ahead, down]: [DVec3; 2], width: u32) -> RgbImage {
    let right = down.cross(ahead);
    RgbImage::from_fn(width, width / 2, |x, y| {
        let around = TAU * ((f64::from(x) + 0.5) / f64::from(width) - 0.5);
        let fallen = PI * ((f64::from(y) + 0.5) / f64::from(width / 2) - 0.5);
        let level = right * around.sin() + ahead * around.cos();
        colour(world_from_camera * (level * fallen.cos() + down * fallen.sin()))
    })
}

fn colour(direction: DVec3) -> Rgb<u8> {
    Rgb((127.5 + 127.5 * direction).round().to_array().map(|value| value as u8))
}

/// A COLMAP model of panorama `names`, all with the same pose.
fn write_panoramas(folder: &Path, names: &[&str], view_from_world: DQuat) {
    let DQuat { x, y, z, w } = view_from_world;
    write(&folder.join("sparse/0/cameras.txt"), "1 EQUIRECTANGULAR 256 128 256 128\n");
    let line = |name: &&str| format!("1 {w} {x} {y} {z} 0 0 3 1 {name}\n\n");
    write(&folder.join("sparse/0/images.txt"), names.iter().map(line).collect::<String>());
    std::fs::create_dir_all(folder.join("images")).unwrap();
    let world_from_view = DMat3::from_quat(view_from_world).transpose();
    for name in names {
        panorama(world_from_view, [DVec3::Z, DVec3::Y], 256).save(folder.join("images").join(name)).unwrap();
    }
}

/// Every pixel of every face has the colour of the direction in which its camera says that it looks.
fn assert_directions(dataset: &Dataset) {
    for (i, view) in dataset.views.iter().enumerate() {
        let (picture, camera) = (dataset.load(i).unwrap(), view.camera);
        assert_eq!((picture.width, picture.height), (82, 82), "256 / π, rounded up");
        for (j, pixel) in picture.pixels.iter().enumerate() {
            let at = glam::DVec2::new((j % 82) as f64 + 0.5, (j / 82) as f64 + 0.5);
            let expected = colour(camera.ray(at).normalize()).0;
            // Colours change by up to 127.5 · 2π / 256 = 3.2 a pixel, bilinear means are off by far less.
            let off = (0..3).map(|k| pixel[k].abs_diff(expected[k])).max().unwrap();
            assert!(off <= 2 && pixel[3] == 255, "{}: {at} is {pixel:?}, not {expected:?}", view.name);
        }
    }
}

#[test]
fn the_six_faces_of_colmaps_panoramas_look_where_their_cameras_say() {
    let folder = tempfile::tempdir().unwrap();
    let view_from_world = DQuat::from_xyzw(0.3, -0.5, 0.2, 0.7).normalize();
    write_panoramas(folder.path(), &["a.png"], view_from_world);
    let dataset = open(folder.path());
    let names: Vec<&str> = dataset.views.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["a.back.png", "a.down.png", "a.front.png", "a.left.png", "a.right.png", "a.up.png"]);
    let note = "1 image of all directions is cut into 6 pinholes of 90°";
    assert!(dataset.notes.iter().any(|found| found.contains(note)), "{:?}", dataset.notes);
    assert!(dataset.views.iter().all(|view| !view.is_distorted() && view.camera_model() == "EQUIRECTANGULAR"));
    let axes = [DVec3::NEG_Z, DVec3::Y, DVec3::Z, DVec3::NEG_X, DVec3::X, DVec3::NEG_Y];
    for (view, axis) in dataset.views.iter().zip(axes) {
        let ahead = view_from_world * view.camera.ray(glam::DVec2::splat(41.0));
        assert!((ahead - axis).length() < 1e-9, "{} looks along {ahead}", view.name);
    }
    assert_directions(&dataset);
}

#[test]
fn the_six_faces_of_nerfstudios_panoramas_look_where_their_cameras_say() {
    let folder = tempfile::tempdir().unwrap();
    let world_from_camera = DMat3::from_quat(DQuat::from_xyzw(0.1, 0.8, -0.3, 0.4).normalize());
    let rows = world_from_camera.transpose().to_cols_array_2d();
    let row = |i: usize| format!("[{}, {}, {}, {i}]", rows[i][0], rows[i][1], rows[i][2]);
    let pose = format!("[{}, {}, {}, [0, 0, 0, 1]]", row(0), row(1), row(2));
    let frame = format!("{{\"file_path\": \"images/a.png\", \"transform_matrix\": {pose}}}");
    let json = format!("{{\"camera_model\": \"EQUIRECTANGULAR\", \"fl_x\": 128, \"frames\": [{frame}]}}");
    write(&folder.path().join("transforms.json"), json);
    std::fs::create_dir_all(folder.path().join("images")).unwrap();
    panorama(world_from_camera, [DVec3::NEG_Z, DVec3::NEG_Y], 256).save(folder.path().join("images/a.png")).unwrap();
    assert_directions(&open(folder.path()));
}

#[test]
fn the_faces_of_a_panorama_are_held_back_together() {
    let folder = tempfile::tempdir().unwrap();
    write_panoramas(folder.path(), &["a.png", "b.png", "c.png"], DQuat::IDENTITY);
    let held_back = |options: &DatasetOptions| {
        let dataset = Dataset::open(folder.path(), options).unwrap();
        let names = dataset.indices(Split::Test).map(|i| dataset.views[i].listed_name()).collect::<Vec<_>>();
        assert!(names.windows(2).all(|pair| pair[0] == pair[1]), "{names:?}");
        (names[0].clone(), names.len())
    };
    assert_eq!(held_back(&DatasetOptions::default()), ("a.png".into(), 6));
    let file = folder.path().join("test.txt");
    write(&file, "b\n");
    assert_eq!(held_back(&DatasetOptions { split_file: Some(file), ..DatasetOptions::default() }), ("b.png".into(), 6));
}

#[test]
fn masks_of_panoramas_are_cut_like_them() {
    let folder = tempfile::tempdir().unwrap();
    write_panoramas(folder.path(), &["a.png"], DQuat::IDENTITY);
    std::fs::create_dir_all(folder.path().join("masks")).unwrap();
    // What is right of straight ahead does not count.
    let half = image::GrayImage::from_fn(256, 128, |x, _| image::Luma([if x < 128 { 255 } else { 0 }]));
    half.save(folder.path().join("masks/a.png")).unwrap();
    let dataset = open(folder.path());
    let part = |name: &str| {
        let i = dataset.views.iter().position(|view| view.name == name).unwrap();
        let pixels = dataset.load(i).unwrap().pixels;
        pixels.iter().map(|pixel| f64::from(pixel[3])).sum::<f64>() / 255.0 / pixels.len() as f64
    };
    assert_eq!([part("a.left.png"), part("a.right.png")], [1.0, 0.0]);
    for half in ["front", "back", "up", "down"].map(|face| part(&format!("a.{face}.png"))) {
        assert!((half - 0.5).abs() < 0.02, "{half}");
    }
}

#[test]
fn a_panorama_is_decoded_once_for_its_six_faces() {
    let folder = tempfile::tempdir().unwrap();
    write_panoramas(folder.path(), &["a.png", "b.png"], DQuat::IDENTITY);
    let dataset = Arc::new(open(folder.path()));
    let cache = PictureCache::new(Arc::clone(&dataset), u64::MAX, 1);
    let first = cache.get(0).unwrap();
    std::fs::remove_file(folder.path().join("images/a.png")).unwrap();
    let six = 6 * first.bytes();
    let start = Instant::now();
    while cache.usage().bytes < six && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(cache.usage().bytes, six, "the faces beside were cut without being asked for");
    for i in 1..6 {
        assert_eq!(*cache.get(i).unwrap(), dataset.load(i).unwrap());
    }
    assert!(dataset.load(6).is_ok(), "b.png");
    assert!(dataset.load(0).is_err(), "no more than one panorama is kept");
}
