// Builds the convexes of a new scene from those of an old one.
//
// One thread per new convex.
//
// Uses: shared/edit.wgsl.

@group(0) @binding(0) var<storage, read> edits: array<Edit>;
@group(0) @binding(1) var<storage, read> old_points: array<f32>;
@group(0) @binding(2) var<storage, read> old_log_delta: array<f32>;
@group(0) @binding(3) var<storage, read> old_log_sigma: array<f32>;
@group(0) @binding(4) var<storage, read_write> points: array<f32>;
@group(0) @binding(5) var<storage, read_write> log_delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> log_sigma: array<f32>;
@group(0) @binding(7) var<storage, read_write> raw_opacity: array<f32>;

fn old_point(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    return vec3(old_points[at], old_points[at + 1u], old_points[at + 2u]);
}

// The direction in which a point lies furthest from the centroid.
fn longest_reach(id: u32, centroid: vec3<f32>) -> vec3<f32> {
    var reach = vec3(1.0, 0.0, 0.0);
    var furthest = 0.0;
    for (var k = 0u; k < POINTS; k++) {
        let offset = old_point(id, k) - centroid;
        if length(offset) > furthest {
            furthest = length(offset);
            reach = offset / furthest;
        }
    }
    return reach;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= arrayLength(&edits) {
        return;
    }
    let edit = edits[id];
    let source = edit.source;
    var centroid = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        centroid += old_point(source, k) / f32(POINTS);
    }
    let axis = longest_reach(source, centroid);
    var low = 1e30;
    var high = -1e30;
    for (var k = 0u; k < POINTS; k++) {
        let along = dot(axis, old_point(source, k) - centroid);
        low = min(low, along);
        high = max(high, along);
    }
    for (var k = 0u; k < POINTS; k++) {
        var p = old_point(source, k);
        let along = dot(axis, p - centroid);
        if edit.shape == SHAPE_FRONT_HALF {
            p += axis * 0.5 * (high - along);
        } else if edit.shape == SHAPE_BACK_HALF {
            p -= axis * 0.5 * (along - low);
        } else if edit.shape == SHAPE_AT_POINT {
            p = old_point(source, edit.point) + edit.scale * (p - centroid);
        }
        let at = (id * POINTS + k) * 3u;
        points[at] = p.x;
        points[at + 1u] = p.y;
        points[at + 2u] = p.z;
    }
    log_delta[id] = old_log_delta[source] + edit.log_delta_shift;
    log_sigma[id] = old_log_sigma[source] * edit.sigma_exponent;
    raw_opacity[id] = edit.raw_opacity;
}
