//! An open device.

use std::sync::{Arc, Mutex, PoisonError};
use web_time::{Duration, Instant};

use super::adapter::{self, Selector};
use super::error::GpuError;
use super::guard::guarded;
use super::kernel::KernelCache;
use super::memory_tracker::MemoryTracker;
use super::readbacks::ReadbackPool;
use super::shader::DeviceTraits;
use super::uniforms::UniformPool;
use super::waiting;
use super::{memory, probe, report};

/// How to open a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuOptions {
    /// Which adapter; the best one if nothing is said.
    pub adapter: Option<Selector>,
    /// Bounds checks and loop bounds inside shaders, and validation of indirect dispatches.
    pub checks: bool,
    /// Which limits and features to ask for.
    pub limits: LimitSet,
    /// A smaller limit on the bytes of a binding than the adapter's, to try out how large buffers are split.
    pub max_binding_bytes: Option<u64>,
    /// Whether the kernels of real GPUs are taken even where the processor is the device. Only for tests.
    #[doc(hidden)]
    pub hardware_kernels: bool,
}

/// Which limits and features to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSet {
    /// All that the adapter has.
    Adapter,
    /// What every WebGPU implementation has: no optional feature, 128 MiB bindings, 8 storage buffers.
    WebGpu,
}

impl Default for GpuOptions {
    /// The adapter of the environment variable, its own limits, checks in debug builds.
    fn default() -> Self {
        Self {
            adapter: Selector::from_environment(),
            checks: cfg!(debug_assertions),
            limits: LimitSet::Adapter,
            max_binding_bytes: None,
            hardware_kernels: false,
        }
    }
}

/// Optional features that are asked for where the adapter has them.
pub(super) const OPTIONAL_FEATURES: wgpu::Features = wgpu::Features::SUBGROUP.union(wgpu::Features::TIMESTAMP_QUERY);

/// The pause between two looks at the device, as a part of the time waited so far, and at least and at most.
const PAUSES: u32 = 64;
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// An open device and its queue. A clone is the same device.
#[derive(Debug, Clone)]
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) checks: bool,
    has_timestamps: bool,
    limits: wgpu::Limits,
    name: String,
    driver: String,
    is_software: bool,
    traits: DeviceTraits,
    memory: Option<u64>,
    pub(super) tracker: Arc<MemoryTracker>,
    pub(super) uniforms: Arc<UniformPool>,
    pub(super) readbacks: Arc<ReadbackPool>,
    pub(super) kernels: Arc<KernelCache>,
    first_fault: Arc<Mutex<Option<GpuError>>>,
}

impl Gpu {
    /// Opens a device.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no adapter, none of that name, one below what the kernels need, or no device from it.
    pub fn open(options: &GpuOptions) -> Result<Self, GpuError> {
        let instance = adapter::instance(options.checks);
        waiting::block_on(async {
            let adapter = adapter::choose(&instance, options.adapter.as_ref(), |_| true).await?;
            Self::of_adapter(&adapter, options).await
        })
    }

    /// Uses a device that the caller opened. Buffers of the caller and of lapidary can then be copied into each other.
    ///
    /// The device's callbacks for uncaptured errors and for its loss become those of this object: [`Self::check`] returns the
    /// first fault, whatever caused it. Features that were not enabled are not used.
    ///
    /// # Errors
    /// Returns [`GpuError::TooSmall`] when the limits of the device are below WebGPU's defaults, and [`GpuError`] when the device
    /// was lost.
    pub fn from_device(adapter: &wgpu::Adapter, device: wgpu::Device, queue: wgpu::Queue) -> Result<Self, GpuError> {
        let lacks = report::lacks_within(adapter, &device.limits());
        if !lacks.is_empty() {
            return Err(GpuError::TooSmall { adapter: adapter.get_info().name, lacks });
        }
        Self::with_device(adapter, device, queue, &GpuOptions::default())
    }

    /// Opens a device of this adapter.
    pub(super) async fn of_adapter(adapter: &wgpu::Adapter, options: &GpuOptions) -> Result<Self, GpuError> {
        let name = adapter.get_info().name;
        let lacks = report::lacks(adapter);
        if !lacks.is_empty() {
            return Err(GpuError::TooSmall { adapter: name, lacks });
        }
        let (features, mut limits) = match options.limits {
            LimitSet::Adapter => (adapter.features() & OPTIONAL_FEATURES, adapter.limits()),
            LimitSet::WebGpu => (wgpu::Features::empty(), wgpu::Limits::default()),
        };
        if let Some(bytes) = options.max_binding_bytes {
            limits.max_storage_buffer_binding_size = limits.max_storage_buffer_binding_size.min(bytes);
        }
        let wanted = wgpu::DeviceDescriptor {
            label: Some("lapidary"),
            required_features: features,
            required_limits: limits,
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..wgpu::DeviceDescriptor::default()
        };
        let requested = adapter.request_device(&wanted);
        let requested = match waiting::IS_BROWSER {
            true => requested.await,
            // Without memory for its own helpers wgpu panics here.
            false => guarded(|| waiting::block_on(requested))?,
        };
        let (device, queue) =
            requested.map_err(|error| GpuError::NoDevice { adapter: name, reason: error.to_string() })?;
        Self::with_device(adapter, device, queue, options)
    }

