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
use crate::viewer::session::action::{Action, ActionHost};
use crate::viewer::ui::{DeviceStats, DrawnPicture, FrameHost, LayerTextures, Screen};

/// Everything that was made on the device of the window.
pub(super) struct Drawing {
    pub(super) gpu: Gpu,
    pub(super) screen: Screen,
    pub(super) scene_view: SceneView,
    pub(super) picture: ProgressivePicture,
    pub(super) textures: LayerTextures,
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
                Some(scene) => self.scene_view.set_scene(scene)?,
                None => self.scene_view = SceneView::new(&self.gpu)?,
            }
            self.picture.invalidate();
            // The marks of the scene before went with it.
            session.editing.are_marks_new = true;
            log::info!("scene on the GPU in {:.2} s", begun.elapsed().as_secs_f64());
        }
        if let Some(live) = &mut session.live {
            let LiveNews { scene, message } = live.poll(Instant::now());
            if let Some(scene) = scene {
                log::debug!("the trainer's scene, {} convexes", scene.num_convexes);
                self.scene_view.set_gpu_scene(Arc::new(scene))?;
                session.generation += 1;
            }
            if let Some(message) = message {
                session.notify(message);
            }
        }
        Ok(())
    }

    /// Draws as much of a picture as fits the time of a frame.
    fn update(&mut self, session: &mut Session, request: PictureRequest) -> Result<Redraw, GpuError> {
        // An edit of this frame is to be seen in it.
        if std::mem::take(&mut session.editing.are_marks_new) {
            self.scene_view.set_marks(&session.editing.edits.state().marks())?;
        }
        let seconds_before = self.picture.last.seconds;
        // A timed frame is drawn twice: seldom, and never when that would slow a motion down.
        let is_cheap = seconds_before < 0.02 || !self.was_moving;
        let times_kernels = session.times_kernels && is_cheap && self.kernels_timed.elapsed() > Duration::from_secs(1);
        if times_kernels {
            self.kernels_timed = Instant::now();
        }
        let update = self.picture.update(&self.gpu, &mut self.scene_view, request, times_kernels)?;
        if let Some(layer) = update.drawn {
            self.textures.copy(&mut self.screen, &self.picture, layer);
        }
        if self.picture.last.seconds != seconds_before {
            session.frame_times.add(self.picture.last.seconds);
        }
        Ok(update.redraw)
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
        let Drawing { gpu, picture, scene_view, .. } = &*self.drawing;
        DeviceStats { gpu, picture, num_convexes: scene_view.num_convexes() }
    }

    fn apply(&mut self, action: Action) -> Result<(), GpuError> {
        let Self { session, drawing, window, .. } = self;
        session.apply(action, &mut WindowActions { drawing, window })
    }

    fn draw(&mut self, size: [u32; 2], seconds: f64) -> Result<DrawnPicture, GpuError> {
        let Self { session, drawing, next, .. } = self;
        let is_moving = session.advance(seconds);
        let camera = session.camera(size);
        let request = session.picture_request(camera);
        let is_preparing = drawing.scene_view.num_convexes() > 0 && !drawing.is_announced;
        let redraw = if is_preparing { Redraw::AtOnce } else { drawing.update(session, request)? };
        *next = if is_moving { Redraw::AtOnce } else { redraw };
        if let Some(buffer) = drawing.picture.finished().filter(|_| session.wants_difference(&request)) {
            session.measure_difference(request, &buffer.read(&drawing.gpu)?);
        }
        Ok(DrawnPicture { camera, parts: drawing.textures.parts(&drawing.picture), is_preparing })
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
        self.drawing.scene_view.pick(camera, settings, pixel)
    }

    fn picture_size(&self) -> [u32; 2] {
        self.drawing.picture.size().unwrap_or_else(|| self.drawing.screen.size())
    }

    fn picture(&mut self, camera: &Camera, settings: &ViewSettings, depth_range: [f32; 2]) -> Result<Image, GpuError> {
        self.drawing.scene_view.picture(camera, settings, depth_range)
    }

    fn toggle_fullscreen(&mut self) {
        let is_full = self.window.fullscreen().is_some();
        self.window.set_fullscreen((!is_full).then_some(Fullscreen::Borderless(None)));
    }
}
