// Gradients of every parameter but SH, from the cotangents of the projected convex. docs/spec.md §4.
//
// One thread per convex. Hull membership is held; points get their share through the edges, through the depth of the
// centroid, and through the direction from which the colour is seen, which `sh_backward` has gone back through.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/cotangents.wgsl, shared/projected_cotangents.wgsl,
// shared/two_floats.wgsl, shared/points.wgsl, shared/finite.wgsl, shared/antialias.wgsl, shared/antialias_backward.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
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

struct Gradients {
    points: array<vec3<f32>, POINTS>,
    log_delta: f32,
    log_sigma: f32,
    raw_opacity: f32,
}

// Cotangents of the lines, as those of the points' places in the image plane and of the factor that every line contains.
fn lines_backward(id: u32, in_plane: ptr<function, array<vec3<f32>, POINTS>>) -> FullCotangents {
    var full: FullCotangents;
    var v_plane: array<vec2<f32>, POINTS>;
    for (var k = 0u; k < projected[id].num_edges; k++) {
        let line = lines[id][k];
        let v = v_line(id, k);
        full.log_delta += dot(v, line.xyz);
        let a = u32(line.w);
        // The line is (n / f, n·(origin − a)) times the smoothness.
        let v_normal = projected[id].smoothness * (v.xy / camera.focal - v.z * place_of(in_plane, a));
        add_at(&v_plane, a, vec2(v_normal.y, -v_normal.x) - v.z * line.xy * camera.focal);
        add_at(&v_plane, end_of_edge(id, k), vec2(-v_normal.y, v_normal.x));
    }
    full.plane = v_plane;
    return full;
}

// Gradients of a convex that can be seen; zeros where one overflows, because a step along it would be meaningless.
fn gradients_of(id: u32) -> Gradients {
    let origin = projected[id].origin;
    var in_plane: array<vec3<f32>, POINTS>;
    for (var k = 0u; k < POINTS; k++) {
        let place = point_in_plane(id, k, origin);
        for (var i = 0u; i < POINTS; i++) {
            in_plane[i] = select(in_plane[i], place, i == k);
        }
    }
    var full: FullCotangents;
    if ANTIALIAS == 1u {
        full = antialias_backward(id, &in_plane);
    } else {
        full = lines_backward(id, &in_plane);
        let opacity = projected[id].opacity;
        full.raw_opacity = v_of(id, V_OPACITY) * opacity * (1.0 - opacity);
        full.log_sigma = v_of(id, V_SHARPNESS) * projected[id].sharpness;
    }
    if GRADIENT == GRADIENT_AUTHORS {
        for (var k = 0u; k < POINTS; k++) {
            full.plane[k] *= 2.0 / vec2<f32>(camera.size);
        }
    }
    // Smoothness and sharpness contain z.
    let v_z =
        select(0.0, v_of(id, V_Z) + (full.log_delta + full.log_sigma) / projected[id].z, GRADIENT == GRADIENT_TRUE);
    let v_offset = vec3(v_of(id, V_OFFSET), v_of(id, V_OFFSET + 1u), v_of(id, V_OFFSET + 2u));
    let v_centroid = v_offset + rotate_out_of_view(vec3(0.0, 0.0, v_z));

    var gradients: Gradients;
    gradients.log_delta = full.log_delta;
    gradients.log_sigma = full.log_sigma;
    gradients.raw_opacity = full.raw_opacity;
    let origin_in_plane = (origin - camera.principal) / camera.focal;
    var is_good = is_finite(full.raw_opacity) && is_finite(full.log_delta) && is_finite(full.log_sigma);
    for (var k = 0u; k < POINTS; k++) {
        let place = origin_in_plane + in_plane[k].xy;
        let v_view = vec3(full.plane[k], -dot(full.plane[k], place)) / in_plane[k].z;
        let v_point = rotate_out_of_view(v_view) + v_centroid / f32(POINTS);
        is_good &= is_finite(v_point.x) && is_finite(v_point.y) && is_finite(v_point.z);
        gradients.points[k] = v_point;
    }
    if !is_good {
        var none: Gradients;
        return none;
    }
    return gradients;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if !is_convex(id) {
        return;
    }
    var gradients: Gradients;
    if projected[id].num_instances != 0u {
        gradients = gradients_of(id);
    }
    for (var k = 0u; k < POINTS; k++) {
        let at = (id * POINTS + k) * 3u;
        v_points[at] = gradients.points[k].x;
        v_points[at + 1u] = gradients.points[k].y;
        v_points[at + 2u] = gradients.points[k].z;
    }
    v_log_delta[id] = gradients.log_delta;
    v_log_sigma[id] = gradients.log_sigma;
    v_raw_opacity[id] = gradients.raw_opacity;
}