    /// Wraps an open device; its features and limits are those that it was opened with.
    fn with_device(
        adapter: &wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
        options: &GpuOptions,
    ) -> Result<Self, GpuError> {
        let (info, features) = (adapter.get_info(), device.features());
        let subgroups =
            features.contains(wgpu::Features::SUBGROUP).then_some((info.subgroup_min_size, info.subgroup_max_size));
        let is_software = info.device_type == wgpu::DeviceType::Cpu;
        let mut gpu = Self {
            checks: options.checks,
            traits: DeviceTraits { subgroups, is_software: is_software && !options.hardware_kernels },
            has_timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY) && !waiting::IS_BROWSER,
            limits: device.limits(),
            memory: memory::device_bytes(adapter),
            tracker: Arc::default(),
            uniforms: Arc::default(),
            readbacks: Arc::default(),
            kernels: Arc::default(),
            is_software,
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            name: info.name,
            device,
            queue,
            first_fault: Arc::default(),
        };
        gpu.listen_for_faults();
        if subgroups.is_some() && !probe::has_ordered_lanes(&gpu)? {
            gpu.traits.subgroups = None;
        }
        Ok(gpu)
    }

    /// wgpu reports faults of recorded work later and elsewhere; the first is kept for [`Gpu::check`].
    fn listen_for_faults(&self) {
        let keep = |fault: GpuError, first: &Mutex<Option<GpuError>>| {
            first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        };
        let first_fault = Arc::clone(&self.first_fault);
        self.device.on_uncaptured_error(Arc::new(move |error| {
            let fault = match error {
                wgpu::Error::OutOfMemory { source } => GpuError::OutOfMemory { label: source.to_string(), bytes: 0 },
                other => GpuError::Refused(other.to_string()),
            };
            keep(fault, &first_fault);
        }));
        let first_fault = Arc::clone(&self.first_fault);
        self.device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                keep(GpuError::Lost { reason: message }, &first_fault);
            }
        });
    }

    /// The first fault of any work so far. Once a device has a fault its results are not to be trusted.
    ///
    /// # Errors
    /// Returns that fault.
    pub fn check(&self) -> Result<(), GpuError> {
        match &*self.first_fault.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(fault) => Err(fault.clone()),
        }
    }

    /// Waits until all submitted work is done.
    ///
    /// # Errors
    /// Returns the first fault of that work, or of any before.
    pub fn wait(&self) -> Result<(), GpuError> {
        self.poll(wgpu::PollType::wait_indefinitely())
    }

    /// Waits until one submission and all before it are done.
    pub(super) fn wait_for(&self, submission: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        self.poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None })
    }

    /// Waits until `is_done`, which depends on callbacks of the device, but not longer than until `end`. Returns whether it is.
    ///
    /// A wait of wgpu 30 with a timeout panics where another thread waits as well, so this one looks again and again.
    pub(super) fn wait_until(&self, end: Instant, mut is_done: impl FnMut() -> bool) -> Result<bool, GpuError> {
        let begin = Instant::now();
        loop {
            self.poll(wgpu::PollType::Poll)?;
            if is_done() {
                return Ok(true);
            }
            let now = Instant::now();
            if now >= end {
                return Ok(false);
            }
            let pause = ((now - begin) / PAUSES).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            std::thread::sleep(pause.min(end - now));
        }
    }

    fn poll(&self, what: wgpu::PollType) -> Result<(), GpuError> {
        let polled = guarded(|| self.device.poll(what));
        // The first fault says more than what came of it.
        self.check()?;
        polled?.map(|_| ()).map_err(|error| GpuError::Lost { reason: error.to_string() })
    }

    /// Loses the device as a driver would. Only for tests.
    #[doc(hidden)]
    pub fn lose(&self) {
        let fault = GpuError::Lost { reason: "it was asked for".to_owned() };
        self.first_fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        self.device.destroy();
    }

    /// The device of wgpu.
    #[must_use]
    pub const fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// The queue of wgpu.
    #[must_use]
    pub const fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// Whether kernels use subgroup operations: the device has them, and its lanes are consecutive threads.
    #[must_use]
    pub const fn uses_subgroups(&self) -> bool {
        self.traits.subgroups.is_some()
    }

    /// The properties that decide which variants its kernels are composed of.
    pub(super) const fn traits(&self) -> DeviceTraits {
        self.traits
    }

    /// Name of the adapter.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name and version of the driver.
    #[must_use]
    pub fn driver(&self) -> &str {
        &self.driver
    }

    /// Whether the "GPU" is the processor.
    #[must_use]
    pub const fn is_software(&self) -> bool {
        self.is_software
    }

    /// Bytes of device-local memory, if the driver reports them.
    #[must_use]
    pub const fn memory(&self) -> Option<u64> {
        self.memory
    }

    /// Bytes of the buffers that this device holds for us.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.tracker.held()
    }

    /// The most bytes that [`Self::held`] was at a time since this was last asked.
    pub fn take_peak(&self) -> u64 {
        self.tracker.take_peak()
    }

    /// Refuses buffers from now on that would make it hold more than this many bytes.
    pub fn allow(&self, bytes: u64) {
        self.tracker.allow(bytes);
    }

    /// Number of buffers and of bind groups that were created so far. Only for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn num_created(&self) -> [u64; 2] {
        [self.tracker.num_buffers(), self.tracker.groups.num_created()]
    }

    /// Bytes that this program has on the device, if the backend reports them.
    #[must_use]
    pub fn allocated(&self) -> Option<u64> {
        self.device.generate_allocator_report().map(|report| report.total_allocated_bytes)
    }

    /// Whether it has timestamps at the borders of passes.
    #[must_use]
    pub const fn has_timestamps(&self) -> bool {
        self.has_timestamps
    }

    /// Limits of the device.
    #[must_use]
    pub const fn limits(&self) -> &wgpu::Limits {
        &self.limits
    }

    /// Elements of `T` that one binding can show.
    #[must_use]
    pub fn binding_elements<T>(&self) -> u64 {
        self.limits.max_storage_buffer_binding_size / size_of::<T>() as u64
    }
}
