//! The device of the window: it draws the picture of a frame, and serves the actions that need it.

use std::collections::VecDeque;
use std::sync::Arc;
use web_time::{Duration, Instant};

use glam::DVec2;
use winit::window::{Fullscreen, Window};

use crate::camera::Camera;
use crate::gpu::waiting::IS_BROWSER;
use crate::gpu::{Gpu, GpuError};
use crate::image::Image;
use crate::viewer::background::{Polled, RequestRedraw};
use crate::viewer::live::LiveNews;
use crate::viewer::scene_view::PickedPoint;
use crate::viewer::scene_view::progressive::{PictureRequest, Redraw};
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, ActionHost, SceneSide};
use crate::viewer::ui::{DeviceStats, DrawnPicture, FrameHost, Screen};
use crate::viewer::window::drawn_scene::{Answer, DrawnScene, Question};

/// Everything that was made on the device of the window.
pub(super) struct Drawing {
    pub(super) gpu: Gpu,
    pub(super) screen: Screen,
    pub(super) first: DrawnScene,
    /// The scene that is compared with the first.
    pub(super) second: Option<DrawnScene>,
    /// The time when kernels were timed last.
    pub(super) kernels_timed: Instant,
    /// Whether another frame followed the last one at once.
    pub(super) was_moving: bool,
    /// Whether a frame has said that the first picture of the scene takes long.
    pub(super) is_announced: bool,
    /// Actions whose questions the device has not answered yet, and those behind them.
    pub(super) postponed: VecDeque<Action>,
    /// The pixels that are compared, once they are there.
    pub(super) comparing: Option<(PictureRequest, Polled<Result<ComparedPixels, GpuError>>)>,
    pub(super) request_redraw: RequestRedraw,
}

/// The pixels of the picture, and of the second one where there is one.
pub(super) type ComparedPixels = (Vec<[u8; 4]>, Option<Vec<[u8; 4]>>);

impl Drawing {
    /// Takes the scene of the document if it is new, and that of the trainer if there is one.
    pub(super) fn take_scene(&mut self, session: &mut Session) -> Result<(), GpuError> {
        let begun = Instant::now();
        let shown = match session.is_scene_new {
            true => self.first.set_scene(&mut self.screen, session.document.scene.as_deref()),
            false => Ok(false),
        };
        // A scene that there is no memory for is not tried again.
        session.is_scene_new &= matches!(shown, Ok(false));
        if shown? {
            // The marks of the scene before went with it.
            session.editing.are_marks_new = true;
            log::info!("scene on the GPU in {:.2} s", begun.elapsed().as_secs_f64());
        }
        if let Some(live) = &mut session.live {
            let LiveNews { scene, message } = live.poll(Instant::now());
            if let Some(scene) = scene {
                log::debug!("the trainer's scene, {} convexes", scene.num_convexes);
                self.first.set_gpu_scene(&mut self.screen, scene)?;
                session.generation += 1;
            }
            if let Some(message) = message {
                session.notify(message);
            }
        }
        self.take_second(session)
    }

