//! COLMAP's models: what the files say is what is read, whichever format they have.

use glam::{DMat3, DQuat};
use lapidary::dataset::{ColmapModel, Dataset, DatasetOptions, DatasetReport, Split};

use super::*;

/// The binary model of the gems as text.
fn as_text(model: &ColmapModel, folder: &Path) {
    let camera = &model.cameras[&1];
    let k = camera.lens.intrinsics;
    let [width, height] = camera.size;
    write(
        &folder.join("cameras.txt"),
        format!("# ID MODEL\n\n1 PINHOLE {width} {height} {:?} {:?} {:?} {:?}\r\n", k.fx, k.fy, k.cx, k.cy),
    );
    let mut images = String::from("# two lines each\n");
    for (i, image) in model.images.iter().enumerate() {
        let q = DQuat::from_mat3(&image.view_from_world.matrix3);
        let [x, y, z] = image.view_from_world.translation.to_array();
        images += &format!("{i} {:?} {:?} {:?} {:?} {x:?} {y:?} {z:?} 1 {}\n", q.w, q.x, q.y, q.z, image.name);
        // Every second one without observations.
        images += if i % 2 == 0 { "\n" } else { "# 1.0 2.0 -1\n" };
    }
    write(&folder.join("images.txt"), images);
    let mut points = String::new();
    for (i, point) in model.points.iter().enumerate() {
        let ([x, y, z], [r, g, b]) = (point.position, point.colour);
        points += &format!("{i} {x:?} {y:?} {z:?} {r} {g} {b} 0.1 1 2 3 4\n");
    }
    write(&folder.join("points3D.txt"), points);
}

#[test]
fn text_and_binary_models_are_equal() {
    let binary = ColmapModel::load(&GEMS.path().join("sparse/0")).unwrap();
    assert_eq!((binary.images.len(), binary.points.len()), (7, 300));
    let folder = tempfile::tempdir().unwrap();
    as_text(&binary, folder.path());
    let text = ColmapModel::load(folder.path()).unwrap();
    assert_eq!((&text.cameras, &text.points), (&binary.cameras, &binary.points));
    assert_eq!(text.images.len(), binary.images.len());
    for (a, b) in text.images.iter().zip(&binary.images) {
        assert_eq!((&a.name, a.camera), (&b.name, b.camera));
        assert!(a.view_from_world.abs_diff_eq(b.view_from_world, 1e-12), "{}", a.name);
    }
}

#[test]
fn the_model_and_the_transforms_of_one_scene_have_the_same_cameras() {
    let colmap = open(GEMS.path());
    let blender = open(&GEMS.path().join("transforms_train.json"));
    assert!(
        colmap.notes.iter().any(|note| note.contains("transforms_train.json is there as well")),
        "{:?}",
        colmap.notes
    );
    assert_eq!((colmap.views.len(), colmap.points.len()), (7, 300));
    assert_eq!((blender.views.len(), blender.points.len()), (7, 0));
    assert_eq!(colmap.indices(Split::Test).collect::<Vec<_>>(), [0, 4], "as test.txt says");
    let every = DatasetOptions { test_every: Some(8), ..DatasetOptions::default() };
    let every = Dataset::open(GEMS.path(), &every).unwrap();
    assert_eq!(every.indices(Split::Test).collect::<Vec<_>>(), [0], "every eighth, the first of them");
    assert_eq!(blender.indices(Split::Test).count(), 2, "as the files say");
    for view in &blender.views {
        let name = view.name.rsplit('/').next().unwrap();
        let (i, other) = colmap.views.iter().enumerate().find(|(_, other)| other.name == name).unwrap();
        assert!(view.camera.view_from_world.abs_diff_eq(other.camera.view_from_world, 1e-9), "{name}");
        assert!((view.camera.intrinsics.fx - other.camera.intrinsics.fx).abs() < 1e-9);
        let picture = colmap.load(i).unwrap();
        assert_eq!((picture.width, picture.height, picture.bytes()), (64, 48, 64 * 48 * 4));
        assert!(picture.pixels.iter().all(|pixel| pixel[3] == 255));
    }
}

