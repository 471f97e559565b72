//! The size of a file before it is written.

use std::path::Path;

use super::{SolidLayout, WriteOptions, extension};
use crate::constants::SH_COEFFS;
use crate::scene::Scene;

/// Bytes of the description of a node of glTF with its mesh and accessors.
const GLB_NODE: usize = 430;

/// Bytes of a material of glTF.
const GLB_MATERIAL: usize = 170;

/// Bytes of a corner and of a facet in text.
const OBJ_CORNER: usize = 64;
const OBJ_FACET: usize = 26;
const JSON_CORNER: usize = 36;
const JSON_FACET: usize = 12;

/// How many times as long the floats of a trained scene are as its compact file.
const COMPACT: usize = 6;

/// Bytes around the corners and facets of a solid in text.
const TEXT_SOLID: usize = 60;

/// Returns about how many bytes a scene will have in a file: nearly exact for scenes and Gaussians, within a third for compact
/// scenes of trainings and for solids that have all points as corners.
#[must_use]
pub fn about_bytes(scene: &Scene, options: &WriteOptions, path: &Path) -> u64 {
    let points = scene.points_per_convex;
    let facets = (2 * points).saturating_sub(4);
    let text = |corner: usize, facet: usize| TEXT_SOLID + points * corner + facets * facet;
    let floats = |count: usize| count * size_of::<f32>();
    let each = match extension(path).as_str() {
        "glb" => {
            let shape = floats(3 * points + 3 * facets);
            shape
                + match options.layout {
                    SolidLayout::Each => GLB_NODE + GLB_MATERIAL,
                    // The place in the palette, and a texel.
                    SolidLayout::Merged => 4 * points + 3,
                    SolidLayout::Colliders => GLB_NODE,
                }
        }
        "obj" => text(OBJ_CORNER, OBJ_FACET),
        "json" => text(JSON_CORNER, JSON_FACET),
        "lapidary" | "html" => floats(3 * points + 3 + 3 * SH_COEFFS) / COMPACT,
        "ply" if options.gaussians => floats(3 + 3 + 3 * SH_COEFFS + 1 + 3 + 4),
        _ => floats(3 * points + 3 + 3 * SH_COEFFS),
    };
    scene.len() as u64 * each as u64
}
