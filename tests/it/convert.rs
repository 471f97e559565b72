//! `lapidary convert`: what comes in is what went out, and what other programs read is what they should.

mod authors;
mod compact;
mod hostile;
mod meshes;
mod origin;
mod splats;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use glam::{DMat3, DVec3};
use lapidary::camera::Camera;
use lapidary::convert::{self, SolidLayout, WriteOptions};
use lapidary::dataset::transforms::Transforms;
use lapidary::image::Image;
use lapidary::scene::{Bookmark, Params, Scene, Similarity, StartView};
use lapidary::scene_file::{self, Metadata};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use tempfile::TempDir;

use crate::cli::{refused, succeeds, text};

/// Convexes of chance: `count` of `k` points.
fn chance_scene(count: usize, k: usize) -> Scene {
    let mut chance = Pcg64Mcg::seed_from_u64(7);
    let mut value = move |size: f32| size * (2.0 * chance.random::<f32>() - 1.0);
    let mut scene = Scene::empty(k, 2);
    for _ in 0..count {
        let centre = [(); 3].map(|()| value(3.0));
        let points: Vec<f32> = (0..3 * k).map(|i| centre[i % 3] + value(0.5)).collect();
        let sh: Vec<f32> = (0..48).map(|_| value(1.0)).collect();
        let (log_delta, log_sigma, raw_opacity) = (6.0 + value(1.0), 4.0 + value(1.0), value(3.0));
        scene.push(Params {
            points: &points,
            log_delta: &[log_delta],
            log_sigma: &[log_sigma],
            raw_opacity: &[raw_opacity],
            sh: &sh,
        });
    }
    scene
}

fn bookmark(name: &str) -> Bookmark {
    let view = StartView { position: DVec3::Y, focus: DVec3::X, up: DVec3::Z, fov: 30.25, arc: None };
    Bookmark { name: name.to_owned(), view }
}

fn metadata() -> Metadata {
    let similarity = Similarity { scale: 0.25, centre: [1.0, -2.5, 1e-3] };
    Metadata {
        background: [0.25, 0.5, 1.0],
        normalised_from_world: Some(similarity),
        antialias: true,
        start_view: Some(StartView {
            position: DVec3::new(1.0 / 3.0, 2.0, -3.0),
            focus: DVec3::ZERO,
            up: DVec3::NEG_Y,
            fov: 50.5,
            arc: None,
        }),
        bookmarks: vec![bookmark("front, above"), bookmark("Größe → \"here\"")],
        provenance: Some("a test, with a comma".to_owned()),
        left_out: 0,
    }
}

/// A folder with this scene in it.
fn folder_with_scene(scene: &Scene) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.safetensors");
    scene_file::save_with(scene, &metadata(), &path).unwrap();
    (folder, path)
}

/// Converts as a user does and gives the file written.
fn converted(from: &Path, name: &str, more: &[&str]) -> PathBuf {
    let to = from.with_file_name(name);
    let mut args = vec!["convert", text(from), text(&to)];
    args.extend(more);
    succeeds(&args);
    to
}

/// Where the values of a binary PLY begin.
fn end_of_header(bytes: &[u8]) -> usize {
    bytes.windows(11).position(|window| window == b"end_header\n").unwrap() + 11
}

#[test]
fn convexes_come_back_from_ply_bit_for_bit() {
    for k in 3..=8 {
        let scene = chance_scene(5, k);
        let (_folder, path) = folder_with_scene(&scene);
        let back = converted(&converted(&path, "convexes.ply", &[]), "back.safetensors", &[]);
        assert_eq!(scene_file::load_with(&back).unwrap(), (scene, metadata()));
        assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(&path).unwrap());
    }
}

#[test]
fn a_ply_of_text_is_read_as_well() {
    let scene = chance_scene(3, 4);
    let (_folder, path) = folder_with_scene(&scene);
    let binary = std::fs::read(converted(&path, "convexes.ply", &[])).unwrap();
    let header = String::from_utf8(binary[..end_of_header(&binary)].to_vec()).unwrap();
    let mut text = header.replace("binary_little_endian", "ascii");
    scene.params.points.chunks(3).for_each(|p| writeln!(text, "{} {} {}", p[0], p[1], p[2]).unwrap());
    for i in 0..scene.len() {
        let Params { log_delta, log_sigma, raw_opacity, sh, .. } = &scene.params;
        write!(text, "{} {} {} 48", log_delta[i], log_sigma[i], raw_opacity[i]).unwrap();
        sh[48 * i..48 * (i + 1)].iter().for_each(|value| write!(text, " {value}").unwrap());
        text.push('\n');
    }
    let path = path.with_file_name("text.ply");
    std::fs::write(&path, text).unwrap();
    assert_eq!(convert::read(&path, None).unwrap(), (scene, metadata()));
}

