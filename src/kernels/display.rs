//! Turns a frame into the picture that is shown, of 8 bits a channel.

use std::ops::Range;

use super::windows::points_of;
use crate::constants::RAMP_STOPS;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, Shader, file, mirror, shader};

/// The row of the kernel. Constant: POINTS.
pub(super) const SHADER: Shader = shader!("display", [file!("shared/display.wgsl")]);

mirror! {
    /// Arguments of the kernels that show a frame.
    pub struct DisplayArgs {
        /// Rows of R in `p_view = R·p_world + t`; the last component is t.
        pub view_from_world: [[f32; 4]; 3],
        /// fx, fy and cx, cy of the frame, pixels.
        pub focal_principal: [f32; 4],
        /// sRGB behind everything; the last component is unused.
        pub background: [f32; 4],
        /// Width and height of the frame.
        pub size: [u32; 2],
        /// Width and height of the frame in tiles.
        pub num_tiles: [u32; 2],
        /// View depths of both ends of the ramp.
        pub depth_range: [f32; 2],
        /// Count at the upper end of the ramp.
        pub max_count: f32,
        /// 0: no edges, 1: edges over the picture.
        pub edges: f32,
        /// One of the modes.
        pub mode: u32,
        /// Pixels from row to row of the canvas.
        pub row_pixels: u32,
        /// Convexes that the bindings show.
        pub num_convexes: u32,
        /// Number of the first of them.
        pub first_convex: u32,
        /// sRGB at equal distances.
        pub ramp: [[f32; 4]; RAMP_STOPS as usize],
    }
}

/// The compiled kernel.
#[derive(Debug)]
pub struct Display {
    points_per_convex: u32,
    kernel: Kernel,
}

/// The buffers that a shown picture is made of, and the one that it is written to.
#[derive(Debug, Clone, Copy)]
pub struct DisplayBuffers<'a> {
    /// The arguments.
    pub args: &'a Buffer<DisplayArgs>,
    /// Pixels of the frame; its buffers may be longer.
    pub num_pixels: u64,
    /// `[H, W, 4]` of the frame.
    pub rgba: &'a Buffer<[f32; 4]>,
    /// `[H, W]` of the frame.
    pub depth: &'a Buffer<f32>,
    /// `[H, W, 2]` of the frame, where the mode needs it.
    pub inspection: Option<&'a Buffer<[u32; 2]>>,
    /// First instance of every tile of the frame, and the end of the last.
    pub first_instance_from_tile: &'a Buffer<u32>,
    /// `[H, W]` of edges, where they are shown.
    pub edges: Option<&'a Buffer<u32>>,
    /// `[rows, row_pixels]` to write: RGBA of 8 bits each, red lowest.
    pub canvas: &'a Buffer<u32>,
    /// Place of the frame's first pixel in the canvas.
    pub first_pixel: u64,
}

impl Display {
    /// Compiles the kernel for convexes of this many points.
    ///
    /// # Errors
    /// Returns [`GpuError::Shader`] when the kernel does not compile.
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let kernel = Kernel::new(gpu, &SHADER, &[("POINTS", points_per_convex)])?;
        Ok(Self { points_per_convex, kernel })
    }

    /// Writes the picture of a frame of `size` pixels; of normals, the pixels whose heaviest contributor is in the window of
    /// convexes. The arguments must be those of the window.
    ///
    /// # Errors
    /// Returns [`GpuError::Binding`] when a buffer is shorter than the shader's type.
    pub fn record(
        &self,
        commands: &mut Commands<'_>,
        buffers: DisplayBuffers<'_>,
        window: &Range<u64>,
        points: &Buffer<f32>,
        [width, height]: [u32; 2],
        row_pixels: u32,
    ) -> Result<(), GpuError> {
        let pixels = || 0..buffers.num_pixels;
        // A mode that does not inspect still has the binding, and reads nothing there.
        let unused = buffers.rgba.window(pixels());
        let canvas = buffers.first_pixel..buffers.first_pixel + u64::from(height) * u64::from(row_pixels);
        let bindings = [
            ("args", buffers.args.all()),
            ("rgba", buffers.rgba.window(pixels())),
            ("depth", buffers.depth.window(pixels())),
            ("inspection", buffers.inspection.map_or(unused, |inspection| inspection.window(pixels()))),
            ("first_instance_from_tile", buffers.first_instance_from_tile.all()),
            ("edges", buffers.edges.map_or(unused, |edges| edges.window(pixels()))),
            ("canvas", buffers.canvas.window(canvas)),
            (
                "points",
                if window.is_empty() { unused } else { points.window(points_of(self.points_per_convex, window)) },
            ),
        ];
        commands.dispatch(&self.kernel, Grid::Plane(width.div_ceil(8), height.div_ceil(8)), &bindings)
    }
}
