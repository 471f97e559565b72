//! Renders a scene to a PNG: `cargo run --release --example render -- SCENE OUT.png`.

use std::error::Error;
use std::path::PathBuf;

use lapidary::camera::Camera;
use lapidary::glam::DVec3;
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::renderer::{GpuScene, Outputs, Renderer};
use lapidary::scene_file;

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(scene), Some(out)) = (paths.next(), paths.next()) else {
        return Err("expected a scene file and the name of a PNG".into());
    };
    let (scene, metadata) = scene_file::load_with(&scene)?;
    let (low, high) = scene.bounds().ok_or("the scene has no convexes")?;
    let (middle, size) = (0.5 * (low + high), (high - low).length());
    let camera = Camera::look_at(middle + DVec3::new(0.6, -0.6, 0.4) * size, middle, DVec3::Z, 700.0, 800, 600);

    let gpu = Gpu::open(&GpuOptions::default())?;
    let on_gpu = GpuScene::upload(&gpu, &scene)?;
    let mut renderer = Renderer::new(&gpu, on_gpu.points_per_convex)?;
    let pictures = renderer.render(&on_gpu, &camera, &metadata.render_options(), Outputs::default())?;
    pictures.image().save_png(&out)?;
    Ok(())
}
