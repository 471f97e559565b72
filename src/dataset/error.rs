//! Datasets that could not be used.

use std::path::PathBuf;

use super::transforms::TransformsError;
use crate::camera::CameraError;
use crate::files::FileError;
use crate::image::ImageError;

/// The first few of a list.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

/// A dataset that could not be used; always with the file at fault.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The path has no known layout.
    #[error(
        "{} is not a dataset: expected a folder or .zip with `sparse/0/cameras.bin` or `.txt` (COLMAP), \
         `transforms_train.json` (Blender) or `transforms.json` (nerfstudio)",
        path.display()
    )]
    NotADataset {
        /// The folder.
        path: PathBuf,
    },
    /// Several datasets, each in a folder of its own.
    #[error("{} holds {} datasets, in the folders {}; give the path of one of them", path.display(), folders.len(), listed(folders))]
    SeveralDatasets {
        /// The folder or archive.
        path: PathBuf,
        /// Folders in it.
        folders: Vec<String>,
    },
    /// There is no dataset that can be used, and an entry could not be read.
    #[error("{} cannot be used: {} cannot be read, or is a link that leads nowhere", path.display(), part.display())]
    Unreadable {
        /// The folder or archive.
        path: PathBuf,
        /// The entry that could not be read.
        part: PathBuf,
    },
    /// No picture is left.
    #[error("{} has no image with a camera", path.display())]
    NoViews {
        /// The folder.
        path: PathBuf,
    },
    /// A view that does not exist was asked for.
    #[error("there is no view {view}; the dataset has {of}, counted from 0")]
    NoView {
        /// The index that was asked for.
        view: usize,
        /// The number of views.
        of: usize,
    },
    /// A `.zip`, or a part of it.
    #[error("{}: {reason}", path.display())]
    Archive {
        /// The archive, with the part of it.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// Pictures that have cameras are not there.
    #[error(
        "{} is missing ({missing} of {of} images are); --images names the folder of images where it is another one",
        path.display()
    )]
    MissingPictures {
        /// The first of them.
        path: PathBuf,
        /// How many are missing.
        missing: usize,
        /// How many there should be.
        of: usize,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A `transforms.json`.
    #[error(transparent)]
    Transforms(#[from] TransformsError),
    /// A picture.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A binary model file.
    #[error("{} is broken at byte {at}: {reason}", path.display())]
    Binary {
        /// The file.
        path: PathBuf,
        /// The byte at which reading stopped.
        at: u64,
        /// What was expected.
        reason: String,
    },
    /// A text model file.
    #[error("{}, line {line}: {reason}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What was expected.
        reason: String,
    },
    /// A file that holds something else than expected.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },
    /// A picture of a model names a camera that the model does not have.
    #[error("{}: {name} was taken by camera {camera}, which does not exist", path.display())]
    NoCamera {
        /// The folder of the model.
        path: PathBuf,
        /// The picture.
        name: String,
        /// The number of the camera.
        camera: u32,
    },
    /// A camera that cannot take a picture.
    #[error("{}: {name}: {source}", path.display())]
    Camera {
        /// The file that describes it.
        path: PathBuf,
        /// The picture.
        name: String,
        /// The fault.
        source: CameraError,
    },
    /// A mask of another shape than its picture.
    #[error(
        "{} has {}×{} pixels, its image {} has {}×{}: a mask must have the shape of its image",
        path.display(), found[0], found[1], picture.display(), expected[0], expected[1]
    )]
    MaskSize {
        /// The mask.
        path: PathBuf,
        /// Width and height of the mask.
        found: [u32; 2],
        /// The picture.
        picture: PathBuf,
        /// Width and height of the picture.
        expected: [u32; 2],
    },
    /// A picture of another size than its camera.
    #[error("{} has {}×{} pixels, its camera has {}×{}", path.display(), found[0], found[1], expected[0], expected[1])]
    Size {
        /// The picture.
        path: PathBuf,
        /// Width and height of the picture.
        found: [u32; 2],
        /// Width and height of the camera.
        expected: [u32; 2],
    },
}
