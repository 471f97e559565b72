//! The `transforms.json` family.

use glam::DVec3;
use lapidary::dataset::{DatasetFormat, Split};

use super::*;

const POSE: &str = r#""transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,5],[0,0,0,1]]"#;

/// A file with a frame for each of these, which may bring fields of their own.
fn transforms(shared: &str, frames: &[String]) -> String {
    let frames: Vec<String> = frames.iter().map(|frame| format!("{{{frame}, {POSE}}}")).collect();
    format!("{{{shared} \"frames\": [{}]}}", frames.join(","))
}

fn path(name: &str) -> String {
    format!("\"file_path\": \"{name}\"")
}

#[test]
fn blender_files_say_what_is_for_testing_and_names_lack_extensions() {
    let folder = tempfile::tempdir().unwrap();
    let angle = "\"camera_angle_x\": 1.5707963267948966,";
    for (file, names) in [("train", ["./train/r_0", "./train/r_1"]), ("val", ["./val/r_0", "./val/r_1"])] {
        write(&folder.path().join(format!("transforms_{file}.json")), transforms(angle, &names.map(path)));
    }
    for name in ["train/r_0.png", "train/r_1.JPG", "val/r_0.png", "val/r_1.webp"] {
        write_picture(&folder.path().join(name), 40, 30);
    }
    let dataset = open(folder.path());
    assert_eq!(dataset.kind, DatasetFormat::Blender);
    let is_test: Vec<bool> = dataset.views.iter().map(|view| view.split == Split::Test).collect();
    assert_eq!(is_test, [false, false, true, true]);
    let camera = dataset.views[0].camera;
    assert!((camera.intrinsics.fx - 20.0).abs() < 1e-9 && (camera.intrinsics.cy - 15.0).abs() < 1e-9);
    assert!((camera.position() - DVec3::new(0.0, 0.0, 5.0)).length() < 1e-12);
    let ahead = camera.view_from_world.transform_point3(DVec3::ZERO);
    assert!((ahead - DVec3::new(0.0, 0.0, 5.0)).length() < 1e-12, "an OpenGL camera looks along −z: {ahead}");
    write(&folder.path().join("transforms_test.json"), transforms(angle, &[path("val/r_0")]));
    let dataset = open(folder.path());
    assert_eq!(dataset.indices(Split::Test).count(), 1, "the test file goes before that for validation");
    assert!(dataset.notes.iter().any(|note| note.contains("transforms_val.json is not used")));
}

#[test]
fn frames_have_intrinsics_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let own = "\"fl_x\": 80, \"fl_y\": 81, \"cx\": 19, \"cy\": 14, \"w\": 40, \"h\": 30";
    let frames = [
        path("images/a.png"),
        format!("{}, {own}", path("images\\\\b.png")),
        format!("{}, \"k1\": 0.1, \"camera_model\": \"OPENCV_FISHEYE\"", path("images/c.png")),
        format!("{}, \"k1\": 0.1, \"k3\": 0.01", path("images/d.png")),
        format!("{}, \"k1\": 0.1, \"k4\": 0.01", path("images/e.png")),
        format!("{}, \"distortion_params\": [0.1, 0, 0, 0, 0.01, 0]", path("images/f.png")),
        format!("{}, \"k1\": 0.1, \"p1\": 0.01, \"is_fisheye\": true", path("images/g.png")),
        format!("{}, \"k4\": 0.1, \"k5\": 0.01, \"camera_model\": \"FULL_OPENCV\"", path("images/h.png")),
    ];
    let shared = "\"fl_x\": 50, \"fl_y\": 51.5, \"cx\": 21, \"cy\": 16, \"w\": 40.0, \"h\": 30.0, \"aabb_scale\": 4,";
    write(&folder.path().join("transforms.json"), transforms(shared, &frames));
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        write_picture(&folder.path().join(format!("images/{name}.png")), 40, 30);
    }
    let dataset = open(folder.path());
    let of = |i: usize| dataset.views[i].camera.intrinsics;
    assert_eq!((of(0).fx, of(0).fy, of(0).cx, of(0).cy), (50.0, 51.5, 21.0, 16.0));
    assert_eq!((of(1).fx, of(1).fy, of(1).cx, of(1).cy), (80.0, 81.0, 19.0, 14.0));
    let models: Vec<&str> = dataset.views.iter().map(|view| view.camera_model()).collect();
    let perspective = ["FULL_OPENCV", "OPENCV", "OPENCV", "THIN_PRISM_FISHEYE", "FULL_OPENCV"];
    assert_eq!(models, [&["PINHOLE", "PINHOLE", "OPENCV_FISHEYE"], perspective.as_slice()].concat());
    let distorted = dataset.views.iter().filter(|view| view.is_distorted()).count();
    assert_eq!(distorted, 6, "all but the first two");
    assert_eq!(dataset.indices(Split::Test).collect::<Vec<_>>(), [0]);
}

