//! Time of the kernels and of whole passes: `cargo bench --bench kernels`.
//!
//! Every sample records, submits and waits, so the smallest figures contain the driver's round trip. A profile of one
//! frame and its way back, by timestamps, is printed first. `LAPIDARY_ADAPTER` chooses the device.
#![allow(clippy::unwrap_used, reason = "a benchmark stops when something fails")]
#![allow(clippy::cast_possible_truncation, reason = "numbers for the device, known to be small")]
#![allow(missing_docs, reason = "criterion's macros write items without documentation")]

use std::collections::BTreeMap;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glam::DVec3;
use lapidary::camera::{Camera, RenderOptions};
use lapidary::gpu::{Commands, Gpu, GpuOptions, KernelTime};
use lapidary::kernels::{Pairs, Scan, Sort};
use lapidary::renderer::{Differentiator, GpuScene, Outputs, PictureCotangents, Renderer};
use lapidary::scene::{Params, Scene};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// Convexes and side of the square picture, pixels.
const FRAMES: [(u32, u32); 4] = [(1_000, 128), (5_000, 256), (20_000, 256), (20_000, 512)];

fn open() -> Gpu {
    let gpu = Gpu::open(&GpuOptions { checks: false, ..GpuOptions::default() }).unwrap();
    println!("device: {}, {}", gpu.name(), gpu.driver());
    gpu
}

/// `n` convexes of six points that together cover the picture of [`camera`]: the more, the smaller.
fn scene(n: u32) -> Scene {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut within =
        |size: f64| DVec3::from_array(std::array::from_fn(|_| size * (2.0 * random.random::<f64>() - 1.0)));
    let radius = 2.0 / f64::from(n).cbrt();
    let mut scene = Scene::empty(6, 3);
    for _ in 0..n {
        let centre = within(1.0);
        let points: Vec<f32> = (0..6).flat_map(|_| (centre + within(radius)).as_vec3().to_array()).collect();
        // The border falls off over a tenth of the radius, whatever that is.
        let sharpness = (20.0 / (radius * radius)).ln() as f32;
        scene.push(Params {
            points: &points,
            log_delta: &[sharpness + 2.0],
            log_sigma: &[-2.0],
            raw_opacity: &[within(2.0).x as f32],
            sh: &[within(0.3).x as f32; 48],
        });
    }
    scene
}

fn camera(side: u32) -> Camera {
    Camera::look_at(DVec3::new(0.3, 0.2, -3.0), DVec3::ZERO, DVec3::NEG_Y, 1.3 * f64::from(side), side, side)
}

struct Setup {
    gpu: Gpu,
    renderer: Renderer,
    differentiator: Differentiator,
}

impl Setup {
    fn cotangents(&self, side: u32) -> PictureCotangents {
        let pixels = (side * side) as usize;
        PictureCotangents {
            rgba: self.gpu.upload("v_rgba", &vec![[0.5, -0.25, 0.1, 0.0]; pixels]).unwrap(),
            depth: self.gpu.zeros("v_depth", pixels as u64).unwrap(),
        }
    }
}

fn lines(criterion: &mut Criterion) {
    let gpu = open();
    let (scan, sort) = (Scan::new(&gpu).unwrap(), Sort::new(&gpu).unwrap());
    let mut group = criterion.benchmark_group("lines");
    group.sample_size(10);
    for len in [65_536u32, 1 << 20] {
        let mut random = Pcg64Mcg::seed_from_u64(2);
        let keys: Vec<u32> = (0..len).map(|_| random.random()).collect();
        let counts = gpu.upload("counts", &[len]).unwrap();
        let pairs = Pairs { keys: gpu.upload("keys", &keys).unwrap(), values: gpu.upload("values", &keys).unwrap() };
        let scratch = Pairs::zeros(&gpu, "scratch", len).unwrap();
        group.throughput(Throughput::Elements(len.into()));
        let scan_plan = scan.plan(&gpu, len, 0).unwrap();
        group.bench_function(BenchmarkId::new("scan", len), |bencher| {
            bencher.iter(|| {
                let mut commands = Commands::new(&gpu, "scan");
                scan.record(&mut commands, &scan_plan, &counts, &pairs.values).unwrap();
                commands.submit();
                gpu.wait().unwrap();
            });
        });
        for bits in [13, 32] {
            let plan = sort.plan(&gpu, len, bits, 0).unwrap();
            group.bench_function(BenchmarkId::new(format!("sort by {bits} bits"), len), |bencher| {
                bencher.iter(|| {
                    let mut commands = Commands::new(&gpu, "sort");
                    sort.record(&mut commands, &plan, &counts, &pairs, &scratch).unwrap();
                    commands.submit();
                    gpu.wait().unwrap();
                });
            });
        }
    }
}

fn passes(criterion: &mut Criterion) {
    let gpu = open();
    let mut setup =
        Setup { renderer: Renderer::new(&gpu, 6).unwrap(), differentiator: Differentiator::new(&gpu, 6).unwrap(), gpu };
    let mut group = criterion.benchmark_group("passes");
    group.sample_size(10);
    for (n, side) in FRAMES {
        let scene = GpuScene::upload(&setup.gpu, &scene(n)).unwrap();
        let (camera, options, v) = (camera(side), RenderOptions::default(), setup.cotangents(side));
        let frame = setup.renderer.forward(&scene, &camera, &options, Outputs::default()).unwrap();
        println!("{n} convexes at {side}×{side}: {} instances", frame.num_instances());
        if let Some(times) = setup.renderer.profile(&scene, &frame).unwrap() {
            print_profile("forward", &times);
        }
        if let Some(times) = setup.differentiator.profile(&scene, &frame, &v).unwrap() {
            print_profile("backward", &times);
        }
        let name = format!("{n} convexes, {side}×{side}");
        group.bench_function(BenchmarkId::new("backward", &name), |bencher| {
            bencher.iter(|| {
                setup.differentiator.backward(&scene, &frame, &v).unwrap();
                setup.gpu.wait().unwrap();
            });
        });
        setup.renderer.recycle(frame);
        group.bench_function(BenchmarkId::new("forward", &name), |bencher| {
            bencher.iter(|| {
                let frame = setup.renderer.forward(&scene, &camera, &options, Outputs::default()).unwrap();
                setup.gpu.wait().unwrap();
                setup.renderer.recycle(frame);
            });
        });
    }
}

/// Milliseconds per kernel, all its dispatches together.
fn print_profile(title: &str, times: &[KernelTime]) {
    let mut by_name: BTreeMap<&str, f64> = BTreeMap::new();
    for time in times {
        *by_name.entry(time.name).or_default() += time.nanoseconds / 1e6;
    }
    let total: f64 = by_name.values().sum();
    println!("  {title}: {total:.2} ms");
    for (name, milliseconds) in by_name {
        println!("    {name:<20} {milliseconds:8.3} ms");
    }
}

criterion_group!(benches, lines, passes);
criterion_main!(benches);
