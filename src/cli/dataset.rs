//! The options of reading a dataset, which commands share.

use std::path::{Path, PathBuf};

use lapidary::dataset::{AlphaMode, Dataset, DatasetOptions};

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset")]
pub(crate) struct DatasetArgs {
    /// Divide width and height of the pictures by N; a folder `images_N` is used if there is one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    downscale: Option<u32>,
    /// Shrink wider pictures to this width, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 1600, value_parser = clap::value_parser!(u32).range(1..=8192))]
    max_width: u32,
    /// Treatment of transparency: blend the picture with the background, or ignore transparent pixels
    #[arg(long, value_enum, default_value = "composite")]
    alpha: Alpha,
    /// Hold back every N-th picture by name for testing if the dataset has no split of its own; 0 holds back none
    #[arg(long, default_value_t = 8, value_name = "N")]
    test_every: usize,
    /// File with the names of the pictures for testing, one a line
    #[arg(long, value_name = "FILE")]
    split_file: Option<PathBuf>,
    /// Folder of pictures, relative to the dataset or on the disk
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

impl DatasetArgs {
    /// Opens a dataset, and prints its notes to stderr if `is_told`.
    pub(crate) fn open(&self, path: &Path, background: [f32; 3], is_told: bool) -> anyhow::Result<Dataset> {
        let dataset = Dataset::open(path, &self.options(background))?;
        if is_told {
            say_notes(&dataset);
        }
        Ok(dataset)
    }

    /// The options; pictures with transparency are put before `background`, sRGB in 0..=1.
    pub(crate) fn options(&self, background: [f32; 3]) -> DatasetOptions {
        DatasetOptions {
            downscale: self.downscale,
            max_width: self.max_width,
            alpha: match self.alpha {
                Alpha::Composite => AlphaMode::Composite,
                Alpha::Mask => AlphaMode::Mask,
            },
            background,
            test_every: self.test_every,
            split_file: self.split_file.clone(),
            images: self.images.clone(),
            points: self.points.clone(),
        }
    }
}

/// Prints the notes of a dataset to stderr.
pub(crate) fn say_notes(dataset: &Dataset) {
    for note in &dataset.notes {
        say!("note: {note}");
    }
}
