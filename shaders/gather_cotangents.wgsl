// Cotangents of every projected convex: the sum over its instances, slot after slot.
//
// LANES threads per convex, each with every LANES-th number. Culled convexes get zeros. Where the slots come in windows, a
// convex goes on with the sum that the window before left.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/cotangents.wgsl, shared/chunks.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_rank: array<u32>;
@group(0) @binding(3) var<storage, read> first_slot_from_rank: array<u32>;
@group(0) @binding(4) var<storage, read> v_instances: array<f32>;
@group(0) @binding(5) var<storage, read_write> v_projected: array<f32>;

// Numbers lane, lane + LANES, … of a thread; the last may be behind the end.
const NUMBERS: u32 = (NUM_COTANGENTS + LANES - 1u) / LANES;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let job = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let rank = job / LANES;
    let lane = job % LANES;
    if rank >= camera.num_convexes {
        return;
    }
    let id = convex_from_rank[rank];
    let first = first_slot_from_rank[rank];
    let end = min(first + projected[id].num_instances, camera.max_instances);
    var sums: array<f32, NUMBERS>;
    if first < camera.first_slot {
        if end <= camera.first_slot {
            return;
        }
        for (var n = 0u; n < NUMBERS; n++) {
            if lane + n * LANES < NUM_COTANGENTS {
                sums[n] = v_projected[id * NUM_COTANGENTS + lane + n * LANES];
            }
        }
    }
    let end_here = min(end, camera.end_slot);
    var slot = max(first, camera.first_slot);
    while slot < end_here {
        let row = (slot - camera.first_slot) * INSTANCE_STRIDE;
        // `gather_chunks` has been there.
        let is_whole = slot % CHUNK == 0u && slot + CHUNK <= end_here;
        if is_whole || v_instances[row + IS_SEEN] != 0.0 {
            for (var n = 0u; n < NUMBERS; n++) {
                sums[n] += v_instances[row + min(lane + n * LANES, IS_SEEN)];
            }
        }
        slot += select(1u, CHUNK, is_whole);
    }
    for (var n = 0u; n < NUMBERS; n++) {
        let i = lane + n * LANES;
        if i < NUM_COTANGENTS {
            v_projected[id * NUM_COTANGENTS + i] = sums[n];
        }
    }
}
