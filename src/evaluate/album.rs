//! Views one after the other: their figures, their pictures on the disk, and small ones for the report and the sheet.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageEncoder as _, RgbImage};
use serde::Serialize;

use super::{EvaluateError, Evaluated};
use crate::files;
use crate::image::{Image, ImageError, quantise};
use crate::metrics::ImageMetrics;

/// Views whose pictures are kept for the report and the sheet at most; figures are kept of all.
const MAX_CARDS: usize = 48;

/// Widest picture in a report, pixels.
const CARD_WIDTH: u32 = 560;

/// Width of a picture in the sheet, pixels.
const CELL_WIDTH: u32 = 200;

/// Pixels between pictures of the sheet.
const GAP: u32 = 4;

/// Quality of the JPEG pictures in a report.
const QUALITY: u8 = 88;

/// Difference, in parts of the whole range, that a difference map shows brightest.
pub(super) const FULL_DIFFERENCE: f32 = 0.25;

/// Colours of a difference map from none to [`FULL_DIFFERENCE`], evenly apart: dark to bright for any eye.
pub(super) const RAMP: [[f32; 3]; 6] = [
    [0.0, 0.0, 0.02],
    [0.26, 0.04, 0.41],
    [0.58, 0.15, 0.40],
    [0.87, 0.32, 0.23],
    [0.99, 0.65, 0.04],
    [0.99, 1.0, 0.75],
];

/// Figures of a view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ViewMetrics {
    /// As the dataset names it.
    pub name: String,
    /// How alike picture and truth are.
    #[serde(flatten)]
    pub metrics: ImageMetrics,
}

/// Means, and every view. Absent is what was not measured, and `null` what there is no view for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// dB
    pub psnr: Option<f64>,
    /// Mean structural similarity.
    pub ssim: Option<f64>,
    /// LPIPS of VGG16 in the convention of 3DGS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lpips_vgg: Option<f64>,
    /// LPIPS of VGG16 with input in −1..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lpips_vgg_normalised: Option<f64>,
    /// One by one.
    pub views: Vec<ViewMetrics>,
}

/// A view in the report and the sheet.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) metrics: ImageMetrics,
    /// Width and height of the small pictures.
    pub(super) size: [u32; 2],
    /// Picture, truth and difference as JPEG.
    pub(super) pictures: [Vec<u8>; 3],
    /// The same for the sheet.
    cells: [RgbImage; 3],
}

/// Collects views.
#[derive(Debug)]
pub struct Album {
    views: Vec<ViewMetrics>,
    pub(super) cards: Vec<Card>,
    /// Every so many-th view gets a card.
    card_every: usize,
}

impl Album {
    /// An album of so many views.
    #[must_use]
    pub fn new(num_views: usize) -> Self {
        Self { views: Vec::new(), cards: Vec::new(), card_every: num_views.div_ceil(MAX_CARDS).max(1) }
    }

    /// Takes up a view; with the stem of files, `DIR/NAME`, writes `NAME.png`, `NAME_truth.png` and `NAME_difference.png`.
    ///
    /// # Errors
    /// [`EvaluateError`] naming the file that could not be written.
    pub fn add(&mut self, view: &Evaluated, stem: Option<&Path>) -> Result<(), EvaluateError> {
        let wants_card = self.views.len().is_multiple_of(self.card_every);
        if wants_card || stem.is_some() {
            let difference = difference(&view.image, &view.truth);
            if let Some(stem) = stem {
                view.image.save_png(&with_ending(stem, ".png"))?;
                view.truth.save_png(&with_ending(stem, "_truth.png"))?;
                save(&difference, &with_ending(stem, "_difference.png"))?;
            }
            if wants_card {
                self.cards.push(Card::of(view, difference)?);
            }
        }
        self.views.push(ViewMetrics { name: view.name.clone(), metrics: view.metrics });
        Ok(())
    }

    /// Figures of all views.
    #[must_use]
    pub fn metrics(&self) -> Vec<ImageMetrics> {
        self.views.iter().map(|view| view.metrics).collect()
    }

