//! Notes on pictures that are renamed, missing, ambiguous or not used.

use std::io::Write as _;

use lapidary::dataset::{DatasetReport, Split};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const CAMERA: &str = "PINHOLE 40 30 50 50 20 15";

/// A model of pictures with these names, and these files below `images`.
fn dataset(names: &[&str], files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_text_model(&folder.path().join("sparse/0"), CAMERA, names);
    for file in files {
        write_picture(&folder.path().join("images").join(file), 40, 30);
    }
    folder
}

/// The only note that contains `part`.
fn note<'a>(dataset: &'a Dataset, part: &str) -> &'a str {
    let notes: Vec<&String> = dataset.notes.iter().filter(|note| note.contains(part)).collect();
    assert_eq!(notes.len(), 1, "{part}: {:?}", dataset.notes);
    notes[0]
}

/// The file of a view, below `images`.
fn file(folder: &tempfile::TempDir, dataset: &Dataset, view: &str) -> String {
    let view = dataset.views.iter().find(|found| found.name == view).unwrap();
    view.file().strip_prefix(folder.path().join("images")).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn missing_pictures_of_a_model_are_skipped_and_counted() {
    let folder = dataset(&["a.png", "b.png", "c.png"], &["b.png"]);
    let found = open(folder.path());
    assert_eq!((found.views.len(), found.findings.missing_pictures), (1, 2));
    assert!(note(&found, "2 of 3 images are missing").contains("images/a.png"));
    std::fs::remove_file(folder.path().join("images/b.png")).unwrap();
    let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
    assert!(message.contains("a.png is missing (3 of 3"), "{message}");
}

#[test]
fn pictures_without_a_camera_are_counted() {
    let folder = dataset(&["a.png"], &["a.png", "b.png", "more/c.jpg"]);
    write(&folder.path().join("images/list.txt"), "no image");
    let found = open(folder.path());
    assert_eq!((found.views.len(), found.findings.unused_pictures), (1, 2));
    assert!(note(&found, "no camera took 2 of the images").contains("b.png"));
    let json = serde_json::to_value(DatasetReport::of(&found)).unwrap();
    assert_eq!((&json["unused_pictures"], &json["missing_pictures"]), (&2.into(), &0.into()));
}

#[test]
fn pictures_are_found_by_other_capitals_blanks_and_folders() {
    let names = ["A.PNG", "two  blanks (1).png", "gone/b.png", "c.png", "C:\\shots\\right\\d.png", "/home/x/e.png"];
    let files = ["a.png", "two blanks (1).png", "b.png", "deep/er/c.png", "left/d.png", "right/d.png", "e.png"];
    let folder = dataset(&names, &files);
    let found = open(folder.path());
    assert_eq!(found.views.len(), 6, "{:?}", found.notes);
    assert_eq!((found.findings.renamed_pictures, found.findings.unused_pictures), (6, 1));
    note(&found, "6 of 6 images are called otherwise");
    for (view, expected) in [
        ("c.png", "deep/er/c.png"),
        ("shots/right/d.png", "right/d.png"),
        ("home/x/e.png", "e.png"),
        ("A.PNG", "a.png"),
    ] {
        assert_eq!(file(&folder, &found, view), expected);
    }
}

#[test]
fn blanks_in_a_row_belong_to_a_name() {
    let folder = dataset(&["a  b   c.png"], &["a  b   c.png", "a b c.png"]);
    let found = open(folder.path());
    assert_eq!(file(&folder, &found, "a  b   c.png"), "a  b   c.png");
    assert_eq!(found.findings.renamed_pictures, 0);
}

/// A picture is never taken for two, and never for one that may be another's.
#[test]
fn ambiguous_pictures_are_left_out_and_both_files_are_named() {
    let folder = dataset(&["left/a.png", "right/a.png", "b.png"], &["left/a.png", "x/b.png", "y/b.png", "c.png"]);
    let found = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap();
    let names: Vec<&str> = found.views.iter().map(|view| view.name.as_str()).collect();
    assert_eq!((names, found.findings.missing_pictures), (vec!["left/a.png"], 2));
    assert!(note(&found, "1 of 3 names of images is ambiguous").ends_with("`b.png` may be x/b.png or y/b.png"));
    let folder = dataset(&["b.png"], &["x/b.png", "y/b.png"]);
    let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
    assert!(message.ends_with("`b.png` may be x/b.png or y/b.png"), "{message}");
    let folder = dataset(&["left/a.png", "right/a.png", "c.png"], &["a.png", "c.png"]);
    assert_eq!(open(folder.path()).views.len(), 1, "`a.png` is one of the two, and nobody knows which");
    let folder = dataset(&["left/a.png", "b.png"], &["right/a.png", "b.png"]);
    assert_eq!(open(folder.path()).views.len(), 1, "`right/a.png` is an image of another camera");
    let folder = dataset(&["a.png", "a.jpg"], &["a.png"]);
    assert_eq!(open(folder.path()).views.len(), 1, "`a.jpg` is another image");
}

#[test]
fn pictures_that_are_listed_twice_are_noted() {
    let folder = dataset(&["a.png", "a.png", "b.png"], &["a.png", "b.png"]);
    let found =
        Dataset::open(folder.path(), &DatasetOptions { test_every: Some(2), ..DatasetOptions::default() }).unwrap();
    assert!(note(&found, "1 image is listed more than once").contains("1 of them is trained on and held out"));
}

#[test]
fn absolute_names_are_looked_for_below_the_folder_that_is_named() {
    let elsewhere = tempfile::tempdir().unwrap();
    write_picture(&elsewhere.path().join("left/a.png"), 40, 30);
    write_picture(&elsewhere.path().join("right/a.png"), 40, 30);
    let folder = dataset(&["D:/x/left/a.png", "D:/x/right/a.png"], &[]);
    let options = DatasetOptions { images: Some(elsewhere.path().into()), ..DatasetOptions::default() };
    let found = Dataset::open(folder.path(), &options).unwrap();
    let files: Vec<_> = found.views.iter().map(|view| view.file()).collect();
    assert_eq!(files, ["left/a.png", "right/a.png"].map(|file| elsewhere.path().join(file)));
}

#[test]
fn whole_pictures_stand_in_where_smaller_ones_are_missing() {
    let folder = dataset(&["a.png", "b.png"], &["a.png", "b.png"]);
    write_picture(&folder.path().join("images_2/a.png"), 20, 15);
    let options = DatasetOptions { downscale: Some(2), ..DatasetOptions::default() };
    let found = Dataset::open(folder.path(), &options).unwrap();
    let sizes: Vec<_> = found.views.iter().map(|view| (view.file_size()[0], view.camera.width)).collect();
    assert_eq!(sizes, [(20, 20), (40, 20)]);
}

#[test]
fn pictures_may_lie_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    write_text_model(folder.path(), CAMERA, &["a.png"]);
    write_picture(&folder.path().join("A.png"), 40, 30);
    assert_eq!(open(folder.path()).views.len(), 1);
}

