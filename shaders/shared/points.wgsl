// The points of a convex, relative to their mean: absolute positions would cancel in f32. Needs the bindings `points` and
// `camera`.

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

// Place of point k in the focal-free image plane, relative to that of the centroid, and its view depth. `centre` is the
// centroid in view axes.
fn point_in_plane(id: u32, k: u32, centroid: vec3<f32>, centre: vec3<f32>) -> vec3<f32> {
    let from_centre = rotate_into_view(point(id, k) - centroid, camera);
    let z = centre.z + from_centre.z;
    return vec3((from_centre.xy - centre.xy / centre.z * from_centre.z) / z, z);
}