#[test]
fn an_empty_scene_converts_to_everything() {
    let (_folder, path) = folder_with_scene(&Scene::empty(6, 3));
    for (name, more) in [
        ("a.safetensors", &[][..]),
        ("a.lapidary", &[]),
        ("a.ply", &[]),
        ("b.ply", &["--gaussians"]),
        ("a.glb", &[]),
        ("b.glb", &["--merge"]),
        ("a.obj", &[]),
        ("a.json", &[]),
    ] {
        assert!(converted(&path, name, more).is_file());
    }
}

#[test]
fn impossible_conversions_are_refused_with_a_sentence() {
    let (_folder, path) = folder_with_scene(&chance_scene(2, 6));
    let is_refused = |from: &Path, name: &str, more: &[&str], parts: &[&str]| {
        let to = path.with_file_name(name);
        let mut args = vec!["convert", text(from), text(&to)];
        args.extend(more);
        refused(&args, 2, parts);
        assert!(!to.exists());
    };
    is_refused(&path, "out.gltf", &[], &["out.gltf", ".glb"]);
    is_refused(&path, "out", &[], &["expected a name that ends in"]);
    is_refused(&path, "out.glb", &["--gaussians"], &["--gaussians", ".ply"]);
    is_refused(&path, "out.json", &["--merge"], &["--merge", ".obj"]);
    is_refused(&path, "out.ply", &["--colliders"], &["--colliders", ".json"]);
    is_refused(&path, "out.ply", &["--min-opacity", "1"], &["no convex is left", "2 less opaque than 1"]);
    is_refused(&path, "out.ply", &["--crop", "90,90,90,91,91,91"], &["no convex is left", "2 outside of the box"]);
    is_refused(&path, "out.ply", &["--crop", "1,2,3"], &["--crop", "two corners"]);
    is_refused(&path, "out.ply", &["--transform", "1,0,0,0,0,2,0,0,0,0,1,0"], &["--transform", "same scale"]);
    is_refused(&path, "out.ply", &["--within-cameras", "absent"], &["--within-cameras", "absent"]);
    is_refused(&path, "out.ply", &["--min-views", "2"], &["--within-cameras"]);
    is_refused(&path, "out.ply", &["--focal", "1000"], &["--focal", ".pt"]);
    is_refused(&path, "out.glb", &["--min-opacity", "2"], &["--min-opacity"]);
    is_refused(&path.with_file_name("absent.pt"), "out.ply", &["--focal", "1"], &["absent.pt"]);
    is_refused(&path.with_file_name("scene.obj"), "out.ply", &[], &["scene.obj", ".safetensors"]);
    let gaussians = std::fs::read(converted(&path, "gaussians.ply", &["--gaussians"])).unwrap();
    let broken = path.with_file_name("broken.ply");
    let with = |from: &str, to: &str| {
        let at = gaussians.windows(from.len()).position(|found| found == from.as_bytes()).unwrap();
        [&gaussians[..at], to.as_bytes(), &gaussians[at + from.len()..]].concat()
    };
    for (bytes, part) in [
        (gaussians[..gaussians.len() - 1].to_vec(), "promises 2 Gaussians and holds 1"),
        (with("f_rest_44", "f_rest_45"), "44 properties"),
        (with("opacity", "opacitx"), "without `opacity`"),
        (with("float scale_0", "uchar scale_0"), "float properties alone"),
    ] {
        std::fs::write(&broken, bytes).unwrap();
        is_refused(&broken, "out.glb", &[], &["broken.ply", part]);
    }
}

/// A picture of a scene by its file, from a camera.
fn seen(scene: &Path, camera: Camera) -> Image {
    let (cameras, out) = (scene.with_file_name("camera.json"), scene.with_file_name("seen.png"));
    Transforms::from_cameras(&[("a.png".to_owned(), camera)]).save(&cameras).unwrap();
    let background = ["--background", "0.2,0.5,0.2", "--bits", "16"];
    let args = ["render", text(scene), "--cameras", text(&cameras), "--out", text(&out)];
    succeeds(&[&args[..], &background[..]].concat());
    Image::load(&out).unwrap()
}

