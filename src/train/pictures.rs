//! The pictures that a training is given: a dataset, or a cache of its pictures that others use as well.

use std::sync::Arc;

use super::TrainOptions;
use crate::dataset::{Dataset, PictureCache};

/// The largest number of threads that decode ahead.
const MAX_DECODERS: usize = 8;

/// The pictures of a training.
#[derive(Debug, Clone)]
pub enum TrainPictures {
    /// The pictures of a dataset, which the training decodes for itself.
    Dataset(Arc<Dataset>),
    /// Pictures that are decoded once for all who share the cache.
    Cache(Arc<PictureCache>),
}

impl From<Arc<Dataset>> for TrainPictures {
    fn from(dataset: Arc<Dataset>) -> Self {
        Self::Dataset(dataset)
    }
}

impl From<Arc<PictureCache>> for TrainPictures {
    fn from(cache: Arc<PictureCache>) -> Self {
        Self::Cache(cache)
    }
}

impl TrainPictures {
    /// The dataset.
    #[must_use]
    pub fn dataset(&self) -> &Arc<Dataset> {
        match self {
            Self::Dataset(dataset) => dataset,
            Self::Cache(cache) => cache.dataset(),
        }
    }

    /// The cache, or a new one as large as the options say.
    #[must_use]
    pub fn into_cache(self, options: &TrainOptions) -> Arc<PictureCache> {
        match self {
            Self::Cache(cache) => cache,
            Self::Dataset(dataset) => {
                let memory = u64::from(options.picture_memory) << 20;
                Arc::new(PictureCache::new(dataset, memory, num_decoders()))
            }
        }
    }
}

/// The number of threads that decode ahead.
#[must_use]
pub fn num_decoders() -> usize {
    std::thread::available_parallelism().map_or(1, |threads| threads.get().min(MAX_DECODERS))
}
