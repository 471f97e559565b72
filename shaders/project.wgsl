// Projects every convex: depth, hull, edge lines, colour, and the tiles that it can touch. docs/spec.md §2 and §3.
//
// One thread per convex.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> log_delta: array<f32>;
@group(0) @binding(3) var<storage, read> log_sigma: array<f32>;
@group(0) @binding(4) var<storage, read> raw_opacity: array<f32>;
@group(0) @binding(5) var<storage, read> sh: array<f32>;
@group(0) @binding(6) var<storage, read_write> projected: array<Projected>;
// Bits of the depth, which are ordered like the depth itself; the largest where the convex is culled.
@group(0) @binding(7) var<storage, read_write> depth_keys: array<u32>;
@group(0) @binding(8) var<storage, read_write> convex_from_rank: array<u32>;

const LOG2_E: f32 = 1.4426950408889634;
const CULLED: u32 = 0xffffffffu;

// Compilers may assume that there is no NaN and drop a test by comparison; they cannot drop one of the bits.
fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

fn point(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    return vec3(points[at], points[at + 1u], points[at + 2u]);
}

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
fn pixel_box(convex: Projected) -> vec4<f32> {
    let limit = max(convex.lambda_max, 0.0);
    var low = vec2(1e6);
    var high = vec2(-1e6);
    for (var k = 0u; k < convex.num_edges; k++) {
        let next = select(k + 1u, 0u, k + 1u == convex.num_edges);
        let p = convex.lines[k];
        let q = convex.lines[next];
        let det = p.x * q.y - q.x * p.y;
        let crossing = vec2((limit - p.z) * q.y - (limit - q.z) * p.y, (limit - q.z) * p.x - (limit - p.z) * q.x) / det;
        // Nearly parallel neighbours meet far away on a side that rounding decides: take everything.
        if !(is_finite(crossing.x) && is_finite(crossing.y)) || det <= 0.0 {
            return vec4(-1e6, -1e6, 1e6, 1e6);
        }
        low = min(low, crossing);
        high = max(high, crossing);
    }
    return vec4(max(low, vec2(-1e6)), min(high, vec2(1e6)));
}

// First and last tile row, first and last column of the picture that the box has pixel centres in.
fn tile_box(convex: Projected) -> vec4<i32> {
    let box = pixel_box(convex) + vec4(-TILE_MARGIN, -TILE_MARGIN, TILE_MARGIN, TILE_MARGIN);
    let last_pixel = vec2<f32>(camera.size - 1u);
    let first = max(ceil(box.xy + convex.origin - 0.5), vec2(0.0));
    let last = min(floor(box.zw + convex.origin - 0.5), last_pixel);
    if any(first > last) {
        return vec4(0, -1, 0, -1);
    }
    let low = vec2<i32>(first) / i32(TILE_SIZE);
    let high = vec2<i32>(last) / i32(TILE_SIZE);
    return vec4(low.y, high.y, low.x, high.x);
}

fn count_instances(convex: Projected) -> u32 {
    var count = 0;
    for (var row = convex.tile_box.x; row <= convex.tile_box.y; row++) {
        let columns = tile_columns(convex, row);
        count += max(columns.y - columns.x + 1, 0);
    }
    return u32(count);
}

// The convex, or one without edges where it is culled.
fn project(id: u32) -> Projected {
    var convex: Projected;
    convex.num_edges = 0u;

    var centroid = vec3(0.0);
    for (var k = 0u; k < POINTS; k++) {
        centroid += point(id, k);
    }
    centroid /= f32(POINTS);
    let offset = centroid - camera.position_near.xyz;
    let centre = rotate_into_view(offset, camera);
    let distance = length(offset);
    let centre_in_plane = centre.xy / centre.z;

    // Points in the focal-free image plane, relative to the centroid's place there.
    var plane: array<vec2<f32>, POINTS>;
    for (var k = 0u; k < POINTS; k++) {
        let from_centre = rotate_into_view(point(id, k) - centroid, camera);
        let z = centre.z + from_centre.z;
        plane[k] = (from_centre.xy - centre_in_plane * from_centre.z) / z;
        if z <= camera.position_near.w || !is_finite(plane[k].x) || !is_finite(plane[k].y) {
            return convex;
        }
    }
    let hull = hull_of(&plane);
    if hull.count < 3u {
        return convex;
    }

    let delta = exp(log_delta[id]) * centre.z * LOG2_E;
    convex.z = centre.z;
    convex.sharpness = exp(log_sigma[id]) * centre.z;
    convex.opacity = 1.0 / (1.0 + exp(-raw_opacity[id]));
    let unclamped = colour_of(id, offset / distance);
    convex.colour = max(unclamped, vec3(0.0));
    let is_good = is_finite(delta) && is_finite(convex.sharpness) && is_finite(raw_opacity[id])
        && is_finite(log_delta[id]) && is_finite(log_sigma[id])
        && is_finite(unclamped.x) && is_finite(unclamped.y) && is_finite(unclamped.z);
    if !is_good || convex.opacity <= ALPHA_MIN {
        return convex;
    }
    let sharpness = max(convex.sharpness, 1e-30);
    convex.lambda_max = clamp(log2(convex.opacity / ALPHA_MIN - 1.0) / sharpness, -1e30, 1e30);

    let centre_in_pixels = centre_in_plane * camera.focal + camera.principal;
    convex.origin = clamp(floor(centre_in_pixels), vec2(0.0), vec2<f32>(camera.size));
    let origin_in_plane = (convex.origin - camera.principal) / camera.focal - centre_in_plane;
    for (var k = 0u; k < POINTS; k++) {
        convex.lines[k] = vec4(0.0, 0.0, FAR_INSIDE, 0.0);
        if k < hull.count {
            let a = plane[hull.vertices[k]];
            let b = plane[hull.vertices[select(k + 1u, 0u, k + 1u == hull.count)]];
            let normal = vec2(b.y - a.y, a.x - b.x);
            let slope = delta * normal / camera.focal;
            let at_origin = delta * dot(normal, origin_in_plane - a);
            if !is_finite(slope.x) || !is_finite(slope.y) || !is_finite(at_origin) {
                return convex;
            }
            convex.lines[k] = vec4(slope, at_origin, 0.0);
        }
    }
    // |ΔI| <= S/4·(n − 1)·2^−tau stays below 2^−16, and weights of edges that are left out below 2^−12.
    convex.tau = clamp(log2(sharpness * f32(hull.count - 1u)) + 14.0, 12.0, 1e30);
    convex.num_edges = hull.count;
    return convex;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id >= camera.num_convexes {
        return;
    }
    var convex = project(id);
    convex.num_instances = 0u;
    if convex.num_edges > 0u {
        convex.tile_box = tile_box(convex);
        convex.num_instances = count_instances(convex);
    }
    projected[id] = convex;
    depth_keys[id] = select(CULLED, bitcast<u32>(convex.z), convex.num_instances > 0u);
    convex_from_rank[id] = id;
}
