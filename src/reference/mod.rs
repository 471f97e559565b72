//! The method in plain Rust, generic over f32 and f64: its explanation, and what everything faster is compared with.
//!
//! ```text
//! scene, camera ──project──► convexes ──sort by depth──► walk every pixel ──blend──► frame
//!                    ▲                                          │
//! gradients ◄────────┴── project_backward ◄── blend_backward ◄──┘◄── cotangents of the pictures
//! ```
//!
//! No tiles, nothing of the GPU: every pixel asks every convex. Each file holds one step with its derivative beside it
//! ([`mod@hull`], [`smooth_max`], [`profile`], [`sh`], [`view`], [`mod@project`], [`antialias`], [`rasterize`], [`mod@loss`],
//! [`adam`]).
//! Cotangents, the derivatives of the loss by some value x, are called `v_x`. The derivative is the true one with the
//! discrete decisions held: order, hull membership, thresholds, clamps. Results do not depend on the number of threads.
//!
//! Source: docs/spec.md §1–§4; docs/reference.md says how the twin itself was checked.

pub mod activation;
pub mod adam;
pub mod antialias;
pub mod hull;
pub mod loss;
pub mod normals;
pub mod profile;
pub mod project;
pub mod rasterize;
pub mod sh;
pub mod smooth_max;
mod vector;
pub mod view;

use rayon::prelude::*;

use crate::camera::{Camera, RenderOptions};
use crate::real::Real;
use crate::scene::{Params, Scene};
use project::{ProjectedCotangents, project, project_backward};
use rasterize::{Layers, Pixel, Walk, blend, blend_backward};
use view::ViewTransform;

/// Rows of pixels are summed in this many groups, whatever the number of threads, so that sums are reproducible.
const ROW_GROUPS: usize = 16;

/// The pictures of one forward pass, with what the backward pass and comparisons need. All are row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceFrame<T> {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// sRGB over the background, `[H, W, 3]`.
    pub rgb: Vec<T>,
    /// `1 − T`, `[H, W]`.
    pub alpha: Vec<T>,
    /// `Σ T·alpha·z`, `[H, W]`, world units; not divided by alpha.
    pub depth: Vec<T>,
    /// `[H, W]`: whether some decision of the pixel lies within [`rasterize::BAND_WIDTH`] of its threshold, so that
    /// another precision may decide otherwise.
    pub band: Vec<bool>,
    /// `[H, W]`: the convex of the largest weight, if any contributes.
    pub heaviest: Vec<Option<usize>>,
    /// `[H, W]`: how many convexes contribute.
    pub num_contributions: Vec<usize>,
    /// The convexes as this camera sees them, and their order.
    pub layers: Layers<T>,
    view: ViewTransform<T>,
}

impl<T: Real> ReferenceFrame<T> {
    /// The convexes that contribute to pixel (column, row), front to back.
    #[must_use]
    pub fn walk(&self, column: usize, row: usize) -> Walk<T> {
        Walk::new(&self.layers, self.view.plane_from_pixel(column, row))
    }
}

/// Derivatives of the loss by the pictures of a [`ReferenceFrame`], of the same shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageCotangents<T> {
    /// `[H, W, 3]`
    pub rgb: Vec<T>,
    /// `[H, W]`
    pub alpha: Vec<T>,
    /// `[H, W]`
    pub depth: Vec<T>,
}

impl<T: Real> ImageCotangents<T> {
    /// The cotangents of a loss that depends on the colours only.
    #[must_use]
    pub fn of_rgb(v_rgb: Vec<T>) -> Self {
        let zeros = vec![T::zero(); v_rgb.len() / 3];
        Self { rgb: v_rgb, alpha: zeros.clone(), depth: zeros }
    }

    fn pixel(&self, at: usize) -> Pixel<T> {
        let rgb = [self.rgb[at * 3], self.rgb[at * 3 + 1], self.rgb[at * 3 + 2]];
        Pixel { rgb, alpha: self.alpha[at], depth: self.depth[at] }
    }
}

