//! Videos: GIFs are encoded here, all others by `ffmpeg`, which gets the frames through a pipe.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::files::{FileError, Unfinished};

/// Frames a second that players of GIFs show at most: the time of a frame is at least two hundredths.
const MAX_GIF_RATE: f64 = 50.0;

/// 1 to 30: how carefully the colours of a GIF are chosen; the crate's author recommends this one.
const GIF_SPEED: i32 = 10;

/// Arguments of `ffmpeg` for each kind.
const FFMPEG_KINDS: [(&str, &[&str]); 2] = [
    ("mp4", &["-c:v", "libx264", "-crf", "16", "-movflags", "+faststart"]),
    ("webm", &["-c:v", "libvpx-vp9", "-crf", "20", "-b:v", "0", "-row-mt", "1"]),
];

/// Players want half as many colours as pixels and thus even sides, and know one matrix best.
const FFMPEG_PICTURE: [&str; 10] = [
    "-vf",
    "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
    "-colorspace",
    "bt709",
    "-color_primaries",
    "bt709",
    "-color_trc",
    "bt709",
    "-color_range",
    "tv",
];

/// A video that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another extension.
    #[error("{}: a video is .mp4, .webm or .gif", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// No such program.
    #[error("{} needs ffmpeg, which is not on PATH; install it, or write a .gif, which needs nothing", path.display())]
    NoFfmpeg {
        /// The file.
        path: PathBuf,
    },
    /// The encoder's own words.
    #[error("{} could not be encoded: {reason}", path.display())]
    Encoder {
        /// The file.
        path: PathBuf,
        /// The message of the encoder.
        reason: String,
    },
    /// Too fast for the format.
    #[error("{}: a GIF shows at most {MAX_GIF_RATE} frames a second; give --fps", path.display())]
    Rate {
        /// The file.
        path: PathBuf,
    },
    /// The format knows no such size.
    #[error("the frames of {} are {}×{} pixels, more than a video can be", path.display(), size[0], size[1])]
    Size {
        /// The file.
        path: PathBuf,
        /// Width and height.
        size: [u32; 2],
    },
}

/// A video that frames are added to, in order, by any number of threads. It has its name once it is finished.
#[derive(Debug)]
pub struct Video {
    path: PathBuf,
    size: [u16; 2],
    frames_per_second: f64,
    is_gif: bool,
    line: Mutex<Line>,
    moved: Condvar,
}

/// The frame that is written next, and the writer.
#[derive(Debug)]
struct Line {
    next: usize,
    /// `None` once the video was aborted.
    writer: Option<Writer>,
}

enum Writer {
    Gif(Box<gif::Encoder<Unfinished>>),
    Ffmpeg(Ffmpeg, Unfinished),
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Gif(_) => "Gif",
            Self::Ffmpeg(..) => "Ffmpeg",
        })
    }
}

impl Video {
    /// Begins a video of frames of one size; the extension of `path` says of which kind.
    ///
    /// # Errors
    /// [`VideoError`]: another kind, no `ffmpeg` where it is needed, or a file that cannot be written.
    pub fn create(path: &Path, size: [u32; 2], frames_per_second: f64) -> Result<Self, VideoError> {
        let extension = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let [Ok(width), Ok(height)] = size.map(u16::try_from) else {
            return Err(VideoError::Size { path: path.into(), size });
        };
        let kind = FFMPEG_KINDS.iter().find(|(kind, _)| *kind == extension);
        let writer = match kind {
            Some((_, arguments)) => {
                let target = Unfinished::create(path)?;
                let ffmpeg = Ffmpeg::start(path, target.temporary_path(), arguments, size, frames_per_second)?;
                Writer::Ffmpeg(ffmpeg, target)
            }
            None if extension != "gif" => return Err(VideoError::Kind { path: path.into() }),
            None if frames_per_second > MAX_GIF_RATE => return Err(VideoError::Rate { path: path.into() }),
            None => Writer::Gif(Box::new(gif_encoder(path, [width, height])?)),
        };
        let line = Mutex::new(Line { next: 0, writer: Some(writer) });
        let is_gif = kind.is_none();
        Ok(Self { path: path.into(), size: [width, height], frames_per_second, is_gif, line, moved: Condvar::new() })
    }

