//! Reads the photographs of a dataset on another thread, and keeps some of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::viewer::background::{BackgroundWork, RequestRedraw};

/// A photograph of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photograph {
    /// Pixels per row.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
    /// Row-major sRGB and alpha, not premultiplied.
    pub pixels: Vec<[u8; 4]>,
}

/// Reads the photograph of a camera by its index in the list; called on another thread.
pub type LoadPhotograph = Arc<dyn Fn(usize) -> Result<Photograph, String> + Send + Sync>;

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL_SIDE: usize = 96;

/// The number of bytes of whole photographs that are kept at most.
const MAX_KEPT_BYTES: usize = 256 << 20;

/// The state of a photograph that was asked for.
#[derive(Debug, Clone)]
pub(crate) enum Fetched<T> {
    /// It is being read.
    Pending,
    /// It has been read.
    Ready(T),
    /// It cannot be read.
    Failed(String),
}

/// The index of a camera, and whether only a thumbnail is asked for.
type Request = (usize, bool);

type Answer = (Request, Result<Photograph, String>);

/// The photographs that were read or are being read.
#[derive(Default)]
struct Cache {
    whole: HashMap<usize, Fetched<Arc<Photograph>>>,
    thumbnails: HashMap<usize, Fetched<Arc<Photograph>>>,
}

/// Reads photographs one after another on another thread; thumbnails wait while a whole photograph is asked for.
pub(crate) struct PhotographLoader {
    requests: Sender<Request>,
    answers: Receiver<Answer>,
    cache: RefCell<Cache>,
}

impl fmt::Debug for PhotographLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhotographLoader").field("whole", &self.cache.borrow().whole.len()).finish_non_exhaustive()
    }
}

impl PhotographLoader {
    /// Starts the thread that calls `load`.
    #[must_use]
    pub(crate) fn new(load: LoadPhotograph, request_redraw: RequestRedraw) -> Self {
        let (requests, incoming) = channel();
        let (outgoing, answers) = channel();
        // In a browser no document has photographs.
        if cfg!(not(target_family = "wasm")) {
            BackgroundWork::start(move || serve(&load, &incoming, &outgoing, &request_redraw));
        }
        Self { requests, answers, cache: RefCell::default() }
    }

    /// Returns a whole photograph, or asks for it.
    pub(crate) fn whole(&self, camera: usize) -> Fetched<Arc<Photograph>> {
        self.fetch((camera, false))
    }

    /// Returns a small copy of a photograph, or asks for it.
    pub(crate) fn thumbnail(&self, camera: usize) -> Fetched<Arc<Photograph>> {
        self.fetch((camera, true))
    }

    fn fetch(&self, request: Request) -> Fetched<Arc<Photograph>> {
        let mut cache = self.cache.borrow_mut();
        for (answered, result) in self.answers.try_iter() {
            let fetched = result.map_or_else(Fetched::Failed, |photograph| Fetched::Ready(Arc::new(photograph)));
            cache.of(answered).insert(answered.0, fetched);
        }
        if let Some(found) = cache.of(request).get(&request.0) {
            return found.clone();
        }
        cache.free_memory();
        cache.of(request).insert(request.0, Fetched::Pending);
        // The thread ends only when this is dropped.
        self.requests.send(request).unwrap_or_default();
        Fetched::Pending
    }
}

impl Cache {
    fn of(&mut self, (_, is_small): Request) -> &mut HashMap<usize, Fetched<Arc<Photograph>>> {
        if is_small { &mut self.thumbnails } else { &mut self.whole }
    }

    fn free_memory(&mut self) {
        let bytes = |fetched: &Fetched<Arc<Photograph>>| match fetched {
            Fetched::Ready(photograph) => photograph.pixels.len() * 4,
            _ => 0,
        };
        if self.whole.values().map(bytes).sum::<usize>() > MAX_KEPT_BYTES {
            self.whole.retain(|_, fetched| matches!(fetched, Fetched::Pending));
        }
    }
}

/// Answers requests until the window is gone: whole photographs first, the last one asked for first.
fn serve(
    load: &LoadPhotograph,
    incoming: &Receiver<Request>,
    outgoing: &Sender<Answer>,
    request_redraw: &RequestRedraw,
) {
    let mut waiting: Vec<Request> = Vec::new();
    loop {
        if waiting.is_empty() {
            let Ok(request) = incoming.recv() else { return };
            waiting.push(request);
        }
        waiting.extend(incoming.try_iter());
        let next = waiting.iter().rposition(|(_, is_small)| !is_small).unwrap_or(0);
        let request = waiting.remove(next);
        let (camera, is_small) = request;
        let result =
            load(camera).map(|photograph| if is_small { photograph.shrunk(THUMBNAIL_SIDE) } else { photograph });
        if outgoing.send((request, result)).is_err() {
            return;
        }
        request_redraw();
    }
}

impl Photograph {
    /// Returns a copy whose longer side is at most `side` pixels; each pixel is an average.
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

    /// Returns the pixels over a background, sRGB.
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

    #[test]
    fn photographs_arrive_whole_and_small() {
        let load: LoadPhotograph = Arc::new(|camera| {
            if camera == 0 {
                Ok(Photograph { width: 192, height: 100, pixels: vec![[10, 20, 30, 255]; 19_200] })
            } else {
                Err("absent.png".into())
            }
        });
        let loader = PhotographLoader::new(load, Arc::new(|| {}));
        let get = |camera: usize, is_small: bool| {
            for _ in 0..1000 {
                match loader.fetch((camera, is_small)) {
                    Fetched::Pending => std::thread::sleep(std::time::Duration::from_millis(5)),
                    Fetched::Ready(found) => return Ok((found.width, found.height, found.pixels[7])),
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
    fn transparent_pixels_show_the_background() {
        let photograph = Photograph { width: 2, height: 1, pixels: vec![[200, 100, 0, 255], [200, 100, 0, 0]] };
        assert_eq!(photograph.over([0.0, 1.0, 0.5]), [[200, 100, 0, 255], [0, 255, 128, 255]]);
    }
}
