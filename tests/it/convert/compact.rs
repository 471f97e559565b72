//! Compact scenes: nearly the same picture in a fraction of the bytes, and nothing else is believed.

use std::io::{Cursor, Read as _};

use lapidary::convert;
use lapidary::scene::Scene;
use zip::CompressionMethod;

use super::hostile::{Entries, zipped};
use super::*;

/// The entries of a compact file.
fn entries(path: &Path) -> Entries {
    let mut archive = zip::ZipArchive::new(Cursor::new(std::fs::read(path).unwrap())).unwrap();
    let mut read = |i| {
        let mut entry = archive.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    (0..9).map(&mut read).collect()
}

#[test]
fn a_compact_scene_looks_the_same_and_keeps_its_metadata() {
    let scene = Scene { origin: DVec3::new(4e5, 5e6, 10.0), ..chance_scene(60, 6) };
    let (_folder, path) = folder_with_scene(&scene);
    let compact = converted(&path, "scene.lapidary", &[]);
    let (found, about) = convert::read(&compact, None).unwrap();
    assert_eq!((about, found.origin, found.sh_degree), (metadata(), scene.origin, 2));
    let camera = Camera::look_at(scene.origin + DVec3::new(7.0, -6.0, 4.0), scene.origin, DVec3::Z, 60.0, 96, 72);
    let apart = seen(&path, camera).mean_square(&seen(&compact, camera));
    let blank = seen(&path, camera).mean_square(&Image::filled(96, 72, [0.2, 0.5, 0.2]));
    assert!(apart > 0.0 && apart < 3e-5 && blank > 1e-3, "{apart}, {blank}");
    assert_eq!(std::fs::read(converted(&path, "again.lapidary", &[])).unwrap(), std::fs::read(&compact).unwrap());
    let whole = converted(&compact, "whole.safetensors", &[]);
    assert_eq!(scene_file::load(&whole).unwrap(), found);
}

#[test]
fn scenes_of_every_shape_come_back() {
    for (count, k, sh_degree) in [(0, 6, 3), (1, 3, 0), (5, 4, 1), (300, 8, 2), (20, 6, 3)] {
        let scene = Scene { sh_degree, ..chance_scene(count, k) };
        let (_folder, path) = folder_with_scene(&scene);
        let (found, _) = convert::read(&converted(&path, "scene.lapidary", &[]), None).unwrap();
        assert_eq!((found.len(), found.points_per_convex, found.sh_degree), (count, k, sh_degree));
        let apart = found.params.points.iter().zip(&scene.params.points).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 0.02, "{count} of {k} points");
    }
}

/// What a reader refuses as too tightly packed is not written so.
#[test]
fn convexes_that_are_all_the_same_come_back() {
    let one = chance_scene(1, 6);
    let (_folder, path) = folder_with_scene(&one.gather(&[0; 5000]));
    let compact = converted(&path, "scene.lapidary", &[]);
    assert_eq!(convert::read(&compact, None).unwrap().0.len(), 5000);
}

#[test]
fn entries_that_do_not_fit_together_are_refused() {
    let (_folder, path) = folder_with_scene(&chance_scene(3, 6));
    let compact = converted(&path, "scene.lapidary", &[]);
    let is_refused = |edit: &dyn Fn(&mut Entries), part: &str| {
        let mut entries = entries(&compact);
        edit(&mut entries);
        let bad = compact.with_file_name("bad.lapidary");
        std::fs::write(&bad, zipped(&entries, CompressionMethod::Deflated)).unwrap();
        refused(&["convert", text(&bad), text(&compact.with_file_name("out.ply"))], 2, &["bad.lapidary", part]);
    };
    let head = |from: &'static str, to: &'static str| {
        move |entries: &mut Entries| {
            let text = String::from_utf8(entries[0].1.clone()).unwrap();
            assert!(text.contains(from), "{from}");
            entries[0].1 = text.replace(from, to).into_bytes();
        }
    };
    is_refused(&head("\"num_convexes\": 3", "\"num_convexes\": 4"), "entry `exponent` has 3 bytes");
    is_refused(&head("\"num_convexes\": 3", "\"num_convexes\": 9000000000000000000"), "entry `exponent`");
    is_refused(&head("\"version\": 1,", "\"version\": 2,"), "version 2, expected");
    is_refused(&head("lapidary-compact-scene", "zip"), "it is zip of version 1");
    is_refused(&head("\"points_per_convex\": \"6\"", "\"points_per_convex\": \"9\""), "has 9 points");
    is_refused(&head("\"sh_degree\": \"2\"", "\"sh_degree\": \"3\""), "entry `sh_rest`");
    is_refused(&|entries| drop(entries.remove(2)), "entry `first_point`");
    is_refused(&|entries| entries[3].1.push(0), "entry `other_points` has 46 bytes");
    is_refused(&|entries| entries.push(("more".to_owned(), vec![0; 64 << 20])), "more than 16 times");
    std::fs::write(&compact, "PK").unwrap();
    refused(&["info", text(&compact)], 2, &["scene.lapidary is not a compact scene"]);
}
