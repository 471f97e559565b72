//! A camera as the kernels read it: once in all, and once for every window where a buffer is longer than a binding, or the
//! work is cut into pieces.

use std::ops::Range;

use super::GpuScene;
use super::frame::FrameMemory;
use crate::camera::{Camera, RenderOptions};
use crate::constants::TILE_SIZE;
use crate::gpu::{Commands, Gpu, GpuError, Uniform};
use crate::kernels::{BandArgs, CameraUniform};
use crate::real::to_u32;

/// Uniforms of one camera, for one scene, the memory of one frame and one list of commands.
#[derive(Debug)]
pub struct ViewUniforms<'m> {
    /// The memory that the frame is drawn in.
    pub(super) memory: &'m FrameMemory,
    /// Whether convexes are anti-aliased.
    pub(super) antialias: bool,
    pub(super) whole: Uniform<CameraUniform>,
    /// Convexes that the bindings of the parameters show at a time.
    pub(super) convexes: Vec<ItemWindow>,
    /// Rows of tiles whose pictures the bindings show at a time.
    pub(super) bands: Vec<Band>,
    /// Slots whose cotangents the binding shows at a time.
    pub(super) slots: Vec<ItemWindow>,
}

/// A part of a line of items.
#[derive(Debug)]
pub(super) struct ItemWindow {
    pub(super) items: Range<u64>,
    pub(super) camera: Uniform<CameraUniform>,
}

/// Some rows of tiles.
#[derive(Debug)]
pub(super) struct Band {
    /// Width and height in tiles.
    pub(super) num_tiles: [u32; 2],
    /// The pixels, in rows.
    pub(super) pixels: Range<u64>,
    pub(super) camera: Uniform<CameraUniform>,
    /// The same for every window of slots.
    pub(super) with_slots: Vec<Uniform<CameraUniform>>,
}

impl<'m> ViewUniforms<'m> {
    /// Writes the uniforms.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub(super) fn new(
        commands: &mut Commands<'_>,
        memory: &'m FrameMemory,
        scene: &GpuScene,
        camera: &Camera,
        options: &RenderOptions,
    ) -> Result<Self, GpuError> {
        let (gpu, shape, num_pieces) = (commands.gpu(), &memory.shape, commands.num_pieces());
        let size = [camera.width, camera.height];
        let num_tiles = size.map(|side| side.div_ceil(TILE_SIZE));
        let common = camera_uniform(scene, camera, options, num_tiles, shape.max_instances);
        let whole = commands.uniform(&common)?;
        // A window that holds everything has the values of the whole.
        let mut uniform =
            |value: CameraUniform| if value == common { Ok(whole.clone()) } else { commands.uniform(&value) };
        let of_slots = |base: CameraUniform, slots: &Range<u64>| CameraUniform {
            first_slot: to_u32(slots.start),
            end_slot: to_u32(slots.end),
            ..base
        };
        let mut convexes = Vec::new();
        for items in windows(u64::from(scene.num_convexes), shape.convexes_per_window) {
            let [first_convex, end_convex] = [to_u32(items.start), to_u32(items.end)];
            convexes.push(ItemWindow { items, camera: uniform(CameraUniform { first_convex, end_convex, ..common })? });
        }
        let slot_windows: Vec<Range<u64>> = windows(u64::from(shape.max_instances), shape.slots_per_window).collect();
        let mut bands = Vec::new();
        for rows in windows(num_tiles[1].into(), band_rows(gpu, size, num_pieces)) {
            let base = CameraUniform { first_tile_row: to_u32(rows.start), ..common };
            let row_pixels = u64::from(TILE_SIZE) * u64::from(size[0]);
            let all = u64::from(size[0]) * u64::from(size[1]);
            bands.push(Band {
                num_tiles: [num_tiles[0], to_u32(rows.end - rows.start)],
                pixels: rows.start * row_pixels..(rows.end * row_pixels).min(all),
                camera: uniform(base)?,
                with_slots: slot_windows
                    .iter()
                    .map(|slots| uniform(of_slots(base, slots)))
                    .collect::<Result<_, _>>()?,
            });
        }
        let mut slots = Vec::new();
        for items in slot_windows {
            let camera = uniform(of_slots(common, &items))?;
            slots.push(ItemWindow { items, camera });
        }
        Ok(Self { memory, antialias: options.antialias, whole, convexes, bands, slots })
    }

    /// The camera of the whole picture.
    #[must_use]
    pub const fn camera(&self) -> &Uniform<CameraUniform> {
        &self.whole
    }

    /// Returns each band between the one above and the one below it. The first and last band repeat themselves as
    /// neighbours.
    pub(super) fn with_neighbours(&self) -> impl Iterator<Item = [BandArgs<'_>; 3]> {
        let last = self.bands.len().saturating_sub(1);
        let around = move |i: usize| [i.saturating_sub(1), i, (i + 1).min(last)];
        (0..self.bands.len()).map(move |i| {
            around(i).map(|i| {
                let band = &self.bands[i];
                band.args(&band.camera)
            })
        })
    }
}

