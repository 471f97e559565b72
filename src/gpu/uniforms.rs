//! Uniforms of one list of commands. They stand one after another in chunks of memory that are written once, when the list
//! is submitted, and then serve the next list: the queue copies into a chunk only after what was submitted before has read
//! it.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::buffer::Binding;
use super::context::Gpu;
use super::error::GpuError;
use super::memory_tracker::Allocation;

/// Bytes of a chunk: the uniforms of some thirty iterations.
const CHUNK: u64 = 64 << 10;

/// A value that the kernels of one list of commands read; made by [`super::Commands::uniform`]. Clones share the memory.
#[derive(Debug, Clone)]
pub struct Uniform<T> {
    raw: wgpu::Buffer,
    buffer: u64,
    list: u64,
    offset: u64,
    kind: PhantomData<T>,
}

impl<T> Uniform<T> {
    /// The binding of the value.
    #[must_use]
    pub fn all(&self) -> Binding<'_> {
        let bytes = size_of::<T>() as u64;
        Binding { raw: &self.raw, buffer: self.buffer, list: Some(self.list), offset: self.offset, bytes }
    }
}

/// Memory of uniforms.
#[derive(Debug)]
struct Chunk {
    raw: wgpu::Buffer,
    allocation: Allocation,
}

/// The chunks of a device that are not used by any list.
#[derive(Debug, Default)]
pub(super) struct UniformPool {
    free: Mutex<Vec<Chunk>>,
    num_lists: AtomicU64,
}

/// The uniforms of a list that is being recorded.
#[derive(Debug)]
pub(super) struct UniformArena {
    pool: Arc<UniformPool>,
    list: u64,
    chunks: Vec<(Chunk, Vec<u8>)>,
}

impl UniformArena {
    pub(super) fn new(gpu: &Gpu) -> Self {
        let list = gpu.uniforms.num_lists.fetch_add(1, Ordering::Relaxed);
        Self { pool: Arc::clone(&gpu.uniforms), list, chunks: Vec::new() }
    }

    /// The number of the list.
    pub(super) const fn list(&self) -> u64 {
        self.list
    }

    /// Keeps a value until the list is submitted.
    ///
    /// # Errors
    /// Returns [`GpuError`] when another chunk is needed and there is no memory for it.
    pub(super) fn push<T: bytemuck::NoUninit>(&mut self, gpu: &Gpu, value: &T) -> Result<Uniform<T>, GpuError> {
        let alignment = u64::from(gpu.limits().min_uniform_buffer_offset_alignment.max(16));
        let bytes = bytemuck::bytes_of(value);
        let start = |used: &Vec<u8>| (used.len() as u64).next_multiple_of(alignment);
        if self.chunks.last().is_none_or(|(_, used)| start(used) + bytes.len() as u64 > CHUNK) {
            let chunk = self.pool.take(gpu)?;
            self.chunks.push((chunk, Vec::new()));
        }
        let Some((chunk, used)) = self.chunks.last_mut() else {
            return Err(GpuError::Refused("there is no chunk of uniforms".to_owned()));
        };
        let offset = start(used);
        used.resize(usize::try_from(offset).unwrap_or(usize::MAX), 0);
        used.extend_from_slice(bytes);
        let (raw, buffer) = (chunk.raw.clone(), chunk.allocation.id);
        Ok(Uniform { raw, buffer, list: self.list, offset, kind: PhantomData })
    }

    /// Writes the values, before the list is submitted.
    pub(super) fn write(&mut self, queue: &wgpu::Queue) {
        for (chunk, used) in &mut self.chunks {
            used.resize(used.len().next_multiple_of(16), 0);
            queue.write_buffer(&chunk.raw, 0, used);
        }
    }
}

impl Drop for UniformArena {
    /// Gives the chunks back, so that the next list takes them in the same order.
    fn drop(&mut self) {
        let mut free = self.pool.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.chunks.drain(..).rev().map(|(chunk, _)| chunk));
    }
}

impl UniformPool {
    /// Frees the chunks that no list is using.
    pub(super) fn clear(&self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self, gpu: &Gpu) -> Result<Chunk, GpuError> {
        if let Some(chunk) = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(chunk);
        }
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let (raw, allocation) = gpu.create("uniforms", CHUNK, usage)?;
        Ok(Chunk { raw, allocation })
    }
}
