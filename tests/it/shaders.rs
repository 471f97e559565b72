//! Every shader, checked without a GPU.

use std::collections::HashSet;

use lapidary::gpu::{DeviceTraits, KernelInterface, MirrorShape, reflect};
use lapidary::kernels::{GPU_ONLY, MIRRORS, SHADERS};
use wgpu::naga;

/// What WebGPU guarantees per kernel.
const MAX_STORAGE_BUFFERS: usize = 8;
const MAX_WORKGROUP_BYTES: u32 = 16 << 10;
const MAX_THREADS: u32 = 256;

type Reflected = (&'static str, naga::Module, KernelInterface);

/// Every variant of every shader for devices of every kind, for the fewest and for the most points.
fn reflected() -> Vec<Result<Reflected, String>> {
    let hardware = DeviceTraits { subgroups: Some((32, 32)), is_software: false };
    let software = DeviceTraits { subgroups: Some((8, 8)), is_software: true };
    let small = DeviceTraits { subgroups: Some((4, 4)), is_software: true };
    let devices = [(hardware, 3), (hardware, 8), (software, 3), (software, 8), (small, 8), (DeviceTraits::WEBGPU, 8)];
    let variants = SHADERS.iter().flat_map(|shader| shader.variants.iter().map(move |choices| (shader, *choices)));
    let all = variants.flat_map(|variant| devices.map(|device| (variant, device)));
    all.map(|((shader, choices), (traits, points))| {
        let source = shader.source(traits, &[&[("POINTS", points)], choices].concat());
        match reflect(shader.name, &source) {
            Ok((module, interface)) => Ok((shader.name, module, interface)),
            Err(error) => Err(format!("{traits:?}, {points} points, {choices:?}: {error}")),
        }
    })
    .collect()
}

fn all() -> Vec<Reflected> {
    reflected().into_iter().filter_map(Result::ok).collect()
}

#[test]
fn every_shader_is_valid() {
    let faults: Vec<String> = reflected().into_iter().filter_map(Result::err).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_shader_fits_the_limits_of_webgpu() {
    for (name, module, interface) in all() {
        let storage = |kind: wgpu::BufferBindingType| matches!(kind, wgpu::BufferBindingType::Storage { .. });
        let storage_buffers = interface.bindings.iter().filter(|binding| storage(binding.kind)).count();
        assert!(storage_buffers <= MAX_STORAGE_BUFFERS, "`{name}` binds {storage_buffers} storage buffers");
        let threads: u32 = interface.workgroup_size.iter().product();
        assert!(threads <= MAX_THREADS, "`{name}` has {threads} threads");
        let workgroup_bytes: u32 = module
            .global_variables
            .iter()
            .filter(|(_, variable)| variable.space == naga::AddressSpace::WorkGroup)
            .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()))
            .sum();
        assert!(workgroup_bytes <= MAX_WORKGROUP_BYTES, "`{name}` has {workgroup_bytes} bytes of workgroup memory");
    }
}

#[test]
fn every_shader_file_is_in_the_table() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let stems: HashSet<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "wgsl"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(stems, SHADERS.iter().map(|shader| shader.name.to_owned()).collect());
}

/// The shared parts that the comment at the top of a shader names, in order.
fn named_parts(text: &str) -> Vec<String> {
    let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//")).map(str::trim).collect();
    let comment = comment.join(" ");
    let Some((_, list)) = comment.split_once("Uses: ") else { return Vec::new() };
    list.trim_end().trim_end_matches('.').split(", ").map(str::to_owned).collect()
}

