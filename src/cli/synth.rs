//! `lapidary synth`: makes the embedded synthetic dataset.

use std::path::PathBuf;
use std::time::Instant;

use lapidary::synth::{self, SynthOptions, SynthSummary};

use super::Size;
use super::progress::{self, Parts};

/// Makes a small exact dataset: cut gems on a checkered table, seen from all around.
///
/// The folder gets images, cameras for readers of NeRF and COLMAP, points, depth maps and the exact scene; its README.txt
/// describes the files. The same options give the same files.
#[derive(Debug, clap::Args)]
pub(crate) struct SynthArgs {
    /// Folder to write into; it is created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of views for training
    #[arg(long, value_name = "N", default_value_t = SynthOptions::default().views)]
    views: u32,
    /// Number of views for testing, spread among the others
    #[arg(long, value_name = "N", default_value_t = SynthOptions::default().test_views)]
    test_views: u32,
    /// Size of the images in pixels
    #[arg(long, value_name = "WxH", default_value = "256x192")]
    size: Size,
    /// Seed of the cameras, of the turns of the gems and of the shades of their facets
    #[arg(long, value_name = "SEED", default_value_t = SynthOptions::default().seed)]
    seed: u64,
    /// Write into DIR even if it is not empty; numbered images of an earlier run are removed
    #[arg(long)]
    overwrite: bool,
}

/// Makes the dataset and says what was made.
pub(crate) fn run(args: &SynthArgs) -> anyhow::Result<()> {
    let Size { width, height } = args.size;
    let options = SynthOptions {
        views: args.views,
        test_views: args.test_views,
        width,
        height,
        seed: args.seed,
        overwrite: args.overwrite,
        ..SynthOptions::default()
    };
    let begin = Instant::now();
    let count = u64::from(args.views) + u64::from(args.test_views);
    let size = progress::large(options.about_bytes());
    let parts =
        Parts::begin(format!("making {count} images of {width}x{height} and their depth maps{size}"), 2 * count, false);
    let report = |done: usize| parts.set(done as u64);
    let SynthSummary { train, test, points, convexes } = synth::write(&args.out, &options, &report)?;
    drop(parts);
    tell!(
        "{train} training and {test} test images of {width}x{height}, {points} points, {convexes} exact convexes in {} ({:.1} s)",
        args.out.display(),
        begin.elapsed().as_secs_f64(),
    );
    Ok(())
}
