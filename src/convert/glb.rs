//! glTF in its binary form: the solids to look at, or as colliders.
//!
//! ```text
//! one mesh (merged), or a node with a mesh for each convex; below a node at the scene's origin, where it has one
//! positions f32 ×3 · colours u16 ×4, linear · indices u32      one buffer, one view each
//! ```
//!
//! Colours of glTF are linear and ours are sRGB. The material is unlit, because the light of the pictures is in the
//! colours already; viewers that do not know `KHR_materials_unlit` shade it.

use std::borrow::Cow;
use std::path::Path;

use glam::DVec3;
use gltf::binary::{Glb, Header};
use gltf::json::buffer::{Target, View};
use gltf::json::validation::Checked::Valid;
use gltf::json::validation::USize64;
use gltf::json::{self, Accessor, Index, Node, Root, accessor, mesh};

use super::mesh::Solid;
use super::{ConvertError, SolidLayout};
use crate::files;

/// The name of these files in messages.
const WHAT: &str = "binary glTF";

/// The values of all solids, one after the other.
#[derive(Default)]
struct Values {
    positions: Vec<[f32; 3]>,
    /// Colours, linear and opaque.
    colours: Vec<[u16; 4]>,
    /// Indices into the positions of their own part.
    indices: Vec<u32>,
}

/// A part of the values that is drawn at once.
struct Part {
    name: String,
    first_vertex: usize,
    num_vertices: usize,
    first_index: usize,
    num_indices: usize,
}

/// Writes solids around an origin as one mesh or one node each.
pub(super) fn write(solids: &[Solid], origin: DVec3, layout: SolidLayout, path: &Path) -> Result<(), ConvertError> {
    let content = |reason: String| ConvertError::content(path, WHAT, reason);
    let (values, parts) = gather(solids, layout);
    let with_colours = layout != SolidLayout::Colliders;
    let sections: Vec<&[u8]> = vec![
        bytemuck::cast_slice(&values.positions),
        bytemuck::cast_slice(&values.indices),
        if with_colours { bytemuck::cast_slice(&values.colours) } else { &[] },
    ];
    let root = document(&values, &parts, origin, &sections);
    let json = root.to_vec().map_err(|error| content(error.to_string()))?;
    let binary = sections.concat();
    // The format counts its bytes in 32 bits; padding and headers are below 100 bytes.
    if json.len() + binary.len() > u32::MAX as usize - 100 {
        return Err(content("it would be larger than 4 GiB; leave out more with --min-opacity".to_owned()));
    }
    let glb = Glb {
        header: Header { magic: *b"glTF", version: 2, length: 0 },
        json: Cow::Owned(json),
        bin: (!binary.is_empty()).then_some(Cow::Owned(binary)),
    };
    let bytes = glb.to_vec().map_err(|error| content(error.to_string()))?;
    Ok(files::write_atomically(path, &bytes)?)
}

fn gather(solids: &[Solid], layout: SolidLayout) -> (Values, Vec<Part>) {
    let mut values = Values::default();
    let mut parts: Vec<Part> = Vec::new();
    for solid in solids {
        let starts_part = layout != SolidLayout::Merged || parts.is_empty();
        if starts_part {
            let kind = if layout == SolidLayout::Colliders { "collider" } else { "convex" };
            let name =
                if layout == SolidLayout::Merged { "scene".to_owned() } else { format!("{kind}_{}", solid.convex) };
            let (first_vertex, first_index) = (values.positions.len(), values.indices.len());
            parts.push(Part { name, first_vertex, num_vertices: 0, first_index, num_indices: 0 });
        }
        let Some(part) = parts.last_mut() else { continue };
        let offset = index_u32(values.positions.len() - part.first_vertex);
        values.positions.extend(&solid.polytope.vertices);
        values.colours.extend(vec![linear(solid.colour); solid.polytope.vertices.len()]);
        values.indices.extend(solid.polytope.triangles().flatten().map(|i| offset.saturating_add(i)));
        part.num_vertices = values.positions.len() - part.first_vertex;
        part.num_indices = values.indices.len() - part.first_index;
    }
    (values, parts)
}

/// More vertices than 32 bits count do not fit the format, which is refused when the sizes are known.
fn index_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// A colour in 16 bits, linear and opaque.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "colours lie in 0..=1")]
fn linear(srgb: [f32; 3]) -> [u16; 4] {
    let channel = |c: f32| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    let [r, g, b] = srgb.map(|c| (channel(c) * 65_535.0).round() as u16);
    [r, g, b, u16::MAX]
}

