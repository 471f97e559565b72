//! Files that were made to break a reader: each is refused in a sentence, without a panic and without much memory.

use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use lapidary::convert::{self, Focal};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::authors::file;
use super::{chance_scene, converted, end_of_header, folder_with_scene};
use crate::cli::{refused, text};

const FOCAL: Option<Focal> = Some(Focal { x: 100.0, y: 100.0 });

/// Rounds of chance for each file; enough that every branch of a reader is met many times.
const ROUNDS: u32 = 2000;

pub(super) type Entries = Vec<(String, Vec<u8>)>;

/// The entries of a model that PyTorch wrote, the pickle first.
fn entries() -> Entries {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(file("authors_full.pt")).unwrap()).unwrap();
    let mut read = |i| {
        let mut entry = archive.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    let entries: Entries = (0..8).map(&mut read).collect();
    assert!(entries[0].0.ends_with("data.pkl"));
    entries
}

pub(super) fn zipped(entries: &Entries, method: CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A model with another pickle.
fn with_pickle(pickle: Vec<u8>) -> Vec<u8> {
    let mut entries = entries();
    entries[0].1 = pickle;
    zipped(&entries, CompressionMethod::Stored)
}

/// A model with one more entry in its dictionary, whose value these opcodes make.
fn with_value(value: &[u8]) -> Vec<u8> {
    let (_, pickle) = entries().swap_remove(0);
    let pickle = pickle.strip_suffix(b"u.").unwrap();
    with_pickle([pickle, b"X\x04\x00\x00\x00more", value, b"u."].concat())
}

fn message(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    std::fs::write(&path, bytes).unwrap();
    let message = convert::read(&path, FOCAL).unwrap_err().to_string();
    assert!(message.contains("model.pt"), "{message}");
    message
}

#[test]
fn unchanged_test_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    for bytes in [zipped(&entries(), CompressionMethod::Stored), with_value(b"K\x01")] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(convert::read(&path, FOCAL).unwrap().0, convert::read(&file("authors_full.pt"), FOCAL).unwrap().0);
    }
}

#[test]
fn pickles_that_call_anything_are_refused_and_nothing_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let command = format!("touch {}", made.display());
    let string = [b"X", &u32::try_from(command.len()).unwrap().to_le_bytes()[..], command.as_bytes()].concat();
    let system = [b"cposix\nsystem\n", &string[..], b"\x85R"].concat();
    let nested = [b"](", &system[..], b"e"].concat();
    assert!(message(&with_value(&nested)).contains("posix.system"));
    assert!(message(&with_value(b"c__builtin__\neval\nX\x01\x00\x00\x001\x85R")).contains("__builtin__.eval"));
    assert!(message(&with_pickle([b"\x80\x02", &system[..], b"."].concat())).contains("posix.system"));
    let (path, out) = (folder.path().join("model.pt"), folder.path().join("out.safetensors"));
    std::fs::write(&path, with_value(&system)).unwrap();
    refused(&["convert", text(&path), text(&out), "--focal", "100"], 2, &["posix.system", "nothing is run"]);
    assert!(!made.exists() && !out.exists());
}

#[test]
fn deep_nesting_and_memo_bombs_end_early() {
    let lists = [&b"]"[..], &b"(]".repeat(20_000), &b"e".repeat(20_000)].concat();
    assert!(message(&with_value(&lists)).contains("nesting"));
    let tuples = [&b"N"[..], &b"\x85".repeat(50_000)].concat();
    assert!(message(&with_value(&tuples)).contains("nesting"));
    // Each list holds the one before twice: 2^60 of them.
    let mut bomb = b"]r\x00\x01\x00\x00".to_vec();
    for i in 0..60u8 {
        bomb.extend([b']', b'(', b'j', i, 1, 0, 0, b'j', i, 1, 0, 0, b'e', b'r', i + 1, 1, 0, 0]);
    }
    assert!(message(&with_value(&bomb)).contains("memo bomb"));
    // A string of 4 GiB that is not there.
    message(&with_value(b"X\xff\xff\xff\xffabc"));
    assert!(message(&with_pickle([&b"\x80\x02"[..], &b"N".repeat(50_000), b"."].concat())).contains("dictionary"));
    assert!(message(&with_pickle(vec![b'N'; (1 << 16) + 1])).contains("expected at most"));
}

#[test]
fn wrong_sizes_are_refused() {
    let mut large = entries();
    large[1].1 = vec![0; 64 << 20];
    let bomb = zipped(&large, CompressionMethod::Deflated);
    assert!(bomb.len() < 1 << 20 && message(&bomb).contains("compressed, which PyTorch never does"));

    // Where the central directory and the header of an entry say 144 bytes, they say nearly 4 GiB.
    let mut lying = zipped(&entries(), CompressionMethod::Stored);
    for at in 0..lying.len() - 8 {
        if lying[at..at + 8] == [144, 0, 0, 0, 144, 0, 0, 0] {
            lying[at..at + 8].copy_from_slice(&[0xf0, 0xff, 0xff, 0xff, 0xf0, 0xff, 0xff, 0xff]);
        }
    }
    assert!(message(&lying).contains("claim"));

    let (_, pickle) = entries().swap_remove(0);
    let (shape, stride) = (b"K\x02K\x06K\x03\x87", b"K\x12K\x03K\x01\x87");
    let replaced = |from: &[u8], to: &[u8], pickle: &[u8]| {
        let at = pickle.windows(from.len()).position(|window| window == from).unwrap();
        [&pickle[..at], to, &pickle[at + from.len()..]].concat()
    };
    // A tensor that repeats one number: 2^40, 2^27 and 2^16 rows of stride zero.
    for rows in [&b"\x8a\x06\x00\x00\x00\x00\x00\x01"[..], b"J\x00\x00\x00\x08", b"J\x00\x00\x01\x00"] {
        let pickle = replaced(shape, &[rows, b"K\x06K\x03\x87"].concat(), &pickle);
        let message = message(&with_pickle(replaced(stride, b"K\x00K\x00K\x00\x87", &pickle)));
        assert!(message.contains("tensors claim") || message.contains("byte limit"), "{message}");
    }
    let beyond = replaced(shape, b"K\x03K\x06K\x03\x87", &pickle);
    assert!(message(&with_pickle(beyond)).contains("needs 54 elements"));
}

