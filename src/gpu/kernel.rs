//! A compiled shader. Its bindings are found by reflection and given by name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::bind_groups::BoundRange;
use super::buffer::Binding;
use super::context::Gpu;
use super::error::GpuError;
use super::shader::Shader;
use super::waiting;
use crate::real::to_u32;

/// The interface of a shader, found by reflection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelInterface {
    /// Threads per workgroup.
    pub workgroup_size: [u32; 3],
    /// Every binding of group 0, by index.
    pub bindings: Vec<KernelBinding>,
}

/// One binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelBinding {
    /// Name of the variable.
    pub name: String,
    /// `@binding(index)`.
    pub index: u32,
    /// Uniform, or storage that is read or written.
    pub kind: wgpu::BufferBindingType,
    /// Fewest bytes that hold the variable's type.
    pub bytes: u64,
}

/// A compute pipeline that knows the names of its bindings. A clone is the same pipeline.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// A number that no other kernel of the device has.
    id: u64,
    name: &'static str,
    interface: KernelInterface,
    group_layout: wgpu::BindGroupLayout,
    pipeline: wgpu::ComputePipeline,
}

/// Parses and validates WGSL without a device.
///
/// # Errors
/// [`GpuError::Shader`] with the compiler's message, or with what is unusual about the bindings.
pub fn reflect(name: &str, source: &str) -> Result<(naga::Module, KernelInterface), GpuError> {
    let fail = |reason: String| GpuError::Shader { kernel: name.to_owned(), reason };
    let module = naga::front::wgsl::parse_str(source).map_err(|error| fail(error.emit_to_string(source)))?;
    naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all())
        .validate(&module)
        .map_err(|error| fail(error.emit_to_string(source)))?;
    let [entry_point] = &module.entry_points[..] else {
        return Err(fail(format!("it has {} entry points, expected one", module.entry_points.len())));
    };
    let mut bindings = module
        .global_variables
        .iter()
        .filter_map(|(_, variable)| Some((variable, variable.binding.as_ref()?)))
        .map(|(variable, place)| {
            let name = variable.name.clone().ok_or_else(|| fail("a binding has no name".into()))?;
            let kind = match variable.space {
                naga::AddressSpace::Uniform => wgpu::BufferBindingType::Uniform,
                naga::AddressSpace::Storage { access } => {
                    wgpu::BufferBindingType::Storage { read_only: !access.contains(naga::StorageAccess::STORE) }
                }
                other => return Err(fail(format!("binding `{name}` is in {other:?}"))),
            };
            if place.group != 0 {
                return Err(fail(format!("binding `{name}` is in group {}, expected 0", place.group)));
            }
            let bytes = module.types[variable.ty].inner.size(module.to_ctx());
            Ok(KernelBinding { name, index: place.binding, kind, bytes: u64::from(bytes) })
        })
        .collect::<Result<Vec<_>, _>>()?;
    bindings.sort_by_key(|binding| binding.index);
    let workgroup_size = entry_point.workgroup_size;
    Ok((module, KernelInterface { workgroup_size, bindings }))
}

impl Kernel {
    /// Compiles a row of the table for this device, once; `constants` are put before its source.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when it does not compile.
    pub fn new(gpu: &Gpu, shader: &Shader, constants: &[(&str, u32)]) -> Result<Self, GpuError> {
        let source = shader.source(gpu.traits(), constants);
        gpu.kernels.get(&source, || Self::compile(gpu, shader, &source))
    }

    fn compile(gpu: &Gpu, shader: &Shader, source: &str) -> Result<Self, GpuError> {
        let (_, interface) = reflect(shader.name, source)?;
        let compiled = waiting::made(&gpu.device, wgpu::ErrorFilter::Validation, || {
            Self::made_pipeline(gpu, shader.name, source, &interface)
        });
        match compiled {
            Ok((group_layout, pipeline)) => {
                Ok(Self { id: gpu.kernels.next_id(), name: shader.name, interface, group_layout, pipeline })
            }
            Err(error) => Err(GpuError::Shader { kernel: shader.name.to_owned(), reason: error.to_string() }),
        }
    }

