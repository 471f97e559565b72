//! Camera paths and bookmarks in the window, with a real keyboard.

use lapidary::scene_file;

use super::desktop::{CTRL, SHIFT};
use super::{OpenDataset, PATIENCE, open_dataset};

#[test]
fn a_camera_path_is_rendered_while_the_window_answers() {
    let Some(OpenDataset { mut viewer, folder, _desktop, .. }) = open_dataset() else { return };
    viewer.key('k');
    viewer.wait_for("Key frame 1 added", PATIENCE);
    viewer.drag((300, 300), (420, 280), 1);
    viewer.rest();
    viewer.key('k');
    viewer.wait_for("Key frame 2 added", PATIENCE);
    viewer.holding(&[SHIFT], || viewer.key('k'));
    viewer.wait_for("ToggleRender", PATIENCE);
    viewer.key('2');
    viewer.wait_for("action Mode(Depth)", PATIENCE);
    assert_eq!(viewer.count("Saved ./path-1"), 0, "the window answers while frames are rendered");
    viewer.wait_for("Saved ./path-1", 2 * PATIENCE);
    let written = viewer.lines_with("Saved ./path-1").pop().unwrap();
    assert!(written.contains("61 frames of 1280×720 pixels"), "{written}");
    // Without ffmpeg it is a folder of images.
    let frames = folder.path().join("path-1");
    if frames.is_dir() {
        let image = image::open(frames.join("0060.png")).unwrap().into_rgb8();
        assert!(image.dimensions() == (1280, 720) && image.pixels().any(|pixel| *pixel != image[(0, 0)]));
    } else {
        assert!(frames.with_extension("mp4").is_file());
    }
    viewer.holding(&[SHIFT], || viewer.key('k'));
    viewer.holding(&[SHIFT], || viewer.key('k'));
    viewer.wait_for("was cancelled after", PATIENCE);
    viewer.close(0);
}

#[test]
fn bookmarks_lead_back_and_are_saved_with_the_scene() {
    let Some(OpenDataset { mut viewer, folder, _desktop, .. }) = open_dataset() else { return };
    let ctrl = |viewer: &super::desktop::Viewer, key| viewer.holding(&[CTRL], || viewer.key(key));
    viewer.rest();
    std::thread::sleep(std::time::Duration::from_secs(6));
    let before = viewer.screenshot("bookmark-before");
    ctrl(&viewer, 'b');
    viewer.wait_for("Bookmark 1 added; Ctrl + 1 goes there", PATIENCE);
    viewer.drag((300, 300), (500, 280), 1);
    viewer.rest();
    assert!(viewer.screenshot("bookmark-away").part_that_differs(&before) > 0.05);
    ctrl(&viewer, '1');
    viewer.wait_for("GoTo(0)", PATIENCE);
    viewer.rest();
    std::thread::sleep(std::time::Duration::from_secs(6));
    viewer.rest();
    let changed = viewer.screenshot("bookmark-back").part_that_differs(&before);
    assert!(changed < 0.02, "the view is back but for {changed}");
    ctrl(&viewer, 's');
    viewer.wait_for("Saved gems-edited-1.safetensors", PATIENCE);
    let (_, metadata) = scene_file::load_with(&folder.path().join("gems-edited-1.safetensors")).unwrap();
    let names: Vec<&str> = metadata.bookmarks.iter().map(|bookmark| bookmark.name.as_str()).collect();
    assert_eq!(names, ["view 1"]);
    viewer.close(0);
}
