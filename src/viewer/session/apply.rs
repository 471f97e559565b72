//! The one function that applies actions, and the parts of it that take more than a line.

use std::path::Path;
use web_time::Instant;

use glam::DVec3;

use crate::dataset::transforms::Transforms;
use crate::gpu::GpuError;
use crate::run::RunControl;
use crate::viewer::live::LiveRate;
use crate::viewer::scene_view::comparison::ComparisonMode;
use crate::viewer::scene_view::pose::Pose;
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::action::{Action, ActionHost, BookmarkAction, Motion, Tool};
use crate::viewer::session::settings::{Movement, Theme};
use crate::viewer::session::{Session, free_name};

impl Session {
    /// Applies an action of the user.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost, or has no memory for what the action draws.
    pub(crate) fn apply(&mut self, action: Action, host: &mut dyn ActionHost) -> Result<(), GpuError> {
        self.keep_view_before(&action);
        match action {
            Action::Open(path) => self.open(&path),
            Action::FrameSubject => self.frame(self.subject.centre, self.subject.radius),
            Action::FrameEverything => self.frame(self.extent.centre(), self.extent.radius()),
            Action::GoHome => self.fly_to(self.start_pose()),
            Action::LookFrom(side) => self.fly_to(self.pose_from(side)),
            Action::ViewBack => {
                if let Some(pose) = self.history.back(self.navigator.destination()) {
                    self.fly_to(pose);
                }
            }
            Action::ViewForward => {
                if let Some(pose) = self.history.forward(self.navigator.destination()) {
                    self.fly_to(pose);
                }
            }
            Action::ToggleMovement => {
                self.settings.movement = match self.settings.movement {
                    Movement::Orbit => Movement::Fly,
                    Movement::Fly => Movement::Orbit,
                };
            }
            Action::SetMovement(movement) => self.settings.movement = movement,
            Action::Level | Action::SetUpright(true) => self.navigator.level(),
            Action::SetUpright(false) => self.navigator.keep_upright = false,
            Action::UpIsHere => self.navigator.set_up(self.navigator.pose().up()),
            Action::SetUp(up) => self.navigator.set_up(up),
            Action::SetFieldOfView(fov_y) => self.set_field_of_view(fov_y),
            Action::SetSpeed(speed) => self.navigator.speed = speed,
            Action::Move(motion) => self.move_camera(motion),
            Action::PickPivot(camera, pixel) => {
                if let Some(picked) = host.pick(&camera, &self.view, pixel)? {
                    self.leave_camera();
                    self.navigator.set_pivot(picked.point);
                    self.notify(format!("Pivot on convex {}", picked.convex));
                }
            }
            Action::SetAspect(aspect) => self.set_aspect(aspect),
            Action::Mode(mode) => self.view.mode = mode,
            Action::ToggleHulls => self.view.hulls = !self.view.hulls,
            Action::SetView(view) => self.set_view(view),
            Action::ToggleCrop => self.set_crop(self.view.crop.is_none().then(|| self.usual_crop()), false),
            Action::SetCrop(crop, is_continued) => self.set_crop(crop, is_continued),
            Action::Step(step) => self.step(step),
            Action::EnterCamera(index) => self.enter_camera(index),
            Action::LeaveCamera => self.leave_camera(),
            Action::NextComparison => self.compare(self.comparison.mode.next()),
            Action::Compare(mode) => self.compare(mode),
            Action::CompareWith(path) => self.compare_with(&path),
            Action::StopComparing => self.stop_comparing(),
            Action::SetSplit(split) => self.comparison.split = split,
            Action::Ask(purpose) => self.ask(purpose),
            Action::TypePath(text) => self.type_path(text),
            Action::AnswerPath => self.answer_path(),
            Action::ToggleFrusta => self.settings.frusta = !self.settings.frusta,
            Action::ToggleGrid => self.settings.grid = !self.settings.grid,
            Action::SetFrustumSize(size) => self.settings.frustum_size = size,
            Action::AddKey | Action::RetimeKey(..) | Action::RemoveKey(_) | Action::Scrub(_) | Action::ClearPath => {
                self.edit_path(action);
            }
            Action::Path(action) => self.apply_path(action, host),
            Action::Bookmark(action) => self.apply_bookmark(action),
            Action::TogglePlay => self.playback.toggle_play(),
            Action::StopPlaying => self.playback.is_playing = false,
            Action::SavePath => self.save_path(),
            Action::Screenshot => self.save_screenshot(host)?,
            Action::SaveCamera => self.save_camera(),
            Action::TogglePanel => self.settings.panel = !self.settings.panel,
            Action::ToggleTheme => {
                let is_light = self.settings.theme == Theme::Light;
                self.settings.theme = if is_light { Theme::Dark } else { Theme::Light };
            }
            Action::ToggleFullscreen => host.toggle_fullscreen(),
            Action::ToggleHelp => self.is_help_open = !self.is_help_open,
            Action::Escape if self.question.is_some() => self.question = None,
            Action::Escape if self.is_help_open => self.is_help_open = false,
            Action::Escape if self.editing.counting.is_some() => self.editing.counting = None,
            Action::Escape if self.editing.tool != Tool::Look => {
                (self.editing.tool, self.editing.gesture) = (Tool::Look, None);
            }
            Action::Escape => self.leave_camera(),
            Action::Edit(edit) => self.edit(edit, host)?,
            Action::TimeKernels(is_on) => self.times_kernels = is_on,
            Action::TogglePause => self.toggle_pause(),
            Action::SaveTraining => self.command(RunControl::Save),
            Action::StopTraining => self.command(RunControl::Stop),
            Action::FinishTraining(within) => self.command(RunControl::Finish(within)),
            Action::SetLiveRate(rate) => self.set_live_rate(rate),
        }
        Ok(())
    }