#[test]
fn a_model_with_one_line_a_picture_has_all_its_pictures() {
    let files = ["a.png", "b.png", "c.png", "d.png"];
    let line = |(i, name): (usize, &&str)| format!("{} 1 0 0 0 0 0 {i} 1 {name}\n", i + 1);
    for between in ["", "# a comment\n\n"] {
        let folder = dataset(&files, &files);
        let lines: Vec<String> = files.iter().enumerate().map(line).collect();
        let text = format!("# one line each\n{}{}{between}{}", lines[0], lines[1], lines[2..].concat());
        write(&folder.path().join("sparse/0/images.txt"), text);
        assert_eq!(open(folder.path()).views.len(), 4);
    }
    // Names that are numbers, and names with numbers in them.
    for name in ["0001", "shot 12 34", "7 8"] {
        let folder = dataset(&["x.png"], &["x.png", &format!("{name}.png")]);
        write(
            &folder.path().join("sparse/0/images.txt"),
            format!("1 1 0 0 0 0 0 0 1 x.png\n2 1 0 0 0 0 0 0 1 {name}\n"),
        );
        assert_eq!(open(folder.path()).views.len(), 2, "{name}");
    }
    // Places of points that begin like a picture: whole numbers, and four points.
    let folder = dataset(&["a.png", "b.png"], &["a.png", "b.png"]);
    let points = "1 2 -1 3 4 -1 5 6 7 8 9 10\n";
    write(
        &folder.path().join("sparse/0/images.txt"),
        format!("1 1 0 0 0 0 0 0 1 a.png\n{points}2 1 0 0 0 0 0 0 1 b.png\n{points}"),
    );
    assert_eq!(open(folder.path()).views.len(), 2);
}

