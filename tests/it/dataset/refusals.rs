//! Datasets that are broken: one sentence that names what is wrong, exit code 2, nothing else.

use std::process::Command;

use super::*;

/// The message with which the program refuses a dataset.
fn refusal(path: &Path) -> String {
    // Where there is a shell that can say so, with no more than 4 GiB of addresses: whatever a file claims.
    let limited = format!("ulimit -v 4194304; exec '{}' info '{}'", env!("CARGO_BIN_EXE_lapidary"), path.display());
    let mut command = Command::new("sh");
    command.args(["-c", &limited]).env("RAYON_NUM_THREADS", "2").env("MALLOC_ARENA_MAX", "2");
    if !cfg!(target_os = "linux") {
        command = Command::new(env!("CARGO_BIN_EXE_lapidary"));
        command.arg("info").arg(path);
    }
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!((message.matches("error:").count(), message.lines().count()), (1, 1), "{message}");
    message
}

/// A dataset with one file changed.
fn with(file: &str, content: impl AsRef<[u8]>) -> String {
    let folder = one_picture("PINHOLE 40 30 50 50 20 15");
    write(&folder.path().join(file), content);
    refusal(folder.path())
}

fn says(message: &str, parts: &[&str]) {
    assert!(parts.iter().all(|part| message.contains(part)), "{message} lacks one of {parts:?}");
}

#[test]
fn paths_that_are_no_dataset_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    says(&refusal(folder.path()), &["not a dataset", "sparse/0/cameras.bin", "transforms.json"]);
    says(&refusal(&folder.path().join("absent")), &["cannot read", "absent"]);
    says(&refusal(&folder.path().join("absent/transforms.json")), &["cannot read", "absent"]);
    write(&folder.path().join("notes.txt"), "hello");
    says(&refusal(&folder.path().join("notes.txt")), &["notes.txt"]);
}

#[test]
fn text_models_with_a_bad_line_are_refused_with_its_number() {
    for (content, parts) in [
        ("# c\n1 PINHOLE 40 30 50 50 20\n", ["line 2", "PINHOLE does not have 3 values"]),
        ("\n\n1 PINHOLE 40 x 50 50 20 15\n", ["line 3", "`x`"]),
        ("1 HOLE 40 30 50 50 20 15\n", ["line 1", "camera 1 has the camera model `HOLE`"]),
        ("1\n", ["line 1", "expected more"]),
        ("1 PINHOLE 0 30 50 50 20 15\n", ["line 1", "0×30"]),
        ("1 PINHOLE 40 99999999999 50 50 20 15\n", ["line 1", "99999999999"]),
        ("1 PINHOLE 40 30 -50 50 20 15\n", ["line 1", "positive focal lengths"]),
        ("1 PINHOLE 40 30 50 50 nan 15\n", ["line 1", "cx of PINHOLE is NaN"]),
        ("1 PINHOLE 40 30 50 1e9 20 15\n", ["line 1", "which no camera has"]),
        ("1 PINHOLE 40 30 50 50 4800 15\n", ["line 1", "cx = 4800"]),
        ("1 FOV 40 30 50 50 20 15 4\n", ["line 1", "less than π"]),
        ("1 EUCM 40 30 50 50 20 15 1.5 1\n", ["line 1", "EUCM has alpha 1.5"]),
    ] {
        says(&with("sparse/0/cameras.txt", content), &[&["cameras.txt"], parts.as_slice()].concat());
    }
    for (content, parts) in [
        ("1 1 0 0 0 0 0 0 1 a.png\n\n2 1 0 0 0 0 0 1 b.png\n\n", ["line 3", "`b.png`"]),
        ("1 nan 0 0 0 0 0 0 1 a.png\n\n", ["line 1", "not a rotation"]),
        ("1 1 0 0 0 0 inf 0 1 a.png\n\n", ["line 1", "not a rotation"]),
        ("1 0 0 0 0 0 0 0 1 a.png\n\n", ["line 1", "not a rotation"]),
        ("1 1 0 0 0 0 0 0 1 ../a.png\n\n", ["line 1", "no path below"]),
        ("1 1 0 0 0 0 0 0 1 a.png\n\n2 1 0 0 0 0 0 0 1 b.png\n3 1 0 0 0 0 0 0 1 c.png\n", ["line 4", "another image"]),
        ("1 1 0 0 0 0 0 0 1\n\n", ["line 1", "no path below"]),
    ] {
        says(&with("sparse/0/images.txt", content), &[&["images.txt"], parts.as_slice()].concat());
    }
    says(&with("sparse/0/images.txt", "1 1 0 0 0 0 0 0 9 a.png\n\n"), &["a.png", "camera 9", "does not exist"]);
    let latin = b"1 1 0 0 0 0 0 0 1 a.png\n\n7 1 0 0 0 0 0 0 1 caf\xe9 12.png\n\n";
    says(&with("sparse/0/images.txt", latin), &["images.txt, line 3", "image 7", " 12.png", "must be"]);
    says(&with("sparse/0/cameras.txt", b"\xff\xfe1\0"), &["cameras.txt, line 1", "UTF-16"]);
    says(&with("sparse/0/images.txt", "# nothing\n"), &["no image with a camera"]);
    says(&with("sparse/0/points3D.txt", "1 2 3 4 300 0 0 0.1\n"), &["points3D.txt", "line 1", "`300`"]);
}

