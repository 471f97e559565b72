//! `transforms.json` as programs really write it: other matrices, other paths, other encodings, lists and masks.

use lapidary::dataset::{DatasetReport, Split};

use super::*;

const AXES: [[f64; 4]; 3] = [[0.6, -0.8, 0.0, 1.0], [0.8, 0.6, 0.0, 2.0], [0.0, 0.0, 1.0, 5.0]];

/// A dataset with a picture for each path, whose frames are these texts.
fn dataset(paths: &[&str], shared: &str, frames: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in paths {
        write_picture(&folder.path().join(path), 40, 30);
    }
    write_json(folder.path(), shared, frames);
    folder
}

fn write_json(folder: &Path, shared: &str, frames: &[String]) {
    let frames: Vec<String> = frames.iter().map(|frame| format!("{{{frame}}}")).collect();
    let json = format!("{{\"fl_x\": 50, {shared} \"frames\": [{}]}}", frames.join(","));
    write(&folder.join("transforms.json"), json);
}

fn frame(path: &str, matrix: &str) -> String {
    format!("\"file_path\": \"{path}\", \"transform_matrix\": {matrix}")
}

/// A frame with the usual pose and fields of its own.
fn plain(path: &str, more: &str) -> String {
    frame(path, &four_rows(1.0, 1.0)) + more
}

/// The pose with scaled axes, all of it divided.
fn four_rows(scale: f64, divisor: f64) -> String {
    let row = |[a, b, c, d]: [f64; 4]| [a * scale / divisor, b * scale / divisor, c * scale / divisor, d / divisor];
    format!("{:?}", [row(AXES[0]), row(AXES[1]), row(AXES[2]), [0.0, 0.0, 0.0, 1.0 / divisor]])
}

fn note<'a>(dataset: &'a Dataset, part: &str) -> &'a str {
    let found = dataset.notes.iter().find(|note| note.contains(part));
    found.unwrap_or_else(|| panic!("{:?} lacks {part}", dataset.notes))
}

fn error(folder: &Path, options: &DatasetOptions) -> String {
    Dataset::open(folder, options).unwrap_err().to_string()
}

