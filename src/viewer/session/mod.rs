//! What the window is about: everything but the window and the device.

pub(crate) mod settings;

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::TextureHandle;
use glam::DVec3;

use crate::camera::Camera;
use crate::camera_path::{CameraPath, CameraPathError};
use crate::constants::NEAR;
use crate::real::median;
use crate::scene::Extent;
use crate::text;
use crate::viewer::document::playback::Track;
use crate::viewer::document::{Content, Opener, Picture, Pictures, View, Wake};
use crate::viewer::live::{Live, LiveCommand};
use crate::viewer::scene_view::comparison::Comparison;
use crate::viewer::scene_view::navigator::Navigator;
use crate::viewer::scene_view::pose::Pose;
use crate::viewer::scene_view::progressive::Wanted;
use crate::viewer::scene_view::settings::Look;
use crate::viewer::session::settings::{Movement, Settings, Theme};
use crate::viewer::ui::keys::Action;

/// A sentence at the bottom of the window.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something failed.
    pub is_error: bool,
    /// When it appeared.
    pub since: Instant,
}

impl Notice {
    /// How long it stays.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(if self.is_error { 12 } else { 5 })
    }
}

/// What only the window can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Write a picture.
    Screenshot,
    /// Fill the screen, or not.
    Fullscreen,
}

/// The photograph of the camera that is looked through, and what was found out by it.
pub(crate) struct Photograph {
    /// The camera.
    pub view: usize,
    /// Behind transparent pixels.
    pub background: [f32; 3],
    /// Its pixels over the background.
    pub pixels: Vec<[u8; 4]>,
    /// Width and height.
    pub size: [usize; 2],
    /// For drawing.
    pub texture: TextureHandle,
    /// The picture that it was compared with, the map of differences, and PSNR in dB.
    pub compared: Option<(Wanted, TextureHandle, f64)>,
}

impl fmt::Debug for Photograph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Photograph").field("view", &self.view).field("size", &self.size).finish_non_exhaustive()
    }
}

/// See the module.
pub(crate) struct Session {
    /// What is remembered.
    pub settings: Settings,
    /// How the scene is shown.
    pub look: Look,
    /// The camera.
    pub navigator: Navigator,
    /// What is open.
    pub content: Content,
    /// Where it came from.
    pub path: Option<PathBuf>,
    /// Where the scene is.
    pub extent: Extent,
    /// How far the drawn cameras reach, world units.
    pub frustum_depth: f64,
    /// Counts changes of the scene on the stage.
    pub generation: u64,
    /// Whether the stage has to take the scene.
    pub scene_is_new: bool,
    /// Pictures of the dataset.
    pub pictures: Pictures,
    /// Textures of thumbnails.
    pub thumbnails: Vec<Option<TextureHandle>>,
    /// The camera that is looked through.
    pub at_view: Option<usize>,
    /// What is shown of render and photograph.
    pub comparison: Comparison,
    /// Where the line of a split is.
    pub split: f32,
    /// The photograph of that camera.
    pub photograph: Option<Photograph>,
    /// The camera path.
    pub track: Track,
    /// The training run.
    pub live: Option<Live>,
    /// Sentences.
    pub notices: Vec<Notice>,
    /// Whether the list of shortcuts is open.
    pub help: bool,
    /// Milliseconds of the last frames.
    pub frame_times: VecDeque<f32>,
    /// When they were drawn.
    pub(crate) frame_ends: VecDeque<Instant>,
    /// Width of the picture's place in the window by its height.
    pub(crate) aspect: f64,
    /// What the window is to do.
    pub requests: Vec<Request>,
    /// Reads files.
    pub opener: Opener,
    wake: Wake,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("path", &self.path).field("content", &self.content).finish_non_exhaustive()
    }
}

/// Depth, in parts of the scene's radius, nearer than which nothing is drawn.
pub(crate) const NEAREST: f64 = 1e-3;

/// Frames in the rolling plot.
const PLOTTED_FRAMES: usize = 240;