/// Renders a scene. Whatever the parameters hold, the pictures are finite: see [`project::Cull`].
///
/// # Panics
/// When the parameters' shapes do not fit together ([`Scene::check_shapes`]): a bug of the caller.
#[must_use]
pub fn forward<T: Real>(scene: &Scene<T>, camera: &Camera, options: &RenderOptions) -> ReferenceFrame<T> {
    assert_eq!(scene.check_shapes(), Ok(()), "a scene must be checked before it is rendered");
    let view = ViewTransform::new(&camera.relative_to(scene.origin), options);
    let projected = (0..scene.len()).into_par_iter().map(|id| project(scene, id, &view).ok()).collect();
    let layers = Layers::new(projected);
    let (width, height) = (camera.width as usize, camera.height as usize);
    let background = background(options);
    let pixels: Vec<(Pixel<T>, Diagnosis)> = (0..height)
        .into_par_iter()
        .flat_map_iter(|row| (0..width).map(move |column| (column, row)))
        .map(|(column, row)| {
            let walk = Walk::new(&layers, view.plane_from_pixel(column, row));
            (blend(&walk, &layers, background), Diagnosis::of(&walk))
        })
        .collect();
    ReferenceFrame {
        width,
        height,
        rgb: pixels.iter().flat_map(|(pixel, _)| pixel.rgb).collect(),
        alpha: pixels.iter().map(|(pixel, _)| pixel.alpha).collect(),
        depth: pixels.iter().map(|(pixel, _)| pixel.depth).collect(),
        band: pixels.iter().map(|(_, diagnosis)| diagnosis.in_band).collect(),
        heaviest: pixels.iter().map(|(_, diagnosis)| diagnosis.heaviest).collect(),
        num_contributions: pixels.iter().map(|(_, diagnosis)| diagnosis.num_contributions).collect(),
        layers,
        view,
    }
}

fn background<T: Real>(options: &RenderOptions) -> [T; 3] {
    options.background.map(|channel| T::of(f64::from(channel)))
}

/// The facts that are kept of a pixel's walk.
struct Diagnosis {
    in_band: bool,
    heaviest: Option<usize>,
    num_contributions: usize,
}

impl Diagnosis {
    fn of<T: Real>(walk: &Walk<T>) -> Self {
        Self { in_band: walk.in_band, heaviest: walk.heaviest(), num_contributions: walk.contributions.len() }
    }
}

/// The gradient of every parameter, for the frame that [`forward`] made of the same scene, camera and options.
///
/// Coefficients above the scene's SH degree, culled convexes and convexes behind an opaque wall have exactly zero.
///
/// # Panics
/// When the cotangents have another size than the frame, or the frame is of a scene of another size: a bug of the caller.
#[must_use]
pub fn backward<T: Real>(
    scene: &Scene<T>,
    camera: &Camera,
    options: &RenderOptions,
    frame: &ReferenceFrame<T>,
    v: &ImageCotangents<T>,
) -> Params<Vec<T>> {
    let num_pixels = frame.width * frame.height;
    let lengths = (v.rgb.len(), v.alpha.len(), v.depth.len());
    assert_eq!(lengths, (num_pixels * 3, num_pixels, num_pixels), "cotangents must have the frame's size");
    assert_eq!(frame.layers.projected.len(), scene.len(), "the frame must be of this scene");
    let view = ViewTransform::new(&camera.relative_to(scene.origin), options);
    let v_projected = rasterize_backward(&view, background(options), frame, v);
    let mut gradients = scene.zeros();
    for (id, v_convex) in v_projected.iter().enumerate() {
        let Some(convex) = &frame.layers.projected[id] else { continue };
        let row = project_backward(scene, id, &view, convex, v_convex);
        for (all, row) in gradients.as_mut().zip(row).into_array() {
            all[id * row.len()..(id + 1) * row.len()].copy_from_slice(&row);
        }
    }
    gradients
}

/// Cotangents of every projected convex, summed over all pixels in an order that threads do not change.
fn rasterize_backward<T: Real>(
    view: &ViewTransform<T>,
    background: [T; 3],
    frame: &ReferenceFrame<T>,
    v: &ImageCotangents<T>,
) -> Vec<ProjectedCotangents<T>> {
    let zeros = || vec![ProjectedCotangents::default(); frame.layers.projected.len()];
    let rows: Vec<usize> = (0..frame.height).collect();
    let of_rows = |rows: &[usize]| {
        let mut total = zeros();
        for (row, column) in rows.iter().flat_map(|row| (0..frame.width).map(move |column| (*row, column))) {
            let q = view.plane_from_pixel(column, row);
            let walk = Walk::new(&frame.layers, q);
            let v_pixel = v.pixel(row * frame.width + column);
            blend_backward(&walk, &frame.layers, background, q, &v_pixel, &mut total);
        }
        total
    };
    let groups: Vec<_> = rows.par_chunks(frame.height.div_ceil(ROW_GROUPS).max(1)).map(of_rows).collect();
    groups.iter().fold(zeros(), |mut total, group| {
        total.iter_mut().zip(group).for_each(|(total, part)| total.accumulate(part));
        total
    })
}
