//! Measurement of a subject: its frames, and its iterations where they are wanted.

use std::time::Instant;

use super::frames::{PreparedFrames, frames, measure_camera};
use super::iterations::iterations;
use super::run::{BenchRun, Workload};
use super::stages::{BenchProgress, BenchStage, Stages};
use super::subject::{CameraMeasurement, Subject};
use crate::gpu::GpuError;
use crate::renderer::{GpuScene, Renderer};

/// Measures frames, and iterations where they are wanted. `report` is called when a stage begins.
///
/// # Errors
/// [`GpuError`] when the device was lost or has no memory for them.
///
/// # Panics
/// The function panics without a camera, which is a bug of the caller.
pub fn measure(
    subject: &Subject<'_>,
    with_iterations: bool,
    report: &mut dyn FnMut(BenchProgress),
) -> Result<Vec<BenchRun>, GpuError> {
    assert!(!subject.cameras.is_empty(), "a subject has cameras");
    let mut stages = Stages::new(subject.limits, with_iterations, report);
    stages.begin(BenchStage::First);
    let (scene, upload_seconds) = subject.upload()?;
    let mut renderer = Renderer::new(subject.gpu, scene.points_per_convex)?;
    let measured = first_frames(subject, &mut renderer, &scene)?;
    stages.seconds_each = measured.last().map_or(0.0, |measured| measured.seconds);
    let subject = &Subject { cameras: &subject.cameras[..measured.len()], ..*subject };
    subject.gpu.take_peak();
    let prepared = PreparedFrames::new(subject, renderer, &scene, &measured)?;
    let mut runs = vec![frames(subject, &prepared, &measured, upload_seconds, &mut stages)?];
    drop(prepared);
    drop(scene);
    if with_iterations {
        stages.what = Workload::Iteration;
        runs.push(iterations(subject, &measured, &mut stages)?);
    }
    Ok(runs)
}

/// The frame of every camera, or of the first ones where that takes too long. It is a warm-up, too.
fn first_frames(
    subject: &Subject<'_>,
    renderer: &mut Renderer,
    scene: &GpuScene,
) -> Result<Vec<CameraMeasurement>, GpuError> {
    let begin = Instant::now();
    let most = subject.limits.camera_seconds.unwrap_or(f64::INFINITY);
    let mut measured = Vec::new();
    for camera in subject.cameras {
        if !measured.is_empty() && begin.elapsed().as_secs_f64() >= most {
            break;
        }
        measured.push(measure_camera(subject, renderer, scene, camera)?);
    }
    Ok(measured)
}
