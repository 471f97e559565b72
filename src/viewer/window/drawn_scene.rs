//! A scene on the device of the window, and its picture. It does one task at a time; outside of browsers each is done at once.

use std::sync::Arc;

use glam::DVec2;

use crate::camera::Camera;
use crate::gpu::{Gpu, GpuError};
use crate::image::Image;
use crate::renderer::GpuScene;
use crate::scene::Scene;
use crate::viewer::background::{Polled, RequestRedraw};
use crate::viewer::scene_view::progressive::{
    NextStep, PictureRequest, PictureStep, PictureUpdate, ProgressivePicture, Redraw,
};
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::scene_view::{FrameStats, PickedPoint, SceneView};
use crate::viewer::ui::{LayerTextures, PicturePart, Screen};

/// Something that is asked of the device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    /// The point that is seen at a pixel.
    Pick(Camera, ViewSettings, DVec2),
    /// The pixels of a whole picture.
    Picture(PictureRequest),
}

/// The answer of the device.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// The point, if there is one.
    Picked(Option<PickedPoint>),
    /// The pixels.
    Picture(Image),
}

/// What the scene view is busy with; it comes back with the result.
type Task<T> = Polled<(SceneView, Result<T, GpuError>)>;

/// The scene view, or the task that has it.
#[derive(Debug)]
enum Work {
    Idle(Box<SceneView>),
    Drawing(Box<PictureStep>, Task<FrameStats>),
    Answering(Box<Question>, Task<Answer>),
    /// Only while it changes from one to another.
    Between,
}

/// A scene on the device, and its picture.
pub(super) struct DrawnScene {
    pub(super) picture: ProgressivePicture,
    work: Work,
    /// Asked, but not begun, because the scene view was busy.
    wanted: Option<Question>,
    /// Answers that nobody has taken.
    answers: Vec<(Question, Answer)>,
    textures: LayerTextures,
    num_convexes: u32,
    request_redraw: RequestRedraw,
}

impl DrawnScene {
    /// Makes one without a scene.
    pub(super) fn new(gpu: &Gpu, request_redraw: RequestRedraw) -> Result<Self, GpuError> {
        Ok(Self {
            picture: ProgressivePicture::default(),
            work: Work::Idle(Box::new(SceneView::new(gpu)?)),
            wanted: None,
            answers: Vec::new(),
            textures: LayerTextures::default(),
            num_convexes: 0,
            request_redraw,
        })
    }

    /// The scene view, unless it is busy; a frame is asked for when it no longer is.
    pub(super) fn scene_view(&mut self, screen: &mut Screen) -> Result<Option<&mut SceneView>, GpuError> {
        self.receive(screen)?;
        Ok(match &mut self.work {
            Work::Idle(scene_view) => Some(scene_view),
            _ => None,
        })
    }

    /// The number of convexes on the device.
    pub(super) const fn num_convexes(&self) -> u32 {
        self.num_convexes
    }

    /// Shows another scene, or none, and returns whether it does; while the scene view is busy, it does not.
    pub(super) fn set_scene(&mut self, screen: &mut Screen, scene: Option<&Scene>) -> Result<bool, GpuError> {
        let Some(scene_view) = self.scene_view(screen)? else { return Ok(false) };
        let shown = match scene {
            Some(scene) => scene_view.set_scene(scene),
            None => {
                scene_view.clear();
                Ok(())
            }
        };
        self.num_convexes = scene_view.num_convexes();
        shown?;
        self.answers.clear();
        self.picture.invalidate();
        Ok(true)
    }

    /// Shows another scene that is on the device already.
    pub(super) fn set_gpu_scene(&mut self, screen: &mut Screen, scene: GpuScene) -> Result<(), GpuError> {
        let Some(scene_view) = self.scene_view(screen)? else { return Ok(()) };
        scene_view.set_gpu_scene(Arc::new(scene))?;
        self.num_convexes = scene_view.num_convexes();
        Ok(())
    }