    fn made_pipeline(
        gpu: &Gpu,
        name: &'static str,
        source: &str,
        interface: &KernelInterface,
    ) -> (wgpu::BindGroupLayout, wgpu::ComputePipeline) {
        let module = gpu.shader_module(name, source);
        let group_layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(name),
            entries: &interface.bindings.iter().map(KernelBinding::layout_entry).collect::<Vec<_>>(),
        });
        let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(name),
            bind_group_layouts: &[Some(&group_layout)],
            immediate_size: 0,
        });
        let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&layout),
            module: &module,
            entry_point: None,
            compilation_options: wgpu::PipelineCompilationOptions {
                // Kernels write workgroup memory before they read it, and zeroing is done by one thread on some
                // backends. On Metal, kernels with `workgroupUniformLoad` are known to hang the driver without it.
                zero_initialize_workgroup_memory: gpu.checks || cfg!(target_vendor = "apple"),
                ..wgpu::PipelineCompilationOptions::default()
            },
            cache: None,
        });
        (group_layout, pipeline)
    }

    /// Name of the row in the table.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Bytes of one element of the array that the binding shows; 0 if there is no such binding.
    #[must_use]
    pub fn element_bytes(&self, binding: &str) -> u64 {
        let found = self.interface.bindings.iter().find(|found| found.name == binding);
        found.map_or(0, |found| found.bytes)
    }

    /// Threads per workgroup and the bindings.
    #[must_use]
    pub const fn interface(&self) -> &KernelInterface {
        &self.interface
    }

    pub(super) const fn pipeline(&self) -> &wgpu::ComputePipeline {
        &self.pipeline
    }

    /// The bind group of bindings that are given by name, and the offsets of its uniforms. `list` is the list of commands
    /// that it is for.
    pub(super) fn bind(
        &self,
        gpu: &Gpu,
        list: u64,
        given: &[(&str, Binding<'_>)],
    ) -> Result<(wgpu::BindGroup, Vec<u32>), GpuError> {
        let known = |name: &str| self.interface.bindings.iter().any(|binding| binding.name == name);
        if let Some((name, _)) = given.iter().find(|(name, _)| !known(name)) {
            let names: Vec<&str> = self.interface.bindings.iter().map(|binding| binding.name.as_str()).collect();
            return Err(self.fault(name, format!("the shader has no such binding, it has {}", names.join(", "))));
        }
        let mut bound = Vec::with_capacity(self.interface.bindings.len());
        let mut offsets = Vec::new();
        for binding in &self.interface.bindings {
            let found = given.iter().find(|(name, _)| *name == binding.name);
            let (_, found) = found.ok_or_else(|| self.fault(&binding.name, "it was not given".into()))?;
            self.check(binding, found, list, gpu)?;
            let mut range = BoundRange { buffer: found.buffer, offset: found.offset, bytes: found.bytes };
            if binding.kind == wgpu::BufferBindingType::Uniform {
                offsets.push(to_u32(range.offset));
                range = BoundRange { offset: 0, bytes: binding.bytes, ..range };
            }
            bound.push((binding.index, found.raw, range));
        }
        let key = Arc::new((self.id, bound.iter().map(|(.., range)| *range).collect()));
        let group = gpu.tracker.groups.get(key, || self.create_group(gpu, &bound));
        Ok((group, offsets))
    }

    fn create_group(&self, gpu: &Gpu, bound: &[(u32, &wgpu::Buffer, BoundRange)]) -> wgpu::BindGroup {
        let entries: Vec<_> = bound
            .iter()
            .map(|(index, buffer, range)| wgpu::BindGroupEntry {
                binding: *index,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: range.offset,
                    size: wgpu::BufferSize::new(range.bytes),
                }),
            })
            .collect();
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(self.name),
            layout: &self.group_layout,
            entries: &entries,
        })
    }

    fn check(&self, binding: &KernelBinding, found: &Binding<'_>, list: u64, gpu: &Gpu) -> Result<(), GpuError> {
        if found.list.is_some_and(|of| of != list) {
            return Err(self.fault(&binding.name, "it belongs to another list of commands".into()));
        }
        let limit = match binding.kind {
            wgpu::BufferBindingType::Uniform => gpu.limits().max_uniform_buffer_binding_size,
            wgpu::BufferBindingType::Storage { .. } => gpu.limits().max_storage_buffer_binding_size,
        };
        if found.bytes < binding.bytes {
            return Err(
                self.fault(&binding.name, format!("{} bytes were given, its type has {}", found.bytes, binding.bytes))
            );
        }
        if found.bytes > limit {
            return Err(
                self.fault(&binding.name, format!("{} bytes are needed, this GPU binds at most {limit}", found.bytes))
            );
        }
        Ok(())
    }

    fn fault(&self, binding: &str, reason: String) -> GpuError {
        GpuError::Binding { kernel: self.name.to_owned(), binding: binding.to_owned(), reason }
    }
}

/// Kernels of a device by their source, so that a window and the training that it shows compile each once: drivers take
/// seconds. A caller that asks for one that is being compiled waits for it.
#[derive(Debug, Default)]
pub(super) struct KernelCache {
    kernels: Mutex<HashMap<String, Arc<Mutex<Option<Kernel>>>>>,
    num_compiled: AtomicU64,
}

impl KernelCache {
    fn next_id(&self) -> u64 {
        self.num_compiled.fetch_add(1, Ordering::Relaxed)
    }

    fn get(&self, source: &str, compile: impl FnOnce() -> Result<Kernel, GpuError>) -> Result<Kernel, GpuError> {
        let place = {
            let mut places = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(places.entry(source.to_owned()).or_default())
        };
        let mut kernel = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernel) = &*kernel {
            return Ok(kernel.clone());
        }
        Ok(kernel.insert(compile()?).clone())
    }
}

impl KernelBinding {
    fn layout_entry(&self) -> wgpu::BindGroupLayoutEntry {
        wgpu::BindGroupLayoutEntry {
            binding: self.index,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: self.kind,
                // Only the offset differs between two lists of commands, so that they share a bind group.
                has_dynamic_offset: self.kind == wgpu::BufferBindingType::Uniform,
                min_binding_size: wgpu::BufferSize::new(self.bytes),
            },
            count: None,
        }
    }
}

impl Gpu {
    #[allow(unsafe_code, reason = "checks can only be turned off by an unsafe call")]
    fn shader_module(&self, name: &str, source: &str) -> wgpu::ShaderModule {
        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some(name), source: wgpu::ShaderSource::Wgsl(source.into()) };
        if self.checks {
            return self.device.create_shader_module(descriptor);
        }
        // SAFETY: our own shaders, which run with checks in the tests; their loops end.
        unsafe { self.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
    }
}
