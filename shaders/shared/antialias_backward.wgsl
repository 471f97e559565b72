// The way back through anti-aliasing. Needs the bindings `camera`, `projected`, `lines` and `v_projected`.

// Adds the share of a line: slope `m` before, `u` = N·m after; off-diagonal cotangents of N come together.
fn slope_backward(m: vec2<f32>, v_u: vec2<f32>) -> vec3<f32> {
    return vec3(v_u.x * m.x, v_u.x * m.y + v_u.y * m.x, v_u.y * m.y);
}

// Cotangent of the covariance from those of N and of the coverage.
fn covariance_backward(stretch: Stretch, v_squeeze: vec3<f32>, v_coverage: f32) -> vec3<f32> {
    if stretch.wide_area == 0.0 {
        return vec3(0.0);
    }
    let root = stretch.root;
    let v_radicand = -0.5 * dot(v_squeeze, stretch.squeeze) / (root * root);
    let v_ratio = (v_squeeze.x + v_squeeze.z) / root + 2.0 * v_radicand;
    let fringed = stretch.wide_area + AA_FRINGE;
    let v_area = v_ratio / stretch.wide_area + v_coverage / fringed;
    let v_wide_area = -v_ratio * stretch.ratio / stretch.wide_area - v_coverage * stretch.coverage / fringed;
    let off = 0.5 * v_squeeze.y / root;
    let v_squared = mat2x2(v_squeeze.x / root + v_radicand, off, off, v_squeeze.z / root + v_radicand);
    let i = stretch.inverse;
    let inverse = mat2x2(i.x, i.y, i.y, i.z);
    let through = inverse * v_squared * inverse;
    let c = stretch.covariance;
    return 0.5 * v_area / stretch.area * vec3(c.z, -c.y, c.x) + 0.5 * v_wide_area * stretch.wide_area * i
        + AA_SPREAD * vec3(through[0].x, through[0].y, through[1].y);
}

// Slope of edge k before anti-aliasing.
fn slope_of(id: u32, k: u32, in_plane: ptr<function, array<vec3<f32>, POINTS>>) -> vec2<f32> {
    let a = place_of(in_plane, u32(lines[id][k].w));
    let b = place_of(in_plane, end_of_edge(id, k));
    return projected[id].smoothness * vec2(b.y - a.y, a.x - b.x) / camera.focal;
}

fn antialias_backward(id: u32, in_plane: ptr<function, array<vec3<f32>, POINTS>>) -> FullCotangents {
    let num_edges = projected[id].num_edges;
    var in_pixels: array<vec2<f32>, POINTS>;
    for (var k = 0u; k < POINTS; k++) {
        in_pixels[k] = (*in_plane)[k].xy * camera.focal;
    }
    let stretch = stretch_of(&in_pixels);
    let centre = stretch.centre;

    // The least cap is the factor of the sharpness too.
    var least = 1.0;
    var least_edge = 0u;
    var sum = 0.0;
    for (var k = 0u; k < num_edges; k++) {
        let cap = cap_of(projected[id].full_sharpness * length(times(stretch.squeeze, slope_of(id, k, in_plane))));
        least_edge = select(least_edge, k, cap < least);
        least = min(least, cap);
        sum += dot(v_line(id, k), lines[id][k].xyz);
    }

    var full: FullCotangents;
    full.log_sigma = v_of(id, V_SHARPNESS) * projected[id].sharpness;
    let v_log_least = full.log_sigma - sum;
    var v_centre = vec2(0.0);
    var v_squeeze = vec3(0.0);
    var v_plane: array<vec2<f32>, POINTS>;
    for (var k = 0u; k < num_edges; k++) {
        let m = slope_of(id, k, in_plane);
        let u = times(stretch.squeeze, m);
        let cap = cap_of(projected[id].full_sharpness * length(u));
        let v = cap / least * v_line(id, k);
        var v_log_cap = dot(v_line(id, k), lines[id][k].xyz);
        v_log_cap += select(0.0, v_log_least, k == least_edge);
        let v_log_slope = -(1.0 - cap * cap) * v_log_cap;
        full.log_sigma += v_log_slope;
        // The line was (u, h − u·centre) with h = m·(centre − a), what it is at the centre.
        let v_u = v.xy - v.z * centre + v_log_slope * u / max(dot(u, u), 1e-37);
        v_squeeze += slope_backward(m, v_u);
        let vertex = u32(lines[id][k].w);
        let v_m = times(stretch.squeeze, v_u) + v.z * (centre - place_of(in_plane, vertex) * camera.focal);
        v_centre += v.z * (m - u);
        full.log_delta += dot(v_m, m);
        let v_normal = projected[id].smoothness * v_m / camera.focal;
        add_at(&v_plane, vertex, vec2(v_normal.y, -v_normal.x) - v.z * m * camera.focal);
        add_at(&v_plane, end_of_edge(id, k), vec2(-v_normal.y, v_normal.x));
    }

    let opacity = projected[id].opacity / stretch.coverage;
    let v_opacity = v_of(id, V_OPACITY);
    full.raw_opacity = v_opacity * stretch.coverage * opacity * (1.0 - opacity);
    let v_covariance = covariance_backward(stretch, v_squeeze, v_opacity * opacity);
    for (var k = 0u; k < POINTS; k++) {
        let v_offset = 2.0 * times(v_covariance, in_pixels[k] - centre) + v_centre;
        full.plane[k] = v_plane[k] + v_offset / f32(POINTS) * camera.focal;
    }
    return full;
}
