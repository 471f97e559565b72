// Gradient of the loss by the picture: that of L1, and that of the SSIM through all windows that a pixel is in.
// docs/spec.md §6.
//
// One workgroup per tile of 16×16 pixels, one thread per pixel, channel after channel. A blur is its own transpose: its
// weights are symmetric and the padding is zero.

@group(0) @binding(3) var<storage, read> v_moments: array<f32>;
// Gradient by red, green and blue; the loss does not look at alpha.
@group(0) @binding(4) var<storage, read_write> v_rgba: array<vec4<f32>>;

// Derivatives by the means of x, x² and x·y.
var<workgroup> sh_tile: array<vec3<f32>, SIDE * SIDE>;

fn load_channel(tile: vec2<u32>, channel: u32, thread: u32) {
    let plane = args.size.x * args.size.y;
    for (var i = thread; i < SIDE * SIDE; i += WG_SIZE) {
        let place = place_in_picture(tile, i);
        sh_tile[i] = vec3(0.0);
        if is_inside(place) {
            let at = channel * 3u * plane + place.y * args.size.x + place.x;
            sh_tile[i] = vec3(v_moments[at], v_moments[at + plane], v_moments[at + 2u * plane]);
        }
    }
}

// Blurs along the rows in place: every thread first takes what it needs.
fn blur_rows(thread: u32) {
    var blurred: array<vec3<f32>, 2>;
    for (var turn = 0u; turn < 2u; turn++) {
        let i = thread + turn * WG_SIZE;
        if i < NUM_BLURRED {
            let first = (i / TILE_SIZE) * SIDE + i % TILE_SIZE;
            blurred[turn] = SSIM_WEIGHT_5 * (sh_tile[first] + sh_tile[first + 10u])
                + SSIM_WEIGHT_4 * (sh_tile[first + 1u] + sh_tile[first + 9u])
                + SSIM_WEIGHT_3 * (sh_tile[first + 2u] + sh_tile[first + 8u])
                + SSIM_WEIGHT_2 * (sh_tile[first + 3u] + sh_tile[first + 7u])
                + SSIM_WEIGHT_1 * (sh_tile[first + 4u] + sh_tile[first + 6u])
                + SSIM_WEIGHT_0 * sh_tile[first + 5u];
        }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < 2u; turn++) {
        let i = thread + turn * WG_SIZE;
        if i < NUM_BLURRED {
            sh_tile[i] = blurred[turn];
        }
    }
}

@compute @workgroup_size(TILE_SIZE, TILE_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy;
    let column = thread % TILE_SIZE;
    let row = thread / TILE_SIZE;
    let place = tile * TILE_SIZE + vec2(column, row);
    let at = place.y * args.size.x + place.x;
    let per_value = 1.0 / (3.0 * f32(args.size.x * args.size.y));
    var v = vec3(0.0);
    for (var channel = 0u; channel < 3u; channel++) {
        load_channel(tile, channel, thread);
        workgroupBarrier();
        blur_rows(thread);
        workgroupBarrier();
        let first = row * TILE_SIZE + column;
        let sum = SSIM_WEIGHT_5 * (sh_tile[first] + sh_tile[first + 10u * TILE_SIZE])
            + SSIM_WEIGHT_4 * (sh_tile[first + 1u * TILE_SIZE] + sh_tile[first + 9u * TILE_SIZE])
            + SSIM_WEIGHT_3 * (sh_tile[first + 2u * TILE_SIZE] + sh_tile[first + 8u * TILE_SIZE])
            + SSIM_WEIGHT_2 * (sh_tile[first + 3u * TILE_SIZE] + sh_tile[first + 7u * TILE_SIZE])
            + SSIM_WEIGHT_1 * (sh_tile[first + 4u * TILE_SIZE] + sh_tile[first + 6u * TILE_SIZE])
            + SSIM_WEIGHT_0 * sh_tile[first + 5u * TILE_SIZE];
        workgroupBarrier();
        if is_inside(place) {
            let pair = pair_at(place, channel);
            let from_middle = pair - MIDDLE;
            let v_ssim = sum.x + 2.0 * from_middle.x * sum.y + from_middle.y * sum.z;
            v[channel] = (args.l1_weight * sign(pair.x - pair.y) - args.ssim_weight * v_ssim) * per_value;
        }
    }
    if is_inside(place) {
        v_rgba[at] = vec4(v * unpack4x8unorm(targets[at]).w, 0.0);
    }
}
