// Adds the gradients of the regularization: mean opacity and mean extent of the convexes, so that what does not
// help the pictures fades and shrinks.
//
// One thread per convex.
//
// Uses: shared/finite.wgsl.

struct RegulariseArgs {
    num_convexes: u32,
    // Weight of the mean opacity.
    opacity: f32,
    // Weight of the mean root-mean-square distance of the points from the centroid, per unit of length.
    extent: f32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> args: RegulariseArgs;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> raw_opacity: array<f32>;
@group(0) @binding(3) var<storage, read_write> v_points: array<f32>;
@group(0) @binding(4) var<storage, read_write> v_raw_opacity: array<f32>;

fn point(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    return vec3(points[at], points[at + 1u], points[at + 2u]);
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= args.num_convexes {
        return;
    }
    let per_convex = 1.0 / f32(args.num_convexes);
    let opacity = 1.0 / (1.0 + exp(-raw_opacity[id]));
    v_raw_opacity[id] += args.opacity * per_convex * opacity * (1.0 - opacity);

    var centroid = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        centroid += point(id, k) / f32(POINTS);
    }
    var square = 0.0;
    for (var k = 0u; k < POINTS; k++) {
        let offset = point(id, k) - centroid;
        square += dot(offset, offset) / f32(POINTS);
    }
    let extent = sqrt(square);
    if extent < 1e-12 || !is_finite(extent) {
        return;
    }
    for (var k = 0u; k < POINTS; k++) {
        let v = args.extent * per_convex * (point(id, k) - centroid) / (extent * f32(POINTS));
        let at = (id * POINTS + k) * 3u;
        v_points[at] += v.x;
        v_points[at + 1u] += v.y;
        v_points[at + 2u] += v.z;
    }
}
