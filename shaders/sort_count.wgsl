// Number of keys with each digit, per block: the first half of a sorting step.
//
// One workgroup per block of the window.
//
// Uses: shared/block.wgsl, shared/sort.wgsl.

@group(0) @binding(3) var<storage, read_write> histogram: array<u32>;

var<workgroup> wg_counts: array<atomic<u32>, MAX_DIGITS>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let block = block_of_window(group);
    let start = block * BLOCK_SIZE;
    let items = items_of_window();
    let num_digits = 1u << args.bits;

    for (var digit = thread; digit < num_digits; digit += WG_SIZE) {
        atomicStore(&wg_counts[digit], 0u);
    }
    workgroupBarrier();
    for (var i = start + thread; i < min(items, start + BLOCK_SIZE); i += WG_SIZE) {
        atomicAdd(&wg_counts[digit_of(keys[i])], 1u);
    }
    workgroupBarrier();
    if start >= items {
        return;
    }
    for (var digit = thread; digit < num_digits; digit += WG_SIZE) {
        histogram[place_in_histogram(digit, block)] = atomicLoad(&wg_counts[digit]);
    }
}
