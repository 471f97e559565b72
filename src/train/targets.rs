//! Pictures to learn from, on the GPU as 8 bits, as many as a budget holds.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::TrainError;
use crate::dataset::Dataset;
use crate::gpu::{Buffer, Gpu};

/// Decodes and uploads pictures when they are asked for; those that were not asked for the longest make room.
#[derive(Debug)]
pub struct Targets {
    gpu: Gpu,
    dataset: Arc<Dataset>,
    budget: u64,
    used: u64,
    held: HashMap<usize, Buffer<u32>>,
    /// Oldest use first.
    order: VecDeque<usize>,
}

impl Targets {
    /// Holds up to `budget` bytes on the GPU.
    #[must_use]
    pub fn new(gpu: &Gpu, dataset: Arc<Dataset>, budget: u64) -> Self {
        Self { gpu: gpu.clone(), dataset, budget, used: 0, held: HashMap::new(), order: VecDeque::new() }
    }

    /// The picture of a view: red, green, blue and weight, a byte each, red in the lowest.
    ///
    /// # Errors
    /// [`TrainError`] when it cannot be decoded or does not fit.
    pub fn get(&mut self, view: usize) -> Result<Buffer<u32>, TrainError> {
        if let Some(found) = self.held.get(&view) {
            let found = found.clone();
            self.order.retain(|held| *held != view);
            self.order.push_back(view);
            return Ok(found);
        }
        let picture = self.dataset.load(view)?;
        while self.used + picture.bytes() > self.budget {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(buffer) = self.held.remove(&oldest) {
                self.used -= buffer.bytes();
            }
        }
        let words: Vec<u32> = picture.pixels.iter().map(|pixel| u32::from_le_bytes(*pixel)).collect();
        let buffer = self.gpu.upload("target", &words)?;
        self.used += buffer.bytes();
        self.held.insert(view, buffer.clone());
        self.order.push_back(view);
        Ok(buffer)
    }
}
