//! Solids and colliders, read back by other means.

use std::collections::HashMap;
use std::path::Path;

use lapidary::convert::mesh::Solids;

use super::{chance_scene, converted, folder_with_scene};

type Point = [f32; 3];

/// Every edge of the polygons is met as often in one direction as in the other: closed, and pointing one way.
fn assert_closed(polygons: &[Vec<u32>]) {
    let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
    for polygon in polygons {
        for (i, a) in polygon.iter().enumerate() {
            let b = polygon[(i + 1) % polygon.len()];
            *edges.entry((*a.min(&b), *a.max(&b))).or_default() += if *a < b { 1 } else { -1 };
        }
    }
    assert!(!edges.is_empty() && edges.values().all(|sum| *sum == 0));
}

/// A node that has a mesh.
struct Object {
    name: String,
    positions: Vec<Point>,
    /// Linear.
    colours: Vec<[f32; 4]>,
    triangles: Vec<Vec<u32>>,
}

fn read_glb(path: &Path) -> Vec<Object> {
    let file = gltf::Gltf::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let blob = file.blob.clone().unwrap_or_default();
    // What a reader shows that knows the material alone: its factor times its texture.
    let colours_of = |primitive: &gltf::Primitive<'_>, places: Vec<[f32; 2]>, count: usize| -> Vec<[f32; 4]> {
        let material = primitive.material();
        if material.index().is_none() {
            return Vec::new();
        }
        assert!(material.unlit(), "the light is in the colours");
        let pbr = material.pbr_metallic_roughness();
        let Some(texture) = pbr.base_color_texture() else { return vec![pbr.base_color_factor(); count] };
        assert_eq!(pbr.base_color_factor().map(f32::to_bits), [1f32.to_bits(); 4]);
        let gltf::image::Source::View { view, mime_type } = texture.texture().source().source() else {
            panic!("a file")
        };
        assert_eq!(mime_type, "image/png");
        let image = image::load_from_memory(&blob[view.offset()..view.offset() + view.length()]).unwrap().into_rgb8();
        let linear = |c: f32| if c > 0.04045 { ((c + 0.055) / 1.055).powf(2.4) } else { c / 12.92 };
        let texel = |[u, v]: &[f32; 2]| {
            let place = |part: f32, side: u32| (part * side as f32).floor() as u32;
            let [r, g, b] = image.get_pixel(place(*u, image.width()), place(*v, image.height())).0;
            let [r, g, b] = [r, g, b].map(|channel| linear(f32::from(channel) / 255.0));
            [r, g, b, 1.0]
        };
        places.iter().map(texel).collect()
    };
    let read = |node: gltf::Node<'_>| {
        let primitive = node.mesh().unwrap().primitives().next().unwrap();
        let reader = primitive.reader(|_| Some(&blob));
        let positions: Vec<Point> = reader.read_positions().unwrap().collect();
        let bounds = primitive.bounding_box();
        for (axis, (low, high)) in bounds.min.into_iter().zip(bounds.max).enumerate() {
            assert!(positions.iter().all(|p| (low..=high).contains(&p[axis])));
        }
        assert!(reader.read_colors(0).is_none(), "readers that know both would multiply them");
        let places = reader.read_tex_coords(0).map(|places| places.into_f32().collect()).unwrap_or_default();
        let colours = colours_of(&primitive, places, positions.len());
        let indices: Vec<u32> = reader.read_indices().unwrap().into_u32().collect();
        let triangles = indices.chunks(3).map(<[u32]>::to_vec).collect();
        Object { name: node.name().unwrap().to_owned(), positions, colours, triangles }
    };
    file.default_scene().unwrap().nodes().map(read).collect()
}

#[test]
fn glb_holds_each_hull_with_its_colour() {
    let scene = chance_scene(40, 6);
    let (_folder, path) = folder_with_scene(&scene);
    let objects = read_glb(&converted(&path, "solids.glb", &[]));
    assert_eq!(objects.len(), 40);
    for (object, solid) in objects.iter().zip(&Solids::of(&scene, 0.0).solids) {
        assert_eq!(object.name, format!("convex_{}", solid.convex));
        assert_eq!(object.positions, solid.polytope.vertices);
        assert_eq!(object.colours.len(), object.positions.len());
        assert_closed(&object.triangles);
        // Back to sRGB, within the rounding of 16 bits.
        let srgb = |c: f32| if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
        for colour in &object.colours {
            assert!((0..3).all(|i| (srgb(colour[i]) - solid.colour[i]).abs() < 2e-4));
            assert_eq!(colour[3].to_bits(), 1f32.to_bits());
        }
    }
}

