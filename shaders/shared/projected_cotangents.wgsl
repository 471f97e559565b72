// Reading the cotangents of a projected convex. Needs the bindings `projected`, `lines` and `v_projected`.

// Cotangents of a, b and c of line k.
fn v_line(id: u32, k: u32) -> vec3<f32> {
    return vec3(v_of(id, 3u * k), v_of(id, 3u * k + 1u), v_of(id, 3u * k + 2u));
}

// The point that edge k ends at, where the next one begins.
fn end_of_edge(id: u32, k: u32) -> u32 {
    return u32(lines[id][select(k + 1u, 0u, k + 1u == projected[id].num_edges)].w);
}

fn v_of(id: u32, cotangent: u32) -> f32 {
    return v_projected[id * NUM_COTANGENTS + cotangent];
}

// Entry `i` of an array, and adding to it: an index that only the run knows would put the array into memory.
fn place_of(in_plane: ptr<function, array<vec3<f32>, POINTS>>, i: u32) -> vec2<f32> {
    var place: vec2<f32>;
    for (var k = 0u; k < POINTS; k++) {
        place = select(place, (*in_plane)[k].xy, k == i);
    }
    return place;
}

fn add_at(sums: ptr<function, array<vec2<f32>, POINTS>>, i: u32, v: vec2<f32>) {
    for (var k = 0u; k < POINTS; k++) {
        (*sums)[k] += select(vec2(0.0), v, k == i);
    }
}

// Cotangents of what a convex is without anti-aliasing.
struct FullCotangents {
    log_delta: f32,
    log_sigma: f32,
    raw_opacity: f32,
    plane: array<vec2<f32>, POINTS>,
}
