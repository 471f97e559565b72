// Draws the edges of the hulls that nothing hides. Of several edges at a pixel the one that covers it most wins, by an
// atomic maximum: the picture does not depend on the order of threads.
//
// One thread per pair of points of a convex.
//
// Uses: shared/display.wgsl.

@group(0) @binding(0) var<uniform> args: DisplayArgs;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> raw_opacity: array<f32>;
@group(0) @binding(3) var<storage, read> hull_edges: array<u32>;
@group(0) @binding(4) var<storage, read> rgba: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> depth: array<f32>;
// Coverage in the highest byte, colour in the others.
@group(0) @binding(6) var<storage, read_write> edges: array<atomic<u32>>;

const PAIRS: u32 = POINTS * (POINTS - 1u) / 2u;
// Edges behind this much opacity, and this much behind it in parts of the depth, are hidden.
const OPAQUE: f32 = 0.5;
const BEHIND: f32 = 0.01;
const NEAREST: f32 = 1e-3;

fn in_view(id: u32, k: u32) -> vec3<f32> {
    let at = (id * POINTS + k) * 3u;
    let p = vec4(points[at], points[at + 1u], points[at + 2u], 1.0);
    return vec3(dot(args.view_from_world[0], p), dot(args.view_from_world[1], p), dot(args.view_from_world[2], p));
}

// Pixel coordinates and 1/z.
fn in_picture(p: vec3<f32>) -> vec3<f32> {
    return vec3(p.xy / p.z * args.focal_principal.xy + args.focal_principal.zw, 1.0 / p.z);
}

fn cover(pixel: vec2<i32>, z: f32, coverage: f32, colour: vec3<f32>) {
    if any(pixel < vec2(0)) || any(pixel >= vec2<i32>(args.size)) {
        return;
    }
    let at = u32(pixel.y) * args.size.x + u32(pixel.x);
    let alpha = rgba[at].w;
    if alpha > OPAQUE && z > depth[at] / alpha * (1.0 + BEHIND) {
        return;
    }
    atomicMax(&edges[at], pack4x8unorm(vec4(colour, coverage)));
}

// One step per pixel of the longer axis, at its middle, wherever the picture is cut; each covers the two pixels that the
// line runs between.
fn draw(a: vec3<f32>, b: vec3<f32>, colour: vec3<f32>) {
    let way = b - a;
    let is_steep = abs(way.y) > abs(way.x);
    let start = select(a.x, a.y, is_steep);
    let length = select(way.x, way.y, is_steep);
    let last_pixel = f32(select(args.size.x, args.size.y, is_steep)) - 1.0;
    let low = max(ceil(min(start, start + length) - 0.5), 0.0);
    let high = min(floor(max(start, start + length) - 0.5), last_pixel);
    for (var along = low; along <= high; along += 1.0) {
        let p = a + way * ((along + 0.5 - start) / length);
        let across = select(p.y, p.x, is_steep) - 0.5;
        for (var side = 0.0; side < 2.0; side += 1.0) {
            let line = floor(across) + side;
            let pixel = select(vec2(along, line), vec2(line, along), is_steep);
            cover(vec2<i32>(pixel), 1.0 / p.z, 1.0 - abs(across - line), colour);
        }
    }
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let line = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let id = line / PAIRS;
    if id >= args.num_convexes {
        return;
    }
    let pair = line % PAIRS;
    let opacity = 1.0 / (1.0 + exp(-raw_opacity[id]));
    if (hull_edges[id] & (1u << pair)) == 0u || !(opacity > ALPHA_MIN) {
        return;
    }
    var i = 0u;
    var j = pair + 1u;
    while j >= POINTS {
        i++;
        j = j - POINTS + i + 1u;
    }
    var a = in_view(id, i);
    var b = in_view(id, j);
    if max(a.z, b.z) <= NEAREST {
        return;
    }
    let crossing = mix(a, b, (NEAREST - a.z) / select(b.z - a.z, 1.0, a.z == b.z));
    a = select(a, crossing, a.z < NEAREST);
    b = select(b, crossing, b.z < NEAREST);
    draw(in_picture(a), in_picture(b), mix(vec3(1.0), colour_of_number(args.first_convex + id), 0.6));
}
