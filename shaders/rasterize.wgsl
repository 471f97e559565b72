// Blends the convexes of every tile front to back. docs/spec.md §3.
//
// One workgroup per tile; a thread owns four pixels of a row, so that what it reads of a convex serves all four. Convexes
// come through workgroup memory in batches.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/blend.wgsl, shared/together_subgroups.wgsl or
// shared/together.wgsl, shared/row_lanes.wgsl or shared/row.wgsl, shared/batch.wgsl.

// sRGB over the background, and 1 − T.
@group(0) @binding(6) var<storage, read_write> rgba: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> depth: array<f32>;
// Id of the heaviest contributor (NO_CONVEX where there is none) and number of contributors; only if INSPECT is 1.
@group(0) @binding(8) var<storage, read_write> inspection: array<vec2<u32>>;

const NO_CONVEX: u32 = 0xffffffffu;

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

fn blend(j: u32, thread: u32, pixel: vec2<f32>, quad: ptr<function, Quad>) {
    let coverage = evaluate(j, thread, pixel, (*quad).transmittance, (*quad).done);
    (*quad).done |= coverage.exhausted;
    if !is_any(any(coverage.drawn)) {
        return;
    }
    let weight = select(vec4(0.0), (*quad).transmittance * coverage.alpha, coverage.drawn);
    (*quad).transmittance = select((*quad).transmittance, coverage.left, coverage.drawn);
    let colour = wg_colour[j];
    (*quad).red += weight * colour.x;
    (*quad).green += weight * colour.y;
    (*quad).blue += weight * colour.z;
    (*quad).depth += weight * coverage.shape.y;
    if INSPECT == 1u {
        let heavier = coverage.drawn & (weight > (*quad).heaviest_weight);
        (*quad).heaviest = select((*quad).heaviest, vec4(bitcast<u32>(coverage.shape.w)), heavier);
        (*quad).heaviest_weight = max((*quad).heaviest_weight, weight);
        (*quad).num_contributions += select(vec4(0u), vec4(1u), coverage.drawn);
    }
}

fn store(first: vec2<u32>, quad: Quad) {
    for (var i = 0u; i < 4u; i++) {
        if first.x + i >= camera.size.x || first.y >= camera.size.y {
            return;
        }
        let at = index_of(first) + i;
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
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy + vec2(0u, camera.first_tile_row);
    let first = first_pixel(tile, thread);
    let pixel = vec2<f32>(first) + 0.5;
    var quad: Quad;
    quad.transmittance = vec4(1.0);
    quad.heaviest = vec4(NO_CONVEX);
    quad.done = is_outside(first);

    let range = range_of(tile, thread);
    for (var batch = range.x; batch < range.y; batch += BATCH) {
        let count = min(BATCH, range.y - batch);
        if !load_batch(tile, batch, count, thread, !all(quad.done)) {
            break;
        }
        var visits = visits_of(thread, !all(quad.done));
        while visits != 0u {
            blend(firstTrailingBit(visits), thread, pixel, &quad);
            visits &= visits - 1u;
        }
        workgroupBarrier();
    }
    store(first, quad);
}
