// Projects every convex: depth, hull, edge lines, colour, and the box of tiles around it. docs/spec.md §2 and §3.
//
// One thread per convex.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/tiles.wgsl, shared/two_floats.wgsl, shared/points.wgsl,
// shared/sh.wgsl, shared/hull.wgsl, shared/finite.wgsl, shared/antialias.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> log_delta: array<f32>;
@group(0) @binding(3) var<storage, read> log_sigma: array<f32>;
@group(0) @binding(4) var<storage, read> raw_opacity: array<f32>;
@group(0) @binding(5) var<storage, read> sh: array<f32>;
@group(0) @binding(6) var<storage, read_write> projected: array<Projected>;
@group(0) @binding(7) var<storage, read_write> lines: array<Lines>;

const LOG2_E: f32 = 1.4426950408889634;

fn colour_of(id: u32, direction: vec3<f32>) -> vec3<f32> {
    let basis = sh_basis(direction);
    let num_coeffs = (camera.sh_degree + 1u) * (camera.sh_degree + 1u);
    var colour = vec3(0.5);
    for (var i = 0u; i < SH_COEFFS; i++) {
        if i < num_coeffs {
            let at = (id * SH_COEFFS + i) * 3u;
            colour += basis[i] * vec3(sh[at], sh[at + 1u], sh[at + 2u]);
        }
    }
    return colour;
}

// Bounding box, in pixels from the origin, of the polygon { t_k <= limit }: its vertices lie in the hull of the
// crossings of consecutive lines, as long as lines are only moved outwards.
fn pixel_box(convex: Projected, edges: ptr<function, Lines>) -> vec4<f32> {
    let limit = max(convex.lambda_max, 0.0);
    var low = vec2(1e6);
    var high = vec2(-1e6);
    var is_bounded = true;
    for (var k = 0u; k < POINTS; k++) {
        let p = (*edges)[k];
        let q = select((*edges)[(k + 1u) % POINTS], (*edges)[0], k + 1u == convex.num_edges);
        let det = p.x * q.y - q.x * p.y;
        let crossing = vec2((limit - p.z) * q.y - (limit - q.z) * p.y, (limit - q.z) * p.x - (limit - p.z) * q.x) / det;
        if k < convex.num_edges {
            // Nearly parallel neighbours meet far away on a side that rounding decides: take everything.
            is_bounded &= is_finite(crossing.x) && is_finite(crossing.y) && det > 0.0;
            low = min(low, crossing);
            high = max(high, crossing);
        }
    }
    return select(vec4(-1e6, -1e6, 1e6, 1e6), vec4(max(low, vec2(-1e6)), min(high, vec2(1e6))), is_bounded);
}

// Sets the rows and columns of tiles that the box has pixel centres in; returns how many tiles these are.
fn box_of_tiles(convex: ptr<function, Projected>, edges: ptr<function, Lines>) -> u32 {
    let box = pixel_box(*convex, edges) + vec4(-TILE_MARGIN, -TILE_MARGIN, TILE_MARGIN, TILE_MARGIN);
    let last_pixel = vec2<f32>(camera.size - 1u);
    let first = max(ceil(box.xy + (*convex).origin - 0.5), vec2(0.0));
    let last = min(floor(box.zw + (*convex).origin - 0.5), last_pixel);
    if any(first > last) {
        return 0u;
    }
    let low = vec2<u32>(first) / TILE_SIZE;
    let high = vec2<u32>(last) / TILE_SIZE;
    (*convex).tile_columns = low.x | (high.x << 16u);
    (*convex).tile_rows = low.y | (high.y << 16u);
    return (high.x - low.x + 1u) * (high.y - low.y + 1u);
}

// Stretches what is small against a pixel, and makes no border steeper than a pixel can show.
fn antialias(
    convex: ptr<function, Projected>,
    edges: ptr<function, Lines>,
    plane: ptr<function, array<vec2<f32>, POINTS>>,
    hull: ptr<function, Hull>,
) {
    var in_pixels: array<vec2<f32>, POINTS>;
    for (var k = 0u; k < POINTS; k++) {
        in_pixels[k] = (*plane)[k] * camera.focal;
    }
    let stretch = stretch_of(&in_pixels);
    (*convex).opacity *= stretch.coverage;
    var caps: array<f32, POINTS>;
    var least = 1.0;
    for (var k = 0u; k < POINTS; k++) {
        if k < (*hull).count {
            let line = (*edges)[k];
            let slope = times(stretch.squeeze, line.xy);
            caps[k] = cap_of((*convex).sharpness * length(slope));
            least = min(least, caps[k]);
            // The line keeps its value at the centre.
            let at_centre = dot(line.xy, stretch.centre - (*hull).places[k] * camera.focal);
            (*edges)[k] = vec4(slope, at_centre - dot(slope, stretch.centre), line.w);
        }
    }
    for (var k = 0u; k < POINTS; k++) {
        let line = (*edges)[k];
        (*edges)[k] = select(line, vec4(line.xyz * (caps[k] / least), line.w), k < (*hull).count);
    }
    (*convex).sharpness *= least;
}

