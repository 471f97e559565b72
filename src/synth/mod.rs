//! A small exact dataset made on the CPU: cut gems on a checkered table, many views, no file needed.
//!
//! Everything is a pure function of [`SynthOptions`]: pictures are ray cast, the points of the COLMAP model lie on the
//! surfaces, depth maps come from the same rays, and the scene file holds the same polyhedra as convexes. So a
//! trainer, a reader or a renderer can be tested without noise.

mod colmap;
mod cuts;
mod exact;
mod folder;
mod light;
mod material;
mod picture;
mod points;
mod polyhedron;
mod random;
mod views;
mod world;

use std::path::PathBuf;

pub use exact::exact_scene;
pub use folder::{SynthSummary, write};
pub use light::sky;
pub use material::{Material, Pattern};
pub use picture::{depth, picture};
pub use points::{SynthPoint, points, seen};
pub use polyhedron::{Entry, Plane, Polyhedron};
pub use views::{SynthView, views};
pub use world::{FacetId, Gem, Hit, TABLE_HALF, TABLE_SQUARES, TABLE_THICKNESS, World};

use crate::dataset::transforms::TransformsError;
use crate::files::FileError;
use crate::image::ImageError;
use crate::scene_file::SceneFileError;

/// The options that a dataset depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthOptions {
    /// The number of views for training, 1..=5000.
    pub views: u32,
    /// The number of views for testing, 1..=5000.
    pub test_views: u32,
    /// Width of the pictures, pixels, 16..=4096.
    pub width: u32,
    /// Height of the pictures, pixels, 16..=4096.
    pub height: u32,
    /// Changes the cameras, how the gems are turned and how their facets are shaded.
    pub seed: u64,
    /// Samples along each side of a pixel, 1..=16.
    pub samples_side: u32,
    /// Points of the COLMAP model, at most.
    pub points: u32,
    /// Whether to write into a folder with something in it. Numbered pictures of an earlier run are removed.
    pub overwrite: bool,
}

impl Default for SynthOptions {
    fn default() -> Self {
        Self {
            views: 52,
            test_views: 8,
            width: 256,
            height: 192,
            seed: 0,
            samples_side: 4,
            points: 4000,
            overwrite: false,
        }
    }
}

/// A dataset that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// An option is out of its range.
    #[error("{what} is {found}; {least} to {most} are possible")]
    Option {
        /// The name of the option.
        what: &'static str,
        /// The value of the option.
        found: u32,
        /// Smallest possible value.
        least: u32,
        /// Largest possible value.
        most: u32,
    },
    /// The folder is not empty.
    #[error("{} is not empty; choose another folder, or --overwrite", .0.display())]
    NotEmpty(PathBuf),
    /// A file or folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// A picture.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A list of cameras.
    #[error(transparent)]
    Transforms(#[from] TransformsError),
    /// The exact scene.
    #[error(transparent)]
    Scene(#[from] SceneFileError),
    /// The depth maps.
    #[error("cannot encode {}: {reason}", path.display())]
    Depth {
        /// The file.
        path: PathBuf,
        /// The message of the encoder.
        reason: String,
    },
}

impl SynthOptions {
    /// About how many bytes the files of a dataset have: its pictures twice, compressed, and four bytes of depth a pixel.
    #[must_use]
    pub const fn about_bytes(&self) -> u64 {
        let pixels = self.width as u64 * self.height as u64 * (self.views as u64 + self.test_views as u64);
        7 * pixels
    }

    /// Refuses options out of range.
    ///
    /// # Errors
    /// [`SynthError::Option`] with the first one.
    pub fn check(&self) -> Result<(), SynthError> {
        let ranges = [
            ("the number of training views", self.views, 1, 5000),
            ("the number of test views", self.test_views, 1, 5000),
            ("the width in pixels", self.width, 16, 4096),
            ("the height in pixels", self.height, 16, 4096),
            ("the number of samples along a pixel's side", self.samples_side, 1, 16),
            ("the number of points", self.points, 1, 10_000_000),
        ];
        let outside = ranges.into_iter().find(|(_, found, least, most)| !(least..=most).contains(&found));
        outside.map_or(Ok(()), |(what, found, least, most)| Err(SynthError::Option { what, found, least, most }))
    }
}
