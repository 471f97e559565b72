// Exclusive prefix sums within each block, in place, on top of the sum of all blocks before.
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
@group(0) @binding(2) var<storage, read_write> values: array<u32>;
@group(0) @binding(3) var<storage, read> sums: array<u32>;

@compute @workgroup_size(WG_SIZE)
fn main(thread: Thread) {
    let count = min(counts[args.count_index], args.max_count);
    let block = block_of_window(thread.group);
    let first = block * BLOCK_SIZE + thread.index * ITEMS_PER_THREAD;
    let end = min(first + ITEMS_PER_THREAD, count - min(count, args.first_block * BLOCK_SIZE));

    var own = 0u;
    for (var i = first; i < end; i++) {
        own += values[i];
    }
    let scanned = workgroup_scan(own, thread);
    if first >= end {
        return;
    }
    var before = sums[args.first_block + block] + scanned.before;
    for (var i = first; i < end; i++) {
        let next = values[i];
        values[i] = before;
        before += next;
    }
}
