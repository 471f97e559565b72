//! The state of the window that the user changes: the document, the camera and how the scene is shown. The user interface
//! reads it and returns actions; [`Session::apply`] is the one function that applies them.

pub(crate) mod action;
mod apply;
mod bookmarks;
pub(crate) mod camera_path;
pub(crate) mod comparison;
pub(crate) mod editing;
pub(crate) mod frame_times;
pub(crate) mod paths;
pub(crate) mod settings;
mod view_history;
mod views;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use web_time::{Duration, Instant};

use camera_path::PathRendering;
use comparison::Comparison;
use editing::Editing;
use frame_times::FrameTimes;
use glam::DVec3;
use paths::PathQuestion;
use settings::Settings;
use view_history::ViewHistory;
use views::first_direction;

use crate::camera::Camera;
use crate::camera_path::{CameraPath, CameraPathError};
use crate::constants::NEAR;
use crate::kernels::DisplayMode;
use crate::scene::{Bookmark, Extent};
use crate::text;
use crate::viewer::document::{
    ChosenPath, Document, DocumentLoader, PathChooser, PathPlayback, PhotographLoader, RequestRedraw, SceneSaver,
    ViewSubject,
};
use crate::viewer::live::Live;
use crate::viewer::scene_view::navigator::Navigator;
use crate::viewer::scene_view::pose::Pose;
use crate::viewer::scene_view::progressive::PictureRequest;
use crate::viewer::scene_view::settings::ViewSettings;

/// A sentence at the bottom of the window.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something failed.
    pub is_error: bool,
    /// The time when it appeared.
    pub since: Instant,
}

impl Notice {
    /// Returns how long it stays.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(if self.is_error { 12 } else { 5 })
    }
}

/// Everything that the window shows, without the window and the device.
pub(crate) struct Session {
    /// The settings that are kept from one start to the next.
    pub settings: Settings,
    /// How the scene is shown.
    pub view: ViewSettings,
    /// The camera.
    pub navigator: Navigator,
    history: ViewHistory,
    /// The first pose of the document, until the camera moves.
    start: Option<Pose>,
    /// The document that is open.
    pub document: Document,
    /// The number of documents that were opened so far.
    pub document_number: u64,
    /// The extent of the scene.
    pub extent: Extent,
    /// What the scene is about.
    pub subject: ViewSubject,
    /// The depth of the frusta of cameras, in world units.
    pub frustum_depth: f64,
    /// The number of changes of the scene so far.
    pub generation: u64,
    /// Whether the scene of the document is yet to be uploaded.
    pub is_scene_new: bool,
    /// Reads the photographs of the dataset.
    pub photographs: PhotographLoader,
    /// The camera of the dataset that is looked through.
    pub entered_camera: Option<usize>,
    /// What the render is compared with.
    pub comparison: Comparison,
    /// The edits of the scene, and the tools for more.
    pub editing: Editing,
    /// Writes edited scenes.
    pub saver: SceneSaver,
    /// The camera path.
    pub playback: PathPlayback,
    /// The rendering of the camera path.
    pub path_rendering: PathRendering,
    /// Named views of the document.
    pub bookmarks: Vec<Bookmark>,
    /// The training run.
    pub live: Option<Live>,
    /// The sentences at the bottom of the window, the newest last.
    pub notices: Vec<Notice>,
    /// Asks for paths by dialogs.
    pub chooser: PathChooser,
    /// The path that the user is asked for in a line of text.
    pub question: Option<PathQuestion>,
    /// Whether the list of shortcuts is open.
    pub is_help_open: bool,
    /// Whether the panel shows the times of kernels.
    pub times_kernels: bool,
    /// The durations of the last frames.
    pub frame_times: FrameTimes,
    /// The ratio of width to height of the area of the picture.
    pub aspect: f64,
    /// Reads documents.
    pub loader: DocumentLoader,
    request_redraw: RequestRedraw,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("document", &self.document).finish_non_exhaustive()
    }
}

/// The depth, in parts of the scene's radius, nearer than which nothing is drawn.
pub(crate) const NEAREST: f64 = 1e-3;

