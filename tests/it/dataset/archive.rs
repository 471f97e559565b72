//! Datasets in a `.zip`, and archives that mean harm.

use std::io::Write as _;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

/// Packs every file of a folder under `prefix`.
fn pack(folder: &Path, prefix: &str, out: &Path) {
    let mut zip = ZipWriter::new(std::fs::File::create(out).unwrap());
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            let method = if name.ends_with("png") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
            let options = SimpleFileOptions::default().compression_method(method);
            zip.start_file(format!("{prefix}{name}"), options).unwrap();
            zip.write_all(&std::fs::read(path).unwrap()).unwrap();
        }
    }
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("__MACOSX/litter", stored).unwrap();
    zip.finish().unwrap();
}

#[test]
fn an_archive_is_read_like_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let whole = open(GEMS.path());
    for prefix in ["", "gems/", "a/b c/"] {
        let path = folder.path().join("gems.ZIP");
        pack(GEMS.path(), prefix, &path);
        let packed = open(&path);
        assert_eq!((packed.kind, &packed.points), (whole.kind, &whole.points));
        assert_eq!(packed.views.len(), whole.views.len());
        for (i, (a, b)) in packed.views.iter().zip(&whole.views).enumerate() {
            assert_eq!((&a.name, a.split, a.camera), (&b.name, b.split, b.camera));
            assert_eq!(packed.load(i).unwrap(), whole.load(i).unwrap());
        }
    }
}

#[test]
fn many_threads_read_one_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gems.zip");
    pack(GEMS.path(), "", &path);
    let (packed, whole) = (open(&path), open(GEMS.path()));
    std::thread::scope(|scope| {
        for first in 0..4 {
            let (packed, whole) = (&packed, &whole);
            scope.spawn(move || {
                for i in (first..packed.views.len()).chain(0..first) {
                    assert_eq!(packed.load(i).unwrap(), whole.load(i).unwrap());
                }
            });
        }
    });
}

/// The message with which an archive of one file is refused.
fn refusal(name: &str, content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.zip");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    // The writer would tidy a name that leaves the archive: one of the same length is changed afterwards.
    let harmless = "x".repeat(name.len());
    zip.start_file(harmless.as_str(), options).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    while let Some(at) = bytes.windows(name.len()).position(|window| window == harmless.as_bytes()) {
        bytes[at..at + name.len()].copy_from_slice(name.as_bytes());
    }
    std::fs::write(&path, bytes).unwrap();
    Dataset::open(&path, &DatasetOptions::default()).unwrap_err().to_string()
}

#[test]
fn archive_bombs_are_refused() {
    let message = refusal("transforms.json", &vec![b' '; 65 << 20]);
    assert!(message.contains("bad.zip") && message.contains("claim to unpack"), "{message}");
    let message = refusal("transforms.json", &vec![b' '; 1 << 20]);
    assert!(message.contains("not a transforms.json"), "small ones are nothing special: {message}");
}

#[test]
fn names_that_leave_the_archive_are_refused() {
    for name in ["../transforms.json", "a/../../transforms.json", "/etc/transforms.json", "..\\transforms.json"] {
        let message = refusal(name, b"{}");
        assert!(message.contains("bad.zip") && message.contains("outside"), "{name}: {message}");
    }
}

/// The length that the directory of the archive claims is changed.
#[test]
fn entries_longer_than_their_headers_say_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.zip");
    pack(GEMS.path(), "", &path);
    let whole = std::fs::read(&path).unwrap();
    // The name stands twice: before the part, and 46 bytes into its entry of the directory.
    let name = b"sparse/0/images.bin";
    let entry = whole.windows(name.len()).rposition(|window| window == name).unwrap() - 46;
    assert!(whole[entry..].starts_with(b"PK\x01\x02"));
    let length = entry + 24;
    for claimed in [1u32, 100, 1 << 26, u32::MAX - 1] {
        let mut broken = whole.clone();
        broken[length..length + 4].copy_from_slice(&claimed.to_le_bytes());
        std::fs::write(&path, broken).unwrap();
        let message = Dataset::open(&path, &DatasetOptions::default()).unwrap_err().to_string();
        assert!(message.contains("images.bin"), "{claimed}: {message}");
    }
}
