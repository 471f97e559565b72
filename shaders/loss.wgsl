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

struct Moments {
    means: vec4<f32>,
    product: f32,
}

fn moments(at: u32) -> Moments {
    let pair = sh_pairs[at];
    return Moments(vec4(pair, pair * pair), pair.x * pair.y);
}

fn blur_rows(thread: u32) {
    for (var i = thread; i < NUM_BLURRED; i += WG_SIZE) {
        let first = (i / TILE_SIZE) * SIDE + i % TILE_SIZE;
        let p0 = moments(first);
        let p1 = moments(first + 1u);
        let p2 = moments(first + 2u);
        let p3 = moments(first + 3u);
        let p4 = moments(first + 4u);
        let p5 = moments(first + 5u);
        let p6 = moments(first + 6u);
        let p7 = moments(first + 7u);
        let p8 = moments(first + 8u);
        let p9 = moments(first + 9u);
        let p10 = moments(first + 10u);
        let means = SSIM_WEIGHT_5 * (p0.means + p10.means) + SSIM_WEIGHT_4 * (p1.means + p9.means)
            + SSIM_WEIGHT_3 * (p2.means + p8.means) + SSIM_WEIGHT_2 * (p3.means + p7.means)
            + SSIM_WEIGHT_1 * (p4.means + p6.means) + SSIM_WEIGHT_0 * p5.means;
        let product = SSIM_WEIGHT_5 * (p0.product + p10.product) + SSIM_WEIGHT_4 * (p1.product + p9.product)
            + SSIM_WEIGHT_3 * (p2.product + p8.product) + SSIM_WEIGHT_2 * (p3.product + p7.product)
            + SSIM_WEIGHT_1 * (p4.product + p6.product) + SSIM_WEIGHT_0 * p5.product;
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
        let at = row * TILE_SIZE + column;
        let means = SSIM_WEIGHT_5 * (sh_means[at] + sh_means[at + 10u * TILE_SIZE])
            + SSIM_WEIGHT_4 * (sh_means[at + 1u * TILE_SIZE] + sh_means[at + 9u * TILE_SIZE])
            + SSIM_WEIGHT_3 * (sh_means[at + 2u * TILE_SIZE] + sh_means[at + 8u * TILE_SIZE])
            + SSIM_WEIGHT_2 * (sh_means[at + 3u * TILE_SIZE] + sh_means[at + 7u * TILE_SIZE])
            + SSIM_WEIGHT_1 * (sh_means[at + 4u * TILE_SIZE] + sh_means[at + 6u * TILE_SIZE])
            + SSIM_WEIGHT_0 * sh_means[at + 5u * TILE_SIZE];
        let product = SSIM_WEIGHT_5 * (sh_products[at] + sh_products[at + 10u * TILE_SIZE])
            + SSIM_WEIGHT_4 * (sh_products[at + 1u * TILE_SIZE] + sh_products[at + 9u * TILE_SIZE])
            + SSIM_WEIGHT_3 * (sh_products[at + 2u * TILE_SIZE] + sh_products[at + 8u * TILE_SIZE])
            + SSIM_WEIGHT_2 * (sh_products[at + 3u * TILE_SIZE] + sh_products[at + 7u * TILE_SIZE])
            + SSIM_WEIGHT_1 * (sh_products[at + 4u * TILE_SIZE] + sh_products[at + 6u * TILE_SIZE])
            + SSIM_WEIGHT_0 * sh_products[at + 5u * TILE_SIZE];
        let result = window(means, product);
        if is_inside(place) {
            sum += vec2(abs(own.x - own.y), result.x);
            let pixel = place.y * args.size.x + place.x;
            v_moments[(channel * 3u) * plane + pixel] = result.y;
            v_moments[(channel * 3u + 1u) * plane + pixel] = result.z;
            v_moments[(channel * 3u + 2u) * plane + pixel] = result.w;
        }
    }
    let total = sum_over_threads(sum, thread);
    if thread == 0u {
        sums[tile.y * args.num_tiles.x + tile.x] = total;
    }
}
