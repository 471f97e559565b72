// What the shown picture depends on besides the frame. Names of modes are in src/constants.rs.

struct DisplayArgs {
    // Rows of R in p_view = R·p_world + t; the last component is t.
    view_from_world: array<vec4<f32>, 3>,
    // fx, fy and cx, cy of the frame, pixels.
    focal_principal: vec4<f32>,
    // sRGB behind everything.
    background: vec4<f32>,
    // Width and height of the frame.
    size: vec2<u32>,
    // Width and height of the frame in tiles.
    num_tiles: vec2<u32>,
    // View depths of both ends of the ramp.
    depth_range: vec2<f32>,
    // Count at the upper end of the ramp.
    max_count: f32,
    // 0: no edges, 1: edges over the picture.
    edges: f32,
    mode: u32,
    // Pixels from row to row of the canvas.
    row_pixels: u32,
    // Convexes that the bindings show, and the number of the first.
    num_convexes: u32,
    first_convex: u32,
    // sRGB at equal distances.
    ramp: array<vec4<f32>, RAMP_STOPS>,
}

// A colour of its own for every number, neither dark nor grey.
fn colour_of_number(number: u32) -> vec3<f32> {
    // A multiplicative hash: neighbours lie far apart.
    let hash = number * 2654435769u;
    let hue = f32(hash >> 8u) / 16777216.0 * 6.0;
    let pure = clamp(abs((vec3(hue, hue + 4.0, hue + 2.0) % 6.0) - 3.0) - 1.0, vec3(0.0), vec3(1.0));
    let light = 0.75 + 0.25 * f32(hash & 0xffu) / 255.0;
    return light * mix(vec3(0.9), pure, 0.65);
}
