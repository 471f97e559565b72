// One convex at four pixels of a row: what both passes of the rasterizer share, so that they cannot disagree about what
// is drawn. docs/spec.md §3.
//
// Eight threads are a cluster, and their pixels a block of the tile: a convex that misses a block is not visited there.
// lambda = m + log2 Σ 2^(t_k − m) is nearly always its largest term m: m alone rejects pixels without any exponential,
// and the sum is taken only where a second edge lies within tau of it.

// A workgroup has one thread for every four pixels of its tile.
const THREADS: u32 = TILE_SIZE * TILE_SIZE / 4u;
const CLUSTER: u32 = 8u;
const NUM_CLUSTERS: u32 = THREADS / CLUSTER;
// Columns and rows of pixels.
const BLOCK: vec2<u32> = vec2(8u, 4u);

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> lines: array<Lines>;
@group(0) @binding(3) var<storage, read> convex_from_slot: array<u32>;
@group(0) @binding(4) var<storage, read> slots: array<u32>;
@group(0) @binding(5) var<storage, read> first_instance_from_tile: array<u32>;

// The batch of convexes in workgroup memory. BATCH is that of shared/batch.wgsl, or of the sums in the backward pass.
var<workgroup> wg_lines: array<vec4<f32>, BATCH * ROWS>;
// Two for each convex: origin, lambda_max, sharpness; opacity, z, tau, bits of the id.
var<workgroup> wg_shape: array<vec4<f32>, BATCH * 2u>;
var<workgroup> wg_colour: array<vec4<f32>, BATCH>;
var<workgroup> wg_slot: array<u32, BATCH>;
// Convexes of the batch that can be seen in each block, a bit each.
var<workgroup> wg_visits: array<atomic<u32>, NUM_CLUSTERS>;
var<workgroup> wg_range: vec2<u32>;
// One more than the first instance of the last batch that a thread needed.
var<workgroup> wg_needed: atomic<u32>;
var<workgroup> wg_is_needed: u32;

// Column and row of a block's first pixel, from those of the tile.
fn block_of(cluster: u32) -> vec2<u32> {
    return vec2(cluster % 2u, cluster / 2u) * BLOCK;
}

// Pixel (column, row) of the first of a thread's four.
fn first_pixel(tile: vec2<u32>, thread: u32) -> vec2<u32> {
    let lane = thread % CLUSTER;
    return tile * TILE_SIZE + block_of(thread / CLUSTER) + vec2((lane % 2u) * 4u, lane / 2u);
}

fn is_outside(first: vec2<u32>) -> vec4<bool> {
    return (vec4(first.x) + vec4(0u, 1u, 2u, 3u) >= vec4(camera.size.x)) | vec4(first.y >= camera.size.y);
}

// Pixel (column, row) as the bindings show it.
fn index_of(pixel: vec2<u32>) -> u32 {
    return (pixel.y - camera.first_tile_row * TILE_SIZE) * camera.size.x + pixel.x;
}

// First instance of the tile and the end of its instances. Must be reached by all threads.
fn range_of(tile: vec2<u32>, thread: u32) -> vec2<u32> {
    if thread == 0u {
        let index = tile.y * camera.num_tiles.x + tile.x;
        wg_range = vec2(first_instance_from_tile[index], first_instance_from_tile[index + 1u]);
        atomicStore(&wg_needed, 0u);
    }
    return workgroupUniformLoad(&wg_range);
}

// Turns in which all threads test a batch against the blocks.
const TOUCH_TURNS: u32 = (BATCH + NUM_CLUSTERS - 1u) / NUM_CLUSTERS;

// Keeps what the batch knows of convex `id` but for its lines.
fn keep_numbers(j: u32, id: u32) {
    wg_shape[2u * j] = vec4(projected[id].origin, projected[id].lambda_max, projected[id].sharpness);
    wg_shape[2u * j + 1u] = vec4(projected[id].opacity, projected[id].z, projected[id].tau, bitcast<f32>(id));
    wg_colour[j] = vec4(projected[id].colour, 0.0);
}

// Whether a convex can be seen at any pixel of a block: no line leaves all of it outside. Rounding never makes it false.
fn touches(row: Row, centre: vec2<f32>) -> bool {
    let half = 0.5 * vec2<f32>(BLOCK - 1u) + TILE_MARGIN;
    let lambda_max = place_of(row).z;
    let p = centre - place_of(row).xy;
    var is_met = true;
    for (var k = 0u; k < POINTS; k++) {
        let line = line_of(row, k);
        let terms = vec3(line.xy * p, line.z);
        let least = terms.x + terms.y + terms.z - dot(abs(line.xy), half);
        let error = 1e-6 * (abs(terms.x) + abs(terms.y) + abs(terms.z));
        is_met &= !(least - error > lambda_max);
    }
    return is_met;
}

