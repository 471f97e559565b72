//! The synthetic dataset against itself read back, and against geometry done another way.

mod colmap;
mod splat;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use glam::{DVec2, DVec3};
use lapidary::camera::Camera;
use lapidary::dataset::transforms::Transforms;
use lapidary::dataset::{Dataset, DatasetOptions, Split};
use lapidary::image::Image;
use lapidary::scene_file;
use lapidary::synth::{self, SynthError, SynthOptions, TABLE_HALF, World};
use safetensors::SafeTensors;

const WIDTH: usize = 64;
const HEIGHT: usize = 48;

fn options() -> SynthOptions {
    SynthOptions { views: 5, test_views: 2, width: 64, height: 48, points: 300, samples_side: 2, ..Default::default() }
}

/// One dataset for all tests that only read.
static DATASET: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let summary = synth::write(folder.path(), &options(), &|_| ()).unwrap();
    assert_eq!((summary.train, summary.test, summary.points), (5, 2, 300));
    folder
});

/// The cameras of both transforms files, by the path of the picture.
fn cameras() -> BTreeMap<String, Camera> {
    let mut found = BTreeMap::new();
    for name in ["transforms_train.json", "transforms_test.json"] {
        let path = DATASET.path().join(name);
        let transforms = Transforms::load(&path).unwrap();
        for (i, frame) in transforms.frames.iter().enumerate() {
            let camera = transforms.camera(&path, i, None).unwrap();
            assert!(found.insert(frame.file_path.clone(), camera).is_none(), "{} twice", frame.file_path);
        }
    }
    found
}

