// The sum over all contributors of a pixel of weight × its cotangent:
// Σ T·alpha·(v_rgb·colour + v_depth·z) + T_final·(v_rgb·background − v_alpha), up to a constant. The backward pass goes
// front to back and subtracts the term of each convex, so that the contribution of everything behind it remains. The
// cotangent of the depth is stored beside it, so that the backward pass needs no binding for it.
//
// One thread per pixel.
//
// Uses: shared/camera.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> rgba: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> depth: array<f32>;
// Cotangents of rgba and depth.
@group(0) @binding(3) var<storage, read> v_rgba: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v_depth: array<f32>;
@group(0) @binding(5) var<storage, read_write> totals: array<vec2<f32>>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let i = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let first = camera.first_tile_row * TILE_SIZE * camera.size.x;
    if i >= arrayLength(&totals) || first + i >= camera.size.x * camera.size.y {
        return;
    }
    let pixel = rgba[i];
    let v = v_rgba[i];
    totals[i] = vec2(dot(pixel.rgb, v.rgb) + depth[i] * v_depth[i] - (1.0 - pixel.a) * v.a, v_depth[i]);
}
