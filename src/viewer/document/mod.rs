//! What can be opened, and how the window gets it: reading happens on other threads.

pub(crate) mod playback;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use glam::DVec3;

use crate::camera::{self, Camera};
use crate::scene::Scene;

/// A camera of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Name of the picture.
    pub name: String,
    /// `train`, `test` or whatever the dataset calls it.
    pub split: String,
    /// The camera, with the size of the picture.
    pub camera: Camera,
}

/// A point in space: world units, and sRGB.
pub type Point = (DVec3, [u8; 3]);

/// A picture of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row-major sRGB and alpha, not premultiplied.
    pub pixels: Vec<[u8; 4]>,
}

/// Reads the picture of a view by its place in the list; called on another thread.
pub type LoadPicture = Arc<dyn Fn(usize) -> Result<Picture, String> + Send + Sync>;

/// Reads what a path holds; called on another thread.
pub type Open = Arc<dyn Fn(&Path) -> Result<Content, String> + Send + Sync>;

/// What a path holds.
#[derive(Clone)]
pub struct Content {
    /// The scene, if there is one.
    pub scene: Option<Arc<Scene>>,
    /// Whether it was trained with anti-aliasing.
    pub antialias: bool,
    /// What it is to be seen before, sRGB; what was seen last if nothing is said.
    pub background: Option<[f32; 3]>,
    /// Points of structure from motion, shown while there is no scene.
    pub points: Vec<Point>,
    /// Cameras, if there are some.
    pub views: Vec<View>,
    /// Their pictures.
    pub picture: LoadPicture,
    /// View depth at which convexes end, world units, where the scene's training says one.
    pub near: Option<f64>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let convexes = self.scene.as_ref().map(|scene| scene.len());
        f.debug_struct("Content").field("convexes", &convexes).field("views", &self.views.len()).finish_non_exhaustive()
    }
}

impl Default for Content {
    fn default() -> Self {
        let picture: LoadPicture = Arc::new(|_| Err("there are no pictures".into()));
        Self {
            scene: None,
            antialias: false,
            background: None,
            points: Vec::new(),
            views: Vec::new(),
            picture,
            near: None,
        }
    }
}

impl Content {
    /// What is up: where the tops of all pictures point on average, or z without pictures.
    #[must_use]
    pub fn up(&self) -> DVec3 {
        camera::up_of(self.views.iter().map(|view| &view.camera))
    }
}

/// Wakes the window.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Number of the request, what was read, and what came of it.
type Arrival = (u64, PathBuf, Result<Content, String>);

/// Reads one path at a time; the last one asked for is what arrives.
pub(crate) struct Opener {
    open: Open,
    wake: Wake,
    results: (Sender<Arrival>, Receiver<Arrival>),
    last: u64,
    pending: Option<PathBuf>,
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("pending", &self.pending).finish_non_exhaustive()
    }
}

impl Opener {
    /// Nothing is asked for yet.
    #[must_use]
    pub(crate) fn new(open: Open, wake: Wake) -> Self {
        Self { open, wake, results: channel(), last: 0, pending: None }
    }

    /// Starts to read a path.
    pub(crate) fn open(&mut self, path: &Path) {
        self.last += 1;
        self.pending = Some(path.to_path_buf());
        let (open, wake, sender) = (Arc::clone(&self.open), Arc::clone(&self.wake), self.results.0.clone());
        let (ticket, path) = (self.last, path.to_path_buf());
        std::thread::spawn(move || {
            let result = open(&path);
            // The window may be gone.
            sender.send((ticket, path, result)).unwrap_or_default();
            wake();
        });
    }

    /// The path that is being read.
    #[must_use]
    pub(crate) fn pending(&self) -> Option<&Path> {
        self.pending.as_deref()
    }

    /// What has arrived, if it is what was asked for last.
    pub(crate) fn take(&mut self) -> Option<(PathBuf, Result<Content, String>)> {
        let (_, path, result) = self.results.1.try_iter().filter(|(ticket, ..)| *ticket == self.last).last()?;
        self.pending = None;
        Some((path, result))
    }
}

/// Longer side of a thumbnail, pixels.
pub(crate) const THUMBNAIL: usize = 96;

