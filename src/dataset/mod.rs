//! Cameras and pictures that people have: COLMAP folders, and the `transforms.json` family.
//!
//! A [`Dataset`] knows where everything is; pictures are decoded one at a time by [`Dataset::load`], which hands out
//! what a pinhole camera would have taken: lens distortion is undone and large pictures are made smaller.

mod colmap;
mod error;
mod lens;
mod nerf;
mod picture;
pub mod transforms;

use std::path::{Path, PathBuf};

pub use colmap::{ColmapCamera, ColmapImage, ColmapModel};
pub use error::DatasetError;
pub use lens::{Lens, LensModel};
pub use picture::Picture;

use crate::camera::Camera;

/// Pictures with known cameras, and where there are any, points in space.
#[derive(Debug)]
pub struct Dataset {
    /// The folder.
    pub path: PathBuf,
    /// How it is laid out.
    pub kind: Kind,
    /// Sorted by name.
    pub views: Vec<View>,
    /// Points of structure from motion, world units; empty where there are none.
    pub points: Vec<SfmPoint>,
    /// What the user should know, a sentence each.
    pub notes: Vec<String>,
}

/// Layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `sparse/0/{cameras,images,points3D}.{bin,txt}` and `images/`.
    Colmap,
    /// `transforms_{train,val,test}.json`.
    Blender,
    /// `transforms.json`.
    Nerfstudio,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Colmap => "COLMAP",
            Self::Blender => "Blender transforms",
            Self::Nerfstudio => "nerfstudio transforms",
        })
    }
}

/// A point with a colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SfmPoint {
    /// World units.
    pub position: [f64; 3],
    /// sRGB.
    pub colour: [u8; 3],
}

/// What a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Trained on.
    Train,
    /// Held back for measuring.
    Test,
}

/// One picture.
#[derive(Debug, Clone)]
pub struct View {
    /// As the dataset names it.
    pub name: String,
    /// What it is for.
    pub split: Split,
    /// The camera of the picture as it will be loaded.
    pub camera: Camera,
    file: PathBuf,
    mask: Option<PathBuf>,
    /// The lens of the picture as it was taken, of that size in pixels; `None` for a pinhole.
    lens: Option<(Lens, [u32; 2])>,
}

impl View {
    /// The picture's file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether distortion is undone on load.
    #[must_use]
    pub const fn is_distorted(&self) -> bool {
        self.lens.is_some()
    }
}

/// What to do with an alpha channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlphaMode {
    /// The picture is put before the background.
    #[default]
    Composite,
    /// Transparent pixels say nothing.
    Mask,
}

/// How to read a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetOptions {
    /// Divides width and height; a folder `images_N` is used where there is one.
    pub downscale: u32,
    /// Wider pictures are made this wide, pixels.
    pub max_width: u32,
    /// What to do with an alpha channel.
    pub alpha: AlphaMode,
    /// What pictures with alpha are put before, sRGB in 0..=1.
    pub background: [f32; 3],
    /// Every so many-th picture by name is for testing, where the files do not say it; 0 for none.
    pub test_every: usize,
}

impl Default for DatasetOptions {
    fn default() -> Self {
        Self { downscale: 1, max_width: 1600, alpha: AlphaMode::Composite, background: [0.0; 3], test_every: 8 }
    }
}

impl Dataset {
    /// Finds out what a folder holds.
    ///
    /// # Errors
    /// [`DatasetError`] naming the file at fault and what was expected.
    pub fn open(path: &Path, options: &DatasetOptions) -> Result<Self, DatasetError> {
        let mut dataset = if let Some(folder) = colmap::find(path) {
            colmap::open(path, &folder, options)?
        } else if path.join("transforms_train.json").is_file() {
            nerf::open_blender(path, options)?
        } else if path.join("transforms.json").is_file() {
            nerf::open_nerfstudio(path, options)?
        } else {
            return Err(DatasetError::NotADataset { path: path.into() });
        };
        if dataset.views.is_empty() {
            return Err(DatasetError::NoViews { path: path.into() });
        }
        dataset.views.sort_by(|a, b| a.name.cmp(&b.name));
        if dataset.kind != Kind::Blender {
            split_every(&mut dataset.views, options.test_every);
        }
        Ok(dataset)
    }

    /// Indices of the views of a split.
    pub fn indices(&self, split: Split) -> impl Iterator<Item = usize> {
        self.views.iter().enumerate().filter(move |(_, view)| view.split == split).map(|(i, _)| i)
    }

    /// Decodes a view's picture, of the size of its camera.
    ///
    /// # Errors
    /// [`DatasetError`] when it cannot be decoded or has another size than its camera says.
    ///
    /// # Panics
    /// When there is no such view: a bug of the caller.
    pub fn load(&self, view: usize, options: &DatasetOptions) -> Result<Picture, DatasetError> {
        let view = &self.views[view];
        Picture::load(&view.file, view.mask.as_deref(), view.lens.as_ref(), &view.camera, options)
    }
}

/// Every n-th view by name is for testing, the first of them being one.
fn split_every(views: &mut [View], every: usize) {
    for (i, view) in views.iter_mut().enumerate() {
        view.split = if every > 0 && i % every == 0 { Split::Test } else { Split::Train };
    }
}

/// Size of the picture to load, given the size of the file at hand.
fn loaded_size(size: [u32; 2], divisor: u32, max_width: u32) -> [u32; 2] {
    let divided = size.map(|side| (f64::from(side) / f64::from(divisor.max(1))).round().max(1.0));
    let shrink = (f64::from(max_width.max(1)) / divided[0]).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "smaller than the size at hand")]
    divided.map(|side| (side * shrink).round().max(1.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_divided_and_capped() {
        assert_eq!(loaded_size([4946, 3286], 4, 1600), [1237, 822]);
        assert_eq!(loaded_size([4000, 3000], 1, 1600), [1600, 1200]);
        assert_eq!(loaded_size([5, 3], 8, 1600), [1, 1]);
    }
}
