//! `lapidary render`: from a saved scene to pictures and videos.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use exr::meta::attribute::AttributeValue;
use exr::prelude::{FlatSamples, read_all_flat_layers_from_file};
use glam::DVec3;
use image::ImageReader;
use lapidary::camera::{Camera, RenderOptions};
use lapidary::camera_path::{CameraPath, Key};
use lapidary::dataset::{Dataset, DatasetOptions, Split};
use lapidary::reference;
use lapidary::render::{Destination, DrawBackend, Files, Format, Job, Mode, Shot, depths, render};
use lapidary::renderer::{GpuScene, Outputs, Pictures, Renderer};
use lapidary::scene::Scene;
use lapidary::scene_file;

use super::cli::{dataset, refused, succeeds, text};
use super::support::device::gpu;
use super::support::toys::{self, Random};

/// Every picture of a frame.
const ALL: Outputs = Outputs { inspection: true, normals: true };

/// The gems, and a folder to write to.
struct Gems {
    folder: tempfile::TempDir,
}

impl Gems {
    fn new() -> Self {
        Self { folder: dataset() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn scene_file(&self) -> PathBuf {
        self.path("gems/scene.safetensors")
    }

    fn scene(&self) -> Scene {
        scene_file::load(&self.scene_file()).unwrap()
    }

    /// Runs `lapidary render` on the gems, to `out`.
    fn render(&self, out: &str, more: &[&str]) -> String {
        let (scene, out) = (self.scene_file(), self.path(out));
        succeeds(&[&["render", text(&scene), "--out", text(&out)], more].concat())
    }

    fn refused(&self, more: &[&str], parts: &[&str]) {
        refused(&[&["render", text(&self.scene_file())], more].concat(), 2, parts);
    }

    /// With another PATH, so that another `ffmpeg` or none is found.
    fn with_programs(&self, programs: &Path, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapidary"));
        command.env("PATH", programs).arg("render").arg(self.scene_file()).args(more).output().unwrap()
    }
}

fn camera() -> Camera {
    Camera::look_at(DVec3::new(4.0, -3.0, 2.5), DVec3::ZERO, DVec3::Z, 60.0, 72, 48)
}

fn pictures(scene: &Scene, camera: &Camera) -> Pictures {
    let mut renderer = Renderer::new(gpu(), scene.points_per_convex as u32).unwrap();
    let scene = GpuScene::upload(gpu(), scene).unwrap();
    renderer.render(&scene, camera, &RenderOptions::default(), ALL).unwrap()
}

/// A path with one key: a still.
fn still(gems: &Gems) -> PathBuf {
    let path = gems.path("still.json");
    CameraPath::new(vec![Key::of_camera(0.0, &camera())], 10.0).save(&path).unwrap();
    path
}

fn still_camera() -> Camera {
    Key::of_camera(0.0, &camera()).camera(72, 48)
}

fn channel(path: &Path, name: &str) -> FlatSamples {
    let image = read_all_flat_layers_from_file(path).unwrap();
    let layer = &image.layer_data[0];
    assert_eq!((layer.size.0, layer.size.1), (72, 48));
    layer.channel_data.list.iter().find(|channel| channel.name.eq(name)).unwrap().sample_data.clone()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn overlapping_frames_equal_frames_one_by_one() {
    let mut random = Random::new(71);
    let scene: Scene = toys::scene(&mut random, 300, 6, 1).cast();
    let sizes = [(320, 240), (64, 48), (200, 240), (320, 240)];
    let cameras = sizes.map(|(width, height)| toys::camera(&mut random, width, height));
    let options = toys::options();
    let uploaded = GpuScene::upload(gpu(), &scene).unwrap();
    let renderer = || Renderer::new(gpu(), 6).unwrap();
    let one_by_one: Vec<Pictures> =
        cameras.iter().map(|camera| renderer().render(&uploaded, camera, &options, ALL).unwrap()).collect();
    assert!(one_by_one.iter().any(|pictures| pictures.num_instances > 1200), "more than there is room for at first");
    let mut renderer = renderer();
    let pending = cameras.map(|camera| renderer.start(&uploaded, &camera, &options, ALL).unwrap());
    for (index, (pending, expected)) in pending.into_iter().zip(one_by_one).enumerate() {
        let found = renderer.finish(&uploaded, pending).unwrap();
        assert!(found == expected, "frame {index}");
    }
}

#[test]
fn overlap_changes_no_file() {
    let gems = Gems::new();
    let scene = gems.scene();
    let size = |i: u32| (40 + 8 * (i % 3), 40);
    let shot = |i: u32| {
        let position = DVec3::new(5.0 * f64::from(i).cos(), 5.0 * f64::from(i).sin(), 2.0);
        let camera = Camera::look_at(position, DVec3::ZERO, DVec3::Z, 40.0, size(i).0, size(i).1);
        Shot { name: format!("{i:02}"), camera }
    };
    let shots: Vec<Shot> = (0..12).map(shot).collect();
    let take = |name: &str, is_serial: bool| {
        let folder = gems.path(name);
        let modes = vec![Mode::Colour, Mode::Depth, Mode::Normal, Mode::Alpha, Mode::Id];
        let files = Files { destination: Destination::Folder(folder.clone()), format: Format::Png8, modes };
        let options = RenderOptions::default();
        let job = Job { options, depth_range: [2.0, 8.0], files: Some(files), videos: vec![], is_serial };
        assert_eq!(render(DrawBackend::gpu(gpu(), &scene).unwrap(), &shots, job, &|_| true).unwrap(), 12);
        names(&folder).into_iter().map(|name| (fs::read(folder.join(&name)).unwrap(), name)).collect::<Vec<_>>()
    };
    let serial = take("serial", true);
    assert_eq!(serial.len(), 61, "five modes, and the range of depths");
    assert!(take("overlap", false) == serial);
}

#[test]
fn exr_holds_the_numbers_as_they_were_rendered() {
    let gems = Gems::new();
    let path = still(&gems);
    gems.render("out.exr", &["--path", text(&path), "--size", "72x48", "--modes", "colour,depth,normal,alpha,id"]);
    let expected = pictures(&gems.scene(), &still_camera());
    let floats = |values: Vec<f32>| FlatSamples::F32(values);
    for (i, name) in ["R", "G", "B"].into_iter().enumerate() {
        let values = expected.rgba.iter().map(|pixel| pixel[i]).collect();
        assert!(channel(&gems.path("out.exr"), name) == floats(values), "{name}");
    }
    for (i, name) in ["N.X", "N.Y", "N.Z"].into_iter().enumerate() {
        let values = expected.normals.iter().flatten().map(|normal| normal[i]).collect();
        assert!(channel(&gems.path("out_normal.exr"), name) == floats(values), "{name}");
    }
    let alpha = expected.rgba.iter().map(|pixel| pixel[3]).collect();
    assert!(channel(&gems.path("out_alpha.exr"), "A") == floats(alpha));
    let depth = depths(&expected);
    assert!(depth.iter().any(|z| *z > 3.0) && depth.contains(&0.0));
    assert!(channel(&gems.path("out_depth.exr"), "Z") == floats(depth));
}

#[test]
fn one_exr_holds_every_mode_in_linear_light_and_the_camera() {
    let gems = Gems::new();
    let path = still(&gems);
    let more = ["--path", text(&path), "--size", "72x48", "--modes", "colour,depth,id"];
    gems.render("all.exr", &[&more[..], &["--layers", "--linear"]].concat());
    assert!(!gems.path("all_depth.exr").exists());
    let expected = pictures(&gems.scene(), &still_camera());
    let FlatSamples::F32(red) = channel(&gems.path("all.exr"), "R") else { panic!("colours are floats") };
    let linear = |c: f32| if c > 0.04045 { ((c + 0.055) / 1.055).powf(2.4) } else { c / 12.92 };
    let worst = red.iter().zip(&expected.rgba).map(|(found, [red, ..])| (found - linear(*red)).abs());
    assert!(worst.fold(0.0, f32::max) < 1e-6, "the same formula in f32");
    assert!(channel(&gems.path("all.exr"), "Z") == FlatSamples::F32(depths(&expected)));
    assert!(matches!(channel(&gems.path("all.exr"), "id"), FlatSamples::U32(_)));

    let image = read_all_flat_layers_from_file(gems.path("all.exr")).unwrap();
    let about = &image.layer_data[0].attributes;
    let camera = still_camera();
    let m = about.world_to_camera.unwrap();
    let point = DVec3::new(0.3, -0.2, 0.7);
    let row = |i: usize| (0..3).map(|j| f64::from(m[4 * j + i]) * point[j]).sum::<f64>() + f64::from(m[12 + i]);
    let seen = DVec3::new(row(0), row(1), row(2));
    assert!(seen.distance(camera.view_from_world.transform_point3(point)) < 1e-5, "{seen}");
    let comments = about.comments.as_ref().unwrap().to_string();
    assert!(comments.contains("linear light") && comments.contains("optical axis in scene units"), "{comments}");
    let json = about.other.iter().find(|(name, _)| **name == *"lapidaryCamera").unwrap().1.clone();
    let AttributeValue::Text(json) = json else { panic!("it is text") };
    let json: serde_json::Value = serde_json::from_str(&json.to_string()).unwrap();
    assert_eq!(json["fx"].as_f64(), Some(camera.intrinsics.fx));
    let origin = camera.view_from_world.translation;
    assert_eq!(json["view_from_world"][2][3].as_f64(), Some(origin.z));
    gems.refused(&["--orbit", "1", "--out", text(&gems.path("a.png")), "--layers"], &["--layers", "EXR"]);
    gems.refused(&["--orbit", "1", "--out", text(&gems.path("a.png")), "--linear"], &["--linear", "EXR"]);
}

#[test]
fn ids_are_the_heaviest_contributors_of_the_reference() {
    let gems = Gems::new();
    let path = still(&gems);
    gems.render("id.exr", &["--path", text(&path), "--size", "72x48", "--modes", "id"]);
    let FlatSamples::U32(ids) = channel(&gems.path("id.exr"), "id") else { panic!("ids are whole numbers") };
    let twin = reference::forward(&gems.scene(), &still_camera(), &RenderOptions::default());
    let expected = twin.heaviest.iter().map(|heaviest| heaviest.map_or(u32::MAX, |id| id as u32));
    let decided = ids.iter().zip(expected).zip(&twin.band).filter(|(_, in_band)| !**in_band);
    let (right, all) =
        decided.fold((0, 0), |(right, all), ((id, expected), _)| (right + usize::from(*id == expected), all + 1));
    // Two neighbours may weigh the same but for the rounding.
    assert!(all > 2500 && all - right <= 3, "{right} of {all}");
    assert!(twin.heaviest.iter().flatten().count() > 500);
}

#[test]
fn png_of_16_bits_holds_the_documented_values() {
    let gems = Gems::new();
    let path = still(&gems);
    let more = ["--path", text(&path), "--size", "72x48", "--bits", "16", "--modes", "colour,depth,id"];
    gems.render("deep", &[&more[..], &["--depth-range", "2,8"]].concat());
    let range: serde_json::Value = serde_json::from_slice(&fs::read(gems.path("deep/depth.json")).unwrap()).unwrap();
    assert_eq!(range, serde_json::json!({"near": 2.0, "far": 8.0, "bits": 16}));
    let read = |name: &str| ImageReader::open(gems.path("deep").join(name)).unwrap().decode().unwrap();
    let expected = pictures(&gems.scene(), &still_camera());
    let colours = read("0000.png").into_rgb16().into_raw();
    let worst = |found: &[u16], expected: Vec<f32>| {
        let apart = found.iter().zip(expected).map(|(found, expected)| (f32::from(*found) - expected).abs());
        apart.fold(0.0, f32::max)
    };
    let rgb = expected.rgba.iter().flat_map(|[r, g, b, _]| [*r, *g, *b].map(|value| value.clamp(0.0, 1.0) * 65535.0));
    assert!(worst(&colours, rgb.collect()) <= 0.51, "half a step");
    let depth = depths(&expected).into_iter().map(|z| if z > 0.0 { 1.0 + (z - 2.0) / 6.0 * 65534.0 } else { 0.0 });
    assert!(worst(&read("0000_depth.png").into_luma16().into_raw(), depth.collect()) <= 0.51);
    let ids = read("0000_id.png").into_rgb16().into_raw();
    for (pixel, [id, _]) in ids.chunks_exact(3).zip(expected.inspection.unwrap()) {
        assert_eq!((u32::from(pixel[0]) << 16 | u32::from(pixel[1])).wrapping_sub(1), id);
    }
}

#[test]
fn a_path_is_sampled_as_it_plays() {
    let gems = Gems::new();
    let file = gems.path("path.json");
    let key = |time: f64, x: f64| Key::of_camera(time, &Camera { view_from_world: turned(x), ..camera() });
    let mut path = CameraPath::new(vec![key(0.0, 4.0), key(0.4, 1.0), key(1.0, -3.0)], 5.0);
    path.save(&file).unwrap();
    gems.render("five", &["--path", text(&file), "--size", "48x32"]);
    assert_eq!(names(&gems.path("five")).len(), path.frames().len());
    gems.render("eight", &["--path", text(&file), "--size", "48x32", "--fps", "8"]);
    path.frames_per_second = 8.0;
    let frames = path.frames();
    assert_eq!(names(&gems.path("eight")).len(), 9);
    for (index, frame) in frames.iter().enumerate().step_by(3) {
        let expected = pictures(&gems.scene(), &frame.camera(48, 32)).image().to_rgb8();
        let found = ImageReader::open(gems.path(&format!("eight/{index:04}.png"))).unwrap().decode().unwrap();
        assert!(found.into_rgb8().into_raw() == expected, "frame {index}");
    }
}

/// A camera as nerfstudio, 3DGS and SIBR write it gives the picture that the camera gives.
#[test]
fn paths_of_other_programs_are_the_same_cameras() {
    let gems = Gems::new();
    let camera = Camera { view_from_world: turned(3.0), ..camera() };
    let pose = glam::DMat4::from(camera.view_from_world.inverse());
    let fov = (2.0 * camera.half_size().y.atan()).to_degrees();
    // Theirs looks along −z, with y up.
    let columns = [pose.x_axis, -pose.y_axis, -pose.z_axis, pose.w_axis];
    let rows = glam::DMat4::from_cols_array_2d(&columns.map(|column| column.to_array())).transpose().to_cols_array();
    let nerfstudio = serde_json::json!({"camera_path": [{"camera_to_world": rows, "fov": fov}], "fps": 24,
        "render_width": 72, "render_height": 48});
    let row = |i: usize| [pose.x_axis[i], pose.y_axis[i], pose.z_axis[i]];
    let rotation = [0, 1, 2].map(row);
    let listed = serde_json::json!([{"id": 0, "img_name": "a", "width": 72, "height": 48, "rotation": rotation,
        "position": camera.position().to_array(), "fx": camera.intrinsics.fx, "fy": camera.intrinsics.fy}]);
    let [x, y, z] = camera.position().to_array();
    let lookat = format!("Cam0 -D origin={x},{y},{z} -D target=0,0,0 -D up=0,0,1 -D fovy={fov} -D clip=0.1,100\n");
    let expected = pictures(&gems.scene(), &camera).image().to_rgb8();
    for (name, content) in [("n.json", nerfstudio.to_string()), ("c.json", listed.to_string()), ("s.lookat", lookat)] {
        let file = gems.path(name);
        fs::write(&file, content).unwrap();
        for option in ["--path", "--cameras"] {
            let out = format!("{name}{option}");
            gems.render(&out, &[option, text(&file), "--size", "72x48"]);
            let found = ImageReader::open(gems.path(&out).join("0000.png")).unwrap().decode().unwrap();
            let found = found.into_rgb8().into_raw();
            let apart = found.iter().zip(&expected).filter(|(a, b)| a.abs_diff(**b) > 1).count();
            assert!(apart * 1000 < expected.len(), "{name} {option}: {apart} of {} values", expected.len());
        }
    }
    let (file, out) = (gems.path("other.json"), gems.path("other"));
    fs::write(&file, "{}").unwrap();
    for option in ["--path", "--cameras"] {
        gems.refused(&[option, text(&file), "--out", text(&out)], &["other.json", "nerfstudio"]);
    }
}

fn turned(x: f64) -> glam::DAffine3 {
    Camera::look_at(DVec3::new(x, -4.0, 2.0), DVec3::ZERO, DVec3::Z, 60.0, 72, 48).view_from_world
}

#[test]
fn views_of_a_dataset_have_its_names_and_sizes() {
    let gems = Gems::new();
    let data = gems.path("gems/transforms_train.json");
    gems.render("test", &["--dataset", text(&data)]);
    assert_eq!(names(&gems.path("test")), ["test_0000.png"]);
    gems.render("all", &["--dataset", text(&data), "--split", "all", "--modes", "colour,alpha", "--scale", "0.5"]);
    let expected = ["test_0000.png", "test_0000_alpha.png", "train_0001.png", "train_0001_alpha.png"];
    assert_eq!(names(&gems.path("all"))[..4], expected);
    let size = |name: &str| image::image_dimensions(gems.path(name)).unwrap();
    assert_eq!((size("test/test_0000.png"), size("all/test_0000.png")), ((48, 32), (24, 16)));
    gems.render("wide", &["--dataset", text(&data), "--size", "96x32"]);
    let dataset = Dataset::open(&data, &DatasetOptions::default()).unwrap();
    let view = dataset.views.iter().find(|view| view.split == Split::Test).unwrap();
    let expected = pictures(&gems.scene(), &view.camera.resized(96, 32)).image().to_rgb8();
    assert!(image::open(gems.path("wide/test_0000.png")).unwrap().into_rgb8().into_raw() == expected);
}

#[test]
fn resume_renders_what_is_missing() {
    let gems = Gems::new();
    let orbit = ["--orbit", "4", "--size", "40x30", "--modes", "colour,depth"];
    gems.render("orbit", &orbit);
    let file = |name: &str| gems.path("orbit").join(name);
    let depth = fs::read(file("0002_depth.png")).unwrap();
    fs::remove_file(file("0002_depth.png")).unwrap();
    fs::write(file("0001.png"), "mine").unwrap();
    fs::write(file("0002.png"), "half of frame 2 is missing").unwrap();
    let said = gems.render("orbit", &[&orbit[..], &["--resume"]].concat());
    assert!(said.contains("3 were there"), "{said}");
    assert!(fs::read(file("0002_depth.png")).unwrap() == depth && fs::read(file("0001.png")).unwrap() == b"mine");
    assert!(image::open(file("0002.png")).is_ok());
    assert!(gems.render("orbit", &[&orbit[..], &["--resume"]].concat()).contains("nothing left to do"));
}

#[test]
fn a_gif_needs_no_other_program() {
    let gems = Gems::new();
    let (film, none) = (gems.path("turn.gif"), gems.path("empty"));
    fs::create_dir(&none).unwrap();
    let more = ["--orbit", "7", "--size", "40x30", "--fps", "20", "--modes", "colour,id", "--video", text(&film)];
    let output = gems.with_programs(&none, &more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["turn.gif", "turn_id.gif"] {
        let mut decoder = gif::Decoder::new(fs::File::open(gems.path(name)).unwrap()).unwrap();
        assert_eq!((decoder.width(), decoder.height()), (40, 30));
        let mut frames = 0;
        while let Some(frame) = decoder.next_frame_info().unwrap() {
            assert_eq!(frame.delay, 5);
            frames += 1;
        }
        assert_eq!(frames, 7, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn ffmpeg_gets_every_frame_in_order() {
    let gems = Gems::new();
    let programs = gems.path("programs");
    // It keeps the frames as they come.
    program(&programs, "for last; do :; done\n/bin/cat > \"$last\"\n");
    let film = gems.path("turn.mp4");
    let more = ["--orbit", "9", "--size", "40x30"];
    let output = gems.with_programs(&programs, &[&more[..], &["--video", text(&film)]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    gems.render("orbit", &more);
    let frames = fs::read(&film).unwrap();
    assert_eq!(frames.len(), 9 * 40 * 30 * 3);
    for (index, frame) in frames.chunks_exact(40 * 30 * 3).enumerate() {
        let picture = image::open(gems.path(&format!("orbit/{index:04}.png"))).unwrap().into_rgb8().into_raw();
        assert!(picture == frame, "frame {index}");
    }
}

#[cfg(unix)]
#[test]
fn a_video_that_fails_says_why_and_leaves_nothing() {
    let gems = Gems::new();
    let (programs, films) = (gems.path("programs"), gems.path("films"));
    let film = films.join("turn.webm");
    let more = ["--orbit", "30", "--size", "200x150", "--video", text(&film)];
    let fails = |parts: &[&str]| {
        let output = gems.with_programs(&programs, &more);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert!(names(&films).is_empty());
    };
    fs::create_dir(&programs).unwrap();
    fails(&["turn.webm", "ffmpeg", "PATH"]);
    program(&programs, "echo 'first' >&2; echo 'Unknown encoder of frames' >&2; exit 8\n");
    fails(&["turn.webm", "Unknown encoder of frames"]);
}

#[cfg(unix)]
fn program(folder: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(folder).unwrap();
    let file = folder.join("ffmpeg");
    fs::write(&file, format!("#!/bin/sh\n{script}")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn an_error_of_writing_ends_the_rendering() {
    let gems = Gems::new();
    // A folder stands where a picture should go.
    fs::create_dir_all(gems.path("orbit/0003.png/full")).unwrap();
    let out = gems.path("orbit");
    gems.refused(&["--orbit", "200", "--size", "40x30", "--out", text(&out)], &["cannot write", "0003.png"]);
    assert!(names(&out).len() < 150, "it went on");
}

#[test]
fn impossible_renderings_are_refused() {
    let gems = Gems::new();
    let (out, data, file) = (gems.path("out"), gems.path("gems"), gems.path("gems/README.txt"));
    let path = still(&gems);
    let (out, data, path) = (text(&out), text(&data), text(&path));
    let refused = |more: &[&str], parts: &[&str]| gems.refused(&[&["--out", out], more].concat(), parts);
    refused(&["--dataset", data, "--split", "most"], &["--split", "most"]);
    refused(&["--dataset", data, "--test-every", "0"], &["no views for testing", "--split"]);
    refused(&["--dataset", "nowhere"], &["nowhere"]);
    refused(&["--orbit", "4", "--size", "0x9"], &["--size"]);
    refused(&["--orbit", "4", "--scale", "0"], &["--scale"]);
    refused(&["--orbit", "4", "--scale", "100"], &["8192"]);
    refused(&["--orbit", "0"], &["--orbit"]);
    refused(&["--orbit", "4", "--modes", "colour,smell"], &["--modes", "smell"]);
    refused(&["--orbit", "4", "--path", path], &["--orbit", "--path"]);
    refused(&["--orbit", "4", "--view", "4"], &["--view 4", "from 0 to 3"]);
    refused(&["--orbit", "4", "--depth-range", "3,1"], &["--depth-range"]);
    refused(&["--path", text(&gems.scene_file())], &["scene.safetensors", "camera path"]);
    let below = file.join("deeper");
    gems.refused(&["--orbit", "4", "--out", text(&below)], &["README.txt"]);
    let (one, other) = (gems.path("one.png"), gems.path("one.jpg"));
    gems.refused(&["--orbit", "4", "--out", text(&one)], &["one.png", "--view"]);
    gems.refused(&["--orbit", "4", "--out", text(&other)], &["one.jpg", ".exr"]);
    let film = gems.path("film.avi");
    gems.refused(&["--orbit", "4", "--video", text(&film)], &["film.avi", ".webm"]);
    gems.refused(&["--orbit", "4"], &["--out"]);
    refused(&["--orbit", "4", "--resume", "--video", "a.gif"], &["--resume"]);
    assert!(!Path::new(out).join("0000.png").exists() && !one.exists());
    super::cli::refused(&["render", "absent.safetensors", "--orbit", "4", "--out", out], 2, &["absent.safetensors"]);
}

#[test]
fn the_reference_makes_the_same_pictures_slowly() {
    let gems = Gems::new();
    let more = ["--orbit", "2", "--size", "40x30", "--modes", "colour,depth"];
    gems.render("gpu", &more);
    gems.render("twin", &[&more[..], &["--reference"]].concat());
    for name in names(&gems.path("gpu")).into_iter().filter(|name| name.ends_with(".png")) {
        let read = |folder: &str| image::open(gems.path(folder).join(&name)).unwrap().into_rgb8().into_raw();
        let far = read("gpu").into_iter().zip(read("twin")).filter(|(a, b)| a.abs_diff(*b) > 2).count();
        assert!(far < 12, "{name}: {far} of 3600 values");
    }
}