    /// Takes the second scene if it is new; where there is no memory for it, the first stays alone.
    fn take_second(&mut self, session: &mut Session) -> Result<(), GpuError> {
        let Some(second) = &mut session.comparison.second else {
            if let Some(second) = self.second.take() {
                second.free(&mut self.screen);
            }
            return Ok(());
        };
        if !second.is_new {
            return Ok(());
        }
        let another = || DrawnScene::new(&self.gpu, Arc::clone(&self.request_redraw));
        let mut drawn = self.second.take().map_or_else(another, Ok)?;
        match drawn.set_scene(&mut self.screen, Some(&second.scene)) {
            Ok(is_shown) => {
                second.is_new = !is_shown;
                self.second = Some(drawn);
            }
            Err(error @ GpuError::OutOfMemory { .. }) => {
                drawn.free(&mut self.screen);
                session.stop_comparing();
                session.notify_error(format!("The second scene is not shown: {error}"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Draws as much of the second scene's picture as fits the time of a frame. The first picture is refined before it.
    fn update_second(&mut self, request: PictureRequest, first: Redraw) -> Result<Redraw, GpuError> {
        let Some(second) = &mut self.second else { return Ok(first) };
        if first == Redraw::AtOnce && second.picture.is_of(&request) {
            return Ok(first);
        }
        Ok(first.sooner(second.update(&self.gpu, &mut self.screen, request, false)?))
    }

    /// Compares finished pictures whose difference is not known yet.
    fn measure_difference(&mut self, session: &mut Session, own: PictureRequest) -> Result<(), GpuError> {
        let Some(render) = self.first.picture.finished().filter(|_| session.wants_difference(&own)) else {
            return Ok(());
        };
        if self.comparing.as_ref().is_none_or(|(of, _)| *of != own) {
            let second = match session.second_request(&own) {
                None => None,
                Some(request) => {
                    let finished = self.second.as_ref().filter(|second| second.picture.is_of(&request));
                    let Some(buffer) = finished.and_then(|second| second.picture.finished()) else { return Ok(()) };
                    Some(buffer.clone())
                }
            };
            let (gpu, render) = (self.gpu.clone(), render.clone());
            let reading = async move {
                let second = match second {
                    Some(buffer) => Some(buffer.arrived(&gpu).await?),
                    None => None,
                };
                Ok((render.arrived(&gpu).await?, second))
            };
            self.comparing = Some((own, Polled::new(reading)));
        }
        let Some((_, reading)) = &mut self.comparing else { return Ok(()) };
        if let Some(pixels) = reading.poll(&self.request_redraw) {
            self.comparing = None;
            let (render, second) = pixels?;
            session.measure_difference(own, &render, second.as_deref());
        }
        Ok(())
    }

    /// Applies an action, or postpones it while the device has not answered what it asks. Actions stay in order.
    pub(super) fn apply(&mut self, session: &mut Session, window: &Window, action: Action) -> Result<(), GpuError> {
        self.postponed.push_back(action);
        self.apply_postponed(session, window)
    }

    /// Applies the actions that were postponed, as far as the device has answered.
    pub(super) fn apply_postponed(&mut self, session: &mut Session, window: &Window) -> Result<(), GpuError> {
        while let Some(action) = self.postponed.pop_front() {
            match session.apply(action.clone(), &mut WindowActions { drawing: self, window }) {
                Err(GpuError::NotReady) => {
                    self.postponed.push_front(action);
                    break;
                }
                applied => applied?,
            }
            self.first.forget_answers();
            if let Some(second) = &mut self.second {
                second.forget_answers();
            }
        }
        Ok(())
    }

    /// Draws as much of a picture as fits the time of a frame.
    fn update(&mut self, session: &mut Session, request: PictureRequest) -> Result<Redraw, GpuError> {
        // An edit of this frame is to be seen in it.
        if session.editing.are_marks_new
            && let Some(scene_view) = self.first.scene_view(&mut self.screen)?
        {
            session.editing.are_marks_new = false;
            scene_view.set_marks(&session.editing.edits.state().marks())?;
        }
        let seconds_before = self.first.picture.last.seconds;
        // A timed frame is drawn twice: seldom, and never when that would slow a motion down.
        let is_cheap = seconds_before < 0.02 || !self.was_moving;
        let times_kernels = session.times_kernels && is_cheap && self.kernels_timed.elapsed() > Duration::from_secs(1);
        if times_kernels {
            self.kernels_timed = Instant::now();
        }
        let redraw = self.first.update(&self.gpu, &mut self.screen, request, times_kernels)?;
        if self.first.picture.last.seconds != seconds_before {
            session.frame_times.add(self.first.picture.last.seconds);
        }
        match session.second_request(&request) {
            Some(second) => self.update_second(second, redraw),
            None => Ok(redraw),
        }
    }
}

/// The window and its device while a frame is laid out.
pub(super) struct Host<'a> {
    pub(super) session: &'a mut Session,
    pub(super) drawing: &'a mut Drawing,
    pub(super) window: &'a Window,
    /// The time of the next frame.
    pub(super) next: Redraw,
}

impl FrameHost for Host<'_> {
    fn session(&self) -> &Session {
        self.session
    }

    fn device(&self) -> DeviceStats<'_> {
        let Drawing { gpu, first, .. } = &*self.drawing;
        DeviceStats { gpu, picture: &first.picture, num_convexes: first.num_convexes() }
    }

    fn apply(&mut self, action: Action) -> Result<(), GpuError> {
        let Self { session, drawing, window, .. } = self;
        drawing.apply(session, window, action)
    }

    fn draw(&mut self, size: [u32; 2], seconds: f64) -> Result<DrawnPicture, GpuError> {
        let Self { session, drawing, next, .. } = self;
        let is_moving = session.advance(seconds);
        let request = session.picture_request(session.camera(size));
        let is_preparing = drawing.first.num_convexes() > 0 && !drawing.is_announced;
        let redraw = if is_preparing { Redraw::AtOnce } else { drawing.update(session, request)? };
        *next = if is_moving { Redraw::AtOnce } else { redraw };
        drawing.measure_difference(session, request)?;
        let other = session.second_request(&request).and(drawing.second.as_ref()).map_or(Vec::new(), DrawnScene::parts);
        Ok(DrawnPicture { request, parts: drawing.first.parts(), other, is_preparing })
    }
}

/// The window and its device as actions need them.
struct WindowActions<'a> {
    drawing: &'a mut Drawing,
    window: &'a Window,
}

impl ActionHost for WindowActions<'_> {
    fn pick(
        &mut self,
        camera: &Camera,
        settings: &ViewSettings,
        pixel: DVec2,
    ) -> Result<Option<PickedPoint>, GpuError> {
        let Drawing { first, screen, .. } = &mut *self.drawing;
        match first.ask(screen, &Question::Pick(*camera, *settings, pixel))? {
            Answer::Picked(picked) => Ok(picked),
            Answer::Picture(_) => Ok(None),
        }
    }

    fn picture_size(&self) -> [u32; 2] {
        self.drawing.first.picture.size().unwrap_or_else(|| self.drawing.screen.size())
    }

    fn picture(&mut self, side: SceneSide, request: &PictureRequest) -> Result<Image, GpuError> {
        let Drawing { first, second, screen, .. } = &mut *self.drawing;
        let drawn = if side == SceneSide::First { first } else { second.as_mut().unwrap_or(first) };
        match drawn.ask(screen, &Question::Picture(*request))? {
            Answer::Picture(image) => Ok(image),
            Answer::Picked(_) => Err(GpuError::NotReady),
        }
    }

    fn toggle_fullscreen(&mut self) {
        let is_full = self.window.fullscreen().is_some();
        self.window.set_fullscreen((!is_full).then_some(Fullscreen::Borderless(None)));
    }

    fn gpu(&self) -> Option<&Gpu> {
        // What takes the device needs threads, which a page in a browser does not have.
        (!IS_BROWSER).then_some(&self.drawing.gpu)
    }
}
