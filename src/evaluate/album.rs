//! The evaluated views: their metrics, their pictures on the disk, and small pictures for the report and the sheet.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageEncoder as _, RgbImage};
use serde::Serialize;

use super::error::EvaluateError;
use super::ground_truth::Evaluated;
use crate::files;
use crate::image::{Image, ImageError};
use crate::metrics::{ImageMetrics, difference_map};
use crate::real::to_u32;

/// Most views whose pictures are kept for the report and the sheet; metrics are kept of all views.
const MAX_THUMBNAILS: usize = 32;

/// Widest picture and truth in a report, where they can be enlarged, and widest map of differences, pixels.
const PICTURE_WIDTH: u32 = 960;
const DIFFERENCE_WIDTH: u32 = 560;

/// Width of a picture in the sheet, pixels.
const CELL_WIDTH: u32 = 200;

/// Pixels between pictures of the sheet.
const GAP: u32 = 4;

/// Quality of the JPEG pictures in a report.
const QUALITY: u8 = 86;

/// The metrics of one view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ViewMetrics {
    /// The name of the view in the dataset.
    pub name: String,
    /// The metrics of the picture against the ground truth.
    #[serde(flatten)]
    pub metrics: ImageMetrics,
}

/// The means and the metrics of every view. Measures that were not taken are absent; without views the means are `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// PSNR, dB.
    pub psnr: Option<f64>,
    /// Mean structural similarity.
    pub ssim: Option<f64>,
    /// LPIPS of VGG16 in the convention of 3DGS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lpips_vgg: Option<f64>,
    /// LPIPS of VGG16 with input in −1..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lpips_vgg_normalised: Option<f64>,
    /// The metrics of each view.
    pub views: Vec<ViewMetrics>,
}

/// The small pictures of a view for the report and the sheet.
#[derive(Debug)]
pub(super) struct Thumbnails {
    pub(super) name: String,
    pub(super) metrics: ImageMetrics,
    /// Width and height of picture and truth.
    pub(super) size: [u32; 2],
    /// Picture, truth and difference as JPEG.
    pub(super) pictures: [Vec<u8>; 3],
    /// The same for the sheet.
    cells: [RgbImage; 3],
}

/// Collects evaluated views.
#[derive(Debug)]
pub struct Album {
    views: Vec<ViewMetrics>,
    pub(super) thumbnails: Vec<Thumbnails>,
    /// Every so many-th view gets thumbnails.
    thumbnail_every: usize,
}

impl Album {
    /// An album of so many views.
    #[must_use]
    pub fn new(num_views: usize) -> Self {
        Self { views: Vec::new(), thumbnails: Vec::new(), thumbnail_every: num_views.div_ceil(MAX_THUMBNAILS).max(1) }
    }

    /// Adds a view; with the stem of files, `DIR/NAME`, writes `NAME.png`, `NAME_truth.png` and `NAME_difference.png`.
    ///
    /// # Errors
    /// [`EvaluateError`] naming the file that could not be written.
    pub fn add(&mut self, view: &Evaluated, stem: Option<&Path>) -> Result<(), EvaluateError> {
        let has_thumbnails = self.views.len().is_multiple_of(self.thumbnail_every);
        if has_thumbnails || stem.is_some() {
            let difference = difference_map(&view.image, &view.truth);
            if let Some(stem) = stem {
                view.image.save_png(&with_ending(stem, ".png"))?;
                view.truth.save_png(&with_ending(stem, "_truth.png"))?;
                save(&difference, &with_ending(stem, "_difference.png"))?;
            }
            if has_thumbnails {
                self.thumbnails.push(Thumbnails::of(view, difference)?);
            }
        }
        self.views.push(ViewMetrics { name: view.name.clone(), metrics: view.metrics });
        Ok(())
    }

    /// The metrics of all views.
    #[must_use]
    pub fn metrics(&self) -> Vec<ImageMetrics> {
        self.views.iter().map(|view| view.metrics).collect()
    }

