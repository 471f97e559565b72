//! Wavefront OBJ: the solids with their facets as polygons, and a colour after each corner, which many readers know.

use std::fmt::Write as _;
use std::path::Path;

use super::mesh::Solid;
use super::{ConvertError, Shape};
use crate::files;

/// Writes solids as one object or one object each.
pub(super) fn write(solids: &[Solid], shape: Shape, path: &Path) -> Result<(), ConvertError> {
    Ok(files::write_atomically(path, text(solids, shape).as_bytes())?)
}

fn text(solids: &[Solid], shape: Shape) -> String {
    let mut text = format!("# lapidary {}: {} convexes\n", env!("CARGO_PKG_VERSION"), solids.len());
    // Corners are counted from 1 through the whole file.
    let mut first = 1u64;
    for solid in solids {
        // Writing to a string does not fail.
        write_solid(&mut text, solid, shape, first).unwrap_or_default();
        first += solid.polytope.vertices.len() as u64;
    }
    text
}

fn write_solid(text: &mut String, solid: &Solid, shape: Shape, first: u64) -> std::fmt::Result {
    match shape {
        Shape::Each => writeln!(text, "o convex_{}", solid.convex)?,
        Shape::Colliders => writeln!(text, "o collider_{}", solid.convex)?,
        Shape::Merged => {}
    }
    let [r, g, b] = solid.colour;
    for [x, y, z] in &solid.polytope.vertices {
        match shape {
            Shape::Colliders => writeln!(text, "v {x} {y} {z}")?,
            Shape::Each | Shape::Merged => writeln!(text, "v {x} {y} {z} {r} {g} {b}")?,
        }
    }
    for facet in &solid.polytope.facets {
        write!(text, "f")?;
        for corner in facet {
            write!(text, " {}", first + u64::from(*corner))?;
        }
        writeln!(text)?;
    }
    Ok(())
}
