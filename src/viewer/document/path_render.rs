//! Renders a camera path on another thread, with the code of `lapidary render`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use crate::camera::RenderOptions;
use crate::files;
use crate::gpu::Gpu;
use crate::render::{self, Destination, DrawBackend, Files, Format, Job, Mode, Shot, Video};
use crate::scene::Scene;
use crate::viewer::document::RequestRedraw;

/// The file or folder that a path is rendered to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PathTarget {
    /// A video, and its frames a second.
    Video(PathBuf, f64),
    /// A folder of images in a format.
    Images(PathBuf, Format),
}

impl PathTarget {
    fn path(&self) -> &PathBuf {
        match self {
            Self::Video(path, _) | Self::Images(path, _) => path,
        }
    }
}

/// The frames to render, and how.
pub(crate) struct PathJob {
    /// The device of the window.
    pub gpu: Gpu,
    /// The scene.
    pub scene: Arc<Scene>,
    /// The convexes that are left by the edits; `None` for all.
    pub kept: Option<Vec<usize>>,
    /// The frames, of one size.
    pub shots: Vec<Shot>,
    /// The options of drawing.
    pub options: RenderOptions,
    /// The file or folder.
    pub target: PathTarget,
}

/// The state of a rendering that its thread and the window share.
#[derive(Debug, Default)]
struct Progress {
    written: AtomicUsize,
    is_cancelled: AtomicBool,
}

impl PathJob {
    /// Renders all frames, and returns a sentence about the result.
    fn run(self, progress: &Progress, request_redraw: &RequestRedraw) -> Result<String, String> {
        let Self { gpu, scene, kept, shots, options, target } = self;
        let size = shots.first().map_or([1; 2], |shot| [shot.camera.width, shot.camera.height]);
        let modes = vec![Mode::Colour];
        let (mut folder, mut videos) = (None, Vec::new());
        match &target {
            PathTarget::Video(path, rate) => {
                let video = Video::create(path, size, *rate).map_err(|error| error.to_string())?;
                videos.push((Mode::Colour, video));
            }
            PathTarget::Images(path, format) => {
                files::create_folder(path).map_err(|error| error.to_string())?;
                folder = Some(Files { destination: Destination::Folder(path.clone()), format: *format, modes });
            }
        }
        let scene = kept.map_or(scene.clone(), |kept| Arc::new(scene.gather(&kept)));
        let backend = DrawBackend::gpu(&gpu, &scene).map_err(|error| error.to_string())?;
        let job = Job { options, depth_range: [0.0, 1.0], files: folder, videos, is_serial: false };
        let report = |written: usize| {
            progress.written.fetch_max(written, Ordering::Relaxed);
            request_redraw();
            !progress.is_cancelled.load(Ordering::Relaxed)
        };
        let written = render::render(backend, &shots, job, &report).map_err(|error| error.to_string())?;
        let path = target.path().display();
        if written < shots.len() {
            return Err(format!("The rendering of {path} was cancelled after {written} of {} frames", shots.len()));
        }
        Ok(format!("Saved {path}: {written} frames of {}×{} pixels", size[0], size[1]))
    }
}

/// A rendering under way. It is cancelled where this is dropped.
pub(crate) struct PathRender {
    progress: Arc<Progress>,
    /// The number of frames.
    pub num_frames: usize,
    told: Receiver<Result<String, String>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for PathRender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathRender").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl PathRender {
    /// Begins to render.
    pub(crate) fn start(job: PathJob, request_redraw: RequestRedraw) -> Self {
        let (num_frames, progress) = (job.shots.len(), Arc::new(Progress::default()));
        let (sender, told) = channel();
        let shared = Arc::clone(&progress);
        let thread = std::thread::spawn(move || {
            let result = job.run(&shared, &request_redraw);
            // The window may be gone.
            sender.send(result).unwrap_or_default();
            request_redraw();
        });
        Self { progress, num_frames, told, thread: Some(thread) }
    }

    /// Returns the number of frames that are written.
    #[must_use]
    pub(crate) fn written(&self) -> usize {
        self.progress.written.load(Ordering::Relaxed)
    }

    /// Ends the rendering after the frame that is being drawn; a video is not kept then.
    pub(crate) fn cancel(&self) {
        self.progress.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns whether it was cancelled.
    #[must_use]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled.load(Ordering::Relaxed)
    }

    /// Returns a sentence about the result, or about why there is none, once it has ended.
    #[must_use]
    pub(crate) fn take(&self) -> Option<Result<String, String>> {
        let has_ended = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        let told = self.told.try_recv().ok();
        // A thread that ended without a word has met a bug.
        told.or_else(|| has_ended.then(|| Err("the path could not be rendered".to_owned())))
    }
}

impl Drop for PathRender {
    fn drop(&mut self) {
        self.cancel();
        // It removes what is half written.
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            log::warn!("the rendering of a path failed");
        }
    }
}
