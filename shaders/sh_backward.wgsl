// Gradients of the spherical harmonics. docs/spec.md §4.
//
// One thread per convex. Coefficients above the degree in use get zero.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> projected: array<Projected>;
@group(0) @binding(3) var<storage, read> v_projected: array<f32>;
@group(0) @binding(4) var<storage, read_write> v_sh: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if !is_convex(id) {
        return;
    }
    var v_colour = vec3(0.0);
    var basis: array<f32, SH_COEFFS>;
    if projected[id].num_instances > 0u {
        v_colour = colour_cotangent(id);
        basis = sh_basis(normalize(centroid_of(id) - camera.position_near.xyz));
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
