// One convex at four pixels of a row: what both passes of the rasterizer share, so that they cannot disagree about what
// is drawn. docs/spec.md §3.
//
// lambda = m + log2 Σ 2^(t_k − m) is nearly always its largest term m: m alone rejects pixels without any exponential,
// and the sum is taken only where a second edge lies within tau of it.

// A workgroup has one thread for every four pixels of its tile.
const THREADS: u32 = TILE_SIZE * TILE_SIZE / 4u;

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_slot: array<u32>;
@group(0) @binding(3) var<storage, read> slots: array<u32>;
@group(0) @binding(4) var<storage, read> first_instance_from_tile: array<u32>;

// The batch of convexes in hand. Origin, lambda_max, sharpness.
var<workgroup> sh_place: array<vec4<f32>, BATCH>;
// Opacity, z, tau, bits of the id.
var<workgroup> sh_shape: array<vec4<f32>, BATCH>;
var<workgroup> sh_colour: array<vec4<f32>, BATCH>;
var<workgroup> sh_lines: array<vec4<f32>, BATCH * POINTS>;
var<workgroup> sh_slot: array<u32, BATCH>;
var<workgroup> sh_range: vec2<u32>;
var<workgroup> sh_num_busy: atomic<u32>;
var<workgroup> sh_anyone_busy: u32;

// Pixel (column, row) of the first of a thread's four.
fn first_pixel(tile: vec2<u32>, thread: u32) -> vec2<u32> {
    return tile * TILE_SIZE + vec2((thread % 4u) * 4u, thread / 4u);
}

fn is_outside(first: vec2<u32>) -> vec4<bool> {
    return vec4(first.x) + vec4(0u, 1u, 2u, 3u) >= vec4(camera.size.x) | vec4(first.y >= camera.size.y);
}

// Pixel (column, row) as the bindings show it.
fn index_of(pixel: vec2<u32>) -> u32 {
    return (pixel.y - camera.first_tile_row * TILE_SIZE) * camera.size.x + pixel.x;
}

// First instance of the tile and the end of its instances. Must be reached by all threads.
fn range_of(tile: vec2<u32>, thread: u32) -> vec2<u32> {
    if thread == 0u {
        let index = tile.y * camera.num_tiles.x + tile.x;
        sh_range = vec2(first_instance_from_tile[index], first_instance_from_tile[index + 1u]);
    }
    return workgroupUniformLoad(&sh_range);
}

// Loads a batch, unless no thread needs it: returns whether any does. Must be reached by all threads.
fn load_batch(first: u32, count: u32, thread: u32, is_busy: bool) -> bool {
    if thread == 0u {
        atomicStore(&sh_num_busy, 0u);
    }
    workgroupBarrier();
    if is_busy {
        atomicAdd(&sh_num_busy, 1u);
    }
    for (var j = thread; j < count; j += THREADS) {
        let slot = slots[first + j];
        let id = convex_from_slot[slot];
        sh_slot[j] = slot;
        sh_place[j] = vec4(projected[id].origin, projected[id].lambda_max, projected[id].sharpness);
        sh_shape[j] = vec4(projected[id].opacity, projected[id].z, projected[id].tau, bitcast<f32>(id));
        sh_colour[j] = vec4(projected[id].colour, 0.0);
        for (var k = 0u; k < POINTS; k++) {
            sh_lines[j * POINTS + k] = projected[id].lines[k];
        }
    }
    workgroupBarrier();
    if thread == 0u {
        sh_anyone_busy = atomicLoad(&sh_num_busy);
    }
    return workgroupUniformLoad(&sh_anyone_busy) > 0u;
}

// t of line k at four pixels, of which the first lies `p` from the convex's origin.
fn line_at(j: u32, k: u32, p: vec2<f32>) -> vec4<f32> {
    let line = sh_lines[j * POINTS + k];
    return line.x * (p.x + vec4(0.0, 1.0, 2.0, 3.0)) + (line.y * p.y + line.z);
}

// A convex at four pixels.
struct Meeting {
    // First pixel from the convex's origin.
    p: vec2<f32>,
    // The smooth maximum, and its largest term.
    lambda: vec4<f32>,
    largest: vec4<f32>,
    // Where the largest term alone does not reject, and where a second term counts there; is_smooth if it does anywhere.
    near: vec4<bool>,
    smooth_here: vec4<bool>,
    is_smooth: bool,
    // 2^(S·lambda), opacity before and after the clamp, light left behind.
    border: vec4<f32>,
    unclamped: vec4<f32>,
    alpha: vec4<f32>,
    left: vec4<f32>,
    // Whether it is drawn, and whether it would be but for the light that is left.
    drawn: vec4<bool>,
    spent: vec4<bool>,
}

fn meet(j: u32, pixel: vec2<f32>, transmittance: vec4<f32>, done: vec4<bool>) -> Meeting {
    let place = sh_place[j];
    let shape = sh_shape[j];
    var meeting: Meeting;
    meeting.p = pixel - place.xy;
    var largest = vec4(FAR_INSIDE);
    var second = vec4(FAR_INSIDE);
    for (var k = 0u; k < POINTS; k++) {
        let t = line_at(j, k, meeting.p);
        second = max(second, min(largest, t));
        largest = max(largest, t);
    }
    let near = largest <= vec4(place.z) & !done;
    if !any(near) {
        return meeting;
    }
    meeting.near = near;
    meeting.largest = largest;
    meeting.lambda = largest;
    meeting.smooth_here = near & (second > largest - shape.z);
    meeting.is_smooth = any(meeting.smooth_here);
    if meeting.is_smooth {
        var sum = vec4(0.0);
        for (var k = 0u; k < POINTS; k++) {
            sum += exp2(line_at(j, k, meeting.p) - largest);
        }
        meeting.lambda = largest + log2(sum);
    }
    // Where the convex can be seen the exponent is below 8; elsewhere it is cut before it overflows.
    meeting.border = exp2(min(place.w * meeting.lambda, vec4(64.0)));
    meeting.unclamped = shape.x / (1.0 + meeting.border);
    meeting.alpha = min(meeting.unclamped, vec4(ALPHA_MAX));
    meeting.left = transmittance * (1.0 - meeting.alpha);
    let visible = near & (meeting.unclamped >= vec4(ALPHA_MIN));
    meeting.spent = visible & (meeting.left < vec4(TRANSMITTANCE_MIN));
    meeting.drawn = visible & !meeting.spent;
    return meeting;
}
