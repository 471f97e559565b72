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
