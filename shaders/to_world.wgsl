// A scene of normalised units in those of the dataset, in place.
//
// One thread per convex.

struct ToWorldArgs {
    // World units per normalised unit.
    scale: f32,
    // What is added to the logarithms of delta and sigma: depths are larger by the scale, and slopes smaller.
    shift: f32,
    num_convexes: u32,
    padding: u32,
    // Where the normalised origin is, relative to the origin of the scene in the world; the last component is unused.
    centre: vec4<f32>,
}

@group(0) @binding(0) var<uniform> args: ToWorldArgs;
@group(0) @binding(1) var<storage, read_write> points: array<f32>;
@group(0) @binding(2) var<storage, read_write> log_delta: array<f32>;
@group(0) @binding(3) var<storage, read_write> log_sigma: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= args.num_convexes {
        return;
    }
    for (var k = 0u; k < POINTS; k++) {
        let at = (id * POINTS + k) * 3u;
        points[at] = points[at] * args.scale + args.centre.x;
        points[at + 1u] = points[at + 1u] * args.scale + args.centre.y;
        points[at + 2u] = points[at + 2u] * args.scale + args.centre.z;
    }
    log_delta[id] += args.shift;
    log_sigma[id] += args.shift;
}
