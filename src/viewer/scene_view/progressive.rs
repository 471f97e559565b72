//! The picture in the window: coarse while something moves, then refined in strips, then left alone.

use web_time::{Duration, Instant};

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

/// Some rows of a layer that are to be drawn.
#[derive(Debug, Clone)]
pub(crate) struct PictureStep {
    request: PictureRequest,
    layer: PictureLayer,
    /// The camera of the layer.
    camera: Camera,
    buffer: PictureBuffer,
    /// The first row, and the number of rows.
    rows: [u32; 2],
    is_moving: bool,
}

impl PictureStep {
    /// Draws it: awaited in a browser, elsewhere it waits.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    pub(crate) async fn draw(&self, scene_view: &mut SceneView, time_kernels: bool) -> Result<FrameStats, GpuError> {
        let PictureRequest { settings, depth_range, .. } = &self.request;
        scene_view.drawn(&self.camera, settings, *depth_range, &self.buffer, self.rows, time_kernels).await
    }
}

/// The next thing to do for a picture.
#[derive(Debug)]
pub(crate) enum NextStep {
    /// Nothing before the next frame, which is due then.
    Nothing(Redraw),
    /// Some rows are to be drawn.
    Draw(Box<PictureStep>),
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
    /// Returns what is to be drawn next of the picture: as much as fits the time of a frame.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device has no memory for it.
    pub(crate) fn next(&mut self, gpu: &Gpu, request: PictureRequest) -> Result<NextStep, GpuError> {
        let now = Instant::now();
        let full = [request.camera.width, request.camera.height];
        if self.request != Some(request) {
            let is_new_scene = self.request.is_none_or(|old| old.generation != request.generation);
            if is_new_scene || self.request.is_none_or(|old| old.settings != request.settings) {
                self.resolution.forget();
            }
            self.request = Some(request);
            self.changed = Some(now);
            let size = self.resolution.moving_size(full);
            let layer = if size == full { PictureLayer::Full } else { PictureLayer::Coarse };
            return self.step(gpu, request, layer, size, [0, size[1]], true);
        }
        if self.rows_done >= request.camera.height {
            return Ok(NextStep::Nothing(Redraw::NotNeeded));
        }
        let rested = self.changed.map_or(now, |changed| changed + REST);
        // A picture that was begun goes on.
        if now < rested && self.rows_done == 0 {
            return Ok(NextStep::Nothing(Redraw::At(rested)));
        }
        self.started.get_or_insert(now);
        let first = self.rows_done;
        let rows = self.resolution.strip_rows(full, full[1] - first);
        self.step(gpu, request, PictureLayer::Full, full, [first, rows], false)
    }

    fn step(
        &mut self,
        gpu: &Gpu,
        request: PictureRequest,
        layer: PictureLayer,
        size: [u32; 2],
        rows: [u32; 2],
        is_moving: bool,
    ) -> Result<NextStep, GpuError> {
        let kept = match layer {
            PictureLayer::Coarse => &mut self.coarse,
            PictureLayer::Full => &mut self.full,
        };
        let buffer = of_size(kept, gpu, size)?.clone();
        let camera = match layer {
            PictureLayer::Coarse => request.camera.resized(size[0], size[1]),
            PictureLayer::Full => request.camera,
        };
        Ok(NextStep::Draw(Box::new(PictureStep { request, layer, camera, buffer, rows, is_moving })))
    }

    /// Takes in a step that was drawn.
    pub(crate) fn finish(&mut self, step: &PictureStep, stats: FrameStats) -> PictureUpdate {
        let PictureStep { request, layer, camera, rows: [first, rows], is_moving, .. } = step;
        let full = [request.camera.width, request.camera.height];
        let size = [camera.width, camera.height];
        self.measure(&request.settings, u64::from(size[0]) * u64::from(*rows), stats.seconds);
        // Another scene was opened while it was drawn.
        if self.request != Some(*request) {
            return PictureUpdate::without_drawing(Redraw::AtOnce);
        }
        let drawn = Some(*layer);
        if *is_moving {
            log::debug!("frame {}x{} in {:.1} ms", size[0], size[1], stats.seconds * 1e3);
            self.keep_stats(stats, size);
            let is_full = *layer == PictureLayer::Full;
            self.rows_done = if is_full { full[1] } else { 0 };
            self.started = None;
            self.refined_seconds = is_full.then_some(self.last.seconds);
            let redraw = if is_full { Redraw::NotNeeded } else { Redraw::At(Instant::now() + REST) };
            return PictureUpdate { redraw, drawn };
        }
        self.keep_stats(stats.of_strip(*first, &self.last), [full[0], *rows]);
        self.rows_done += rows;
        log::trace!("rows {first} to {} in {:.1} ms", self.rows_done, self.last.seconds * 1e3);
        if self.rows_done < full[1] {
            return PictureUpdate { redraw: Redraw::AtOnce, drawn };
        }
        let seconds = self.started.map_or(0.0, |started| started.elapsed().as_secs_f64());
        log::debug!("picture {}x{} refined in {:.1} ms", full[0], full[1], seconds * 1e3);
        self.refined_seconds = Some(seconds);
        PictureUpdate { redraw: Redraw::NotNeeded, drawn }
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
