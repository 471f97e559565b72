//! Evaluations that could not be made.

use std::path::PathBuf;

use crate::dataset::DatasetError;
use crate::files::FileError;
use crate::gpu::GpuError;
use crate::image::ImageError;
use crate::text;

/// Pictures that could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The ground truth.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file or folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// A picture.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// A folder without pictures.
    #[error("{} holds no image (PNG, JPEG, WebP, TIFF or BMP)", path.display())]
    NoPictures {
        /// The folder.
        path: PathBuf,
    },
    /// Pictures of the ground truth that the folder lacks.
    #[error("{} lacks {} of {of} images: {}", path.display(), missing.len(), listed(missing))]
    Missing {
        /// The folder.
        path: PathBuf,
        /// Names in the ground truth.
        missing: Vec<String>,
        /// How many there should be.
        of: usize,
    },
    /// A name that two files fit.
    #[error("{} and {} are both called {}", first.display(), second.display(), text::quoted(name))]
    Ambiguous {
        /// A file.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
        /// Their name without folder and extension.
        name: String,
    },
    /// A picture of another size than the ground truth.
    #[error(
        "{picture} has {}×{} pixels, the ground truth {} has {}×{}; --downscale and --max-width decide the size of a \
         dataset's images",
        found[0], found[1], text::quoted(name), expected[0], expected[1]
    )]
    Size {
        /// The picture's file, or a description of it.
        picture: String,
        /// The name of the ground truth.
        name: String,
        /// Width and height of the picture.
        found: [usize; 2],
        /// Width and height of the ground truth.
        expected: [usize; 2],
    },
}

/// The first names of a long list.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).map(|name| text::quoted(name)).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}
