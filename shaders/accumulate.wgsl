// Adds up over iterations the numbers of every convex that the strategies of densification use.
//
// One thread per convex.
//
// Uses: shared/camera.wgsl, shared/status.wgsl, shared/projected.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> status: Status;
@group(0) @binding(2) var<storage, read> projected: array<Projected>;
@group(0) @binding(3) var<storage, read> v_points: array<f32>;
@group(0) @binding(4) var<storage, read> v_log_sigma: array<f32>;
@group(0) @binding(5) var<storage, read> points: array<f32>;
// Gradient of the points times the extent of the convex, gradient of log_sigma, views that see it; all sums. Then the
// extent: the largest standard deviation of the points along an axis.
@group(0) @binding(6) var<storage, read_write> statistics: array<vec4<f32>>;

fn point(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    return vec3(points[at], points[at + 1u], points[at + 2u]);
}

fn cotangent(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    return vec3(v_points[at], v_points[at + 1u], v_points[at + 2u]);
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= camera.num_convexes || status.has_overflowed == 1u || projected[id].num_instances == 0u {
        return;
    }
    var v_square = 0.0;
    var sum = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        let v = cotangent(id, k);
        v_square += dot(v, v);
        sum += point(id, k);
    }
    var square = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        let offset = point(id, k) - sum / f32(POINTS);
        square += offset * offset / f32(POINTS);
    }
    let extent = sqrt(max(square.x, max(square.y, square.z)));
    let before = statistics[id];
    statistics[id] = vec4(before.xyz + vec3(sqrt(v_square) * extent, v_log_sigma[id], 1.0), extent);
}
