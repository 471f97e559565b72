// How many convexes a frame shows: in the order of depth, those that no tile can touch come last.
//
// One thread in all: a binary search.

@group(0) @binding(0) var<storage, read> num_convexes: array<u32>;
// Sorted.
@group(0) @binding(1) var<storage, read> depth_keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> num_visible: array<u32>;

@compute @workgroup_size(1)
fn main() {
    var low = 0u;
    var high = num_convexes[0];
    while low < high {
        let middle = low + (high - low) / 2u;
        if depth_keys[middle] == CULLED_KEY {
            high = middle;
        } else {
            low = middle + 1u;
        }
    }
    num_visible[0] = low;
}
