//! The picture in the window: coarse while something moves, then refined, then left alone.

use std::time::{Duration, Instant};

use crate::camera::Camera;
use crate::gpu::{Gpu, GpuError};
use crate::kernels::DisplayMode;
use crate::viewer::painter::{Screen, ScreenPicture};
use crate::viewer::scene_view::resolution::Pace;
use crate::viewer::scene_view::settings::Look;
use crate::viewer::scene_view::{Canvas, FrameFacts, Stage};

/// What is to be seen. Equal ones are equal pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wanted {
    /// The camera, with the size of the finished picture.
    pub camera: Camera,
    /// How.
    pub look: Look,
    /// Counts changes of the scene.
    pub generation: u64,
    /// View depths at the ends of the colours, where the look leaves them open.
    pub depth_range: [f32; 2],
}

/// How long nothing may have moved before a picture is refined: a turning wheel does not start it at every click.
const REST: Duration = Duration::from_millis(150);

/// A canvas and its copy for the screen.
#[derive(Debug)]
struct Layer {
    canvas: Canvas,
    picture: ScreenPicture,
}

impl Layer {
    fn of_size(layer: &mut Option<Self>, gpu: &Gpu, screen: &mut Screen, size: [u32; 2]) -> Result<(), GpuError> {
        if layer.as_ref().is_some_and(|layer| layer.canvas.size == size) {
            return Ok(());
        }
        if let Some(old) = layer.take() {
            screen.forget(&old.picture);
        }
        *layer = Some(Self { canvas: Canvas::new(gpu, size)?, picture: screen.picture(size) });
        Ok(())
    }

    fn show(&self, screen: &Screen) {
        screen.fill(&self.picture, &self.canvas.pixels, self.canvas.row_pixels, self.canvas.size);
    }
}

/// What is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The picture is as it should be.
    Done,
    /// Come back at once.
    Now,
    /// Come back then.
    At(Instant),
}

/// A part of the window's picture: a texture, and the part of its height and of the window's that it fills from the top.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// The texture.
    pub texture: egui::TextureId,
    /// 0..=1.
    pub height: f32,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Viewport {
    coarse: Option<Layer>,
    full: Option<Layer>,
    wanted: Option<Wanted>,
    changed: Option<Instant>,
    rows_done: u32,
    started: Option<Instant>,
    pace: Pace,
    /// Looks whose kernels have run: the first time of each, the driver compiles, and what that takes says nothing.
    warm: Vec<(DisplayMode, bool)>,
    /// What the last frame took, and its size.
    pub last: FrameFacts,
    /// Width and height of the last frame.
    pub last_size: [u32; 2],
    /// What the finished picture took in all.
    pub refined_seconds: Option<f64>,
}

impl Viewport {
    /// Draws what fits the time of a frame.
    ///
    /// # Errors
    /// [`GpuError`] when the device was lost or has no memory.
    pub(crate) fn update(
        &mut self,
        gpu: &Gpu,
        screen: &mut Screen,
        stage: &mut Stage,
        wanted: Wanted,
        time_kernels: bool,
    ) -> Result<Next, GpuError> {
        let now = Instant::now();
        if self.wanted != Some(wanted) {
            let is_new_scene = self.wanted.is_none_or(|old| old.generation != wanted.generation);
            if is_new_scene || self.wanted.is_none_or(|old| old.look != wanted.look) {
                self.pace.forget();
            }
            self.wanted = Some(wanted);
            self.changed = Some(now);
            return self.draw_moving(gpu, screen, stage, &wanted, time_kernels);
        }
        let height = wanted.camera.height;
        if self.rows_done >= height {
            return Ok(Next::Done);
        }
        let rested = self.changed.map_or(now, |changed| changed + REST);
        // A picture that was begun goes on.
        if now < rested && self.rows_done == 0 {
            return Ok(Next::At(rested));
        }
        self.refine(gpu, screen, stage, &wanted, time_kernels)
    }

