//! The pictures that are trained on: 8 bits per channel on the GPU, as many as a budget holds, decoded ahead in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::TrainError;
use crate::dataset::PictureCache;
use crate::gpu::{Buffer, Gpu};

/// Uploads pictures when they are asked for, and frees those that were not asked for the longest.
#[derive(Debug)]
pub struct Targets {
    gpu: Gpu,
    pictures: Arc<PictureCache>,
    budget: u64,
    used: u64,
    /// The pictures on the GPU, each with the time of its last use.
    held: HashMap<Key, (Buffer<u32>, u64)>,
    /// The same pictures by the time of their last use.
    uses: BTreeMap<u64, Key>,
    /// The number of uses so far, which is the time.
    clock: u64,
}

/// A view, and how often the sides of its picture are halved.
type Key = (usize, u32);

impl Targets {
    /// Holds up to `budget` bytes on the GPU.
    #[must_use]
    pub fn new(gpu: &Gpu, pictures: Arc<PictureCache>, budget: u64) -> Self {
        Self { gpu: gpu.clone(), pictures, budget, used: 0, held: HashMap::new(), uses: BTreeMap::new(), clock: 0 }
    }

    /// The decoded pictures.
    #[must_use]
    pub fn pictures(&self) -> &PictureCache {
        &self.pictures
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
        let key = (view, level);
        if let Some((found, last_use)) = self.held.remove(&key) {
            self.uses.remove(&last_use);
            self.hold(key, found.clone());
            return Ok(found);
        }
        let picture = self.pictures.get(view)?.halved(level);
        while self.used + picture.bytes() > self.budget {
            let Some((_, oldest)) = self.uses.pop_first() else { break };
            if let Some((buffer, _)) = self.held.remove(&oldest) {
                self.used -= buffer.bytes();
            }
        }
        let words: Vec<u32> = picture.pixels.iter().map(|pixel| u32::from_le_bytes(*pixel)).collect();
        let buffer = self.gpu.upload("target", &words)?;
        self.used += buffer.bytes();
        self.hold(key, buffer.clone());
        Ok(buffer)
    }

    /// Keeps a buffer, which is used now.
    fn hold(&mut self, key: Key, buffer: Buffer<u32>) {
        self.clock += 1;
        self.uses.insert(self.clock, key);
        self.held.insert(key, (buffer, self.clock));
    }
}
