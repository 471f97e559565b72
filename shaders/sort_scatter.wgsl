// Moves keys and values to their place by one digit, keeping the order of equal digits: the second half of a sorting
// step.
//
// One workgroup per block of the window. The block is first sorted in workgroup memory, two bits at a time, so that the
// writes of a workgroup fall into few runs. Only digits and places are moved there (16 + 16 bits): the keys and
// values themselves are read again afterwards, which keeps the kernel within the 16 KiB of WebGPU.
// When the output is larger than a binding, the kernel runs once per window of the output and writes what falls
// into it.
//
// Uses: shared/block.wgsl, shared/scan_vec2.wgsl, shared/workgroup_scan_subgroups.wgsl or shared/workgroup_scan.wgsl,
// shared/sort.wgsl.

@group(0) @binding(3) var<storage, read> values: array<u32>;
@group(0) @binding(4) var<storage, read> places: array<u32>;
// From element `output_first` on.
@group(0) @binding(5) var<storage, read_write> sorted_keys: array<u32>;
@group(0) @binding(6) var<storage, read_write> sorted_values: array<u32>;

// One spare word after every 32 keeps threads that walk over eight consecutive items in different banks.
const PADDED_BLOCK: u32 = BLOCK_SIZE + BLOCK_SIZE / 32u;

var<workgroup> wg_items: array<u32, PADDED_BLOCK>;
var<workgroup> wg_digit_starts: array<u32, MAX_DIGITS>;

fn padded(i: u32) -> u32 {
    return i + (i >> 5u);
}

fn digit_of_item(item: u32) -> u32 {
    return item >> 16u;
}

// Four counters of 16 bits: which of them counts `pair`, and the counter itself.
fn one_of_four(pair: u32) -> vec2<u32> {
    let one = 1u << (16u * (pair & 1u));
    return select(vec2(one, 0u), vec2(0u, one), pair >= 2u);
}

fn counter(counters: vec2<u32>, pair: u32) -> u32 {
    return extractBits(select(counters.x, counters.y, pair >= 2u), 16u * (pair & 1u), 16u);
}

// For each pair of bits, the number of items with a smaller one.
fn starts_of_four(totals: vec2<u32>) -> vec2<u32> {
    let zeros = totals.x & 0xffffu;
    let ones = totals.x >> 16u;
    let twos = totals.y & 0xffffu;
    return vec2(zeros << 16u, (zeros + ones) | ((zeros + ones + twos) << 16u));
}

fn sort_block_by_two_bits(shift: u32, thread: Thread) {
    let first = thread.index * ITEMS_PER_THREAD;
    var items: array<u32, ITEMS_PER_THREAD>;
    var own = vec2<u32>();
    for (var i = 0u; i < ITEMS_PER_THREAD; i++) {
        items[i] = wg_items[padded(first + i)];
        own += one_of_four(extractBits(items[i], 16u + shift, 2u));
    }
    let scanned = workgroup_scan(own, thread);
    var next = starts_of_four(scanned.total) + scanned.before;
    for (var i = 0u; i < ITEMS_PER_THREAD; i++) {
        let pair = extractBits(items[i], 16u + shift, 2u);
        wg_items[padded(counter(next, pair))] = items[i];
        next += one_of_four(pair);
    }
    workgroupBarrier();
}

@compute @workgroup_size(WG_SIZE)
fn main(thread: Thread) {
    let block = block_of_window(thread.group);
    let start = block * BLOCK_SIZE;
    let items = items_of_window();

    // What lies beyond the last item gets the largest digit: it stays behind all that have it too.
    for (var i = thread.index; i < BLOCK_SIZE; i += WG_SIZE) {
        var digit = (1u << args.bits) - 1u;
        if start + i < items {
            digit = digit_of(keys[start + i]);
        }
        wg_items[padded(i)] = (digit << 16u) | i;
    }
    workgroupBarrier();
    for (var shift = 0u; shift < args.bits; shift += 2u) {
        sort_block_by_two_bits(shift, thread);
    }

    for (var i = thread.index; i < BLOCK_SIZE; i += WG_SIZE) {
        let digit = digit_of_item(wg_items[padded(i)]);
        if i == 0u || digit_of_item(wg_items[padded(i - 1u)]) != digit {
            wg_digit_starts[digit] = i;
        }
    }
    workgroupBarrier();

    for (var i = thread.index; i < BLOCK_SIZE; i += WG_SIZE) {
        let item = wg_items[padded(i)];
        let source = start + (item & 0xffffu);
        if source >= items {
            continue;
        }
        let digit = digit_of_item(item);
        let place = places[place_in_histogram(digit, block)] + i - wg_digit_starts[digit] - args.output_first;
        // Places before the window wrap around to something large.
        if place < args.output_len {
            sorted_keys[place] = keys[source];
            sorted_values[place] = values[source];
        }
    }
}
