//! Measurement of a subject: its frames, and its iterations where they are wanted.

use super::frames::{PreparedFrames, frames, measure_camera};
use super::iterations::iterations;
use super::run::BenchRun;
use super::subject::{CameraMeasurement, Subject};
use crate::gpu::GpuError;
use crate::renderer::Renderer;

/// Measures frames, and iterations where they are wanted.
///
/// # Errors
/// [`GpuError`] when the device was lost or has no memory for them.
///
/// # Panics
/// The function panics without a camera, which is a bug of the caller.
pub fn measure(subject: &Subject<'_>, with_iterations: bool) -> Result<Vec<BenchRun>, GpuError> {
    assert!(!subject.cameras.is_empty(), "a subject has cameras");
    let (scene, upload_seconds) = subject.upload()?;
    let mut renderer = Renderer::new(subject.gpu, scene.points_per_convex)?;
    // Every camera once. It is a warm-up, too.
    let measure_camera = |camera| measure_camera(subject, &mut renderer, &scene, camera);
    let measured = subject.cameras.iter().map(measure_camera).collect::<Result<Vec<CameraMeasurement>, _>>()?;
    subject.gpu.take_peak();
    let prepared = PreparedFrames::new(subject, renderer, &scene, &measured)?;
    let mut runs = vec![frames(subject, &prepared, &measured, upload_seconds)?];
    drop(prepared);
    drop(scene);
    if with_iterations {
        runs.push(iterations(subject, &measured)?);
    }
    Ok(runs)
}