    fn draw_moving(
        &mut self,
        gpu: &Gpu,
        screen: &mut Screen,
        stage: &mut Stage,
        wanted: &Wanted,
        time_kernels: bool,
    ) -> Result<Next, GpuError> {
        let full = [wanted.camera.width, wanted.camera.height];
        let size = self.pace.moving_size(full);
        let is_full = size == full;
        let layer = if is_full { &mut self.full } else { &mut self.coarse };
        Layer::of_size(layer, gpu, screen, size)?;
        let Some(layer) = layer else { return Ok(Next::Done) };
        let camera = wanted.camera.resized(size[0], size[1]);
        let facts = stage.draw(&camera, &wanted.look, wanted.depth_range, &layer.canvas, [0, size[1]], time_kernels)?;
        layer.show(screen);
        self.observe(&wanted.look, u64::from(size[0]) * u64::from(size[1]), facts.seconds);
        log::debug!("frame {}x{} in {:.1} ms", size[0], size[1], facts.seconds * 1e3);
        self.note(facts, size);
        self.rows_done = if is_full { full[1] } else { 0 };
        self.started = None;
        self.refined_seconds = is_full.then_some(self.last.seconds);
        Ok(if is_full { Next::Done } else { Next::At(Instant::now() + REST) })
    }

    fn refine(
        &mut self,
        gpu: &Gpu,
        screen: &mut Screen,
        stage: &mut Stage,
        wanted: &Wanted,
        time_kernels: bool,
    ) -> Result<Next, GpuError> {
        let full = [wanted.camera.width, wanted.camera.height];
        Layer::of_size(&mut self.full, gpu, screen, full)?;
        let Some(layer) = &self.full else { return Ok(Next::Done) };
        let started = *self.started.get_or_insert_with(Instant::now);
        let first = self.rows_done;
        let rows = self.pace.strip_rows(full, full[1] - first);
        let facts =
            stage.draw(&wanted.camera, &wanted.look, wanted.depth_range, &layer.canvas, [first, rows], time_kernels)?;
        layer.show(screen);
        self.observe(&wanted.look, u64::from(full[0]) * u64::from(rows), facts.seconds);
        self.note(facts.of_strip(first, &self.last), [full[0], rows]);
        self.rows_done += rows;
        if self.rows_done < full[1] {
            return Ok(Next::Now);
        }
        let seconds = started.elapsed().as_secs_f64();
        log::debug!("picture {}x{} refined in {:.1} ms", full[0], full[1], seconds * 1e3);
        self.refined_seconds = Some(seconds);
        Ok(Next::Done)
    }

    fn observe(&mut self, look: &Look, pixels: u64, seconds: f64) {
        let kind = (look.mode, look.hulls);
        if self.warm.contains(&kind) {
            self.pace.observe(pixels, seconds);
        } else {
            self.warm.push(kind);
        }
    }

    fn note(&mut self, facts: FrameFacts, size: [u32; 2]) {
        let kernels = if facts.kernels.is_empty() { std::mem::take(&mut self.last.kernels) } else { facts.kernels };
        self.last = FrameFacts { kernels, ..facts };
        self.last_size = size;
    }

    /// Textures that make the picture, from below.
    #[must_use]
    pub(crate) fn parts(&self) -> Vec<Part> {
        let height = self.wanted.map_or(1, |wanted| wanted.camera.height).max(1);
        let is_done = self.rows_done >= height;
        let coarse = self.coarse.as_ref().filter(|_| !is_done).map(|layer| (layer, 1.0));
        let part = f64::from(self.rows_done) / f64::from(height);
        #[expect(clippy::cast_possible_truncation, reason = "a part")]
        let full = self.full.as_ref().filter(|_| self.rows_done > 0).map(|layer| (layer, part.min(1.0) as f32));
        let layers = coarse.into_iter().chain(full);
        layers.map(|(layer, height)| Part { texture: layer.picture.id(), height }).collect()
    }

    /// The finished picture, if it is.
    #[must_use]
    pub(crate) fn finished(&self) -> Option<&Canvas> {
        let wanted = self.wanted?;
        let layer = self.full.as_ref()?;
        (self.rows_done >= wanted.camera.height).then_some(&layer.canvas)
    }

    /// Draws anew, whatever was drawn.
    pub(crate) fn invalidate(&mut self) {
        self.wanted = None;
    }
}
