// Writes one instance for every tile that a convex can touch. A convex's instances lie side by side in slots, convexes
// in the order of depth.
//
// One thread per convex.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_rank: array<u32>;
@group(0) @binding(3) var<storage, read> first_slot_from_rank: array<u32>;
@group(0) @binding(4) var<storage, read_write> tile_keys: array<u32>;
@group(0) @binding(5) var<storage, read_write> slots: array<u32>;
@group(0) @binding(6) var<storage, read_write> convex_from_slot: array<u32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let rank = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if rank >= camera.num_convexes {
        return;
    }
    let id = convex_from_rank[rank];
    let convex = projected[id];
    var slot = first_slot_from_rank[rank];
    let end = min(slot + convex.num_instances, camera.max_instances);
    let rows = range_in_word(convex.tile_rows);
    for (var row = rows.x; row <= rows.y && slot < end; row++) {
        let columns = tile_columns(convex, row);
        for (var column = columns.x; column <= columns.y && slot < end; column++) {
            tile_keys[slot] = u32(row) * camera.num_tiles.x + u32(column);
            slots[slot] = slot;
            convex_from_slot[slot] = id;
            slot++;
        }
    }
    // Should two compilations of the loop above ever round differently, no slot stays without a tile: the key behind
    // all tiles is sorted last and never drawn.
    for (; slot < end; slot++) {
        tile_keys[slot] = camera.num_tiles.x * camera.num_tiles.y;
        slots[slot] = slot;
        convex_from_slot[slot] = id;
    }
}
