//! Time per kernel, by timestamps at the borders of passes.

use super::context::Gpu;
use super::error::GpuError;

/// Timestamps that one query set may hold on every device.
const CAPACITY: u32 = 4096;

/// Collects the time of every dispatch of one list of commands.
#[derive(Debug)]
pub struct KernelTimer {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    names: Vec<&'static str>,
    nanoseconds_per_tick: f64,
}

/// Time of one dispatch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelTime {
    /// The kernel.
    pub name: &'static str,
    /// Duration on the device.
    pub nanoseconds: f64,
}

impl KernelTime {
    /// Milliseconds of each kernel, all its dispatches together, and their number; in the order of the first dispatch.
    #[must_use]
    pub fn by_kernel(times: &[Self]) -> Vec<(&'static str, f64, usize)> {
        let mut kernels: Vec<(&'static str, f64, usize)> = Vec::new();
        for time in times {
            let milliseconds = time.nanoseconds / 1e6;
            match kernels.iter_mut().find(|(name, ..)| *name == time.name) {
                Some((_, sum, count)) => (*sum, *count) = (*sum + milliseconds, *count + 1),
                None => kernels.push((time.name, milliseconds, 1)),
            }
        }
        kernels
    }
}

impl KernelTimer {
    /// A timer, or `None` where the device has no timestamps.
    #[must_use]
    pub fn new(gpu: &Gpu) -> Option<Self> {
        gpu.has_timestamps().then(|| Self {
            queries: gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("kernel timer"),
                ty: wgpu::QueryType::Timestamp,
                count: CAPACITY,
            }),
            resolved: gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("kernel timer"),
                size: u64::from(CAPACITY) * 8,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            }),
            names: Vec::new(),
            nanoseconds_per_tick: f64::from(gpu.queue.get_timestamp_period()),
        })
    }

    /// The timestamps of one more dispatch; dispatches beyond the capacity are not timed.
    pub(super) fn next(&mut self, name: &'static str) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let first = u32::try_from(self.names.len() * 2).ok().filter(|first| first + 2 <= CAPACITY)?;
        self.names.push(name);
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(first),
            end_of_pass_write_index: Some(first + 1),
        })
    }

    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        let used = u32::try_from(self.names.len() * 2).unwrap_or(CAPACITY);
        if used > 0 {
            encoder.resolve_query_set(&self.queries, 0..used, &self.resolved, 0);
        }
    }

    /// Waits for the submitted list and returns its times in order.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn read(self, gpu: &Gpu) -> Result<Vec<KernelTime>, GpuError> {
        let ticks = gpu.zeros::<u64>("kernel timer", u64::from(CAPACITY))?;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(&self.resolved, 0, ticks.raw(), 0, self.resolved.size());
        gpu.queue.submit([encoder.finish()]);
        let ticks = ticks.read(gpu)?;
        let times = self.names.iter().zip(ticks.chunks_exact(2)).map(|(name, pair)| KernelTime {
            name,
            // Clocks of some drivers step back by a tick between passes.
            nanoseconds: pair[1].saturating_sub(pair[0]) as f64 * self.nanoseconds_per_tick,
        });
        Ok(times.collect())
    }
}
