// Whether the lanes of a subgroup are consecutive threads of the workgroup, in order. WGSL does not promise it, and what
// is made of subgroup operations builds on it. How many lanes there are may differ from kernel to kernel.

// 1 for every thread whose subgroup is as it should be.
@group(0) @binding(0) var<storage, read_write> findings: array<u32>;

@compute @workgroup_size(PROBE_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_size) lanes: u32,
) {
    let before = subgroupExclusiveAdd(1u);
    let by_one = subgroupShuffleXor(thread, 1u);
    let by_two = subgroupShuffleXor(thread, 2u);
    // The smallest subgroup that exists has four lanes.
    let by_four = subgroupShuffleXor(thread, 4u);
    let is_run = lane == thread % lanes && before == lane;
    let meets_others = by_one == (thread ^ 1u) && by_two == (thread ^ 2u) && (lanes < 8u || by_four == (thread ^ 4u));
    findings[group.x * PROBE_THREADS + thread] = u32(is_run && meets_others);
}
