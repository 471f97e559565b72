//! Typed memory on the device.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;
use web_time::Instant;

use bytemuck::{NoUninit, Pod};

use super::context::Gpu;
use super::error::GpuError;
use super::memory_tracker::Allocation;
use super::waiting::{self, Arrival};

/// `len` elements of `T` on the device. A clone is the same memory.
#[derive(Debug, Clone)]
pub struct Buffer<T> {
    raw: wgpu::Buffer,
    label: String,
    len: u64,
    allocation: Arc<Allocation>,
    kind: PhantomData<T>,
}

/// A part of a buffer as a kernel sees it.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    pub(super) raw: &'a wgpu::Buffer,
    /// The number of the buffer.
    pub(super) buffer: u64,
    /// The list of commands that a uniform belongs to; `None` where any list may bind it.
    pub(super) list: Option<u64>,
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// Storage buffers can be copied from and to, and can hold the arguments of indirect dispatches.
const STORAGE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE
    .union(wgpu::BufferUsages::COPY_SRC)
    .union(wgpu::BufferUsages::COPY_DST)
    .union(wgpu::BufferUsages::INDIRECT);

/// Sizes of buffers and windows are multiples of this: no binding is empty, and every copy is aligned.
const SMALLEST: u64 = 16;

/// A device that has no memory for so many bytes has none at all.
const SMALLEST_PIECE: u64 = 4 << 10;

impl Gpu {
    /// `len` zeros of `T`.
    ///
    /// # Errors
    /// Returns [`GpuError::BufferTooLarge`], [`GpuError::OverBudget`] or [`GpuError::OutOfMemory`], naming `label`.
    pub fn zeros<T: Pod>(&self, label: &str, len: u64) -> Result<Buffer<T>, GpuError> {
        let (raw, allocation) = self.create(label, len * size_of::<T>() as u64, STORAGE)?;
        Ok(Buffer { raw, label: label.to_owned(), len, allocation: Arc::new(allocation), kind: PhantomData })
    }

    /// A storage buffer with the given elements.
    ///
    /// # Errors
    /// The same as [`Gpu::zeros`].
    pub fn upload<T: Pod>(&self, label: &str, elements: &[T]) -> Result<Buffer<T>, GpuError> {
        let buffer = self.zeros(label, elements.len() as u64)?;
        buffer.write(self, 0, elements);
        Ok(buffer)
    }

    /// A uniform buffer with one value, for arguments that stay; those of one list of commands are
    /// [`super::Commands::uniform`]s.
    ///
    /// # Errors
    /// The same as [`Gpu::zeros`].
    pub fn uniform<T: NoUninit>(&self, label: &str, value: &T) -> Result<Buffer<T>, GpuError> {
        let bytes = bytemuck::bytes_of(value);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let (raw, allocation) = self.create(label, bytes.len() as u64, usage)?;
        self.queue.write_buffer(&raw, 0, bytes);
        Ok(Buffer { raw, label: label.to_owned(), len: 1, allocation: Arc::new(allocation), kind: PhantomData })
    }

    /// Frees the memory that the device keeps for later lists of commands. It is freed without being asked where it is
    /// needed for a buffer.
    pub fn free_unused(&self) {
        self.uniforms.clear();
        self.readbacks.clear();
    }

    /// Creates a buffer and counts it.
    pub(super) fn create(
        &self,
        label: &str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<(wgpu::Buffer, Allocation), GpuError> {
        // A binding cannot be empty, and windows end on whole multiples.
        let bytes = bytes.next_multiple_of(SMALLEST).max(SMALLEST);
        let limit = self.limits().max_buffer_size;
        if bytes > limit {
            return Err(GpuError::BufferTooLarge { label: label.to_owned(), bytes, limit });
        }
        let allocation = self.tracker.allocate(label, bytes).or_else(|_| {
            self.free_unused();
            self.tracker.allocate(label, bytes)
        })?;
        let wanted = wgpu::BufferDescriptor { label: Some(label), size: bytes, usage, mapped_at_creation: false };
        let made = waiting::made(&self.device, wgpu::ErrorFilter::OutOfMemory, || self.device.create_buffer(&wanted));
        let raw = made.map_err(|_| GpuError::OutOfMemory { label: label.to_owned(), bytes })?;
        Ok((raw, allocation))
    }
}

impl<T> Buffer<T> {
    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no elements.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Size in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.len * size_of::<T>() as u64
    }