impl Session {
    /// Returns a session without a document.
    #[must_use]
    pub(crate) fn new(settings: Settings, loader: DocumentLoader, request_redraw: RequestRedraw) -> Self {
        let document = Document::default();
        let (up, fov) = (document.up(), settings.fov_y.to_radians());
        let pose = Pose::look_at(DVec3::ZERO, first_direction(up), 4.0, up, fov);
        let mut navigator = Navigator::new(pose, up, 1.0);
        navigator.keep_upright = settings.keep_upright;
        let subject = ViewSubject { centre: DVec3::ZERO, radius: 1.0 };
        Self {
            view: settings.view,
            settings,
            navigator,
            history: ViewHistory::default(),
            start: None,
            photographs: PhotographLoader::new(Arc::clone(&document.load_photograph), Arc::clone(&request_redraw)),
            editing: Editing::of(&document, &subject),
            saver: SceneSaver::new(),
            document,
            document_number: 0,
            extent: Extent::default(),
            subject,
            frustum_depth: 1.0,
            generation: 0,
            is_scene_new: false,
            entered_camera: None,
            comparison: Comparison::new(loader.another()),
            playback: PathPlayback::default(),
            path_rendering: PathRendering::default(),
            bookmarks: Vec::new(),
            live: None,
            notices: Vec::new(),
            chooser: PathChooser::new(
                Arc::new(|_| Box::pin(std::future::ready(ChosenPath::NoDialog))),
                Arc::clone(&request_redraw),
            ),
            question: None,
            is_help_open: false,
            times_kernels: false,
            frame_times: FrameTimes::default(),
            aspect: 1.3,
            loader,
            request_redraw,
        }
    }

    /// Opens a path: a camera path at once, everything else on another thread. Paths of the command line and files that are
    /// dropped on the window come here.
    pub(crate) fn open(&mut self, path: &Path) {
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let is_path = is_json || path.extension().is_some_and(|extension| extension == "lookat");
        match is_path.then(|| CameraPath::load(path)) {
            Some(Ok(loaded)) => {
                self.notify(format!("Camera path with {} key frames from {}", loaded.keys().len(), path.display()));
                self.playback.load(loaded);
            }
            // The file is known to be a camera path, so its error is shown instead of opening it as something else.
            Some(Err(error @ CameraPathError::Content { .. })) => self.notify_error(error.to_string()),
            _ if self.may_lose_edits() => self.loader.start(path),
            _ => {}
        }
    }

    /// Shows the document that was asked for, once it has been read, and tells of files that have been written.
    pub(crate) fn receive(&mut self) {
        for told in self.saver.take() {
            match told {
                Ok(sentence) => self.notify(sentence),
                Err(reason) => {
                    self.editing.forget_saved();
                    self.notify_error(reason);
                }
            }
        }
        self.receive_second();
        self.receive_render();
        self.receive_path();
        match self.loader.take() {
            None => {}
            Some((path, Ok(document))) => {
                let convexes = document.scene.as_ref().map_or(0, |scene| scene.len());
                let (name, cameras) = (path.display().to_string(), document.cameras.len());
                self.settings.remember(&path);
                self.set_document(Document { path: Some(path), ..document });
                self.notify(format!("Opened {name}: {convexes} convexes, {cameras} cameras"));
            }
            Some((_, Err(reason))) => self.notify_error(reason),
        }
    }

    /// Makes every scene be uploaded again, to another device.
    pub(crate) fn upload_again(&mut self) {
        self.editing.forget_device();
        self.is_scene_new = true;
        if let Some(second) = &mut self.comparison.second {
            second.is_new = true;
        }
    }

    /// Shows another document.
    pub(crate) fn set_document(&mut self, document: Document) {
        // A path that is read again, for example while it is being trained, keeps the camera.
        let is_same = document.path.is_some() && document.path == self.document.path;
        self.extent = document.extent();
        self.subject = document.subject();
        self.frustum_depth = document.frustum_depth(self.subject.radius);
        let load = Arc::clone(&document.load_photograph);
        self.photographs = PhotographLoader::new(load, Arc::clone(&self.request_redraw));
        self.leave_camera();
        self.comparison.keep_photograph_of(None);
        (self.view.crop, self.view.depth_range) = (None, None);
        // A scene of another scale has another near plane.
        self.view.near = document.near.unwrap_or(NEAR.min(self.extent.radius() * NEAREST));
        if !is_same {
            self.view.antialias = document.antialias;
            // A background that the user chose stays.
            self.view.background = document.background.unwrap_or(self.settings.view.background);
        }
        self.editing = Editing::of(&document, &self.subject);
        self.document = document;
        self.open_bookmarks();
        self.document_number += 1;
        self.generation += 1;
        self.is_scene_new = true;
        if !is_same {
            self.go_to_start();
        }
    }

    /// Returns the camera for a window of `size` pixels. Once the flight to an entered camera has ended, it is that camera,
    /// in its own size if it is compared and otherwise as large as fits.
    #[must_use]
    pub(crate) fn camera(&self, size: [u32; 2]) -> Camera {
        let free = self.navigator.pose().camera(size[0].max(1), size[1].max(1));
        let entered = self.entered_camera.and_then(|index| self.document.cameras.get(index));
        let Some(entered) = entered.map(|named| named.camera) else { return free };
        if self.is_compared() && self.comparison.second.is_none() {
            let [width, height] = self.comparison.photograph.as_ref().map_or([0, 0], |photograph| photograph.size);
            let side = |pixels: usize| u32::try_from(pixels).ok().filter(|side| (1..=8192).contains(side));
            return match (side(width), side(height)) {
                (Some(width), Some(height)) => entered.resized(width, height),
                _ => entered,
            };
        }
        if self.navigator.is_moving() {
            return free;
        }
        let fit = (f64::from(size[0]) / f64::from(entered.width)).min(f64::from(size[1]) / f64::from(entered.height));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the window's size")]
        let side = |pixels: u32| ((f64::from(pixels) * fit).round() as u32).max(1);
        entered.resized(side(entered.width), side(entered.height))
    }

