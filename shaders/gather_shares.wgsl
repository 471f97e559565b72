// The largest share of every convex in a pixel of the picture, from those of its instances; 0 where it is not drawn.
//
// One thread per convex.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_rank: array<u32>;
@group(0) @binding(3) var<storage, read> first_slot_from_rank: array<u32>;
@group(0) @binding(4) var<storage, read> share_from_slot: array<f32>;
@group(0) @binding(5) var<storage, read_write> share_from_convex: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let rank = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if rank >= camera.num_convexes {
        return;
    }
    let id = convex_from_rank[rank];
    let first = first_slot_from_rank[rank];
    let end = min(first + projected[id].num_instances, camera.max_instances);
    var largest = 0.0;
    for (var slot = first; slot < end; slot++) {
        largest = max(largest, share_from_slot[slot]);
    }
    share_from_convex[id] = largest;
}
