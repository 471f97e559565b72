// Turns a frame into the picture that is shown: 8 bits a channel, in one of several ways to look at it.
//
// One thread per pixel.

@group(0) @binding(0) var<uniform> args: DisplayArgs;
@group(0) @binding(1) var<storage, read> rgba: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> depth: array<f32>;
// Id of the heaviest contributor and number of contributors.
@group(0) @binding(3) var<storage, read> inspection: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> first_instance_from_tile: array<u32>;
// Coverage in the highest byte, colour in the others.
@group(0) @binding(5) var<storage, read> edges: array<u32>;
@group(0) @binding(6) var<storage, read_write> canvas: array<u32>;

const NOBODY: u32 = 0xffffffffu;
// How much of the picture is left behind hulls.
const DIMMED: f32 = 0.35;

fn ramp(value: f32) -> vec3<f32> {
    let at = clamp(value, 0.0, 1.0) * f32(RAMP_STOPS - 1u);
    let low = min(u32(at), RAMP_STOPS - 2u);
    return mix(args.ramp[low].xyz, args.ramp[low + 1u].xyz, at - f32(low));
}

// View depth of what is seen at a pixel; 0 where there is nearly nothing.
fn depth_at(pixel: vec2<i32>) -> f32 {
    let inside = clamp(pixel, vec2(0), vec2<i32>(args.size) - 1);
    let at = u32(inside.y) * args.size.x + u32(inside.x);
    let alpha = rgba[at].w;
    return select(0.0, depth[at] / max(alpha, 1e-6), alpha > 0.02);
}

fn position_at(pixel: vec2<i32>) -> vec3<f32> {
    let z = depth_at(pixel);
    let in_plane = (vec2<f32>(pixel) + 0.5 - args.focal_principal.zw) / args.focal_principal.xy;
    return vec3(in_plane * z, z);
}

// Difference of positions towards the neighbour on whose side the depth changes less: not across a border.
fn slope(pixel: vec2<i32>, step: vec2<i32>) -> vec3<f32> {
    let here = position_at(pixel);
    let before = here - position_at(pixel - step);
    let after = position_at(pixel + step) - here;
    return select(after, before, abs(before.z) < abs(after.z));
}

// World normal of the surface that the depth describes, towards the camera.
fn normal_at(pixel: vec2<i32>) -> vec3<f32> {
    let in_view = normalize(cross(slope(pixel, vec2(0, 1)), slope(pixel, vec2(1, 0))));
    let rows = args.view_from_world;
    return rows[0].xyz * in_view.x + rows[1].xyz * in_view.y + rows[2].xyz * in_view.z;
}

fn over_background(colour: vec3<f32>, alpha: f32) -> vec3<f32> {
    return mix(args.background.xyz, colour, alpha);
}

fn load_of_tile(pixel: vec2<u32>) -> vec3<f32> {
    let tile = pixel / TILE_SIZE;
    let index = tile.y * args.num_tiles.x + tile.x;
    let count = first_instance_from_tile[index + 1u] - first_instance_from_tile[index];
    let is_border = any(pixel % TILE_SIZE == vec2(0u));
    return ramp(f32(count) / args.max_count) * select(1.0, 0.85, is_border);
}

fn look(pixel: vec2<u32>, at: u32) -> vec3<f32> {
    let seen = rgba[at];
    let z = depth_at(vec2<i32>(pixel));
    switch args.mode {
        case MODE_DEPTH: {
            let value = (z - args.depth_range.x) / (args.depth_range.y - args.depth_range.x);
            return over_background(ramp(1.0 - value), select(0.0, seen.w, z > 0.0));
        }
        case MODE_NORMAL: {
            return over_background(0.5 + 0.5 * normal_at(vec2<i32>(pixel)), select(0.0, seen.w, z > 0.0));
        }
        case MODE_ALPHA: {
            return vec3(seen.w);
        }
        case MODE_CONVEX: {
            let id = inspection[at].x;
            return over_background(colour_of_number(id), select(0.0, seen.w, id != NOBODY));
        }
        case MODE_CONTRIBUTORS: {
            return ramp(f32(inspection[at].y) / args.max_count);
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
    var colour = look(pixel, at);
    if args.edges > 0.0 {
        let edge = unpack4x8unorm(edges[at]);
        colour = mix(colour, edge.xyz, edge.w);
    }
    // NaN becomes black.
    canvas[pixel.y * args.row_pixels + pixel.x] =
        pack4x8unorm(vec4(clamp(max(colour, vec3(0.0)), vec3(0.0), vec3(1.0)), 1.0));
}
