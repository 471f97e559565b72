// The points of a convex, and where the camera sees them. Needs the bindings `points` and `camera`.

fn point(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    return vec3(points[at], points[at + 1u], points[at + 2u]);
}

fn centroid_of(id: u32) -> vec3<f32> {
    var sum = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        sum += point(id, k);
    }
    return sum / f32(POINTS);
}

// Place of a pixel coordinate in the focal-free image plane, along one axis.
fn pixel_in_plane(pixel: f32, axis: u32) -> vec2<f32> {
    return two_quotient(two_sum(pixel, -camera.principal[axis]), vec2(camera.focal[axis], 0.0));
}

// Place of point k in the focal-free image plane relative to that of pixel `origin`, and its view depth. Both places are
// far larger than their difference, and a sharp border needs all digits of it.
fn point_in_plane(id: u32, k: u32, origin: vec2<f32>) -> vec3<f32> {
    let p = point(id, k);
    let depth = two_dot(camera.view_from_world[2], p);
    let x = two_quotient(two_dot(camera.view_from_world[0], p), depth);
    let y = two_quotient(two_dot(camera.view_from_world[1], p), depth);
    let origin_x = pixel_in_plane(origin.x, 0u);
    let origin_y = pixel_in_plane(origin.y, 1u);
    return vec3((x.x - origin_x.x) + (x.y - origin_x.y), (y.x - origin_y.x) + (y.y - origin_y.y), depth.x);
}