/// Most pictures that are kept, in bytes.
const KEPT_BYTES: usize = 256 << 20;

/// A picture that was asked for.
#[derive(Debug, Clone)]
pub(crate) enum Fetched<T> {
    /// It is being read.
    Pending,
    /// Here it is.
    Here(T),
    /// It cannot be read.
    Failed(String),
}

type Answer = (usize, bool, Result<Picture, String>);

/// Pictures of a dataset, read one after another on another thread; thumbnails wait while a whole picture is wanted.
pub(crate) struct Pictures {
    requests: Sender<(usize, bool)>,
    answers: Receiver<Answer>,
    whole: HashMap<usize, Fetched<Arc<Picture>>>,
    thumbnails: HashMap<usize, Fetched<Arc<Picture>>>,
}

impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pictures").field("whole", &self.whole.len()).finish_non_exhaustive()
    }
}

impl Pictures {
    /// Those that `load` reads.
    #[must_use]
    pub(crate) fn new(load: LoadPicture, wake: Wake) -> Self {
        let (requests, incoming) = channel();
        let (outgoing, answers) = channel();
        std::thread::spawn(move || read_pictures(&load, &incoming, &outgoing, &wake));
        Self { requests, answers, whole: HashMap::new(), thumbnails: HashMap::new() }
    }

    /// A whole picture.
    pub(crate) fn whole(&mut self, view: usize) -> Fetched<Arc<Picture>> {
        self.collect();
        if let Some(found) = self.whole.get(&view) {
            return found.clone();
        }
        self.make_room();
        self.ask(view, false)
    }

    /// A small copy of a picture.
    pub(crate) fn thumbnail(&mut self, view: usize) -> Fetched<Arc<Picture>> {
        self.collect();
        match self.thumbnails.get(&view) {
            Some(found) => found.clone(),
            None => self.ask(view, true),
        }
    }

    fn ask(&mut self, view: usize, is_small: bool) -> Fetched<Arc<Picture>> {
        let map = if is_small { &mut self.thumbnails } else { &mut self.whole };
        map.insert(view, Fetched::Pending);
        // The thread ends only when this is dropped.
        self.requests.send((view, is_small)).unwrap_or_default();
        Fetched::Pending
    }

    fn collect(&mut self) {
        for (view, is_small, result) in self.answers.try_iter() {
            let map = if is_small { &mut self.thumbnails } else { &mut self.whole };
            let fetched = match result {
                Ok(picture) => Fetched::Here(Arc::new(picture)),
                Err(reason) => Fetched::Failed(reason),
            };
            map.insert(view, fetched);
        }
    }

    fn make_room(&mut self) {
        let bytes = |fetched: &Fetched<Arc<Picture>>| match fetched {
            Fetched::Here(picture) => picture.pixels.len() * 4,
            _ => 0,
        };
        if self.whole.values().map(bytes).sum::<usize>() > KEPT_BYTES {
            self.whole.retain(|_, fetched| matches!(fetched, Fetched::Pending));
        }
    }
}

/// Serves until the window is gone: whole pictures first, the last asked for first.
fn read_pictures(load: &LoadPicture, incoming: &Receiver<(usize, bool)>, outgoing: &Sender<Answer>, wake: &Wake) {
    let mut waiting: Vec<(usize, bool)> = Vec::new();
    loop {
        if waiting.is_empty() {
            let Ok(request) = incoming.recv() else { return };
            waiting.push(request);
        }
        waiting.extend(incoming.try_iter());
        let next = waiting.iter().rposition(|(_, is_small)| !is_small).unwrap_or(0);
        let (view, is_small) = waiting.remove(next);
        let result = load(view).map(|picture| if is_small { picture.shrunk(THUMBNAIL) } else { picture });
        if outgoing.send((view, is_small, result)).is_err() {
            return;
        }
        wake();
    }
}

