//! What a dataset has and lacks besides its views, counted, so that nothing is lost without a word.

use serde::Serialize;

/// Counts of what was found, what was missing and what was ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    /// Pictures with a camera that are not there; their views are left out.
    pub missing_pictures: usize,
    /// Pictures whose files have another name, or lie in another folder, than the dataset says.
    pub renamed_pictures: usize,
    /// Pictures in the folder of pictures that have no camera.
    pub unused_pictures: usize,
    /// Masks that belong to no picture that is used.
    pub unused_masks: usize,
    /// Models of cameras that are not used, because another one has more pictures.
    pub unused_models: usize,
    /// The file that the points come from, relative to the dataset, or as it was named.
    pub points_file: Option<String>,
    /// Files of points that are not used.
    pub unused_points_files: Vec<String>,
    /// Links that lead nowhere, and folders that may not be read.
    pub unreadable: usize,
}
