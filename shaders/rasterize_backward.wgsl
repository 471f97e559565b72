// Sums the cotangents of a convex over the pixels of a tile, for every instance. docs/spec.md §4.
//
// One workgroup per tile, four pixels of a row per thread, front to back as in `rasterize`. Each instance has one
// writer and sums are taken in a fixed order, so the result is the same on every run: every thread adds up its four
// pixels, then the clusters of a group, then one thread per number adds up the groups that drew the convex.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/cotangents.wgsl, shared/blend.wgsl,
// shared/together_subgroups.wgsl or shared/together.wgsl, shared/row_lanes.wgsl or shared/row.wgsl, CLUSTERS_PER_GROUP,
// shared/sums_subgroups.wgsl or shared/sums.wgsl.

@group(0) @binding(6) var<storage, read> totals: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read> v_rgba: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read_write> v_instances: array<f32>;

// Four pixels of one thread.
struct Quad {
    transmittance: vec4<f32>,
    // The contribution of everything behind the current convex.
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
            quad.behind[i] = totals[at].x;
            quad.v_red[i] = v_rgba[at].x;
            quad.v_green[i] = v_rgba[at].y;
            quad.v_blue[i] = v_rgba[at].z;
            quad.v_depth[i] = totals[at].y;
        }
    }
    return quad;
}

fn sum(x: vec4<f32>) -> f32 {
    return (x.x + x.y) + (x.z + x.w);
}

// Adds the cotangents of a, b, c of line k over four pixels, of which the first lies `p` from the convex's origin.
fn line_backward(k: u32, p: vec2<f32>, v_line: vec4<f32>, numbers: ptr<function, Cotangents>) {
    let v_c = sum(v_line);
    (*numbers)[3u * k] = sum(v_line * (p.x + vec4(0.0, 1.0, 2.0, 3.0)));
    (*numbers)[3u * k + 1u] = v_c * p.y;
    (*numbers)[3u * k + 2u] = v_c;
}

// Adds the cotangents of all lines over four pixels, from the cotangent of lambda.
fn lines_backward(coverage: Coverage, v_lambda: vec4<f32>, numbers: ptr<function, Cotangents>) {
    if coverage.is_smooth {
        for (var k = 0u; k < POINTS; k++) {
            let t = line_at(coverage.row, k, coverage.p);
            let one = select(vec4(0.0), v_lambda, t == coverage.largest);
            line_backward(k, coverage.p, select(one, v_lambda * exp2(t - coverage.lambda), coverage.smooth_here), numbers);
        }
    } else {
        for (var k = 0u; k < POINTS; k++) {
            let t = line_at(coverage.row, k, coverage.p);
            line_backward(k, coverage.p, select(vec4(0.0), v_lambda, t == coverage.largest), numbers);
        }
    }
}

// Blends convex j at four pixels, and stores its cotangents if it is drawn in any.
fn blend_backward(j: u32, thread: u32, pixel: vec2<f32>, quad: ptr<function, Quad>) {
    let coverage = evaluate(j, thread, pixel, (*quad).transmittance, (*quad).done);
    (*quad).done |= coverage.exhausted;
    if !is_any(any(coverage.drawn)) {
        return;
    }
    let colour = wg_colour[j];
    let light = (*quad).transmittance;
    let weight = select(vec4(0.0), light * coverage.alpha, coverage.drawn);
    let v_weight = (*quad).v_red * colour.x + (*quad).v_green * colour.y + (*quad).v_blue * colour.z
        + (*quad).v_depth * coverage.shape.y;
    (*quad).behind -= weight * v_weight;
    let passes = coverage.drawn & (coverage.unclamped <= vec4(ALPHA_MAX));
    let v_alpha = select(vec4(0.0), light * v_weight - (*quad).behind / (1.0 - coverage.alpha), passes);
    (*quad).transmittance = select(light, coverage.left, coverage.drawn);

    let indicator = coverage.indicator;
    // I(1 − I), without the cancellation of 1 − I.
    let slope = indicator * indicator * coverage.border;
    let v_border = -0.6931471805599453 * coverage.shape.x * slope * v_alpha;
    // Lambda can be −∞ where the slope is 0; `select` avoids ∞ · 0.
    let v_sharpness = select(vec4(0.0), v_border * coverage.lambda, slope > vec4(0.0));
    var numbers: Cotangents;
    lines_backward(coverage, v_border * coverage.sharpness, &numbers);
    numbers[V_SHARPNESS] = sum(v_sharpness);
    numbers[V_OPACITY] = sum(indicator * v_alpha);
    numbers[V_COLOUR] = sum(weight * (*quad).v_red);
    numbers[V_COLOUR + 1u] = sum(weight * (*quad).v_green);
    numbers[V_COLOUR + 2u] = sum(weight * (*quad).v_blue);
    numbers[V_Z] = sum(weight * (*quad).v_depth);
    store_cotangents(j, thread, numbers);
}

// Whether the binding shows the cotangents of a slot.
fn is_bound(slot: u32) -> bool {
    return slot >= camera.first_slot && slot < camera.end_slot;
}

// Sums one number of a convex over all groups, with the same pairwise order as the subgroup sum.
fn sum_over(groups: u32, j: u32, i: u32) -> f32 {
    var sums: array<f32, NUM_GROUPS>;
    for (var group = 0u; group < NUM_GROUPS; group++) {
        sums[group] = sum_of(j, i, group, groups);
    }
    for (var step = 1u; step < NUM_GROUPS; step *= 2u) {
        for (var group = 0u; group < NUM_GROUPS; group += 2u * step) {
            sums[group] += sums[group + step];
        }
    }
    return sums[0];
}

fn write_instances(count: u32, thread: u32) {
    for (var job = thread; job < count * INSTANCE_STRIDE; job += THREADS) {
        let j = job / INSTANCE_STRIDE;
        let i = job % INSTANCE_STRIDE;
        let slot = wg_slot[j];
        if !is_bound(slot) {
            continue;
        }
        let at = (slot - camera.first_slot) * INSTANCE_STRIDE + i;
        let groups = groups_of(j);
        if i == IS_SEEN {
            v_instances[at] = f32(groups != 0u);
        } else if groups != 0u {
            v_instances[at] = sum_over(groups, j, i);
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy + vec2(0u, camera.first_tile_row);
    let first = first_pixel(tile, thread);
    let pixel = vec2<f32>(first) + 0.5;
    var quad = load_quad(first);

    let range = range_of(tile, thread);
    var batch = range.x;
    for (; batch < range.y; batch += BATCH) {
        let count = min(BATCH, range.y - batch);
        forget(thread);
        if !load_batch(tile, batch, count, thread, !all(quad.done)) {
            break;
        }
        var visits = visits_of(thread, !all(quad.done));
        while visits != 0u {
            blend_backward(firstTrailingBit(visits), thread, pixel, &quad);
            visits &= visits - 1u;
        }
        workgroupBarrier();
        write_instances(count, thread);
        workgroupBarrier();
    }
    // No light is left for the rest.
    for (var i = batch + thread; i < range.y; i += THREADS) {
        if is_bound(slots[i]) {
            v_instances[(slots[i] - camera.first_slot) * INSTANCE_STRIDE + IS_SEEN] = 0.0;
        }
    }
}
