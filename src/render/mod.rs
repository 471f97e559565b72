//! Renders saved scenes to pictures and videos, without a window.
//!
//! ```text
//! draw frame n+1 (device) ─┬─ read frame n back ─► encode and write earlier frames (threads) ─► files, videos
//! ```
//!
//! The device draws a frame while the host reads the one before and threads encode those before that. How many frames are
//! in memory at once is fixed by their size; where a single one is large, they go one after another.

mod along;
mod encode;
mod exr_file;
mod orbit;
mod video;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use glam::DVec3;

pub use along::{numbered, shots_along};
pub use encode::{Format, Mode, depths, encode_png, rgb8, samples16};
pub use exr_file::{ExrLayout, encode_exr};
pub use orbit::Orbit;
pub use video::{Video, VideoError};

use crate::camera::{Camera, RenderOptions};
use crate::files::{self, FileError};
use crate::gpu::{Gpu, GpuError};
use crate::real::to_u32;
use crate::reference;
use crate::renderer::{GpuScene, Outputs, PendingFrame, Pictures, Renderer};
use crate::scene::{Extent, Scene};

/// Most bytes of frames in the memory of the host.
const FRAMES_BYTES: u64 = 2 << 30;

/// Bytes of a frame per pixel: the values that are read back, and the buffers of its encoders.
const BYTES_PER_PIXEL: u64 = 80;

/// Frames that the device has at a time: one that it draws, one that is read.
const FRAMES_ON_DEVICE: usize = 2;

/// Most threads that encode.
const MAX_WORKERS: usize = 16;

/// A picture to render.
#[derive(Debug, Clone, PartialEq)]
pub struct Shot {
    /// The stem of the files.
    pub name: String,
    /// The camera.
    pub camera: Camera,
}

/// A rendering that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// A file or folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// A video.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// A picture.
    #[error("{} could not be encoded: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        reason: String,
    },
}

/// The destination of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Files in a folder, named after the shots.
    Folder(PathBuf),
    /// One file, for one shot; other modes go beside it.
    File(PathBuf),
}

/// Pictures to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The folder or file.
    pub destination: Destination,
    /// The format.
    pub format: Format,
    /// The modes, one file each unless the format holds all of them.
    pub modes: Vec<Mode>,
}

/// What a PNG of depths does not tell, in the file beside it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DepthRange {
    /// The depth of the value 1, or of the bright end of the colours, scene units.
    pub near: f32,
    /// The depth of the largest value, or of the dark end of the colours, scene units.
    pub far: f32,
    /// Bits of a channel. Of 16, depth = near + (value − 1) / 65534 · (far − near), and 0 is nothing.
    pub bits: u32,
}

impl Files {
    /// The file of a shot's picture.
    #[must_use]
    pub fn path(&self, shot: &Shot, mode: Mode) -> PathBuf {
        match &self.destination {
            Destination::Folder(folder) => {
                folder.join(format!("{}{}.{}", shot.name, mode.suffix(), self.format.extension()))
            }
            Destination::File(file) if self.modes.len() == 1 => file.clone(),
            Destination::File(file) => with_suffix(file, mode),
        }
    }

    /// The files of a shot, with the modes in each.
    fn parts(&self, shot: &Shot) -> Vec<(PathBuf, Vec<Mode>)> {
        if !self.is_layered() {
            return self.modes.iter().map(|mode| (self.path(shot, *mode), vec![*mode])).collect();
        }
        let file = match &self.destination {
            Destination::Folder(_) => self.path(shot, Mode::Colour),
            Destination::File(file) => file.clone(),
        };
        vec![(file, self.modes.clone())]
    }

    const fn is_layered(&self) -> bool {
        matches!(self.format, Format::Exr(ExrLayout { is_layered: true, .. }))
    }

    /// The file that tells the range of depths, where PNGs of depths are written: `depth.json` in the folder, or beside a single
    /// picture under its name.
    #[must_use]
    pub fn depth_file(&self) -> Option<PathBuf> {
        let is_png = matches!(self.format, Format::Png8 | Format::Png16);
        let is_wanted = is_png && self.modes.contains(&Mode::Depth);
        is_wanted.then(|| match &self.destination {
            Destination::Folder(folder) => folder.join("depth.json"),
            Destination::File(file) if self.modes.len() == 1 => file.with_extension("json"),
            Destination::File(file) => with_suffix(file, Mode::Depth).with_extension("json"),
        })
    }

