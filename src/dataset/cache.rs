//! Decoded pictures in memory, decoded ahead by other threads.
//!
//! The memory of decoded pictures stays within a budget: before a picture is decoded its bytes are reserved, and those that
//! were not used for the longest are dropped. Decoding ahead is skipped where the budget is used up;
//! [`PictureCache::get`] decodes its picture whatever the budget says. A picture that a caller still holds stays in memory
//! for as long as it is held, and a thread that decodes has the picture in its file's size besides.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use web_time::{Duration, Instant};

use super::{Dataset, DatasetError, Picture};
use crate::fault;

/// Pictures of a dataset, as many as a budget holds.
#[derive(Debug)]
pub struct PictureCache {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    dataset: Arc<Dataset>,
    budget: u64,
    state: Mutex<State>,
    /// Signals that a view was queued, or that the cache is closed.
    asked: Condvar,
    /// Signals that a picture was decoded, or could not be.
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<usize, Entry>,
    /// Views to decode, the next one first.
    queue: VecDeque<usize>,
    /// Bytes of all pictures that are there or being decoded.
    used_bytes: u64,
    peak_bytes: u64,
    /// Counts uses.
    clock: u64,
    decoded: DecodingTime,
    is_closed: bool,
}

#[derive(Debug)]
enum Entry {
    Queued,
    Decoding,
    Ready { picture: Arc<Picture>, last_use: u64 },
}

/// How full a cache is, bytes of decoded pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheUse {
    /// Pictures that are there or being decoded.
    pub bytes: u64,
    /// The most there ever were.
    pub peak_bytes: u64,
    /// Most bytes that there may be.
    pub budget: u64,
}

/// The pictures that were decoded, and the time that it took the threads that did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecodingTime {
    /// The number of pictures.
    pub number: u32,
    /// The time of all of them, one after another.
    pub total: Duration,
}

impl PictureCache {
    /// Holds up to `budget_bytes` of pictures, or one where a single one is larger; `threads` decode ahead.
    #[must_use]
    pub fn new(dataset: Arc<Dataset>, budget_bytes: u64, threads: usize) -> Self {
        let shared = Arc::new(Shared {
            dataset,
            budget: budget_bytes,
            state: Mutex::default(),
            asked: Condvar::new(),
            settled: Condvar::new(),
        });
        let worker = |i: usize| {
            let shared = Arc::clone(&shared);
            // Without a thread, pictures are decoded when they are asked for.
            std::thread::Builder::new().name(format!("pictures {i}")).spawn(move || shared.work()).ok()
        };
        let workers = (0..threads).filter_map(worker).collect();
        Self { shared, workers }
    }

    /// Asks for a view's picture to be decoded soon. Does nothing when it is there or asked for already.
    pub fn prefetch(&self, view: usize) {
        let mut state = self.shared.lock();
        if self.workers.is_empty() || view >= self.shared.dataset.views.len() || state.entries.contains_key(&view) {
            return;
        }
        state.entries.insert(view, Entry::Queued);
        state.queue.push_back(view);
        drop(state);
        self.shared.asked.notify_one();
    }

    /// A view's picture. Waits while another thread decodes it, and decodes it where no thread does.
    ///
    /// # Errors
    /// The same as [`Dataset::load`].
    pub fn get(&self, view: usize) -> Result<Arc<Picture>, DatasetError> {
        let mut state = self.shared.lock();
        loop {
            match state.entries.get(&view) {
                Some(Entry::Ready { picture, .. }) => {
                    let picture = Arc::clone(picture);
                    state.note_use(view);
                    return Ok(picture);
                }
                Some(Entry::Decoding) => {
                    state = self.shared.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Some(Entry::Queued) | None => {
                    state.queue.retain(|queued| *queued != view);
                    let bytes = self.shared.bytes(view);
                    state.free_memory(bytes, self.shared.budget);
                    return self.shared.decode(state, view, bytes);
                }
            }
        }
    }

    /// The dataset whose pictures it holds.
    #[must_use]
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.shared.dataset
    }

    /// The pictures that were decoded so far, and the time that it took.
    #[must_use]
    pub fn decoded(&self) -> DecodingTime {
        self.shared.lock().decoded
    }

