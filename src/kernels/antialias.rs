//! A kernel with a variant for anti-aliased convexes: a branch in one kernel would cost both the registers of either.

use std::sync::OnceLock;

use crate::gpu::{Gpu, GpuError, Kernel, Shader};

/// Both kernels. The one with anti-aliasing is compiled when it is first asked for.
#[derive(Debug)]
pub(super) struct WithAntialias {
    gpu: Gpu,
    shader: &'static Shader,
    constants: Vec<(&'static str, u32)>,
    plain: Kernel,
    antialiased: OnceLock<Kernel>,
}

impl WithAntialias {
    /// Compiles the kernel without anti-aliasing.
    pub(super) fn new(gpu: &Gpu, shader: &'static Shader, constants: &[(&'static str, u32)]) -> Result<Self, GpuError> {
        Ok(Self {
            plain: compile(gpu, shader, constants, false)?,
            antialiased: OnceLock::new(),
            gpu: gpu.clone(),
            shader,
            constants: constants.to_vec(),
        })
    }

    /// The kernel without anti-aliasing, whose bindings are those of the other one too.
    pub(super) const fn plain(&self) -> &Kernel {
        &self.plain
    }

    /// The kernel with anti-aliasing or without.
    pub(super) fn get(&self, antialias: bool) -> Result<&Kernel, GpuError> {
        if !antialias {
            return Ok(&self.plain);
        }
        if let Some(kernel) = self.antialiased.get() {
            return Ok(kernel);
        }
        let kernel = compile(&self.gpu, self.shader, &self.constants, true)?;
        Ok(self.antialiased.get_or_init(|| kernel))
    }
}

fn compile(gpu: &Gpu, shader: &Shader, constants: &[(&str, u32)], antialias: bool) -> Result<Kernel, GpuError> {
    Kernel::new(gpu, shader, &[constants, &[("ANTIALIAS", u32::from(antialias))]].concat())
}