    /// Writes the range of depths beside their pictures.
    fn write_depth_range(&self, [near, far]: [f32; 2]) -> Result<(), RenderError> {
        let Some(path) = self.depth_file() else { return Ok(()) };
        let range = DepthRange { near, far, bits: if self.format == Format::Png16 { 16 } else { 8 } };
        let json = serde_json::to_string(&range);
        let json = json.map_err(|error| RenderError::Encode { path: path.clone(), reason: error.to_string() })?;
        Ok(files::write_atomically(&path, json.as_bytes())?)
    }

    /// Whether every file of a shot is there. Files are written whole or not at all.
    #[must_use]
    pub fn has(&self, shot: &Shot) -> bool {
        self.parts(shot).iter().all(|(path, _)| path.is_file())
    }
}

/// `video.mp4` as `video_depth.mp4`.
#[must_use]
pub fn with_suffix(file: &Path, mode: Mode) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(mode.suffix());
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

/// The pictures and videos to make, and the options of drawing.
#[derive(Debug)]
pub struct Job {
    /// The options of drawing.
    pub options: RenderOptions,
    /// View depths at both ends of colours and of 16-bit values.
    pub depth_range: [f32; 2],
    /// Pictures to write.
    pub files: Option<Files>,
    /// Videos to write.
    pub videos: Vec<(Mode, Video)>,
    /// Draw, read and encode one frame after another.
    pub is_serial: bool,
}

/// The device that draws.
#[derive(Debug)]
pub enum DrawBackend<'a> {
    /// A GPU with the scene in its memory.
    Gpu(Box<Renderer>, Box<GpuScene>),
    /// The processor, with the reference implementation.
    Processor(&'a Scene),
}

impl DrawBackend<'_> {
    /// Puts a scene on a GPU.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory.
    pub fn gpu(gpu: &Gpu, scene: &Scene) -> Result<Self, GpuError> {
        let scene = Box::new(GpuScene::upload(gpu, scene)?);
        Ok(Self::Gpu(Box::new(Renderer::new(gpu, scene.points_per_convex)?), scene))
    }
}

/// View depths between which most of a scene lies for all of these cameras, so that a depth has the same colour in every
/// frame.
pub fn depth_range<'a>(scene: &Scene, cameras: impl IntoIterator<Item = &'a Camera>) -> [f32; 2] {
    let extent = Extent::of_corners(scene);
    let range = |camera: &Camera| {
        let forward = camera.view_from_world.matrix3.transpose() * DVec3::Z;
        extent.depth_range(camera.position(), forward)
    };
    let all = cameras.into_iter().map(range).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]);
    all.unwrap_or([0.0, 1.0])
}

/// Renders every shot, in order, and writes the pictures and videos of the job.
///
/// `report` is called with the number of written frames, from any thread, and returns whether to go on. Returns how many frames were
/// written; where they were not all, videos are left unwritten.
///
/// # Errors
/// The first [`RenderError`]; frames that were written before it stay.
pub fn render(
    backend: DrawBackend<'_>,
    shots: &[Shot],
    job: Job,
    report: &(dyn Fn(usize) -> bool + Sync),
) -> Result<usize, RenderError> {
    if let Some(files) = &job.files {
        files.write_depth_range(job.depth_range)?;
    }
    let pace = Pace::of(shots, &job);
    let run = Run { shots, job: &job, report, written: AtomicUsize::new(0), end: Mutex::default() };
    std::thread::scope(|scope| {
        // Without room: a frame is handed over when a thread is free for it.
        let (sender, receiver) = sync_channel(0);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..pace.workers {
            let (run, receiver) = (&run, Arc::clone(&receiver));
            scope.spawn(move || run.write_all(&receiver));
        }
        drop(receiver);
        let hand_over = |index: usize, pictures: Pictures| {
            if pace.workers == 0 {
                run.write(index, &pictures);
            } else if sender.send((index, pictures)).is_err() {
                return false;
            }
            !run.has_ended()
        };
        if let Err(error) = run.draw(backend, pace.on_device, hand_over) {
            run.stop(Some(error.into()));
        }
    });
    let written = run.written.into_inner();
    match run.end.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(Some(error)) => return Err(error),
        Some(None) => return Ok(written),
        None => {}
    }
    for (_, video) in job.videos {
        video.finish()?;
    }
    Ok(written)
}

