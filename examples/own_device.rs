//! Renders on a device that the caller opened, as a program does that has a wgpu device already:
//! `cargo run --release --example own_device -- OUT.png`.

use std::error::Error;
use std::path::PathBuf;

use lapidary::camera::{Camera, RenderOptions};
use lapidary::glam::DVec3;
use lapidary::gpu::Gpu;
use lapidary::renderer::{GpuScene, Outputs, Renderer};
use lapidary::scene::{Params, Scene};
use lapidary::wgpu;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args_os().nth(1).map(PathBuf::from).ok_or("expected the name of a PNG")?;
    let (adapter, device, queue) = pollster::block_on(open())?;
    let gpu = Gpu::from_device(&adapter, device.clone(), queue)?;

    let scene = octahedron();
    let camera = Camera::look_at(DVec3::new(2.0, -3.0, 1.5), DVec3::ZERO, DVec3::Z, 400.0, 400, 300);
    let on_gpu = GpuScene::upload(&gpu, &scene)?;
    let mut renderer = Renderer::new(&gpu, on_gpu.points_per_convex)?;
    let pictures = renderer.render(&on_gpu, &camera, &RenderOptions::default(), Outputs::default())?;
    pictures.image().save_png(&out)?;
    println!("{} instances on {}", pictures.num_instances, gpu.name());
    Ok(())
}

/// A device with WebGPU's default limits, which are all that lapidary needs; it uses subgroups and timestamps where they are enabled.
async fn open() -> Result<(wgpu::Adapter, wgpu::Device, wgpu::Queue), Box<dyn Error>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = instance.request_adapter(&wgpu::RequestAdapterOptions::default()).await?;
    let (device, queue) = adapter.request_device(&wgpu::DeviceDescriptor::default()).await?;
    Ok((adapter, device, queue))
}

/// One orange convex with six points on the axes.
fn octahedron() -> Scene {
    let mut scene = Scene::empty(6, 0);
    let points: Vec<f32> =
        DVec3::AXES.iter().flat_map(|axis| [*axis, -*axis]).flat_map(|p| p.as_vec3().to_array()).collect();
    let mut sh = [0.0; 48];
    // The constant function of the harmonics has the value 0.282, and a colour is that plus a half.
    sh[..3].copy_from_slice(&[1.5, 0.2, -1.5]);
    scene.push(Params { points: &points, log_delta: &[3.0], log_sigma: &[1.0], raw_opacity: &[4.0], sh: &sh });
    scene
}