#[test]
fn marks_before_the_text_and_ends_of_lines_do_not_matter() {
    let folder = dataset(&["a.png", "b.png"], &["a.png", "b.png"]);
    for name in ["cameras.txt", "images.txt", "points3D.txt"] {
        let path = folder.path().join("sparse/0").join(name);
        let text = std::fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
        write(&path, format!("\u{feff}{text}"));
    }
    let found = open(folder.path());
    assert_eq!((found.views.len(), found.points.len()), (2, 2));
}

#[test]
fn capitals_of_files_and_folders_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    write_text_model(&folder.path().join("Sparse/0"), CAMERA, &["a.png"]);
    write_picture(&folder.path().join("Images/a.png"), 40, 30);
    let sparse = folder.path().join("Sparse/0");
    for (from, to) in [("cameras.txt", "Cameras.txt"), ("images.txt", "IMAGES.txt"), ("points3D.txt", "points3d.TXT")] {
        std::fs::rename(sparse.join(from), sparse.join(to)).unwrap();
    }
    let found = open(folder.path());
    assert_eq!((found.views.len(), found.points.len()), (1, 2));
    assert_eq!(found.findings.points_file.as_deref(), Some("Sparse/0/points3d.TXT"));
}

const PLY: &str = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n\
                   property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n1 2 3 10 20 30\n";

#[test]
fn points_are_found_under_the_names_that_programs_give_them() {
    for file in ["sparse/0/points3D.ply", "sparse/0/points3d.ply", "sparse/Points3D.PLY", "init.ply", "sparse_pc.ply"] {
        let folder = dataset(&["a.png"], &["a.png"]);
        std::fs::remove_file(folder.path().join("sparse/0/points3D.txt")).unwrap();
        assert_eq!(open(folder.path()).findings.points_file, None);
        write(&folder.path().join(file), PLY);
        let found = open(folder.path());
        assert_eq!((found.points.len(), found.findings.points_file.as_deref()), (1, Some(file)));
    }
    // Of several files the first that holds any, and the others are said.
    let folder = dataset(&["a.png"], &["a.png"]);
    write(&folder.path().join("init.ply"), PLY);
    let found = open(folder.path());
    assert_eq!((found.points.len(), note(&found, "files of points").contains("init.ply")), (2, true));
    write(&folder.path().join("sparse/0/points3D.txt"), "# none\n");
    assert_eq!(open(folder.path()).findings.points_file.as_deref(), Some("init.ply"));
}

#[test]
fn points_of_transforms_are_found_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let pose = "[[1,0,0,0],[0,1,0,0],[0,0,1,5],[0,0,0,1]]";
    let json = format!("{{\"fl_x\": 50, \"frames\": [{{\"file_path\": \"a.png\", \"transform_matrix\": {pose}}}]}}");
    write(&folder.path().join("transforms.json"), json);
    write_picture(&folder.path().join("a.png"), 40, 30);
    assert_eq!(open(folder.path()).points.len(), 0);
    write(&folder.path().join("sparse_pc.ply"), PLY);
    assert_eq!(open(folder.path()).points.len(), 1);
}

