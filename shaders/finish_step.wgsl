// Counts an iteration that was not skipped.
//
// One thread in all.
//
// Uses: shared/status.wgsl.

@group(0) @binding(0) var<storage, read_write> status: Status;

@compute @workgroup_size(1)
fn main() {
    status.num_steps += 1u - status.has_overflowed;
}