#[test]
fn missing_pictures_are_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let frames = ["images/a.png", "images/gone.png", "images/also gone"].map(path);
    write(&folder.path().join("transforms.json"), transforms("\"fl_x\": 50,", &frames));
    write_picture(&folder.path().join("images/a.png"), 40, 30);
    let dataset = open(folder.path());
    assert_eq!((dataset.views.len(), dataset.findings.missing_pictures), (1, 2));
    assert!(dataset.notes[0].contains("2 of 3 frames") && dataset.notes[0].contains("gone.png"), "{:?}", dataset.notes);
}

#[test]
fn lists_of_file_names_split_and_leave_out() {
    let folder = tempfile::tempdir().unwrap();
    let frames = ["images/a.png", "images/b.png", "images/c.png"].map(path);
    let lists = "\"fl_x\": 50, \"train_filenames\": [\"images/b.png\"], \"test_filenames\": [\"./images/c.png\"],";
    write(&folder.path().join("transforms.json"), transforms(lists, &frames));
    for name in ["a", "b", "c"] {
        write_picture(&folder.path().join(format!("images/{name}.png")), 40, 30);
    }
    let dataset = open(folder.path());
    let found: Vec<_> = dataset.views.iter().map(|view| (view.name.as_str(), view.split)).collect();
    assert_eq!(found, [("images/b.png", Split::Train), ("images/c.png", Split::Test)]);
    assert!(dataset.notes[0].starts_with("1 frame "), "{:?}", dataset.notes);
}

#[test]
fn a_split_file_overrides_the_dataset() {
    let split = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(split.path(), "# by hand\ntrain/0005.png\n\n test/0004\r\n").unwrap();
    let options = DatasetOptions { split_file: Some(split.path().into()), ..DatasetOptions::default() };
    let dataset = Dataset::open(&GEMS.path().join("transforms_train.json"), &options).unwrap();
    let test: Vec<&str> = dataset.indices(Split::Test).map(|i| dataset.views[i].name.as_str()).collect();
    assert_eq!(test, ["test/0004.png", "train/0005.png"]);
    std::fs::write(split.path(), "0004\n.\\Train\\0005.PNG\n").unwrap();
    let dataset = Dataset::open(&GEMS.path().join("transforms_train.json"), &options).unwrap();
    let test: Vec<&str> = dataset.indices(Split::Test).map(|i| dataset.views[i].name.as_str()).collect();
    assert_eq!(test, ["test/0004.png", "train/0005.png"]);
    std::fs::write(split.path(), "test/0004".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    let message = Dataset::open(GEMS.path(), &options).unwrap_err().to_string();
    assert!(message.contains("UTF-16"), "{message}");
    std::fs::write(split.path(), "0004\nno such image\n").unwrap();
    let message = Dataset::open(GEMS.path(), &options).unwrap_err().to_string();
    assert!(message.contains("line 2") && message.contains("no such image"), "{message}");
    let none = DatasetOptions { test_every: Some(0), ..DatasetOptions::default() };
    assert_eq!(Dataset::open(GEMS.path(), &none).unwrap().indices(Split::Test).count(), 0);
}

#[test]
fn points_come_from_ply_or_from_colmaps_moved_as_the_poses_were() {
    let folder = tempfile::tempdir().unwrap();
    write_picture(&folder.path().join("images/a.png"), 40, 30);
    let json = |shared: &str| {
        write(&folder.path().join("transforms.json"), transforms(shared, &[path("images/a.png")]));
        open(folder.path())
    };
    let ply = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n\
        property uint8 red\nproperty uint8 green\nproperty uint8 blue\nend_header\n1 2 3 10 20 30\n";
    write(&folder.path().join("sparse_pc.ply"), ply);
    let dataset = json("\"fl_x\": 50, \"ply_file_path\": \"sparse_pc.ply\",");
    assert_eq!((dataset.points[0].position, dataset.points[0].colour), ([1.0, 2.0, 3.0], [10, 20, 30]));
    write_text_model(&folder.path().join("colmap/sparse/0"), "PINHOLE 40 30 50 50 20 15", &["a.png"]);
    let dataset = json("\"fl_x\": 50, \"applied_transform\": [[1,0,0,0],[0,0,1,7],[0,-1,0,0]],");
    assert_eq!(dataset.kind, DatasetFormat::Nerfstudio);
    assert_eq!(dataset.points[0].position, [0.0, 11.0, 0.0]);
    let dataset = json("\"fl_x\": 50, \"ply_file_path\": \"gone.ply\",");
    assert_eq!(dataset.findings.points_file.as_deref(), Some("sparse_pc.ply"));
    assert!(dataset.notes.iter().any(|note| note == "gone.ply is missing"), "{:?}", dataset.notes);
}

#[test]
fn pictures_may_lie_elsewhere() {
    let (folder, pictures) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let json = transforms("\"fl_x\": 50,", &[path("/somebody/elses/disk/a.jpg")]);
    write(&folder.path().join("transforms.json"), json);
    write_picture(&pictures.path().join("a.png"), 40, 30);
    let options = DatasetOptions { images: Some(pictures.path().into()), ..DatasetOptions::default() };
    assert_eq!(Dataset::open(folder.path(), &options).unwrap().load(0).unwrap().width, 40);
    let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
    assert!(message.contains("outside of the dataset") && message.contains("--images"), "{message}");
}
