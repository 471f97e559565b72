// Reading the cotangents of a projected convex. Needs the bindings `projected` and `v_projected`.

// Zero where the clamp held the colour.
fn colour_cotangent(id: u32) -> vec3<f32> {
    let v = vec3(v_of(id, V_COLOUR), v_of(id, V_COLOUR + 1u), v_of(id, V_COLOUR + 2u));
    return select(vec3(0.0), v, projected[id].colour > vec3(0.0));
}

// Cotangents of a, b and c of line k.
fn v_line(id: u32, k: u32) -> vec3<f32> {
    return vec3(v_of(id, 3u * k), v_of(id, 3u * k + 1u), v_of(id, 3u * k + 2u));
}

// The point that edge k ends at, where the next one begins.
fn end_of_edge(id: u32, k: u32) -> u32 {
    return u32(projected[id].lines[select(k + 1u, 0u, k + 1u == projected[id].num_edges)].w);
}

fn v_of(id: u32, cotangent: u32) -> f32 {
    return v_projected[id * NUM_COTANGENTS + cotangent];
}
