// L1 and SSIM of a picture against its target, and the derivatives of the SSIM by the moments of every window.
// docs/spec.md §6.
//
// One workgroup per tile of 16×16 pixels, one thread for four pixels of a column, channel after channel.

// Per pixel nine numbers in planes of one picture each: for each channel the derivatives by the means of x, x² and x·y,
// all relative to the middle.
@group(0) @binding(3) var<storage, read_write> v_moments: array<f32>;
// Sums of |x − y| and of the SSIM over every tile.
@group(0) @binding(4) var<storage, read_write> sums: array<vec2<f32>>;

var<workgroup> sh_pairs: array<vec2<f32>, SIDE * SIDE>;
// Means along the rows of x, y, x², y², and of x·y.
var<workgroup> sh_means: array<vec4<f32>, NUM_BLURRED>;
var<workgroup> sh_products: array<f32, NUM_BLURRED>;

// One window: the SSIM, and its derivatives by the means of x, x² and x·y.
fn window(means: vec4<f32>, product: f32) -> vec4<f32> {
    let mean = means.xy + MIDDLE;
    let luminance = 2.0 * mean.x * mean.y + SSIM_C1;
    let structure = 2.0 * (product - means.x * means.y) + SSIM_C2;
    let luminance_norm = dot(mean, mean) + SSIM_C1;
    let structure_norm = (means.z - means.x * means.x) + (means.w - means.y * means.y) + SSIM_C2;
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
        sh_pairs[i] = vec2(-MIDDLE);
        if is_inside(place) {
            sh_pairs[i] = pair_at(place, channel) - MIDDLE;
        }
    }
}

struct Moments {
    means: vec4<f32>,
    product: f32,
}

fn moments(at: u32) -> Moments {
    let pair = sh_pairs[at];
    return Moments(vec4(pair, pair * pair), pair.x * pair.y);
}

alias Span = array<Moments, SPAN>;

// Means in the window that begins at `i`.
fn blur(span: ptr<function, Span>, i: u32) -> Moments {
    let means = SSIM_WEIGHT_5 * ((*span)[i].means + (*span)[i + 10u].means)
        + SSIM_WEIGHT_4 * ((*span)[i + 1u].means + (*span)[i + 9u].means)
        + SSIM_WEIGHT_3 * ((*span)[i + 2u].means + (*span)[i + 8u].means)
        + SSIM_WEIGHT_2 * ((*span)[i + 3u].means + (*span)[i + 7u].means)
        + SSIM_WEIGHT_1 * ((*span)[i + 4u].means + (*span)[i + 6u].means)
        + SSIM_WEIGHT_0 * (*span)[i + 5u].means;
    let product = SSIM_WEIGHT_5 * ((*span)[i].product + (*span)[i + 10u].product)
        + SSIM_WEIGHT_4 * ((*span)[i + 1u].product + (*span)[i + 9u].product)
        + SSIM_WEIGHT_3 * ((*span)[i + 2u].product + (*span)[i + 8u].product)
        + SSIM_WEIGHT_2 * ((*span)[i + 3u].product + (*span)[i + 7u].product)
        + SSIM_WEIGHT_1 * ((*span)[i + 4u].product + (*span)[i + 6u].product)
        + SSIM_WEIGHT_0 * (*span)[i + 5u].product;
    return Moments(means, product);
}

fn blur_rows(thread: u32) {
    for (var job = thread; job < SIDE * RUNS; job += THREADS) {
        let row = job / RUNS;
        let column = (job % RUNS) * RUN;
        var span: Span;
        for (var i = 0u; i < SPAN; i++) {
            span[i] = moments(row * SIDE + column + i);
        }
        for (var i = 0u; i < RUN; i++) {
            let blurred = blur(&span, i);
            sh_means[row * TILE_SIZE + column + i] = blurred.means;
            sh_products[row * TILE_SIZE + column + i] = blurred.product;
        }
    }
}

// Adds up one number per thread in a fixed order; the result is with thread 0. `sh_pairs` is used for it.
fn sum_over_threads(value: vec2<f32>, thread: u32) -> vec2<f32> {
    workgroupBarrier();
    sh_pairs[thread] = value;
    workgroupBarrier();
    var sum = vec2(0.0);
    if thread == 0u {
        for (var i = 0u; i < THREADS; i++) {
            sum += sh_pairs[i];
        }
    }
    return sum;
}

// Loss of a thread's pixels in one channel, of which `first` is the uppermost; leaves the derivatives behind.
fn compare(first: vec2<u32>, column: u32, row: u32, channel: u32) -> vec2<f32> {
    var span: Span;
    for (var i = 0u; i < SPAN; i++) {
        let at = (row + i) * TILE_SIZE + column;
        span[i] = Moments(sh_means[at], sh_products[at]);
    }
    let plane = args.size.x * args.size.y;
    var sum = vec2(0.0);
    for (var i = 0u; i < RUN; i++) {
        let place = first + vec2(0u, i);
        if is_inside(place) {
            let blurred = blur(&span, i);
            let result = window(blurred.means, blurred.product);
            let own = sh_pairs[(row + i + REACH) * SIDE + column + REACH];
            sum += vec2(abs(own.x - own.y), result.x);
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
        blur_rows(thread);
        workgroupBarrier();
        sum += compare(tile * TILE_SIZE + vec2(column, row), column, row, channel);
        workgroupBarrier();
    }
    let total = sum_over_threads(sum, thread);
    if thread == 0u {
        sums[tile.y * args.num_tiles.x + tile.x] = total;
    }
}
