// Exclusive prefix sums of the sums of the blocks, in place, and the total, which saturates at 2³² − 1.
//
// One workgroup in all: it walks over the sums block by block and carries the total along.
//
// Uses: shared/block.wgsl, shared/scan_u32.wgsl, shared/workgroup_scan_subgroups.wgsl or shared/workgroup_scan.wgsl.

struct ScanArgs {
    count_index: u32,
    max_count: u32,
    first_block: u32,
}

@group(0) @binding(0) var<uniform> args: ScanArgs;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;
@group(0) @binding(3) var<storage, read_write> total: array<u32>;

var<workgroup> wg_num_sums: u32;
var<workgroup> wg_wrapped: atomic<u32>;

@compute @workgroup_size(WG_SIZE)
fn main(thread: Thread) {
    // Loops around barriers need a bound that the compiler knows to be the same for all threads.
    if thread.index == 0u {
        wg_num_sums = blocks_of(min(counts[args.count_index], args.max_count));
    }
    let num_sums = workgroupUniformLoad(&wg_num_sums);
    if thread.index == 0u {
        atomicStore(&wg_wrapped, 0u);
    }
    workgroupBarrier();

    var carry = 0u;
    for (var start = 0u; start < num_sums; start += BLOCK_SIZE) {
        let first = start + thread.index * ITEMS_PER_THREAD;
        var own = 0u;
        for (var i = first; i < min(first + ITEMS_PER_THREAD, num_sums); i++) {
            own += sums[i];
        }
        let scanned = workgroup_scan(own, thread);
        var before = carry + scanned.before;
        for (var i = first; i < min(first + ITEMS_PER_THREAD, num_sums); i++) {
            let next = sums[i];
            sums[i] = before;
            before += next;
            // A sum that is smaller than what it was added to has wrapped around.
            if before < next {
                atomicStore(&wg_wrapped, 1u);
            }
        }
        carry += scanned.total;
    }
    workgroupBarrier();
    if thread.index == 0u {
        total[0] = select(carry, 0xffffffffu, atomicLoad(&wg_wrapped) == 1u);
    }
}
