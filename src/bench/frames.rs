//! Measurement of frames.

use std::collections::VecDeque;
use std::time::Instant;

use super::predict::Visits;
use super::run::{BenchRun, Workload};
use super::sample::{Limits, best_seconds};
use super::stages::{BenchStage, Stages};
use super::subject::{CameraMeasurement, Subject, fnv1a, profiles, summary};
use crate::camera::{Camera, RenderOptions};
use crate::gpu::{Commands, Gpu, GpuError, KernelTime, KernelTimer, Readback};
use crate::kernels::Status;
use crate::real::to_u32;
use crate::renderer::{FrameMemory, FrameShape, GpuScene, Outputs, Renderer};

/// Frames that are under way at a time.
const IN_FLIGHT: usize = 3;

/// Draws one camera's frame and keeps its counts, its hash and its negative.
pub(super) fn measure_camera(
    subject: &Subject<'_>,
    renderer: &mut Renderer,
    scene: &GpuScene,
    camera: &Camera,
) -> Result<CameraMeasurement, GpuError> {
    let begin = Instant::now();
    let frame = renderer.forward(scene, camera, &subject.options, Outputs::default())?;
    let statistics = renderer.statistics(scene, &frame)?;
    let lists = subject.counts_visits.then(|| frame.tile_lists(subject.gpu, scene)).transpose()?;
    let visits = lists.map(|lists| Visits::of(&lists));
    // The frame is not given back: what it took is free for the memory that frames are timed in.
    let pictures = frame.read(subject.gpu)?;
    let negative = pictures.image().to_rgb8();
    let word = |rgb: &[u8; 3]| u32::from_le_bytes([!rgb[0], !rgb[1], !rgb[2], u8::MAX]);
    Ok(CameraMeasurement {
        statistics,
        visits,
        hash: fnv1a([bytemuck::cast_slice(&pictures.rgba)]),
        seconds: begin.elapsed().as_secs_f64(),
        negative: negative.as_chunks().0.iter().map(word).collect(),
    })
}

/// Times frames.
pub(super) fn frames(
    subject: &Subject<'_>,
    prepared: &PreparedFrames<'_>,
    measured: &[CameraMeasurement],
    upload_seconds: f64,
    stages: &mut Stages<'_>,
) -> Result<BenchRun, GpuError> {
    stages.begin(BenchStage::Waited);
    let limits = subject.limits.for_samples_of(stages.seconds_each);
    let waited = limits.sample(|i| prepared.wait_for(i))?;
    stages.seconds_each = best_seconds(&waited);
    stages.begin(BenchStage::OnDevice);
    let profiles = profiles(limits, |i| prepared.profile(i))?;
    let (device, kernels) = summary(&profiles);
    stages.begin(BenchStage::UnderWay);
    let most = limits.fitting(stages.seconds_each);
    let per_second = rate(limits, most, |i| prepared.start(i), |status| status.wait(subject.gpu).map(drop))?;
    Ok(BenchRun { device, kernels, per_second, ..subject.run(Workload::Frame, measured, upload_seconds, waited) })
}

/// Memory and cameras that are ready, so that a frame is its commands and nothing else.
pub(super) struct PreparedFrames<'a> {
    gpu: &'a Gpu,
    scene: &'a GpuScene,
    renderer: Renderer,
    memory: FrameMemory,
    /// The pieces that a frame is cut into, because one submission of it would take long.
    num_pieces: u32,
    cameras: &'a [Camera],
    options: RenderOptions,
}

impl<'a> PreparedFrames<'a> {
    pub(super) fn new(
        subject: &Subject<'a>,
        renderer: Renderer,
        scene: &'a GpuScene,
        measured: &[CameraMeasurement],
    ) -> Result<Self, GpuError> {
        let Subject { gpu, cameras, options, .. } = *subject;
        let most = measured.iter().map(|measure_camera| measure_camera.statistics.num_instances).max().unwrap_or(0);
        let shape_of = |camera: &Camera| renderer.shape(scene, camera);
        let shape = cameras[1..].iter().map(shape_of).fold(shape_of(&cameras[0]), FrameShape::max);
        let memory = renderer.memory(shape.max(shape.with_instances(to_u32(most))))?;
        let num_pieces = renderer.num_pieces(&shape);
        Ok(Self { gpu, scene, renderer, memory, num_pieces, cameras, options })
    }

    fn record(&self, commands: Commands<'_>, i: usize) -> Result<(), GpuError> {
        let mut commands = commands.in_pieces(self.num_pieces);
        self.memory.clear_status(&mut commands);
        let camera = &self.cameras[i % self.cameras.len()];
        let view = self.memory.view(&mut commands, self.scene, camera, &self.options)?;
        self.renderer.record(&mut commands, self.scene, &view)?;
        commands.into_parts().submit_all()
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

    /// Submits a frame; the status that comes back is ready when it is drawn.
    fn start(&self, i: usize) -> Result<Readback<Status>, GpuError> {
        self.record(Commands::new(self.gpu, "frame"), i)?;
        self.memory.status().read_later(self.gpu)
    }
}

/// How many a second where [`IN_FLIGHT`] are under way, of at most `most`.
pub(super) fn rate<T>(
    limits: Limits,
    most: usize,
    mut start: impl FnMut(usize) -> Result<T, GpuError>,
    mut finish: impl FnMut(T) -> Result<(), GpuError>,
) -> Result<f64, GpuError> {
    let mut flights = VecDeque::new();
    let mut num_started = 0;
    let begin = Instant::now();
    while num_started == 0 || (num_started < most && begin.elapsed().as_secs_f64() < limits.seconds) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_what_was_started() {
        let limits = Limits { samples: 10, seconds: 1e3, warm_up: 0.0, camera_seconds: None };
        let mut finished = 0;
        let per_second = rate(limits, 10, Ok, |_| {
            finished += 1;
            Ok(())
        });
        assert!(finished == 10 && per_second.unwrap() > 0.0);
    }
}