/// The depth maps, by the path of the picture.
fn depths() -> BTreeMap<String, Vec<f64>> {
    let bytes = std::fs::read(DATASET.path().join("depth.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let values = |data: &[u8]| bytemuck::pod_collect_to_vec::<u8, f32>(data).into_iter().map(f64::from).collect();
    let map = |(name, tensor): (String, safetensors::tensor::TensorView<'_>)| {
        assert_eq!(tensor.shape(), [HEIGHT, WIDTH]);
        (name, values(tensor.data()))
    };
    tensors.tensors().into_iter().map(map).collect()
}

/// The camera of a COLMAP picture, by the name it has in `train/` or `test/`.
fn path_of<'a>(cameras: &'a BTreeMap<String, Camera>, name: &str) -> (&'a String, &'a Camera) {
    cameras.iter().find(|(path, _)| path.split('/').next_back() == Some(name)).unwrap()
}

fn project(camera: &Camera, point: DVec3) -> (DVec2, f64) {
    let (p, k) = (camera.view_from_world.transform_point3(point), camera.intrinsics);
    (DVec2::new(k.fx * p.x / p.z + k.cx, k.fy * p.y / p.z + k.cy), p.z)
}

#[test]
fn the_same_options_give_the_same_bytes_whatever_the_threads() {
    let written = |threads: usize, seed: u64| {
        let folder = tempfile::tempdir().unwrap();
        let small = SynthOptions { views: 2, test_views: 1, points: 50, seed, ..options() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| synth::write(folder.path(), &small, &|_| ())).unwrap();
        let mut files = BTreeMap::new();
        read_all(folder.path(), folder.path(), &mut files);
        files
    };
    let (one, three, other) = (written(1, 4), written(3, 4), written(3, 5));
    assert_eq!(one.len(), 3 * 2 + 2 + 4 + 3, "{:?}", one.keys());
    assert!(one == three, "files differ");
    let differing = one.iter().filter(|(name, bytes)| other.get(*name) != Some(bytes)).count();
    assert!(differing >= 10, "another seed changes nearly all files, not {differing}");
}

fn read_all(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn colmap_and_transforms_hold_the_same_cameras() {
    let (model, cameras) = (colmap::read(&DATASET.path().join("sparse/0")), cameras());
    assert_eq!((model.cameras.len(), model.pictures.len(), cameras.len()), (1, 7, 7));
    for (picture, number) in model.pictures.iter().zip(0..) {
        let (path, camera) = path_of(&cameras, &picture.name);
        assert_eq!(picture.name, format!("{number:04}.png"));
        assert_eq!(picture.camera_id, model.cameras[0].id);
        let pose = camera.view_from_world;
        assert!(picture.rotation.abs_diff_eq(pose.matrix3, 1e-12), "{path}");
        assert!(picture.translation.abs_diff_eq(pose.translation, 1e-11), "{path}");
        let k = camera.intrinsics;
        assert_eq!(model.cameras[0].params, [k.fx, k.fy, k.cx, k.cy]);
        assert_eq!(model.cameras[0].size, (u64::from(camera.width), u64::from(camera.height)));
        let same = |a: &str, b: &str| {
            std::fs::read(DATASET.path().join(a)).unwrap() == std::fs::read(DATASET.path().join(b)).unwrap()
        };
        assert!(same(path, &format!("images/{}", picture.name)), "{path} is another image");
    }
}

#[test]
fn colmap_tracks_are_where_the_points_are() {
    let (model, cameras) = (colmap::read(&DATASET.path().join("sparse/0")), cameras());
    assert_eq!(model.points.len(), 300);
    let mut observations = 0;
    for point in &model.points {
        assert!(point.track.len() >= 2 && point.error == 0.0);
        for &(image, at) in &point.track {
            let picture = model.pictures.iter().find(|picture| picture.id == image).unwrap();
            let (pixel, id) = picture.seen[at as usize];
            let (expected, z) = project(path_of(&cameras, &picture.name).1, point.position);
            assert_eq!(id, point.id);
            assert!(z > 0.0 && pixel.distance(expected) < 0.01, "{pixel} {expected}");
            observations += 1;
        }
    }
    assert_eq!(observations, model.pictures.iter().map(|picture| picture.seen.len()).sum::<usize>());
}

#[test]
fn points_lie_on_the_depth_maps() {
    let (model, cameras, depths) = (colmap::read(&DATASET.path().join("sparse/0")), cameras(), depths());
    let (mut near, mut all, mut tight) = (0, 0, 0);
    for picture in &model.pictures {
        let (path, camera) = path_of(&cameras, &picture.name);
        for &(pixel, id) in &picture.seen {
            let point = model.points.iter().find(|point| point.id == id).unwrap();
            let (_, z) = project(camera, point.position);
            let range = depth_around(&depths[path], pixel);
            // Between the middles of pixels a surface stays within what is seen around, but for edges that pass between.
            near += usize::from(range.0 - 0.02 * z <= z && z <= range.1 + 0.02 * z);
            tight += usize::from(range.1 - range.0 < 0.1 * z);
            all += 1;
        }
    }
    assert!(all > 600 && tight * 4 > all, "{tight} of {all} would notice a wrong depth");
    assert!(near * 100 >= all * 99, "{near} of {all}");
}

/// Least and greatest depth in the 3×3 pixels around a place; sky is far.
fn depth_around(depth: &[f64], place: DVec2) -> (f64, f64) {
    let mut range = (f64::INFINITY, 0.0f64);
    for (i, j) in (-1..2).flat_map(|i| (-1..2).map(move |j| (f64::from(i), f64::from(j)))) {
        let (column, row) = ((place.x + i).floor(), (place.y + j).floor());
        if (0.0..WIDTH as f64).contains(&column) && (0.0..HEIGHT as f64).contains(&row) {
            let z = depth[row as usize * WIDTH + column as usize];
            range = (range.0.min(if z == 0.0 { f64::INFINITY } else { z }), range.1.max(z));
        }
    }
    range
}

#[test]
fn the_table_is_at_the_depth_of_its_plane() {
    let (cameras, depths) = (cameras(), depths());
    let world = World::new(0);
    let (mut bare, mut covered, mut sky) = (0, 0, 0);
    for (path, camera) in &cameras {
        for (at, &z) in depths[path].iter().enumerate() {
            let (origin, ray) =
                (camera.position(), camera.ray(DVec2::new((at % WIDTH) as f64 + 0.5, (at / WIDTH) as f64 + 0.5)));
            let plane_z = -origin.z / ray.z;
            let on_plane = origin + plane_z * ray;
            let gem_is_near = world.gems.iter().any(|gem| {
                let to_gem = gem.centre - origin;
                to_gem.reject_from(ray).length() < gem.radius + 1e-6
            });
            let on_table = plane_z > 0.0 && on_plane.truncate().abs().max_element() < TABLE_HALF;
            if on_table && !gem_is_near {
                assert!((z - plane_z).abs() < 1e-6 * plane_z, "{path} {at}: {z} is not {plane_z}");
                bare += 1;
            } else if on_table {
                assert!(z > 0.0 && z < plane_z * (1.0 + 1e-6), "{path} {at}: nothing is behind the table's top");
                covered += 1;
            } else if !gem_is_near && ray.z > 0.0 {
                assert_eq!(z, 0.0, "{path} {at}: sky");
                sky += 1;
            }
        }
    }
    assert!(bare > 500 && covered > 500 && sky > 50, "{bare} {covered} {sky}");
}

#[test]
fn rays_enter_gems_where_marching_meets_them() {
    let (world, step) = (World::new(0), 1e-3);
    let (mut hits, mut misses) = (0, 0);
    for (g, gem) in world.gems.iter().enumerate() {
        for i in 0..60u32 {
            let turn = f64::from(i) * 2.399_963;
            let from =
                gem.centre + 1.5 * gem.radius * DVec3::new(turn.cos(), turn.sin(), 0.9 * (f64::from(i) * 0.7).sin());
            let aside = 1.1 * gem.radius * DVec3::new((f64::from(i) * 1.3).sin(), (f64::from(i) * 2.1).cos(), 0.3);
            let direction = (gem.centre + aside - from).normalize();
            let inside =
                |t: f64| gem.body.planes.iter().all(|plane| plane.normal.dot(from + t * direction) < plane.offset);
            let marched = (0..4000).map(|n| f64::from(n) * step).find(|t| inside(*t));
            match (gem.body.entry(from, direction), marched) {
                (Some(entry), Some(t)) => {
                    hits += 1;
                    assert!(entry.t <= t && t - entry.t <= step, "gem {g}, ray {i}: {} {t}", entry.t);
                    let plane = gem.body.planes[entry.facet];
                    assert!(
                        plane.distance(from + entry.t * direction).abs() < 1e-9 && plane.normal.dot(direction) < 0.0
                    );
                }
                // Marching steps over slivers shorter than a step.
                (Some(entry), None) => assert!(!inside(entry.t + step), "gem {g}, ray {i}"),
                (None, marched) => {
                    misses += 1;
                    assert_eq!(marched, None, "gem {g}, ray {i}");
                }
            }
        }
    }
    assert!(hits > 100 && misses > 50, "{hits} {misses}");
}

#[test]
fn corners_lie_on_at_least_three_planes_and_outside_of_none() {
    let world = World::new(3);
    for body in world.gems.iter().map(|gem| &gem.body).chain([&world.table]) {
        for corner in body.corners() {
            assert!(body.distance(corner).abs() < 1e-9);
            assert!(body.planes.iter().filter(|plane| plane.distance(corner).abs() < 1e-6).count() >= 3);
        }
    }
}

#[test]
fn a_picture_is_the_box_filtered_finer_picture() {
    let (world, view) = (World::new(0), synth::views(&options()).remove(0));
    let coarse = synth::picture(&world, &view.camera, 4, 1);
    let fine = synth::picture(&world, &view.camera.resized(4 * 64, 4 * 48), 1, 2);
    let boxed = |at: usize| {
        let (column, row, channel) = (at / 3 % WIDTH, at / 3 / WIDTH, at % 3);
        let of = |n: usize| fine.data[((4 * row + n / 4) * 4 * WIDTH + 4 * column + n % 4) * 3 + channel];
        (0..16).map(of).sum::<f32>() / 16.0
    };
    let boxed = Image::new(WIDTH, HEIGHT, (0..WIDTH * HEIGHT * 3).map(boxed).collect());
    // Both are 16 samples a pixel, placed by different seeds; a shift by half a pixel gives 25 dB at best.
    let psnr = lapidary::metrics::psnr(coarse.mean_square(&boxed));
    assert!(psnr > 30.0, "{psnr} dB");
    assert!(coarse.data.iter().all(|value| (0.0..=1.0).contains(value)));
}

#[test]
fn the_exact_scene_looks_like_the_pictures() {
    let scene = scene_file::load(&DATASET.path().join("scene.safetensors")).unwrap();
    assert_eq!((scene.points_per_convex, scene.sh_degree), (8, 0));
    let world = World::new(0);
    let full = SynthOptions { width: 96, height: 72, ..options() };
    for view in synth::views(&full).iter().take(2) {
        let camera = &view.camera;
        let picture = synth::picture(&world, camera, 1, 0);
        let depth = synth::depth(&world, camera);
        let (mut squares, mut alpha_gap) = (0.0, 0.0);
        for (at, (colour, alpha)) in splat::draw(&scene, camera).into_iter().enumerate() {
            let solid = f64::from(u8::from(depth[at] > 0.0));
            alpha_gap += (alpha - solid).abs();
            let expected = DVec3::from(std::array::from_fn(|c| f64::from(picture.data[3 * at + c])));
            squares += solid * (colour - expected).length_squared() / 3.0;
        }
        let pixels = depth.len() as f64;
        let psnr = lapidary::metrics::psnr(squares / pixels);
        assert!(alpha_gap / pixels < 0.02, "coverage is off by {}", alpha_gap / pixels);
        // Patterns, reflections and the rims of shadows are all that one colour per convex leaves out.
        assert!(psnr > 18.0, "{psnr} dB");
    }
}

/// What is trained on and what is evaluated are the views that were asked for, whatever layout a reader takes.
#[test]
fn the_views_for_testing_are_those_that_a_reader_holds_back() {
    for (views, test_views) in [(5, 2), (2, 5), (11, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let options =
            SynthOptions { views, test_views, width: 16, height: 16, samples_side: 1, points: 20, ..options() };
        synth::write(folder.path(), &options, &|_| ()).unwrap();
        let held_back = |every: Option<usize>| {
            let options = DatasetOptions { test_every: every, ..DatasetOptions::default() };
            let dataset = Dataset::open(folder.path(), &options).unwrap();
            dataset.indices(Split::Test).map(|i| dataset.views[i].name.clone()).collect::<Vec<_>>()
        };
        let made = synth::views(&options).into_iter().filter(|view| view.split == Split::Test);
        let made: Vec<String> = made.map(|view| view.name).collect();
        assert_eq!((held_back(None), made.len()), (made, test_views as usize));
        assert_eq!(held_back(Some(3))[..1], ["0000.png"], "a number that is given wins");
        let list = folder.path().join("sparse/0/test.txt");
        std::fs::write(&list, "0001.png\nof another folder.png\n").unwrap();
        assert_eq!(held_back(None), ["0001.png"]);
        std::fs::write(&list, "of another folder.png\n").unwrap();
        assert_eq!(held_back(None), held_back(Some(8)), "a list of other images holds out none");
    }
}

#[test]
fn views_are_distinct_above_the_table_and_take_turns() {
    let views = synth::views(&SynthOptions::default());
    let world = World::new(0);
    let is_test: Vec<bool> = views.iter().map(|view| view.split == Split::Test).collect();
    assert_eq!(is_test.iter().filter(|test| **test).count(), 8);
    assert!(is_test.chunks(8).all(|eight| eight.iter().filter(|test| **test).count() == 1), "tests are spread evenly");
    for (i, view) in views.iter().enumerate() {
        let position = view.camera.position();
        view.camera.check().unwrap();
        assert!(position.z > 0.5, "{}", view.name);
        assert!(world.gems.iter().all(|gem| position.distance(gem.centre) > gem.radius + 0.5), "{}", view.name);
        for other in &views[..i] {
            assert!(other.camera.position().distance(position) > 0.05, "{} and {}", other.name, view.name);
        }
    }
    // Every eighth picture, COLMAP users' split, still goes all the way round.
    let azimuths: Vec<f64> =
        views.iter().step_by(8).map(|view| view.camera.position().y.atan2(view.camera.position().x)).collect();
    assert!((0..8).all(|octant| {
        let middle = (f64::from(octant) + 0.5) * std::f64::consts::FRAC_PI_4 - std::f64::consts::PI;
        azimuths.iter().any(|a| (a - middle).abs() < std::f64::consts::FRAC_PI_4)
    }));
}

#[test]
fn points_have_the_colours_of_the_pictures() {
    let model = colmap::read(&DATASET.path().join("sparse/0"));
    let mut gaps = Vec::new();
    for picture in &model.pictures {
        let image = Image::load(&DATASET.path().join("images").join(&picture.name)).unwrap();
        for (pixel, id) in &picture.seen {
            let point = model.points.iter().find(|point| point.id == *id).unwrap();
            let at = (pixel.y as usize * WIDTH + pixel.x as usize) * 3;
            let gap = |c: usize| (image.data[at + c] - f32::from(point.rgb[c]) / 255.0).abs();
            gaps.push((gap(0) + gap(1) + gap(2)) / 3.0);
        }
    }
    gaps.sort_by(f32::total_cmp);
    // A pixel at this size spans parts of several facets, so only the middle of the distribution is sharp.
    assert!(gaps[gaps.len() / 2] < 0.06, "median gap {}", gaps[gaps.len() / 2]);
}

#[test]
fn options_out_of_range_are_refused() {
    let refuse = |options: SynthOptions, word: &str| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("never");
        let error = synth::write(&out, &options, &|_| ()).unwrap_err();
        assert!(matches!(error, SynthError::Option { .. }) && error.to_string().contains(word), "{error}");
        assert!(!out.exists(), "nothing is made");
    };
    refuse(SynthOptions { views: 0, ..options() }, "training views is 0");
    refuse(SynthOptions { test_views: 0, ..options() }, "test views is 0");
    refuse(SynthOptions { width: 15, ..options() }, "width in pixels is 15; 16 to 4096");
    refuse(SynthOptions { height: 4097, ..options() }, "height in pixels is 4097");
    refuse(SynthOptions { samples_side: 0, ..options() }, "samples");
    refuse(SynthOptions { points: 0, ..options() }, "points is 0");
}

#[test]
fn a_folder_that_is_not_empty_is_kept_without_overwrite() {
    let folder = tempfile::tempdir().unwrap();
    let small = SynthOptions { views: 1, test_views: 1, points: 4, samples_side: 1, ..options() };
    let note = folder.path().join("note.txt");
    std::fs::write(&note, "mine").unwrap();
    let error = synth::write(folder.path(), &small, &|_| ()).unwrap_err();
    assert!(matches!(error, SynthError::NotEmpty(_)) && error.to_string().contains("not empty"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    std::fs::create_dir_all(folder.path().join("train")).unwrap();
    let (old, kept) = (folder.path().join("train/0099.png"), folder.path().join("train/holiday.png"));
    std::fs::write(&old, "old").unwrap();
    std::fs::write(&kept, "mine").unwrap();
    synth::write(folder.path(), &SynthOptions { overwrite: true, ..small }, &|_| ()).unwrap();
    assert!(!old.exists() && kept.exists() && note.exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for out in [file.join("out"), file] {
        let error = synth::write(&out, &SynthOptions { overwrite: true, ..options() }, &|_| ()).unwrap_err();
        assert!(matches!(error, SynthError::File(_)) && error.to_string().contains("file"), "{error}");
    }
}
