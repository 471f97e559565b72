//! Polygon files: the header that all of ours share, and the layout for convexes.
//!
//! ```text
//! comment KEY VALUE          format, version and the other metadata of a scene file
//! element vertex N·K         x y z                                          points, convex after convex
//! element convex N           log_delta log_sigma raw_opacity sh             sh is a list of 48 values
//! ```
//!
//! Points are vertices so that any viewer of polygon files shows them as a cloud. See docs/formats.md.

use std::path::Path;

use serde::Deserialize;
use serde_ply::{ElementDef, PlyFormat, PlyHeader, PlyProperty, PlyReader, PropertyType, ScalarType};

use super::{ConvertError, foreign, from_gaussians};
use crate::constants::SH_COEFFS;
use crate::files;
use crate::scene::{Params, Scene};
use crate::scene_file::{self, Metadata, START_VIEW};

/// The name of these files in messages.
const WHAT: &str = "a PLY file of convexes or Gaussians";

/// Most bytes of a header.
const HEAD_BYTES: u64 = 1 << 24;

/// Most bytes of a number that is written as text, with the blanks around it; the longest have three hundred digits.
const TEXT_BYTES: u64 = 512;

/// Values of `sh` of one convex.
const SH_VALUES: u8 = 48;
const _: () = assert!(SH_VALUES as usize == 3 * SH_COEFFS);

/// A binary little-endian header. `properties` are written after the word `property`.
pub(super) fn header(comments: &[String], elements: &[(&str, usize, &[String])]) -> String {
    let comments = comments.iter().map(|comment| format!("comment {}\n", comment.replace(['\n', '\r'], " ")));
    let elements = elements.iter().map(|(name, count, properties)| {
        let properties: String = properties.iter().map(|property| format!("property {property}\n")).collect();
        format!("element {name} {count}\n{properties}")
    });
    let (comments, elements): (String, String) = (comments.collect(), elements.collect());
    format!("ply\nformat binary_little_endian 1.0\n{comments}{elements}end_header\n")
}

/// Names of float properties.
pub(super) fn floats<S: AsRef<str>>(names: &[S]) -> Vec<String> {
    names.iter().map(|name| format!("float {}", name.as_ref())).collect()
}

/// Writes convexes.
pub(super) fn write(scene: &Scene, metadata: &Metadata, path: &Path) -> Result<(), ConvertError> {
    let entries = scene_file::entries(scene, metadata).map_err(|reason| ConvertError::content(path, WHAT, reason))?;
    let comments: Vec<String> = entries.iter().map(|(key, value)| format!("{key} {value}")).collect();
    let mut convex = floats(&["log_delta", "log_sigma", "raw_opacity"]);
    convex.push("list uchar float sh".to_owned());
    let vertices = scene.len() * scene.points_per_convex;
    let header =
        header(&comments, &[("vertex", vertices, &floats(&["x", "y", "z"])), ("convex", scene.len(), &convex)]);
    let mut bytes = header.into_bytes();
    let Params { points, log_delta, log_sigma, raw_opacity, sh } = &scene.params;
    extend(&mut bytes, points);
    for (i, sh) in sh.chunks_exact(3 * SH_COEFFS).enumerate() {
        extend(&mut bytes, &[log_delta[i], log_sigma[i], raw_opacity[i]]);
        bytes.push(SH_VALUES);
        extend(&mut bytes, sh);
    }
    Ok(files::write_atomically(path, &bytes)?)
}

/// Appends values, little-endian.
pub(super) fn extend(bytes: &mut Vec<u8>, values: &[f32]) {
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

#[derive(Deserialize)]
struct Vertex {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Deserialize)]
struct Convex {
    log_delta: f32,
    log_sigma: f32,
    raw_opacity: f32,
    sh: Vec<f32>,
}

/// Reads convexes, or Gaussians as convexes. A file that is much longer than its header says is refused unread.
pub(super) fn read(path: &Path) -> Result<(Scene, Metadata), ConvertError> {
    let content = |reason: String| ConvertError::content(path, WHAT, reason);
    let head = files::head(path, HEAD_BYTES)?;
    if !head.starts_with(b"ply") {
        return Err(content("it does not begin with `ply`".to_owned()));
    }
    let reader = PlyReader::from_reader(head.as_slice()).map_err(|error| content(error.to_string()))?;
    let (most, (_, found)) = (most_bytes(reader.header()), files::open(path)?);
    if found > most {
        return Err(content(format!("it has {found} bytes, and its header describes {most} at most")));
    }
    let bytes = files::read_at_most(path, files::MAX_SCENE_BYTES)?;
    parse(&bytes).map_err(content)
}

