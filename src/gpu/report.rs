//! The adapters of the machine and their abilities.

use serde::Serialize;

use super::adapter;
use super::context::OPTIONAL_FEATURES;
use super::{memory, waiting};

/// An adapter.
#[derive(Debug, Clone, Serialize)]
pub struct AdapterReport {
    /// What `--adapter` takes; 0 is the default choice.
    pub index: usize,
    /// Name of the adapter.
    pub name: String,
    /// Name and version of the driver.
    pub driver: String,
    /// Vulkan, Metal or Dx12.
    pub backend: String,
    /// Discrete, integrated, virtual or software.
    pub kind: &'static str,
    /// Bytes of device-local memory, if the driver reports them.
    pub memory_bytes: Option<u64>,
    /// Bytes of the largest buffer.
    pub max_buffer_bytes: u64,
    /// Bytes of the largest storage binding.
    pub max_binding_bytes: u64,
    /// Storage buffers of one kernel.
    pub max_storage_buffers: u32,
    /// Bytes of workgroup memory.
    pub max_workgroup_bytes: u32,
    /// Threads of a workgroup.
    pub max_workgroup_threads: u32,
    /// Smallest and largest subgroup.
    pub subgroup_size: [u32; 2],
    /// Optional features that lapidary uses.
    pub features_used: Vec<String>,
    /// Optional features that lapidary would use and this adapter lacks; slower or less informative ways replace them.
    pub features_missing: Vec<String>,
    /// The reasons why the adapter is too small; empty if it is not.
    pub lacks: Vec<String>,
    /// Whether scenes can be rendered on it.
    pub can_render: bool,
    /// Whether scenes can be trained on it.
    pub can_train: bool,
}

impl AdapterReport {
    /// Whether it is a GPU and not the processor.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        self.kind != SOFTWARE
    }
}

const SOFTWARE: &str = "software";

/// Every adapter, the default choice first.
#[must_use]
pub fn adapters() -> Vec<AdapterReport> {
    let instance = adapter::instance(false);
    waiting::block_on(adapter::list(&instance))
        .iter()
        .enumerate()
        .map(|(index, adapter)| describe(index, adapter))
        .collect()
}

fn describe(index: usize, adapter: &wgpu::Adapter) -> AdapterReport {
    let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
    let lacks = lacks(adapter);
    AdapterReport {
        index,
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        backend: format!("{:?}", info.backend),
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => SOFTWARE,
            wgpu::DeviceType::Other => "other",
        },
        name: info.name,
        memory_bytes: memory::device_bytes(adapter),
        max_buffer_bytes: limits.max_buffer_size,
        max_binding_bytes: limits.max_storage_buffer_binding_size,
        max_storage_buffers: limits.max_storage_buffers_per_shader_stage,
        max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
        max_workgroup_threads: limits.max_compute_invocations_per_workgroup,
        subgroup_size: [info.subgroup_min_size, info.subgroup_max_size],
        features_used: names(OPTIONAL_FEATURES & features),
        features_missing: names(OPTIONAL_FEATURES - features),
        can_render: lacks.is_empty(),
        can_train: lacks.is_empty(),
        lacks,
    }
}

fn names(features: wgpu::Features) -> Vec<String> {
    features.iter_names().map(|(name, _)| name.to_lowercase()).collect()
}

/// The reasons why an adapter is too small for the kernels, which need the limits of every WebGPU implementation.
pub(super) fn lacks(adapter: &wgpu::Adapter) -> Vec<String> {
    lacks_within(adapter, &adapter.limits())
}

/// The reasons why a device of this adapter that was opened with these limits is too small.
pub(super) fn lacks_within(adapter: &wgpu::Adapter, has: &wgpu::Limits) -> Vec<String> {
    let needs = wgpu::Limits::default();
    let limits = [
        (
            "storage buffers per kernel",
            has.max_storage_buffers_per_shader_stage.into(),
            needs.max_storage_buffers_per_shader_stage.into(),
        ),
        (
            "bytes of workgroup memory",
            has.max_compute_workgroup_storage_size.into(),
            needs.max_compute_workgroup_storage_size.into(),
        ),
        (
            "threads per workgroup",
            has.max_compute_invocations_per_workgroup.into(),
            needs.max_compute_invocations_per_workgroup.into(),
        ),
        (
            "workgroups per dimension",
            has.max_compute_workgroups_per_dimension.into(),
            needs.max_compute_workgroups_per_dimension.into(),
        ),
        ("bytes per binding", has.max_storage_buffer_binding_size, needs.max_storage_buffer_binding_size),
        ("bytes per buffer", has.max_buffer_size, needs.max_buffer_size),
    ];
    let mut lacks = too_small(&limits);
    if !adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS) {
        lacks.push("it has no compute shaders".to_owned());
    }
    lacks
}

fn too_small(limits: &[(&str, u64, u64)]) -> Vec<String> {
    let short = limits.iter().filter(|(_, has, needs)| has < needs);
    short.map(|(what, has, needs)| format!("it has {has} {what}, {needs} are needed")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_short_is_named() {
        assert_eq!(too_small(&[("a", 8, 8), ("b", 4, 8)]), ["it has 4 b, 8 are needed"]);
    }
}
