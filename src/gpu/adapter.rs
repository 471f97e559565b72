//! Which adapter to use: the user's choice, else the fastest real GPU, else a software driver.

use std::fmt;
use std::str::FromStr;

use super::error::GpuError;

/// Environment variable with an adapter's index or a part of its name.
pub const ADAPTER_VARIABLE: &str = "LAPIDARY_ADAPTER";

/// How a user names an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Position in the list of `lapidary info`.
    Index(usize),
    /// A part of the name or driver, in any case.
    Name(String),
}

impl FromStr for Selector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Index))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => write!(f, "{name}"),
        }
    }
}

impl Selector {
    /// The choice in [`ADAPTER_VARIABLE`], if any.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let text = std::env::var(ADAPTER_VARIABLE).ok().filter(|text| !text.is_empty())?;
        text.parse().ok()
    }
}

/// The backends that lapidary is built for; the debugging flags of wgpu only with `checks`.
pub(super) fn instance(checks: bool) -> wgpu::Instance {
    // Validating indirect arguments adds a hidden dispatch and barriers to each indirect dispatch.
    let flags = if checks { wgpu::InstanceFlags::VALIDATION_INDIRECT_CALL } else { wgpu::InstanceFlags::empty() };
    wgpu::Instance::new(wgpu::InstanceDescriptor { flags, ..wgpu::InstanceDescriptor::new_without_display_handle() })
}

/// Every adapter, in the order of their indices: the default choice first.
pub(super) async fn list(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    let mut adapters = instance.enumerate_adapters(wgpu::Backends::PRIMARY).await;
    adapters.sort_by_key(|adapter| rank(&adapter.get_info()));
    adapters
}

/// Smaller is better.
fn rank(info: &wgpu::AdapterInfo) -> u32 {
    match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

/// The adapter that `selector` names, or the best one that `serves`.
pub(super) async fn choose(
    instance: &wgpu::Instance,
    selector: Option<&Selector>,
    serves: impl Fn(&wgpu::Adapter) -> bool,
) -> Result<wgpu::Adapter, GpuError> {
    let mut adapters = list(instance).await;
    if selector.is_none() {
        // Where none serves, the caller says what the best one lacks.
        adapters.sort_by_key(|adapter| !serves(adapter));
    }
    if adapters.is_empty() {
        return Err(GpuError::NoAdapter);
    }
    let names: Vec<String> = adapters.iter().map(|adapter| searchable_name(&adapter.get_info())).collect();
    let Some(selector) = selector else { return Ok(adapters.swap_remove(0)) };
    match position(selector, &names) {
        Some(index) => Ok(adapters.swap_remove(index)),
        None => Err(GpuError::UnknownAdapter {
            wanted: selector.to_string(),
            available: names.iter().enumerate().map(|(index, name)| format!("{index}: {name}")).collect(),
        }),
    }
}

fn searchable_name(info: &wgpu::AdapterInfo) -> String {
    format!("{} ({}, {:?})", info.name, info.driver, info.backend)
}

fn position(selector: &Selector, names: &[String]) -> Option<usize> {
    match selector {
        Selector::Index(index) => (*index < names.len()).then_some(*index),
        Selector::Name(part) => names.iter().position(|name| name.to_lowercase().contains(&part.to_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_an_index_or_a_part_of_a_name() {
        let names = ["NVIDIA H100 (NVIDIA, Vulkan)".to_owned(), "llvmpipe (llvmpipe, Vulkan)".to_owned()];
        let found = |text: &str| position(&text.parse().unwrap(), &names);
        assert_eq!(
            [found("1"), found("2"), found("h100"), found("LLVM"), found("radeon")],
            [Some(1), None, Some(0), Some(1), None]
        );
    }
}