/// The number of frames that are worked on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    /// Frames on the device, or on their way from it.
    on_device: usize,
    /// Threads with a frame each; 0 where the thread that draws writes too.
    workers: usize,
}

impl Pace {
    fn of(shots: &[Shot], job: &Job) -> Self {
        let pixels = |shot: &Shot| u64::from(shot.camera.width) * u64::from(shot.camera.height);
        let largest = shots.iter().map(pixels).max().unwrap_or(1) * BYTES_PER_PIXEL;
        let frames = usize::try_from(FRAMES_BYTES / largest.max(1)).unwrap_or(usize::MAX);
        if job.is_serial || frames < FRAMES_ON_DEVICE + 1 {
            return Self { on_device: 1, workers: 0 };
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let most = threads.min(MAX_WORKERS).min(shots.len().max(1));
        Self { on_device: FRAMES_ON_DEVICE, workers: most.min(frames - FRAMES_ON_DEVICE) }
    }
}

/// A rendering under way.
struct Run<'a> {
    shots: &'a [Shot],
    job: &'a Job,
    report: &'a (dyn Fn(usize) -> bool + Sync),
    written: AtomicUsize,
    /// The reason why it ended early: an error, or `None` where `report` asked for it.
    end: Mutex<Option<Option<RenderError>>>,
}

impl Run<'_> {
    /// Draws one frame after another and passes each to `hand_over` until that returns `false`.
    fn draw(
        &self,
        backend: DrawBackend<'_>,
        on_device: usize,
        mut hand_over: impl FnMut(usize, Pictures) -> bool,
    ) -> Result<(), GpuError> {
        let options = &self.job.options;
        let (mut renderer, scene) = match backend {
            DrawBackend::Gpu(renderer, scene) => (renderer, scene),
            DrawBackend::Processor(scene) => {
                let mut frames = self.shots.iter().map(|shot| of_reference(scene, &shot.camera, options)).enumerate();
                frames.all(|(index, pictures)| hand_over(index, pictures));
                return Ok(());
            }
        };
        let outputs = self.modes().map(Mode::outputs).fold(Outputs::default(), Outputs::or);
        let mut under_way: VecDeque<PendingFrame> = VecDeque::new();
        let mut shots = self.shots.iter();
        for index in 0..self.shots.len() {
            while under_way.len() < on_device
                && let Some(shot) = shots.next()
            {
                under_way.push_back(renderer.start(&scene, &shot.camera, options, outputs)?);
            }
            let Some(pending) = under_way.pop_front() else { break };
            let pictures = renderer.finish(&scene, pending)?;
            if !hand_over(index, pictures) {
                break;
            }
        }
        Ok(())
    }

    fn modes(&self) -> impl Iterator<Item = Mode> {
        let of_files = self.job.files.iter().flat_map(|files| files.modes.iter().copied());
        of_files.chain(self.job.videos.iter().map(|(mode, _)| *mode))
    }

    /// Writes frames as they come, until there are no more.
    fn write_all(&self, frames: &Mutex<Receiver<(usize, Pictures)>>) {
        loop {
            let next = frames.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((index, pictures)) = next else { return };
            if !self.has_ended() {
                self.write(index, &pictures);
            }
        }
    }

    fn write(&self, index: usize, pictures: &Pictures) {
        match self.write_frame(index, pictures) {
            Err(error) => self.stop(Some(error)),
            Ok(()) => {
                let written = self.written.fetch_add(1, Ordering::Relaxed) + 1;
                if !(self.report)(written) && written < self.shots.len() {
                    self.stop(None);
                }
            }
        }
    }

    fn write_frame(&self, index: usize, pictures: &Pictures) -> Result<(), RenderError> {
        let range = self.job.depth_range;
        if let (Some(files), Some(shot)) = (&self.job.files, self.shots.get(index)) {
            for (path, modes) in files.parts(shot) {
                let encoded = match files.format {
                    Format::Exr(layout) => encode_exr(pictures, &modes, &shot.camera, layout),
                    format => encode_png(pictures, modes[0], format == Format::Png16, range),
                };
                let bytes =
                    encoded.map_err(|error| RenderError::Encode { path: path.clone(), reason: error.to_string() })?;
                files::write_atomically(&path, &bytes)?;
            }
        }
        for (mode, video) in &self.job.videos {
            video.add(index, &rgb8(pictures, *mode, range))?;
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Ends the rendering; the first reason counts.
    fn stop(&self, reason: Option<RenderError>) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.job.videos.iter().for_each(|(_, video)| video.abort());
    }
}

