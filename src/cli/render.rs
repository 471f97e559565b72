//! `lapidary render`: a saved scene to a picture.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use lapidary::camera::{Camera, RenderOptions};
use lapidary::constants::NEAR;
use lapidary::dataset::transforms::Transforms;
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::image::Image;
use lapidary::renderer::{GpuScene, Renderer};
use lapidary::scene::Scene;
use lapidary::{reference, scene_file};

use super::{SharedArgs, Size};

#[derive(Debug, clap::Args)]
pub(crate) struct RenderArgs {
    /// Scene file, as `lapidary synth` writes
    scene: PathBuf,
    /// Cameras: a transforms.json of NeRF, Blender or nerfstudio
    #[arg(long, value_name = "FILE")]
    cameras: PathBuf,
    /// Which of the cameras, from 0
    #[arg(long, default_value_t = 0, value_name = "INDEX")]
    view: usize,
    /// PNG to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Width and height in pixels; those of the camera if nothing is said
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// Colour behind everything: red, green and blue, each 0 to 1
    #[arg(long, value_parser = colour, default_value = "0,0,0", value_name = "R,G,B")]
    background: [f32; 3],
    /// Convexes nearer than this are not drawn, in scene units
    #[arg(long, default_value_t = NEAR, value_parser = positive, value_name = "DEPTH")]
    near: f64,
    /// Render on the processor, with the reference that the GPU is measured against
    #[arg(long)]
    reference: bool,
}

pub(crate) fn run(args: &RenderArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let start = Instant::now();
    let scene = scene_file::load(&args.scene)?;
    let camera = camera(args)?;
    let options = RenderOptions { near: args.near, background: args.background };
    let (image, device) = if args.reference {
        let frame = reference::forward(&scene, &camera, &options);
        (Image::new(frame.width, frame.height, frame.rgb), "the processor".to_owned())
    } else {
        on_gpu(&scene, &camera, &options, shared)?
    };
    image.save_png(&args.out)?;
    println!(
        "{}: {}×{} pixels, {} convexes, {:.1} s on {device}",
        args.out.display(),
        camera.width,
        camera.height,
        scene.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn on_gpu(
    scene: &Scene,
    camera: &Camera,
    options: &RenderOptions,
    shared: &SharedArgs,
) -> anyhow::Result<(Image, String)> {
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    let scene = GpuScene::upload(&gpu, scene)?;
    let pictures = Renderer::new(&gpu, scene.points_per_convex)?.render(&scene, camera, options, false)?;
    Ok((pictures.image(), gpu.name().to_owned()))
}

fn camera(args: &RenderArgs) -> anyhow::Result<Camera> {
    let size = args.size.map(|size| (size.width, size.height));
    let camera = Transforms::load(&args.cameras)
        .and_then(|transforms| transforms.camera(&args.cameras, args.view, size))
        .context("--cameras")?;
    camera.check().context("--size")?;
    Ok(camera)
}

fn colour(text: &str) -> Result<[f32; 3], String> {
    let channels: Vec<f32> = text.split(',').filter_map(|channel| channel.trim().parse().ok()).collect();
    <[f32; 3]>::try_from(channels)
        .ok()
        .filter(|channels| channels.iter().all(|channel| (0.0..=1.0).contains(channel)))
        .ok_or_else(|| "expected three numbers from 0 to 1, like 1,1,1".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
    value.ok_or_else(|| "expected a number above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_three_numbers_from_0_to_1() {
        assert_eq!(colour("1, 0.5,0"), Ok([1.0, 0.5, 0.0]));
        for wrong in ["", "1,1", "1,1,1,1", "2,0,0", "a,b,c", "NaN,0,0"] {
            assert!(colour(wrong).is_err(), "{wrong}");
        }
    }
}
