//! Photographs as textures that egui can draw.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Context, TextureHandle, TextureId};

use crate::viewer::document::Fetched;
use crate::viewer::session::Session;
use crate::viewer::session::comparison::{ComparedPhotograph, PictureDifference};

/// Pixels, and the texture that they were uploaded to.
type Uploaded = Option<(Arc<Vec<[u8; 4]>>, TextureHandle)>;

/// The textures of photographs that were uploaded.
#[derive(Default)]
pub(crate) struct Textures {
    document_number: u64,
    thumbnails: HashMap<usize, TextureHandle>,
    photograph: Uploaded,
    difference: Uploaded,
}

impl std::fmt::Debug for Textures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Textures").field("thumbnails", &self.thumbnails.len()).finish_non_exhaustive()
    }
}

impl Textures {
    /// Drops the textures of other documents than this one.
    pub(crate) fn forget_other_documents(&mut self, number: u64) {
        if self.document_number != number {
            *self = Self { document_number: number, ..Self::default() };
        }
    }

    /// Returns the small photograph of a camera, once it has been read.
    pub(crate) fn thumbnail(&mut self, context: &Context, session: &Session, camera: usize) -> Option<TextureHandle> {
        if let Some(found) = self.thumbnails.get(&camera) {
            return Some(found.clone());
        }
        let Fetched::Ready(photograph) = session.photographs.thumbnail(camera) else { return None };
        let size = [photograph.width, photograph.height];
        let made = upload(context, "thumbnail", size, &photograph.over([0.5; 3]));
        self.thumbnails.insert(camera, made.clone());
        Some(made)
    }

    /// Returns the photograph that is compared.
    pub(crate) fn photograph(&mut self, context: &Context, photograph: &ComparedPhotograph) -> TextureId {
        kept(&mut self.photograph, context, "photograph", photograph.size, &photograph.pixels)
    }

    /// Returns a map of differences.
    pub(crate) fn difference(&mut self, context: &Context, difference: &PictureDifference) -> TextureId {
        kept(&mut self.difference, context, "difference", difference.size, &difference.pixels)
    }
}

/// Returns the texture of pixels, which are uploaded if others were before.
fn kept(
    uploaded: &mut Uploaded,
    context: &Context,
    name: &str,
    size: [usize; 2],
    pixels: &Arc<Vec<[u8; 4]>>,
) -> TextureId {
    match uploaded {
        Some((of, texture)) if Arc::ptr_eq(of, pixels) => texture.id(),
        _ => uploaded.insert((Arc::clone(pixels), upload(context, name, size, pixels))).1.id(),
    }
}

fn upload(context: &Context, name: &str, size: [usize; 2], pixels: &[[u8; 4]]) -> TextureHandle {
    let colours = pixels.iter().map(|[r, g, b, a]| egui::Color32::from_rgba_unmultiplied(*r, *g, *b, *a)).collect();
    let image = egui::ColorImage::new(size, colours);
    context.load_texture(name, image, egui::TextureOptions::LINEAR)
}