    /// Adds frame `index`, `[H, W, 3]`, after waiting for all frames before it; does nothing once the video was aborted.
    ///
    /// # Errors
    /// [`VideoError`] naming the file.
    pub fn add(&self, index: usize, rgb: &[u8]) -> Result<(), VideoError> {
        // What takes long is done before it is this frame's turn.
        let frame = self.is_gif.then(|| self.gif_frame(index, rgb));
        let mut line = self.lock();
        while line.writer.is_some() && line.next != index {
            line = self.moved.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        let written = match (&mut line.writer, frame) {
            (Some(Writer::Gif(encoder)), Some(frame)) => {
                encoder.write_lzw_pre_encoded_frame(&frame).map_err(|error| error.to_string())
            }
            (Some(Writer::Ffmpeg(ffmpeg, _)), _) => ffmpeg.write(rgb),
            _ => return Ok(()),
        };
        line.next += 1;
        drop(line);
        self.moved.notify_all();
        written.map_err(|reason| VideoError::Encoder { path: self.path.clone(), reason })
    }

    /// Aborts the video and wakes the threads that wait for an earlier frame.
    pub fn abort(&self) {
        self.lock().writer = None;
        self.moved.notify_all();
    }

    /// Ends the video and gives it its name.
    ///
    /// # Errors
    /// [`VideoError`] naming the file.
    pub fn finish(self) -> Result<(), VideoError> {
        let path = self.path;
        let encoder = |reason: String| VideoError::Encoder { path: path.clone(), reason };
        let line = self.line.into_inner().unwrap_or_else(PoisonError::into_inner);
        match line.writer {
            None => Ok(()),
            Some(Writer::Gif(gif)) => Ok(gif.into_inner().map_err(|error| encoder(error.to_string()))?.finish()?),
            Some(Writer::Ffmpeg(ffmpeg, target)) => {
                ffmpeg.finish().map_err(encoder)?;
                Ok(target.finish()?)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame with colours of its own, compressed.
    fn gif_frame(&self, index: usize, rgb: &[u8]) -> gif::Frame<'static> {
        let [width, height] = self.size;
        let mut frame = gif::Frame::from_rgb_speed(width, height, rgb, GIF_SPEED);
        let begins = |index: usize| hundredths(index, self.frames_per_second);
        frame.delay = begins(index + 1).wrapping_sub(begins(index));
        frame.make_lzw_pre_encoded();
        frame
    }
}

/// When a frame begins, in hundredths of a second, modulo 2^16: differences are right, and add up to the whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "wraps on purpose")]
fn hundredths(index: usize, frames_per_second: f64) -> u16 {
    (index as f64 * 100.0 / frames_per_second).round() as u64 as u16
}

fn gif_encoder(path: &Path, [width, height]: [u16; 2]) -> Result<gif::Encoder<Unfinished>, VideoError> {
    let begin = |target: Unfinished| {
        let mut encoder = gif::Encoder::new(target, width, height, &[])?;
        encoder.set_repeat(gif::Repeat::Infinite)?;
        Ok::<_, gif::EncodingError>(encoder)
    };
    begin(Unfinished::create(path)?)
        .map_err(|error| VideoError::Encoder { path: path.into(), reason: error.to_string() })
}

/// The program, waiting for frames.
#[derive(Debug)]
struct Ffmpeg {
    child: Child,
    /// The output of the program. It is a file, because a pipe that is not read fills up.
    said: File,
}

impl Ffmpeg {
    fn start(
        path: &Path,
        target: &Path,
        arguments: &[&str],
        [width, height]: [u32; 2],
        frames_per_second: f64,
    ) -> Result<Self, VideoError> {
        let said = tempfile::tempfile().map_err(FileError::of("create", &std::env::temp_dir()))?;
        let errors = said.try_clone().map_err(FileError::of("create", &std::env::temp_dir()))?;
        let child = Command::new("ffmpeg")
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
            .args(["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", &format!("{width}x{height}")])
            .args(["-framerate", &frames_per_second.to_string(), "-i", "pipe:0", "-an"])
            .args(arguments)
            .args(FFMPEG_PICTURE)
            .arg(target)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => VideoError::NoFfmpeg { path: path.into() },
                _ => VideoError::Encoder { path: path.into(), reason: format!("ffmpeg does not start: {error}") },
            })?;
        Ok(Self { child, said })
    }

    fn write(&mut self, rgb: &[u8]) -> Result<(), String> {
        let Some(stdin) = &mut self.child.stdin else { return Err("ffmpeg takes no frames".into()) };
        // When it does not read any more, its output says why.
        stdin.write_all(rgb).map_err(|error| self.end().err().unwrap_or_else(|| format!("ffmpeg: {error}")))
    }

    fn finish(mut self) -> Result<(), String> {
        self.end()
    }

    /// Waits for the program; where it failed, its last words.
    fn end(&mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        let status = self.child.wait().map_err(|error| format!("ffmpeg: {error}"))?;
        if status.success() {
            return Ok(());
        }
        let mut words = Vec::new();
        let read = self.said.rewind().and_then(|()| self.said.read_to_end(&mut words));
        let words = if read.is_ok() { String::from_utf8_lossy(&words).into_owned() } else { String::new() };
        let last = words.lines().rfind(|line| !line.trim().is_empty()).map_or("it says nothing", str::trim);
        Err(format!("ffmpeg ended with {status}: {last}"))
    }
}

impl Drop for Ffmpeg {
    /// Ends the encoder of an aborted video.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // It may end by itself in between.
            self.child.kill().unwrap_or_default();
            self.child.wait().map(|_| ()).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_frames_add_up() {
        let rate = 30.0;
        let delays: Vec<u16> = (0..3000).map(|i| hundredths(i + 1, rate).wrapping_sub(hundredths(i, rate))).collect();
        assert!(delays.iter().all(|delay| (3..=4).contains(delay)));
        assert_eq!(delays.iter().map(|delay| u32::from(*delay)).sum::<u32>(), 10_000);
    }

