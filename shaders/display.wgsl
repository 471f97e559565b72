// Turns a frame into the picture that is shown: 8 bits a channel, in one of several ways to look at it.
//
// One thread per pixel.
//
// Uses: shared/display.wgsl.

@group(0) @binding(0) var<uniform> args: DisplayArgs;
@group(0) @binding(1) var<storage, read> rgba: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> depth: array<f32>;
// Id of the heaviest contributor and number of contributors.
@group(0) @binding(3) var<storage, read> inspection: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> first_instance_from_tile: array<u32>;
// Coverage in the highest byte, colour in the others.
@group(0) @binding(5) var<storage, read> edges: array<u32>;
@group(0) @binding(6) var<storage, read_write> canvas: array<u32>;
// Of the convexes of this window.
@group(0) @binding(7) var<storage, read> points: array<f32>;

const NO_CONVEX: u32 = 0xffffffffu;
// How much of the picture is left behind hulls.
const DIMMED: f32 = 0.35;

fn ramp(value: f32) -> vec3<f32> {
    let at = clamp(value, 0.0, 1.0) * f32(RAMP_STOPS - 1u);
    let low = min(u32(at), RAMP_STOPS - 2u);
    return mix(args.ramp[low].xyz, args.ramp[low + 1u].xyz, at - f32(low));
}

// View depth of what is seen at a pixel; 0 where there is nearly nothing.
fn depth_at(at: u32) -> f32 {
    let alpha = rgba[at].w;
    return select(0.0, depth[at] / max(alpha, 1e-6), alpha > 0.02);
}

// A corner of a convex of this window, view axes.
fn corner(convex: u32, i: u32) -> vec3<f32> {
    let at = (convex * POINTS + i) * 3u;
    let world = vec4(points[at], points[at + 1u], points[at + 2u], 1.0);
    let rows = args.view_from_world;
    return vec3(dot(rows[0], world), dot(rows[1], world), dot(rows[2], world));
}

// Outward normal of the facet with these three corners, view axes; zero where it is seen from inside, or is no facet.
fn facet(a: vec3<f32>, b: vec3<f32>, c: vec3<f32>, corners: ptr<function, array<vec3<f32>, POINTS>>) -> vec3<f32> {
    let normal = cross(b - a, c - a);
    var low = 0.0;
    var high = 0.0;
    for (var i = 0u; i < POINTS; i += 1u) {
        let above = dot(normal, (*corners)[i] - a);
        low = min(low, above);
        high = max(high, above);
    }
    // Corners of the same facet lie on it but for rounding.
    let tolerance = 1e-4 * max(high, -low);
    if high > tolerance && low < -tolerance {
        return vec3(0.0);
    }
    // A convex without a volume shows the same facet from both sides.
    let is_flat = max(high, -low) <= 1e-5 * pow(dot(normal, normal), 0.75);
    let outward = select(normal, -normal, select(high > -low, dot(normal, a) > 0.0, is_flat));
    return select(vec3(0.0), outward, dot(outward, a) < 0.0);
}

// World normal of the facet where the ray of a pixel enters a hull; beside the hull, of the one whose plane it meets last.
fn normal_at(pixel: vec2<u32>, convex: u32) -> vec3<f32> {
    let ray = vec3((vec2<f32>(pixel) + 0.5 - args.focal_principal.zw) / args.focal_principal.xy, 1.0);
    var corners: array<vec3<f32>, POINTS>;
    for (var i = 0u; i < POINTS; i += 1u) {
        corners[i] = corner(convex, i);
    }
    var entry = -1e30;
    var normal = vec3(0.0);
    for (var i = 0u; i < POINTS; i += 1u) {
        for (var j = i + 1u; j < POINTS; j += 1u) {
            for (var k = j + 1u; k < POINTS; k += 1u) {
                let candidate = facet(corners[i], corners[j], corners[k], &corners);
                let towards = dot(candidate, ray);
                let depth = dot(candidate, corners[i]) / towards;
                if towards < 0.0 && depth > entry {
                    entry = depth;
                    normal = candidate;
                }
            }
        }
    }
    let in_view = normal / max(length(normal), 1e-30);
    let rows = args.view_from_world;
    return rows[0].xyz * in_view.x + rows[1].xyz * in_view.y + rows[2].xyz * in_view.z;
}

// Many and few can be told apart on a logarithmic scale.
fn ramp_of_count(count: u32) -> vec3<f32> {
    return ramp(log2(1.0 + f32(count)) / log2(1.0 + args.max_count));
}

fn over_background(colour: vec3<f32>, alpha: f32) -> vec3<f32> {
    return mix(args.background.xyz, colour, alpha);
}

fn is_of_another_window(id: u32) -> bool {
    return id != NO_CONVEX && (id < args.first_convex || id >= args.first_convex + args.num_convexes);
}

fn load_of_tile(pixel: vec2<u32>) -> vec3<f32> {
    let tile = pixel / TILE_SIZE;
    let index = tile.y * args.num_tiles.x + tile.x;
    let count = first_instance_from_tile[index + 1u] - first_instance_from_tile[index];
    let is_border = any(pixel % TILE_SIZE == vec2(0u));
    return ramp_of_count(count) * select(1.0, 0.85, is_border);
}

fn shade(pixel: vec2<u32>, at: u32) -> vec3<f32> {
    let seen = rgba[at];
    let z = depth_at(at);
    switch args.mode {
        case MODE_DEPTH: {
            let value = (z - args.depth_range.x) / (args.depth_range.y - args.depth_range.x);
            return over_background(ramp(1.0 - value), select(0.0, seen.w, z > 0.0));
        }
        case MODE_NORMAL: {
            let id = inspection[at].x;
            if id == NO_CONVEX {
                return args.background.xyz;
            }
            return over_background(0.5 + 0.5 * normal_at(pixel, id - args.first_convex), seen.w);
        }
        case MODE_ALPHA: {
            return vec3(seen.w);
        }
        case MODE_CONVEX: {
            let id = inspection[at].x;
            return over_background(colour_of_number(id), select(0.0, seen.w, id != NO_CONVEX));
        }
        case MODE_CONTRIBUTORS: {
            return ramp_of_count(inspection[at].y);
        }
        case MODE_TILES: {
            return load_of_tile(pixel);
        }
        case MODE_HULLS: {
            return DIMMED * seen.xyz;
        }
        default: {
            return seen.xyz;
        }
    }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    let pixel = thread.xy;
    if any(pixel >= args.size) {
        return;
    }
    let at = pixel.y * args.size.x + pixel.x;
    if args.mode == MODE_NORMAL && is_of_another_window(inspection[at].x) {
        return;
    }
    var colour = shade(pixel, at);
    if args.edges > 0.0 {
        let edge = unpack4x8unorm(edges[at]);
        colour = mix(colour, edge.xyz, edge.w);
    }
    // NaN becomes black.
    canvas[pixel.y * args.row_pixels + pixel.x] =
        pack4x8unorm(vec4(clamp(max(colour, vec3(0.0)), vec3(0.0), vec3(1.0)), 1.0));
}
