// Gradients of the spherical harmonics, and the cotangent of the place of a convex from that of its colour. docs/spec.md §4.
//
// One thread per convex. Coefficients above the degree in use get zero.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/cotangents.wgsl, shared/two_floats.wgsl, shared/points.wgsl,
// shared/sh.wgsl, shared/sh_gradient.wgsl, shared/finite.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> sh: array<f32>;
@group(0) @binding(3) var<storage, read> projected: array<Projected>;
// The cotangent of the colour gives its place to that of the offset.
@group(0) @binding(4) var<storage, read_write> v_projected: array<f32>;
@group(0) @binding(5) var<storage, read_write> v_sh: array<f32>;

// A row that overflows is not used: a step along it would be meaningless. No function of the basis reaches four.
fn drop_what_overflows(id: u32) {
    var is_good = true;
    for (var i = 0u; i < NUM_COTANGENTS; i++) {
        is_good &= is_finite(4.0 * v_projected[id * NUM_COTANGENTS + i]);
    }
    for (var i = 0u; i < NUM_COTANGENTS && !is_good; i++) {
        v_projected[id * NUM_COTANGENTS + i] = 0.0;
    }
}

// Zero where the clamp held the colour.
fn colour_cotangent(id: u32) -> vec3<f32> {
    let at = id * NUM_COTANGENTS + V_COLOUR;
    let v = vec3(v_projected[at], v_projected[at + 1u], v_projected[at + 2u]);
    return select(vec3(0.0), v, projected[id].colour > vec3(0.0));
}

// Cotangent of the offset from camera to centroid.
fn offset_backward(id: u32, offset: vec3<f32>, v_colour: vec3<f32>) -> vec3<f32> {
    let distance = length(offset);
    let direction = offset / distance;
    let gradients = sh_basis_gradient(direction);
    let num_coeffs = (camera.sh_degree + 1u) * (camera.sh_degree + 1u);
    var v_direction = vec3(0.0);
    for (var i = 1u; i < SH_COEFFS; i++) {
        if i < num_coeffs {
            let at = (id * SH_COEFFS + i) * 3u;
            v_direction += gradients[i] * dot(vec3(sh[at], sh[at + 1u], sh[at + 2u]), v_colour);
        }
    }
    return (v_direction - direction * dot(direction, v_direction)) / distance;
}

fn store_offset(id: u32, v: vec3<f32>) {
    let at = id * NUM_COTANGENTS + V_OFFSET;
    v_projected[at] = v.x;
    v_projected[at + 1u] = v.y;
    v_projected[at + 2u] = v.z;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if !is_convex(id) {
        return;
    }
    var v_colour = vec3(0.0);
    var basis: array<f32, SH_COEFFS>;
    if projected[id].num_instances > 0u {
        drop_what_overflows(id);
        v_colour = colour_cotangent(id);
        let offset = centroid_of(id) - camera.position_near.xyz;
        basis = sh_basis(normalize(offset));
        store_offset(id, offset_backward(id, offset, v_colour));
    }
    let num_coeffs = (camera.sh_degree + 1u) * (camera.sh_degree + 1u);
    for (var i = 0u; i < SH_COEFFS; i++) {
        let v = select(vec3(0.0), basis[i] * v_colour, i < num_coeffs);
        let at = (id * SH_COEFFS + i) * 3u;
        v_sh[at] = v.x;
        v_sh[at + 1u] = v.y;
        v_sh[at + 2u] = v.z;
    }
}
