//! Editing a scene in the window, with a real keyboard and pointer.

use std::path::Path;
use std::time::Duration;

use glam::{DVec3, Vec3};
use lapidary::camera::Camera;
use lapidary::dataset::transforms::Transforms;
use lapidary::scene::{Params, Scene};
use lapidary::scene_file;

use super::desktop::{CTRL, DELETE, ESCAPE, HOME, SHIFT, Viewer};
use super::{OpenDataset, PATIENCE, dataset, display, open_dataset};

/// Presses a key while Ctrl is held.
fn ctrl(viewer: &Viewer, key: char) {
    viewer.holding(&[CTRL], || viewer.key(key));
}

/// Waits for a line such as `edit: delete 12: a rectangle`, and returns its number.
pub(super) fn edited(viewer: &mut Viewer, what: &str) -> usize {
    let start = format!("edit: {what} ");
    viewer.wait_for(&start, PATIENCE);
    let line = viewer.lines_with(&start).pop().unwrap();
    let number = line.split_once(&start).unwrap().1.split(':').next().unwrap();
    number.parse().unwrap()
}

/// Draws with a tool while keys are held, and returns the number of selected convexes. A machine under load may take a whole drag
/// for one frame, in which it is none; it is then made again, more slowly.
pub(super) fn drawn(viewer: &mut Viewer, held: &[u32], from: (i16, i16), to: (i16, i16)) -> usize {
    let before = viewer.count("edit: select ");
    for attempt in 1..=6 {
        let pause = attempt * attempt * Duration::from_millis(250);
        viewer.holding(held, || viewer.drag_with_pauses(from, to, 1, pause));
        for _ in 0..50 {
            if viewer.count("edit: select ") > before {
                return edited(viewer, "select");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    panic!("nothing was selected by a drag from {from:?} to {to:?}");
}

#[test]
fn convexes_are_selected_deleted_brought_back_and_saved() {
    let Some(OpenDataset { mut viewer, folder, _desktop, .. }) = open_dataset() else { return };
    viewer.key('c');
    viewer.key('b');
    viewer.rest();
    std::thread::sleep(Duration::from_secs(6));
    let before = viewer.screenshot("edit-before");
    let selected = drawn(&mut viewer, &[], (60, 60), (300, 540));
    viewer.rest();
    let highlighted = viewer.screenshot("edit-selected");
    assert!(highlighted.part_that_differs(&before) > 0.02, "the selection is highlighted");
    let more = drawn(&mut viewer, &[SHIFT], (300, 60), (340, 540));
    let less = drawn(&mut viewer, &[CTRL], (60, 60), (200, 540));
    assert!(0 < selected && selected < more && less < more, "{selected}, {more}, {less}");
    viewer.symbol(DELETE);
    assert_eq!(edited(&mut viewer, "delete"), less);
    viewer.rest();
    let without = viewer.screenshot("edit-deleted");
    assert!(without.part_that_differs(&before) > 0.02, "they are gone");
    for _ in 0..4 {
        ctrl(&viewer, 'z');
        viewer.wait_for("edits that hold", PATIENCE);
    }
    viewer.rest();
    // The panel has a list of edits that were undone.
    let changed = viewer.screenshot("edit-undone").part_that_differs(&before);
    assert!(changed < 0.02, "everything is back but for {changed}");
    for _ in 0..4 {
        ctrl(&viewer, 'y');
        viewer.wait_for("edits that hold", PATIENCE);
    }
    ctrl(&viewer, 's');
    viewer.wait_for("Saved gems-edited-1.safetensors", PATIENCE);
    let (saved, metadata) = scene_file::load_with(&folder.path().join("gems-edited-1.safetensors")).unwrap();
    assert_eq!(saved.len(), 545 - less);
    let told = metadata.provenance.unwrap();
    assert!(told.contains(&format!("{less} of 545 convexes deleted")), "{told}");
    viewer.close(0);
}

/// A click in the corner looks along an axis, and a drag of its handle moves a face of the crop box; both come back.
#[test]
fn an_axis_is_clicked_and_a_face_of_the_crop_box_is_dragged() {
    let Some(OpenDataset { mut viewer, gems, folder: _folder, _desktop }) = open_dataset() else { return };
    viewer.drop_file(&gems.join("scene.safetensors"));
    viewer.wait_for("scene.safetensors:", PATIENCE);
    viewer.tab();
    viewer.rest();
    std::thread::sleep(Duration::from_secs(6));
    let start = viewer.screenshot("axes-start");
    // The z axis points up in the first view: its end is above the middle of the axes.
    viewer.click((850, 523));
    viewer.wait_for("action LookFrom", PATIENCE);
    viewer.rest();
    let above = viewer.screenshot("axes-above");
    assert!(above.part_that_differs(&start) > 0.1, "another view");
    viewer.key('z');
    viewer.wait_for("action ViewBack", PATIENCE);
    viewer.rest();
    let back = viewer.screenshot("axes-back").part_that_differs(&start);
    assert!(back < 0.02, "the view before, but for {back}");
    viewer.key('y');
    viewer.wait_for("action ToggleCrop", PATIENCE);
    // The driver compiles what crops when it is used for the first time.
    viewer.wait_for("frame ", PATIENCE);
    viewer.rest();
    let cropped = viewer.screenshot("axes-crop");
    let dragged = |viewer: &mut Viewer, from: (i16, i16), to: (i16, i16), told: &str| {
        viewer.drag_with_pauses(from, to, 1, Duration::from_secs(1));
        viewer.wait_for(told, PATIENCE);
        viewer.rest();
        viewer.screenshot("axes-dragged")
    };
    let face = cropped.square_of(7, [235; 3]).expect("a face has a handle");
    let smaller = dragged(&mut viewer, face, (450, 300), "edit: crop box");
    let changed = smaller.part_that_differs(&cropped);
    assert!(changed > 0.005, "a face follows the pointer: {changed}");
    ctrl(&viewer, 'z');
    viewer.wait_for("edits that hold: 1", PATIENCE);
    viewer.rest();
    let back = viewer.screenshot("axes-undone").part_that_differs(&cropped);
    assert!(back < 0.003, "the box is back, but for {back}");
    ctrl(&viewer, 'z');
    viewer.wait_for("edits that hold: 0", PATIENCE);

    viewer.key('i');
    viewer.wait_for("SetTool(Place)", PATIENCE);
    viewer.rest();
    let axes = viewer.screenshot("axes-world");
    let x = axes.square_of(7, [232, 88, 88]).expect("the x axis has a handle");
    let placed = dragged(&mut viewer, x, (x.0, x.1 + 60), "edit: place: moved by");
    assert!(placed.square_of(7, [232, 88, 88]) != Some(x), "the axes follow the pointer");
    viewer.symbol(ESCAPE);
    viewer.signal("TERM");
    assert_eq!(viewer.end().0, Some(0));
}

/// Three walls hide five convexes behind them: a rectangle takes all or only what is seen, and no image shows the five.
#[test]
fn what_is_seen_is_told_from_what_is_behind() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::empty(4, 0);
    let mut wall = |x: f64, y: f64, half: f64| {
        let corner = |side: f64, up: f64| DVec3::new(x + half * side, y, half * up).as_vec3().to_array();
        let points = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)].concat();
        // Each leaves a twentieth of the light, and the fourth would leave too little to count.
        scene.push(Params {
            points: &points,
            log_delta: &[5.0],
            log_sigma: &[4.0],
            raw_opacity: &[2.944],
            sh: &[0.2; 48],
        });
    };
    [0.0, 0.1, 0.2].into_iter().for_each(|y| wall(0.0, y, 9.0));
    (0..5).for_each(|i| wall(f64::from(i) - 2.0, 1.0, 0.4));
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    scene_file::save(&scene, &run.join("scene.safetensors")).unwrap();
    let camera = Camera::look_at(DVec3::new(0.0, -6.0, 0.0), DVec3::ZERO, DVec3::Z, 90.0, 120, 90);
    Transforms::from_cameras(&[("a.png".to_owned(), camera)]).save(&run.join("cameras.json")).unwrap();
    let mut viewer = Viewer::start(&desktop, folder.path(), &run, "900x600");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.focus();
    viewer.key('c');
    viewer.key('b');
    viewer.rest();
    let [from, to] = [(60, 60), (560, 540)];
    assert_eq!(drawn(&mut viewer, &[], from, to), 8, "all behind it");
    viewer.holding(&[SHIFT], || viewer.key('x'));
    viewer.wait_for("only what is seen", PATIENCE);
    assert_eq!(drawn(&mut viewer, &[], from, to), 1, "the first wall");
    viewer.rest();
    viewer.screenshot("seen-selected");
    viewer.holding(&[SHIFT], || viewer.key('v'));
    assert_eq!(edited(&mut viewer, "select"), 5, "what no image shows");
    viewer.symbol(DELETE);
    assert_eq!(edited(&mut viewer, "delete"), 5);
    ctrl(&viewer, 's');
    viewer.wait_for("Saved run-edited-1.safetensors", PATIENCE);
    let (saved, metadata) = scene_file::load_with(&folder.path().join("run-edited-1.safetensors")).unwrap();
    assert_eq!(saved.len(), 3);
    assert!(metadata.provenance.unwrap().contains("visible in fewer than 1 of 1 images"));
    viewer.close(0);
}

