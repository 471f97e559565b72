// Which pairs of points are edges of the hull in space: one bit per pair, in the order (0,1), (0,2), … (1,2), …
//
// A pair is an edge if two different planes through it have all points on one side: a diagonal of a flat face has only
// one. One thread per convex.
//
// Uses: shared/alter.wgsl.

@group(0) @binding(0) var<uniform> args: AlterArgs;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read_write> hull_edges: array<u32>;

// Relative to the size of the convex: points this close to a plane are on it.
const FLAT: f32 = 1e-4;

var<private> corner: array<vec3<f32>, POINTS>;

// Whether all points are on one side of the plane through `i` with this unit normal.
fn supports(i: u32, normal: vec3<f32>, tolerance: f32) -> bool {
    var low = 0.0;
    var high = 0.0;
    for (var k = 0u; k < POINTS; k++) {
        let distance = dot(normal, corner[k] - corner[i]);
        low = min(low, distance);
        high = max(high, distance);
    }
    return low >= -tolerance || high <= tolerance;
}

fn is_edge(i: u32, j: u32, size: f32) -> bool {
    var first = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        let across = cross(corner[j] - corner[i], corner[k] - corner[i]);
        let area = length(across);
        if k == i || k == j || area < FLAT * size * size {
            continue;
        }
        let normal = across / area;
        if supports(i, normal, FLAT * size) {
            if any(first != vec3(0.0)) && abs(dot(first, normal)) < 1.0 - FLAT {
                return true;
            }
            first = normal;
        }
    }
    return false;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= args.num_convexes {
        return;
    }
    var size = 0.0;
    for (var k = 0u; k < POINTS; k++) {
        let at = (id * POINTS + k) * 3u;
        corner[k] = vec3(points[at], points[at + 1u], points[at + 2u]);
        size = max(size, length(corner[k] - corner[0]));
    }
    var bits = 0u;
    var pair = 0u;
    for (var i = 0u; i < POINTS; i++) {
        for (var j = i + 1u; j < POINTS; j++) {
            if is_edge(i, j, size) {
                bits |= 1u << pair;
            }
            pair++;
        }
    }
    hull_edges[id] = bits;
}
