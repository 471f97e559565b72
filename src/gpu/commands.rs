//! A recorded list of dispatches and copies, submitted at once or part by part.

use super::buffer::{Binding, Buffer, RecordedCopy};
use super::context::Gpu;
use super::error::GpuError;
use super::kernel::Kernel;
use super::kernel_timer::KernelTimer;
use super::parts::CommandParts;
use super::uniforms::{Uniform, UniformArena};
use crate::constants::GROUPS_PER_ROW;

/// How many workgroups to run.
#[derive(Debug, Clone, Copy)]
pub enum Grid<'a> {
    /// One workgroup after another, folded into rows of [`GROUPS_PER_ROW`].
    Groups(u32),
    /// Enough workgroups for this many threads, folded in the same way.
    Threads(u32),
    /// Workgroups in x and y.
    Plane(u32, u32),
    /// Three numbers of workgroups in a buffer, from the given element on.
    Indirect(&'a Buffer<u32>, u64),
}

/// Commands being recorded.
#[derive(Debug)]
pub struct Commands<'g> {
    gpu: &'g Gpu,
    encoder: wgpu::CommandEncoder,
    pass: Option<wgpu::ComputePass<'static>>,
    timer: Option<&'g mut KernelTimer>,
    uniforms: UniformArena,
    label: String,
    /// The number of pieces that long stages are cut into; 1 where borders end no part.
    num_pieces: u32,
    /// The parts before the last border.
    parts: Vec<wgpu::CommandBuffer>,
    /// Whether anything was recorded behind the last border.
    has_work: bool,
}

impl<'g> Commands<'g> {
    /// An empty list.
    #[must_use]
    pub fn new(gpu: &'g Gpu, label: &str) -> Self {
        Self {
            gpu,
            encoder: encoder(gpu, label),
            pass: None,
            timer: None,
            uniforms: UniformArena::new(gpu),
            label: label.to_owned(),
            num_pieces: 1,
            parts: Vec::new(),
            has_work: false,
        }
    }

    /// An empty list whose dispatches are timed, each in a pass of its own.
    #[must_use]
    pub fn timed(gpu: &'g Gpu, label: &str, timer: &'g mut KernelTimer) -> Self {
        Self { timer: Some(timer), ..Self::new(gpu, label) }
    }

    /// The same list, cut at its borders into parts of their own where there is more than one piece; long stages put borders
    /// between about so many pieces.
    #[must_use]
    pub fn in_pieces(self, num_pieces: u32) -> Self {
        Self { num_pieces, ..self }
    }

    /// The number of pieces that long stages are cut into.
    #[must_use]
    pub const fn num_pieces(&self) -> u32 {
        self.num_pieces
    }

    /// The device that will run this.
    #[must_use]
    pub const fn gpu(&self) -> &'g Gpu {
        self.gpu
    }

    /// A value that kernels of this list read as a uniform.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory for it.
    pub fn uniform<T: bytemuck::NoUninit>(&mut self, value: &T) -> Result<Uniform<T>, GpuError> {
        self.uniforms.push(self.gpu, value)
    }

    /// Marks a place where the list may be cut: the device may do other work between what is recorded before and after it.
    pub fn border(&mut self) {
        if self.num_pieces <= 1 || !self.has_work {
            return;
        }
        self.pass = None;
        let encoder = std::mem::replace(&mut self.encoder, encoder(self.gpu, &self.label));
        self.parts.push(encoder.finish());
        self.has_work = false;
    }

    /// Adds a dispatch. Bindings are given by name, every one that the kernel has.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`], naming kernel and binding.
    pub fn dispatch(
        &mut self,
        kernel: &Kernel,
        grid: Grid<'_>,
        bindings: &[(&str, Binding<'_>)],
    ) -> Result<(), GpuError> {
        let (group, offsets) = kernel.bind(self.gpu, self.uniforms.list(), bindings)?;
        self.has_work = true;
        let pass = self.pass_for(kernel.name());
        pass.set_pipeline(kernel.pipeline());
        pass.set_bind_group(0, &group, &offsets);
        match grid {
            Grid::Groups(count) => dispatch_folded(pass, count),
            Grid::Threads(count) => {
                let per_group: u32 = kernel.interface().workgroup_size.iter().product();
                dispatch_folded(pass, count.div_ceil(per_group));
            }
            Grid::Plane(x, y) => pass.dispatch_workgroups(x, y, 1),
            Grid::Indirect(buffer, first) => pass.dispatch_workgroups_indirect(buffer.raw(), first * 4),
        }
        if self.timer.is_some() {
            self.pass = None;
        }
        Ok(())
    }

    /// The open pass, or a new one with timestamps around it if kernels are timed.
    fn pass_for(&mut self, name: &'static str) -> &mut wgpu::ComputePass<'static> {
        let Self { encoder, pass, timer, .. } = self;
        pass.get_or_insert_with(|| {
            let timestamp_writes = timer.as_deref_mut().and_then(|timer| timer.next(name));
            encoder
                .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(name), timestamp_writes })
                .forget_lifetime()
        })
    }

    /// Copies `len` elements between buffers.
    pub fn copy<T>(&mut self, source: &Buffer<T>, source_first: u64, target: &Buffer<T>, target_first: u64, len: u64) {
        self.pass = None;
        self.has_work = true;
        let size = size_of::<T>() as u64;
        self.encoder.copy_buffer_to_buffer(
            source.raw(),
            source_first * size,
            target.raw(),
            target_first * size,
            len * size,
        );
    }

    /// Copies every element for the host, which can read them once the list was submitted.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory for the copy.
    pub fn read_later<T: bytemuck::Pod>(&mut self, buffer: &Buffer<T>) -> Result<RecordedCopy<T>, GpuError> {
        let copy = buffer.copy_of(self.gpu, 0..buffer.len())?;
        self.pass = None;
        self.has_work = true;
        copy.record(&mut self.encoder, buffer);
        Ok(copy)
    }

    /// Sets every element to zero.
    pub fn clear<T>(&mut self, buffer: &Buffer<T>) {
        self.pass = None;
        self.has_work = true;
        self.encoder.clear_buffer(buffer.raw(), 0, None);
    }

    /// Submits the whole list to the device, each part on its own, and returns at once.
    pub fn submit(self) {
        let gpu = self.gpu;
        let (parts, mut uniforms) = self.finish();
        uniforms.write(&gpu.queue);
        for part in parts {
            gpu.queue.submit([part]);
        }
    }

    /// The list in the parts between its borders, none of which is submitted yet.
    #[must_use]
    pub fn into_parts(self) -> CommandParts {
        let gpu = self.gpu.clone();
        let (parts, uniforms) = self.finish();
        CommandParts::new(gpu, parts, uniforms)
    }

    fn finish(self) -> (Vec<wgpu::CommandBuffer>, UniformArena) {
        let Self { mut encoder, pass, timer, uniforms, mut parts, has_work, .. } = self;
        drop(pass);
        if let Some(timer) = timer {
            timer.resolve(&mut encoder);
        }
        if has_work || parts.is_empty() {
            parts.push(encoder.finish());
        }
        (parts, uniforms)
    }
}

fn encoder(gpu: &Gpu, label: &str) -> wgpu::CommandEncoder {
    gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) })
}

fn dispatch_folded(pass: &mut wgpu::ComputePass<'_>, groups: u32) {
    pass.dispatch_workgroups(groups.min(GROUPS_PER_ROW), groups.div_ceil(GROUPS_PER_ROW), 1);
}