#[test]
fn other_containers_are_not_even_opened() {
    for bytes in [&b""[..], b"PK", b"PK\x05\x06", b"\x80\x02}q\x00.", &b"ustar".repeat(100)] {
        assert!(message(bytes).contains("does not begin like a zip file"));
    }
    message(b"PK\x03\x04");
}

#[test]
fn counts_of_a_ply_are_checked_before_anything_is_read() {
    let (_folder, path) = folder_with_scene(&chance_scene(3, 6));
    let bytes = std::fs::read(converted(&path, "good.ply", &[])).unwrap();
    let end = end_of_header(&bytes);
    let header = std::str::from_utf8(&bytes[..end]).unwrap();
    let path = path.with_file_name("bad.ply");
    let is_refused = |bytes: &[u8], part: &str| {
        std::fs::write(&path, bytes).unwrap();
        let message = convert::read(&path, None).unwrap_err().to_string();
        assert!(message.contains("bad.ply") && message.contains(part), "{message}");
    };
    let says = |from: &str, to: &str, part: &str| {
        assert!(header.contains(from), "{from}");
        is_refused(&[header.replace(from, to).as_bytes(), &bytes[end..]].concat(), part);
    };
    says("vertex 18", "vertex 19", "19 vertices");
    says("vertex 18\n", "vertex 6000000000000000000\n", "vertices");
    let xyz = "property float x\nproperty float y\nproperty float z\n";
    let many = format!("vertex 6000000\n{xyz}element convex 1000000\n");
    says(&format!("vertex 18\n{xyz}element convex 3\n"), &many, "more than it can hold");
    says("convex 3", "convex -3", "count");
    says("points_per_convex 6", "points_per_convex 9", "has 9 points");
    says("comment version 1", "comment version 3", "`version` is 3");
    says("property float x", "property double x", "`vertex`");
    says("list uchar float sh", "list uint float sh", "`convex`");
    says("property list uchar float sh\n", "", "`convex`");
    says("end_header", "element junk 1000000000000000000\nend_header", "3 elements");
    says("end_header", "end_heade", "PLY");
    says("comment format lapidary-scene\n", "", "`format` is nothing");
    is_refused(&bytes[..bytes.len() - 1], "");
    let mut nan = bytes.clone();
    nan[end..end + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    is_refused(&nan, "`points` of convex 0 is not finite");
}

/// A few bytes changed, cut off, repeated or lost.
fn mutated(bytes: &[u8], chance: &mut Pcg64Mcg) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..chance.random_range(1..4) {
        let at = chance.random_range(0..bytes.len().max(1)).min(bytes.len());
        let end = (at + chance.random_range(1..64)).min(bytes.len());
        match chance.random_range(0..7) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at..end),
            2 => drop(bytes.drain(at..end)),
            3 => bytes[at..end].fill([0u8, 1, 0x7f, 0x80, 0xff][chance.random_range(0..5)]),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = chance.next_u32().to_le_bytes()[0]),
        }
    }
    bytes
}

/// Reads mutations of a file, and counts those that were still good.
fn survivors(original: &Path, name: &str) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let bytes = std::fs::read(original).unwrap();
    let focal = if name.ends_with("pt") { FOCAL } else { None };
    let mut chance = Pcg64Mcg::seed_from_u64(3);
    let mut is_good = |_| {
        std::fs::write(&path, mutated(&bytes, &mut chance)).unwrap();
        let read = convert::read(&path, focal).map_err(|error| error.to_string());
        match &read {
            Ok((scene, _)) => scene.check().unwrap(),
            Err(message) => assert!(message.contains(name), "{message}"),
        }
        read.is_ok()
    };
    (0..ROUNDS).map(|round| u32::from(is_good(round))).sum()
}

#[test]
fn thousands_of_mutations_of_every_format_never_panic() {
    let (_folder, path) = folder_with_scene(&chance_scene(3, 6));
    let ply = converted(&path, "convexes.ply", &[]);
    let compact = converted(&path, "scene.lapidary", &[]);
    for (original, name) in [
        (path.clone(), "scene.safetensors"),
        (ply, "convexes.ply"),
        (compact, "scene.lapidary"),
        (file("authors_full.pt"), "model.pt"),
        (file("authors_light.pt"), "model.pt"),
    ] {
        let good = survivors(&original, name);
        assert!(good > 0 && good < ROUNDS, "{name}: {good} were good");
    }
}

#[test]
fn a_ply_file_that_is_longer_than_its_header_says_is_refused_unread() {
    let (_folder, path) = folder_with_scene(&chance_scene(9, 6));
    for (name, more) in [("convexes.ply", &[][..]), ("gaussians.ply", &["--gaussians"])] {
        let file = converted(&path, name, more);
        std::fs::File::options().write(true).open(&file).unwrap().set_len(60 << 30).unwrap();
        let message = convert::read(&file, None).unwrap_err().to_string();
        assert!(message.contains(name) && message.contains("64424509440 bytes"), "{message}");
    }
}