    /// The part of `metrics.json` about pictures.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mean = ImageMetrics::mean(&self.metrics());
        Summary {
            psnr: mean.map(|mean| mean.psnr),
            ssim: mean.map(|mean| mean.ssim),
            lpips_vgg: mean.and_then(|mean| mean.lpips_vgg),
            lpips_vgg_normalised: mean.and_then(|mean| mean.lpips_vgg_normalised),
            views: self.views.clone(),
        }
    }

    /// Small pictures of the views in one: picture, truth and difference side by side, row-major in the order of the
    /// views. `None` without views.
    #[must_use]
    pub fn sheet(&self) -> Option<Image> {
        let height = self.thumbnails.iter().map(|thumbnails| thumbnails.cells[0].height()).max()?;
        let number = u32::try_from(self.thumbnails.len()).ok()?;
        // Groups of three are wide: about half as many columns of them as rows look well.
        let columns = (1..=4).rev().find(|columns| columns * columns * 2 <= number).unwrap_or(1);
        let [cell, row] = [CELL_WIDTH + GAP, height + GAP];
        let group = 3 * cell + 2 * GAP;
        let mut sheet = RgbImage::from_pixel(
            columns * group - 2 * GAP + GAP,
            number.div_ceil(columns) * row + GAP,
            image::Rgb([24, 24, 27]),
        );
        for (i, thumbnails) in (0..).zip(&self.thumbnails) {
            for (k, picture) in (0..).zip(&thumbnails.cells) {
                let x = GAP + i % columns * group + k * cell;
                let y = GAP + i / columns * row;
                imageops::replace(&mut sheet, picture, x.into(), y.into());
            }
        }
        let data = sheet.as_raw().iter().map(|byte| f32::from(*byte) / 255.0).collect();
        Some(Image::new(sheet.width() as usize, sheet.height() as usize, data))
    }
}

impl Thumbnails {
    fn of(view: &Evaluated, difference: RgbImage) -> Result<Self, EvaluateError> {
        let [image, truth] = [&view.image, &view.truth].map(|image| fitted(rgb8(image), PICTURE_WIDTH));
        let small = [image, truth, fitted(difference, DIFFERENCE_WIDTH)];
        let encode = |picture: &RgbImage| {
            let content = |reason| ImageError::Content { path: view.name.clone().into(), reason };
            jpeg(picture).map_err(content)
        };
        Ok(Self {
            name: view.name.clone(),
            metrics: view.metrics,
            size: small[0].dimensions().into(),
            pictures: [encode(&small[0])?, encode(&small[1])?, encode(&small[2])?],
            cells: small.map(|picture| fitted(picture, CELL_WIDTH)),
        })
    }
}

/// A path with an ending behind its last part, which may hold dots.
fn with_ending(stem: &Path, ending: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn rgb8(image: &Image) -> RgbImage {
    picture_of(image, image.to_rgb8())
}

/// A picture of the size of an image.
fn picture_of(image: &Image, bytes: Vec<u8>) -> RgbImage {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(0);
    RgbImage::from_raw(side(image.width), side(image.height), bytes).unwrap_or_default()
}

fn save(picture: &RgbImage, path: &Path) -> Result<(), EvaluateError> {
    let mut png = Cursor::new(Vec::new());
    picture
        .write_to(&mut png, image::ImageFormat::Png)
        .map_err(|error| ImageError::Content { path: path.into(), reason: error.to_string() })?;
    Ok(files::write_atomically(path, &png.into_inner())?)
}

/// Made as wide as asked for where it is wider, and a hundred times as high as wide at most.
fn fitted(picture: RgbImage, width: u32) -> RgbImage {
    if picture.width() <= width {
        return picture;
    }
    let height = u64::from(picture.height()) * u64::from(width) / u64::from(picture.width().max(1));
    let height = to_u32(height).clamp(1, width.saturating_mul(100));
    imageops::resize(&picture, width, height, FilterType::Triangle)
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, String> {
    let mut bytes = Cursor::new(Vec::new());
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(name: &str, size: [usize; 2]) -> Evaluated {
        let image = Image::filled(size[0], size[1], [0.25, 0.5, 0.75]);
        let truth = Image::filled(size[0], size[1], [0.25, 0.5, 0.0]);
        let metrics = ImageMetrics::of(&image, &truth);
        Evaluated { name: name.to_owned(), image, truth, metrics }
    }

    #[test]
    fn metrics_are_kept_of_all_views_and_pictures_of_some() {
        let folder = tempfile::tempdir().unwrap();
        let mut album = Album::new(100);
        assert!(album.sheet().is_none());
        for i in 0..100 {
            let stem = (i == 3).then(|| folder.path().join("cam_3.v2"));
            album.add(&evaluated(&format!("cam/{i}.jpg"), [8, 6]), stem.as_deref()).unwrap();
        }
        assert_eq!((album.summary().views.len(), album.thumbnails.len()), (100, 25));
        let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["cam_3.v2.png", "cam_3.v2_difference.png", "cam_3.v2_truth.png"]);
        let sheet = album.sheet().unwrap();
        assert!(sheet.width > 3 * 3 * CELL_WIDTH as usize && sheet.height > 7 * 6, "{}×{}", sheet.width, sheet.height);
    }

    #[test]
    fn thumbnails_of_large_pictures_keep_their_shape() {
        let mut album = Album::new(1);
        album.add(&evaluated("large", [1920, 400]), None).unwrap();
        assert_eq!(album.thumbnails[0].size, [PICTURE_WIDTH, 200]);
        let decoded = image::load_from_memory(&album.thumbnails[0].pictures[0]).unwrap();
        assert_eq!([decoded.width(), decoded.height()], [PICTURE_WIDTH, 200]);
    }
}