    /// The bytes that are in use.
    #[must_use]
    pub fn usage(&self) -> CacheUse {
        let state = self.shared.lock();
        CacheUse { bytes: state.used_bytes, peak_bytes: state.peak_bytes, budget: self.shared.budget }
    }
}

impl Drop for PictureCache {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.asked.notify_all();
        for worker in self.workers.drain(..) {
            // A decoder that panicked has already said so.
            drop(worker.join());
        }
    }
}

impl State {
    fn note_use(&mut self, view: usize) {
        self.clock += 1;
        if let Some(Entry::Ready { last_use, .. }) = self.entries.get_mut(&view) {
            *last_use = self.clock;
        }
    }

    /// Drops pictures until so many bytes fit; `false` where they never do.
    fn free_memory(&mut self, bytes: u64, budget: u64) -> bool {
        while self.used_bytes + bytes > budget {
            let ready = self.entries.iter().filter_map(|(view, entry)| match entry {
                Entry::Ready { last_use, picture } => Some((*last_use, *view, picture.bytes())),
                _ => None,
            });
            let Some((_, view, freed)) = ready.min() else { return false };
            self.entries.remove(&view);
            self.used_bytes = self.used_bytes.saturating_sub(freed);
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let mut state = self.lock();
            let view = loop {
                if state.is_closed {
                    return;
                }
                match state.queue.pop_front() {
                    Some(view) => break view,
                    None => state = self.asked.wait(state).unwrap_or_else(PoisonError::into_inner),
                }
            };
            fault::panic_if_requested(format_args!("decoder"));
            let bytes = self.bytes(view);
            if bytes <= self.budget && state.free_memory(bytes, self.budget) {
                // An error comes again when the view is asked for, and is reported then.
                drop(self.decode(state, view, bytes));
            } else {
                state.entries.remove(&view);
            }
        }
    }

    /// Bytes of a view's picture.
    fn bytes(&self, view: usize) -> u64 {
        self.dataset.views.get(view).map_or(0, |view| 4 * view.num_pixels())
    }

    /// Queues the other faces of a panorama first, while it is decoded, where no other picture is dropped for them.
    fn ask_for_faces_beside(&self, view: usize, bytes: u64) {
        let faces = self.dataset.faces_beside(view);
        let mut state = self.lock();
        for face in faces {
            let is_settled = matches!(state.entries.get(&face), Some(Entry::Decoding | Entry::Ready { .. }));
            if !is_settled && state.used_bytes + (1 + state.queue.len() as u64) * bytes <= self.budget {
                state.queue.retain(|queued| *queued != face);
                state.queue.push_front(face);
                state.entries.insert(face, Entry::Queued);
                self.asked.notify_one();
            }
        }
    }

    /// Sets bytes aside, and decodes a view outside of the lock.
    fn decode(&self, mut state: MutexGuard<'_, State>, view: usize, bytes: u64) -> Result<Arc<Picture>, DatasetError> {
        state.entries.insert(view, Entry::Decoding);
        state.used_bytes += bytes;
        state.peak_bytes = state.peak_bytes.max(state.used_bytes);
        drop(state);
        let mut decoding = Decoding { shared: self, view, bytes, begin: Instant::now(), picture: None };
        fault::panic_if_requested(format_args!("picture {view}"));
        let picture = Arc::new(self.dataset.load(view)?);
        decoding.picture = Some(Arc::clone(&picture));
        drop(decoding);
        self.ask_for_faces_beside(view, bytes);
        Ok(picture)
    }
}

/// A view that is being decoded. Dropping it wakes the threads that wait for the view, also after an error or a panic.
struct Decoding<'a> {
    shared: &'a Shared,
    view: usize,
    bytes: u64,
    begin: Instant,
    picture: Option<Arc<Picture>>,
}

impl Drop for Decoding<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(picture) = self.picture.take() {
            state.entries.insert(self.view, Entry::Ready { picture, last_use: 0 });
            state.note_use(self.view);
            state.decoded.number += 1;
            state.decoded.total += self.begin.elapsed();
        } else {
            state.entries.remove(&self.view);
            state.used_bytes = state.used_bytes.saturating_sub(self.bytes);
        }
        drop(state);
        self.shared.settled.notify_all();
    }
}
