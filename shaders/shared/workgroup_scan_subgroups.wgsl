// Exclusive prefix sum over the threads of a workgroup, with subgroup operations.
//
// Subgroups are runs of consecutive threads in a one-dimensional workgroup; a device where they are not takes the other
// variant, see `probe`.

// The smallest subgroup that exists has four lanes.
const SCAN_SUBGROUPS: u32 = WG_SIZE / 4u;

struct Thread {
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_size) lanes: u32,
}

struct Scanned {
    before: ScanValue,
    total: ScanValue,
}

var<workgroup> wg_scan: array<ScanValue, SCAN_SUBGROUPS>;

// Must be reached by all threads.
fn workgroup_scan(value: ScanValue, thread: Thread) -> Scanned {
    var before = subgroupExclusiveAdd(value);
    let subgroup = thread.index / thread.lanes;
    if thread.lane == thread.lanes - 1u {
        wg_scan[subgroup] = before + value;
    }
    workgroupBarrier();
    var total = ScanValue();
    for (var i = 0u; i < WG_SIZE / thread.lanes; i++) {
        if i == subgroup {
            before += total;
        }
        total += wg_scan[i];
    }
    // The next scan may begin only when all have read this one.
    workgroupBarrier();
    return Scanned(before, total);
}