impl Session {
    /// An empty window.
    #[must_use]
    pub(crate) fn new(settings: Settings, opener: Opener, wake: Wake) -> Self {
        let content = Content::default();
        let (up, fov) = (content.up(), settings.fov_y.to_radians());
        let pose = Pose::look_at(DVec3::ZERO, first_direction(up), 4.0, up, fov);
        let mut navigator = Navigator::new(pose, up, 1.0);
        navigator.keep_upright = settings.keep_upright;
        Self {
            look: settings.look,
            settings,
            navigator,
            pictures: Pictures::new(Arc::clone(&content.picture), Arc::clone(&wake)),
            content,
            path: None,
            extent: Extent::default(),
            frustum_depth: 1.0,
            generation: 0,
            scene_is_new: false,
            thumbnails: Vec::new(),
            at_view: None,
            comparison: Comparison::default(),
            split: 0.5,
            photograph: None,
            track: Track::default(),
            live: None,
            notices: Vec::new(),
            help: false,
            frame_times: VecDeque::new(),
            frame_ends: VecDeque::new(),
            aspect: 1.3,
            requests: Vec::new(),
            opener,
            wake,
        }
    }

    /// Shows other content.
    pub(crate) fn set_content(&mut self, path: Option<PathBuf>, content: Content) {
        // A path that is read again, as while it is being trained, keeps the camera.
        let is_same = path.is_some() && path == self.path;
        self.extent = match &content.scene {
            Some(scene) if !scene.is_empty() => Extent::of_scene(scene),
            _ if !content.points.is_empty() => Extent::of_points(content.points.iter().map(|(at, _)| *at).collect()),
            _ => Extent::of_points(content.views.iter().map(|view| view.camera.position()).collect()),
        };
        self.frustum_depth = frustum_depth(&content.views, self.extent.radius());
        self.pictures = Pictures::new(Arc::clone(&content.picture), Arc::clone(&self.wake));
        self.thumbnails = vec![None; content.views.len()];
        (self.at_view, self.photograph, self.comparison) = (None, None, Comparison::Render);
        (self.look.crop, self.look.depth_range) = (None, None);
        // A scene of another scale has another near plane.
        self.look.near = content.near.unwrap_or(NEAR.min(self.extent.radius() * NEAREST));
        if !is_same {
            self.look.antialias = content.antialias;
            // What people chose themselves stays theirs.
            self.look.background = content.background.unwrap_or(self.settings.look.background);
        }
        self.content = content;
        self.path = path;
        self.generation += 1;
        self.scene_is_new = true;
        if !is_same {
            self.go_to_start();
        }
    }

    /// The first camera of the dataset, or one that shows all.
    fn go_to_start(&mut self) {
        let (up, fov) = (self.content.up(), self.settings.fov_y.to_radians());
        let pose = match self.content.views.first() {
            Some(view) => self.pose_of(&view.camera),
            None => {
                let direction = first_direction(up);
                let distance = self.extent.radius() / (fov / 2.0).sin();
                Pose::look_at(self.extent.centre(), direction, distance, up, fov)
            }
        };
        let keep_upright = self.navigator.keep_upright;
        self.navigator = Navigator::new(pose, up, self.extent.radius() * 0.5);
        self.navigator.keep_upright = keep_upright;
    }

    /// The pose of a camera, with the pivot where the scene is and a field of view that holds the whole picture.
    fn pose_of(&self, camera: &Camera) -> Pose {
        let mut pose = Pose::of_camera(camera, 1.0);
        let wider = f64::from(camera.width) / f64::from(camera.height) / self.aspect.max(1e-3);
        pose.fov_y = 2.0 * ((pose.fov_y / 2.0).tan() * wider.max(1.0)).atan();
        let ahead = (self.extent.centre() - pose.position).dot(pose.forward());
        Pose { distance: ahead.max(self.extent.radius() * 0.05), ..pose }
    }

    /// Looks through a camera of the dataset.
    pub(crate) fn enter_view(&mut self, index: usize) {
        let Some(view) = self.content.views.get(index) else { return };
        let pose = self.pose_of(&view.camera);
        self.navigator.fly_to(pose);
        self.at_view = Some(index);
        self.photograph = self.photograph.take().filter(|photograph| photograph.view == index);
    }

    /// Back to a free camera, where this one was.
    pub(crate) fn leave_view(&mut self) {
        self.at_view = None;
        self.comparison = Comparison::Render;
    }