// Loads a batch, unless no thread needs it: returns whether any does. Must be reached by all threads.
fn load_batch(tile: vec2<u32>, first: u32, count: u32, thread: u32, is_busy: bool) -> bool {
    if is_busy {
        atomicMax(&wg_needed, first + 1u);
    }
    if thread < NUM_CLUSTERS {
        atomicStore(&wg_visits[thread], 0u);
    }
    read_batch(first, count, thread);
    workgroupBarrier();
    if thread == 0u {
        wg_is_needed = u32(atomicLoad(&wg_needed) == first + 1u);
    }
    let cluster = thread % CLUSTER;
    let centre = vec2<f32>(tile * TILE_SIZE + block_of(cluster)) + 0.5 * vec2<f32>(BLOCK);
    for (var turn = 0u; turn < TOUCH_TURNS; turn++) {
        let j = turn * NUM_CLUSTERS + thread / CLUSTER;
        let is_met = touches(row_of(min(j, BATCH - 1u), thread), centre);
        if j < count && is_met {
            atomicOr(&wg_visits[cluster], 1u << j);
        }
    }
    return workgroupUniformLoad(&wg_is_needed) > 0u;
}

// t of line k at four pixels, of which the first lies `p` from the convex's origin.
fn line_at(row: Row, k: u32, p: vec2<f32>) -> vec4<f32> {
    let line = line_of(row, k);
    return line.x * (p.x + vec4(0.0, 1.0, 2.0, 3.0)) + (line.y * p.y + line.z);
}

// How many lines lie above a threshold, at four pixels: a difference times 2^60 counts one, and its sign is never rounded away.
fn num_within(row: Row, p: vec2<f32>, threshold: vec4<f32>) -> vec4<f32> {
    let scale = 1152921504606846976.0;
    var count = vec4(0.0);
    for (var k = 0u; k < POINTS; k++) {
        count += saturate(fma(line_at(row, k, p), vec4(scale), -threshold * scale));
    }
    return count;
}

// The evaluation of a convex at four pixels.
struct Coverage {
    row: Row,
    // First pixel from the convex's origin.
    p: vec2<f32>,
    sharpness: f32,
    // Opacity, z, tau, bits of the id.
    shape: vec4<f32>,
    // The smooth maximum, and its largest term.
    lambda: vec4<f32>,
    largest: vec4<f32>,
    // Where the largest term alone does not reject, and where a second term counts there; is_smooth if it may anywhere.
    near: vec4<bool>,
    smooth_here: vec4<bool>,
    is_smooth: bool,
    // 2^(S·lambda), 1 / (1 + that), opacity before and after the clamp, light left behind.
    border: vec4<f32>,
    indicator: vec4<f32>,
    unclamped: vec4<f32>,
    alpha: vec4<f32>,
    left: vec4<f32>,
    // Whether it is drawn, and whether it would be but for the light that is left.
    drawn: vec4<bool>,
    exhausted: vec4<bool>,
}

fn evaluate(j: u32, thread: u32, pixel: vec2<f32>, transmittance: vec4<f32>, done: vec4<bool>) -> Coverage {
    var coverage: Coverage;
    let row = row_of(j, thread);
    let place = place_of(row);
    let shape = shape_of(row);
    coverage.row = row;
    coverage.p = pixel - place.xy;
    coverage.sharpness = place.w;
    coverage.shape = shape;
    var largest = line_at(row, 0u, coverage.p);
    for (var k = 1u; k < POINTS; k++) {
        largest = max(largest, line_at(row, k, coverage.p));
    }
    let near = (largest <= vec4(place.z)) & !done;
    if !is_any(any(near)) {
        return coverage;
    }
    coverage.near = near;
    coverage.largest = largest;
    coverage.lambda = largest;
    coverage.smooth_here = near & (num_within(row, coverage.p, largest - shape.z) > vec4(1.0));
    coverage.is_smooth = is_any(any(coverage.smooth_here));
    if coverage.is_smooth {
        var sum = vec4(0.0);
        for (var k = 0u; k < POINTS; k++) {
            sum += exp2(line_at(row, k, coverage.p) - largest);
        }
        // A pixel must not depend on which others are in its subgroup.
        coverage.lambda = select(largest, largest + log2(sum), coverage.smooth_here);
    }
    // Where the convex can be seen the exponent is below 8; elsewhere it is cut before it overflows.
    coverage.border = exp2(min(place.w * coverage.lambda, vec4(64.0)));
    coverage.indicator = 1.0 / (1.0 + coverage.border);
    coverage.unclamped = shape.x * coverage.indicator;
    coverage.alpha = min(coverage.unclamped, vec4(ALPHA_MAX));
    coverage.left = transmittance * (1.0 - coverage.alpha);
    let visible = near & (coverage.unclamped >= vec4(ALPHA_MIN));
    coverage.exhausted = visible & (coverage.left < vec4(TRANSMITTANCE_MIN));
    coverage.drawn = visible & !coverage.exhausted;
    return coverage;
}
