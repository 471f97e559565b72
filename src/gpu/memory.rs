//! How much memory an adapter has. wgpu does not report it; Vulkan does.

/// Bytes of device-local memory, if the driver reports them.
#[cfg(not(any(target_vendor = "apple", target_family = "wasm")))]
#[allow(unsafe_code, reason = "the only way to ask Vulkan; nothing is created, changed or kept")]
pub(super) fn device_bytes(adapter: &wgpu::Adapter) -> Option<u64> {
    // SAFETY: the adapter outlives the guard, and the physical device belongs to the instance that is asked.
    let heaps = unsafe {
        let adapter = adapter.as_hal::<wgpu::hal::api::Vulkan>()?;
        let instance = adapter.shared_instance().raw_instance();
        instance.get_physical_device_memory_properties(adapter.raw_physical_device())
    };
    // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT is the lowest bit.
    let local = heaps.memory_heaps_as_slice().iter().filter(|heap| heap.flags.as_raw() & 1 != 0);
    local.map(|heap| heap.size).max()
}

/// Bytes of device-local memory: Metal shares the system's, and browsers do not tell.
#[cfg(any(target_vendor = "apple", target_family = "wasm"))]
pub(super) fn device_bytes(_adapter: &wgpu::Adapter) -> Option<u64> {
    None
}