    #[test]
    fn frames_that_come_in_any_order_are_written_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("video.gif");
        let video = Video::create(&path, [2, 1], 20.0).unwrap();
        let colours = [[250u8, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0]];
        std::thread::scope(|scope| {
            for index in [3, 1, 2, 0] {
                let (video, rgb) = (&video, colours[index].repeat(2));
                scope.spawn(move || video.add(index, &rgb).unwrap());
            }
        });
        assert!(!path.exists());
        video.finish().unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(File::open(&path).unwrap()).unwrap();
        for colour in colours {
            let frame = decoder.read_next_frame().unwrap().unwrap();
            assert_eq!((&frame.buffer[..3], frame.delay), (&colour[..], 5));
        }
        assert!(decoder.read_next_frame().unwrap().is_none());
    }

    #[test]
    fn aborting_a_video_wakes_the_threads_that_wait() {
        let folder = tempfile::tempdir().unwrap();
        let video = Video::create(&folder.path().join("video.gif"), [2, 1], 20.0).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| video.add(1, &[0; 6]).unwrap());
            video.abort();
        });
        drop(video);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn unknown_kinds_and_too_fast_gifs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let create = |name: &str, rate| Video::create(&folder.path().join(name), [2, 1], rate).map(|_| ());
        assert!(matches!(create("a.avi", 20.0), Err(VideoError::Kind { .. })));
        assert!(matches!(create("a.gif", 60.0), Err(VideoError::Rate { .. })));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
