// What the two kernels of a sorting step share.

const MAX_DIGITS: u32 = 256u;

struct SortArgs {
    count_index: u32,
    max_count: u32,
    first_block: u32,
    shift: u32,
    bits: u32,
    output_first: u32,
    output_len: u32,
}

@group(0) @binding(0) var<uniform> args: SortArgs;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
// Shows the values from block `first_block` on.
@group(0) @binding(2) var<storage, read> keys: array<u32>;

// Number of items from `first_block` to the end.
fn items_of_window() -> u32 {
    let count = min(counts[args.count_index], args.max_count);
    return count - min(count, args.first_block * BLOCK_SIZE);
}

fn digit_of(key: u32) -> u32 {
    return extractBits(key, args.shift, args.bits);
}

// Counts are kept digit after digit and within a digit block after block, so that their exclusive prefix sum is the
// place of each block's first key with that digit.
fn place_in_histogram(digit: u32, block_of_window: u32) -> u32 {
    let num_blocks = blocks_of(min(counts[args.count_index], args.max_count));
    return digit * num_blocks + args.first_block + block_of_window;
}
