// Exclusive prefix sum over the threads of a workgroup, without subgroup operations.
//
// Three barriers: sixteen threads each add up a run of sixteen values, then every thread adds the runs before its
// own. A logarithmic scan would need sixteen barriers, and a barrier is what costs most on software drivers.

const SCAN_RUN: u32 = 16u;
const SCAN_RUNS: u32 = WG_SIZE / SCAN_RUN;

struct Thread {
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
}

struct Scanned {
    before: ScanValue,
    total: ScanValue,
}

var<workgroup> wg_scan: array<ScanValue, WG_SIZE>;
var<workgroup> wg_scan_runs: array<ScanValue, SCAN_RUNS>;

// Must be reached by all threads.
fn workgroup_scan(value: ScanValue, thread: Thread) -> Scanned {
    wg_scan[thread.index] = value;
    workgroupBarrier();
    if thread.index < SCAN_RUNS {
        var sum = ScanValue();
        for (var i = thread.index * SCAN_RUN; i < (thread.index + 1u) * SCAN_RUN; i++) {
            let next = wg_scan[i];
            wg_scan[i] = sum;
            sum += next;
        }
        wg_scan_runs[thread.index] = sum;
    }
    workgroupBarrier();
    var before = wg_scan[thread.index];
    var total = ScanValue();
    for (var run = 0u; run < SCAN_RUNS; run++) {
        if run == thread.index / SCAN_RUN {
            before += total;
        }
        total += wg_scan_runs[run];
    }
    // The next scan may begin only when all have read this one.
    workgroupBarrier();
    return Scanned(before, total);
}