#[test]
fn a_file_of_points_can_be_named() {
    let folder = dataset(&["a.png"], &["a.png"]);
    let elsewhere = tempfile::tempdir().unwrap();
    write(&elsewhere.path().join("cloud.PLY"), PLY);
    write(&elsewhere.path().join("more.txt"), "1 0 0 0 9 9 9 0.1\n2 0 0 1 9 9 9 0.1\n3 0 1 1 9 9 9 0.1\n");
    write(&folder.path().join("in/side.ply"), PLY);
    let with = |points: &Path| {
        let options = DatasetOptions { points: Some(points.into()), ..DatasetOptions::default() };
        Dataset::open(folder.path(), &options)
    };
    assert_eq!(open(folder.path()).points.len(), 2);
    assert_eq!(with(&elsewhere.path().join("cloud.PLY")).unwrap().points[0].position, [1.0, 2.0, 3.0]);
    assert_eq!(with(&elsewhere.path().join("more.txt")).unwrap().points.len(), 3);
    assert_eq!(with(Path::new("in/side.ply")).unwrap().points.len(), 1);
    let message = with(&elsewhere.path().join("gone.ply")).unwrap_err().to_string();
    assert!(message.contains("gone.ply"), "{message}");
    let gems = DatasetOptions { points: Some(elsewhere.path().join("cloud.PLY")), ..DatasetOptions::default() };
    for path in [GEMS.path().to_path_buf(), GEMS.path().join("transforms_train.json")] {
        assert_eq!(Dataset::open(&path, &gems).unwrap().points.len(), 1);
    }
}

#[test]
fn a_dataset_may_lie_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("README.txt"), "hello");
    for (i, inner) in ["scene", "more/deep/scene"].into_iter().enumerate() {
        write_text_model(&folder.path().join(inner).join("sparse/0"), CAMERA, &["a.png"]);
        write_picture(&folder.path().join(inner).join("images/a.png"), 40, 30);
        let found = Dataset::open(folder.path(), &DatasetOptions::default());
        match (i, found) {
            (0, Ok(found)) => assert!(note(&found, "lies in the folder").ends_with("scene")),
            (1, Err(error)) => {
                let message = error.to_string();
                assert!(message.contains("2 datasets") && message.contains("more/deep/scene, scene"), "{message}");
            }
            (_, other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_dataset_may_lie_in_a_folder_of_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.zip");
    let inner = dataset(&["a.png"], &["a.png"]);
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    for file in ["sparse/0/cameras.txt", "sparse/0/images.txt", "images/a.png"] {
        zip.start_file(format!("data set/scene/{file}"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(inner.path().join(file)).unwrap()).unwrap();
    }
    zip.start_file("README.txt", SimpleFileOptions::default()).unwrap();
    zip.add_symlink("link.png", "elsewhere.png", SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
    let found = open(&path);
    note(&found, "lies in the folder data set/scene");
    assert!(note(&found, "left out, the first is").contains("link.png"));
    assert_eq!(found.load(0).unwrap().width, 40);
    assert_eq!(found.views[0].file(), path.join("data set/scene/images/a.png"));
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_noted() {
    let folder = dataset(&["a.png", "b.png"], &["a.png"]);
    std::os::unix::fs::symlink("/nowhere/b.png", folder.path().join("images/b.png")).unwrap();
    let found = open(folder.path());
    assert_eq!((found.views.len(), found.findings.unreadable), (1, 1));
    assert!(note(&found, "1 entry that cannot be read").contains("images/b.png"));
    for (folder, link) in [(tempfile::tempdir().unwrap(), "sparse"), (dataset(&["a.png"], &[]), "images")] {
        std::os::unix::fs::symlink("/nowhere", folder.path().join(link)).unwrap();
        let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
        assert!(message.contains(link) && message.contains("leads nowhere"), "{message}");
    }
}

#[test]
fn a_single_picture_is_trained_on() {
    let folder = dataset(&["a.png"], &["a.png"]);
    let found = open(folder.path());
    assert_eq!(found.indices(Split::Train).count(), 1);
    note(&found, "only one image");
    let all = DatasetOptions { test_every: Some(1), ..DatasetOptions::default() };
    assert_eq!(Dataset::open(folder.path(), &all).unwrap().indices(Split::Test).count(), 1);
}

#[test]
fn points_that_are_not_finite_are_counted() {
    let folder = dataset(&["a.png"], &["a.png"]);
    assert!(note(&open(folder.path()), "not finite").starts_with("1 point of"));
}

#[test]
fn a_file_of_points_that_goes_on_behind_its_count_is_refused() {
    let folder = dataset(&["a.png"], &["a.png"]);
    write(&folder.path().join("sparse/0/points3D.bin"), [[0; 8], [7; 8]].concat());
    let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
    assert!(message.contains("points3D.bin") && message.contains("8 bytes more than its 0 points"), "{message}");
}