#[test]
fn a_merged_mesh_omits_faint_convexes() {
    let scene = chance_scene(40, 5);
    let (_folder, path) = folder_with_scene(&scene);
    let opaque = Solids::of(&scene, 0.5);
    assert!(opaque.faint > 5 && opaque.solids.len() > 5);
    let objects = read_glb(&converted(&path, "merged.glb", &["--merge", "--min-opacity", "0.5"]));
    assert_eq!(objects.len(), 1);
    let corners: usize = opaque.solids.iter().map(|solid| solid.polytope.vertices.len()).sum();
    let triangles: usize = opaque.solids.iter().map(|solid| solid.polytope.triangles().count()).sum();
    assert_eq!((objects[0].positions.len(), objects[0].triangles.len()), (corners, triangles));
    let srgb = |c: f32| if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
    let wanted = opaque.solids.iter().flat_map(|solid| vec![solid.colour; solid.polytope.vertices.len()]);
    for (found, wanted) in objects[0].colours.iter().zip(wanted) {
        assert!(
            (0..3).all(|i| (srgb(found[i]) - wanted[i]).abs() < 0.5 / 255.0 + 1e-4),
            "8 bits: {found:?} {wanted:?}"
        );
    }
    assert_eq!(objects[0].colours.len(), corners);
    assert_closed(&objects[0].triangles);
}

#[test]
fn obj_counts_corners_through_the_file() {
    let (_folder, path) = folder_with_scene(&chance_scene(10, 8));
    for (name, more, objects) in [("a.obj", &[][..], 10), ("b.obj", &["--merge"], 0), ("c.obj", &["--colliders"], 10)] {
        let text = std::fs::read_to_string(converted(&path, name, more)).unwrap();
        let lines = |kind: &str| -> Vec<Vec<String>> {
            let lines = text.lines().filter_map(|line| line.strip_prefix(kind));
            lines.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
        };
        assert_eq!(lines("o ").len(), objects);
        let values = if name == "c.obj" { 3 } else { 6 };
        assert!(lines("v ").iter().all(|corner| corner.len() == values));
        let parse = |facet: &Vec<String>| facet.iter().map(|i| i.parse().unwrap()).collect();
        let facets: Vec<Vec<u32>> = lines("f ").iter().map(parse).collect();
        assert_closed(&facets);
        let corners = u32::try_from(lines("v ").len()).unwrap();
        assert_eq!(facets.iter().flatten().max(), Some(&corners));
        assert_eq!(facets.iter().flatten().min(), Some(&1));
    }
}

#[test]
fn colliders_are_one_closed_hull_for_each_convex() {
    let scene = chance_scene(30, 7);
    let (_folder, path) = folder_with_scene(&scene);
    let bytes = std::fs::read(converted(&path, "colliders.json", &["--min-opacity", "0.3"])).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((document["format"].as_str(), document["version"].as_u64()), (Some("lapidary-colliders"), Some(1)));
    let solids = Solids::of(&scene, 0.3).solids;
    let colliders = document["colliders"].as_array().unwrap();
    assert_eq!(colliders.len(), solids.len());
    for (collider, solid) in colliders.iter().zip(&solids) {
        let vertices: Vec<Point> = serde_json::from_value(collider["vertices"].clone()).unwrap();
        let faces: Vec<Vec<u32>> = serde_json::from_value(collider["faces"].clone()).unwrap();
        assert_eq!((&vertices, &faces), (&solid.polytope.vertices, &solid.polytope.facets));
        assert_closed(&faces);
        assert_eq!(collider["convex"].as_u64(), Some(solid.convex as u64));
    }
    let objects = read_glb(&converted(&path, "colliders.glb", &["--colliders", "--min-opacity", "0.3"]));
    assert_eq!(objects.len(), solids.len());
    assert!(objects.iter().all(|object| object.name.starts_with("collider_") && object.colours.is_empty()));
}
