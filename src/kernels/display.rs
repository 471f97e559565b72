//! What a person looks at: the scene changed for looking, and frames turned into pictures of 8 bits.

use std::ops::Range;

use crate::constants::{DISPLAY_MODES, RAMP_STOPS};
use crate::gpu::layout::{AlterArgs, DisplayArgs};
use crate::gpu::{Buffer, Commands, Gpu, GpuError, Grid, Kernel, shaders};
use crate::scene::Params;

/// What a picture shows of a frame. The order is that of [`DISPLAY_MODES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayMode {
    /// What the camera sees.
    #[default]
    Colour,
    /// View depth.
    Depth,
    /// World normal of the facet of the heaviest contributor where the ray enters it.
    Normal,
    /// How much of the background is hidden.
    Alpha,
    /// The heaviest contributor of each pixel.
    Convex,
    /// Number of contributors of each pixel.
    Contributors,
    /// Number of convexes that each tile goes through.
    Tiles,
    /// Edges of the hulls.
    Hulls,
}

impl DisplayMode {
    /// Every mode, in order.
    pub const ALL: [Self; DISPLAY_MODES.len()] = [
        Self::Colour,
        Self::Depth,
        Self::Normal,
        Self::Alpha,
        Self::Convex,
        Self::Contributors,
        Self::Tiles,
        Self::Hulls,
    ];

    /// Its number in shaders.
    #[must_use]
    pub const fn index(self) -> u32 {
        self as u32
    }

    /// Whether the frame must say who made each pixel.
    #[must_use]
    pub const fn inspects(self) -> bool {
        matches!(self, Self::Normal | Self::Convex | Self::Contributors)
    }
}

/// Colours of a ramp, sRGB at equal distances.
pub type Ramp = [[f32; 4]; RAMP_STOPS as usize];

/// Colours of depths and counts. From dark to light in steps that look equal, also without colour vision.
pub const RAMP: Ramp = [
    srgb(0x44_01_54),
    srgb(0x47_2d_7b),
    srgb(0x3b_52_8b),
    srgb(0x2c_72_8e),
    srgb(0x21_91_8c),
    srgb(0x28_ae_80),
    srgb(0x5e_c9_62),
    srgb(0xad_dc_30),
    srgb(0xfd_e7_25),
];

const fn srgb(hex: u32) -> [f32; 4] {
    [((hex >> 16) & 255) as f32 / 255.0, ((hex >> 8) & 255) as f32 / 255.0, (hex & 255) as f32 / 255.0, 1.0]
}

/// A colour of [`RAMP`] as shaders mix it, for a value of 0..=1.
#[must_use]
pub fn ramp(value: f32) -> [f32; 3] {
    let at = value.clamp(0.0, 1.0) * (RAMP.len() - 1) as f32;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the ramp; NaN becomes 0")]
    let low = (at as usize).min(RAMP.len() - 2);
    let part = at - low as f32;
    let (a, b) = (RAMP[low], RAMP[low + 1]);
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * part)
}

/// A colour of its own for every number, neither dark nor grey, as shaders choose it.
#[must_use]
pub fn colour_of_number(number: u32) -> [f32; 3] {
    let hash = number.wrapping_mul(2_654_435_769);
    let hue = (hash >> 8) as f32 / 16_777_216.0 * 6.0;
    let light = 0.75 + 0.25 * (hash & 0xff) as f32 / 255.0;
    [0.0, 4.0, 2.0].map(|turn| {
        let pure = (((hue + turn) % 6.0 - 3.0).abs() - 1.0).clamp(0.0, 1.0);
        light * (0.9 + (pure - 0.9) * 0.65)
    })
}

/// The compiled kernels.
#[derive(Debug)]
pub struct Display {
    points_per_convex: u32,
    alter: Kernel,
    hull_edges: Kernel,
    wireframe: Kernel,
    display: Kernel,
}

/// The parameters that are altered for looking.
#[derive(Debug, Clone, Copy)]
pub struct AlterBuffers<'a> {
    /// As in [`Params`].
    pub points: &'a Buffer<f32>,
    /// As in [`Params`].
    pub log_delta: &'a Buffer<f32>,
    /// As in [`Params`].
    pub raw_opacity: &'a Buffer<f32>,
}

impl<'a> AlterBuffers<'a> {
    /// Those of a scene.
    #[must_use]
    pub const fn of(params: &'a Params<Buffer<f32>>) -> Self {
        Self { points: &params.points, log_delta: &params.log_delta, raw_opacity: &params.raw_opacity }
    }
}