    /// What `metrics.json` says about pictures.
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
        let height = self.cards.iter().map(|card| card.cells[0].height()).max()?;
        let number = u32::try_from(self.cards.len()).ok()?;
        // Groups of three are wide: about half as many columns of them as rows look well.
        let columns = (1..=4).rev().find(|columns| columns * columns * 2 <= number).unwrap_or(1);
        let [cell, row] = [CELL_WIDTH + GAP, height + GAP];
        let group = 3 * cell + 2 * GAP;
        let mut sheet = RgbImage::from_pixel(
            columns * group - 2 * GAP + GAP,
            number.div_ceil(columns) * row + GAP,
            image::Rgb([24, 24, 27]),
        );
        for (i, card) in (0..).zip(&self.cards) {
            for (k, picture) in (0..).zip(&card.cells) {
                let x = GAP + i % columns * group + k * cell;
                let y = GAP + i / columns * row;
                imageops::replace(&mut sheet, picture, x.into(), y.into());
            }
        }
        let data = sheet.as_raw().iter().map(|byte| f32::from(*byte) / 255.0).collect();
        Some(Image::new(sheet.width() as usize, sheet.height() as usize, data))
    }
}

impl Card {
    fn of(view: &Evaluated, difference: RgbImage) -> Result<Self, EvaluateError> {
        let small = [rgb8(&view.image), rgb8(&view.truth), difference].map(|picture| fitted(picture, CARD_WIDTH));
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

/// A path with something behind its last part, which may hold dots.
fn with_ending(stem: &Path, ending: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// How far apart two pictures of one size are, pixel by pixel: the mean of the channels' distances, in colours from dark
/// to bright; a quarter of the range and more is brightest.
#[must_use]
pub fn difference(image: &Image, truth: &Image) -> RgbImage {
    let pixels = image.data.chunks_exact(3).zip(truth.data.chunks_exact(3));
    let distance =
        |(a, b): (&[f32], &[f32])| a.iter().zip(b).map(|(a, b)| (a.clamp(0.0, 1.0) - b).abs()).sum::<f32>() / 3.0;
    let bytes = pixels.flat_map(|pixel| ramp(distance(pixel) / FULL_DIFFERENCE).map(quantise));
    picture_of(image, bytes.collect())
}

/// The colour at a place of the ramp, 0 to 1; beyond its ends, its ends.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the length of the ramp")]
fn ramp(place: f32) -> [f32; 3] {
    let steps = (RAMP.len() - 1) as f32;
    let place = place.clamp(0.0, 1.0) * steps;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(RAMP.len() - 1);
    std::array::from_fn(|i| RAMP[low][i] + part * (RAMP[high][i] - RAMP[low][i]))
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
    let height = u32::try_from(height).unwrap_or(u32::MAX).clamp(1, width.saturating_mul(100));
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
    fn differences_by_hand() {
        let view = evaluated("a", [2, 1]);
        let colour = |rgb: &[u8]| rgb.iter().map(|x| (f32::from(*x) / 2.55).round()).collect::<Vec<f32>>();
        assert_eq!(
            colour(&difference(&view.image, &view.truth).as_raw()[..3]),
            [99.0, 100.0, 75.0],
            "0.25 is brightest"
        );
        assert_eq!(colour(&difference(&view.truth, &view.truth).as_raw()[..3]), [0.0, 0.0, 2.0]);
        let tenth = Image::filled(1, 1, [0.1; 3]);
        assert_eq!(colour(&difference(&tenth, &Image::filled(1, 1, [0.05; 3]))), [26.0, 4.0, 41.0], "a step of five");
    }

    #[test]
    fn an_album_keeps_figures_of_all_and_pictures_of_some() {
        let folder = tempfile::tempdir().unwrap();
        let mut album = Album::new(100);
        assert!(album.sheet().is_none());
        for i in 0..100 {
            let stem = (i == 3).then(|| folder.path().join("cam_3.v2"));
            album.add(&evaluated(&format!("cam/{i}.jpg"), [8, 6]), stem.as_deref()).unwrap();
        }
        assert_eq!((album.summary().views.len(), album.cards.len()), (100, 34));
        let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["cam_3.v2.png", "cam_3.v2_difference.png", "cam_3.v2_truth.png"]);
        let sheet = album.sheet().unwrap();
        assert!(sheet.width > 3 * 3 * CELL_WIDTH as usize && sheet.height > 10 * 6, "{}×{}", sheet.width, sheet.height);
    }

    #[test]
    fn large_pictures_become_small_cards_of_the_same_shape() {
        let mut album = Album::new(1);
        album.add(&evaluated("large", [1120, 400]), None).unwrap();
        assert_eq!(album.cards[0].size, [CARD_WIDTH, 200]);
        let decoded = image::load_from_memory(&album.cards[0].pictures[0]).unwrap();
        assert_eq!([decoded.width(), decoded.height()], [CARD_WIDTH, 200]);
    }
}
