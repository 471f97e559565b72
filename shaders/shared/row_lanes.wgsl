// A convex of the batch, spread over the first eight lanes of a subgroup, a line and a number each. All lanes
// of a subgroup must hold the same convex.
//
// Software drivers read workgroup memory lane by lane, even where all lanes read the same, and shuffle in one instruction.

// Room for the lines of a convex, a lane each.
const ROWS: u32 = CLUSTER;

// Reads `count` convexes: a line of one convex per thread and turn, the rest by one thread each. A processor reads at once, and a
// barrier costs it more than it saves.
fn read_batch(first: u32, count: u32, thread: u32) {
    for (var job = thread; job < count * ROWS; job += THREADS) {
        let k = job % ROWS;
        var line = vec4(0.0, 0.0, FAR_INSIDE, 0.0);
        if k < POINTS {
            line = lines[convex_from_slot[slots[first + job / ROWS]]][k];
        }
        wg_lines[job] = line;
    }
    if thread < count {
        let slot = slots[first + thread];
        wg_slot[thread] = slot;
        keep_numbers(thread, convex_from_slot[slot]);
    }
}

struct Row {
    line: vec4<f32>,
    number: f32,
}

fn row_of(j: u32, thread: u32) -> Row {
    let lane = thread % CLUSTER;
    return Row(wg_lines[j * ROWS + lane], wg_shape[2u * j + lane / 4u][lane % 4u]);
}

// (a, b, c) of line k.
fn line_of(row: Row, k: u32) -> vec3<f32> {
    return vec3(subgroupShuffle(row.line.x, k), subgroupShuffle(row.line.y, k), subgroupShuffle(row.line.z, k));
}

fn number_of(row: Row, i: u32) -> f32 {
    return subgroupShuffle(row.number, i);
}

// Origin, lambda_max, sharpness.
fn place_of(row: Row) -> vec4<f32> {
    return vec4(number_of(row, 0u), number_of(row, 1u), number_of(row, 2u), number_of(row, 3u));
}

// Opacity, z, tau, bits of the id.
fn shape_of(row: Row) -> vec4<f32> {
    return vec4(number_of(row, 4u), number_of(row, 5u), number_of(row, 6u), number_of(row, 7u));
}
