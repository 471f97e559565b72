// L1 and SSIM of a picture against its target, and the derivatives of the SSIM by the moments of every window.
// docs/spec.md §6.
//
// One workgroup per tile of 16×16 pixels, one thread for four pixels of a column, channel after channel.
//
// Uses: shared/loss_args.wgsl, RUN, shared/ssim.wgsl, shared/blur.wgsl.

// Per pixel nine numbers in planes of one picture each: for each channel the derivatives by the means of x, x² and x·y,
// all relative to 0.5 (MIDDLE).
@group(0) @binding(3) var<storage, read_write> v_moments: array<f32>;
// Sums of |x − y| and of the SSIM over every tile.
@group(0) @binding(4) var<storage, read_write> sums: array<vec2<f32>>;

// First x and y of the tile with its reach; then, in their place, the means of x and y along the rows, and behind them those of
// x² + y² and x·y.
var<workgroup> wg_pairs: array<vec2<f32>, max(SIDE * SIDE, 2u * NUM_BLURRED)>;

// Returns the SSIM at one pixel and its derivatives by the means of x, x² and x·y, from the means of x, y, x² + y² and x·y
// around the pixel.
fn ssim_at(means: vec4<f32>) -> vec4<f32> {
    let mean = means.xy + MIDDLE;
    let luminance = 2.0 * mean.x * mean.y + SSIM_C1;
    let structure = 2.0 * (means.w - means.x * means.y) + SSIM_C2;
    let luminance_norm = dot(mean, mean) + SSIM_C1;
    let structure_norm = means.z - dot(means.xy, means.xy) + SSIM_C2;
    let norm = luminance_norm * structure_norm;
    let ssim = luminance * structure / norm;
    let v_square = -ssim / structure_norm;
    let v_product = 2.0 * luminance / norm;
    let through_luminance = 2.0 * mean.y * structure / norm - 2.0 * mean.x * ssim / luminance_norm;
    // The variances contain the mean as well.
    let v_mean = through_luminance - means.y * v_product - 2.0 * means.x * v_square;
    return vec4(ssim, v_mean, v_square, v_product);
}

fn load_channel(tile: vec2<u32>, channel: u32, thread: u32) {
    for (var i = thread; i < SIDE * SIDE; i += THREADS) {
        let place = place_in_picture(tile, i);
        wg_pairs[i] = vec2(-MIDDLE);
        if is_inside(place) {
            wg_pairs[i] = pair_at(place, channel) - MIDDLE;
        }
    }
}

// x, y, x² + y² and x·y.
alias BlurValue = vec4<f32>;

// Means along the rows of the run that is a thread's job.
fn blur_run(job: u32) -> array<vec4<f32>, RUN> {
    let first = (job / RUNS) * SIDE + (job % RUNS) * RUN;
    var span: Span;
    for (var i = 0u; i < SPAN; i++) {
        let pair = wg_pairs[first + i];
        span[i] = vec4(pair, dot(pair, pair), pair.x * pair.y);
    }
    var blurred: array<vec4<f32>, RUN>;
    for (var i = 0u; i < RUN; i++) {
        blurred[i] = blur(&span, i);
    }
    return blurred;
}

// Blurs along the rows in place: every thread first takes what it needs.
fn blur_rows(thread: u32) {
    var blurred: array<array<vec4<f32>, RUN>, TURNS>;
    for (var turn = 0u; turn < TURNS; turn++) {
        let job = thread + turn * THREADS;
        if job < SIDE * RUNS {
            blurred[turn] = blur_run(job);
        }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < TURNS; turn++) {
        let job = thread + turn * THREADS;
        if job < SIDE * RUNS {
            for (var i = 0u; i < RUN; i++) {
                wg_pairs[job * RUN + i] = blurred[turn][i].xy;
                wg_pairs[job * RUN + i + NUM_BLURRED] = blurred[turn][i].zw;
            }
        }
    }
}

// Adds up one pair of numbers per thread in a fixed order and returns the sum to thread 0. It overwrites `wg_pairs`.
fn sum_over_threads(value: vec2<f32>, thread: u32) -> vec2<f32> {
    workgroupBarrier();
    wg_pairs[thread] = value;
    workgroupBarrier();
    var sum = vec2(0.0);
    if thread == 0u {
        for (var i = 0u; i < THREADS; i++) {
            sum += wg_pairs[i];
        }
    }
    return sum;
}

// Pixels of a run that a thread owns, before they are blurred.
alias Own = array<vec2<f32>, RUN>;

fn own_pairs(column: u32, row: u32) -> Own {
    var own: Own;
    for (var i = 0u; i < RUN; i++) {
        own[i] = wg_pairs[(row + i + REACH) * SIDE + column + REACH];
    }
    return own;
}

// Returns the loss of a thread's pixels in one channel, of which `first` is the uppermost, and writes the derivatives to
// `v_moments`.
fn compare(first: vec2<u32>, column: u32, row: u32, channel: u32, own: Own) -> vec2<f32> {
    var span: Span;
    for (var i = 0u; i < SPAN; i++) {
        let at = (row + i) * TILE_SIZE + column;
        span[i] = vec4(wg_pairs[at], wg_pairs[at + NUM_BLURRED]);
    }
    let plane = args.size.x * args.size.y;
    var sum = vec2(0.0);
    for (var i = 0u; i < RUN; i++) {
        let place = first + vec2(0u, i);
        if is_inside(place) {
            let result = ssim_at(blur(&span, i));
            sum += vec2(abs(own[i].x - own[i].y), result.x);
            let at = channel * 3u * plane + place.y * args.size.x + place.x;
            v_moments[at] = result.y;
            v_moments[at + plane] = result.z;
            v_moments[at + 2u * plane] = result.w;
        }
    }
    return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy;
    let column = thread % TILE_SIZE;
    let row = thread / TILE_SIZE * RUN;
    var sum = vec2(0.0);
    for (var channel = 0u; channel < 3u; channel++) {
        load_channel(tile, channel, thread);
        workgroupBarrier();
        let own = own_pairs(column, row);
        blur_rows(thread);
        workgroupBarrier();
        sum += compare(tile * TILE_SIZE + vec2(column, row), column, row, channel, own);
        workgroupBarrier();
    }
    let total = sum_over_threads(sum, thread);
    if thread == 0u {
        sums[tile.y * args.num_tiles.x + tile.x] = total;
    }
}
