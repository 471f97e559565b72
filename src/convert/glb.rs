//! glTF in its binary form: the solids to look at, or as colliders.
//!
//! ```text
//! one mesh (merged), or a node with a mesh for each convex; below a node at the scene's origin, where it has one
//! positions f32 ×3 · indices u32 · places in a palette u16 ×2 and the palette, a PNG, where merged       one buffer, one view each
//! ```
//!
//! Colours are in materials, which every reader follows: a factor for each colour, or a palette as the texture of a merged mesh.
//! Factors of glTF are linear and our colours are sRGB, as textures are. Materials are unlit, because the light of the pictures
//! is in the colours already; viewers that do not know `KHR_materials_unlit` shade them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::Path;

use glam::DVec3;
use gltf::binary::{Glb, Header};
use gltf::json::buffer::{Target, View};
use gltf::json::validation::Checked::Valid;
use gltf::json::validation::USize64;
use gltf::json::{self, Accessor, Index, Node, Root, accessor, mesh};
use image::{ExtendedColorType, ImageFormat};

use super::mesh::Solid;
use super::{ConvertError, SolidLayout};
use crate::files;
use crate::image::quantise;

/// The name of these files in messages.
const WHAT: &str = "binary glTF";

/// The values of all solids, one after the other.
#[derive(Default)]
struct Values {
    positions: Vec<[f32; 3]>,
    /// Places in the palette of a merged mesh, parts of 65535.
    places: Vec<[u16; 2]>,
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
    /// sRGB, of its first solid.
    colour: [f32; 3],
}

/// The colours of a merged mesh as a square picture.
struct Palette {
    /// The number of each colour, in 8 bits.
    numbers: BTreeMap<[u8; 3], u32>,
    side: u32,
}

impl Palette {
    fn of(solids: &[Solid]) -> Self {
        let colours: BTreeSet<[u8; 3]> = solids.iter().map(|solid| solid.colour.map(quantise)).collect();
        let numbers: BTreeMap<[u8; 3], u32> = colours.into_iter().zip(0..).collect();
        // Three bytes have at most 4096² values.
        let side = (1..=4096).find(|side| (side * side) as usize >= numbers.len()).unwrap_or(4096);
        Self { numbers, side }
    }

    /// The middle of the texel of a colour.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of 65535")]
    fn place(&self, colour: [f32; 3]) -> [u16; 2] {
        let number = self.numbers.get(&colour.map(quantise)).copied().unwrap_or(0);
        [number % self.side, number / self.side]
            .map(|texel| ((f64::from(texel) + 0.5) / f64::from(self.side) * 65_535.0).round() as u16)
    }

    fn png(&self) -> image::ImageResult<Vec<u8>> {
        let mut texels: Vec<u8> = self.numbers.keys().flatten().copied().collect();
        texels.resize((3 * self.side * self.side) as usize, 0);
        let mut bytes = Cursor::new(Vec::new());
        let (kind, format) = (ExtendedColorType::Rgb8, ImageFormat::Png);
        image::write_buffer_with_format(&mut bytes, &texels, self.side, self.side, kind, format)?;
        Ok(bytes.into_inner())
    }
}