impl Band {
    /// The arguments of the kernels, with this band's camera or that of a window of slots.
    pub(super) const fn args<'a>(&'a self, camera: &'a Uniform<CameraUniform>) -> BandArgs<'a> {
        BandArgs { camera, num_tiles: self.num_tiles, pixels: &self.pixels }
    }
}

/// A line cut into windows of at most `per_window` items.
fn windows(len: u64, per_window: u64) -> impl Iterator<Item = Range<u64>> {
    let per_window = per_window.max(1);
    (0..len.div_ceil(per_window)).map(move |i| i * per_window..((i + 1) * per_window).min(len))
}

/// The number of rows of tiles of a band: no more than one binding shows the colours of, few enough that there are about so many
/// pieces, and rounded so that each band starts aligned.
fn band_rows(gpu: &Gpu, [width, height]: [u32; 2], num_pieces: u32) -> u64 {
    let row_pixels = u64::from(TILE_SIZE) * u64::from(width);
    let alignment = u64::from(gpu.limits().min_storage_buffer_offset_alignment);
    // The depth has the fewest bytes per pixel.
    let unit = (1..=alignment).find(|rows| (rows * row_pixels * 4).is_multiple_of(alignment)).unwrap_or(1);
    let most = (gpu.binding_elements::<[f32; 4]>() / row_pixels / unit).max(1) * unit;
    most.min(u64::from(height.div_ceil(TILE_SIZE)).div_ceil(num_pieces.max(1).into()).next_multiple_of(unit))
}

#[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
fn camera_uniform(
    scene: &GpuScene,
    camera: &Camera,
    options: &RenderOptions,
    num_tiles: [u32; 2],
    max_instances: u32,
) -> CameraUniform {
    let camera = camera.relative_to(scene.origin);
    let rows = camera.view_from_world.matrix3.transpose().to_cols_array_2d();
    let row = |i: usize| {
        let [x, y, z] = rows[i].map(|value| value as f32);
        [x, y, z, camera.view_from_world.translation[i] as f32]
    };
    let position = camera.position().as_vec3();
    let [red, green, blue] = options.background;
    CameraUniform {
        view_from_world: [row(0), row(1), row(2)],
        position_near: [position.x, position.y, position.z, options.near.max(0.0) as f32],
        background: [red, green, blue, 0.0],
        focal: [camera.intrinsics.fx as f32, camera.intrinsics.fy as f32],
        principal: [camera.intrinsics.cx as f32, camera.intrinsics.cy as f32],
        size: [camera.width, camera.height],
        num_tiles,
        num_convexes: scene.num_convexes,
        sh_degree: scene.sh_degree,
        max_instances,
        first_tile_row: 0,
        first_slot: 0,
        end_slot: max_instances,
        first_convex: 0,
        end_convex: scene.num_convexes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_a_line_once() {
        let of = |len, per_window| windows(len, per_window).collect::<Vec<_>>();
        assert_eq!(of(10, 4), [0..4, 4..8, 8..10]);
        assert_eq!(of(8, 4), [0..4, 4..8]);
        assert!(of(0, 4).is_empty());
    }
}
