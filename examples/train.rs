//! Trains on a dataset and saves the scene: `cargo run --release --example train -- DATASET OUT.safetensors`.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use lapidary::dataset::{Dataset, DatasetOptions};
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::scene_file;
use lapidary::train::{TrainOptions, Trainer};

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(dataset), Some(out)) = (paths.next(), paths.next()) else {
        return Err("expected a dataset and the name of a scene file".into());
    };
    let dataset = Arc::new(Dataset::open(&dataset, &DatasetOptions::default())?);
    let gpu = Gpu::open(&GpuOptions::default())?;
    let mut options = TrainOptions { iterations: 1000, max_convexes: 3000, ..TrainOptions::default() };
    // As the program does: steps are as large in the pictures of every dataset.
    options.points_rate = options.automatic_points_rate(&dataset)?.unwrap_or(options.points_rate);
    let mut trainer = Trainer::new(&gpu, dataset, options)?;
    while !trainer.is_done() {
        // Submits a few iterations and returns the losses of earlier ones.
        if let Some(losses) = trainer.advance(u32::MAX)?.last() {
            println!("{}: L1 {:.4}", trainer.iteration(), losses.l1);
        }
    }
    scene_file::save_with(&trainer.scene()?, &trainer.metadata(), &out)?;
    Ok(())
}
