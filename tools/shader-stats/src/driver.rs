//! The first Vulkan device, opened as wgpu opens it, and with reports of its compiler.

use std::ffi::CStr;

use anyhow::{Context, Result};
use ash::vk;

pub struct Driver {
    // Keeps the loader and the instance alive.
    _entry: ash::Entry,
    _instance: ash::Instance,
    pub(crate) device: ash::Device,
    pub(crate) reports: ash::khr::pipeline_executable_properties::Device,
    lanes: (u32, u32),
}

impl Driver {
    pub fn open() -> Result<Self> {
        // SAFETY: the loader and the drivers are Mesa's; handles are used only while what they belong to lives.
        unsafe {
            let entry = ash::Entry::load().context("there is no Vulkan loader")?;
            // Drivers know some programs by the name of their engine.
            let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3).engine_name(c"wgpu-hal");
            let info = vk::InstanceCreateInfo::default().application_info(&application);
            let instance = entry.create_instance(&info, None).context("no Vulkan driver could be loaded")?;
            let physical = *instance.enumerate_physical_devices()?.first().context("the driver has no device")?;
            let mut control = vk::PhysicalDeviceSubgroupSizeControlProperties::default();
            let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut control);
            instance.get_physical_device_properties2(physical, &mut properties);
            let lanes = (control.min_subgroup_size, control.max_subgroup_size);
            let device = open_device(&instance, physical)?;
            let reports = ash::khr::pipeline_executable_properties::Device::new(&instance, &device);
            Ok(Self { _entry: entry, _instance: instance, device, reports, lanes })
        }
    }

    /// Fewest and most lanes of a subgroup.
    pub const fn lanes(&self) -> (u32, u32) {
        self.lanes
    }
}

/// With the features that change code: checked accesses to buffers, and subgroups of any size.
unsafe fn open_device(instance: &ash::Instance, physical: vk::PhysicalDevice) -> Result<ash::Device> {
    let mut robustness = vk::PhysicalDeviceRobustness2FeaturesEXT::default();
    let mut thirteen = vk::PhysicalDeviceVulkan13Features::default();
    let mut found = vk::PhysicalDeviceFeatures2::default().push_next(&mut robustness).push_next(&mut thirteen);
    unsafe { instance.get_physical_device_features2(physical, &mut found) };
    let mut extensions: Vec<&CStr> = vec![ash::khr::pipeline_executable_properties::NAME];
    let mut robustness = vk::PhysicalDeviceRobustness2FeaturesEXT::default()
        .robust_buffer_access2(robustness.robust_buffer_access2 == vk::TRUE);
    let mut reports =
        vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default().pipeline_executable_info(true);
    let mut thirteen = vk::PhysicalDeviceVulkan13Features::default()
        .subgroup_size_control(thirteen.subgroup_size_control == vk::TRUE)
        .compute_full_subgroups(thirteen.compute_full_subgroups == vk::TRUE)
        .shader_integer_dot_product(true)
        .maintenance4(true);
    let mut twelve = vk::PhysicalDeviceVulkan12Features::default().vulkan_memory_model(true);
    let queues = [vk::DeviceQueueCreateInfo::default().queue_family_index(0).queue_priorities(&[1.0])];
    let mut features = vk::PhysicalDeviceFeatures2::default()
        .features(vk::PhysicalDeviceFeatures { robust_buffer_access: vk::TRUE, ..Default::default() })
        .push_next(&mut reports)
        .push_next(&mut twelve)
        .push_next(&mut thirteen);
    if robustness.robust_buffer_access2 == vk::TRUE {
        extensions.push(ash::ext::robustness2::NAME);
        features = features.push_next(&mut robustness);
    }
    let extensions: Vec<_> = extensions.into_iter().map(CStr::as_ptr).collect();
    let info = vk::DeviceCreateInfo::default()
        .queue_create_infos(&queues)
        .enabled_extension_names(&extensions)
        .push_next(&mut features);
    unsafe { instance.create_device(physical, &info, None) }.context("the driver opens no device")
}
