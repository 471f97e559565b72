// Blends the convexes of every tile front to back. docs/spec.md §3.
//
// One workgroup per tile; a thread owns four pixels of a row, so that what it reads of a convex serves all four. Convexes
// come through workgroup memory in batches.
//
// lambda = m + log2 Σ 2^(t_k − m) is nearly always its largest term m: m alone rejects pixels without any exponential,
// and the sum is taken only where a second edge lies within tau of it.

const THREADS: u32 = 64u;
const BATCH: u32 = 32u;

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
@group(0) @binding(2) var<storage, read> convex_from_slot: array<u32>;
@group(0) @binding(3) var<storage, read> slots: array<u32>;
@group(0) @binding(4) var<storage, read> first_instance_from_tile: array<u32>;
// sRGB over the background, and 1 − T.
@group(0) @binding(5) var<storage, read_write> rgba: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> depth: array<f32>;
// Id of the heaviest contributor (NOBODY where there is none) and number of contributors; only if INSPECT is 1.
@group(0) @binding(7) var<storage, read_write> inspection: array<vec2<u32>>;

const NOBODY: u32 = 0xffffffffu;

// Of the batch: origin, lambda_max, sharpness; opacity, z, tau; colour; lines.
var<workgroup> sh_place: array<vec4<f32>, BATCH>;
var<workgroup> sh_shape: array<vec4<f32>, BATCH>;
var<workgroup> sh_colour: array<vec4<f32>, BATCH>;
var<workgroup> sh_lines: array<vec4<f32>, BATCH * POINTS>;
var<workgroup> sh_range: vec2<u32>;
var<workgroup> sh_num_busy: atomic<u32>;
var<workgroup> sh_anyone_busy: u32;

// Four pixels of one thread.
struct Quad {
    transmittance: vec4<f32>,
    red: vec4<f32>,
    green: vec4<f32>,
    blue: vec4<f32>,
    depth: vec4<f32>,
    // Outside the picture, or no more light left.
    done: vec4<bool>,
    heaviest: vec4<u32>,
    heaviest_weight: vec4<f32>,
    num_contributions: vec4<u32>,
}

fn load_batch(first: u32, count: u32, thread: u32) {
    for (var j = thread; j < count; j += THREADS) {
        let id = convex_from_slot[slots[first + j]];
        sh_place[j] = vec4(projected[id].origin, projected[id].lambda_max, projected[id].sharpness);
        sh_shape[j] = vec4(projected[id].opacity, projected[id].z, projected[id].tau, bitcast<f32>(id));
        sh_colour[j] = vec4(projected[id].colour, 0.0);
        for (var k = 0u; k < POINTS; k++) {
            sh_lines[j * POINTS + k] = projected[id].lines[k];
        }
    }
}

// t of line k at four pixels, of which the first lies `p` from the convex's origin.
fn line_at(j: u32, k: u32, p: vec2<f32>) -> vec4<f32> {
    let line = sh_lines[j * POINTS + k];
    return line.x * (p.x + vec4(0.0, 1.0, 2.0, 3.0)) + (line.y * p.y + line.z);
}

// The smooth maximum lambda.
fn smooth_max(j: u32, p: vec2<f32>, largest: vec4<f32>) -> vec4<f32> {
    var sum = vec4(0.0);
    for (var k = 0u; k < POINTS; k++) {
        sum += exp2(line_at(j, k, p) - largest);
    }
    return largest + log2(sum);
}

fn blend(j: u32, pixel: vec2<f32>, quad: ptr<function, Quad>) {
    let place = sh_place[j];
    let shape = sh_shape[j];
    let p = pixel - place.xy;
    var largest = vec4(FAR_INSIDE);
    var second = vec4(FAR_INSIDE);
    for (var k = 0u; k < POINTS; k++) {
        let t = line_at(j, k, p);
        second = max(second, min(largest, t));
        largest = max(largest, t);
    }
    let near = largest <= vec4(place.z) & !(*quad).done;
    if !any(near) {
        return;
    }
    var lambda = largest;
    if any(near & (second > largest - shape.z)) {
        lambda = smooth_max(j, p, largest);
    }
    // Where the convex can be seen the exponent is below 8; elsewhere it is cut before it overflows.
    let unclamped = shape.x / (1.0 + exp2(min(place.w * lambda, vec4(64.0))));
    let alpha = min(unclamped, vec4(ALPHA_MAX));
    let left = (*quad).transmittance * (1.0 - alpha);
    let visible = near & (unclamped >= vec4(ALPHA_MIN));
    let spent = visible & (left < vec4(TRANSMITTANCE_MIN));
    let drawn = visible & !spent;
    let weight = select(vec4(0.0), (*quad).transmittance * alpha, drawn);
    (*quad).transmittance = select((*quad).transmittance, left, drawn);
    let colour = sh_colour[j];
    (*quad).red += weight * colour.x;
    (*quad).green += weight * colour.y;
    (*quad).blue += weight * colour.z;
    (*quad).depth += weight * shape.y;
    (*quad).done |= spent;
    if INSPECT == 1u {
        let heavier = drawn & (weight > (*quad).heaviest_weight);
        (*quad).heaviest = select((*quad).heaviest, vec4(bitcast<u32>(shape.w)), heavier);
        (*quad).heaviest_weight = max((*quad).heaviest_weight, weight);
        (*quad).num_contributions += select(vec4(0u), vec4(1u), drawn);
    }
}

fn store(first: vec2<u32>, quad: Quad) {
    for (var i = 0u; i < 4u; i++) {
        if first.x + i >= camera.size.x || first.y >= camera.size.y {
            return;
        }
        let at = first.y * camera.size.x + first.x + i;
        let light = quad.transmittance[i];
        let colour = vec3(quad.red[i], quad.green[i], quad.blue[i]) + light * camera.background.xyz;
        rgba[at] = vec4(colour, 1.0 - light);
        depth[at] = quad.depth[i];
        if INSPECT == 1u {
            inspection[at] = vec2(quad.heaviest[i], quad.num_contributions[i]);
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first = tile.xy * TILE_SIZE + vec2((thread & 3u) * 4u, thread >> 2u);
    let pixel = vec2<f32>(first) + 0.5;
    var quad: Quad;
    quad.transmittance = vec4(1.0);
    quad.heaviest = vec4(NOBODY);
    quad.done = vec4(first.x) + vec4(0u, 1u, 2u, 3u) >= vec4(camera.size.x) | vec4(first.y >= camera.size.y);

    if thread == 0u {
        let index = tile.y * camera.num_tiles.x + tile.x;
        sh_range = vec2(first_instance_from_tile[index], first_instance_from_tile[index + 1u]);
    }
    let range = workgroupUniformLoad(&sh_range);
    for (var batch = range.x; batch < range.y; batch += BATCH) {
        if thread == 0u {
            atomicStore(&sh_num_busy, 0u);
        }
        workgroupBarrier();
        if !all(quad.done) {
            atomicAdd(&sh_num_busy, 1u);
        }
        let count = min(BATCH, range.y - batch);
        load_batch(batch, count, thread);
        workgroupBarrier();
        if thread == 0u {
            sh_anyone_busy = atomicLoad(&sh_num_busy);
        }
        if workgroupUniformLoad(&sh_anyone_busy) == 0u {
            break;
        }
        for (var j = 0u; j < count; j++) {
            blend(j, pixel, &quad);
        }
        workgroupBarrier();
    }
    store(first, quad);
}
