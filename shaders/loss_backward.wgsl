// Gradient of the loss by the picture: that of L1, and that of the SSIM through all windows that a pixel is in.
// docs/spec.md §6.
//
// One workgroup per tile of 16×16 pixels, one thread for four pixels of a column, channel after channel. A blur is its
// own transpose: its weights are symmetric and the padding is zero.
//
// Uses: shared/loss_args.wgsl, RUN, shared/ssim.wgsl, shared/blur.wgsl.

@group(0) @binding(3) var<storage, read> v_moments: array<f32>;
// Gradient by red, green and blue; the loss does not use alpha.
@group(0) @binding(4) var<storage, read_write> v_rgba: array<vec4<f32>>;

// Derivatives by the means of x, x² and x·y.
var<workgroup> wg_tile: array<vec3<f32>, SIDE * SIDE>;

fn load_channel(tile: vec2<u32>, channel: u32, thread: u32) {
    let plane = args.size.x * args.size.y;
    for (var i = thread; i < SIDE * SIDE; i += THREADS) {
        let place = place_in_picture(tile, i);
        wg_tile[i] = vec3(0.0);
        if is_inside(place) {
            let at = channel * 3u * plane + place.y * args.size.x + place.x;
            wg_tile[i] = vec3(v_moments[at], v_moments[at + plane], v_moments[at + 2u * plane]);
        }
    }
}

// Derivatives by the means of x, x² and x·y.
alias BlurValue = vec3<f32>;

// Returns SPAN values of the tile from `first`, `stride` apart.
fn span_of(first: u32, stride: u32) -> Span {
    var span: Span;
    for (var i = 0u; i < SPAN; i++) {
        span[i] = wg_tile[first + i * stride];
    }
    return span;
}

// Blurs along the rows in place: every thread first takes what it needs.
fn blur_rows(thread: u32) {
    var blurred: array<vec3<f32>, RUN * TURNS>;
    for (var turn = 0u; turn < TURNS; turn++) {
        let job = thread + turn * THREADS;
        if job < SIDE * RUNS {
            var span = span_of((job / RUNS) * SIDE + (job % RUNS) * RUN, 1u);
            for (var i = 0u; i < RUN; i++) {
                blurred[turn * RUN + i] = blur(&span, i);
            }
        }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < TURNS; turn++) {
        let job = thread + turn * THREADS;
        if job < SIDE * RUNS {
            for (var i = 0u; i < RUN; i++) {
                wg_tile[job * RUN + i] = blurred[turn * RUN + i];
            }
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy;
    let column = thread % TILE_SIZE;
    let row = thread / TILE_SIZE * RUN;
    let place = tile * TILE_SIZE + vec2(column, row);
    let per_value = 1.0 / (3.0 * f32(args.size.x * args.size.y));
    var v: array<vec3<f32>, RUN>;
    for (var channel = 0u; channel < 3u; channel++) {
        load_channel(tile, channel, thread);
        workgroupBarrier();
        blur_rows(thread);
        workgroupBarrier();
        var span = span_of(row * TILE_SIZE + column, TILE_SIZE);
        workgroupBarrier();
        for (var i = 0u; i < RUN; i++) {
            if is_inside(place + vec2(0u, i)) {
                let sum = blur(&span, i);
                let pair = pair_at(place + vec2(0u, i), channel);
                let from_middle = pair - MIDDLE;
                let v_ssim = sum.x + 2.0 * from_middle.x * sum.y + from_middle.y * sum.z;
                v[i][channel] = (args.l1_weight * sign(pair.x - pair.y) - args.ssim_weight * v_ssim) * per_value;
            }
        }
    }
    for (var i = 0u; i < RUN; i++) {
        if is_inside(place + vec2(0u, i)) {
            let at = (place.y + i) * args.size.x + place.x;
            v_rgba[at] = vec4(v[i] * unpack4x8unorm(targets[at]).w, 0.0);
        }
    }
}
