//! Pictures to learn from, on the GPU as 8 bits, as many as a budget holds; decoded ahead in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::TrainError;
use crate::dataset::{Dataset, PictureCache};
use crate::gpu::{Buffer, Gpu};

/// Threads that decode ahead at most.
const MAX_DECODERS: usize = 8;

/// Uploads pictures when they are asked for; those that were not asked for the longest make room.
#[derive(Debug)]
pub struct Targets {
    gpu: Gpu,
    pictures: PictureCache,
    budget: u64,
    used: u64,
    held: HashMap<(usize, u32), Buffer<u32>>,
    /// Oldest use first.
    order: VecDeque<(usize, u32)>,
}

impl Targets {
    /// Holds up to `budget` bytes on the GPU, and up to `memory` bytes of decoded pictures in the host's memory.
    #[must_use]
    pub fn new(gpu: &Gpu, dataset: Arc<Dataset>, budget: u64, memory: u64) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(MAX_DECODERS));
        let pictures = PictureCache::new(dataset, memory, threads);
        Self { gpu: gpu.clone(), pictures, budget, used: 0, held: HashMap::new(), order: VecDeque::new() }
    }

    /// Asks for a view's picture to be decoded soon, unless it is on the GPU with its sides halved so often.
    pub fn prefetch(&self, view: usize, level: u32) {
        if !self.held.contains_key(&(view, level)) {
            self.pictures.prefetch(view);
        }
    }

    /// The picture of a view, its sides halved so often: red, green, blue and weight, a byte each, red in the lowest.
    ///
    /// # Errors
    /// [`TrainError`] when it cannot be decoded or does not fit.
    pub fn get(&mut self, view: usize, level: u32) -> Result<Buffer<u32>, TrainError> {
        if let Some(found) = self.held.get(&(view, level)) {
            let found = found.clone();
            self.order.retain(|held| *held != (view, level));
            self.order.push_back((view, level));
            return Ok(found);
        }
        let picture = self.pictures.get(view)?.halved(level);
        while self.used + picture.bytes() > self.budget {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(buffer) = self.held.remove(&oldest) {
                self.used -= buffer.bytes();
            }
        }
        let words: Vec<u32> = picture.pixels.iter().map(|pixel| u32::from_le_bytes(*pixel)).collect();
        let buffer = self.gpu.upload("target", &words)?;
        self.used += buffer.bytes();
        self.held.insert((view, level), buffer.clone());
        self.order.push_back((view, level));
        Ok(buffer)
    }
}