/// A binary model's files, each cut off everywhere, and with counts that no file can hold.
#[test]
fn binary_models_cut_short_and_with_counts_larger_than_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = folder.path().join("sparse/0");
    for name in ["0000", "0001", "0002", "0003", "0004", "0005", "0006"] {
        write_picture(&folder.path().join(format!("images/{name}.png")), 64, 48);
    }
    let read = |name: &str| std::fs::read(GEMS.path().join("sparse/0").join(name)).unwrap();
    for broken in ["cameras.bin", "images.bin", "points3D.bin"] {
        for name in ["cameras.bin", "images.bin", "points3D.bin"] {
            write(&sparse.join(name), read(name));
        }
        let whole = read(broken);
        let open = |bytes: &[u8]| {
            write(&sparse.join(broken), bytes);
            Dataset::open(folder.path(), &DatasetOptions::default())
        };
        assert!(open(&whole).is_ok());
        for length in (0..whole.len().min(400)).chain([whole.len() / 2, whole.len() - 1]) {
            let message = open(&whole[..length]).unwrap_err().to_string();
            assert!(message.contains(broken) && message.contains("byte"), "{length}: {message}");
        }
        for count in [1_000_000, u64::from(u32::MAX), u64::MAX / 24, u64::MAX] {
            let message = open(&[&count.to_le_bytes(), &whole[8..]].concat()).unwrap_err().to_string();
            assert!(message.contains(broken) && message.contains("room for"), "{message}");
        }
        let mut nan = whole.clone();
        let value = match broken {
            "cameras.bin" => 32,
            "images.bin" => 12,
            // A point at infinity is left out, as nothing depends on it.
            _ => continue,
        };
        nan[value..value + 8].copy_from_slice(&f64::NAN.to_le_bytes());
        assert!(open(&nan).unwrap_err().to_string().contains(broken));
    }
}

#[test]
fn pictures_that_are_missing_empty_or_of_another_shape() {
    let folder = one_picture("PINHOLE 40 30 50 50 20 15");
    let picture = folder.path().join("images/a.png");
    write_picture(&picture, 30, 40);
    says(&refusal(folder.path()), &["a.png", "30×40", "40×30"]);
    let whole = std::fs::read(&picture).unwrap();
    // A PNG of no width.
    let mut none = whole.clone();
    set_size(&mut none, 0, 40);
    write(&picture, &none);
    says(&refusal(folder.path()), &["a.png"]);
    for bytes in [&b""[..], b"\x89PNG\r\n\x1a\n", b"hello", &whole[..20]] {
        write(&picture, bytes);
        says(&refusal(folder.path()), &["a.png", "not an image that can be decoded"]);
    }
    std::fs::remove_file(&picture).unwrap();
    says(&refusal(folder.path()), &["a.png is missing", "1 of 1", "--images"]);
}

/// A head that claims a picture of many gigabytes is refused before anything is decoded.
#[test]
fn pictures_that_claim_to_be_huge() {
    let folder = one_picture("PINHOLE 60000 60000 50 50 20 15");
    let picture = folder.path().join("images/a.png");
    let mut huge = std::fs::read(&picture).unwrap();
    set_size(&mut huge, 60_000, 60_000);
    write(&picture, &huge);
    says(&refusal(folder.path()), &["a.png", "60000×60000"]);
}

