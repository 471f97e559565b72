//! Frames that the device works on: it draws the next one while the host reads this one.

use web_time::Instant;

use super::frame::rows_of_three;
use super::{FrameShape, GpuScene, Outputs, Pictures, Renderer};
use crate::camera::{Camera, RenderOptions};
use crate::gpu::{GpuError, Readback, waiting};
use crate::kernels::Status;

/// A frame that was submitted to the device; [`Renderer::finish`] waits for it.
#[derive(Debug)]
pub struct PendingFrame {
    camera: Camera,
    options: RenderOptions,
    shape: FrameShape,
    begin: Instant,
    status: Readback<Status>,
    rgba: Readback<[f32; 4]>,
    depth: Readback<f32>,
    inspection: Option<Readback<[u32; 2]>>,
    normals: Option<Readback<f32>>,
}

impl Renderer {
    /// Submits a frame to the device and returns at once. Frames that are under way share one memory, because a device
    /// draws and copies them one after another.
    ///
    /// # Errors
    /// The same as [`Renderer::render`].
    ///
    /// # Panics
    /// The same as [`Renderer::render`].
    pub fn start(
        &mut self,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
        outputs: Outputs,
    ) -> Result<PendingFrame, GpuError> {
        let shape = self.shape(scene, camera).with_outputs(outputs);
        let begin = Instant::now();
        let memory = self.submit(scene, camera, options, shape)?;
        let (gpu, pixels) = (&self.gpu, &memory.pixels);
        let len = u64::from(camera.width) * u64::from(camera.height);
        let pending = PendingFrame {
            camera: *camera,
            options: *options,
            shape,
            begin,
            status: memory.status.read_later(gpu)?,
            rgba: pixels.rgba.read_first_later(gpu, len)?,
            depth: pixels.depth.read_first_later(gpu, len)?,
            inspection: pixels.inspection.as_ref().map(|buffer| buffer.read_first_later(gpu, len)).transpose()?,
            normals: pixels.normals.as_ref().map(|buffer| buffer.read_first_later(gpu, len * 3)).transpose()?,
        };
        self.memory = Some(memory);
        Ok(pending)
    }

    /// Waits for a frame; one whose instances did not fit is drawn again in larger buffers.
    ///
    /// # Errors
    /// The same as [`Renderer::render`].
    ///
    /// # Panics
    /// When the scene is another than the frame was started with, of another number of points: a bug of the caller.
    pub fn finish(&mut self, scene: &GpuScene, pending: PendingFrame) -> Result<Pictures, GpuError> {
        let PendingFrame { camera, options, shape, begin, status, rgba, depth, inspection, normals } = pending;
        let gpu = self.gpu.clone();
        let status = status.wait(&gpu)?.first().copied().unwrap_or_default();
        self.measure(shape, begin);
        if status.has_overflowed != 0 {
            let frame = self.draw_whole(scene, &camera, &options, shape.with_instances(status.needed_instances));
            let frame = waiting::block_on(frame)?;
            let pictures = frame.read(&gpu)?;
            self.recycle(frame);
            return Ok(pictures);
        }
        Ok(Pictures {
            width: camera.width as usize,
            height: camera.height as usize,
            rgba: rgba.wait(&gpu)?,
            depth: depth.wait(&gpu)?,
            inspection: inspection.map(|inspection| inspection.wait(&gpu)).transpose()?,
            normals: normals.map(|normals| normals.wait(&gpu)).transpose()?.map(rows_of_three),
            num_instances: status.needed_instances,
        })
    }
}
