// Turns a count on the GPU into the workgroups of an indirect dispatch, limited to workgroups
// [first_group, first_group + window_groups) of those that the count needs.
//
// One thread in all.

struct GroupsArgs {
    count_index: u32,
    max_count: u32,
    items_per_group: u32,
    first_group: u32,
    window_groups: u32,
    entries_per_group: u32,
}

@group(0) @binding(0) var<uniform> args: GroupsArgs;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
// Workgroups in x, y and z, then the number of entries that all workgroups of the count write.
@group(0) @binding(2) var<storage, read_write> groups: array<u32>;

fn div_ceil(a: u32, b: u32) -> u32 {
    return a / b + u32(a % b != 0u);
}

@compute @workgroup_size(1)
fn main() {
    let count = min(counts[args.count_index], args.max_count);
    let line = div_ceil(count, args.items_per_group);
    let window = min(max(line, args.first_group) - args.first_group, args.window_groups);
    groups[0] = min(window, GROUPS_PER_ROW);
    groups[1] = div_ceil(window, GROUPS_PER_ROW);
    groups[2] = 1u;
    groups[3] = line * args.entries_per_group;
}
