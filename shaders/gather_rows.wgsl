// Rows of a new array from those of an old one. Rows that are not kept, or whose old row is in another window, stay.
//
// One thread per value of the window of the new array.
//
// Uses: shared/edit.wgsl.

struct GatherRowsArgs {
    row_width: u32,
    // 1 where only convexes that keep their moments get their row.
    is_moment: u32,
    // First row of the window of the new array.
    first_row: u32,
    // First row of the window of the old one.
    first_old: u32,
}

@group(0) @binding(0) var<uniform> args: GatherRowsArgs;
@group(0) @binding(1) var<storage, read> edits: array<Edit>;
@group(0) @binding(2) var<storage, read> old: array<f32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let i = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let id = args.first_row + i / args.row_width;
    if i >= arrayLength(&rows) || id >= arrayLength(&edits) {
        return;
    }
    let edit = edits[id];
    let source = (edit.source - args.first_old) * args.row_width + i % args.row_width;
    let is_shown = edit.source >= args.first_old && source < arrayLength(&old);
    if is_shown && (args.is_moment == 0u || edit.keeps_moments == 1u) {
        rows[i] = old[source];
    }
}