    /// Draws as much of a picture as fits the time of a frame.
    pub(super) fn update(
        &mut self,
        gpu: &Gpu,
        screen: &mut Screen,
        request: PictureRequest,
        times_kernels: bool,
    ) -> Result<Redraw, GpuError> {
        if let Some(redraw) = self.receive(screen)?
            && self.picture.is_of(&request)
        {
            return Ok(redraw);
        }
        if let (Work::Idle(_), Some(question)) = (&self.work, self.wanted.take()) {
            self.begin_answering(question);
            self.receive(screen)?;
        }
        if !matches!(self.work, Work::Idle(_)) {
            return Ok(Redraw::NotNeeded);
        }
        let step = match self.picture.next(gpu, request)? {
            NextStep::Nothing(redraw) => return Ok(redraw),
            NextStep::Draw(step) => step,
        };
        self.begin_drawing(step, times_kernels);
        Ok(self.receive(screen)?.unwrap_or(Redraw::NotNeeded))
    }

    /// Returns the answer to a question.
    ///
    /// # Errors
    /// Returns [`GpuError::NotReady`] while there is none: the question is to be asked again in the next frame.
    pub(super) fn ask(&mut self, screen: &mut Screen, question: &Question) -> Result<Answer, GpuError> {
        self.receive(screen)?;
        if let Some((_, answer)) = self.answers.iter().find(|(asked, _)| asked == question) {
            return Ok(answer.clone());
        }
        match &self.work {
            Work::Idle(_) => self.begin_answering(question.clone()),
            Work::Answering(asked, _) if **asked == *question => {}
            _ => self.wanted = Some(question.clone()),
        }
        self.receive(screen)?;
        let found = self.answers.iter().find(|(asked, _)| asked == question);
        found.map(|(_, answer)| answer.clone()).ok_or(GpuError::NotReady)
    }

    /// Forgets the answers, when the action that needed them is done: the scene may look different the next time.
    pub(super) fn forget_answers(&mut self) {
        self.answers.clear();
    }

    fn begin_drawing(&mut self, step: Box<PictureStep>, times_kernels: bool) {
        let Work::Idle(mut scene_view) = std::mem::replace(&mut self.work, Work::Between) else { return };
        let drawing = step.clone();
        let task = async move {
            let stats = drawing.draw(&mut scene_view, times_kernels).await;
            (*scene_view, stats)
        };
        self.work = Work::Drawing(step, Polled::new(task));
    }

    fn begin_answering(&mut self, question: Question) {
        let Work::Idle(mut scene_view) = std::mem::replace(&mut self.work, Work::Between) else { return };
        let asked = question.clone();
        let task = async move {
            let answer = match asked {
                Question::Pick(camera, settings, pixel) => {
                    scene_view.picked(&camera, &settings, pixel).await.map(Answer::Picked)
                }
                Question::Picture(PictureRequest { camera, settings, depth_range, .. }) => {
                    scene_view.image(&camera, &settings, depth_range).await.map(Answer::Picture)
                }
            };
            (*scene_view, answer)
        };
        self.work = Work::Answering(Box::new(question), Polled::new(task));
    }

    /// Takes in the result of a task that is done, and returns when the next frame is due, if rows of the picture were drawn.
    fn receive(&mut self, screen: &mut Screen) -> Result<Option<Redraw>, GpuError> {
        match std::mem::replace(&mut self.work, Work::Between) {
            Work::Drawing(step, mut task) => {
                let Some((scene_view, stats)) = task.poll(&self.request_redraw) else {
                    self.work = Work::Drawing(step, task);
                    return Ok(None);
                };
                self.work = Work::Idle(Box::new(scene_view));
                let PictureUpdate { redraw, drawn } = self.picture.finish(&step, stats?);
                if let Some(layer) = drawn {
                    self.textures.copy(screen, &self.picture, layer);
                }
                Ok(Some(redraw))
            }
            Work::Answering(question, mut task) => {
                let Some((scene_view, answer)) = task.poll(&self.request_redraw) else {
                    self.work = Work::Answering(question, task);
                    return Ok(None);
                };
                self.work = Work::Idle(Box::new(scene_view));
                self.answers.push((*question, answer?));
                Ok(None)
            }
            idle => {
                self.work = idle;
                Ok(None)
            }
        }
    }

    /// The textures that make the picture, from below.
    pub(super) fn parts(&self) -> Vec<PicturePart> {
        self.textures.parts(&self.picture)
    }

    /// Frees the textures.
    pub(super) fn free(self, screen: &mut Screen) {
        self.textures.forget(screen);
    }
}