#[test]
fn of_several_models_the_one_with_the_most_pictures_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let camera = "SIMPLE_PINHOLE 40 30 50 20 15";
    write_text_model(&folder.path().join("sparse/0"), camera, &["a.png"]);
    write_text_model(&folder.path().join("sparse/1"), camera, &["c.png", "b.png", "sub folder/a.png"]);
    // Larger on disk, with fewer pictures.
    write_text_model(&folder.path().join("sparse/2"), camera, &["a.png", "b.png"]);
    let images = folder.path().join("sparse/2/images.txt");
    let padded = std::fs::read_to_string(&images).unwrap() + &"#".repeat(10_000);
    write(&images, padded);
    for name in ["a.png", "b.png", "c.png", "sub folder/a.png"] {
        write_picture(&folder.path().join("images").join(name), 40, 30);
    }
    let dataset = open(folder.path());
    let names: Vec<&str> = dataset.views.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["b.png", "c.png", "sub folder/a.png"], "sorted");
    let note = &dataset.notes[0];
    assert!(note.contains("sparse/1 is used") && note.contains("sparse/1 has 3"), "{note}");
    assert_eq!(dataset.points.len(), 2, "the point at infinity is left out");
    assert_eq!(dataset.views[0].camera.view_from_world.matrix3, DMat3::IDENTITY);
}

#[test]
fn models_may_lie_in_other_places() {
    for place in ["sparse", "sparse/0", "sparse/model", "colmap/sparse/0", "."] {
        let folder = tempfile::tempdir().unwrap();
        write_text_model(&folder.path().join(place), "PINHOLE 40 30 50 50 20 15", &["a.png"]);
        write_picture(&folder.path().join("images/a.png"), 40, 30);
        assert_eq!(open(folder.path()).views.len(), 1, "{place}");
    }
}

/// Every model's distortion is undone, and where it is none, the picture stays as it is.
#[test]
fn every_camera_model_is_read_and_undone() {
    for (model, focals, distortion, is_distorted) in [
        ("SIMPLE_PINHOLE", "50", "", false),
        ("PINHOLE", "50 50", "", false),
        ("SIMPLE_RADIAL", "50", "0.05", true),
        ("RADIAL", "50", "0.05 0.01", true),
        ("OPENCV", "50 50", "0.05 0.01 0.001 0.002", true),
        ("OPENCV", "50 50", "0 0 0 0", false),
        ("OPENCV_FISHEYE", "50 50", "0.01 0 0 0", true),
        ("FULL_OPENCV", "50 50", "0.05 0.01 0.001 0.002 0.01 0.02 0 0", true),
        ("FOV", "50 50", "0.3", true),
        ("SIMPLE_RADIAL_FISHEYE", "50", "0", true),
        ("RADIAL_FISHEYE", "50", "0.01 0.01", true),
        ("THIN_PRISM_FISHEYE", "50 50", "0.01 0 0.001 0.001 0 0 0.001 0.001", true),
        ("RAD_TAN_THIN_PRISM_FISHEYE", "50 50", "0.01 0 0 0 0 0 0.001 0.001 0.001 0 0 0", true),
        ("SIMPLE_DIVISION", "50", "-0.1", true),
        ("DIVISION", "50 50", "0", false),
        ("SIMPLE_FISHEYE", "50", "", true),
        ("FISHEYE", "50 50", "", true),
        ("EUCM", "50 50", "0.6 1.1", true),
        ("EUCM", "50 50", "0 1.1", false),
    ] {
        let folder = one_picture(&format!("{model} 40 30 {focals} 21 14 {distortion}"));
        let dataset = open(folder.path());
        let report = DatasetReport::of(&dataset);
        assert_eq!(report.camera_models.keys().copied().collect::<Vec<_>>(), [model]);
        assert_eq!(report.undistorted, usize::from(is_distorted), "{model}");
        let picture = dataset.load(0).unwrap();
        let camera = dataset.views[0].camera;
        assert_eq!((picture.width, picture.height), (camera.width, camera.height));
        assert!(picture.pixels.iter().all(|pixel| pixel[3] == 255), "{model}: nothing is blank");
        // At the principal point stands what stood at that of the lens, (21, 14): red 20.5, green 13.5.
        let k = camera.intrinsics;
        let (x, y) = ((k.cx - 0.5) as usize, (k.cy - 0.5) as usize);
        let [red, green, ..] = picture.pixels[y * picture.width as usize + x];
        let (dx, dy) = (k.cx - 0.5 - x as f64, k.cy - 0.5 - y as f64);
        let (at_x, at_y) = (f64::from(red) + dx, f64::from(green) + dy);
        assert!((at_x - 20.5).abs() < 1.1 && (at_y - 13.5).abs() < 1.1, "{model}: {at_x} {at_y}");
    }
}

