// Sums the cotangents of a convex over the threads of a group, by exchanges between lanes. At each of three steps a lane
// keeps half of its numbers and gives the other half away, so that 3·K + 6 numbers of eight lanes cost hardly more
// exchanges than there are numbers; then the clusters of a group add up what they have. All lanes of a group must take part.

// Convexes of a batch: as many as fit workgroup memory with their sums.
const BATCH: u32 = 8u;

// Numbers that each lane ends up with.
const NUMBERS_PER_LANE: u32 = (NUM_COTANGENTS + CLUSTER - 1u) / CLUSTER;
alias Cotangents = array<f32, NUMBERS_PER_LANE * CLUSTER>;

// Groups of clusters that one subgroup holds.
const NUM_GROUPS: u32 = NUM_CLUSTERS / CLUSTERS_PER_GROUP;
const GROUP: u32 = CLUSTER * CLUSTERS_PER_GROUP;

// One spare word between rows keeps the threads that add up in different banks.
const SUMS_ROW: u32 = NUM_GROUPS + 1u;

var<workgroup> wg_sums: array<f32, BATCH * NUMBERS_PER_LANE * CLUSTER * SUMS_ROW>;
// Groups that saw each convex, one bit each.
var<workgroup> wg_seen: array<atomic<u32>, BATCH>;

fn forget(thread: u32) {
    if thread < BATCH {
        atomicStore(&wg_seen[thread], 0u);
    }
}

// What this lane keeps of a pair, with what its partner gives of it.
fn exchange(low: f32, high: f32, step: u32, keeps_high: bool) -> f32 {
    return select(low, high, keeps_high) + subgroupShuffleXor(select(high, low, keeps_high), step);
}

// Must be followed by a barrier before the sums are asked for.
fn store_cotangents(j: u32, thread: u32, numbers: Cotangents) {
    var fours: array<f32, NUMBERS_PER_LANE * 4u>;
    for (var i = 0u; i < NUMBERS_PER_LANE * 4u; i++) {
        fours[i] = exchange(numbers[i], numbers[i + NUMBERS_PER_LANE * 4u], 4u, (thread & 4u) != 0u);
    }
    var twos: array<f32, NUMBERS_PER_LANE * 2u>;
    for (var i = 0u; i < NUMBERS_PER_LANE * 2u; i++) {
        twos[i] = exchange(fours[i], fours[i + NUMBERS_PER_LANE * 2u], 2u, (thread & 2u) != 0u);
    }
    let first = (j * CLUSTER + thread % CLUSTER) * NUMBERS_PER_LANE;
    for (var i = 0u; i < NUMBERS_PER_LANE; i++) {
        var sum = exchange(twos[i], twos[i + NUMBERS_PER_LANE], 1u, (thread & 1u) != 0u);
        for (var step = CLUSTER; step < GROUP; step *= 2u) {
            sum += subgroupShuffleXor(sum, step);
        }
        if thread % GROUP < CLUSTER {
            wg_sums[(first + i) * SUMS_ROW + thread / GROUP] = sum;
        }
    }
    if thread % GROUP == 0u {
        atomicOr(&wg_seen[j], 1u << (thread / GROUP));
    }
}

// Groups that saw convex j, one bit each: with a thread that it is drawn for, or one that goes the same way.
fn groups_of(j: u32) -> u32 {
    return atomicLoad(&wg_seen[j]);
}

// Sum of number i over a group's threads; 0 where it did not see the convex.
fn sum_of(j: u32, i: u32, group: u32, groups: u32) -> f32 {
    let sum = wg_sums[(j * NUMBERS_PER_LANE * CLUSTER + i) * SUMS_ROW + group];
    return select(0.0, sum, extractBits(groups, group, 1u) == 1u);
}
