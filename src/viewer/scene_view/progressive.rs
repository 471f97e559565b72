//! The picture in the window: coarse while something moves, then refined in strips, then left alone.

use std::time::{Duration, Instant};

use crate::camera::Camera;
use crate::gpu::{Gpu, GpuError};
use crate::kernels::DisplayMode;
use crate::viewer::scene_view::resolution::DynamicResolution;
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::scene_view::{FrameStats, PictureBuffer, SceneView};

/// Everything that a picture depends on. Equal requests have equal pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PictureRequest {
    /// The camera, with the size of the finished picture.
    pub camera: Camera,
    /// How the scene is shown.
    pub settings: ViewSettings,
    /// The number of changes of the scene.
    pub generation: u64,
    /// View depths at the ends of the colours, unless the settings say others.
    pub depth_range: [f32; 2],
}

/// The time for which nothing may have moved before a picture is refined: a turning wheel does not start it at every click.
const REST: Duration = Duration::from_millis(150);

/// The time of the next frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redraw {
    /// The picture is finished, and no frame is needed.
    NotNeeded,
    /// The next frame follows at once.
    AtOnce,
    /// The next frame is due then.
    At(Instant),
}

impl Redraw {
    /// Returns the earlier of two times.
    #[must_use]
    pub(crate) fn sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::AtOnce, _) | (_, Self::AtOnce) => Self::AtOnce,
            (Self::NotNeeded, time) | (time, Self::NotNeeded) => time,
            (Self::At(a), Self::At(b)) => Self::At(a.min(b)),
        }
    }
}

/// A layer of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureLayer {
    /// The picture in fewer pixels, drawn while something moves.
    Coarse,
    /// The picture in its full size.
    Full,
}

/// The result of an update of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureUpdate {
    /// The time of the next frame.
    pub redraw: Redraw,
    /// The layer that was drawn.
    pub drawn: Option<PictureLayer>,
}

impl PictureUpdate {
    const fn without_drawing(redraw: Redraw) -> Self {
        Self { redraw, drawn: None }
    }
}

/// The picture of a scene, which becomes finer from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct ProgressivePicture {
    coarse: Option<PictureBuffer>,
    full: Option<PictureBuffer>,
    request: Option<PictureRequest>,
    changed: Option<Instant>,
    rows_done: u32,
    started: Option<Instant>,
    resolution: DynamicResolution,
    /// Modes whose kernels have run. The first frame of each is not measured, because the driver compiles in it.
    compiled: Vec<(DisplayMode, bool)>,
    /// The statistics of the last frame.
    pub last: FrameStats,
    /// Width and height of the last frame.
    pub last_size: [u32; 2],
    /// The duration of the whole refinement of the finished picture, in seconds.
    pub refined_seconds: Option<f64>,
}

