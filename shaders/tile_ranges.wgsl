// First instance of every tile, from the sorted keys; the entry behind the last tile ends it.
//
// One thread per instance, and one more: thread i writes the tiles between the keys of instances i − 1 and i.
//
// Uses: shared/camera.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> num_instances: array<u32>;
@group(0) @binding(2) var<storage, read> tile_keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> first_instance_from_tile: array<u32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let i = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let count = min(num_instances[0], camera.max_instances);
    if i > count {
        return;
    }
    let num_tiles = camera.num_tiles.x * camera.num_tiles.y;
    var first = 0u;
    if i > 0u {
        first = min(tile_keys[i - 1u] + 1u, num_tiles + 1u);
    }
    var end = num_tiles + 1u;
    if i < count {
        end = min(tile_keys[i] + 1u, num_tiles + 1u);
    }
    for (var tile = first; tile < end; tile++) {
        first_instance_from_tile[tile] = i;
    }
}