/// Adds a copy of the first convex at each place, grey and opaque.
fn add(scene: &mut Scene, places: impl Iterator<Item = DVec3>, radius: f32) {
    for place in places {
        let place = (place - scene.origin).as_vec3();
        let way = |k: usize| {
            let k = k as f32;
            Vec3::new((2.1 * k).cos(), (2.1 * k).sin(), (1.3 * k).cos()).normalize()
        };
        let corners: Vec<f32> =
            (0..scene.points_per_convex).flat_map(|k| (place + radius * way(k)).to_array()).collect();
        let mut sh = [0.0; 48];
        sh[..3].copy_from_slice(&[0.3, -0.2, -0.6]);
        let (delta, sigma) = (scene.params.log_delta[0], scene.params.log_sigma[0]);
        scene.push(Params { points: &corners, log_delta: &[delta], log_sigma: &[sigma], raw_opacity: &[4.0], sh: &sh });
    }
}

/// Adds what captures suffer from: a sky around everything, and floaters before the cameras.
fn pollute(file: &Path, cameras: &[DVec3]) -> usize {
    let (mut scene, metadata) = scene_file::load_with(file).unwrap();
    let good = scene.len();
    let sky = (0..400u32).map(|i| {
        let (z, turn) = (2.0 * (f64::from(i) + 0.5) / 400.0 - 1.0, 2.4 * f64::from(i));
        let level = (1.0 - z * z).sqrt();
        40.0 * DVec3::new(level * turn.cos(), level * turn.sin(), z)
    });
    add(&mut scene, sky, 3.0);
    add(&mut scene, cameras.iter().map(|at| 0.7 * *at), 0.05);
    scene_file::save_with(&scene, &metadata, file).unwrap();
    good
}

