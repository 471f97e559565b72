// Sum of each block: the first step of a prefix sum over any number of items.
//
// One workgroup per block of the window.
//
// Uses: shared/block.wgsl, shared/scan_u32.wgsl, shared/workgroup_scan_subgroups.wgsl or shared/workgroup_scan.wgsl.

struct ScanArgs {
    count_index: u32,
    max_count: u32,
    first_block: u32,
}

@group(0) @binding(0) var<uniform> args: ScanArgs;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
// Shows the values from block `first_block` on.
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<u32>;

@compute @workgroup_size(WG_SIZE)
fn main(thread: Thread) {
    let count = min(counts[args.count_index], args.max_count);
    let block = block_of_window(thread.group);
    let start = block * BLOCK_SIZE;
    let end = count - min(count, args.first_block * BLOCK_SIZE);

    var sum = 0u;
    for (var i = start + thread.index; i < min(end, start + BLOCK_SIZE); i += WG_SIZE) {
        sum += values[i];
    }
    let scanned = workgroup_scan(sum, thread);
    if thread.index == 0u && start < end {
        sums[args.first_block + block] = scanned.total;
    }
}
