//! Panoramas as they are decoded: each once for all of its faces.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbaImage;

use super::DatasetOptions;
use super::error::DatasetError;
use super::picture::{Picture, PictureSource};
use crate::camera::Camera;

/// The panorama that was decoded last, so that its other faces need not decode it again. Threads that ask for faces of one
/// panorama wait for the one that decodes it.
#[derive(Debug, Default)]
pub(super) struct LastPanorama(Mutex<Option<(PathBuf, Arc<RgbaImage>)>>);

impl LastPanorama {
    pub(super) fn get(
        &self,
        source: &PictureSource,
        camera: &Camera,
        options: &DatasetOptions,
    ) -> Result<Arc<RgbaImage>, DatasetError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let path = source.picture.path();
        if let Some((_, picture)) = last.as_ref().filter(|(known, _)| *known == path) {
            return Ok(Arc::clone(picture));
        }
        // The other one is let go of first, so that there are never two.
        *last = None;
        let picture = Arc::new(Picture::decode(source, camera, options)?);
        *last = Some((path, Arc::clone(&picture)));
        Ok(picture)
    }
}
