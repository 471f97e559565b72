// Number of instances of every convex in the order of depth, for the scan that gives each its place.
//
// One thread per convex.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_rank: array<u32>;
@group(0) @binding(3) var<storage, read_write> first_slot_from_rank: array<u32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let rank = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if rank < camera.num_convexes {
        first_slot_from_rank[rank] = projected[convex_from_rank[rank]].num_instances;
    }
}