    /// The camera for a window of `size` pixels; that of the dataset, once the flight there has ended, in its own size if
    /// it is compared and as large as fits otherwise.
    #[must_use]
    pub(crate) fn camera(&self, size: [u32; 2]) -> Camera {
        let free = self.navigator.pose().camera(size[0].max(1), size[1].max(1));
        let Some(view) = self.at_view.and_then(|index| self.content.views.get(index)) else { return free };
        if self.comparison != Comparison::Render {
            let [width, height] = self.photograph.as_ref().map_or([0, 0], |photograph| photograph.size);
            let side = |pixels: usize| u32::try_from(pixels).ok().filter(|side| (1..=8192).contains(side));
            return match (side(width), side(height)) {
                (Some(width), Some(height)) => view.camera.resized(width, height),
                _ => view.camera,
            };
        }
        if self.navigator.is_moving() {
            return free;
        }
        let fit =
            (f64::from(size[0]) / f64::from(view.camera.width)).min(f64::from(size[1]) / f64::from(view.camera.height));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the window's size")]
        let side = |pixels: u32| ((f64::from(pixels) * fit).round() as u32).max(1);
        view.camera.resized(side(view.camera.width), side(view.camera.height))
    }

    /// Does what a key or a button asks for.
    pub(crate) fn act(&mut self, action: Action) {
        match action {
            Action::FrameAll => self.frame_all(),
            Action::ToggleMovement => {
                self.settings.movement = match self.settings.movement {
                    Movement::Orbit => Movement::Fly,
                    Movement::Fly => Movement::Orbit,
                };
            }
            Action::Level => self.navigator.level(),
            Action::UpIsHere => self.navigator.set_up(self.navigator.pose().up()),
            Action::Mode(mode) => self.look.mode = mode,
            Action::ToggleHulls => self.look.hulls = !self.look.hulls,
            Action::Step(step) => self.step(step),
            Action::NextComparison => self.compare(self.comparison.next()),
            Action::ToggleFrusta => self.settings.frusta = !self.settings.frusta,
            Action::AddKey => self.add_key(),
            Action::TogglePlay => self.track.toggle_play(),
            Action::Screenshot => self.requests.push(Request::Screenshot),
            Action::SaveCamera => self.save_camera(),
            Action::TogglePanel => self.settings.panel = !self.settings.panel,
            Action::ToggleTheme => {
                let is_light = self.settings.theme == Theme::Light;
                self.settings.theme = if is_light { Theme::Dark } else { Theme::Light };
            }
            Action::ToggleFullscreen => self.requests.push(Request::Fullscreen),
            Action::ToggleHelp => self.help = !self.help,
            Action::Escape if self.help => self.help = false,
            Action::Escape => self.leave_view(),
            Action::TogglePause => self.toggle_pause(),
        }
    }

    fn frame_all(&mut self) {
        self.leave_view();
        self.navigator.frame(self.extent.centre(), self.extent.radius(), self.aspect);
    }

    fn step(&mut self, step: isize) {
        let Some(count) = isize::try_from(self.content.views.len()).ok().filter(|count| *count > 0) else { return };
        let at = self.at_view.and_then(|index| isize::try_from(index).ok());
        let next = at.map_or(if step > 0 { 0 } else { count - 1 }, |at| (at + step).rem_euclid(count));
        self.enter_view(next.unsigned_abs());
    }

    /// Shows render, photograph or both; enters the nearest camera if none is entered yet.
    pub(crate) fn compare(&mut self, comparison: Comparison) {
        if self.at_view.is_none() {
            let position = self.navigator.pose().position;
            let away = |index: &usize| (self.content.views[*index].camera.position() - position).length_squared();
            let nearest = (0..self.content.views.len()).min_by(|a, b| away(a).total_cmp(&away(b)));
            let Some(nearest) = nearest else { return };
            self.enter_view(nearest);
        }
        self.comparison = comparison;
    }

    fn add_key(&mut self) {
        let pose = *self.navigator.pose();
        self.track.add(&pose.camera(1000, 1000));
        self.notify(format!("Key frame {} added", self.track.path.keys().len()));
    }

    fn toggle_pause(&mut self) {
        if let Some(live) = &mut self.live {
            live.command(if live.progress.is_paused { LiveCommand::Resume } else { LiveCommand::Pause });
        }
    }