#[test]
fn homogeneous_scaled_short_and_flat_matrices_are_one_pose() {
    let flat = |numbers: usize| format!("{:?}", &AXES.as_flattened()[..numbers]);
    let matrices = [
        four_rows(1.0, 1.0),
        four_rows(1.0, 844.0),
        four_rows(1.5, 1.0),
        format!("{AXES:?}"),
        flat(12),
        format!("[{}, 0, 0, 0, 1]", flat(12).trim_matches(['[', ']'])),
    ];
    let names: Vec<String> = (0..matrices.len()).map(|i| format!("images/{i}.png")).collect();
    let frames: Vec<String> = names.iter().zip(&matrices).map(|(name, matrix)| frame(name, matrix)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = dataset(&names, "", &frames);
    let dataset = open(folder.path());
    let expected = dataset.views[0].camera.view_from_world;
    for view in &dataset.views {
        assert!(view.camera.view_from_world.abs_diff_eq(expected, 1e-12), "{}", view.name);
    }
    assert!((dataset.views[0].camera.position() - glam::DVec3::new(1.0, 2.0, 5.0)).length() < 1e-12);
    assert!(note(&dataset, "homogeneous").starts_with("1 pose of transforms.json"));
    assert!(note(&dataset, "scaled").contains("by 1.500"));
}

#[test]
fn matrices_that_are_no_pose_are_refused_with_their_frame() {
    let mirrored = [[0.6, -0.8, 0.0, 1.0], [0.8, 0.6, 0.0, 2.0], [0.0, 0.0, -1.0, 5.0]];
    let unequal = [[0.6, -1.6, 0.0, 1.0], [0.8, 1.2, 0.0, 2.0], [0.0, 0.0, 1.0, 5.0]];
    for (matrix, parts) in [
        (format!("{mirrored:?}"), &["frame 1 (images/b.png)", "transform_matrix", "mirrors"][..]),
        (format!("{unequal:?}"), &["frame 1 (images/b.png)", "lengths 1.0000, 2.0000 and 1.0000"]),
        ("[[1,0,0],[0,1,0],[0,0,1]]".to_owned(), &["frames[1].transform_matrix", "rows of four numbers"]),
        ("[1, 2, 3]".to_owned(), &["frames[1].transform_matrix", "found 3 numbers"]),
        ("[[1, 0, 0, NaN]]".to_owned(), &["frames[1].transform_matrix", "NaN is no number"]),
        ("\"none\"".to_owned(), &["frames[1].transform_matrix"]),
    ] {
        let frames = [plain("images/a.png", ""), frame("images/b.png", &matrix)];
        let folder = dataset(&["images/a.png", "images/b.png"], "", &frames);
        let message = error(folder.path(), &DatasetOptions::default());
        assert!(parts.iter().all(|part| message.contains(part)), "{message} lacks one of {parts:?}");
    }
    let folder = dataset(&["images/a.png"], "\"cx\": NaN,", &[plain("images/a.png", "")]);
    let message = error(folder.path(), &DatasetOptions::default());
    assert!(message.contains("cx: NaN is no number in JSON"), "{message}");
}

#[test]
fn a_byte_order_mark_is_read_over_and_utf_16_is_named() {
    let folder = dataset(&["images/a.png"], "", &[plain("images/a.png", "")]);
    let path = folder.path().join("transforms.json");
    let text = std::fs::read_to_string(&path).unwrap();
    write(&path, ["\u{feff}", &text].concat());
    assert_eq!(open(folder.path()).views.len(), 1);
    write(&path, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    assert!(error(folder.path(), &DatasetOptions::default()).contains("UTF-16"));
}

#[test]
fn missing_pictures_for_testing_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let json = |name: &str, frames: [&str; 4]| {
        write_json(folder.path(), "", &frames.map(|path| plain(path, "")));
        std::fs::rename(folder.path().join("transforms.json"), folder.path().join(name)).unwrap();
    };
    // The same names as the pictures that are there: they must not be taken for those for testing.
    json("transforms_train.json", ["train/0", "train/1", "train/2", "train/3"]);
    json("transforms_test.json", ["test/0", "test/1", "test/2", "test/3"]);
    for name in 0..4 {
        write_picture(&folder.path().join(format!("train/{name}.png")), 40, 30);
    }
    let dataset = open(folder.path());
    assert_eq!((dataset.views.len(), dataset.indices(Split::Test).count()), (4, 1));
    assert!(note(&dataset, "none of the 4 images of transforms_test.json").contains("nothing is held out"));
    note(&dataset, "images of transforms_train.json are held out instead");
    json("transforms_val.json", ["val/0", "val/1", "val/2", "val/3"]);
    write_picture(&folder.path().join("val/2.png"), 40, 30);
    let dataset = open(folder.path());
    let test: Vec<&str> = dataset.indices(Split::Test).map(|i| dataset.views[i].name.as_str()).collect();
    assert_eq!(test, ["val/2"], "the other file for testing");
}

#[test]
fn lists_of_bare_names_hold_back_what_they_mean() {
    let paths = ["images/0000.png", "images/0001.png", "images/0002.png"];
    let frames = paths.map(|path| plain(path, ""));
    let folder = dataset(&paths, "\"test_filenames\": [\"0001.png\", \"9999.png\"],", &frames);
    let found = open(folder.path());
    let test: Vec<&str> = found.indices(Split::Test).map(|i| found.views[i].name.as_str()).collect();
    assert_eq!(test, ["images/0001.png"]);
    assert!(note(&found, "test_filenames").starts_with("1 of 2 names"));
    write_json(folder.path(), "\"test_filenames\": [\"9999.png\"],", &frames);
    let message = error(folder.path(), &DatasetOptions::default());
    assert!(message.contains("transforms.json") && message.contains("`test_filenames`"), "{message}");
}

#[test]
fn masks_lie_in_the_same_subfolders_or_are_named() {
    let paths = ["images/front/1.png", "images/back/1.png", "images/up/1.png", "images/down/1.png"];
    let named = [
        plain(paths[0], ""),
        plain(paths[1], ", \"mask\": {\"x\": 1}, \"depth_file_path\": \"d.png\""),
        plain(paths[2], ", \"mask_file_path\": \"segmentation/u.png\""),
        plain(paths[3], ", \"mask_path\": \"gone.png\""),
    ];
    let folder = dataset(&paths, "", &named);
    for mask in ["masks/front/1.png", "masks/back/1.jpg", "segmentation/u.png"] {
        write_picture(&folder.path().join(mask), 40, 30);
    }
    let dataset = open(folder.path());
    let masks: Vec<Option<String>> = dataset
        .views
        .iter()
        .map(|view| Some(view.mask()?.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned()))
        .collect();
    let expected = [Some("masks/back/1.jpg"), None, Some("masks/front/1.png"), Some("segmentation/u.png")];
    assert_eq!(masks, expected.map(|mask| mask.map(str::to_owned)));
    assert!(
        note(&dataset, "mask that").starts_with("1 mask that transforms.json names is missing, the first is gone.png")
    );
    assert_eq!(DatasetReport::of(&dataset).masks, 3);
}

#[test]
fn a_mask_with_the_name_of_several_pictures_is_not_used() {
    let paths = ["images/front/1.png", "images/back/1.png", "images/2.png"];
    let folder = dataset(&paths, "", &paths.map(|path| plain(path, "")));
    for mask in ["masks/1.png", "masks/2.png"] {
        write_picture(&folder.path().join(mask), 40, 30);
    }
    let dataset = open(folder.path());
    assert_eq!(DatasetReport::of(&dataset).masks, 1);
    assert!(note(&dataset, "masks/1.png").contains("2 images"));
}

#[test]
fn bright_pixels_in_masks_of_instant_ngp_do_not_count() {
    let folder = dataset(&["images/a.png"], "", &[plain("images/a.png", "")]);
    let half = image::GrayImage::from_fn(40, 30, |x, _| image::Luma([if x < 16 { 1 } else { 0 }]));
    half.save(folder.path().join("images/dynamic_mask_a.png")).unwrap();
    let picture = open(folder.path()).load(0).unwrap();
    assert_eq!([picture.pixels[15][3], picture.pixels[16][3]], [0, 255]);
}

#[test]
fn a_folder_of_pictures_has_the_subfolders_of_the_file() {
    let paths = ["images/front/1.png", "images/back/1.png"];
    let folder = dataset(&paths, "", &paths.map(|path| plain(path, "")));
    let images = |images: &Path| DatasetOptions { images: Some(images.into()), ..DatasetOptions::default() };
    for place in [Path::new("images"), &folder.path().join("images")] {
        let dataset = Dataset::open(folder.path(), &images(place)).unwrap();
        let files: Vec<_> = dataset.views.iter().map(lapidary::dataset::View::file).collect();
        assert_eq!(
            files,
            ["images/back/1.png", "images/front/1.png"].map(|path| folder.path().join(path)),
            "{place:?}"
        );
    }
    std::fs::create_dir(folder.path().join("none")).unwrap();
    let message = error(folder.path(), &images(Path::new("none")));
    assert!(message.contains("transforms.json") && message.contains("none of its 2 images"), "{message}");
}

#[test]
fn absolute_paths_are_found_by_their_ends() {
    for (said, file) in [
        ("/somebody/elses/data/images/a.png", "images/a.png"),
        ("C:\\\\captures\\\\images\\\\a.png", "images/a.png"),
        ("../data/images/a.png", "images/a.png"),
        ("a.png", "images/a.png"),
        ("images/A.PNG", "images/a.png"),
        ("images/a  b .jpg", "images/a b.png"),
    ] {
        let folder = dataset(&[file], "", &[plain(said, "")]);
        let dataset = open(folder.path());
        assert_eq!(dataset.views[0].file(), folder.path().join(file), "{said}");
        assert_eq!(dataset.findings.renamed_pictures, 1, "{said}");
    }
    let folder = dataset(&["images/a.png"], "", &[]);
    let here = folder.path().join("images/a.png").display().to_string();
    write_json(folder.path(), "", &[plain(&here, "")]);
    assert_eq!(open(folder.path()).views[0].file(), folder.path().join("images/a.png"));
    // Masks and pictures of other frames are not taken for what is missing.
    let folder = dataset(&["masks/b.png", "images/a.png"], "", &[plain("images/a.png", ""), plain("/x/b.png", "")]);
    assert_eq!(open(folder.path()).views.len(), 1);
}

#[test]
fn points_are_found_by_the_end_of_their_path() {
    let folder = dataset(&["images/a.png"], "", &[]);
    let ply = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n";
    write(&folder.path().join("Points/Cloud.PLY"), ply);
    for said in ["/elsewhere/points/cloud.ply", "points/cloud.ply", "D:\\\\x\\\\Points\\\\Cloud.PLY"] {
        write_json(folder.path(), &format!("\"ply_file_path\": \"{said}\","), &[plain("images/a.png", "")]);
        let dataset = open(folder.path());
        assert_eq!(dataset.points.len(), 1, "{said}");
        assert_eq!(dataset.findings.points_file.as_deref(), Some("Points/Cloud.PLY"));
        note(&dataset, "no colours that are known");
    }
}

/// A file of another ending may be another picture, which lacks its own file.
#[test]
fn a_file_of_another_ending_is_taken_for_one_frame_only() {
    let frames = |paths: [&str; 3]| paths.map(|path| plain(path, ""));
    let folder = dataset(&["images/a.png", "images/b.png"], "", &frames(["images/a.png", "images/a.jpg", "images/b"]));
    let found = open(folder.path());
    let names: Vec<&str> = found.views.iter().map(|view| view.name.as_str()).collect();
    assert_eq!((names, found.findings.missing_pictures), (vec!["images/a.png", "images/b"], 1));
    let paths = ["images/frame.00012", "images/frame.00013", "images/b.png"];
    let folder = dataset(&["images/frame.png", "images/b.png"], "", &frames(paths));
    assert_eq!((open(folder.path()).views.len(), open(folder.path()).findings.missing_pictures), (1, 2));
    // The same path twice is the same picture.
    let folder = dataset(&["images/b.png"], "", &frames(["images/b", "images/b", "images/b"]));
    assert_eq!(open(folder.path()).views.len(), 3);
}

#[test]
fn an_empty_list_of_names_counts_as_missing() {
    let paths = ["images/a.png", "images/b.png"];
    let lists = "\"train_filenames\": [], \"test_filenames\": [], \"val_filenames\": [\"b.png\"],";
    let folder = dataset(&paths, lists, &paths.map(|path| plain(path, "")));
    let found = open(folder.path());
    let splits: Vec<Split> = found.views.iter().map(|view| view.split).collect();
    assert_eq!(splits, [Split::Train, Split::Test]);
    note(&found, "`train_filenames` of transforms.json is empty");
}

#[test]
fn unused_files_of_points_are_noted() {
    let folder = dataset(&["images/a.png"], "", &[plain("images/a.png", "")]);
    let ply = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n";
    write(&folder.path().join("init.ply"), ply);
    write_text_model(&folder.path().join("colmap/sparse/0"), "PINHOLE 40 30 50 50 20 15", &["a.png"]);
    let model = ["colmap/sparse/0/points3D.txt".to_owned()];
    let found = open(folder.path());
    assert_eq!(found.findings.points_file.as_deref(), Some("init.ply"));
    assert_eq!(found.findings.unused_points_files, model);
    let options = DatasetOptions { points: Some("init.ply".into()), ..DatasetOptions::default() };
    assert_eq!(Dataset::open(folder.path(), &options).unwrap().findings.unused_points_files, model);
    // Those of the model, moved, or the others where it has none.
    let moved = "\"applied_transform\": [[1,0,0,0],[0,0,1,7],[0,-1,0,0]],";
    write_json(folder.path(), moved, &[plain("images/a.png", "")]);
    let found = open(folder.path());
    assert_eq!((&found.findings.points_file, found.points[0].position), (&Some(model[0].clone()), [0.0, 11.0, 0.0]));
    assert_eq!(found.findings.unused_points_files, ["init.ply"]);
    write(&folder.path().join(&model[0]), "# none\n");
    let found = open(folder.path());
    assert_eq!((found.findings.points_file.as_deref(), found.points[0].position), (Some("init.ply"), [1.0, 2.0, 3.0]));
}

#[test]
fn masks_that_belong_to_no_picture_and_pictures_without_one_are_counted() {
    let paths = ["images/a.png", "images/b.png"];
    let folder = dataset(&paths, "", &paths.map(|path| plain(path, "")));
    for mask in ["masks/a.png", "masks/frame_1.png", "masks/frame_2.png"] {
        write_picture(&folder.path().join(mask), 40, 30);
    }
    let found = open(folder.path());
    assert_eq!(found.findings.unused_masks, 2);
    assert!(note(&found, "2 masks belong to no image").ends_with("masks/frame_1.png"));
    note(&found, "1 of 2 images has no mask");
}

#[test]
fn a_frame_may_have_several_names_for_its_mask() {
    let frame =
        plain("images/a.png", ", \"mask\": {\"x\": 1}, \"mask_file_path\": \"m/a.png\", \"mask_file\": \"gone.png\"");
    let folder = dataset(&["images/a.png", "m/a.png"], "", &[frame]);
    assert_eq!(open(folder.path()).views[0].mask(), Some(folder.path().join("m/a.png")));
}

#[test]
fn a_folder_that_the_frame_names_holds_its_pictures_whatever_it_is_called() {
    let folder = dataset(&["normal_light/a.png"], "", &[plain("/elsewhere/normal_light/a.png", "")]);
    assert_eq!(open(folder.path()).views.len(), 1);
}

#[test]
fn a_folder_of_pictures_that_is_named_says_what_is_renamed_and_unused() {
    let frames = ["gone/A.png", "b.png"].map(|path| plain(path, ""));
    let folder = dataset(&["shots/a.png", "shots/b.png", "shots/c.png"], "", &frames);
    let options = DatasetOptions { images: Some("shots".into()), ..DatasetOptions::default() };
    let found = Dataset::open(folder.path(), &options).unwrap();
    assert_eq!((found.views.len(), found.findings.renamed_pictures, found.findings.unused_pictures), (2, 1, 1));
    assert!(note(&found, "no camera took 1").contains("c.png"));
}

#[test]
fn sizes_and_principal_points_that_cannot_be_are_refused_and_others_noted() {
    for (shared, words) in [
        ("\"w\": -96,", "`w` is -96"),
        ("\"w\": 0,", "`w` is 0"),
        ("\"h\": -1,", "`h` is -1"),
        ("\"cx\": 1e9,", "cx = 1000000000"),
        ("\"fl_y\": 1e-9,", "field of view"),
    ] {
        let folder = dataset(&["a.png"], shared, &[plain("a.png", "")]);
        let error = error(folder.path(), &DatasetOptions::default());
        assert!(error.contains(words) && error.contains("transforms.json"), "{error}");
    }
    let folder = dataset(
        &["a.png", "b.png"],
        "\"camera_model\": \"pinhole\",",
        &[plain("a.png", ", \"cx\": -5"), plain("b.png", "")],
    );
    let found = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap();
    assert!(note(&found, "principal points of 1 of 2").contains("a.png, at (-5.0, 15.0)"));
}

#[test]
fn files_that_hold_no_points_are_refused_where_they_are_named() {
    let folder = dataset(&["a.png"], "", &[plain("a.png", "")]);
    let empty =
        "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nproperty float y\nproperty float z\nend_header\n";
    for (name, content, words) in [
        ("c.pcd", "# .PCD v.7", "PLY is read"),
        ("c.safetensors", "scene", "--start"),
        ("empty.ply", "", "PLY is read"),
        ("none.ply", empty, "no point"),
    ] {
        write(&folder.path().join(name), content);
        let options = DatasetOptions { points: Some(name.into()), ..DatasetOptions::default() };
        let error = error(folder.path(), &options);
        assert!(error.contains(words) && error.contains(name), "{error}");
    }
}