    /// Keeps the view before an action that leaves it.
    fn keep_view_before(&mut self, action: &Action) {
        let is_motion = matches!(action, Action::Move(motion) if *motion != Motion::Fly(DVec3::ZERO));
        let is_jump = matches!(
            action,
            Action::FrameSubject
                | Action::FrameEverything
                | Action::GoHome
                | Action::LookFrom(_)
                | Action::PickPivot(..)
                | Action::Step(_)
                | Action::EnterCamera(_)
                | Action::Level
                | Action::UpIsHere
                | Action::SetUp(_)
                | Action::TogglePlay
                | Action::Bookmark(BookmarkAction::GoTo(_))
        );
        if is_motion || is_jump {
            self.history.keep(self.navigator.destination(), is_motion, Instant::now());
        }
    }

    fn frame(&mut self, centre: DVec3, radius: f64) {
        self.leave_camera();
        self.navigator.frame(centre, radius, self.aspect);
    }

    pub(super) fn fly_to(&mut self, pose: Pose) {
        self.leave_camera();
        self.navigator.fly_to(pose);
    }

    fn set_field_of_view(&mut self, fov_y: f64) {
        self.leave_camera();
        self.navigator.set(Pose { fov_y, ..*self.navigator.pose() });
        self.settings.fov_y = fov_y.to_degrees();
    }

    fn move_camera(&mut self, motion: Motion) {
        match motion {
            Motion::Orbit(angles) => self.navigator.orbit(angles),
            Motion::Look(angles) => self.navigator.look(angles),
            Motion::Roll(angle) => self.navigator.roll(angle),
            Motion::Pan(part) => self.navigator.pan(part),
            Motion::Dolly(steps) => self.navigator.dolly(steps),
            Motion::Zoom(steps) => self.navigator.zoom(steps),
            Motion::Fly(velocity) => self.navigator.fly(velocity),
            Motion::Accelerate(factor) => self.navigator.speed *= factor,
        }
    }

    /// A background that the user chose is kept for other scenes.
    fn set_view(&mut self, view: ViewSettings) {
        if view.background != self.view.background {
            self.settings.view.background = view.background;
        }
        self.view = ViewSettings { crop: self.view.crop, ..view };
    }

    fn step(&mut self, step: isize) {
        let count = isize::try_from(self.document.cameras.len()).ok().filter(|count| *count > 0);
        let Some(count) = count else { return };
        let at = self.entered_camera.and_then(|index| isize::try_from(index).ok());
        let next = at.map_or(if step > 0 { 0 } else { count - 1 }, |at| (at + step).rem_euclid(count));
        self.enter_camera(next.unsigned_abs());
    }

    pub(super) fn enter_camera(&mut self, index: usize) {
        let Some(named) = self.document.cameras.get(index) else { return };
        let pose = self.pose_of(&named.camera);
        self.navigator.fly_to(pose);
        self.entered_camera = Some(index);
        self.comparison.keep_photograph_of(Some(index));
    }

    /// The free camera stays where the entered one is.
    pub(super) fn leave_camera(&mut self) {
        self.entered_camera = None;
        if self.comparison.second.is_none() {
            self.comparison.show(ComparisonMode::Own);
        }
    }

    fn save_camera(&mut self) {
        let camera = self.camera([1280, 720]);
        let transforms = Transforms::from_cameras(&[("view".into(), camera)]);
        let path = free_name(Path::new("."), "camera", "json");
        match transforms.save(&path) {
            Ok(()) => self.notify(format!("Saved {}; `lapidary render SCENE --cameras` reads it", path.display())),
            Err(error) => self.notify_error(error.to_string()),
        }
    }

    /// Writes what is seen, without anything over it, as large as it is in the window.
    fn save_screenshot(&mut self, host: &mut dyn ActionHost) -> Result<(), GpuError> {
        let image = self.seen(host)?;
        let path = free_name(Path::new("."), "view", "png");
        match image.save_png(&path) {
            Ok(()) => self.notify(format!("Saved {} ({}×{})", path.display(), image.width, image.height)),
            Err(error) => self.notify_error(error.to_string()),
        }
        Ok(())
    }

    fn toggle_pause(&mut self) {
        let is_paused = self.live.as_ref().is_some_and(|live| live.progress.is_paused);
        self.command(if is_paused { RunControl::Resume } else { RunControl::Pause });
    }

    fn command(&mut self, control: RunControl) {
        if let Some(live) = &mut self.live {
            live.command(control);
        }
    }

