// A convex of the batch, read from workgroup memory where it is needed.

// Lines of a convex in the batch.
const ROWS: u32 = POINTS;
// Turns in which all threads read the lines of a batch.
const LINE_TURNS: u32 = (BATCH * ROWS + THREADS - 1u) / THREADS;

var<workgroup> wg_id: array<u32, BATCH>;

// Reads `count` convexes: first which ones, then all else at once, so that no read waits for another. The rest of the batch is
// filled with the last of them.
fn read_batch(first: u32, count: u32, thread: u32) {
    if thread < BATCH {
        let slot = slots[first + min(thread, count - 1u)];
        wg_slot[thread] = slot;
        wg_id[thread] = convex_from_slot[slot];
    }
    workgroupBarrier();
    for (var turn = 0u; turn < LINE_TURNS; turn++) {
        let job = turn * THREADS + thread;
        if job < BATCH * ROWS {
            wg_lines[job] = lines[wg_id[job / ROWS]][job % ROWS];
        }
    }
    if thread < BATCH {
        keep_numbers(thread, wg_id[thread]);
    }
}

struct Row {
    j: u32,
}

fn row_of(j: u32, thread: u32) -> Row {
    return Row(j);
}

// (a, b, c) of line k.
fn line_of(row: Row, k: u32) -> vec3<f32> {
    return wg_lines[row.j * ROWS + k].xyz;
}

// Origin, lambda_max, sharpness.
fn place_of(row: Row) -> vec4<f32> {
    return wg_shape[2u * row.j];
}

// Opacity, z, tau, bits of the id.
fn shape_of(row: Row) -> vec4<f32> {
    return wg_shape[2u * row.j + 1u];
}
