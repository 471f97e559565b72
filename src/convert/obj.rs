//! Wavefront OBJ: the solids with their facets as polygons, and a colour after each corner, which many readers know.

use std::fmt::Write as _;
use std::path::Path;

use glam::DVec3;

use super::mesh::Solid;
use super::{ConvertError, SolidLayout};
use crate::files;

/// Writes solids around an origin as one object or one object each.
pub(super) fn write(solids: &[Solid], origin: DVec3, layout: SolidLayout, path: &Path) -> Result<(), ConvertError> {
    Ok(files::write_atomically(path, text(solids, origin, layout).as_bytes())?)
}

fn text(solids: &[Solid], origin: DVec3, layout: SolidLayout) -> String {
    let mut text = format!("# lapidary {}: {} convexes\n", env!("CARGO_PKG_VERSION"), solids.len());
    // Corners are counted from 1 through the whole file.
    let mut first = 1u64;
    for solid in solids {
        // Writing to a string does not fail.
        write_solid(&mut text, solid, origin, layout, first).unwrap_or_default();
        first += solid.polytope.vertices.len() as u64;
    }
    text
}

fn write_solid(text: &mut String, solid: &Solid, origin: DVec3, layout: SolidLayout, first: u64) -> std::fmt::Result {
    match layout {
        SolidLayout::Each => writeln!(text, "o convex_{}", solid.convex)?,
        SolidLayout::Colliders => writeln!(text, "o collider_{}", solid.convex)?,
        SolidLayout::Merged => {}
    }
    let [r, g, b] = solid.colour;
    for corner in &solid.polytope.vertices {
        let DVec3 { x, y, z } = origin + DVec3::from(corner.map(f64::from));
        match corner {
            // Numbers of 32 bits have shorter decimals.
            [x, y, z] if origin == DVec3::ZERO => write!(text, "v {x} {y} {z}")?,
            _ => write!(text, "v {x} {y} {z}")?,
        }
        match layout {
            SolidLayout::Colliders => writeln!(text)?,
            SolidLayout::Each | SolidLayout::Merged => writeln!(text, " {r} {g} {b}")?,
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