fn are_finite(edges: ptr<function, Lines>) -> bool {
    var all = true;
    for (var k = 0u; k < POINTS; k++) {
        let line = (*edges)[k];
        all &= is_finite(line.x) && is_finite(line.y) && is_finite(line.z);
    }
    return all;
}

// The convex, or one without edges where it is culled, and its lines.
fn project(id: u32, edges: ptr<function, Lines>) -> Projected {
    var convex: Projected;
    convex.num_edges = 0u;

    let centroid = centroid_of(id);
    let offset = centroid - camera.position_near.xyz;
    let centre = rotate_into_view(offset, camera);
    let centre_in_pixels = centre.xy / centre.z * camera.focal + camera.principal;
    // The picture is where pixels are: an origin outside would only cost digits.
    convex.origin = clamp(floor(centre_in_pixels), vec2(0.0), vec2<f32>(camera.size));

    // Places in the focal-free image plane, relative to the origin's.
    var plane: array<vec2<f32>, POINTS>;
    var is_seen = true;
    for (var k = 0u; k < POINTS; k++) {
        let in_plane = point_in_plane(id, k, convex.origin);
        // Not every compiler unrolls the loop, and an index that only the run knows would put the array into memory.
        for (var i = 0u; i < POINTS; i++) {
            plane[i] = select(plane[i], in_plane.xy, i == k);
        }
        is_seen &= in_plane.z > camera.position_near.w && is_finite(in_plane.x) && is_finite(in_plane.y);
    }
    if !is_seen {
        return convex;
    }
    var hull = hull_of(&plane);
    if hull.count < 3u {
        return convex;
    }

    let delta = exp(log_delta[id]) * centre.z * LOG2_E;
    convex.z = centre.z;
    convex.smoothness = delta;
    convex.sharpness = exp(log_sigma[id]) * centre.z;
    convex.full_sharpness = convex.sharpness;
    convex.opacity = 1.0 / (1.0 + exp(-raw_opacity[id]));
    let unclamped = colour_of(id, normalize(offset));
    convex.colour = max(unclamped, vec3(0.0));
    let is_good = is_finite(delta) && is_finite(convex.sharpness) && is_finite(raw_opacity[id])
        && is_finite(log_delta[id]) && is_finite(log_sigma[id])
        && is_finite(unclamped.x) && is_finite(unclamped.y) && is_finite(unclamped.z);
    if !is_good || convex.opacity <= ALPHA_MIN {
        return convex;
    }
    for (var k = 0u; k < POINTS; k++) {
        let a = hull.places[k];
        let b = select(hull.places[(k + 1u) % POINTS], hull.places[0], k + 1u == hull.count);
        let normal = vec2(b.y - a.y, a.x - b.x);
        let line = vec4(delta * normal / camera.focal, -delta * dot(normal, a), f32(hull.indices[k]));
        (*edges)[k] = select(vec4(0.0, 0.0, FAR_INSIDE, 0.0), line, k < hull.count);
    }
    if !are_finite(edges) {
        return convex;
    }
    if ANTIALIAS == 1u {
        antialias(&convex, edges, &plane, &hull);
        if !are_finite(edges) || convex.opacity <= ALPHA_MIN {
            return convex;
        }
    }
    let sharpness = max(convex.sharpness, 1e-30);
    convex.lambda_max = clamp(log2(convex.opacity / ALPHA_MIN - 1.0) / sharpness, -1e30, 1e30);
    // |ΔI| <= S/4·(n − 1)·2^−tau stays below 2^−16, and weights of edges that are left out below 2^−12.
    convex.tau = clamp(log2(sharpness * f32(hull.count - 1u)) + 14.0, 12.0, 1e30);
    convex.num_edges = hull.count;
    return convex;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if !is_convex(id) {
        return;
    }
    var edges: Lines;
    var convex = project(id, &edges);
    convex.num_instances = 0u;
    if convex.num_edges > 0u {
        convex.num_instances = box_of_tiles(&convex, &edges);
    }
    projected[id] = convex;
    if convex.num_instances > 0u {
        lines[id] = edges;
    }
}
