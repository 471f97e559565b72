//! The camera path: its key frames, and its rendering to a video or to images.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::camera::{Camera, RenderOptions};
use crate::camera_path::Key;
use crate::render::{ExrLayout, Format, shots_along};
use crate::viewer::document::{PathJob, PathPlayback, PathRender, PathTarget};
use crate::viewer::scene_view::pose::Pose;
use crate::viewer::session::action::{Action, ActionHost, PathAction};
use crate::viewer::session::{Session, free_name, free_path};

/// The kind of files that a path is rendered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathFormat {
    /// A video for any player; it needs ffmpeg.
    Mp4,
    /// A video for browsers; it needs ffmpeg.
    Webm,
    /// A video without ffmpeg.
    Gif,
    /// A folder of PNG images.
    Png,
    /// A folder of EXR images.
    Exr,
}

impl PathFormat {
    /// All of them, in the order of the panel.
    pub(crate) const ALL: [Self; 5] = [Self::Mp4, Self::Webm, Self::Gif, Self::Png, Self::Exr];

    /// Returns a video for any player where ffmpeg is installed, and images elsewhere.
    fn usual() -> Self {
        let has = |folder: PathBuf| folder.join("ffmpeg").is_file() || folder.join("ffmpeg.exe").is_file();
        // A browser has no PATH.
        let Some(path) = std::env::var_os("PATH") else { return Self::Png };
        if std::env::split_paths(&path).any(has) { Self::Mp4 } else { Self::Png }
    }

    /// Returns its name in the panel.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "video, mp4",
            Self::Webm => "video, webm",
            Self::Gif => "video, gif",
            Self::Png => "images, png",
            Self::Exr => "images, exr",
        }
    }

    /// Returns a file or a folder in the current folder that is not there yet.
    fn target(self, rate: f64) -> PathTarget {
        let video = |extension| PathTarget::Video(free_name(Path::new("."), "path", extension), rate);
        let images = |format| PathTarget::Images(free_path(Path::new("."), "path", ""), format);
        match self {
            Self::Mp4 => video("mp4"),
            Self::Webm => video("webm"),
            Self::Gif => video("gif"),
            Self::Png => images(Format::Png8),
            Self::Exr => images(Format::Exr(ExrLayout::default())),
        }
    }
}

/// What a path is rendered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathOutput {
    /// Width and height, in pixels.
    pub size: [u32; 2],
    /// The kind of files.
    pub format: PathFormat,
}

/// The rendering of the camera path.
#[derive(Debug)]
pub(crate) struct PathRendering {
    /// The output that is asked for.
    pub output: PathOutput,
    /// The rendering under way.
    pub under_way: Option<PathRender>,
}

impl Default for PathRendering {
    fn default() -> Self {
        Self { output: PathOutput { size: [1280, 720], format: PathFormat::usual() }, under_way: None }
    }
}

impl Session {
    /// Applies an action on the camera path.
    pub(super) fn apply_path(&mut self, action: PathAction, host: &dyn ActionHost) {
        match action {
            PathAction::Swap(index, other) => self.playback.swap(index, other),
            PathAction::SetLoop(loops) => self.playback.set_loop(loops),
            PathAction::ThroughCameras => self.path_through_cameras(),
            PathAction::SetRate(rate) => self.playback.path.frames_per_second = rate.clamp(0.1, 1000.0),
            PathAction::SetOutput(output) => self.path_rendering.output = output,
            PathAction::ToggleRender => match &self.path_rendering.under_way {
                Some(render) => render.cancel(),
                None => self.render_path(host),
            },
        }
    }

    pub(super) fn edit_path(&mut self, action: Action) {
        match action {
            Action::AddKey => {
                self.playback.add(&self.navigator.pose().camera(1000, 1000));
                self.notify(format!("Key frame {} added", self.playback.path.keys().len()));
            }
            Action::RetimeKey(index, time) => self.playback.retime(index, time),
            Action::RemoveKey(index) => self.playback.remove(index),
            Action::ClearPath => {
                let frames_per_second = self.playback.path.frames_per_second;
                self.playback = PathPlayback::default();
                self.playback.path.frames_per_second = frames_per_second;
            }
            Action::Scrub(time) => {
                if let Some(key) = self.playback.scrub(time) {
                    self.look_from(&key);
                }
            }
            _ => {}
        }
    }

