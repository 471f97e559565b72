//! Colliders as JSON: corners and facets of every solid, for physics engines.

use std::path::Path;

use glam::DVec3;
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
    vertices: Vertices<'a>,
    faces: &'a [Vec<u32>],
}

/// Corners as they are, or around an origin with the digits of f64.
#[derive(Serialize)]
#[serde(untagged)]
enum Vertices<'a> {
    Near(&'a [[f32; 3]]),
    Far(Vec<[f64; 3]>),
}

impl<'a> Collider<'a> {
    fn of(solid: &'a Solid, origin: DVec3) -> Self {
        let Solid { convex, polytope, opacity, .. } = solid;
        let far = |corner: &[f32; 3]| (origin + DVec3::from(corner.map(f64::from))).to_array();
        let vertices = if origin == DVec3::ZERO {
            Vertices::Near(&polytope.vertices)
        } else {
            Vertices::Far(polytope.vertices.iter().map(far).collect())
        };
        Self { convex: *convex, opacity: *opacity, vertices, faces: &polytope.facets }
    }
}

/// Writes solids around an origin.
pub(super) fn write(solids: &[Solid], origin: DVec3, path: &Path) -> Result<(), ConvertError> {
    let colliders = solids.iter().map(|solid| Collider::of(solid, origin)).collect();
    let document = Document { format: "lapidary-colliders", version: 1, colliders };
    let json = serde_json::to_vec(&document)
        .map_err(|error| ConvertError::content(path, "a list of colliders", error.to_string()))?;
    Ok(files::write_atomically(path, &json)?)
}