    /// Returns the view depths of the scene before the camera.
    #[must_use]
    pub(crate) fn depth_range(&self) -> [f32; 2] {
        let pose = self.navigator.pose();
        self.extent.depth_range(pose.position, pose.forward())
    }

    /// Returns the picture that a camera sees now.
    #[must_use]
    pub(crate) fn picture_request(&self, camera: Camera) -> PictureRequest {
        // The ends of the colours follow the camera only in the mode that shows them.
        let depth_range = if self.view.mode == DisplayMode::Depth { self.depth_range() } else { [0.0, 1.0] };
        PictureRequest { camera, settings: self.view, generation: self.generation, depth_range }
    }

    /// Moves the camera on by so many seconds, and returns whether the next frame will differ.
    pub(crate) fn advance(&mut self, seconds: f64) -> bool {
        if let Some(key) = self.playback.advance(seconds) {
            self.look_from(&key);
        }
        let has_moved = self.navigator.advance(seconds);
        self.notices.retain(|notice| notice.since.elapsed() < notice.lifetime());
        self.fetch_photograph();
        has_moved || self.playback.is_playing || self.navigator.is_moving()
    }

    /// Shows a sentence to the user.
    pub(crate) fn notify(&mut self, text: String) {
        log::info!("{text}");
        let text = text::message(&text);
        self.notices.push(Notice { text, is_error: false, since: Instant::now() });
    }

    /// Shows an error to the user.
    pub(crate) fn notify_error(&mut self, text: String) {
        log::info!("error shown: {text}");
        let text = text::message(&text);
        self.notices.push(Notice { text, is_error: true, since: Instant::now() });
    }
}

/// Returns `stem-N.extension` in a folder, with the first number that is free.
#[must_use]
pub(crate) fn free_name(folder: &Path, stem: &str, extension: &str) -> PathBuf {
    free_path(folder, stem, &format!(".{extension}"))
}

/// Returns `stem-N` with an ending in a folder, with the first number that is free.
pub(crate) fn free_path(folder: &Path, stem: &str, ending: &str) -> PathBuf {
    let name = |number: usize| folder.join(format!("{stem}-{number}{ending}"));
    (1..100_000).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::viewer::document::NamedCamera;

    /// A session with so many cameras in a row.
    pub(crate) fn session(cameras: usize) -> Session {
        session_opening(cameras, |_| Err(String::new()))
    }

    /// The same, which opens paths by a function.
    pub(crate) fn session_opening(
        cameras: usize,
        open: impl Fn(&Path) -> Result<Document, String> + Send + Sync + 'static,
    ) -> Session {
        let request_redraw: RequestRedraw = Arc::new(|| {});
        let loader = DocumentLoader::new(Arc::new(open), Arc::clone(&request_redraw));
        let mut session = Session::new(Settings::default(), loader, request_redraw);
        let named = |index: usize| NamedCamera {
            name: format!("{index}"),
            split: "train".into(),
            camera: Camera::look_at(DVec3::new(3.0, index as f64, 1.0), DVec3::ZERO, DVec3::Z, 60.0, 80, 60),
        };
        session.set_document(Document { cameras: (0..cameras).map(named).collect(), ..Document::default() });
        session
    }

    #[test]
    fn a_document_that_is_read_again_keeps_the_camera() {
        let mut session = session(2);
        let path = Some(PathBuf::from("folder"));
        session.set_document(Document { path: path.clone(), ..Document::default() });
        let moved = Pose { position: DVec3::splat(7.0), ..*session.navigator.pose() };
        session.navigator.set(moved);
        session.set_document(Document { path, ..Document::default() });
        assert_eq!(session.navigator.pose().position, DVec3::splat(7.0));
        session.set_document(Document { path: Some("other".into()), ..Document::default() });
        assert_ne!(session.navigator.pose().position, DVec3::splat(7.0));
    }

    #[test]
    fn names_of_saved_files_do_not_collide() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_name(folder.path(), "view", "png"), folder.path().join("view-1.png"));
        std::fs::write(folder.path().join("view-1.png"), b"").unwrap();
        assert_eq!(free_name(folder.path(), "view", "png"), folder.path().join("view-2.png"));
    }
}
