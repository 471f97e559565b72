//! Whole iterations of training.

use std::time::Instant;

use super::run::{BenchRun, Workload};
use super::sample::{Limits, best_seconds};
use super::stages::{BenchStage, Stages};
use super::subject::{CameraMeasurement, Subject, fnv1a, profiles, summary};
use crate::constants::SSIM_WEIGHT;
use crate::gpu::{Buffer, GpuError};
use crate::kernels::Rates;
use crate::optimiser::{Iteration, Optimiser};
use crate::scene::Params;

/// Rates so small that the scene stays what it is, and iterations cost the same from the first to the last.
const RATES: Params<Rates> = Params {
    points: Rates::uniform(1e-9),
    log_delta: Rates::uniform(1e-8),
    log_sigma: Rates::uniform(1e-8),
    raw_opacity: Rates::uniform(1e-8),
    sh: Rates { front_width: 3, front: 1e-8, rest: 1e-9 },
};

/// Times iterations. Their targets are the negatives of the scene's own pictures, so that every pixel has a gradient.
#[expect(clippy::cast_possible_truncation, reason = "the loss works in f32")]
pub(super) fn iterations(
    subject: &Subject<'_>,
    measured: &[CameraMeasurement],
    stages: &mut Stages<'_>,
) -> Result<BenchRun, GpuError> {
    stages.begin(BenchStage::First);
    subject.gpu.take_peak();
    let (scene, upload_seconds) = subject.upload()?;
    let mut training =
        PreparedTraining { optimiser: Optimiser::new(subject.gpu, scene)?, iterations: Vec::new(), step: 0 };
    for (camera, measure_camera) in subject.cameras.iter().zip(measured) {
        let target = subject.gpu.upload("target", &measure_camera.negative)?;
        training.iterations.push(Iteration {
            camera: *camera,
            options: subject.options,
            target,
            ssim_weight: SSIM_WEIGHT as f32,
            rates: RATES,
            step: 0,
            regularization: [0.0; 2],
        });
    }
    training.optimiser.prepare(subject.cameras.iter().copied())?;
    let begin = Instant::now();
    let hash = training.once(subject)?;
    stages.seconds_each = begin.elapsed().as_secs_f64() / training.iterations.len() as f64;
    stages.begin(BenchStage::Waited);
    let limits = subject.limits.for_samples_of(stages.seconds_each);
    let waited = limits.sample(|i| training.wait_for(i))?;
    stages.seconds_each = best_seconds(&waited);
    stages.begin(BenchStage::OnDevice);
    let profiles = profiles(limits, |i| {
        let iteration = training.next(i);
        training.step += 1;
        training.optimiser.profile(iteration)
    })?;
    let (device, kernels) = summary(&profiles);
    stages.begin(BenchStage::UnderWay);
    let per_second = training.rate(limits, stages.seconds_each)?;
    let hashes = vec![format!("{hash:016x}")];
    Ok(BenchRun {
        device,
        kernels,
        per_second,
        hashes,
        ..subject.run(Workload::Iteration, measured, upload_seconds, waited)
    })
}

/// An optimiser with the iterations that it is timed on.
struct PreparedTraining {
    optimiser: Optimiser,
    /// One for each camera.
    iterations: Vec<Iteration>,
    /// Steps so far.
    step: u32,
}

impl PreparedTraining {
    fn next(&mut self, i: usize) -> Iteration {
        self.step += 1;
        Iteration { step: self.step, ..self.iterations[i % self.iterations.len()].clone() }
    }

    /// One iteration for each camera; the hash of what the parameters are then.
    fn once(&mut self, subject: &Subject<'_>) -> Result<u64, GpuError> {
        let first = (0..self.iterations.len()).map(|i| self.next(i)).collect();
        self.optimiser.run(first)?;
        let read = |buffer: &Buffer<f32>| buffer.read(subject.gpu);
        let values = self.optimiser.scene().params.as_ref().map(read).transpose()?.into_array();
        Ok(fnv1a(values.iter().map(|values| bytemuck::cast_slice(values.as_slice()))))
    }

    /// Milliseconds from recording an iteration to its end.
    fn wait_for(&mut self, i: usize) -> Result<f64, GpuError> {
        let iteration = vec![self.next(i)];
        let begin = Instant::now();
        self.optimiser.run(iteration)?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }

    /// Iterations a second in lists, two of them under way as in a training.
    fn rate(&mut self, limits: Limits, seconds_each: f64) -> Result<f64, GpuError> {
        let len = self.optimiser.list_len() as usize;
        let begin = Instant::now();
        let mut num_done = 0;
        let mut num_started = 0;
        let most = limits.fitting(seconds_each);
        while num_started == 0 || (num_started < most && begin.elapsed().as_secs_f64() < limits.seconds) {
            let list = (num_started..num_started + len).map(|i| self.next(i)).collect();
            self.optimiser.submit(list)?;
            num_started += len;
            if self.optimiser.num_submitted_lists() > 1 {
                num_done += self.optimiser.collect()?.len();
            }
        }
        while self.optimiser.num_submitted_lists() > 0 {
            num_done += self.optimiser.collect()?.len();
        }
        Ok(num_done as f64 / begin.elapsed().as_secs_f64())
    }
}
