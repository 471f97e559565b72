//! Time of the kernels, of whole passes and of whole iterations: `cargo bench -p lapidary-benches`.
//!
//! Every sample records, submits and waits, so the smallest figures contain the driver's round trip. What there is to do
//! in a frame, and a profile of it and its way back by timestamps, are printed first. `LAPIDARY_ADAPTER` chooses the
//! device; a software driver gets the sizes that fit it. The scenes are those of `lapidary bench --synthetic`.
#![allow(clippy::unwrap_used, reason = "a benchmark stops when something fails")]
#![allow(clippy::cast_possible_truncation, reason = "numbers for the device, known to be small")]
#![allow(missing_docs, reason = "criterion's macros write items without documentation")]

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lapidary::bench::{CloudKind, ConvexCloud};
use lapidary::camera::{Camera, RenderOptions};
use lapidary::constants::SSIM_WEIGHT;
use lapidary::gpu::{Commands, Gpu, GpuOptions, KernelTime};
use lapidary::kernels::{Pairs, Rates, Scan, Sort};
use lapidary::optimiser::{Iteration, Optimiser};
use lapidary::renderer::{Differentiator, GpuScene, Outputs, PictureCotangents, Renderer, Statistics};
use lapidary::scene::{Params, Scene};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// Convexes and size of the picture, pixels, of a software driver.
const SMALL: [(u32, [u32; 2]); 5] =
    [(1_000, [128, 128]), (5_000, [256, 256]), (20_000, [256, 256]), (20_000, [512, 512]), (100_000, [256, 256])];

/// Those of a GPU: every number in every size.
const NUMBERS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
const SIZES: [[u32; 2]; 4] = [[128, 128], [512, 512], [1237, 822], [1920, 1080]];

fn open() -> Gpu {
    let gpu = Gpu::open(&GpuOptions { checks: false, ..GpuOptions::default() }).unwrap();
    println!("device: {}, {}", gpu.name(), gpu.driver());
    gpu
}

fn cases(gpu: &Gpu) -> Vec<(u32, [u32; 2])> {
    if gpu.is_software() {
        return SMALL.to_vec();
    }
    NUMBERS.into_iter().flat_map(|n| SIZES.map(|size| (n, size))).collect()
}

/// One scene in one size.
struct Case {
    name: String,
    scene: Scene,
    camera: Camera,
    options: RenderOptions,
}

impl Case {
    fn new(n: u32, [width, height]: [u32; 2]) -> Self {
        let kind = CloudKind::Thin;
        Self {
            name: format!("{n} convexes, {width}×{height}"),
            scene: ConvexCloud { num_convexes: n, kind }.scene(),
            camera: ConvexCloud::cameras(1, width, height)[0],
            options: RenderOptions::default(),
        }
    }

    fn num_pixels(&self) -> usize {
        (self.camera.width * self.camera.height) as usize
    }

    fn cotangents(&self, gpu: &Gpu) -> PictureCotangents {
        PictureCotangents {
            rgba: gpu.upload("v_rgba", &vec![[0.5, -0.25, 0.1, 0.0]; self.num_pixels()]).unwrap(),
            depth: gpu.zeros("v_depth", self.num_pixels() as u64).unwrap(),
        }
    }

    /// A step towards noise, too small to change what there is to do.
    fn iteration(&self, gpu: &Gpu) -> Iteration {
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let noise: Vec<u32> = (0..self.num_pixels()).map(|_| random.random::<u32>() | 0xff00_0000).collect();
        Iteration {
            camera: self.camera,
            options: self.options,
            target: gpu.upload("target", &noise).unwrap(),
            ssim_weight: SSIM_WEIGHT as f32,
            rates: Params::<()>::default().map(|()| Rates::uniform(1e-9)),
            step: 1,
            regularization: [0.0; 2],
        }
    }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group
}

fn lines(criterion: &mut Criterion) {
    let gpu = open();
    let (scan, sort) = (Scan::new(&gpu).unwrap(), Sort::new(&gpu).unwrap());
    let mut group = group(criterion, "lines");
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
    let (mut renderer, differentiator) = (Renderer::new(&gpu, 6).unwrap(), Differentiator::new(&gpu, 6).unwrap());
    let mut group = group(criterion, "passes");
    for (n, size) in cases(&gpu) {
        let case = Case::new(n, size);
        let (scene, v) = (GpuScene::upload(&gpu, &case.scene).unwrap(), case.cotangents(&gpu));
        let frame = renderer.forward(&scene, &case.camera, &case.options, Outputs::default()).unwrap();
        print_counts(&case.name, renderer.statistics(&scene, &frame).unwrap());
        if let Some(times) = renderer.profile(&scene, &frame).unwrap() {
            print_profile("forward", &times);
        }
        if let Some(times) = differentiator.profile(&scene, &frame, &v).unwrap() {
            print_profile("backward", &times);
        }
        group.bench_function(BenchmarkId::new("backward", &case.name), |bencher| {
            bencher.iter(|| {
                differentiator.backward(&scene, &frame, &v).unwrap();
                gpu.wait().unwrap();
            });
        });
        renderer.recycle(frame);
        group.bench_function(BenchmarkId::new("forward", &case.name), |bencher| {
            bencher.iter(|| {
                let frame = renderer.forward(&scene, &case.camera, &case.options, Outputs::default()).unwrap();
                gpu.wait().unwrap();
                renderer.recycle(frame);
            });
        });
    }
}

/// Forward, loss, backward and step, eight in one submission.
fn iterations(criterion: &mut Criterion) {
    let gpu = open();
    let mut group = group(criterion, "eight iterations");
    for (n, size) in cases(&gpu) {
        let case = Case::new(n, size);
        let mut optimiser = Optimiser::new(&gpu, GpuScene::upload(&gpu, &case.scene).unwrap()).unwrap();
        let iteration = case.iteration(&gpu);
        if let Some(times) = optimiser.profile(iteration.clone()).unwrap() {
            println!("{}", case.name);
            print_profile("iteration", &times);
        }
        group.throughput(Throughput::Elements(8));
        group.bench_function(&case.name, |bencher| {
            bencher.iter(|| optimiser.run(vec![iteration.clone(); 8]).unwrap());
        });
    }
}

fn print_counts(name: &str, counts: Statistics) {
    let Statistics { num_instances, tested_pairs, drawn_pairs, .. } = counts;
    let slow = counts.slow_path_rate() * 100.0;
    println!("{name}: {num_instances} instances, {tested_pairs} pairs tested, {drawn_pairs} drawn, {slow:.1} % slow");
}

/// Milliseconds per kernel, all its dispatches together.
fn print_profile(title: &str, times: &[KernelTime]) {
    let kernels = KernelTime::by_kernel(times);
    let total: f64 = kernels.iter().map(|(_, milliseconds, _)| milliseconds).sum();
    println!("  {title}: {total:.2} ms");
    for (name, milliseconds, _) in kernels {
        println!("    {name:<20} {milliseconds:8.3} ms");
    }
}

criterion_group!(benches, lines, passes, iterations);
criterion_main!(benches);
