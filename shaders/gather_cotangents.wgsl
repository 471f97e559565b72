// Cotangents of every projected convex: the sum over its instances, slot after slot.
//
// One thread per convex. Culled ones get zeros. Where the slots come in windows, a convex goes on with the sum that the
// window before left.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_rank: array<u32>;
@group(0) @binding(3) var<storage, read> first_slot_from_rank: array<u32>;
@group(0) @binding(4) var<storage, read> v_instances: array<f32>;
@group(0) @binding(5) var<storage, read_write> v_projected: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let rank = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if rank >= camera.num_convexes {
        return;
    }
    let id = convex_from_rank[rank];
    let first = first_slot_from_rank[rank];
    let end = min(first + projected[id].num_instances, camera.max_instances);
    var sums: array<f32, NUM_COTANGENTS>;
    if first < camera.first_slot {
        if end <= camera.first_slot {
            return;
        }
        for (var i = 0u; i < NUM_COTANGENTS; i++) {
            sums[i] = v_projected[id * NUM_COTANGENTS + i];
        }
    }
    for (var slot = max(first, camera.first_slot); slot < min(end, camera.end_slot); slot++) {
        let row = (slot - camera.first_slot) * INSTANCE_STRIDE;
        if v_instances[row + IS_SEEN] != 0.0 {
            for (var i = 0u; i < NUM_COTANGENTS; i++) {
                sums[i] += v_instances[row + i];
            }
        }
    }
    // A row that overflows says nothing: a step along it would be meaningless.
    var is_good = true;
    for (var i = 0u; i < NUM_COTANGENTS; i++) {
        is_good &= end > camera.end_slot || is_finite(sums[i]);
    }
    for (var i = 0u; i < NUM_COTANGENTS; i++) {
        v_projected[id * NUM_COTANGENTS + i] = select(0.0, sums[i], is_good);
    }
}