#[test]
fn cameras_of_several_sizes_each_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let cameras = "1 PINHOLE 40 30 50 51 20 15\n2 SIMPLE_PINHOLE 20 60 70 9 31\n";
    write(&folder.path().join("sparse/0/cameras.txt"), cameras);
    write(&folder.path().join("sparse/0/images.txt"), "1 1 0 0 0 0 0 0 2 b.png\n\n2 1 0 0 0 0 0 0 1 a.png\n\n");
    write_picture(&folder.path().join("images/a.png"), 40, 30);
    // Half the size of the model's: the camera follows the picture.
    write_picture(&folder.path().join("images/b.png"), 10, 30);
    let dataset = open(folder.path());
    let [a, b] = [dataset.views[0].camera, dataset.views[1].camera];
    assert_eq!((a.width, a.height, a.intrinsics.fy), (40, 30, 51.0));
    assert_eq!((b.width, b.height), (10, 30));
    assert_eq!((b.intrinsics.fx, b.intrinsics.cx, b.intrinsics.cy), (35.0, 4.5, 15.5));
    assert_eq!(DatasetReport::of(&dataset).sizes.len(), 2);
    assert!(dataset.points.is_empty(), "a model without a file of points has none");
}

#[test]
fn folders_of_smaller_pictures_are_used_when_they_are_asked_for() {
    let folder = one_picture("PINHOLE 40 30 50 50 20 15");
    let options = |downscale| DatasetOptions { downscale, ..DatasetOptions::default() };
    let size = |downscale| {
        let dataset = Dataset::open(folder.path(), &options(downscale)).unwrap();
        let picture = dataset.load(0).unwrap();
        assert!((dataset.views[0].camera.intrinsics.cx / f64::from(picture.width) - 0.5).abs() < 1e-12);
        (picture.width, picture.height, picture.pixels[0])
    };
    assert_eq!(size(None), (40, 30, [0, 0, 7, 255]));
    assert_eq!(size(Some(2)), (20, 15, [1, 1, 7, 255]), "the mean of columns 0 and 1, rounded");
    // Another picture, told by its colour, that some tool rounded the other way and stored with another extension.
    std::fs::create_dir_all(folder.path().join("images_4")).unwrap();
    RgbImage::from_pixel(10, 7, Rgb([200, 0, 0])).save(folder.path().join("images_4/a.webp")).unwrap();
    assert_eq!(size(Some(4)), (10, 7, [200, 0, 0, 255]));
    let notes = |downscale| Dataset::open(folder.path(), &options(downscale)).unwrap().notes;
    let is_said = |downscale| notes(downscale).iter().any(|note| note == "the images of images_4 are used");
    assert!(is_said(Some(4)) && !is_said(Some(2)) && !is_said(None));
    assert_eq!(size(Some(8)), (5, 4, [4, 3, 7, 255]), "no folder for it: columns 0 to 7, rows 0 to 6.5");
    let narrow = DatasetOptions { max_width: 16, ..DatasetOptions::default() };
    let dataset = Dataset::open(folder.path(), &narrow).unwrap();
    assert_eq!((dataset.views[0].camera.width, dataset.views[0].camera.height), (16, 12));
    assert!(dataset.notes.iter().any(|note| note.contains("16 pixels wide")), "{:?}", dataset.notes);
}