impl ProgressivePicture {
    /// Draws as much as fits the time of a frame.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    pub(crate) fn update(
        &mut self,
        gpu: &Gpu,
        scene_view: &mut SceneView,
        request: PictureRequest,
        time_kernels: bool,
    ) -> Result<PictureUpdate, GpuError> {
        let now = Instant::now();
        if self.request != Some(request) {
            let is_new_scene = self.request.is_none_or(|old| old.generation != request.generation);
            if is_new_scene || self.request.is_none_or(|old| old.settings != request.settings) {
                self.resolution.forget();
            }
            self.request = Some(request);
            self.changed = Some(now);
            return self.draw_moving(gpu, scene_view, &request, time_kernels);
        }
        if self.rows_done >= request.camera.height {
            return Ok(PictureUpdate::without_drawing(Redraw::NotNeeded));
        }
        let rested = self.changed.map_or(now, |changed| changed + REST);
        // A picture that was begun goes on.
        if now < rested && self.rows_done == 0 {
            return Ok(PictureUpdate::without_drawing(Redraw::At(rested)));
        }
        self.refine(gpu, scene_view, &request, time_kernels)
    }

    fn draw_moving(
        &mut self,
        gpu: &Gpu,
        scene_view: &mut SceneView,
        request: &PictureRequest,
        time_kernels: bool,
    ) -> Result<PictureUpdate, GpuError> {
        let full = [request.camera.width, request.camera.height];
        let size = self.resolution.moving_size(full);
        let is_full = size == full;
        let buffer = of_size(if is_full { &mut self.full } else { &mut self.coarse }, gpu, size)?;
        let camera = request.camera.resized(size[0], size[1]);
        let PictureRequest { settings, depth_range, .. } = request;
        let stats = scene_view.draw(&camera, settings, *depth_range, buffer, [0, size[1]], time_kernels)?;
        self.measure(settings, u64::from(size[0]) * u64::from(size[1]), stats.seconds);
        log::debug!("frame {}x{} in {:.1} ms", size[0], size[1], stats.seconds * 1e3);
        self.keep_stats(stats, size);
        self.rows_done = if is_full { full[1] } else { 0 };
        self.started = None;
        self.refined_seconds = is_full.then_some(self.last.seconds);
        Ok(PictureUpdate {
            redraw: if is_full { Redraw::NotNeeded } else { Redraw::At(Instant::now() + REST) },
            drawn: Some(if is_full { PictureLayer::Full } else { PictureLayer::Coarse }),
        })
    }

    fn refine(
        &mut self,
        gpu: &Gpu,
        scene_view: &mut SceneView,
        request: &PictureRequest,
        time_kernels: bool,
    ) -> Result<PictureUpdate, GpuError> {
        let PictureRequest { camera, settings, depth_range, .. } = request;
        let full = [camera.width, camera.height];
        let buffer = of_size(&mut self.full, gpu, full)?;
        let started = *self.started.get_or_insert_with(Instant::now);
        let first = self.rows_done;
        let rows = self.resolution.strip_rows(full, full[1] - first);
        let stats = scene_view.draw(camera, settings, *depth_range, buffer, [first, rows], time_kernels)?;
        self.measure(settings, u64::from(full[0]) * u64::from(rows), stats.seconds);
        self.keep_stats(stats.of_strip(first, &self.last), [full[0], rows]);
        self.rows_done += rows;
        log::trace!("rows {first} to {} in {:.1} ms", self.rows_done, self.last.seconds * 1e3);
        let drawn = Some(PictureLayer::Full);
        if self.rows_done < full[1] {
            return Ok(PictureUpdate { redraw: Redraw::AtOnce, drawn });
        }
        let seconds = started.elapsed().as_secs_f64();
        log::debug!("picture {}x{} refined in {:.1} ms", full[0], full[1], seconds * 1e3);
        self.refined_seconds = Some(seconds);
        Ok(PictureUpdate { redraw: Redraw::NotNeeded, drawn })
    }

    fn measure(&mut self, settings: &ViewSettings, pixels: u64, seconds: f64) {
        let kind = (settings.mode, settings.hulls);
        if self.compiled.contains(&kind) {
            self.resolution.observe(pixels, seconds);
        } else {
            self.compiled.push(kind);
        }
    }

    /// Keeps the times of kernels from before where this frame has none.
    fn keep_stats(&mut self, stats: FrameStats, size: [u32; 2]) {
        let kernels = if stats.kernels.is_empty() { std::mem::take(&mut self.last.kernels) } else { stats.kernels };
        self.last = FrameStats { kernels, ..stats };
        self.last_size = size;
    }

    /// The pixels of a layer, once it has been drawn.
    #[must_use]
    pub(crate) fn layer(&self, layer: PictureLayer) -> Option<&PictureBuffer> {
        match layer {
            PictureLayer::Coarse => self.coarse.as_ref(),
            PictureLayer::Full => self.full.as_ref(),
        }
    }

    /// Returns the layers that make the picture, from below, each with the part of its height that it fills from the top.
    #[must_use]
    pub(crate) fn visible_layers(&self) -> Vec<(PictureLayer, f32)> {
        // What was drawn before is of another scene.
        let Some(request) = self.request else { return Vec::new() };
        let height = request.camera.height.max(1);
        let part = f64::from(self.rows_done) / f64::from(height);
        #[expect(clippy::cast_possible_truncation, reason = "a part")]
        let full = (self.full.is_some() && self.rows_done > 0).then_some((PictureLayer::Full, part.min(1.0) as f32));
        let coarse = (self.coarse.is_some() && self.rows_done < height).then_some((PictureLayer::Coarse, 1.0));
        coarse.into_iter().chain(full).collect()
    }

    /// The finished picture, once it is finished.
    #[must_use]
    pub(crate) fn finished(&self) -> Option<&PictureBuffer> {
        let request = self.request?;
        self.full.as_ref().filter(|_| self.rows_done >= request.camera.height)
    }

    /// Whether this is the picture that was asked for last.
    #[must_use]
    pub(crate) fn is_of(&self, request: &PictureRequest) -> bool {
        self.request.as_ref() == Some(request)
    }

    /// The size of the picture that was asked for last.
    #[must_use]
    pub(crate) fn size(&self) -> Option<[u32; 2]> {
        self.request.map(|request| [request.camera.width, request.camera.height])
    }

    /// Makes the next update draw anew; until then nothing is shown.
    pub(crate) fn invalidate(&mut self) {
        self.request = None;
    }
}

/// Returns the buffer, which is made anew if it has another size.
fn of_size<'a>(
    buffer: &'a mut Option<PictureBuffer>,
    gpu: &Gpu,
    size: [u32; 2],
) -> Result<&'a PictureBuffer, GpuError> {
    // The old one is freed before the new one is made.
    match buffer.take().filter(|buffer| buffer.size == size) {
        Some(kept) => Ok(buffer.insert(kept)),
        None => Ok(buffer.insert(PictureBuffer::new(gpu, size)?)),
    }
}