    fn save_camera(&mut self) {
        let camera = self.camera([1280, 720]);
        let transforms = crate::dataset::transforms::Transforms::from_cameras(&[("view".into(), camera)]);
        let path = free_name(Path::new("."), "camera", "json");
        match transforms.save(&path) {
            Ok(()) => self.notify(format!("Saved {}; `lapidary render SCENE --cameras` reads it", path.display())),
            Err(error) => self.complain(error.to_string()),
        }
    }

    /// Tells the user something.
    pub(crate) fn notify(&mut self, text: String) {
        log::info!("{text}");
        let text = text::message(&text);
        self.notices.push(Notice { text, is_error: false, since: Instant::now() });
    }

    /// Tells the user what went wrong.
    pub(crate) fn complain(&mut self, text: String) {
        log::info!("error shown: {text}");
        let text = text::message(&text);
        self.notices.push(Notice { text, is_error: true, since: Instant::now() });
    }

    /// Takes note of a frame.
    pub(crate) fn note_frame(&mut self, seconds: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "for a plot")]
        self.frame_times.push_back((seconds * 1e3) as f32);
        self.frame_ends.push_back(Instant::now());
        while self.frame_times.len() > PLOTTED_FRAMES {
            self.frame_times.pop_front();
            self.frame_ends.pop_front();
        }
    }

    /// Frames of the last second, while some are drawn.
    #[must_use]
    pub(crate) fn frames_per_second(&self) -> Option<f64> {
        let recent = self.frame_ends.iter().rev().take_while(|end| end.elapsed() < Duration::from_secs(1));
        let recent: Vec<&Instant> = recent.collect();
        let (newest, oldest) = (recent.first()?, recent.last()?);
        let span = newest.duration_since(**oldest).as_secs_f64();
        (recent.len() > 2 && span > 0.0).then(|| (recent.len() - 1) as f64 / span)
    }

    /// Reads a path: a camera path at once, everything else on another thread.
    pub(crate) fn open(&mut self, path: &Path) {
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let is_path = is_json || path.extension().is_some_and(|extension| extension == "lookat");
        match is_path.then(|| CameraPath::load(path)) {
            Some(Ok(loaded)) => {
                self.notify(format!("Camera path with {} key frames from {}", loaded.keys().len(), path.display()));
                self.track.load(loaded);
            }
            // The file is known to be a camera path, so its fault is shown instead of opening it as something else.
            Some(Err(error @ CameraPathError::Content { .. })) => self.complain(error.to_string()),
            _ => self.opener.open(path),
        }
    }

    /// Takes what has been read.
    pub(crate) fn receive(&mut self) {
        match self.opener.take() {
            None => {}
            Some((path, Ok(content))) => {
                let convexes = content.scene.as_ref().map_or(0, |scene| scene.len());
                let (name, views) = (path.display().to_string(), content.views.len());
                self.set_content(Some(path), content);
                self.notify(format!("Opened {name}: {convexes} convexes, {views} cameras"));
            }
            Some((_, Err(reason))) => self.complain(reason),
        }
    }

    /// Keeps a photograph for drawing.
    pub(crate) fn keep_photograph(&mut self, context: &egui::Context, view: usize, picture: &Picture) {
        let pixels = picture.over(self.look.background);
        let size = [picture.width, picture.height];
        let texture = texture(context, "photograph", size, &pixels);
        let background = self.look.background;
        self.photograph = Some(Photograph { view, background, pixels, size, texture, compared: None });
    }
}

/// Puts pixels where egui can draw them.
pub(crate) fn texture(context: &egui::Context, name: &str, size: [usize; 2], pixels: &[[u8; 4]]) -> TextureHandle {
    let colours = pixels.iter().map(|[r, g, b, a]| egui::Color32::from_rgba_unmultiplied(*r, *g, *b, *a)).collect();
    let image = egui::ColorImage::new(size, colours);
    context.load_texture(name, image, egui::TextureOptions::LINEAR)
}

/// From where a scene is first looked at: a little from above.
fn first_direction(up: DVec3) -> DVec3 {
    let side = up.any_orthonormal_vector();
    (side + up.cross(side) * 0.6 + up * 0.5).normalize()
}

