//! The first hour with a real capture: photographs to a clean scene that opens alone, with a real keyboard and pointer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lapidary::scene_file;

use super::desktop::{CTRL, DELETE, ENTER, ESCAPE, HOME, SHIFT, Viewer};
use super::editing::{drawn, edited};
use super::{PATIENCE, display};
use crate::cli::{succeeds, text};

/// The photographs of a plush toy in a room, where they are there. Without them the test cannot run, and a line on stderr says so.
fn plush() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/plush");
    let found = folder.is_dir().then_some(folder);
    if found.is_none() {
        let name = std::thread::current();
        let name = name.name().unwrap_or("a test");
        writeln!(std::io::stderr().lock(), "NOT RUN: {name}: ../shared/data/plush is not there").unwrap();
    }
    found
}

#[test]
fn the_first_hour_of_a_capture() {
    let (Some(photographs), Some(desktop)) = (plush(), display()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");

    // Train, and watch it.
    let short = ["--downscale", "8", "--iterations", "150", "--max-convexes", "1500", "--view", "--quiet"];
    let places = ["train", text(&photographs), "--out", text(&run)];
    let mut viewer = Viewer::launch(&desktop, folder.path(), &[&places[..], &short].concat());
    viewer.wait_for("the training is over", 4 * PATIENCE);
    viewer.rest();
    viewer.screenshot("capture-trained");
    viewer.close(0);

    // The scene of the run comes with its photographs; the subject is found from wherever one is.
    let scene = run.join("scene.safetensors");
    let mut viewer = Viewer::start(&desktop, folder.path(), &scene, "1200x780");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.focus();
    viewer.right_arrow();
    viewer.key('v');
    viewer.wait_for(": PSNR ", PATIENCE);
    viewer.symbol(ESCAPE);
    viewer.key('c');
    viewer.drag((300, 300), (700, 240), 1);
    viewer.key('f');
    viewer.rest();
    assert!(viewer.screenshot("capture-subject").num_colours() > 500, "the subject is in the picture");

    viewer.symbol(HOME);
    viewer.rest();
    viewer.screenshot("capture-home");

    // What is outside of a sphere around it are floaters and the room.
    let all = scene_file::load(&scene).unwrap().len();
    viewer.key('o');
    let inside = drawn(&mut viewer, &[], (450, 400), (760, 400));
    viewer.holding(&[CTRL], || viewer.key('i'));
    let outside = edited(&mut viewer, "select");
    assert!(outside > 500 && inside > 60 && inside + outside == all, "{inside} inside and {outside} outside of {all}");
    viewer.symbol(DELETE);
    assert_eq!(edited(&mut viewer, "delete"), outside);
    viewer.symbol(ESCAPE);
    viewer.rest();
    viewer.screenshot("capture-clean");

    // The ground is found in the points, and taken; three clicks would set it, too.
    viewer.holding(&[SHIFT], || viewer.key('m'));
    viewer.wait_for("Ground with ", PATIENCE);
    viewer.rest();
    viewer.screenshot("capture-proposal");
    viewer.symbol(ENTER);
    viewer.wait_for("edit: place: turned", PATIENCE);
    viewer.key('9');
    viewer.symbol(HOME);
    viewer.rest();
    viewer.screenshot("capture-ground");

    // What was measured in the room says how long a unit is: the distance of two clicks is a quarter of a metre.
    viewer.key('m');
    viewer.wait_for("SetTool(Measure)", PATIENCE);
    for place in [(500, 300), (620, 560)] {
        viewer.click(place);
        viewer.rest();
    }
    viewer.screenshot("capture-measured");
    viewer.enter("0.25");
    viewer.wait_for("edit: place: scaled by", PATIENCE);
    viewer.rest();
    viewer.screenshot("capture-scaled");
    viewer.symbol(ESCAPE);
    viewer.holding(&[CTRL], || viewer.key('b'));
    viewer.wait_for("Bookmark 1 added", PATIENCE);
    viewer.holding(&[CTRL], || viewer.key('s'));
    viewer.wait_for("edited-1.safetensors", PATIENCE);
    viewer.wait_for("Saved ", PATIENCE);
    let told = viewer.lines_with("Saved ").pop().unwrap();
    viewer.close(0);

    // The saved file opens alone, and is handed on in another format.
    let saved = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let saved = saved.into_iter().find(|path| text(path).ends_with("edited-1.safetensors")).expect(&told);
    let (edited, metadata) = scene_file::load_with(&saved).unwrap();
    assert_eq!((edited.len(), metadata.bookmarks.len()), (inside, 1));
    let provenance = metadata.provenance.unwrap();
    assert!(provenance.contains(&format!("{outside} of {all} convexes deleted")), "{provenance}");
    let scale = provenance.split_once("scaled by ").unwrap().1.split(',').next().unwrap().parse::<f64>().unwrap();
    let up = metadata.start_view.unwrap().up;
    assert!(scale > 0.005 && scale < 0.5 && up.z > 0.8, "{provenance}: up is {up}");
    let mut viewer = Viewer::start(&desktop, folder.path(), &saved, "1200x780");
    viewer.wait_for("first picture after", PATIENCE);
    viewer.rest();
    std::thread::sleep(Duration::from_secs(1));
    assert!(viewer.screenshot("capture-opened").num_colours() > 300, "it opens on the subject");
    viewer.close(0);
    let exported = folder.path().join("plush.glb");
    let told = succeeds(&["convert", text(&saved), text(&exported)]);
    assert!(told.contains(" solids"), "{told}");
    let solids = gltf::Gltf::open(&exported).unwrap().meshes().count();
    assert!((1..=inside).contains(&solids), "{solids} solids of {inside} convexes");
}
