// Gradients of every parameter but SH, from the cotangents of the projected convex. docs/spec.md §4.
//
// One thread per convex. Hull membership is held; points get their share through the edges, through the depth of the
// centroid, and through the direction from which the colour is seen, which `sh_backward` has gone back through.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> projected: array<Projected>;
@group(0) @binding(3) var<storage, read> lines: array<Lines>;
@group(0) @binding(4) var<storage, read> v_projected: array<f32>;
@group(0) @binding(5) var<storage, read_write> v_points: array<f32>;
@group(0) @binding(6) var<storage, read_write> v_log_delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> v_log_sigma: array<f32>;
@group(0) @binding(8) var<storage, read_write> v_raw_opacity: array<f32>;

// What GRADIENT may be: the derivative; without the part through the depth of the centroid; as the authors' code has it,
// which also leaves out half the width and height of the picture.
const GRADIENT_TRUE: u32 = 0u;
const GRADIENT_AUTHORS: u32 = 2u;

fn rotate_out_of_view(v: vec3<f32>) -> vec3<f32> {
    return camera.view_from_world[0].xyz * v.x + camera.view_from_world[1].xyz * v.y
        + camera.view_from_world[2].xyz * v.z;
}

fn store_zeros(id: u32) {
    for (var i = 0u; i < 3u * POINTS; i++) {
        v_points[id * 3u * POINTS + i] = 0.0;
    }
    v_log_delta[id] = 0.0;
    v_log_sigma[id] = 0.0;
    v_raw_opacity[id] = 0.0;
}

// Cotangents of the lines, as those of the points' places in the image plane.
fn lines_backward(id: u32, in_plane: ptr<function, array<vec3<f32>, POINTS>>) -> array<vec2<f32>, POINTS> {
    let num_edges = projected[id].num_edges;
    var v_plane: array<vec2<f32>, POINTS>;
    for (var k = 0u; k < num_edges; k++) {
        let line = lines[id][k];
        let v = v_line(id, k);
        let a = u32(line.w);
        let b = end_of_edge(id, k);
        // The line is (n / f, n·(origin − a)) times the smoothness.
        let from_a = -(*in_plane)[a].xy;
        let v_normal = projected[id].smoothness * (v.xy / camera.focal + v.z * from_a);
        v_plane[a] += vec2(v_normal.y, -v_normal.x) - v.z * line.xy * camera.focal;
        v_plane[b] += vec2(-v_normal.y, v_normal.x);
    }
    return v_plane;
}

// Derivative by the logarithm of the factor that every line contains.
fn smoothness_backward(id: u32) -> f32 {
    var v = 0.0;
    for (var k = 0u; k < projected[id].num_edges; k++) {
        v += dot(v_line(id, k), lines[id][k].xyz);
    }
    return v;
}

fn store_point(id: u32, k: u32, v: vec3<f32>) {
    let at = (id * POINTS + k) * 3u;
    v_points[at] = v.x;
    v_points[at + 1u] = v.y;
    v_points[at + 2u] = v.z;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if !is_convex(id) {
        return;
    }
    if projected[id].num_instances == 0u {
        store_zeros(id);
        return;
    }

    let origin = projected[id].origin;
    var in_plane: array<vec3<f32>, POINTS>;
    for (var k = 0u; k < POINTS; k++) {
        in_plane[k] = point_in_plane(id, k, origin);
    }

    // Both factors contain z.
    let opacity = projected[id].opacity;
    var v_opacity: f32;
    var v_delta: f32;
    var v_sigma: f32;
    var v_plane: array<vec2<f32>, POINTS>;
    if ANTIALIAS == 1u {
        let full = antialias_backward(id, &in_plane);
        v_opacity = full.raw_opacity;
        v_delta = full.log_delta;
        v_sigma = full.log_sigma;
        v_plane = full.plane;
    } else {
        v_opacity = v_of(id, V_OPACITY) * opacity * (1.0 - opacity);
        v_delta = smoothness_backward(id);
        v_sigma = v_of(id, V_SHARPNESS) * projected[id].sharpness;
        v_plane = lines_backward(id, &in_plane);
    }
    if GRADIENT == GRADIENT_AUTHORS {
        for (var k = 0u; k < POINTS; k++) {
            v_plane[k] *= 2.0 / vec2<f32>(camera.size);
        }
    }
    let v_z = select(0.0, v_of(id, V_Z) + (v_delta + v_sigma) / projected[id].z, GRADIENT == GRADIENT_TRUE);
    let v_offset = vec3(v_of(id, V_OFFSET), v_of(id, V_OFFSET + 1u), v_of(id, V_OFFSET + 2u));
    let v_centroid = v_offset + rotate_out_of_view(vec3(0.0, 0.0, v_z));

    let origin_in_plane = (origin - camera.principal) / camera.focal;
    var is_good = is_finite(v_opacity) && is_finite(v_delta) && is_finite(v_sigma);
    for (var k = 0u; k < POINTS; k++) {
        let place = origin_in_plane + in_plane[k].xy;
        let v_view = vec3(v_plane[k], -dot(v_plane[k], place)) / in_plane[k].z;
        let v_point = rotate_out_of_view(v_view) + v_centroid / f32(POINTS);
        is_good &= is_finite(v_point.x) && is_finite(v_point.y) && is_finite(v_point.z);
        store_point(id, k, v_point);
    }
    // A row that overflows says nothing: a step along it would be meaningless.
    if !is_good {
        store_zeros(id);
        return;
    }
    v_raw_opacity[id] = v_opacity;
    v_log_delta[id] = v_delta;
    v_log_sigma[id] = v_sigma;
}
