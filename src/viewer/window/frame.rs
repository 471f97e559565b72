//! The device of the window: it draws the picture of a frame, and serves the actions that need it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use glam::DVec2;
use winit::window::{Fullscreen, Window};

use crate::camera::Camera;
use crate::gpu::{Gpu, GpuError};
use crate::image::Image;
use crate::viewer::live::LiveNews;
use crate::viewer::scene_view::progressive::{PictureRequest, ProgressivePicture, Redraw};
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::scene_view::{PickedPoint, SceneView};
use crate::viewer::session::Session;
use crate::viewer::session::action::{Action, ActionHost, SceneSide};
use crate::viewer::ui::{DeviceStats, DrawnPicture, FrameHost, LayerTextures, PicturePart, Screen};

/// A scene on the device, and its picture.
pub(super) struct DrawnScene {
    pub(super) scene_view: SceneView,
    pub(super) picture: ProgressivePicture,
    textures: LayerTextures,
}

impl DrawnScene {
    /// Makes one without a scene.
    pub(super) fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        let (picture, textures) = (ProgressivePicture::default(), LayerTextures::default());
        Ok(Self { scene_view: SceneView::new(gpu)?, picture, textures })
    }

    /// Draws as much of a picture as fits the time of a frame.
    fn update(
        &mut self,
        gpu: &Gpu,
        screen: &mut Screen,
        request: PictureRequest,
        times_kernels: bool,
    ) -> Result<Redraw, GpuError> {
        let update = self.picture.update(gpu, &mut self.scene_view, request, times_kernels)?;
        if let Some(layer) = update.drawn {
            self.textures.copy(screen, &self.picture, layer);
        }
        Ok(update.redraw)
    }

    fn parts(&self) -> Vec<PicturePart> {
        self.textures.parts(&self.picture)
    }
}

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
}

impl Drawing {
    /// Takes the scene of the document if it is new, and that of the trainer if there is one.
    pub(super) fn take_scene(&mut self, session: &mut Session) -> Result<(), GpuError> {
        if std::mem::take(&mut session.is_scene_new) {
            let begun = Instant::now();
            match &session.document.scene {
                Some(scene) => self.first.scene_view.set_scene(scene)?,
                None => self.first.scene_view = SceneView::new(&self.gpu)?,
            }
            self.first.picture.invalidate();
            // The marks of the scene before went with it.
            session.editing.are_marks_new = true;
            log::info!("scene on the GPU in {:.2} s", begun.elapsed().as_secs_f64());
        }
        if let Some(live) = &mut session.live {
            let LiveNews { scene, message } = live.poll(Instant::now());
            if let Some(scene) = scene {
                log::debug!("the trainer's scene, {} convexes", scene.num_convexes);
                self.first.scene_view.set_gpu_scene(Arc::new(scene))?;
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
                second.textures.forget(&mut self.screen);
            }
            return Ok(());
        };
        if !std::mem::take(&mut second.is_new) {
            return Ok(());
        }
        let mut drawn = self.second.take().map_or_else(|| DrawnScene::new(&self.gpu), Ok)?;
        match drawn.scene_view.set_scene(&second.scene) {
            Ok(()) => {
                drawn.picture.invalidate();
                self.second = Some(drawn);
            }
            Err(error @ GpuError::OutOfMemory { .. }) => {
                drawn.textures.forget(&mut self.screen);
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
    fn measure_difference(&self, session: &mut Session, own: PictureRequest) -> Result<(), GpuError> {
        let Some(render) = self.first.picture.finished().filter(|_| session.wants_difference(&own)) else {
            return Ok(());
        };
        let second = match session.second_request(&own) {
            None => None,
            Some(request) => {
                let finished = self.second.as_ref().filter(|second| second.picture.is_of(&request));
                let Some(buffer) = finished.and_then(|second| second.picture.finished()) else { return Ok(()) };
                Some(buffer.read(&self.gpu)?)
            }
        };
        session.measure_difference(own, &render.read(&self.gpu)?, second.as_deref());
        Ok(())
    }

    /// Draws as much of a picture as fits the time of a frame.
    fn update(&mut self, session: &mut Session, request: PictureRequest) -> Result<Redraw, GpuError> {
        // An edit of this frame is to be seen in it.
        if std::mem::take(&mut session.editing.are_marks_new) {
            self.first.scene_view.set_marks(&session.editing.edits.state().marks())?;
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
        let Drawing { gpu, first: DrawnScene { picture, scene_view, .. }, .. } = &*self.drawing;
        DeviceStats { gpu, picture, num_convexes: scene_view.num_convexes() }
    }

    fn apply(&mut self, action: Action) -> Result<(), GpuError> {
        let Self { session, drawing, window, .. } = self;
        session.apply(action, &mut WindowActions { drawing, window })
    }

    fn draw(&mut self, size: [u32; 2], seconds: f64) -> Result<DrawnPicture, GpuError> {
        let Self { session, drawing, next, .. } = self;
        let is_moving = session.advance(seconds);
        let request = session.picture_request(session.camera(size));
        let is_preparing = drawing.first.scene_view.num_convexes() > 0 && !drawing.is_announced;
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
        self.drawing.first.scene_view.pick(camera, settings, pixel)
    }

    fn picture_size(&self) -> [u32; 2] {
        self.drawing.first.picture.size().unwrap_or_else(|| self.drawing.screen.size())
    }

    fn picture(&mut self, side: SceneSide, request: &PictureRequest) -> Result<Image, GpuError> {
        let PictureRequest { camera, settings, depth_range, .. } = request;
        let Drawing { first, second, .. } = &mut *self.drawing;
        let drawn = if side == SceneSide::First { first } else { second.as_mut().unwrap_or(first) };
        drawn.scene_view.picture(camera, settings, *depth_range)
    }

    fn toggle_fullscreen(&mut self) {
        let is_full = self.window.fullscreen().is_some();
        self.window.set_fullscreen((!is_full).then_some(Fullscreen::Borderless(None)));
    }

    fn gpu(&self) -> Option<&Gpu> {
        Some(&self.drawing.gpu)
    }
}