fn document(values: &Values, parts: &[Part], origin: DVec3, sections: &[&[u8]]) -> Root {
    let mut root = Root::default();
    root.asset.generator = Some(concat!("lapidary ", env!("CARGO_PKG_VERSION")).to_owned());
    let scene = root.push(json::Scene { extensions: None, extras: Default::default(), name: None, nodes: Vec::new() });
    root.scene = Some(scene);
    if parts.is_empty() {
        return root;
    }
    let views = views(&mut root, sections);
    let material = views.colours.map(|_| root.push(unlit()));
    if material.is_some() {
        root.extensions_used.push("KHR_materials_unlit".to_owned());
    }
    let mut nodes = Vec::with_capacity(parts.len());
    for part in parts {
        let mesh = push_mesh(&mut root, values, part, &views, material);
        nodes.push(root.push(Node { mesh: Some(mesh), name: Some(part.name.clone()), ..Node::default() }));
    }
    if origin != DVec3::ZERO {
        let translation = Some(origin.as_vec3().to_array());
        let (children, name) = (Some(nodes), Some("origin".to_owned()));
        nodes = vec![root.push(Node { translation, children, name, ..Node::default() })];
    }
    root.scenes[scene.value()].nodes = nodes;
    root
}

struct Views {
    positions: Index<View>,
    indices: Index<View>,
    /// Colliders have no colours.
    colours: Option<Index<View>>,
}

fn views(root: &mut Root, sections: &[&[u8]]) -> Views {
    let bytes: usize = sections.iter().map(|section| section.len()).sum();
    let buffer = root.push(json::Buffer {
        byte_length: USize64::from(bytes),
        uri: None,
        name: None,
        extensions: None,
        extras: Default::default(),
    });
    let mut offset = 0;
    let mut push = |section: &[u8], stride: Option<usize>, target: Target| {
        let view = View {
            buffer,
            byte_length: USize64::from(section.len()),
            byte_offset: Some(USize64::from(offset)),
            byte_stride: stride.map(json::buffer::Stride),
            name: None,
            target: Some(Valid(target)),
            extensions: None,
            extras: Default::default(),
        };
        offset += section.len();
        root.push(view)
    };
    Views {
        positions: push(sections[0], Some(12), Target::ArrayBuffer),
        indices: push(sections[1], None, Target::ElementArrayBuffer),
        colours: (!sections[2].is_empty()).then(|| push(sections[2], Some(8), Target::ArrayBuffer)),
    }
}

fn unlit() -> json::Material {
    json::Material {
        pbr_metallic_roughness: json::material::PbrMetallicRoughness {
            metallic_factor: json::material::StrengthFactor(0.0),
            ..Default::default()
        },
        extensions: Some(json::extensions::material::Material { unlit: Some(json::extensions::material::Unlit {}) }),
        ..Default::default()
    }
}

fn push_mesh(
    root: &mut Root,
    values: &Values,
    part: &Part,
    views: &Views,
    material: Option<Index<json::Material>>,
) -> Index<json::Mesh> {
    let positions = &values.positions[part.first_vertex..part.first_vertex + part.num_vertices];
    let bound = |pick: fn(f32, f32) -> f32| {
        let corner = positions.iter().copied().reduce(|a, b| [0, 1, 2].map(|i| pick(a[i], b[i])));
        corner.map(|corner| json::Value::from(corner.to_vec()))
    };
    let position = root.push(Accessor {
        min: bound(f32::min),
        max: bound(f32::max),
        ..accessor_of(
            views.positions,
            part.first_vertex * 12,
            part.num_vertices,
            accessor::ComponentType::F32,
            accessor::Type::Vec3,
        )
    });
    let indices = root.push(accessor_of(
        views.indices,
        part.first_index * 4,
        part.num_indices,
        accessor::ComponentType::U32,
        accessor::Type::Scalar,
    ));
    let mut attributes = std::collections::BTreeMap::from([(Valid(mesh::Semantic::Positions), position)]);
    if let Some(view) = views.colours {
        let colours = accessor_of(
            view,
            part.first_vertex * 8,
            part.num_vertices,
            accessor::ComponentType::U16,
            accessor::Type::Vec4,
        );
        let colours = root.push(Accessor { normalized: true, ..colours });
        attributes.insert(Valid(mesh::Semantic::Colors(0)), colours);
    }
    let primitive = mesh::Primitive {
        attributes,
        indices: Some(indices),
        material,
        mode: Valid(mesh::Mode::Triangles),
        targets: None,
        extensions: None,
        extras: Default::default(),
    };
    root.push(json::Mesh {
        primitives: vec![primitive],
        name: None,
        weights: None,
        extensions: None,
        extras: Default::default(),
    })
}

fn accessor_of(
    view: Index<View>,
    offset: usize,
    count: usize,
    component: accessor::ComponentType,
    type_: accessor::Type,
) -> Accessor {
    Accessor {
        buffer_view: Some(view),
        byte_offset: Some(USize64::from(offset)),
        count: USize64::from(count),
        component_type: Valid(accessor::GenericComponentType(component)),
        type_: Valid(type_),
        min: None,
        max: None,
        name: None,
        normalized: false,
        sparse: None,
        extensions: None,
        extras: Default::default(),
    }
}
