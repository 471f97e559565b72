// L1 and SSIM of a picture against its target, and the derivatives of the SSIM by the moments of every window.
// docs/spec.md §6.
//
// One workgroup per tile of 16×16 pixels, one thread per pixel, channel after channel.

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
    for (var i = thread; i < SIDE * SIDE; i += WG_SIZE) {
        let place = place_in_picture(tile, i);
        sh_pairs[i] = vec2(-MIDDLE);
        if is_inside(place) {
            sh_pairs[i] = pair_at(place, channel) - MIDDLE;
        }
    }
}

fn blur_rows(thread: u32) {
    for (var i = thread; i < NUM_BLURRED; i += WG_SIZE) {
        let first = (i / TILE_SIZE) * SIDE + i % TILE_SIZE;
        var means = vec4(0.0);
        var product = 0.0;
        for (var k = 0u; k < SSIM_WINDOW; k++) {
            let pair = sh_pairs[first + k];
            let weight = SSIM_WEIGHTS[k];
            means += weight * vec4(pair, pair * pair);
            product += weight * pair.x * pair.y;
        }
        sh_means[i] = means;
        sh_products[i] = product;
    }
}

// Adds up one number per thread in a fixed order; the result is with thread 0. `sh_pairs` is used for it.
fn sum_over_threads(value: vec2<f32>, thread: u32) -> vec2<f32> {
    workgroupBarrier();
    sh_pairs[thread] = value;
    workgroupBarrier();
    var sum = vec2(0.0);
    if thread < TILE_SIZE {
        for (var i = 0u; i < TILE_SIZE; i++) {
            sum += sh_pairs[thread * TILE_SIZE + i];
        }
    }
    workgroupBarrier();
    sh_pairs[thread] = sum;
    workgroupBarrier();
    sum = vec2(0.0);
    if thread == 0u {
        for (var i = 0u; i < TILE_SIZE; i++) {
            sum += sh_pairs[i];
        }
    }
    return sum;
}

@compute @workgroup_size(TILE_SIZE, TILE_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy;
    let column = thread % TILE_SIZE;
    let row = thread / TILE_SIZE;
    let place = tile * TILE_SIZE + vec2(column, row);
    let plane = args.size.x * args.size.y;
    var sum = vec2(0.0);
    for (var channel = 0u; channel < 3u; channel++) {
        load_channel(tile, channel, thread);
        workgroupBarrier();
        blur_rows(thread);
        let own = sh_pairs[(row + REACH) * SIDE + column + REACH];
        workgroupBarrier();
        var means = vec4(0.0);
        var product = 0.0;
        for (var k = 0u; k < SSIM_WINDOW; k++) {
            let weight = SSIM_WEIGHTS[k];
            means += weight * sh_means[(row + k) * TILE_SIZE + column];
            product += weight * sh_products[(row + k) * TILE_SIZE + column];
        }
        let result = window(means, product);
        if is_inside(place) {
            sum += vec2(abs(own.x - own.y), result.x);
            let at = place.y * args.size.x + place.x;
            v_moments[(channel * 3u) * plane + at] = result.y;
            v_moments[(channel * 3u + 1u) * plane + at] = result.z;
            v_moments[(channel * 3u + 2u) * plane + at] = result.w;
        }
    }
    let total = sum_over_threads(sum, thread);
    if thread == 0u {
        sums[tile.y * args.num_tiles.x + tile.x] = total;
    }
}