/// The pictures of the reference, in the form of a GPU's.
fn of_reference(scene: &Scene, camera: &Camera, options: &RenderOptions) -> Pictures {
    let frame = reference::forward(scene, camera, options);
    let normals = reference::normals::normals(camera, &frame.alpha, &frame.depth);
    let colours = frame.rgb.chunks_exact(3).zip(&frame.alpha);
    let inspected = |(heaviest, count): (&Option<usize>, &usize)| [heaviest.map_or(u32::MAX, to_u32), to_u32(*count)];
    Pictures {
        width: frame.width,
        height: frame.height,
        rgba: colours.map(|(rgb, alpha)| [rgb[0], rgb[1], rgb[2], *alpha]).collect(),
        depth: frame.depth,
        inspection: Some(frame.heaviest.iter().zip(&frame.num_contributions).map(inspected).collect()),
        normals: Some(normals),
        num_instances: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(name: &str, side: u32) -> Shot {
        let camera = Camera::look_at(DVec3::new(1.0, 2.0, 3.0), DVec3::ZERO, DVec3::Z, 50.0, side, side);
        Shot { name: name.into(), camera }
    }

    #[test]
    fn large_frames_go_one_after_another() {
        let mut job = Job {
            options: RenderOptions::default(),
            depth_range: [0.0, 1.0],
            files: None,
            videos: vec![],
            is_serial: false,
        };
        let of = |side: u32, job: &Job| Pace::of(&vec![shot("a", side); 40], job);
        assert_eq!(of(8192, &job), Pace { on_device: 1, workers: 0 });
        let small = of(64, &job);
        assert!(small.on_device == 2 && small.workers > 0);
        job.is_serial = true;
        assert_eq!(of(64, &job).workers, 0);
    }

    #[test]
    fn files_are_named_after_shot_and_mode() {
        let mut files = Files {
            destination: Destination::Folder("out".into()),
            format: Format::Exr(ExrLayout::default()),
            modes: vec![Mode::Colour, Mode::Depth],
        };
        let shot = shot("left_0001", 8);
        assert_eq!(files.path(&shot, Mode::Depth), Path::new("out/left_0001_depth.exr"));
        files.destination = Destination::File("one.exr".into());
        assert_eq!(files.path(&shot, Mode::Colour), Path::new("one.exr"));
        assert_eq!(files.path(&shot, Mode::Depth), Path::new("one_depth.exr"));
        assert_eq!(files.depth_file(), None, "it holds the depths themselves");
        files.format = Format::Exr(ExrLayout { is_layered: true, is_linear: false });
        assert_eq!(files.parts(&shot), [("one.exr".into(), vec![Mode::Colour, Mode::Depth])]);
        files.destination = Destination::Folder("out".into());
        assert_eq!(files.parts(&shot), [("out/left_0001.exr".into(), vec![Mode::Colour, Mode::Depth])]);
        files.format = Format::Png16;
        assert_eq!(files.depth_file(), Some("out/depth.json".into()));
        files.destination = Destination::File("one.png".into());
        assert_eq!(files.depth_file(), Some("one_depth.json".into()));
        files.modes = vec![Mode::Depth];
        assert_eq!(files.path(&shot, Mode::Depth), Path::new("one.png"));
        assert_eq!(files.depth_file(), Some("one.json".into()));
    }
}