/// The most bytes that a file with this header can need.
fn most_bytes(header: &PlyHeader) -> u64 {
    let of_scalar = |scalar: ScalarType| match scalar {
        _ if header.format == PlyFormat::Ascii => TEXT_BYTES,
        ScalarType::I8 | ScalarType::U8 => 1,
        ScalarType::I16 | ScalarType::U16 => 2,
        ScalarType::I32 | ScalarType::U32 | ScalarType::F32 => 4,
        ScalarType::F64 => 8,
    };
    let longest = |count: ScalarType| match count {
        ScalarType::I8 | ScalarType::U8 => u64::from(u8::MAX),
        ScalarType::I16 | ScalarType::U16 => u64::from(u16::MAX),
        _ => u64::from(u32::MAX),
    };
    let of_property = |property: &PlyProperty| match property.property_type {
        PropertyType::Scalar(scalar) => of_scalar(scalar),
        PropertyType::List { count_type, data_type } => {
            of_scalar(count_type) + longest(count_type) * of_scalar(data_type)
        }
    };
    let of_element = |element: &ElementDef| {
        let row = element.properties.iter().map(of_property).fold(0, u64::saturating_add);
        row.saturating_mul(element.count as u64)
    };
    // What stands behind the values is not looked at.
    header.elem_defs.iter().map(of_element).fold(2 * HEAD_BYTES, u64::saturating_add)
}

/// The scene of a whole file, binary or text; its values are not yet checked.
pub(super) fn parse(bytes: &[u8]) -> Result<(Scene, Metadata), String> {
    let mut reader = PlyReader::from_reader(bytes).map_err(|error| error.to_string())?;
    if from_gaussians::are_in(reader.header()) {
        let (scene, left_out) = from_gaussians::parse(reader.header(), bytes)?;
        let provenance = Some(format!("{} Gaussians", scene.len()));
        // Another program's comment that happens to begin so is no fault of the file.
        let start_view = comment(reader.header(), START_VIEW).and_then(|text| scene_file::parse_start_view(text).ok());
        return Ok((scene, Metadata { start_view, provenance, left_out, ..Metadata::default() }));
    }
    let (mut scene, metadata) = layout(reader.header(), bytes.len())?;
    let vertices: Vec<Vertex> = reader.next_element().map_err(|error| format!("its vertices: {error}"))?;
    scene.params.points = vertices.iter().flat_map(|vertex| [vertex.x, vertex.y, vertex.z]).collect();
    let convexes: Vec<Convex> = reader.next_element().map_err(|error| format!("its convexes: {error}"))?;
    for (i, convex) in convexes.into_iter().enumerate() {
        if convex.sh.len() != usize::from(SH_VALUES) {
            return Err(format!("`sh` of convex {i} has {} values, expected {SH_VALUES}", convex.sh.len()));
        }
        scene.params.log_delta.push(convex.log_delta);
        scene.params.log_sigma.push(convex.log_sigma);
        scene.params.raw_opacity.push(convex.raw_opacity);
        scene.params.sh.extend(convex.sh);
    }
    Ok((scene, metadata))
}

/// The value that a comment has for a key.
fn comment<'a>(header: &'a PlyHeader, key: &str) -> Option<&'a str> {
    header.comments.iter().find_map(|comment| comment.strip_prefix(key)?.strip_prefix(' '))
}

/// An empty scene of the shape that the header promises, if the file can hold it.
fn layout(header: &PlyHeader, file_bytes: usize) -> Result<(Scene, Metadata), String> {
    if let Some(other) = foreign::in_ply(header) {
        return Err(other);
    }
    let (scene, metadata) = scene_file::parse_entries(|key| comment(header, key))?;
    let [vertex, convex] = &header.elem_defs[..] else {
        return Err(format!("it has {} elements, expected vertex and convex", header.elem_defs.len()));
    };
    check_properties(vertex, "vertex", &["x", "y", "z"], &[])?;
    check_properties(convex, "convex", &["log_delta", "log_sigma", "raw_opacity"], &["sh"])?;
    let points = scene.points_per_convex;
    if convex.count.checked_mul(points) != Some(vertex.count) {
        return Err(format!("it has {} vertices, and {} convexes of {points} points", vertex.count, convex.count));
    }
    // The fewest bytes: a digit and a space for each value of text, and what binary takes.
    let values = convex.count.checked_mul(3 * points + 3 + usize::from(SH_VALUES));
    let bytes_per_value = if header.format == PlyFormat::Ascii { 2 } else { 4 };
    if values.and_then(|values| values.checked_mul(bytes_per_value)).is_none_or(|least| least > file_bytes) {
        return Err(format!("it promises {} convexes, which is more than it can hold", convex.count));
    }
    Ok((scene, metadata))
}

fn check_properties(element: &ElementDef, name: &str, scalars: &[&str], lists: &[&str]) -> Result<(), String> {
    let is_right = |property: &PlyProperty| match property.property_type {
        PropertyType::Scalar(ScalarType::F32) => scalars.contains(&property.name.as_str()),
        PropertyType::List { count_type: ScalarType::U8, data_type: ScalarType::F32 } => {
            lists.contains(&property.name.as_str())
        }
        _ => false,
    };
    let is_complete = element.properties.len() == scalars.len() + lists.len()
        && scalars.iter().chain(lists).all(|name| element.has_property(name));
    if element.name != name || !is_complete || !element.properties.iter().all(is_right) {
        return Err(format!(
            "its element `{}` is not `{name}` with the float properties {scalars:?} and the lists {lists:?}",
            element.name
        ));
    }
    Ok(())
}