/// Changes what a PNG's head says, and its checksum.
fn set_size(png: &mut [u8], width: u32, height: u32) {
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = !png[12..29].iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
    });
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
}

#[test]
fn transforms_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    write_picture(&folder.path().join("images/a.png"), 40, 30);
    let frame = |pose: &str| {
        let frame = format!("{{\"file_path\": \"images/a.png\", \"transform_matrix\": {pose}}}");
        format!("{{\"fl_x\": 50, \"frames\": [{frame}]}}")
    };
    let good = frame("[[1,0,0,0],[0,1,0,0],[0,0,1,5],[0,0,0,1]]");
    let refused = |json: &str, parts: &[&str]| {
        write(&folder.path().join("transforms.json"), json);
        says(&refusal(folder.path()), parts);
    };
    for (json, part) in [
        (good[..40].to_owned(), "line 1"),
        ("{\"frames\": []}".to_owned(), "no frames"),
        ("[]".to_owned(), "not a transforms.json"),
        ("[".repeat(100_000), "not a transforms.json"),
        (frame("[[NaN,0,0,0],[0,1,0,0],[0,0,1,5],[0,0,0,1]]"), "frames[0].transform_matrix"),
        (frame("[[1e999,0,0,0],[0,1,0,0],[0,0,1,5],[0,0,0,1]]"), "not a transforms.json"),
        (frame("[[2,0,0,0],[0,1,0,0],[0,0,1,5],[0,0,0,1]]"), "frame 0 (images/a.png): the pose is not a rotation"),
        (frame("[[1,0,0,0],[0,1,0,0]]"), "rows of four numbers"),
        (good.replace("\"fl_x\": 50", "\"a\": 1"), "neither `fl_x` nor `camera_angle_x`"),
        (good.replace("\"fl_x\": 50", "\"fl_x\": -1"), "positive focal lengths"),
        (good.replace("\"fl_x\"", "\"camera_model\": \"ORTHOPHOTO\", \"fl_x\""), "`ORTHOPHOTO` is not known"),
        (good.replace("\"fl_x\"", "\"k5\": 0.1, \"fl_x\""), "k5 is 0.1"),
        (good.replace("\"fl_x\"", "\"ftheta_p0\": 0.1, \"fl_x\""), "`ftheta_p0`"),
        (good.replace("\"fl_x\"", "\"distortion_params\": [0.1], \"fl_x\""), "has 1 values, six"),
        (good.replace("\"fl_x\": 50", "\"camera_angle_x\": 60"), "`camera_angle_x` is 60; radians"),
        (good.replace("\"fl_x\": 50", "\"camera_angle_x\": 0"), "`camera_angle_x` is 0; radians"),
        (good.replace("images/a.png", "../b.png"), "outside"),
    ] {
        refused(&json, &["transforms.json", part]);
    }
    refused(&good.replace("images/a.png", "images/b"), &["images/b is missing", "1 of 1"]);
    write(&folder.path().join("a.ply"), "ply\nformat ascii 1.0\nelement vertex 99999999\nend_header\n");
    refused(&good.replace("\"fl_x\"", "\"ply_file_path\": \"a.ply\", \"fl_x\""), &["a.ply", "do not fit"]);
}

#[test]
fn pictures_that_break_after_the_dataset_was_opened() {
    let folder = one_picture("PINHOLE 40 30 50 50 20 15");
    let dataset = open(folder.path());
    let picture = folder.path().join("images/a.png");
    let whole = std::fs::read(&picture).unwrap();
    write(&picture, &whole[..whole.len() / 2]);
    assert!(dataset.load(0).unwrap_err().to_string().contains("a.png"));
    write_picture(&picture, 20, 15);
    assert!(dataset.load(0).unwrap_err().to_string().contains("20×15"));
    std::fs::remove_file(&picture).unwrap();
    assert!(dataset.load(0).unwrap_err().to_string().contains("a.png"));
    assert!(dataset.load(1).unwrap_err().to_string().contains("no view 1"));
}
