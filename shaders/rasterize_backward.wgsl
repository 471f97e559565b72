// Cotangents of every instance: what the pixels of a tile say about a convex. docs/spec.md §4.
//
// One workgroup per tile, four pixels of a row per thread, front to back as in `rasterize`. Each instance has one
// writer and sums are taken in a fixed order, so the result is the same on every run: two convexes at a time, every
// thread adds up its four pixels, then one thread per number adds up the threads that saw the convex.

const BATCH: u32 = 16u;
const TOGETHER: u32 = 2u;

// Numbers that a thread knows of a convex: for each line the cotangent of c and that of a, then the six of
// cotangents.wgsl. That of b is the one of c times y, because a thread's pixels lie in one row.
const NUM_PARTS: u32 = 2u * POINTS + 6u;
// One spare word between rows keeps the summing threads in different banks.
const PART_STRIDE: u32 = THREADS + 1u;

@group(0) @binding(5) var<storage, read> totals: array<f32>;
@group(0) @binding(6) var<storage, read> v_rgba: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read> v_depth: array<f32>;
@group(0) @binding(8) var<storage, read_write> v_instances: array<f32>;

var<workgroup> sh_parts: array<f32, TOGETHER * NUM_PARTS * PART_STRIDE>;
// Threads that saw each of the convexes in hand, one bit each.
var<workgroup> sh_seen: array<atomic<u32>, TOGETHER * 2>;

// Four pixels of one thread.
struct Quad {
    transmittance: vec4<f32>,
    // What the loss sees from here on.
    behind: vec4<f32>,
    v_red: vec4<f32>,
    v_green: vec4<f32>,
    v_blue: vec4<f32>,
    v_depth: vec4<f32>,
    // Outside the picture, or no more light left.
    done: vec4<bool>,
}

fn load_quad(first: vec2<u32>) -> Quad {
    var quad: Quad;
    quad.transmittance = vec4(1.0);
    quad.done = is_outside(first);
    for (var i = 0u; i < 4u; i++) {
        if !quad.done[i] {
            let at = index_of(first) + i;
            quad.behind[i] = totals[at];
            quad.v_red[i] = v_rgba[at].x;
            quad.v_green[i] = v_rgba[at].y;
            quad.v_blue[i] = v_rgba[at].z;
            quad.v_depth[i] = v_depth[at];
        }
    }
    return quad;
}

fn sum(x: vec4<f32>) -> f32 {
    return x.x + x.y + x.z + x.w;
}

fn set_part(which: u32, part: u32, thread: u32, value: f32) {
    sh_parts[(which * NUM_PARTS + part) * PART_STRIDE + thread] = value;
}

// Cotangents of the lines at four pixels, from that of lambda.
fn lines_backward(j: u32, which: u32, thread: u32, meeting: Meeting, v_lambda: vec4<f32>) {
    let x = meeting.p.x + vec4(0.0, 1.0, 2.0, 3.0);
    for (var k = 0u; k < POINTS; k++) {
        let t = line_at(j, k, meeting.p);
        var share = select(vec4(0.0), vec4(1.0), t == meeting.largest);
        if meeting.is_smooth {
            share = exp2(t - meeting.lambda);
        }
        let v_line = v_lambda * share;
        set_part(which, 2u * k, thread, sum(v_line));
        set_part(which, 2u * k + 1u, thread, sum(v_line * x));
    }
}

// Moves behind convex j, and leaves what four pixels say about it in workgroup memory if it is drawn in any.
fn blend_backward(j: u32, which: u32, thread: u32, pixel: vec2<f32>, quad: ptr<function, Quad>) {
    let meeting = meet(j, pixel, (*quad).transmittance, (*quad).done);
    (*quad).done |= meeting.spent;
    if !any(meeting.drawn) {
        return;
    }
    let shape = sh_shape[j];
    let colour = sh_colour[j];
    let light = (*quad).transmittance;
    let weight = select(vec4(0.0), light * meeting.alpha, meeting.drawn);
    let v_weight = (*quad).v_red * colour.x + (*quad).v_green * colour.y + (*quad).v_blue * colour.z
        + (*quad).v_depth * shape.y;
    (*quad).behind -= weight * v_weight;
    let passes = meeting.drawn & (meeting.unclamped <= vec4(ALPHA_MAX));
    let v_alpha = select(vec4(0.0), light * v_weight - (*quad).behind / (1.0 - meeting.alpha), passes);
    (*quad).transmittance = select(light, meeting.left, meeting.drawn);

    let indicator = 1.0 / (1.0 + meeting.border);
    // I(1 − I), without the cancellation of 1 − I.
    let slope = indicator * indicator * meeting.border;
    let v_border = -0.6931471805599453 * shape.x * slope * v_alpha;
    lines_backward(j, which, thread, meeting, v_border * sh_place[j].w);
    // Lambda is far below zero only where the slope is zero: the product must not become infinity times zero.
    let v_sharpness = select(vec4(0.0), v_border * meeting.lambda, slope > vec4(0.0));
    set_part(which, 2u * POINTS, thread, sum(v_sharpness));
    set_part(which, 2u * POINTS + 1u, thread, sum(indicator * v_alpha));
    set_part(which, 2u * POINTS + 2u, thread, sum(weight * (*quad).v_red));
    set_part(which, 2u * POINTS + 3u, thread, sum(weight * (*quad).v_green));
    set_part(which, 2u * POINTS + 4u, thread, sum(weight * (*quad).v_blue));
    set_part(which, 2u * POINTS + 5u, thread, sum(weight * (*quad).v_depth));
    atomicOr(&sh_seen[which * 2u + thread / 32u], 1u << (thread % 32u));
}

