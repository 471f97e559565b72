// Writes one instance for every tile that a convex can touch. A convex's instances lie side by side in slots, convexes
// in the order of depth.
//
// A thread for each convex with few tiles. Those with many are taken by the whole workgroup, one after another, a slot per
// thread: one that fills the picture would keep a thread busy while all others wait.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/tiles.wgsl, shared/scan_u32.wgsl,
// shared/workgroup_scan_subgroups.wgsl or shared/workgroup_scan.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> lines: array<Lines>;
@group(0) @binding(3) var<storage, read> convex_from_rank: array<u32>;
@group(0) @binding(4) var<storage, read> first_slot_from_rank: array<u32>;
@group(0) @binding(5) var<storage, read_write> tile_keys: array<u32>;
@group(0) @binding(6) var<storage, read_write> slots: array<u32>;
@group(0) @binding(7) var<storage, read_write> convex_from_slot: array<u32>;

// Most tiles that a thread takes on alone: with more, each thread of the workgroup has one at least.
const FEW: u32 = WG_SIZE;

// Ranks of the convexes with more.
var<workgroup> wg_large: array<u32, WG_SIZE>;
var<workgroup> wg_num_large: atomic<u32>;
var<workgroup> wg_large_count: u32;
// Of some rows of tiles: the slot of the first column, and the column.
var<workgroup> wg_row_slots: array<u32, WG_SIZE>;
var<workgroup> wg_row_columns: array<i32, WG_SIZE>;

// The slots of a convex that the buffers hold.
fn slots_of(rank: u32, num_instances: u32) -> vec2<u32> {
    let first = first_slot_from_rank[rank];
    return vec2(first, min(first + num_instances, camera.max_instances));
}

fn emit(slot: u32, tile: u32, id: u32) {
    tile_keys[slot] = tile;
    slots[slot] = slot;
    convex_from_slot[slot] = id;
}

fn tile_at(row: i32, column: i32) -> u32 {
    return u32(row) * camera.num_tiles.x + u32(column);
}

// Should two compilations of `tile_columns` ever round differently, no slot stays without a tile: the key behind all
// tiles is sorted last and never drawn.
fn emit_rest(id: u32, first: u32, step: u32, end: u32) {
    for (var slot = first; slot < end; slot += step) {
        emit(slot, camera.num_tiles.x * camera.num_tiles.y, id);
    }
}

fn emit_alone(rank: u32, id: u32) {
    let convex = projected[id];
    var edges = lines[id];
    let range = slots_of(rank, convex.num_instances);
    let rows = range_in_word(convex.tile_rows);
    var slot = range.x;
    for (var row = rows.x; row <= rows.y; row++) {
        let columns = tile_columns(convex, &edges, row);
        for (var column = columns.x; column <= columns.y && slot < range.y; column++) {
            emit(slot, tile_at(row, column), id);
            slot++;
        }
    }
    emit_rest(id, slot, 1u, range.y);
}

// The last of the rows that begin at a slot or before.
fn row_of(slot: u32) -> u32 {
    var row = 0u;
    for (var step = WG_SIZE / 2u; step > 0u; step /= 2u) {
        row += select(0u, step, wg_row_slots[row + step] <= slot);
    }
    return row;
}

// Must be reached by all threads.
fn emit_together(rank: u32, thread: Thread) {
    let id = convex_from_rank[rank];
    let convex = projected[id];
    var edges = lines[id];
    let range = slots_of(rank, convex.num_instances);
    let rows = range_in_word(convex.tile_rows);
    var first = range.x;
    // As many rows as there are threads in a turn.
    for (var row = rows.x; row <= rows.y; row += i32(WG_SIZE)) {
        let own_row = row + i32(thread.index);
        var columns = vec2(0, -1);
        if own_row <= rows.y {
            columns = tile_columns(convex, &edges, own_row);
        }
        let scanned = workgroup_scan(u32(max(columns.y - columns.x + 1, 0)), thread);
        wg_row_slots[thread.index] = first + scanned.before;
        wg_row_columns[thread.index] = columns.x;
        workgroupBarrier();
        let end = min(first + scanned.total, range.y);
        for (var slot = first + thread.index; slot < end; slot += WG_SIZE) {
            let found = row_of(slot);
            let column = wg_row_columns[found] + i32(slot - wg_row_slots[found]);
            emit(slot, tile_at(row + i32(found), column), id);
        }
        first += scanned.total;
        workgroupBarrier();
    }
    emit_rest(id, first + thread.index, WG_SIZE, range.y);
}

@compute @workgroup_size(WG_SIZE)
fn main(thread: Thread) {
    let rank = (thread.group.y * GROUPS_PER_ROW + thread.group.x) * WG_SIZE + thread.index;
    if thread.index == 0u {
        atomicStore(&wg_num_large, 0u);
    }
    workgroupBarrier();
    if rank < camera.num_convexes {
        let id = convex_from_rank[rank];
        let num_instances = projected[id].num_instances;
        if num_instances > FEW {
            // Their order does not matter: every one has its slots.
            wg_large[atomicAdd(&wg_num_large, 1u)] = rank;
        } else if num_instances > 0u {
            emit_alone(rank, id);
        }
    }
    workgroupBarrier();
    if thread.index == 0u {
        wg_large_count = atomicLoad(&wg_num_large);
    }
    let num_large = workgroupUniformLoad(&wg_large_count);
    for (var i = 0u; i < num_large; i++) {
        emit_together(workgroupUniformLoad(&wg_large[i]), thread);
    }
}
