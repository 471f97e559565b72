// A scene as it is to be shown: convexes larger or smaller, and hidden where faint or outside of a box.
//
// One thread per convex.
//
// Uses: shared/alter.wgsl.

@group(0) @binding(0) var<uniform> args: AlterArgs;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> log_delta: array<f32>;
@group(0) @binding(3) var<storage, read> raw_opacity: array<f32>;
@group(0) @binding(4) var<storage, read_write> altered_points: array<f32>;
@group(0) @binding(5) var<storage, read_write> altered_log_delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> altered_raw_opacity: array<f32>;

// An opacity that is never drawn.
const HIDDEN: f32 = -1e4;

fn point_at(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    return vec3(points[at], points[at + 1u], points[at + 2u]);
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= args.num_convexes {
        return;
    }
    var centroid = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        centroid += point_at(id, k) / f32(POINTS);
    }
    for (var k = 0u; k < POINTS; k++) {
        let moved = centroid + args.scale * (point_at(id, k) - centroid);
        let at = (id * POINTS + k) * 3u;
        altered_points[at] = moved.x;
        altered_points[at + 1u] = moved.y;
        altered_points[at + 2u] = moved.z;
    }
    // Distances grow with the scale and are as smooth as before.
    altered_log_delta[id] = log_delta[id] - log(args.scale);
    let rows = args.box_from_world;
    let in_world = vec4(centroid, 1.0);
    let in_box = vec3(dot(rows[0], in_world), dot(rows[1], in_world), dot(rows[2], in_world));
    let is_kept = raw_opacity[id] >= args.raw_threshold && all(abs(in_box) <= args.crop_half.xyz);
    altered_raw_opacity[id] = select(HIDDEN, raw_opacity[id], is_kept);
}