/// Writes solids around an origin as one mesh or one node each.
pub(super) fn write(solids: &[Solid], origin: DVec3, layout: SolidLayout, path: &Path) -> Result<(), ConvertError> {
    let content = |reason: String| ConvertError::content(path, WHAT, reason);
    let palette = (layout == SolidLayout::Merged).then(|| Palette::of(solids));
    let (values, parts) = gather(solids, layout, palette.as_ref());
    let png = palette.as_ref().map(Palette::png).transpose().map_err(|error| content(error.to_string()))?;
    let sections: [&[u8]; 4] = [
        bytemuck::cast_slice(&values.positions),
        bytemuck::cast_slice(&values.indices),
        bytemuck::cast_slice(&values.places),
        png.as_deref().filter(|_| !solids.is_empty()).unwrap_or_default(),
    ];
    let root = document(&values, &parts, origin, layout, &sections);
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

fn gather(solids: &[Solid], layout: SolidLayout, palette: Option<&Palette>) -> (Values, Vec<Part>) {
    let mut values = Values::default();
    let mut parts: Vec<Part> = Vec::new();
    for solid in solids {
        let starts_part = layout != SolidLayout::Merged || parts.is_empty();
        if starts_part {
            let kind = if layout == SolidLayout::Colliders { "collider" } else { "convex" };
            let name =
                if layout == SolidLayout::Merged { "scene".to_owned() } else { format!("{kind}_{}", solid.convex) };
            let (first_vertex, first_index) = (values.positions.len(), values.indices.len());
            let colour = solid.colour;
            parts.push(Part { name, first_vertex, num_vertices: 0, first_index, num_indices: 0, colour });
        }
        let Some(part) = parts.last_mut() else { continue };
        let offset = index_u32(values.positions.len() - part.first_vertex);
        values.positions.extend(&solid.polytope.vertices);
        if let Some(palette) = palette {
            values.places.extend(vec![palette.place(solid.colour); solid.polytope.vertices.len()]);
        }
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

/// A colour in linear light, in steps of a 65535th, so that equal ones share a material.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "colours lie in 0..=1")]
fn linear(srgb: [f32; 3]) -> [u16; 3] {
    let channel = |c: f32| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    srgb.map(|c| (channel(c) * 65_535.0).round() as u16)
}

fn document(values: &Values, parts: &[Part], origin: DVec3, layout: SolidLayout, sections: &[&[u8]; 4]) -> Root {
    let mut root = Root::default();
    root.asset.generator = Some(concat!("lapidary ", env!("CARGO_PKG_VERSION")).to_owned());
    let scene = root.push(json::Scene { extensions: None, extras: Default::default(), name: None, nodes: Vec::new() });
    root.scene = Some(scene);
    if parts.is_empty() {
        return root;
    }
    let views = views(&mut root, sections);
    if layout != SolidLayout::Colliders {
        root.extensions_used.push("KHR_materials_unlit".to_owned());
    }
    let textured = views.palette.map(|palette| {
        let texture = push_texture(&mut root, palette);
        let material = material([1.0; 4], Some(texture));
        root.push(material)
    });
    let mut by_colour: BTreeMap<[u16; 3], Index<json::Material>> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(parts.len());
    for part in parts {
        let material = match layout {
            SolidLayout::Colliders => None,
            SolidLayout::Merged => textured,
            SolidLayout::Each => {
                let colour = linear(part.colour);
                let [r, g, b] = colour.map(|channel| f32::from(channel) / 65_535.0);
                Some(*by_colour.entry(colour).or_insert_with(|| root.push(material([r, g, b, 1.0], None))))
            }
        };
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
    /// The places of vertices in the palette, and the palette; a merged mesh has both.
    places: Option<Index<View>>,
    palette: Option<Index<View>>,
}

fn views(root: &mut Root, sections: &[&[u8]; 4]) -> Views {
    let bytes: usize = sections.iter().map(|section| section.len()).sum();
    let buffer = root.push(json::Buffer {
        byte_length: USize64::from(bytes),
        uri: None,
        name: None,
        extensions: None,
        extras: Default::default(),
    });
    let mut offset = 0;
    let mut push = |section: &[u8], stride: Option<usize>, target: Option<Target>| {
        let view = View {
            buffer,
            byte_length: USize64::from(section.len()),
            byte_offset: Some(USize64::from(offset)),
            byte_stride: stride.map(json::buffer::Stride),
            name: None,
            target: target.map(Valid),
            extensions: None,
            extras: Default::default(),
        };
        offset += section.len();
        root.push(view)
    };
    Views {
        positions: push(sections[0], Some(12), Some(Target::ArrayBuffer)),
        indices: push(sections[1], None, Some(Target::ElementArrayBuffer)),
        places: (!sections[2].is_empty()).then(|| push(sections[2], Some(4), Some(Target::ArrayBuffer))),
        palette: (!sections[3].is_empty()).then(|| push(sections[3], None, None)),
    }
}

/// Pushes the palette as a texture whose texels are not mixed.
fn push_texture(root: &mut Root, palette: Index<View>) -> Index<json::Texture> {
    let source = root.push(json::Image {
        buffer_view: Some(palette),
        mime_type: Some(json::image::MimeType("image/png".to_owned())),
        name: None,
        uri: None,
        extensions: None,
        extras: Default::default(),
    });
    let sampler = root.push(json::texture::Sampler {
        mag_filter: Some(Valid(json::texture::MagFilter::Nearest)),
        min_filter: Some(Valid(json::texture::MinFilter::Nearest)),
        wrap_s: Valid(json::texture::WrappingMode::ClampToEdge),
        wrap_t: Valid(json::texture::WrappingMode::ClampToEdge),
        ..Default::default()
    });
    root.push(json::Texture {
        name: None,
        sampler: Some(sampler),
        source,
        extensions: None,
        extras: Default::default(),
    })
}

/// An unlit material of a linear colour.
fn material(factor: [f32; 4], texture: Option<Index<json::Texture>>) -> json::Material {
    let texture =
        texture.map(|index| json::texture::Info { index, tex_coord: 0, extensions: None, extras: Default::default() });
    json::Material {
        pbr_metallic_roughness: json::material::PbrMetallicRoughness {
            base_color_factor: json::material::PbrBaseColorFactor(factor),
            base_color_texture: texture,
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
    let mut attributes = BTreeMap::from([(Valid(mesh::Semantic::Positions), position)]);
    if let Some(view) = views.places {
        let places = accessor_of(
            view,
            part.first_vertex * 4,
            part.num_vertices,
            accessor::ComponentType::U16,
            accessor::Type::Vec2,
        );
        let places = root.push(Accessor { normalized: true, ..places });
        attributes.insert(Valid(mesh::Semantic::TexCoords(0)), places);
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