/// Cameras of which the distances to their neighbours are looked at.
const ASKED: usize = 256;

/// So deep that the frusta of neighbours hardly overlap: half of the median distance to the nearest other camera, and what
/// can be seen and does not hide a scene of this radius.
fn frustum_depth(views: &[View], radius: f64) -> f64 {
    let at = |index: usize| views[index].camera.position();
    let apart = |index: usize| {
        let others = (0..views.len()).filter(|other| *other != index);
        others.map(|other| at(index).distance(at(other))).min_by(f64::total_cmp)
    };
    let every = views.len().div_ceil(ASKED).max(1);
    let distance = median((0..views.len()).step_by(every).filter_map(apart)).unwrap_or(radius);
    (0.5 * distance).clamp(0.02 * radius, 0.15 * radius)
}

/// `stem-N.extension` in a folder, with the first number that is free.
#[must_use]
pub(crate) fn free_name(folder: &Path, stem: &str, extension: &str) -> PathBuf {
    let name = |number: usize| folder.join(format!("{stem}-{number}.{extension}"));
    (1..100_000).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(views: usize) -> Session {
        let wake: Wake = Arc::new(|| {});
        let opener = Opener::new(Arc::new(|_| Err(String::new())), Arc::clone(&wake));
        let mut session = Session::new(Settings::default(), opener, wake);
        let view = |index: usize| View {
            name: format!("{index}"),
            split: "train".into(),
            camera: Camera::look_at(DVec3::new(3.0, index as f64, 1.0), DVec3::ZERO, DVec3::Z, 60.0, 80, 60),
        };
        session.set_content(None, Content { views: (0..views).map(view).collect(), ..Content::default() });
        session
    }

    #[test]
    fn arrows_step_through_the_cameras_and_round() {
        let mut session = session(3);
        let mut visited = Vec::new();
        for action in [Action::Step(1), Action::Step(1), Action::Step(1), Action::Step(1), Action::Step(-1)] {
            session.act(action);
            visited.push(session.at_view);
        }
        assert_eq!(visited, [Some(0), Some(1), Some(2), Some(0), Some(2)]);
        session.act(Action::Escape);
        assert_eq!(session.at_view, None);
        let mut empty = self::session(0);
        empty.act(Action::Step(1));
        empty.act(Action::NextComparison);
        assert_eq!((empty.at_view, empty.comparison), (None, Comparison::Render));
    }

    #[test]
    fn a_camera_of_the_dataset_is_met_exactly_and_fits_the_window() {
        let mut session = session(2);
        session.act(Action::Step(1));
        while session.navigator.is_moving() {
            session.navigator.advance(0.1);
        }
        let camera = session.camera([1000, 600]);
        assert_eq!((camera.width, camera.height), (800, 600));
        assert!((camera.intrinsics.fx - 600.0).abs() < 1e-9);
        assert_eq!(camera.view_from_world, session.content.views[0].camera.view_from_world);
        session.act(Action::NextComparison);
        let camera = session.camera([1000, 600]);
        assert_eq!((camera.width, camera.height), (80, 60), "compared in its own size");
    }

    #[test]
    fn frusta_are_half_as_deep_as_cameras_are_apart() {
        let session = session(5);
        assert!((frustum_depth(&session.content.views, 10.0) - 0.5).abs() < 1e-9, "one unit apart");
        assert_eq!(frustum_depth(&session.content.views, 100.0), 2.0, "large enough to be seen");
        assert_eq!(frustum_depth(&session.content.views[..1], 10.0), 1.5, "a single one");
    }

    #[test]
    fn comparing_enters_the_nearest_camera() {
        let mut session = session(3);
        let pose = Pose { position: DVec3::new(3.0, 2.1, 1.0), ..*session.navigator.pose() };
        session.navigator.set(pose);
        session.act(Action::NextComparison);
        assert_eq!((session.at_view, session.comparison), (Some(2), Comparison::Photograph));
    }

    #[test]
    fn names_do_not_collide() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_name(folder.path(), "view", "png"), folder.path().join("view-1.png"));
        std::fs::write(folder.path().join("view-1.png"), b"").unwrap();
        assert_eq!(free_name(folder.path(), "view", "png"), folder.path().join("view-2.png"));
    }
}
