//! Two scenes in one window.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lapidary::scene_file;

use super::desktop::{CTRL, SHIFT, Screenshot, Viewer};
use super::{PATIENCE, dataset, display, most_at_rest};

/// Writes the scene again, all of it red.
fn red_copy(scene: &Path, folder: &Path) -> PathBuf {
    let mut scene = scene_file::load(scene).unwrap();
    for sh in scene.params.sh.chunks_mut(48) {
        sh.fill(0.0);
        sh[..3].copy_from_slice(&[1.7, -1.7, -1.7]);
    }
    let file = folder.join("red.safetensors");
    scene_file::save(&scene, &file).unwrap();
    file
}

/// The part of red pixels between two columns.
fn red(picture: &Screenshot, columns: [usize; 2]) -> f64 {
    picture.part_between(columns, |[red, green, blue, _]| red > 240 && green < 12 && blue < 12)
}

/// The columns left and right of a line in the middle of the picture, which the panel leaves room for.
const LEFT: [usize; 2] = [0, 290];
const RIGHT: [usize; 2] = [310, 590];

#[test]
fn two_scenes_are_compared_from_one_camera() {
    let Some(desktop) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let first = dataset(folder.path()).join("scene.safetensors");
    let second = red_copy(&first, folder.path());
    let args = ["view", "--size", "900x600", first.to_str().unwrap(), second.to_str().unwrap()];
    let mut viewer = Viewer::launch(&desktop, folder.path(), &args);
    viewer.wait_for("both scenes: PSNR", PATIENCE);
    viewer.focus();
    viewer.rest();
    let split = viewer.screenshot("compared-split");
    let sides = [LEFT, RIGHT].map(|side| red(&split, side));
    assert!(sides[0] < 0.01 && sides[1] > 0.1, "the second scene is on the right: {sides:?}");
    viewer.drag((300, 200), (30, 200), 1);
    viewer.rest();
    let moved = red(&viewer.screenshot("compared-moved"), LEFT);
    assert!(moved > 0.1, "the line is dragged: {moved}");
    // The camera of both is turned.
    viewer.drag((400, 400), (480, 430), 1);
    viewer.wait_for("both scenes: PSNR", PATIENCE);
    viewer.rest();
    assert!(red(&viewer.screenshot("compared-turned"), RIGHT) > 0.1);

    viewer.key('v');
    viewer.rest();
    let difference = viewer.screenshot("compared-difference");
    assert!(difference.part_that_differs(&split) > 0.1, "a map of differences");
    viewer.key('v');
    let (mut reds, begun) = (Vec::new(), Instant::now());
    for _ in 0..24 {
        std::thread::sleep(Duration::from_millis(60));
        reds.push(red(&viewer.screenshot("compared-flicker"), LEFT) > 0.1);
    }
    let changes = reds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let most = 2 + usize::try_from(begun.elapsed().as_millis() / 250).unwrap();
    assert!((2..=most).contains(&changes), "both are seen in turn: {reds:?}");
    viewer.key('v');
    viewer.rest();
    assert!(red(&viewer.screenshot("compared-first"), LEFT) < 0.01, "only the first is left");
    std::thread::sleep(Duration::from_secs(6));
    let (before, time) = (viewer.processor_time(), Duration::from_secs(10));
    std::thread::sleep(time);
    let taken = viewer.processor_time() - before;
    assert!(taken <= most_at_rest(time), "{taken:?} of {time:?} at rest");

    let path_is_asked_for = |viewer: &mut Viewer| {
        viewer.holding(&[CTRL, SHIFT], || viewer.key('o'));
        viewer.wait_for("action Ask(Compare)", PATIENCE);
        viewer.rest();
    };
    path_is_asked_for(&mut viewer);
    viewer.screenshot("compared-asked");
    viewer.enter("absent.safetensors");
    viewer.wait_for("error shown: Nothing to compare with: cannot read absent.safetensors", PATIENCE);
    assert!(viewer.screenshot("compared-absent").num_colours() > 100, "the first stays");
    path_is_asked_for(&mut viewer);
    viewer.enter("red.safetensors");
    viewer.wait_for("Compared with red.safetensors", PATIENCE);
    viewer.wait_for("both scenes: PSNR", PATIENCE);
    viewer.rest();
    assert!(red(&viewer.screenshot("compared-again"), RIGHT) > 0.1);
    viewer.close(0);
}
