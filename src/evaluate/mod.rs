//! One set of metrics for every picture: what a scene looks like from the cameras of a dataset, or what another program drew,
//! against the truth.
//!
//! Pictures are compared as they would be stored in 8 bits. Pixels that the truth does not know, under a mask, are taken
//! from the truth: nobody is wrong there. The trainer looks at its held-back views through this module too, so its
//! figures are those of `lapidary eval`.

mod album;
mod chart;
mod folder;
mod html;
mod log;
mod report;
mod views;

use std::path::{Path, PathBuf};

pub use album::{Album, Summary, ViewMetrics, difference};
pub use chart::growth_svg;
pub use folder::PictureFolder;
pub use log::{EvaluationLine, LogLine, TrainingLine, cut_log, read_log};
pub use report::{Curve, Report, curves_of};
pub use views::SceneViews;

use crate::dataset::{Dataset, DatasetError};
use crate::files::FileError;
use crate::gpu::GpuError;
use crate::image::{Image, ImageError};
use crate::metrics::{ImageMetrics, Lpips, LpipsInput};
use crate::text;

/// Pictures that could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The truth.
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
    /// Nothing to compare.
    #[error("{} holds no picture (PNG, JPEG or WebP)", path.display())]
    NoPictures {
        /// The folder.
        path: PathBuf,
    },
    /// Pictures that the truth has and the folder has not.
    #[error("{} lacks {} of {of} pictures: {}", path.display(), missing.len(), listed(missing))]
    Missing {
        /// The folder.
        path: PathBuf,
        /// Names of the truth.
        missing: Vec<String>,
        /// How many there should be.
        of: usize,
    },
    /// Two files that could be the picture of one name.
    #[error("{} and {} are both called {}", first.display(), second.display(), text::quoted(name))]
    Ambiguous {
        /// A file.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
        /// Their name without folder and extension.
        name: String,
    },
    /// A picture that is not of the size of the truth.
    #[error(
        "{picture} has {}×{} pixels, the truth {} has {}×{}; --downscale and --max-width decide the size of a \
         dataset's pictures",
        found[0], found[1], text::quoted(name), expected[0], expected[1]
    )]
    Size {
        /// The picture's file, or what it is.
        picture: String,
        /// The truth.
        name: String,
        /// Width and height of the picture.
        found: [usize; 2],
        /// Width and height of the truth.
        expected: [usize; 2],
    },
}

/// The first names of a long list.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).map(|name| text::quoted(name)).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

/// What is measured: PSNR and SSIM always, LPIPS where there are weights.
#[derive(Debug, Default)]
pub struct Metrics {
    lpips: Option<(Lpips, Vec<LpipsInput>)>,
}

impl Metrics {
    /// Metrics with LPIPS in the convention of 3DGS, and where asked for in the normalised one as well.
    #[must_use]
    pub fn with_lpips(lpips: Lpips, also_normalised: bool) -> Self {
        let mut inputs = vec![LpipsInput::ZeroToOne];
        inputs.extend(also_normalised.then_some(LpipsInput::MinusOneToOne));
        Self { lpips: Some((lpips, inputs)) }
    }

    fn measure(&self, image: &Image, truth: &Image) -> ImageMetrics {
        match &self.lpips {
            Some((lpips, inputs)) => ImageMetrics::with_lpips(image, truth, lpips, inputs),
            None => ImageMetrics::of(image, truth),
        }
    }
}

/// What a picture should look like.
#[derive(Debug, Clone)]
pub struct GroundTruth {
    /// As the dataset or the folder names it.
    pub name: String,
    /// The picture.
    pub image: Image,
    /// Indices of the pixels that it says nothing about.
    unknown: Vec<usize>,
}

/// Weight of a pixel, 0 to 255, from which on it is known.
const KNOWN: u8 = 128;

impl GroundTruth {
    /// Loads the picture of a view.
    ///
    /// # Errors
    /// [`DatasetError`] when it cannot be decoded, or there is no such view.
    pub fn of_view(dataset: &Dataset, view: usize) -> Result<Self, DatasetError> {
        let picture = dataset.load(view)?;
        let data = picture.pixels.iter().flat_map(|p| [p[0], p[1], p[2]].map(|channel| f32::from(channel) / 255.0));
        let unknown = picture.pixels.iter().enumerate().filter(|(_, pixel)| pixel[3] < KNOWN).map(|(i, _)| i);
        Ok(Self {
            name: dataset.views.get(view).map_or_else(String::new, |view| view.name.clone()),
            image: Image::new(picture.width as usize, picture.height as usize, data.collect()),
            unknown: unknown.collect(),
        })
    }

    /// Loads a picture that is all there is to know.
    ///
    /// # Errors
    /// [`ImageError`] naming the file.
    pub fn of_file(name: &str, path: &Path) -> Result<Self, ImageError> {
        Ok(Self { name: name.to_owned(), image: Image::load(path)?, unknown: Vec::new() })
    }

    /// Compares a picture with it. `what` is what messages call the picture.
    ///
    /// # Errors
    /// [`EvaluateError::Size`] when the sizes differ.
    pub fn judge(self, mut image: Image, what: &str, metrics: &Metrics) -> Result<Evaluated, EvaluateError> {
        let (found, expected) = ([image.width, image.height], [self.image.width, self.image.height]);
        if found != expected {
            return Err(EvaluateError::Size { picture: what.to_owned(), name: self.name, found, expected });
        }
        for i in self.unknown {
            image.data[i * 3..i * 3 + 3].copy_from_slice(&self.image.data[i * 3..i * 3 + 3]);
        }
        let measured = metrics.measure(&image, &self.image);
        Ok(Evaluated { name: self.name, image, truth: self.image, metrics: measured })
    }
}

/// A picture after a look at it.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// As the dataset or the folder names the truth.
    pub name: String,
    /// What there is to see.
    pub image: Image,
    /// What should be seen.
    pub truth: Image,
    /// How alike they are.
    pub metrics: ImageMetrics,
}