/// What the picture is made of and where it goes.
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
    /// Compiles the kernels for convexes of this many points.
    ///
    /// # Errors
    /// [`GpuError::Shader`].
    pub fn new(gpu: &Gpu, points_per_convex: u32) -> Result<Self, GpuError> {
        let compile = |shader| Kernel::new(gpu, shader, &[("POINTS", points_per_convex)]);
        Ok(Self {
            points_per_convex,
            alter: compile(&shaders::ALTER)?,
            hull_edges: compile(&shaders::HULL_EDGES)?,
            wireframe: compile(&shaders::WIREFRAME)?,
            display: compile(&shaders::DISPLAY)?,
        })
    }

    fn points_of(&self, window: &Range<u64>) -> Range<u64> {
        let width = u64::from(self.points_per_convex * 3);
        window.start * width..window.end * width
    }

    /// Writes the parameters of a window of convexes as they are to be shown. The arguments are those of the window.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn alter(
        &self,
        commands: &mut Commands<'_>,
        args: &Buffer<AlterArgs>,
        window: &Range<u64>,
        scene: AlterBuffers<'_>,
        altered: AlterBuffers<'_>,
    ) -> Result<(), GpuError> {
        let points = || self.points_of(window);
        let bindings = [
            ("args", args.all()),
            ("points", scene.points.window(points())),
            ("log_delta", scene.log_delta.window(window.clone())),
            ("raw_opacity", scene.raw_opacity.window(window.clone())),
            ("altered_points", altered.points.window(points())),
            ("altered_log_delta", altered.log_delta.window(window.clone())),
            ("altered_raw_opacity", altered.raw_opacity.window(window.clone())),
        ];
        commands.dispatch(&self.alter, threads(window, 1), &bindings)
    }

    /// Finds the edges of the hulls of a window of convexes: a bit per pair of points, `[N]`. The arguments are those of
    /// the window.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn hull_edges(
        &self,
        commands: &mut Commands<'_>,
        args: &Buffer<AlterArgs>,
        window: &Range<u64>,
        points: &Buffer<f32>,
        hull_edges: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let bindings = [
            ("args", args.all()),
            ("points", points.window(self.points_of(window))),
            ("hull_edges", hull_edges.window(window.clone())),
        ];
        commands.dispatch(&self.hull_edges, threads(window, 1), &bindings)
    }

    /// Draws edges of a window of convexes into `buffers.edges`, which the caller has cleared; nothing where there is no
    /// such buffer. The arguments are those of the window.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn wireframe(
        &self,
        commands: &mut Commands<'_>,
        buffers: DisplayBuffers<'_>,
        window: &Range<u64>,
        params: &Params<Buffer<f32>>,
        hull_edges: &Buffer<u32>,
    ) -> Result<(), GpuError> {
        let Some(edges) = buffers.edges else { return Ok(()) };
        let pixels = 0..buffers.num_pixels;
        let bindings = [
            ("args", buffers.args.all()),
            ("points", params.points.window(self.points_of(window))),
            ("raw_opacity", params.raw_opacity.window(window.clone())),
            ("hull_edges", hull_edges.window(window.clone())),
            ("rgba", buffers.rgba.window(pixels.clone())),
            ("depth", buffers.depth.window(pixels.clone())),
            ("edges", edges.window(pixels)),
        ];
        let pairs = self.points_per_convex * (self.points_per_convex - 1) / 2;
        commands.dispatch(&self.wireframe, threads(window, pairs), &bindings)
    }

    /// Writes the picture of a frame of `size` pixels; of normals, the pixels whose heaviest contributor is in the window of
    /// convexes. The arguments are those of the window.
    ///
    /// # Errors
    /// [`GpuError::Binding`].
    pub fn display(
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
            ("points", if window.is_empty() { unused } else { points.window(self.points_of(window)) }),
        ];
        commands.dispatch(&self.display, Grid::Plane(width.div_ceil(8), height.div_ceil(8)), &bindings)
    }
}

fn threads(window: &Range<u64>, each: u32) -> Grid<'static> {
    let count = u32::try_from(window.end - window.start).unwrap_or(u32::MAX);
    Grid::Threads(count.saturating_mul(each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_have_the_numbers_of_the_shaders() {
        for (index, (mode, name)) in DisplayMode::ALL.into_iter().zip(DISPLAY_MODES).enumerate() {
            assert_eq!(mode.index() as usize, index);
            assert_eq!(format!("{mode:?}").to_uppercase(), name);
        }
    }
}
