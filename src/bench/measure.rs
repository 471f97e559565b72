//! Frames.

use std::collections::VecDeque;
use std::time::Instant;

use super::iterations::iterations;
use super::report::{Counts, KernelTimes, Run, What};
use super::sample::{Limits, Times};
use crate::camera::{Camera, RenderOptions};
use crate::gpu::{Commands, Gpu, GpuError, KernelTime, KernelTimer, Readback};
use crate::kernels::Status;
use crate::real::to_u32;
use crate::renderer::{FrameMemory, FrameShape, GpuScene, Outputs, Renderer, Statistics};
use crate::scene::Scene;

/// Frames or lists of iterations that are under way at a time.
pub(super) const IN_FLIGHT: usize = 3;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The scene.
    pub scene: &'a Scene,
    /// At least one camera; all of one size.
    pub cameras: &'a [Camera],
    /// What else the pictures depend on.
    pub options: RenderOptions,
    /// How long.
    pub limits: Limits,
}

/// What one camera sees.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// What there is to do.
    statistics: Statistics,
    /// FNV-1a of the bytes of the colours.
    hash: u64,
    /// The negative of the picture, as a training takes its targets: a byte each of red, green, blue and weight.
    pub(super) negative: Vec<u32>,
}

impl Subject<'_> {
    pub(super) fn upload(&self) -> Result<(GpuScene, f64), GpuError> {
        let begin = Instant::now();
        let scene = GpuScene::upload(self.gpu, self.scene)?;
        self.gpu.wait()?;
        Ok((scene, begin.elapsed().as_secs_f64()))
    }

    /// A run of this with all that does not depend on a clock.
    pub(super) fn run(&self, what: What, looks: &[Look], upload_seconds: f64, waited: Vec<f64>) -> Run {
        let statistics: Vec<Statistics> = looks.iter().map(|look| look.statistics).collect();
        let size = self.cameras.first().map_or([0; 2], |camera| [camera.width, camera.height]);
        Run {
            what,
            num_convexes: to_u32(self.scene.len()),
            width: size[0],
            height: size[1],
            num_views: self.cameras.len(),
            counts: Counts::mean(&statistics),
            upload_seconds,
            waited: Times::of(waited),
            device: None,
            kernels: Vec::new(),
            per_second: 0.0,
            hashes: looks.iter().map(|look| format!("{:016x}", look.hash)).collect(),
            device_peak_bytes: self.gpu.take_peak(),
        }
    }
}

/// Measures frames, and iterations where they are wanted.
///
/// # Errors
/// [`GpuError`] when the device was lost or has no memory for them.
///
/// # Panics
/// Without a camera: a bug of the caller.
pub fn measure(subject: &Subject<'_>, with_iterations: bool) -> Result<Vec<Run>, GpuError> {
    assert!(!subject.cameras.is_empty(), "what is measured has cameras");
    let (scene, upload_seconds) = subject.upload()?;
    let mut renderer = Renderer::new(subject.gpu, scene.points_per_convex)?;
    // Every camera once. It is a warm-up, too.
    let look = |camera| look(subject, &mut renderer, &scene, camera);
    let looks = subject.cameras.iter().map(look).collect::<Result<Vec<Look>, _>>()?;
    subject.gpu.take_peak();
    let stage = Stage::new(subject, renderer, &scene, &looks)?;
    let mut runs = vec![frames(subject, &stage, &looks, upload_seconds)?];
    drop(stage);
    drop(scene);
    if with_iterations {
        runs.push(iterations(subject, &looks)?);
    }
    Ok(runs)
}

fn look(subject: &Subject<'_>, renderer: &mut Renderer, scene: &GpuScene, camera: &Camera) -> Result<Look, GpuError> {
    let frame = renderer.forward(scene, camera, &subject.options, Outputs::default())?;
    let statistics = renderer.statistics(scene, &frame)?;
    // The frame is not given back: what it took is free for the memory that frames are timed in.
    let pictures = frame.read(subject.gpu)?;
    let negative = pictures.image().to_rgb8();
    let word = |rgb: &[u8; 3]| u32::from_le_bytes([!rgb[0], !rgb[1], !rgb[2], u8::MAX]);
    Ok(Look {
        statistics,
        hash: fnv1a([bytemuck::cast_slice(&pictures.rgba)]),
        negative: negative.as_chunks().0.iter().map(word).collect(),
    })
}

fn frames(subject: &Subject<'_>, stage: &Stage<'_>, looks: &[Look], upload_seconds: f64) -> Result<Run, GpuError> {
    let limits = subject.limits;
    let waited = limits.sample(|i| stage.wait_for(i))?;
    let profiles = profiles(limits, |i| stage.profile(i))?;
    let (device, kernels) = summary(&profiles);
    let per_second = rate(limits, |i| stage.start(i), |status| status.wait(subject.gpu).map(drop))?;
    Ok(Run { device, kernels, per_second, ..subject.run(What::Frame, looks, upload_seconds, waited) })
}

/// Memory and cameras that are ready, so that a frame is its commands and nothing else.
struct Stage<'a> {
    gpu: &'a Gpu,
    scene: &'a GpuScene,
    renderer: Renderer,
    memory: FrameMemory,
    cameras: &'a [Camera],
    options: RenderOptions,
}

impl<'a> Stage<'a> {
    fn new(subject: &Subject<'a>, renderer: Renderer, scene: &'a GpuScene, looks: &[Look]) -> Result<Self, GpuError> {
        let Subject { gpu, cameras, options, .. } = *subject;
        let most = looks.iter().map(|look| look.statistics.num_instances).max().unwrap_or(0);
        let shape_of = |camera: &Camera| renderer.shape(scene, camera);
        let shape = cameras[1..].iter().map(shape_of).fold(shape_of(&cameras[0]), FrameShape::max);
        let memory = renderer.memory(shape.max(shape.with_instances(to_u32(most))))?;
        Ok(Self { gpu, scene, renderer, memory, cameras, options })
    }

