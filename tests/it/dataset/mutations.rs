//! Thousands of broken files for every parser: whatever they say, the answer is a dataset or a sentence that names
//! the file. The same files every time.

use image::DynamicImage;
use lapidary::dataset::ColmapModel;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::*;

/// Numbers that parsers trip over.
const NASTY: [u64; 8] = [0, 1, u64::MAX, 1 << 31, 1 << 32, 1 << 60, f64::NAN.to_bits(), f64::INFINITY.to_bits()];

/// Words that parsers of text trip over.
const WORDS: [&str; 12] = [
    "nan",
    "-1",
    "1e999",
    "99999999999999999999",
    "\n",
    "#",
    "\0",
    "\"",
    "[",
    "-inf",
    "../",
    "element vertex 4294967296\n",
];

/// One to three changes.
fn mutated(bytes: &[u8], random: &mut Pcg64Mcg) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..=3) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        let length = random.random_range(0..32).min(bytes.len() - at);
        match random.random_range(0..7) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..at + length)),
            4 => drop(bytes.splice(at..at + length, WORDS[random.random_range(0..WORDS.len())].bytes())),
            5 => {
                let piece = bytes[at..at + length].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            _ => {
                let nasty = NASTY[random.random_range(0..NASTY.len())].to_le_bytes();
                let length = [1, 2, 4, 8][random.random_range(0..4)].min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&nasty[..length]);
            }
        }
    }
    bytes
}

/// Opens a folder with `file` broken in `rounds` ways; returns how often that was refused.
fn refused(folder: &Path, file: &str, rounds: u64) -> u64 {
    let path = folder.join(file);
    let whole = std::fs::read(&path).unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(file.len() as u64);
    let mut refused = 0;
    for _ in 0..rounds {
        std::fs::write(&path, mutated(&whole, &mut random)).unwrap();
        match Dataset::open(folder, &DatasetOptions::default()) {
            Ok(dataset) => assert!(dataset.views.iter().all(|view| view.camera.check().is_ok())),
            Err(error) => {
                refused += 1;
                let message = error.to_string();
                assert!(message.contains(folder.to_str().unwrap()) && message.len() < 1000, "{message}");
            }
        }
    }
    std::fs::write(&path, whole).unwrap();
    refused
}

#[test]
fn mutated_binary_models_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = folder.path().join("sparse/0");
    for name in ["cameras.bin", "images.bin", "points3D.bin"] {
        write(&sparse.join(name), std::fs::read(GEMS.path().join("sparse/0").join(name)).unwrap());
    }
    for i in 0..7 {
        write_picture(&folder.path().join(format!("images/000{i}.png")), 64, 48);
    }
    for file in ["sparse/0/cameras.bin", "sparse/0/images.bin", "sparse/0/points3D.bin"] {
        let refused = refused(folder.path(), file, 2000);
        assert!(refused > 300, "{file}: {refused}");
    }
}

#[test]
fn mutated_text_models_never_panic() {
    let folder = one_picture("OPENCV 40 30 50 50 20 15 0.1 0.01 0.001 0.002");
    for file in ["sparse/0/cameras.txt", "sparse/0/images.txt", "sparse/0/points3D.txt"] {
        let refused = refused(folder.path(), file, 2000);
        assert!(refused > 300, "{file}: {refused}");
    }
}

#[test]
fn mutated_transforms_and_points_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    write_picture(&folder.path().join("images/a.png"), 40, 30);
    let json = r#"{"fl_x": 50, "k1": 0.1, "w": 40, "h": 30, "ply_file_path": "a.ply", "train_filenames": ["images/a"],
        "applied_transform": [[1,0,0,0],[0,1,0,0],[0,0,1,0]], "frames": [{"file_path": "images/a", "mask_path": "m.png",
        "transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,5],[0,0,0,1]]}]}"#;
    write(&folder.path().join("transforms.json"), json);
    let mut ply = b"ply\nformat binary_little_endian 1.0\ncomment x\nelement vertex 3\nproperty float x\n\
        property float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n\
        element face 1\nproperty list uchar int vertex_indices\nend_header\n"
        .to_vec();
    ply.extend([0u8; 45]);
    ply.extend([3, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
    write(&folder.path().join("a.ply"), ply);
    assert_eq!(open(folder.path()).points.len(), 3);
    for file in ["transforms.json", "a.ply"] {
        let refused = refused(folder.path(), file, 3000);
        assert!(refused > 300, "{file}: {refused}");
    }
}

#[test]
fn mutated_archives_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let source = one_picture("PINHOLE 40 30 50 50 20 15");
    for name in ["sparse/0/cameras.txt", "sparse/0/images.txt", "sparse/0/points3D.txt", "images/a.png"] {
        zip.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut zip, &std::fs::read(source.path().join(name)).unwrap()).unwrap();
    }
    let whole = zip.finish().unwrap().into_inner();
    let mut random = Pcg64Mcg::seed_from_u64(9);
    let mut refused = 0;
    for _ in 0..3000 {
        std::fs::write(&path, mutated(&whole, &mut random)).unwrap();
        match Dataset::open(&path, &DatasetOptions::default()).and_then(|dataset| dataset.load(0)) {
            Ok(picture) => assert_eq!(picture.pixels.len(), picture.width as usize * picture.height as usize),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("a.zip"), "{error}");
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

#[test]
fn mutated_pictures_never_panic() {
    let picture = RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8 * 5, y as u8 * 7, 7]));
    for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::WebP] {
        let folder = one_picture("PINHOLE 40 30 50 50 20 15");
        let path = folder.path().join("images/a.png");
        let mut whole = std::io::Cursor::new(Vec::new());
        DynamicImage::from(picture.clone()).write_to(&mut whole, format).unwrap();
        let mut random = Pcg64Mcg::seed_from_u64(10);
        for _ in 0..1500 {
            std::fs::write(&path, mutated(whole.get_ref(), &mut random)).unwrap();
            match Dataset::open(folder.path(), &DatasetOptions::default()).and_then(|dataset| dataset.load(0)) {
                Ok(picture) => assert_eq!(picture.pixels.len(), picture.width as usize * picture.height as usize),
                Err(error) => assert!(error.to_string().contains("a.png"), "{error}"),
            }
        }
    }
}

/// The reader of models by itself, which has no pictures to look for.
#[test]
fn mutated_models_without_pictures_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["cameras.bin", "images.bin", "points3D.bin"];
    let whole = names.map(|name| std::fs::read(GEMS.path().join("sparse/0").join(name)).unwrap());
    let mut random = Pcg64Mcg::seed_from_u64(11);
    for _ in 0..3000 {
        for (name, bytes) in names.iter().zip(&whole) {
            std::fs::write(folder.path().join(name), mutated(bytes, &mut random)).unwrap();
        }
        if let Ok(model) = ColmapModel::load(folder.path()) {
            assert!(model.points.len() <= 1000 && model.images.len() <= 100);
        }
    }
}
