// Counts the tiles that every convex can touch, and makes the keys that convexes are sorted by depth with.
//
// One thread per convex. It reads what `emit_instances` reads, so that both are likely to round alike; a compiler may round
// differently what it still has at hand.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/tiles.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read_write> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> lines: array<Lines>;
// Bits of the depth, which are ordered like the depth itself; the largest where the convex is culled.
@group(0) @binding(3) var<storage, read_write> depth_keys: array<u32>;
@group(0) @binding(4) var<storage, read_write> convex_from_rank: array<u32>;

fn num_tiles_of(id: u32) -> u32 {
    let convex = projected[id];
    if convex.num_instances == 0u {
        return 0u;
    }
    var edges = lines[id];
    let rows = range_in_word(convex.tile_rows);
    var count = 0;
    for (var row = rows.x; row <= rows.y; row++) {
        let columns = tile_columns(convex, &edges, row);
        count += max(columns.y - columns.x + 1, 0);
    }
    return u32(count);
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= camera.num_convexes {
        return;
    }
    let num_tiles = num_tiles_of(id);
    projected[id].num_instances = num_tiles;
    depth_keys[id] = select(CULLED_KEY, bitcast<u32>(projected[id].z), num_tiles > 0u);
    convex_from_rank[id] = id;
}
