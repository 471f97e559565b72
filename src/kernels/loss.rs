//! The training loss of a picture against an 8-bit target, and its gradient by the picture.

use super::parts::RUN;
use crate::constants::TILE_SIZE;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, Uniform, file, mirror, shader};

/// L1 and SSIM, and derivatives by the moments of every window.
pub(super) const LOSS: Shader =
    shader!("loss", [file!("shared/loss_args.wgsl"), RUN, file!("shared/ssim.wgsl"), file!("shared/blur.wgsl")]);

/// Gradient of the loss by the picture.
pub(super) const LOSS_BACKWARD: Shader = shader!(
    "loss_backward",
    [file!("shared/loss_args.wgsl"), RUN, file!("shared/ssim.wgsl"), file!("shared/blur.wgsl")]
);

/// Means over the picture.
pub(super) const LOSS_SUM: Shader = shader!("loss_sum", [file!("shared/loss_args.wgsl")]);

mirror! {
    /// Arguments of the kernels of the loss.
    pub struct LossArgs {
        /// Width and height in pixels.
        pub size: [u32; 2],
        /// Width and height in tiles.
        pub num_tiles: [u32; 2],
        /// Weight of L1.
        pub l1_weight: f32,
        /// Weight of 1 − SSIM.
        pub ssim_weight: f32,
        /// The place in the losses that the means are written to.
        pub index: u32,
        /// Unused.
        pub padding: u32,
    }
}

/// The compiled kernels.
#[derive(Debug)]
pub struct LossKernels {
    moments: Kernel,
    backward: Kernel,
    sum: Kernel,
}

/// Memory for pictures of up to a number of pixels.
#[derive(Debug)]
pub struct LossMemory {
    v_moments: Buffer<f32>,
    sums: Buffer<[f32; 2]>,
}

/// The buffers that the kernels read and write.
#[derive(Debug, Clone, Copy)]
pub struct LossRecord<'a> {
    /// Size of the picture and weights of the parts.
    pub args: &'a Uniform<LossArgs>,
    /// Width and height in tiles.
    pub num_tiles: [u32; 2],
    /// `[H, W, 4]`: the picture; alpha is not used.
    pub rgba: &'a Buffer<[f32; 4]>,
    /// `[H, W]`: red, green, blue and weight, a byte each, red in the lowest. A pixel of weight 0 counts as met.
    pub target: &'a Buffer<u32>,
    /// `[H, W, 4]` to write: gradient by the picture; zero for alpha.
    pub v_rgba: &'a Buffer<[f32; 4]>,
    /// Means of `|x − y|` and of the SSIM, to write at the index of the arguments.
    pub losses: &'a Buffer<[f32; 2]>,
}

/// Planes of one picture each: for three channels the derivatives by three moments.
const PLANES: u64 = 9;

impl LossMemory {
    /// Bytes of a pixel.
    pub const BYTES_PER_PIXEL: u64 = 4 * PLANES;

    /// Memory for pictures of up to this many pixels and tiles.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is none.
    pub fn new(gpu: &Gpu, num_pixels: u64, num_tiles: u64) -> Result<Self, GpuError> {
        Ok(Self { v_moments: gpu.zeros("v_moments", num_pixels * PLANES)?, sums: gpu.zeros("loss.sums", num_tiles)? })
    }
}

impl LossKernels {
    /// Compiles the kernels.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self {
            moments: Kernel::new(gpu, &LOSS, &[])?,
            backward: Kernel::new(gpu, &LOSS_BACKWARD, &[])?,
            sum: Kernel::new(gpu, &LOSS_SUM, &[])?,
        })
    }

    /// Arguments for a picture of `size` pixels, whose means are put at `index` of the losses.
    ///
    /// * `ssim_weight` — w in `(1 − w)·L1 + w·(1 − SSIM)`
    #[must_use]
    pub fn args(size: [u32; 2], ssim_weight: f32, index: u32) -> LossArgs {
        let num_tiles = size.map(|side| side.div_ceil(TILE_SIZE));
        LossArgs { size, num_tiles, l1_weight: 1.0 - ssim_weight, ssim_weight, index, padding: 0 }
    }

    /// Records the loss and its gradient.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        record: LossRecord<'_>,
        memory: &LossMemory,
    ) -> Result<(), GpuError> {
        let grid = Grid::Plane(record.num_tiles[0], record.num_tiles[1]);
        let args = ("args", record.args.all());
        let (rgba, targets) = (("rgba", record.rgba.all()), ("targets", record.target.all()));
        let (v_moments, sums) = (("v_moments", memory.v_moments.all()), ("sums", memory.sums.all()));
        commands.dispatch(&self.moments, grid, &[args, rgba, targets, v_moments, sums])?;
        commands.dispatch(&self.backward, grid, &[args, rgba, targets, v_moments, ("v_rgba", record.v_rgba.all())])?;
        commands.dispatch(&self.sum, Grid::Groups(1), &[args, sums, ("losses", record.losses.all())])
    }
}
