// Sums the cotangents of a convex over the threads of a cluster, without subgroups: every thread stores its cotangents in
// workgroup memory, and the thread that needs the sum adds in the order that lanes would.

// Convexes of a batch: as many as fit workgroup memory with the numbers of all threads.
const BATCH: u32 = 2u;

alias Cotangents = array<f32, NUM_COTANGENTS>;

// A group is a cluster.
const NUM_GROUPS: u32 = NUM_CLUSTERS;

// One spare word between rows keeps the threads that add up in different banks.
const SUMS_ROW: u32 = 65u;

var<workgroup> wg_numbers: array<f32, BATCH * NUM_COTANGENTS * SUMS_ROW>;
// Threads that saw each convex, one bit each.
var<workgroup> wg_seen: array<atomic<u32>, BATCH * 2u>;

fn forget(thread: u32) {
    if thread < BATCH * 2u {
        atomicStore(&wg_seen[thread], 0u);
    }
}

// Must be followed by a barrier before the sums are asked for.
fn store_cotangents(j: u32, thread: u32, numbers: Cotangents) {
    for (var i = 0u; i < NUM_COTANGENTS; i++) {
        wg_numbers[(j * NUM_COTANGENTS + i) * SUMS_ROW + thread] = numbers[i];
    }
    atomicOr(&wg_seen[j * 2u + thread / 32u], 1u << (thread % 32u));
}

// Threads of a cluster that saw convex j, one bit each.
fn seen_in(j: u32, cluster: u32) -> u32 {
    return extractBits(atomicLoad(&wg_seen[j * 2u + cluster / 4u]), (cluster % 4u) * CLUSTER, CLUSTER);
}

fn left_by(j: u32, i: u32, cluster: u32, lane: u32) -> f32 {
    let is_seen = extractBits(seen_in(j, cluster), lane, 1u) == 1u;
    return select(0.0, wg_numbers[(j * NUM_COTANGENTS + i) * SUMS_ROW + cluster * CLUSTER + lane], is_seen);
}

// Groups of clusters that saw convex j, one bit each.
fn groups_of(j: u32) -> u32 {
    var groups = 0u;
    for (var group = 0u; group < NUM_GROUPS; group++) {
        groups |= u32(seen_in(j, group) != 0u) << group;
    }
    return groups;
}

// Sum of number i over a group's threads; 0 where it did not see the convex.
fn sum_of(j: u32, i: u32, group: u32, groups: u32) -> f32 {
    var sums: array<f32, 2>;
    for (var odd = 0u; odd < 2u; odd++) {
        sums[odd] = (left_by(j, i, group, odd) + left_by(j, i, group, odd + 4u))
            + (left_by(j, i, group, odd + 2u) + left_by(j, i, group, odd + 6u));
    }
    return sums[0] + sums[1];
}
