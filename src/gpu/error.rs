//! Errors of a device, each in a sentence that says what to do.

/// An error of the GPU floor.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum GpuError {
    /// The machine has no adapter at all.
    #[error(
        "no GPU adapter was found; install a Vulkan driver for your GPU, or Mesa's software driver (on Debian and Ubuntu: apt install mesa-vulkan-drivers libvulkan1)"
    )]
    NoAdapter,
    /// No adapter has the index or name that was asked for.
    #[error("no adapter matches `{wanted}`; there is {}; choose one by index or by a part of its name", available.join(", "))]
    UnknownAdapter {
        /// What was asked for.
        wanted: String,
        /// Index and name of every adapter.
        available: Vec<String>,
    },
    /// The adapter is below what the kernels need.
    #[error("adapter `{adapter}` is too small: {}; choose another with --adapter, `lapidary info` lists them", lacks.join(", "))]
    TooSmall {
        /// Name of the adapter.
        adapter: String,
        /// Each thing it lacks.
        lacks: Vec<String>,
    },
    /// The adapter would not give a device.
    #[error("adapter `{adapter}` gives no device: {reason}; update its driver or choose another with --adapter")]
    NoDevice {
        /// Name of the adapter.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
    /// The window has no surface that a GPU can draw on.
    #[error(
        "the window cannot be drawn on: {0}; choose another adapter with --adapter, or use `lapidary render`, which needs no window"
    )]
    NoSurface(String),
    /// The device went away: a driver reset, a removed GPU, a dispatch that took too long.
    #[error("the GPU was lost: {reason}")]
    Lost {
        /// What the driver said.
        reason: String,
    },
    /// The device has no memory left.
    #[error(
        "the GPU has no memory left for `{label}` ({bytes} bytes); use fewer convexes, smaller images or, in a training, a lower --memory"
    )]
    OutOfMemory {
        /// The buffer.
        label: String,
        /// The size of the buffer.
        bytes: u64,
    },
    /// More than the program is allowed to take.
    #[error(
        "`{label}` needs {} MiB, {} of {} MiB of GPU memory are in use; use fewer convexes, smaller images or, in a training, a higher --memory",
        bytes.div_ceil(1 << 20), held >> 20, allowed >> 20
    )]
    OverBudget {
        /// The buffer.
        label: String,
        /// The size of the buffer.
        bytes: u64,
        /// Bytes that were in use.
        held: u64,
        /// Bytes that may be.
        allowed: u64,
    },
    /// A buffer is larger than any buffer of this device may be.
    #[error(
        "`{label}` needs {bytes} bytes and this GPU allows {limit} in one buffer; use fewer convexes or smaller images"
    )]
    BufferTooLarge {
        /// The buffer.
        label: String,
        /// The size of the buffer.
        bytes: u64,
        /// The device's limit.
        limit: u64,
    },
    /// A binding that the kernel has was not given, or one was given that it does not have, or has another size.
    #[error("kernel `{kernel}`, binding `{binding}`: {reason}")]
    Binding {
        /// The kernel.
        kernel: String,
        /// The binding.
        binding: String,
        /// What was expected.
        reason: String,
    },
    /// A shader does not compile. A bug of lapidary.
    #[error("kernel `{kernel}` does not compile: {reason}")]
    Shader {
        /// The kernel.
        kernel: String,
        /// Message of the compiler.
        reason: String,
    },
    /// A browser has not answered yet: whoever asked asks again in the next frame.
    #[error("the GPU has not answered yet")]
    NotReady,
    /// wgpu refused a call. A bug of lapidary.
    #[error("the GPU refused a command: {0}")]
    Refused(String),
}

impl GpuError {
    /// Whether less memory might still be had.
    #[must_use]
    pub const fn is_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. } | Self::OverBudget { .. })
    }
}
