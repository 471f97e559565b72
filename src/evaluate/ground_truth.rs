//! The ground truth of a picture, and the comparison with it.

use std::path::Path;
use web_time::Instant;

use super::error::EvaluateError;
use crate::dataset::{Dataset, DatasetError};
use crate::image::{Image, ImageError};
use crate::metrics::{ImageMetrics, Lpips, LpipsInput};

/// The metrics that are measured: PSNR and SSIM always, LPIPS where there are weights.
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

    /// Whether LPIPS is measured.
    #[must_use]
    pub const fn has_lpips(&self) -> bool {
        self.lpips.is_some()
    }

    /// Seconds that the metrics take for a pixel, measured on a small grey picture.
    #[must_use]
    pub fn seconds_per_pixel(&self) -> f64 {
        let grey = Image::new(SAMPLE_SIDE, SAMPLE_SIDE, vec![0.5; 3 * SAMPLE_SIDE * SAMPLE_SIDE]);
        let begin = Instant::now();
        self.measure(&grey, &grey);
        begin.elapsed().as_secs_f64() / (SAMPLE_SIDE * SAMPLE_SIDE) as f64
    }

    fn measure(&self, image: &Image, truth: &Image) -> ImageMetrics {
        match &self.lpips {
            Some((lpips, inputs)) => ImageMetrics::with_lpips(image, truth, lpips, inputs),
            None => ImageMetrics::of(image, truth),
        }
    }
}

/// Side of the picture that the time of metrics is measured on, pixels.
const SAMPLE_SIDE: usize = 128;

/// The picture that a rendered one is compared with.
#[derive(Debug, Clone)]
pub struct GroundTruth {
    /// The name in the dataset or the folder.
    pub name: String,
    /// The picture.
    pub image: Image,
    /// Indices of the pixels that do not count.
    unknown: Vec<usize>,
}

/// Weight of a pixel, 0 to 255, from which on it counts.
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

    /// Loads the picture of a file; all of its pixels count.
    ///
    /// # Errors
    /// [`ImageError`] naming the file.
    pub fn of_file(name: &str, path: &Path) -> Result<Self, ImageError> {
        Ok(Self { name: name.to_owned(), image: Image::load(path)?, unknown: Vec::new() })
    }

    /// Compares a picture with it. `what` describes the picture in messages.
    ///
    /// # Errors
    /// [`EvaluateError::Size`] when the sizes differ.
    pub fn compare(self, mut image: Image, what: &str, metrics: &Metrics) -> Result<Evaluated, EvaluateError> {
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

/// A picture with its metrics.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// The name of the ground truth in the dataset or the folder.
    pub name: String,
    /// The rendered picture.
    pub image: Image,
    /// The ground truth.
    pub truth: Image,
    /// The metrics of the picture against the ground truth.
    pub metrics: ImageMetrics,
}
