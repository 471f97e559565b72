// What the strategies of densification want to know of every convex, added up over iterations.
//
// One thread per convex.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> status: Status;
@group(0) @binding(2) var<storage, read> projected: array<Projected>;
@group(0) @binding(3) var<storage, read> v_points: array<f32>;
@group(0) @binding(4) var<storage, read> v_log_sigma: array<f32>;
// Norm of the gradient of the points, gradient of log_sigma, views that see it.
@group(0) @binding(5) var<storage, read_write> statistics: array<vec4<f32>>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= camera.num_convexes || status.has_overflowed == 1u || projected[id].num_instances == 0u {
        return;
    }
    var square = 0.0;
    for (var i = 0u; i < 3u * POINTS; i++) {
        let v = v_points[id * 3u * POINTS + i];
        square += v * v;
    }
    statistics[id] += vec4(sqrt(square), v_log_sigma[id], 1.0, 0.0);
}
