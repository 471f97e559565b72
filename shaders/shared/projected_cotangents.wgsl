// Reading the cotangents of a projected convex. Needs the bindings `projected` and `v_projected`.

// Zero where the clamp held the colour.
fn colour_cotangent(id: u32) -> vec3<f32> {
    let v = vec3(v_of(id, V_COLOUR), v_of(id, V_COLOUR + 1u), v_of(id, V_COLOUR + 2u));
    return select(vec3(0.0), v, projected[id].colour > vec3(0.0));
}

fn v_of(id: u32, cotangent: u32) -> f32 {
    return v_projected[id * NUM_COTANGENTS + cotangent];
}