/// A binary model of one camera that looks along z and one picture, with the files of rigs and frames that COLMAP 4 writes
/// beside.
fn write_binary_model(folder: &Path, model: u32, size: [u64; 2], parameters: &[f64], name: &str) {
    let parameters: Vec<u8> = parameters.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (one, id) = (1u64.to_le_bytes(), 1u32.to_le_bytes());
    let camera = [&one[..], &id, &model.to_le_bytes(), &size[0].to_le_bytes(), &size[1].to_le_bytes(), &parameters];
    write(&folder.join("cameras.bin"), camera.concat());
    let pose: Vec<u8> = [1.0f64, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let image = [&one[..], &id, &pose, &id, name.as_bytes(), &[0], &0u64.to_le_bytes()];
    write(&folder.join("images.bin"), image.concat());
    write(&folder.join("points3D.bin"), 0u64.to_le_bytes());
    write(&folder.join("rigs.bin"), [&one[..], &[7; 30]].concat());
    write(&folder.join("frames.bin"), [&one[..], &[7; 60]].concat());
}

#[test]
fn models_of_colmap_4_are_read_and_newer_ones_named() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = folder.path().join("sparse/0");
    write_picture(&folder.path().join("images/a.png"), 40, 30);
    for (model, parameters, name) in [
        (
            11,
            &[50.0, 50.0, 20.0, 15.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0][..],
            "RAD_TAN_THIN_PRISM_FISHEYE",
        ),
        (12, &[50.0, 20.0, 15.0, -0.1], "SIMPLE_DIVISION"),
        (13, &[50.0, 50.0, 20.0, 15.0, -0.1], "DIVISION"),
        (14, &[50.0, 20.0, 15.0], "SIMPLE_FISHEYE"),
        (15, &[50.0, 50.0, 20.0, 15.0], "FISHEYE"),
        (16, &[50.0, 50.0, 20.0, 15.0, 0.5, 1.0], "EUCM"),
        (17, &[40.0, 30.0], "EQUIRECTANGULAR"),
    ] {
        write_binary_model(&sparse, model, [40, 30], parameters, "a.png");
        let dataset = open(folder.path());
        assert!(dataset.views.iter().all(|view| view.camera_model() == name), "{name}");
        assert_eq!(dataset.views.len(), if model == 17 { 6 } else { 1 }, "{name}");
        assert!(dataset.load(0).is_ok(), "{name}");
    }
    write_binary_model(&sparse, 18, [40, 30], &[50.0, 20.0, 15.0], "a.png");
    let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
    assert!(message.contains("number 18") && message.contains("colmap image_undistorter"), "{message}");
    assert!(message.contains("cameras.bin") && !message.contains("broken"), "{message}");
}

#[test]
fn the_folder_of_the_model_itself_may_be_given() {
    let folder = one_picture("pinhole 40.0 30.0 50 50 20 15");
    write_picture(&folder.path().join("masks/images/a.png.png"), 40, 30);
    for inner in ["sparse", "sparse/0"] {
        let dataset = Dataset::open(&folder.path().join(inner), &DatasetOptions::default()).unwrap();
        assert_eq!(dataset.views.len(), 1);
        assert!(dataset.views[0].mask().is_some_and(|mask| mask.ends_with("masks/images/a.png.png")));
        assert!(dataset.notes.iter().any(|note| note.contains("the model has no images beside it")), "{inner}");
    }
}