impl Picture {
    /// A copy whose longer side is at most `side` pixels, by averages.
    #[must_use]
    pub fn shrunk(&self, side: usize) -> Self {
        let factor = self.width.max(self.height).div_ceil(side.max(1)).max(1);
        if factor == 1 || self.pixels.len() != self.width * self.height {
            return self.clone();
        }
        let (width, height) = ((self.width / factor).max(1), (self.height / factor).max(1));
        let average = |x: usize, y: usize| {
            let (last_x, last_y) = (((x + 1) * factor).min(self.width), ((y + 1) * factor).min(self.height));
            let mut sum = [0u32; 5];
            for row in y * factor..last_y {
                for pixel in &self.pixels[row * self.width + x * factor..row * self.width + last_x] {
                    for (sum, channel) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*channel);
                    }
                    sum[4] += 1;
                }
            }
            let count = sum[4].max(1);
            [0, 1, 2, 3].map(|channel| u8::try_from(sum[channel] / count).unwrap_or(u8::MAX))
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| average(x, y)).collect();
        Self { width, height, pixels }
    }

    /// The pixels over a background, sRGB.
    #[must_use]
    pub fn over(&self, background: [f32; 3]) -> Vec<[u8; 4]> {
        let blend = |pixel: &[u8; 4]| {
            let alpha = f32::from(pixel[3]) / 255.0;
            let channel = |i: usize| {
                let value = f32::from(pixel[i]) * alpha + background[i] * 255.0 * (1.0 - alpha);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
                let byte = value.round().clamp(0.0, 255.0) as u8;
                byte
            };
            [channel(0), channel(1), channel(2), 255]
        };
        self.pixels.iter().map(blend).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wake() -> Wake {
        Arc::new(|| {})
    }

    #[test]
    fn only_what_was_asked_for_last_arrives() {
        let open: Open = Arc::new(|path| Err(path.display().to_string()));
        let mut opener = Opener::new(open, wake());
        opener.open(Path::new("first"));
        opener.open(Path::new("second"));
        assert_eq!(opener.pending(), Some(Path::new("second")));
        let arrived = std::iter::repeat_with(|| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            opener.take()
        });
        let (path, result) = arrived.take(1000).flatten().next().unwrap();
        assert_eq!((path.as_path(), result.unwrap_err().as_str()), (Path::new("second"), "second"));
    }

    #[test]
    fn pictures_arrive_whole_and_small() {
        let load: LoadPicture = Arc::new(|view| {
            if view == 0 {
                Ok(Picture { width: 192, height: 100, pixels: vec![[10, 20, 30, 255]; 19_200] })
            } else {
                Err("absent.png".into())
            }
        });
        let mut pictures = Pictures::new(load, wake());
        let mut get = |view: usize, is_small: bool| {
            for _ in 0..1000 {
                let found = if is_small { pictures.thumbnail(view) } else { pictures.whole(view) };
                match found {
                    Fetched::Pending => std::thread::sleep(std::time::Duration::from_millis(5)),
                    Fetched::Here(picture) => return Ok((picture.width, picture.height, picture.pixels[7])),
                    Fetched::Failed(reason) => return Err(reason),
                }
            }
            panic!("nothing arrived")
        };
        assert_eq!(get(0, false), Ok((192, 100, [10, 20, 30, 255])));
        assert_eq!(get(0, true), Ok((96, 50, [10, 20, 30, 255])));
        assert_eq!(get(1, false), Err("absent.png".into()));
    }

    #[test]
    fn alpha_shows_the_background() {
        let picture = Picture { width: 2, height: 1, pixels: vec![[200, 100, 0, 255], [200, 100, 0, 0]] };
        assert_eq!(picture.over([0.0, 1.0, 0.5]), [[200, 100, 0, 255], [0, 255, 128, 255]]);
    }

    #[test]
    fn up_is_where_the_tops_of_the_pictures_point() {
        let view = |position: DVec3| View {
            name: String::new(),
            split: String::new(),
            camera: Camera::look_at(position, DVec3::ZERO, DVec3::NEG_Y, 50.0, 8, 8),
        };
        let around = [DVec3::new(3.0, -1.0, 0.0), DVec3::new(-3.0, -1.0, 0.1), DVec3::new(0.0, -1.0, 3.0)];
        let content = Content { views: around.map(view).to_vec(), ..Content::default() };
        assert_eq!(content.up(), DVec3::NEG_Y);
        assert_eq!(Content::default().up(), DVec3::Z);
    }
}