    /// Puts the camera on the path.
    pub(super) fn look_from(&mut self, key: &Key) {
        self.leave_camera();
        let distance = self.navigator.pose().distance;
        self.navigator.set(Pose::of_camera(&key.camera(1000, 1000), distance));
    }

    pub(super) fn save_path(&mut self) {
        let file = free_name(Path::new("."), "path", "json");
        match self.playback.whole().save(&file) {
            Ok(()) => self.notify(format!("Saved {}; `lapidary render SCENE --path` reads it", file.display())),
            Err(error) => self.notify_error(error.to_string()),
        }
    }

    fn path_through_cameras(&mut self) {
        let cameras: Vec<Camera> = self.document.cameras.iter().map(|named| named.camera).collect();
        let number = self.playback.go_through(&cameras);
        self.notify(format!("A path through {number} of {} cameras", cameras.len()));
    }

    /// Begins to render the path as the scene is shown, without what was deleted.
    fn render_path(&mut self, host: &dyn ActionHost) {
        let Some(scene) = self.document.scene.clone() else {
            self.notify_error("There is no scene to render along the path".to_owned());
            return;
        };
        let Some(gpu) = host.gpu() else {
            self.notify_error("A page renders no camera path; `lapidary render --path` does".to_owned());
            return;
        };
        let path = self.playback.whole();
        let PathOutput { size, format } = self.path_rendering.output;
        let shots = shots_along(&path, size);
        if let Some(error) = shots.first().and_then(|shot| shot.camera.check().err()) {
            self.notify_error(error.to_string());
            return;
        }
        if shots.is_empty() {
            self.notify_error("The camera path has no key frames".to_owned());
            return;
        }
        let view = &self.view;
        let options = RenderOptions { near: view.near, background: view.background, antialias: view.antialias };
        let deleted = &self.editing.edits.state().deleted;
        let kept = (deleted.count() > 0).then(|| deleted.not().indices().collect());
        let target = format.target(path.frames_per_second);
        let job = PathJob { gpu: gpu.clone(), scene, kept, shots, options, target };
        self.path_rendering.under_way = Some(PathRender::start(job, Arc::clone(&self.request_redraw)));
    }

    /// Tells of a rendering that has ended.
    pub(super) fn receive_render(&mut self) {
        let Some(told) = self.path_rendering.under_way.as_ref().and_then(PathRender::take) else { return };
        self.path_rendering.under_way = None;
        match told {
            Ok(sentence) => self.notify(sentence),
            Err(reason) => self.notify_error(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::session::apply::tests::NoWindow;
    use crate::viewer::session::tests::session;

    fn applied(session: &mut Session, action: PathAction) {
        session.apply(Action::Path(action), &mut NoWindow::default()).unwrap();
    }

    #[test]
    fn a_path_leads_through_the_cameras_of_the_dataset() {
        let mut session = session(100);
        applied(&mut session, PathAction::ThroughCameras);
        let keys = session.playback.path.keys();
        let position = |index: usize| session.document.cameras[index].camera.position().to_array();
        assert!((2..=60).contains(&keys.len()), "{}", keys.len());
        assert_eq!((keys[0].position, keys[keys.len() - 1].position), (position(0), position(99)));
        assert!(session.notices.last().unwrap().text.contains("of 100 cameras"));
    }

    #[test]
    fn what_cannot_be_rendered_is_said() {
        let mut session = session(2);
        applied(&mut session, PathAction::ThroughCameras);
        applied(&mut session, PathAction::ToggleRender);
        assert!(session.path_rendering.under_way.is_none());
        assert!(session.notices.last().unwrap().is_error, "there is no scene");
    }

    #[test]
    fn the_rate_stays_where_a_path_is_cleared() {
        let mut session = session(2);
        applied(&mut session, PathAction::SetRate(12.0));
        session.apply(Action::AddKey, &mut NoWindow::default()).unwrap();
        session.apply(Action::ClearPath, &mut NoWindow::default()).unwrap();
        assert_eq!((session.playback.path.keys().len(), session.playback.path.frames_per_second), (0, 12.0));
    }
}