    fn record(&self, mut commands: Commands<'_>, i: usize) -> Result<(), GpuError> {
        self.memory.clear_status(&mut commands);
        let camera = &self.cameras[i % self.cameras.len()];
        let view = self.memory.view(&mut commands, self.scene, camera, &self.options)?;
        self.renderer.record(&mut commands, self.scene, &view)?;
        commands.submit();
        Ok(())
    }

    /// Milliseconds from recording a frame to its end.
    fn wait_for(&self, i: usize) -> Result<f64, GpuError> {
        let begin = Instant::now();
        self.record(Commands::new(self.gpu, "frame"), i)?;
        self.gpu.wait()?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }

    fn profile(&self, i: usize) -> Result<Option<Vec<KernelTime>>, GpuError> {
        let Some(mut timer) = KernelTimer::new(self.gpu) else { return Ok(None) };
        self.record(Commands::timed(self.gpu, "frame", &mut timer), i)?;
        timer.read(self.gpu).map(Some)
    }

    /// Hands a frame to the device; what comes back is there when it is drawn.
    fn start(&self, i: usize) -> Result<Readback<Status>, GpuError> {
        self.record(Commands::new(self.gpu, "frame"), i)?;
        self.memory.status().read_later(self.gpu)
    }
}

/// Samples of a profile; none where the device has no timestamps.
pub(super) fn profiles(
    limits: Limits,
    mut profile: impl FnMut(usize) -> Result<Option<Vec<KernelTime>>, GpuError>,
) -> Result<Vec<Vec<KernelTime>>, GpuError> {
    // What is warm stays warm.
    let limits = Limits { warm_up: 0.0, ..limits };
    let Some(first) = profile(0)? else { return Ok(Vec::new()) };
    let mut profiles = limits.sample(|i| profile(i + 1).map(Option::unwrap_or_default))?;
    profiles.push(first);
    Ok(profiles)
}

/// Times of whole profiles, and of each kernel.
pub(super) fn summary(profiles: &[Vec<KernelTime>]) -> (Option<Times>, Vec<KernelTimes>) {
    let Some(first) = profiles.first() else { return (None, Vec::new()) };
    let total = |profile: &Vec<KernelTime>| profile.iter().map(|time| time.nanoseconds).sum::<f64>() / 1e6;
    let by_kernel: Vec<_> = profiles.iter().map(|profile| KernelTime::by_kernel(profile)).collect();
    let kernel = |name: &str| {
        let of = |kernels: &Vec<(&str, f64, usize)>| {
            let found = kernels.iter().find(|(kernel, ..)| *kernel == name);
            found.map_or((0.0, 0), |(_, milliseconds, count)| (*milliseconds, *count))
        };
        let (times, counts): (Vec<f64>, Vec<usize>) = by_kernel.iter().map(of).unzip();
        KernelTimes {
            name: name.to_owned(),
            dispatches: counts.iter().sum::<usize>() as f64 / counts.len() as f64,
            milliseconds: Times::of(times).p50,
        }
    };
    (
        Some(Times::of(profiles.iter().map(total).collect())),
        KernelTime::by_kernel(first).into_iter().map(|(name, ..)| kernel(name)).collect(),
    )
}

/// How many a second where [`IN_FLIGHT`] are under way.
pub(super) fn rate<T>(
    limits: Limits,
    mut start: impl FnMut(usize) -> Result<T, GpuError>,
    mut finish: impl FnMut(T) -> Result<(), GpuError>,
) -> Result<f64, GpuError> {
    let mut flights = VecDeque::new();
    let mut num_started = 0;
    let begin = Instant::now();
    while num_started == 0 || (num_started < limits.samples as usize && begin.elapsed().as_secs_f64() < limits.seconds)
    {
        flights.push_back(start(num_started)?);
        num_started += 1;
        if flights.len() >= IN_FLIGHT
            && let Some(flight) = flights.pop_front()
        {
            finish(flight)?;
        }
    }
    flights.into_iter().try_for_each(&mut finish)?;
    Ok(num_started as f64 / begin.elapsed().as_secs_f64())
}

/// The FNV-1a hash of 64 bits of some bytes after one another.
pub(super) fn fnv1a<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    parts.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv1a([b"".as_slice()]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a([b"foo".as_slice(), b"bar".as_slice()]), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn kernels_are_added_up_in_the_order_of_their_first_dispatch() {
        let time = |name, milliseconds: f64| KernelTime { name, nanoseconds: milliseconds * 1e6 };
        let profiles = vec![vec![time("b", 1.0), time("a", 2.0), time("b", 3.0)]; 3];
        let (device, kernels) = summary(&profiles);
        assert_eq!(device.unwrap().p50, 6.0);
        let kernels: Vec<_> = kernels.iter().map(|k| (k.name.as_str(), k.milliseconds, k.dispatches)).collect();
        assert_eq!(kernels, [("b", 4.0, 2.0), ("a", 2.0, 1.0)]);
        assert_eq!(summary(&[]), (None, Vec::new()));
    }

    #[test]
    fn a_rate_counts_what_was_started() {
        let limits = Limits { samples: 10, seconds: 1e3, warm_up: 0.0 };
        let mut finished = 0;
        let per_second = rate(limits, Ok, |_| {
            finished += 1;
            Ok(())
        });
        assert!(finished == 10 && per_second.unwrap() > 0.0);
    }
}