// Which of a thread's parts a cotangent is made of.
fn part_of(cotangent: u32) -> u32 {
    if cotangent >= 3u * POINTS {
        return cotangent - POINTS;
    }
    // a, b and c of line k come from the parts a, c and c.
    return 2u * (cotangent / 3u) + u32(cotangent % 3u == 0u);
}

fn is_y_moment(cotangent: u32) -> bool {
    return cotangent < 3u * POINTS && cotangent % 3u == 1u;
}

// One number of one instance, over all threads that saw it. `top` is y of the first row from the convex's origin.
fn sum_over_threads(which: u32, cotangent: u32, top: f32) -> f32 {
    let row = (which * NUM_PARTS + part_of(cotangent)) * PART_STRIDE;
    var total = 0.0;
    for (var half = 0u; half < 2u; half++) {
        var seen = atomicLoad(&sh_seen[which * 2u + half]);
        while seen != 0u {
            let thread = half * 32u + firstTrailingBit(seen);
            seen &= seen - 1u;
            let y = select(1.0, top + f32(thread / 4u), is_y_moment(cotangent));
            total += sh_parts[row + thread] * y;
        }
    }
    return total;
}

// Whether the binding shows the cotangents of a slot.
fn is_bound(slot: u32) -> bool {
    return slot >= camera.first_slot && slot < camera.end_slot;
}

fn write_instances(first: u32, count: u32, top: f32, thread: u32) {
    for (var job = thread; job < count * INSTANCE_STRIDE; job += THREADS) {
        let which = job / INSTANCE_STRIDE;
        let cotangent = job % INSTANCE_STRIDE;
        let slot = sh_slot[first + which];
        if !is_bound(slot) {
            continue;
        }
        let at = (slot - camera.first_slot) * INSTANCE_STRIDE + cotangent;
        let is_seen = (atomicLoad(&sh_seen[which * 2u]) | atomicLoad(&sh_seen[which * 2u + 1u])) != 0u;
        if cotangent == IS_SEEN {
            v_instances[at] = f32(is_seen);
        } else if is_seen {
            v_instances[at] = sum_over_threads(which, cotangent, top - sh_place[first + which].y);
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy + vec2(0u, camera.first_tile_row);
    let first = first_pixel(tile, thread);
    let pixel = vec2<f32>(first) + 0.5;
    let top = f32(tile.y * TILE_SIZE) + 0.5;
    var quad = load_quad(first);

    let range = range_of(tile, thread);
    var batch = range.x;
    for (; batch < range.y; batch += BATCH) {
        let count = min(BATCH, range.y - batch);
        if !load_batch(batch, count, thread, !all(quad.done)) {
            break;
        }
        for (var j = 0u; j < count; j += TOGETHER) {
            if thread < TOGETHER * 2u {
                atomicStore(&sh_seen[thread], 0u);
            }
            workgroupBarrier();
            let together = min(TOGETHER, count - j);
            for (var which = 0u; which < together; which++) {
                blend_backward(j + which, which, thread, pixel, &quad);
            }
            workgroupBarrier();
            write_instances(j, together, top, thread);
            workgroupBarrier();
        }
    }
    // No light is left for the rest.
    for (var i = batch + thread; i < range.y; i += THREADS) {
        if is_bound(slots[i]) {
            v_instances[(slots[i] - camera.first_slot) * INSTANCE_STRIDE + IS_SEEN] = 0.0;
        }
    }
}
