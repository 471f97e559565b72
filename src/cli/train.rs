//! `lapidary train`: from photographs to a scene.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use lapidary::dataset::{Dataset, DatasetOptions};
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::metrics::Likeness;
use lapidary::scene_file;
use lapidary::train::{TrainOptions, Trainer};

use super::SharedArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// Folder with photographs and cameras: COLMAP, Blender or nerfstudio
    dataset: PathBuf,
    /// Folder to write into; created where it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Any option as NAME=VALUE, as in a configuration file
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Divides width and height of the pictures
    #[arg(long, default_value_t = 1, value_name = "N")]
    downscale: u32,
}

pub(crate) fn run(args: &TrainArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let options: TrainOptions = toml::from_str(&args.set.join("\n"))?;
    let dataset_options =
        DatasetOptions { downscale: args.downscale, background: options.background, ..DatasetOptions::default() };
    let dataset = Arc::new(Dataset::open(&args.dataset, &dataset_options)?);
    for note in &dataset.notes {
        eprintln!("note: {note}");
    }
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    let begin = Instant::now();
    let mut trainer = Trainer::new(&gpu, dataset, dataset_options, options)?;
    let mut seen = 0;
    while !trainer.is_done() {
        let losses = trainer.advance(u32::MAX)?;
        if trainer.iteration() / 200 != seen {
            seen = trainer.iteration() / 200;
            let mean = losses.iter().map(|loss| loss.l1).sum::<f32>() / losses.len().max(1) as f32;
            let ssim = losses.iter().map(|loss| loss.ssim).sum::<f32>() / losses.len().max(1) as f32;
            println!(
                "{:6} {:7.1} s  l1 {mean:.4} ssim {ssim:.4}  {} convexes",
                trainer.iteration(),
                begin.elapsed().as_secs_f64(),
                trainer.num_convexes()
            );
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let evaluated = trainer.evaluate_all()?;
    for view in &evaluated {
        view.image.save_png(&args.out.join(format!("test/{:04}.png", view.view)))?;
        view.truth.save_png(&args.out.join(format!("test/{:04}_truth.png", view.view)))?;
    }
    scene_file::save(&trainer.scene()?, &args.out.join("scene.safetensors"))?;
    let likeness: Vec<Likeness> = evaluated.iter().map(|view| view.likeness).collect();
    if let Some(mean) = Likeness::mean(&likeness) {
        println!("PSNR {:.2} SSIM {:.4} {} convexes {seconds:.1} s", mean.psnr, mean.ssim, trainer.num_convexes());
    }
    Ok(())
}