    /// Name in error messages and debuggers.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The buffer of wgpu.
    pub(crate) const fn raw(&self) -> &wgpu::Buffer {
        &self.raw
    }

    /// All elements.
    #[must_use]
    pub fn all(&self) -> Binding<'_> {
        self.binding(0, self.raw.size())
    }

    /// Some elements. The start must be a multiple of the device's offset alignment, 256 bytes on every device.
    #[must_use]
    pub fn window(&self, elements: Range<u64>) -> Binding<'_> {
        let size = size_of::<T>() as u64;
        let end = elements.end.min(self.len);
        let bytes = (end.saturating_sub(elements.start) * size).next_multiple_of(SMALLEST).max(SMALLEST);
        self.binding(elements.start * size, bytes)
    }

    fn binding(&self, offset: u64, bytes: u64) -> Binding<'_> {
        Binding { raw: &self.raw, buffer: self.allocation.id, list: None, offset, bytes }
    }

    /// Overwrites elements from `first` on, before any work that is submitted later.
    pub fn write(&self, gpu: &Gpu, first: u64, elements: &[T])
    where
        T: NoUninit,
    {
        let bytes: &[u8] = bytemuck::cast_slice(elements);
        gpu.queue.write_buffer(&self.raw, first * size_of::<T>() as u64, bytes);
    }

    /// Waits for all submitted work and copies every element back.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory for the copy.
    pub fn read(&self, gpu: &Gpu) -> Result<Vec<T>, GpuError>
    where
        T: Pod,
    {
        self.read_first(gpu, self.len)
    }

    /// The first element, read as by [`Self::read`].
    ///
    /// # Errors
    /// The same as [`Self::read`].
    pub fn read_one(&self, gpu: &Gpu) -> Result<T, GpuError>
    where
        T: Pod,
    {
        let first = self.read_first(gpu, 1)?;
        Ok(first.first().copied().unwrap_or_else(T::zeroed))
    }

    /// The first `len` elements, read as by [`Self::read`].
    ///
    /// # Errors
    /// The same as [`Self::read`].
    pub fn read_first(&self, gpu: &Gpu, len: u64) -> Result<Vec<T>, GpuError>
    where
        T: Pod,
    {
        let len = len.min(self.len);
        match self.start_reading(gpu, 0..len) {
            Err(error) if error.is_of_memory() => self.read_in_pieces(gpu, len),
            reading => reading?.wait(gpu),
        }
    }

    /// The same as [`Self::read_first`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::read`].
    pub async fn first_arrived(&self, gpu: &Gpu, len: u64) -> Result<Vec<T>, GpuError>
    where
        T: Pod,
    {
        if waiting::IS_BROWSER {
            return self.read_first_later(gpu, len)?.arrived(gpu).await;
        }
        self.read_first(gpu, len)
    }

    /// Reads one piece after another where there is no memory for a copy of all, and halves the piece whenever it is refused.
    fn read_in_pieces(&self, gpu: &Gpu, len: u64) -> Result<Vec<T>, GpuError>
    where
        T: Pod,
    {
        let size = size_of::<T>() as u64;
        let mut elements = Vec::new();
        let mut piece = len;
        while (elements.len() as u64) < len {
            let first = elements.len() as u64;
            match self.start_reading(gpu, first..(first + piece).min(len)) {
                Ok(reading) => elements.extend(reading.wait(gpu)?),
                // Pieces begin where copies may: at a multiple of the smallest one.
                Err(error) if error.is_of_memory() && piece * size > SMALLEST_PIECE => {
                    piece = (piece / 2).next_multiple_of(SMALLEST);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(elements)
    }

    /// Copies every element when the work submitted so far is done, without waiting for it.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory for the copy.
    pub fn read_later(&self, gpu: &Gpu) -> Result<Readback<T>, GpuError>
    where
        T: Pod,
    {
        self.start_reading(gpu, 0..self.len)
    }

    /// The first `len` elements, copied as by [`Self::read_later`].
    ///
    /// # Errors
    /// The same as [`Self::read_later`].
    pub fn read_first_later(&self, gpu: &Gpu, len: u64) -> Result<Readback<T>, GpuError>
    where
        T: Pod,
    {
        self.start_reading(gpu, 0..len.min(self.len))
    }

    fn start_reading(&self, gpu: &Gpu, elements: Range<u64>) -> Result<Readback<T>, GpuError> {
        let copy = self.copy_of(gpu, elements)?;
        let mut encoder =
            gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("read back") });
        copy.record(&mut encoder, self);
        Ok(copy.submitted(gpu.queue.submit([encoder.finish()])))
    }

    /// Memory for a copy of some elements.
    pub(super) fn copy_of(&self, gpu: &Gpu, elements: Range<u64>) -> Result<RecordedCopy<T>, GpuError> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let size = size_of::<T>() as u64;
        let bytes = (elements.end - elements.start) * size;
        let copied = bytes.next_multiple_of(SMALLEST).max(SMALLEST);
        let (copy, allocation) = match gpu.readbacks.take(copied) {
            Some(kept) => kept,
            None => gpu.create(&format!("{} (read back)", self.label), copied, usage)?,
        };
        Ok(RecordedCopy { copy, first_byte: elements.start * size, bytes, allocation, kind: PhantomData })
    }
}