/// What a person does in the first hour: train while watching, find the subject, remove the floaters and the sky, save, and open
/// the saved file alone.
#[test]
fn the_first_hour() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (gems, run) = (dataset(folder.path()), folder.path().join("run"));
    let places = ["train", gems.to_str().unwrap(), "--out", run.to_str().unwrap()];
    let short = ["--iterations", "40", "--max-convexes", "400", "--view", "--quiet"];
    let mut viewer = Viewer::launch(&desktop, folder.path(), &[&places[..], &short].concat());
    viewer.wait_for("the training is over", 2 * PATIENCE);
    viewer.focus();
    ctrl(&viewer, 'a');
    viewer.wait_for("A training that is watched is not edited", PATIENCE);
    viewer.rest();
    viewer.screenshot("hour-trained");
    viewer.close(0);

    let cameras = lapidary::source::views_beside(&run).unwrap();
    let cameras: Vec<DVec3> = cameras.iter().map(|(.., camera)| camera.position()).collect();
    let good = pollute(&run.join("scene.safetensors"), &cameras);
    let mut viewer = Viewer::start(&desktop, folder.path(), &run, "1200x780");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.focus();
    viewer.key('c');
    viewer.rest();
    // The sentence about what was opened is gone then.
    std::thread::sleep(Duration::from_secs(6));
    let start = viewer.screenshot("hour-start");
    viewer.drag((300, 300), (420, 240), 1);
    viewer.rest();
    viewer.key('f');
    viewer.rest();
    assert!(viewer.screenshot("hour-framed").num_colours() > 100, "the subject is in the image");
    viewer.symbol(HOME);
    viewer.rest();
    assert!(viewer.screenshot("hour-home").part_that_differs(&start) < 0.02);

    viewer.key('o');
    let inside = drawn(&mut viewer, &[], (450, 390), (880, 390));
    viewer.rest();
    viewer.screenshot("hour-sphere");
    ctrl(&viewer, 'i');
    let outside = edited(&mut viewer, "select");
    assert!(outside >= 404 && inside * 2 > good, "{inside} of {good} are inside, {outside} outside");
    viewer.symbol(DELETE);
    viewer.symbol(ESCAPE);
    assert_eq!(edited(&mut viewer, "delete"), outside);
    viewer.rest();
    let clean = viewer.screenshot("hour-clean");
    // The ground and its scale: a grid, and the distance of two clicks.
    viewer.key('9');
    viewer.wait_for("action ToggleGrid", PATIENCE);
    viewer.key('m');
    viewer.wait_for("SetTool(Measure)", PATIENCE);
    viewer.click((300, 400));
    viewer.click((600, 420));
    viewer.rest();
    assert!(viewer.screenshot("hour-measured").part_that_differs(&clean) > 0.002, "a grid and a distance are drawn");
    viewer.symbol(ESCAPE);
    viewer.key('9');
    ctrl(&viewer, 's');
    viewer.wait_for("Saved run-edited-1.safetensors", PATIENCE);
    viewer.close(0);

    let saved = folder.path().join("run-edited-1.safetensors");
    let scene = scene_file::load(&saved).unwrap();
    assert_eq!(scene.len(), inside);
    let view = scene_file::load_with(&saved).unwrap().1.start_view.unwrap();
    view.check().unwrap();
    let (low, high) = scene.bounds().unwrap();
    assert!((high - low).length() < 20.0, "the sky is gone: {low}, {high}");
    let mut viewer = Viewer::start(&desktop, folder.path(), &saved, "1200x780");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.rest();
    assert!(viewer.screenshot("hour-opened").num_colours() > 100, "it opens on the subject");
    viewer.close(0);
}
