// Cotangents of every projected convex: the sum over its instances.
//
// A thread for each number of a convex, eight convexes to a workgroup. Chunks of slots are added up slot after slot,
// then the sums of the chunks one after another. Those of a convex in many tiles are shared out among all rows of the
// workgroup; the order of the additions stays the same, and so do the bits. Culled convexes get zeros. Where the slots
// come in windows, which are whole chunks, a convex goes on with the sum that the window before left.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_rank: array<u32>;
@group(0) @binding(3) var<storage, read> first_slot_from_rank: array<u32>;
@group(0) @binding(4) var<storage, read> v_instances: array<f32>;
@group(0) @binding(5) var<storage, read_write> v_projected: array<f32>;

// Threads of a row, and rows of a workgroup: one for each convex.
const LANES: u32 = 32u;
const ROWS: u32 = WG_SIZE / LANES;

// Slots of a chunk. A convex with more is taken together.
const CHUNK: u32 = WINDOW_UNIT;

// First slot and the end of the slots of each row's convex, as far as the binding shows them.
var<workgroup> sh_slots: array<vec2<u32>, ROWS>;
var<workgroup> sh_is_large: atomic<u32>;
var<workgroup> sh_any_large: u32;
var<workgroup> sh_sums: array<f32, WG_SIZE>;
// Whether a number of each row's convex overflowed.
var<workgroup> sh_is_bad: array<atomic<u32>, ROWS>;

// Sum of number `i` over some slots of one chunk.
fn chunk_sum(first: u32, end: u32, i: u32) -> f32 {
    var sum = 0.0;
    for (var slot = first; slot < end; slot++) {
        let at = (slot - camera.first_slot) * INSTANCE_STRIDE;
        sum += select(0.0, v_instances[at + i], v_instances[at + IS_SEEN] != 0.0);
    }
    return sum;
}

fn sum_alone(before: f32, slots: vec2<u32>, i: u32) -> f32 {
    var sum = before;
    for (var first = slots.x; first < slots.y;) {
        let end = min((first / CHUNK + 1u) * CHUNK, slots.y);
        sum += chunk_sum(first, end, i);
        first = end;
    }
    return sum;
}

// A round of chunks for all rows at a time. Must be reached by all threads; returns the sum to the row that asked.
fn sum_together(before: f32, slots: vec2<u32>, thread: u32) -> f32 {
    // Lanes that have no number must not read behind the last row.
    let i = min(thread % LANES, IS_SEEN);
    var sum = before;
    for (var chunk = slots.x / CHUNK; chunk * CHUNK < slots.y; chunk += ROWS) {
        let first = (chunk + thread / LANES) * CHUNK;
        sh_sums[thread] = chunk_sum(max(first, slots.x), min(first + CHUNK, slots.y), i);
        workgroupBarrier();
        for (var row = 0u; row < min(ROWS, (slots.y - 1u) / CHUNK - chunk + 1u); row++) {
            sum += sh_sums[row * LANES + thread % LANES];
        }
        workgroupBarrier();
    }
    return sum;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let row = thread / LANES;
    let i = thread % LANES;
    let rank = (group.y * GROUPS_PER_ROW + group.x) * ROWS + row;
    if thread == 0u {
        atomicStore(&sh_is_large, 0u);
    }
    workgroupBarrier();

    // Whether this thread has a number to write, and what the slots before the window came to.
    var is_due = rank < camera.num_convexes && i < NUM_COTANGENTS;
    var id = 0u;
    var slots = vec2(0u);
    var is_last = true;
    var sum = 0.0;
    if is_due {
        id = convex_from_rank[rank];
        let first = first_slot_from_rank[rank];
        let end = min(first + projected[id].num_instances, camera.max_instances);
        slots = vec2(max(first, camera.first_slot), min(end, camera.end_slot));
        is_last = end <= camera.end_slot;
        if first < camera.first_slot {
            is_due = end > camera.first_slot;
            sum = v_projected[id * NUM_COTANGENTS + i];
        }
    }
    let is_large = slots.y > slots.x + CHUNK;
    if i == 0u {
        sh_slots[row] = slots;
        atomicStore(&sh_is_bad[row], 0u);
        atomicOr(&sh_is_large, u32(is_large));
    }
    workgroupBarrier();
    if thread == 0u {
        sh_any_large = atomicLoad(&sh_is_large);
    }
    if workgroupUniformLoad(&sh_any_large) > 0u {
        for (var other = 0u; other < ROWS; other++) {
            let shared_slots = workgroupUniformLoad(&sh_slots[other]);
            if shared_slots.y > shared_slots.x + CHUNK {
                let found = sum_together(sum, shared_slots, thread);
                sum = select(sum, found, row == other);
            }
        }
    }
    if is_due && !is_large {
        sum = sum_alone(sum, slots, i);
    }
    // A row that overflows says nothing: a step along it would be meaningless.
    if is_due && is_last && !is_finite(sum) {
        atomicOr(&sh_is_bad[row], 1u);
    }
    workgroupBarrier();
    if is_due {
        v_projected[id * NUM_COTANGENTS + i] = select(sum, 0.0, atomicLoad(&sh_is_bad[row]) > 0u);
    }
}
