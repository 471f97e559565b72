//! The options of reading a dataset, which commands share.

use std::path::{Path, PathBuf};

use lapidary::dataset::{AlphaMode, Dataset, DatasetOptions, TEST_EVERY};
use lapidary::files;

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset")]
pub(crate) struct DatasetArgs {
    /// Divide width and height of the images by N; a folder `images_N` is used if there is one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    downscale: Option<u32>,
    /// Shrink wider images to this width, in pixels [default: 1600]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=8192))]
    max_width: Option<u32>,
    /// Treatment of transparency: blend the image with the background, or ignore transparent pixels [default: composite]
    #[arg(long, value_enum)]
    alpha: Option<Alpha>,
    /// Hold back every N-th image by name for testing if the dataset has no split of its own; 0 holds out none [default: those
    /// in the model's `test.txt`, else 8]
    #[arg(long, value_name = "N")]
    test_every: Option<usize>,
    /// File with the names of the images for testing, one a line
    #[arg(long, value_name = "FILE")]
    split_file: Option<PathBuf>,
    /// Folder of images, relative to the dataset or on the disk
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// File of points to start from, relative to the dataset or on the disk: PLY, or COLMAP's points3D.bin or .txt
    #[arg(long, value_name = "FILE")]
    pub(crate) points: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Alpha {
    Composite,
    Mask,
}

impl From<Alpha> for AlphaMode {
    fn from(alpha: Alpha) -> Self {
        match alpha {
            Alpha::Composite => Self::Composite,
            Alpha::Mask => Self::Mask,
        }
    }
}

impl DatasetArgs {
    /// Opens a dataset, and prints its notes to stderr if `is_told`.
    pub(crate) fn open(&self, path: &Path, background: [f32; 3], is_told: bool) -> anyhow::Result<Dataset> {
        let dataset = Dataset::open(path, &self.options(background))?;
        if is_told {
            say_notes(&dataset);
        }
        Ok(dataset)
    }

    /// The options; images with transparency are put before `background`, sRGB in 0..=1.
    pub(crate) fn options(&self, background: [f32; 3]) -> DatasetOptions {
        self.over(DatasetOptions { background, ..DatasetOptions::default() })
    }

    /// The options that are given, and those of a training for the others.
    pub(crate) fn over(&self, trained: DatasetOptions) -> DatasetOptions {
        DatasetOptions {
            downscale: self.downscale.or(trained.downscale),
            max_width: self.max_width.unwrap_or(trained.max_width),
            alpha: self.alpha.map_or(trained.alpha, AlphaMode::from),
            background: trained.background,
            test_every: self.test_every.or(trained.test_every),
            split_file: self.split_file.clone().or(trained.split_file),
            images: self.images.clone().or(trained.images),
            points: self.points.clone().or(trained.points),
        }
    }

    /// The options that are given and differ from those of a training, as they are written; points decide no image.
    pub(crate) fn other_than(&self, trained: &DatasetOptions) -> Vec<String> {
        let alpha = |mode: AlphaMode| if mode == AlphaMode::Mask { "mask" } else { "composite" };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let (split_file, images) = (&trained.split_file, &trained.images);
        let is_same = |one: &PathBuf, other: &Option<PathBuf>| {
            other.as_ref().is_some_and(|other| one == other || files::is_same(one, other))
        };
        let numbers = [
            ("--downscale", self.downscale.map(to_text), trained.downscale.unwrap_or(1).to_string()),
            ("--max-width", self.max_width.map(to_text), trained.max_width.to_string()),
            ("--alpha", self.alpha.map(|mode| alpha(mode.into()).to_owned()), alpha(trained.alpha).to_owned()),
            ("--test-every", self.test_every.map(to_text), trained.test_every.unwrap_or(TEST_EVERY).to_string()),
        ];
        let of_number = |(name, given, trained): (&str, Option<String>, String)| {
            given.filter(|given| *given != trained).map(|given| differing(name, &given, Some(trained)))
        };
        let paths = [("--split-file", &self.split_file, split_file), ("--images", &self.images, images)];
        let of_path = |(name, given, trained): (&str, &Option<PathBuf>, &Option<PathBuf>)| {
            given
                .as_ref()
                .filter(|given| !is_same(given, trained))
                .map(|given| differing(name, &given.display().to_string(), path(trained)))
        };
        numbers.into_iter().filter_map(of_number).chain(paths.into_iter().filter_map(of_path)).collect()
    }
}

/// An option, and what a training had for it.
fn differing(name: &str, given: &str, trained: Option<String>) -> String {
    format!("{name} {given} (it had {})", trained.as_deref().unwrap_or("none"))
}

fn to_text(number: impl ToString) -> String {
    number.to_string()
}

/// Prints the notes of a dataset to stderr.
pub(crate) fn say_notes(dataset: &Dataset) {
    for note in &dataset.notes {
        say!("note: {note}");
    }
}
