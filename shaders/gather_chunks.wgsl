// Adds up every chunk of slots that is one convex's alone, and puts the sum in the place of the chunk's first slot: so a
// convex in many tiles does not keep the threads that gather its cotangents busy while all others wait.
//
// One thread per chunk and number.
//
// Uses: shared/camera.wgsl, shared/cotangents.wgsl, shared/chunks.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> num_instances: array<u32>;
@group(0) @binding(2) var<storage, read> convex_from_slot: array<u32>;
@group(0) @binding(3) var<storage, read_write> v_instances: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let job = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let slot = camera.first_slot + job / NUM_COTANGENTS * CHUNK;
    let last = slot + CHUNK - 1u;
    // A convex's slots lie side by side.
    if last >= min(camera.end_slot, num_instances[0]) || convex_from_slot[slot] != convex_from_slot[last] {
        return;
    }
    let first = (slot - camera.first_slot) * INSTANCE_STRIDE;
    let i = job % NUM_COTANGENTS;
    var sum = 0.0;
    for (var row = first; row < first + CHUNK * INSTANCE_STRIDE; row += INSTANCE_STRIDE) {
        sum += select(0.0, v_instances[row + i], v_instances[row + IS_SEEN] != 0.0);
    }
    v_instances[first + i] = sum;
}
