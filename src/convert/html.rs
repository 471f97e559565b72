//! A page that holds the viewer and a scene, and opens by a double click, without a network.

use std::path::Path;

use super::ConvertError;
use crate::scene::Scene;
use crate::scene_file::Metadata;

/// Writes a page with the title of the file's name. The scene in it is a compact one.
#[cfg(feature = "web")]
pub(super) fn write(scene: &Scene, metadata: &Metadata, path: &Path) -> Result<(), ConvertError> {
    let title = path.file_stem().unwrap_or_default().to_string_lossy();
    let packed = super::compact::packed(scene, metadata, path)?;
    let page = crate::page::single_file(&title, &format!("{title}.lapidary"), &packed);
    let page = page.map_err(crate::files::FileError::of("write", path))?;
    Ok(crate::files::write_atomically(path, page.as_bytes())?)
}

/// This build has no viewer for browsers.
#[cfg(not(feature = "web"))]
pub(super) fn write(_: &Scene, _: &Metadata, path: &Path) -> Result<(), ConvertError> {
    Err(ConvertError::NoPage { path: path.into() })
}
