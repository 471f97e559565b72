//! From WGSL to SPIR-V, with the options that wgpu takes where lapidary turns the runtime checks of shaders off.

use std::ffi::CString;

use anyhow::{Context, Result, anyhow};
use ash::vk;
use naga::back::spv;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};

/// A compiled shader and what a pipeline needs to know of it.
pub struct Shader {
    pub words: Vec<u32>,
    pub entry_point: CString,
    pub bindings: Vec<(u32, vk::DescriptorType)>,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u64,
}

pub fn compile(source: &str) -> Result<Shader> {
    let module = naga::front::wgsl::parse_str(source).map_err(|error| anyhow!(error.emit_to_string(source)))?;
    let info = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all())
        .validate(&module)
        .map_err(|error| anyhow!(error.emit_to_string(source)))?;
    let entry_point = module.entry_points.first().context("the shader has no entry point")?;
    let pipeline =
        spv::PipelineOptions { shader_stage: naga::ShaderStage::Compute, entry_point: entry_point.name.clone() };
    let words = spv::write_vec(&module, &info, &options(), Some(&pipeline))?;
    let variables = || module.global_variables.iter().map(|(_, variable)| variable);
    Ok(Shader {
        words,
        entry_point: CString::new(entry_point.name.clone())?,
        bindings: variables().filter_map(binding_of).collect(),
        workgroup_bytes: variables()
            .filter(|variable| variable.space == naga::AddressSpace::WorkGroup)
            .map(|variable| u64::from(module.types[variable.ty].inner.size(module.to_ctx())))
            .sum(),
    })
}

fn binding_of(variable: &naga::GlobalVariable) -> Option<(u32, vk::DescriptorType)> {
    let kind = match variable.space {
        naga::AddressSpace::Uniform => vk::DescriptorType::UNIFORM_BUFFER,
        _ => vk::DescriptorType::STORAGE_BUFFER,
    };
    Some((variable.binding.as_ref()?.binding, kind))
}

fn options() -> spv::Options<'static> {
    spv::Options {
        lang_version: (1, 6),
        flags: spv::WriterFlags::LABEL_VARYINGS | spv::WriterFlags::FORCE_POINT_SIZE,
        capabilities: None,
        bounds_check_policies: BoundsCheckPolicies {
            index: BoundsCheckPolicy::Unchecked,
            // The driver checks accesses to buffers.
            buffer: BoundsCheckPolicy::Unchecked,
            image_load: BoundsCheckPolicy::Unchecked,
            binding_array: BoundsCheckPolicy::Unchecked,
        },
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        emit_int_div_checks: false,
        ..spv::Options::default()
    }
}
