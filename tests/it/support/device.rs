//! Devices for tests. A machine without any adapter fails the tests: it does not skip them.

use std::sync::LazyLock;

use lapidary::gpu::{Gpu, GpuOptions, LimitSet};

/// Options of the devices that every GPU test runs on, with a name for messages.
fn variants() -> Vec<(&'static str, GpuOptions)> {
    let checked = GpuOptions { checks: true, ..GpuOptions::default() };
    vec![
        ("adapter's limits", checked.clone()),
        ("WebGPU's limits", GpuOptions { limits: LimitSet::WebGpu, ..checked.clone() }),
        (
            "bindings of 64 KiB, kernels of real GPUs",
            GpuOptions { max_binding_bytes: Some(64 << 10), hardware_kernels: true, ..checked },
        ),
    ]
}

/// Devices are opened once: that is slow on some drivers.
static DEVICES: LazyLock<Vec<(&'static str, Gpu)>> = LazyLock::new(|| {
    let open = |(name, options): (&'static str, GpuOptions)| (name, Gpu::open(&options).unwrap());
    variants().into_iter().map(open).collect()
});

/// The device with everything that the adapter has, and runtime checks on.
pub(crate) fn gpu() -> &'static Gpu {
    &DEVICES[0].1
}

/// All devices: with every feature, with what every WebGPU implementation has, and with bindings so small that every
/// buffer has to be split.
pub(crate) fn all_gpus() -> &'static [(&'static str, Gpu)] {
    &DEVICES
}