#[test]
fn every_shader_names_the_parts_that_it_is_composed_of() {
    let mut faults = Vec::new();
    for shader in SHADERS {
        let (named, used) = (named_parts(shader.own_text()), shader.uses());
        if named != used {
            faults.push(format!("`{}` names {named:?}, its row has {used:?}", shader.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let used: HashSet<String> = SHADERS.iter().flat_map(|shader| shader.uses()).collect();
    assert!(used.len() > 20, "only {} parts were found", used.len());
}

#[test]
fn every_shared_file_is_a_part_of_a_shader() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/shared");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let used: HashSet<String> = SHADERS.iter().flat_map(|shader| shader.uses()).collect();
    let used: Vec<&str> = used.iter().flat_map(|part| part.split(" or ")).collect();
    for file in files {
        let path = format!("shared/{file}");
        assert!(used.contains(&path.as_str()), "no shader uses `{path}`");
    }
}

#[test]
fn the_check_of_parts_itself_reads_lists_over_several_lines() {
    let text =
        "// Does x.\n//\n// Uses: shared/a.wgsl, shared/b.wgsl or\n// shared/c.wgsl, RUN.\n\n// Uses: no.\nfn f() {}\n";
    assert_eq!(named_parts(text), ["shared/a.wgsl", "shared/b.wgsl or shared/c.wgsl", "RUN"]);
    assert!(named_parts("// Does x.\n\nfn f() {}\n").is_empty());
}

/// What is wrong with a WGSL struct, compared with its mirror.
fn fault(mirror: &MirrorShape, members: &[naga::StructMember], span: u32) -> Option<String> {
    let found: Vec<(&str, usize)> =
        members.iter().map(|member| (member.name.as_deref().unwrap_or("?"), member.offset as usize)).collect();
    if found == mirror.members && span as usize == mirror.bytes {
        return None;
    }
    Some(format!("`{}`: WGSL {found:?}, {span} bytes; Rust {:?}, {} bytes", mirror.name, mirror.members, mirror.bytes))
}

#[test]
fn structs_are_the_same_in_wgsl_and_rust() {
    let (mut seen, mut faults) = (HashSet::new(), Vec::new());
    for (shader, module, _) in all() {
        for (_, kind) in module.types.iter() {
            let naga::TypeInner::Struct { members, span } = &kind.inner else { continue };
            let name = kind.name.as_deref().unwrap_or("?");
            match MIRRORS.iter().find(|mirror| mirror.name == name) {
                Some(mirror) => {
                    seen.insert(mirror.name);
                    faults.extend(fault(mirror, members, *span).map(|fault| format!("{shader}: {fault}")));
                }
                None => {
                    let is_known = GPU_ONLY.contains(&name) || !is_bound(&module, kind);
                    assert!(is_known, "{shader}: `{name}` is bound and has no mirror");
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let unused: Vec<_> = MIRRORS.iter().filter(|mirror| !seen.contains(mirror.name)).collect();
    assert!(unused.is_empty(), "mirrors that no shader has: {unused:?}");
}

/// Whether a binding is of this type or an array of it.
fn is_bound(module: &naga::Module, kind: &naga::Type) -> bool {
    module.global_variables.iter().filter(|(_, variable)| variable.binding.is_some()).any(|(_, variable)| {
        let bound = &module.types[variable.ty];
        match bound.inner {
            naga::TypeInner::Array { base, .. } => module.types[base] == *kind,
            _ => bound == kind,
        }
    })
}

#[test]
fn the_mirror_check_itself_sees_faults() {
    let source = "struct S { a: u32, b: vec2<f32> } @group(0) @binding(0) var<uniform> s: S;
        @compute @workgroup_size(1) fn main() { _ = s.a; }";
    let (module, _) = reflect("test", source).unwrap();
    let (_, kind) = module.types.iter().find(|(_, kind)| kind.name.as_deref() == Some("S")).unwrap();
    let naga::TypeInner::Struct { members, span } = &kind.inner else { panic!() };
    let mirror = |bytes, members| fault(&MirrorShape { name: "S", bytes, members }, &members_of(kind), *span);
    assert_eq!(members.len(), 2);
    assert!(mirror(16, &[("a", 0), ("b", 8)]).is_none());
    assert!(mirror(16, &[("a", 0), ("c", 8)]).is_some(), "another name");
    assert!(mirror(12, &[("a", 0), ("b", 4)]).is_some(), "another offset");
    assert!(mirror(24, &[("a", 0), ("b", 8)]).is_some(), "another size");
}

fn members_of(kind: &naga::Type) -> Vec<naga::StructMember> {
    let naga::TypeInner::Struct { members, .. } = &kind.inner else { panic!() };
    members.clone()
}