#[test]
fn a_moved_scene_looks_the_same_to_a_camera_that_moves_along() {
    let scene = Scene { sh_degree: 3, ..chance_scene(60, 6) };
    let (_folder, path) = folder_with_scene(&scene);
    let look = |at: DVec3, to: DVec3, up: DVec3| Camera::look_at(at, to, up, 60.0, 96, 72);
    let (at, to, up) = (DVec3::new(7.0, -6.0, 4.0), DVec3::new(0.2, 0.1, -0.3), DVec3::Z);
    let before = seen(&path, look(at, to, up));
    assert!(before.mean_square(&Image::filled(96, 72, [0.2, 0.5, 0.2])) > 1e-3, "there is something to see");
    let rotation = DMat3::from_axis_angle(DVec3::new(1.0, 2.0, -1.0).normalize(), 130f64.to_radians());
    // Near the origin of the world, and so far that the scene needs an origin of its own.
    for (place, translate) in [(DVec3::new(3.0, -2.0, 1.0), "3,-2,1"), (DVec3::new(4e5, 5e6, 10.0), "4e5,5e6,10")] {
        let more = ["--scale", "2.5", "--rotate", "1,2,-1,130", "--translate", translate];
        let moved = converted(&path, "moved.safetensors", &more);
        let move_point = |point: DVec3| 2.5 * (rotation * point) + place;
        let after = seen(&moved, look(move_point(at), move_point(to), rotation * up));
        let apart = before.data.iter().zip(&after.data).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Places and harmonics are rounded to f32 in another world.
        assert!(apart < 2e-3, "{apart}");
        let (found, about) = scene_file::load_with(&moved).unwrap();
        assert_eq!(found.origin != DVec3::ZERO, place.length() > 1e3);
        assert!(about.provenance.unwrap().starts_with("a test, with a comma; scaled by 2.5, turned"));
        assert!(about.start_view.unwrap().focus.distance(place) < 1e-6 * place.length());
        assert!((about.normalised_from_world.unwrap().scale - 0.1).abs() < 1e-12);
    }
    let matrix = path.with_file_name("matrix.txt");
    std::fs::write(&matrix, "1 0 0 0\n0 1 0 0\n0 0 1 0\n").unwrap();
    let same = converted(&path, "same.safetensors", &["--transform", text(&matrix)]);
    assert_eq!(std::fs::read(same).unwrap(), std::fs::read(&path).unwrap(), "a transform that changes nothing");
}

#[test]
fn convexes_that_are_not_wanted_are_dropped_with_the_reason() {
    let scene = chance_scene(200, 6);
    let (folder, path) = folder_with_scene(&scene);
    let out = path.with_file_name("part.ply");
    let convert = |more: &[&str]| succeeds(&[&["convert", text(&path), text(&out)], more].concat());
    let said = convert(&["--crop", "-1,-9,-9,9,9,9", "--min-opacity", "0.5"]);
    let (kept, about) = convert::read(&out, None).unwrap();
    let middle = |i: usize| (0..6).map(|k| scene.point(i, k)[0]).sum::<f32>() / 6.0;
    let (inside, opaque) = ((0..200).filter(|i| middle(*i) >= -1.0), |i: &usize| scene.params.raw_opacity[*i] >= 0.0);
    let wanted: Vec<usize> = inside.clone().filter(opaque).collect();
    assert_eq!(kept.params, scene.gather(&wanted).params);
    let (outside, faint) = (200 - inside.clone().count(), inside.count() - wanted.len());
    let told = format!(
        "{} of 200 convexes are dropped: {outside} outside of the box, {faint} less opaque than 0.5",
        outside + faint
    );
    assert!(said.contains(&told), "{said}");
    assert_eq!(about.provenance.unwrap(), format!("a test, with a comma; {told}"));

    // One camera sees x above 1, the other x below 2 or so; both from 9 units away.
    let look = |x: f64| Camera::look_at(DVec3::new(x, -9.0, 0.0), DVec3::new(x, 0.0, 0.0), DVec3::Z, 150.0, 96, 96);
    let cameras = [look(-2.0), look(2.0)].map(|camera| ("a.png".to_owned(), camera));
    let data = folder.path().join("run");
    std::fs::create_dir(&data).unwrap();
    Transforms::from_cameras(&cameras).save(&data.join("cameras.json")).unwrap();
    let count = |more: &[&str]| {
        convert(&[&["--within-cameras", text(&data)], more].concat());
        convert::read(&out, None).unwrap().0.len()
    };
    let (one, both) = (count(&[]), count(&["--min-views", "2"]));
    assert!(both < one && one < 200 && both > 0, "{both} {one}");
    refused(
        &["convert", text(&path), text(&out), "--within-cameras", text(&data), "--min-views", "3"],
        2,
        &["2 cameras"],
    );
}