    fn set_live_rate(&mut self, rate: LiveRate) {
        self.settings.live_rate = rate;
        if let Some(live) = &mut self.live {
            live.set_rate(rate);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use glam::{DVec2, DVec3};

    use super::*;
    use crate::camera::Camera;
    use crate::image::Image;
    use crate::viewer::scene_view::PickedPoint;
    use crate::viewer::scene_view::progressive::PictureRequest;
    use crate::viewer::session::action::SceneSide;
    use crate::viewer::session::tests::session;

    /// A window without a device, in which every pixel shows the origin.
    #[derive(Default)]
    pub(crate) struct NoWindow {
        pub(crate) is_full: bool,
        /// Whether it draws: the first scene is black, the second white.
        pub(crate) draws: bool,
        /// The scenes that were drawn.
        pub(crate) drawn: Vec<SceneSide>,
    }

    impl ActionHost for NoWindow {
        fn pick(&mut self, _: &Camera, _: &ViewSettings, _: DVec2) -> Result<Option<PickedPoint>, GpuError> {
            Ok(Some(PickedPoint { point: DVec3::ZERO, convex: 7, surface: None }))
        }

        fn picture_size(&self) -> [u32; 2] {
            [640, 480]
        }

        fn picture(&mut self, side: SceneSide, request: &PictureRequest) -> Result<Image, GpuError> {
            if !self.draws {
                return Err(GpuError::NoAdapter);
            }
            self.drawn.push(side);
            let (width, height) = (request.camera.width as usize, request.camera.height as usize);
            let colour = if side == SceneSide::First { 0.0 } else { 1.0 };
            Ok(Image::new(width, height, vec![colour; 3 * width * height]))
        }

        fn toggle_fullscreen(&mut self) {
            self.is_full = !self.is_full;
        }

        fn gpu(&self) -> Option<&crate::gpu::Gpu> {
            None
        }
    }

    pub(crate) fn applied(session: &mut Session, action: Action) {
        session.apply(action, &mut NoWindow::default()).unwrap();
    }

    #[test]
    fn arrows_step_through_the_cameras_and_begin_again() {
        let mut session = session(3);
        let mut visited = Vec::new();
        for step in [1, 1, 1, 1, -1] {
            applied(&mut session, Action::Step(step));
            visited.push(session.entered_camera);
        }
        assert_eq!(visited, [Some(0), Some(1), Some(2), Some(0), Some(2)]);
        applied(&mut session, Action::Escape);
        assert_eq!(session.entered_camera, None);
        let mut empty = crate::viewer::session::tests::session(0);
        applied(&mut empty, Action::Step(1));
        applied(&mut empty, Action::NextComparison);
        assert_eq!((empty.entered_camera, empty.comparison.mode), (None, ComparisonMode::Own));
    }

    #[test]
    fn a_camera_of_the_dataset_is_entered_exactly_and_fits_the_window() {
        let mut session = session(2);
        applied(&mut session, Action::Step(1));
        while session.navigator.is_moving() {
            session.navigator.advance(0.1);
        }
        let camera = session.camera([1000, 600]);
        assert_eq!((camera.width, camera.height), (800, 600));
        assert!((camera.intrinsics.fx - 600.0).abs() < 1e-9);
        assert_eq!(camera.view_from_world, session.document.cameras[0].camera.view_from_world);
        applied(&mut session, Action::NextComparison);
        let camera = session.camera([1000, 600]);
        assert_eq!((camera.width, camera.height), (80, 60), "compared in its own size");
    }

    #[test]
    fn comparing_enters_the_nearest_camera() {
        let mut session = session(3);
        let pose = Pose { position: DVec3::new(3.0, 2.1, 1.0), ..*session.navigator.pose() };
        session.navigator.set(pose);
        applied(&mut session, Action::NextComparison);
        assert_eq!((session.entered_camera, session.comparison.mode), (Some(2), ComparisonMode::Other));
    }

    #[test]
    fn fullscreen_screenshot_and_pick_go_to_the_host() {
        let mut session = session(1);
        let mut host = NoWindow::default();
        session.apply(Action::ToggleFullscreen, &mut host).unwrap();
        assert!(host.is_full);
        assert!(session.apply(Action::Screenshot, &mut host).is_err(), "errors of the device are passed on");
        let camera = session.camera([64, 48]);
        session.apply(Action::PickPivot(camera, DVec2::new(3.0, 4.0)), &mut host).unwrap();
        assert!(session.notices.last().unwrap().text.contains("convex 7"));
    }

    #[test]
    fn a_background_that_was_chosen_is_kept_and_the_crop_box_stays() {
        let mut session = session(1);
        let crop = crate::viewer::document::CropBox { low: DVec3::ZERO, high: DVec3::ONE, degrees: DVec3::ZERO };
        applied(&mut session, Action::SetCrop(Some(crop), false));
        applied(&mut session, Action::SetView(ViewSettings { background: [1.0; 3], ..ViewSettings::default() }));
        assert_eq!((session.view.crop, session.settings.view.background), (Some(crop), [1.0; 3]));
    }
}
