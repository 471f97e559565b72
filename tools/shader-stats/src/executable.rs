//! One kernel as the driver compiles it.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};

use anyhow::{Context, Result};
use ash::vk;

use crate::driver::Driver;
use crate::spirv::Shader;

/// What the compiler says of a kernel.
pub struct Report {
    /// By the names that this driver gives them.
    pub statistics: BTreeMap<String, i64>,
    /// What it was compiled to, if that was asked for.
    pub code: Option<String>,
}

impl Driver {
    /// Compiles a kernel; `lanes` are those that a subgroup must have.
    pub fn compile(&self, shader: &Shader, lanes: Option<u32>, with_code: bool) -> Result<Report> {
        // SAFETY: all handles are this device's, and live until the end of the block.
        unsafe {
            let bindings: Vec<_> = shader.bindings.iter().map(|&(index, kind)| layout_binding(index, kind)).collect();
            let info = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
            let set = self.device.create_descriptor_set_layout(&info, None)?;
            let sets = [set];
            let info = vk::PipelineLayoutCreateInfo::default().set_layouts(&sets);
            let layout = self.device.create_pipeline_layout(&info, None)?;
            let info = vk::ShaderModuleCreateInfo::default().code(&shader.words);
            let module = self.device.create_shader_module(&info, None)?;
            let pipeline = self.pipeline(shader, module, layout, lanes, with_code)?;
            let mut report = self.report(pipeline, with_code)?;
            report.statistics.insert("workgroup bytes".to_owned(), shader.workgroup_bytes.try_into()?);
            self.device.destroy_pipeline(pipeline, None);
            self.device.destroy_shader_module(module, None);
            self.device.destroy_pipeline_layout(layout, None);
            self.device.destroy_descriptor_set_layout(set, None);
            Ok(report)
        }
    }

    unsafe fn pipeline(
        &self,
        shader: &Shader,
        module: vk::ShaderModule,
        layout: vk::PipelineLayout,
        lanes: Option<u32>,
        with_code: bool,
    ) -> Result<vk::Pipeline> {
        let mut size = vk::PipelineShaderStageRequiredSubgroupSizeCreateInfo::default();
        let mut stage = vk::PipelineShaderStageCreateInfo::default()
            .stage(vk::ShaderStageFlags::COMPUTE)
            .module(module)
            .name(&shader.entry_point);
        if let Some(lanes) = lanes {
            size.required_subgroup_size = lanes;
            stage = stage.push_next(&mut size);
        } else {
            // wgpu asks for this where a device has subgroups.
            stage = stage.flags(vk::PipelineShaderStageCreateFlags::ALLOW_VARYING_SUBGROUP_SIZE);
        }
        let mut flags = vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR;
        if with_code {
            flags |= vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR;
        }
        let info = vk::ComputePipelineCreateInfo::default().layout(layout).stage(stage).flags(flags);
        let made = unsafe { self.device.create_compute_pipelines(vk::PipelineCache::null(), &[info], None) };
        let pipelines = made.map_err(|(_, error)| error).context("the driver refuses the kernel")?;
        pipelines.first().copied().context("the driver made no pipeline")
    }

    unsafe fn report(&self, pipeline: vk::Pipeline, with_code: bool) -> Result<Report> {
        let which = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline).executable_index(0);
        let found = unsafe { self.reports.get_pipeline_executable_statistics(&which)? };
        let statistics = found.iter().map(|statistic| (text(&statistic.name), number(statistic))).collect();
        let code = with_code.then(|| unsafe { self.code(&which) }).transpose()?;
        Ok(Report { statistics, code })
    }

    /// The last form that the compiler shows, which is that of the machine.
    unsafe fn code(&self, which: &vk::PipelineExecutableInfoKHR<'_>) -> Result<String> {
        let ask = self.reports.fp().get_pipeline_executable_internal_representations_khr;
        let device = self.device.handle();
        let mut count = 0;
        unsafe { ask(device, which, &mut count, std::ptr::null_mut()) }.result()?;
        let mut forms = vec![vk::PipelineExecutableInternalRepresentationKHR::default(); count as usize];
        // The first answer has the sizes, the second fills the memory.
        unsafe { ask(device, which, &mut count, forms.as_mut_ptr()) }.result()?;
        let mut texts: Vec<Vec<u8>> = forms.iter().map(|form| vec![0; form.data_size]).collect();
        for (form, text) in forms.iter_mut().zip(&mut texts) {
            form.p_data = text.as_mut_ptr().cast();
        }
        unsafe { ask(device, which, &mut count, forms.as_mut_ptr()) }.result()?;
        let last = texts.last().context("the driver shows no code")?;
        Ok(String::from_utf8_lossy(last).trim_end_matches('\0').to_owned())
    }
}

fn layout_binding(index: u32, kind: vk::DescriptorType) -> vk::DescriptorSetLayoutBinding<'static> {
    vk::DescriptorSetLayoutBinding::default()
        .binding(index)
        .descriptor_count(1)
        .descriptor_type(kind)
        .stage_flags(vk::ShaderStageFlags::COMPUTE)
}

fn text(chars: &[c_char]) -> String {
    // SAFETY: Vulkan ends names with a zero.
    unsafe { CStr::from_ptr(chars.as_ptr()) }.to_string_lossy().into_owned()
}

fn number(statistic: &vk::PipelineExecutableStatisticKHR<'_>) -> i64 {
    // SAFETY: the format says which field is set.
    unsafe {
        match statistic.format {
            vk::PipelineExecutableStatisticFormatKHR::BOOL32 => i64::from(statistic.value.b32),
            vk::PipelineExecutableStatisticFormatKHR::FLOAT64 => statistic.value.f64 as i64,
            _ => statistic.value.i64,
        }
    }
}