/// A copy for the host that a list of commands makes.
#[derive(Debug)]
pub struct RecordedCopy<T> {
    copy: wgpu::Buffer,
    /// The first byte that is copied.
    first_byte: u64,
    bytes: u64,
    allocation: Allocation,
    kind: PhantomData<T>,
}

impl<T> RecordedCopy<T> {
    pub(super) fn record(&self, encoder: &mut wgpu::CommandEncoder, from: &Buffer<T>) {
        encoder.copy_buffer_to_buffer(&from.raw, self.first_byte, &self.copy, 0, self.copy.size());
    }

    /// The elements on their way, when the copy was submitted.
    pub(super) fn submitted(self, submission: wgpu::SubmissionIndex) -> Readback<T> {
        let (mapped, bring) = Arrival::new();
        self.copy.map_async(wgpu::MapMode::Read, .., bring);
        let Self { copy, bytes, allocation, .. } = self;
        Readback { copy, bytes, submission, mapped, result: None, allocation, kind: PhantomData }
    }
}

/// Elements on their way to the host.
#[derive(Debug)]
pub struct Readback<T> {
    copy: wgpu::Buffer,
    bytes: u64,
    submission: wgpu::SubmissionIndex,
    mapped: Arrival<Result<(), wgpu::BufferAsyncError>>,
    /// What came of the mapping, where it is known.
    result: Option<Result<(), wgpu::BufferAsyncError>>,
    allocation: Allocation,
    kind: PhantomData<T>,
}

impl<T: Pod> Readback<T> {
    /// Waits for the work that was submitted before the copy, but not longer than until `end`. Returns whether it is done.
    ///
    /// # Errors
    /// The same as [`Self::wait`].
    pub fn is_done_by(&mut self, gpu: &Gpu, end: Instant) -> Result<bool, GpuError> {
        let Self { mapped, result, .. } = self;
        gpu.wait_until(end, || {
            *result = result.take().or_else(|| mapped.take());
            result.is_some()
        })
    }

    /// Waits for the work that was submitted before the copy, and returns the elements.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost, or the first fault of any work so far.
    pub fn wait(self, gpu: &Gpu) -> Result<Vec<T>, GpuError> {
        waiting::block_on(self.arrived(gpu))
    }

    /// The same as [`Self::wait`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::wait`].
    pub async fn arrived(self, gpu: &Gpu) -> Result<Vec<T>, GpuError> {
        let lost = |reason: String| GpuError::Lost { reason };
        let result = match self.result {
            Some(result) => result,
            None => {
                if !waiting::IS_BROWSER {
                    gpu.wait_for(self.submission)?;
                }
                (&self.mapped).await.ok_or_else(|| lost("a copy was not made".to_owned()))?
            }
        };
        result.map_err(|error| lost(error.to_string()))?;
        let view = self.copy.get_mapped_range(..).map_err(|error| lost(error.to_string()))?;
        let bytes = usize::try_from(self.bytes).map_err(|error| lost(error.to_string()))?;
        let elements = bytemuck::pod_collect_to_vec(&view[..bytes]);
        drop(view);
        self.copy.unmap();
        gpu.readbacks.give_back(self.copy, self.allocation);
        Ok(elements)
    }
}
