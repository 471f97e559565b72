// The camera and what else a picture depends on. docs/spec.md §1.

struct CameraUniform {
    // Rows of R in p_view = R·p_world + t; the last component is t.
    view_from_world: array<vec4<f32>, 3>,
    // Where the camera stands, world units; the last component is the near plane's depth.
    position_near: vec4<f32>,
    // sRGB behind everything; the last component is unused.
    background: vec4<f32>,
    // fx, fy in pixels.
    focal: vec2<f32>,
    // cx, cy in pixels.
    principal: vec2<f32>,
    // Width and height in pixels.
    size: vec2<u32>,
    // Width and height in tiles.
    num_tiles: vec2<u32>,
    num_convexes: u32,
    sh_degree: u32,
    // Largest number of instances that the buffers hold.
    max_instances: u32,
    // Where a buffer is longer than a binding, a window of it is bound: pictures from a row of tiles on, cotangents of
    // the instances in some slots, parameters of some convexes.
    first_tile_row: u32,
    first_slot: u32,
    end_slot: u32,
    first_convex: u32,
    end_convex: u32,
}

fn rotate_into_view(offset: vec3<f32>, camera: CameraUniform) -> vec3<f32> {
    return vec3(
        dot(camera.view_from_world[0].xyz, offset),
        dot(camera.view_from_world[1].xyz, offset),
        dot(camera.view_from_world[2].xyz, offset),
    );
}

// Whether convex `i` of those that the bindings show exists.
fn is_convex(i: u32) -> bool {
    return i < camera.end_convex - camera.first_convex;
}
