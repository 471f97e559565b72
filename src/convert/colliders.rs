//! Colliders as JSON: corners and facets of every solid, for physics engines.

use std::path::Path;

use serde::Serialize;

use super::ConvertError;
use super::mesh::Solid;
use crate::files;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    colliders: Vec<Collider<'a>>,
}

#[derive(Serialize)]
struct Collider<'a> {
    convex: usize,
    opacity: f32,
    vertices: &'a [[f32; 3]],
    faces: &'a [Vec<u32>],
}

impl<'a> Collider<'a> {
    fn of(solid: &'a Solid) -> Self {
        let Solid { convex, polytope, opacity, .. } = solid;
        Self { convex: *convex, opacity: *opacity, vertices: &polytope.vertices, faces: &polytope.facets }
    }
}

/// Writes solids.
pub(super) fn write(solids: &[Solid], path: &Path) -> Result<(), ConvertError> {
    let document =
        Document { format: "lapidary-colliders", version: 1, colliders: solids.iter().map(Collider::of).collect() };
    let json = serde_json::to_vec(&document)
        .map_err(|error| ConvertError::content(path, "a list of colliders", error.to_string()))?;
    Ok(files::write_atomically(path, &json)?)
}
