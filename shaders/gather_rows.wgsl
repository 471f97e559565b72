// Rows of a new array from those of an old one, or zeros where a convex does not keep them.
//
// One thread per value.

struct GatherRowsArgs {
    row_width: u32,
    // 1 where only convexes that keep their moments get their row, and the others zeros.
    is_moment: u32,
}

@group(0) @binding(0) var<uniform> args: GatherRowsArgs;
@group(0) @binding(1) var<storage, read> edits: array<Edit>;
@group(0) @binding(2) var<storage, read> old: array<f32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let i = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let id = i / args.row_width;
    if id >= arrayLength(&edits) {
        return;
    }
    let edit = edits[id];
    if args.is_moment == 1u && edit.keeps_moments == 0u {
        rows[i] = 0.0;
    } else {
        rows[i] = old[edit.source * args.row_width + i % args.row_width];
    }
}