/// Four walls one behind the other, a small one behind them, and one aside.
#[test]
fn what_no_image_shows_is_dropped() {
    let mut scene = Scene::empty(4, 0);
    let mut wall = |x: f64, y: f64, half: f64| {
        let corner = |side: f64, up: f64| DVec3::new(x + half * side, y, half * up).as_vec3().to_array();
        let points = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)].concat();
        scene.push(Params {
            points: &points,
            log_delta: &[5.0],
            log_sigma: &[4.0],
            raw_opacity: &[2.944],
            sh: &[0.2; 48],
        });
    };
    // Each leaves a twentieth of the light; four would leave too little to count.
    [0.0, 0.1, 0.2, 0.3].into_iter().for_each(|y| wall(0.0, y, 3.0));
    wall(0.0, 1.0, 0.5);
    wall(20.0, 0.0, 1.0);
    let (folder, path) = folder_with_scene(&scene);
    let out = path.with_file_name("seen.ply");
    let look = |from: DVec3| Camera::look_at(from, DVec3::new(0.0, 1.0, 0.0), DVec3::Z, 150.0, 96, 96);
    let cameras = [DVec3::new(0.0, -9.0, 0.0), DVec3::new(0.0, 9.0, 0.0)].map(|from| ("a.png".to_owned(), look(from)));
    let data = folder.path().join("run");
    std::fs::create_dir(&data).unwrap();
    let kept = |cameras: &[(String, Camera)], more: &[&str]| {
        Transforms::from_cameras(cameras).save(&data.join("cameras.json")).unwrap();
        let said = succeeds(&[&["convert", text(&path), text(&out), "--visible-in", text(&data)], more].concat());
        (convert::read(&out, None).unwrap().0.len(), said)
    };
    let (front, said) = kept(&cameras[..1], &[]);
    assert_eq!(front, 3, "three walls");
    assert!(said.contains("3 of 6 convexes are dropped: 3 visible in too few images"), "{said}");
    assert_eq!(kept(&cameras, &[]).0, 5, "from behind the small wall and the last one are seen");
    assert_eq!(kept(&cameras, &["--min-views", "2"]).0, 2, "those in the middle");
}

#[test]
fn the_size_of_a_file_is_known_before_it_is_written() {
    let (scene, folder) = (chance_scene(2500, 6), tempfile::tempdir().unwrap());
    let options = |gaussians, layout| WriteOptions { gaussians, layout, ..WriteOptions::default() };
    let each = SolidLayout::Each;
    for (name, options, tolerance) in [
        ("a.safetensors", options(false, each), 0.02),
        ("a.ply", options(false, each), 0.02),
        ("b.ply", options(true, each), 0.02),
        ("a.glb", options(false, each), 0.35),
        ("b.glb", options(false, SolidLayout::Merged), 0.35),
        ("c.glb", options(false, SolidLayout::Colliders), 0.35),
        ("a.obj", options(false, each), 0.35),
        ("a.json", options(false, each), 0.35),
    ] {
        let (path, reports) = (folder.path().join(name), Mutex::new(Vec::new()));
        let report = |done| reports.lock().unwrap().push(done);
        convert::write(&scene, &metadata(), &options, &path, &report).unwrap();
        let found = std::fs::metadata(&path).unwrap().len() as f64;
        let about = convert::about_bytes(&scene, &options, &path) as f64;
        assert!((about / found - 1.0).abs() < tolerance, "{name}: {about} is expected, {found} found");
        let mut reports = reports.into_inner().unwrap();
        reports.sort_unstable();
        let are_made = options.gaussians || !["a.safetensors", "a.ply"].contains(&name);
        assert_eq!(reports, if are_made { vec![1000, 2000, 2500] } else { vec![] }, "{name}");
    }
}

#[test]
fn extensions_may_be_capital() {
    let (_folder, path) = folder_with_scene(&chance_scene(2, 6));
    let path = path.with_file_name("A.PLY");
    convert::write(&chance_scene(2, 6), &metadata(), &WriteOptions::default(), &path, &|_| ()).unwrap();
    assert_eq!(convert::read(&path, None).unwrap().0, chance_scene(2, 6));
}
