// A scene as it is shown while it is edited: hidden convexes are never drawn, and selected ones are tinted.
//
// One thread per coefficient of a convex.

struct MarkArgs {
    // sRGB that colours are mixed with, and how much of it there is.
    tint: vec4<f32>,
    num_convexes: u32,
    padding_a: u32,
    padding_b: u32,
    padding_c: u32,
}

@group(0) @binding(0) var<uniform> args: MarkArgs;
// One of the values below.
@group(0) @binding(1) var<storage, read> marks: array<u32>;
@group(0) @binding(2) var<storage, read> raw_opacity: array<f32>;
@group(0) @binding(3) var<storage, read> sh: array<f32>;
@group(0) @binding(4) var<storage, read_write> marked_raw_opacity: array<f32>;
@group(0) @binding(5) var<storage, read_write> marked_sh: array<f32>;

const HIDDEN: u32 = 1u;
const SELECTED: u32 = 2u;

const ROW: u32 = SH_COEFFS * 3u;
// The constant function of the spherical harmonics.
const SH_C0: f32 = 0.28209479;
// An opacity that is never drawn.
const NOTHING: f32 = -1e4;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let at = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let id = at / ROW;
    if id >= args.num_convexes {
        return;
    }
    let mark = marks[id];
    let coefficient = at % ROW;
    if coefficient == 0u {
        marked_raw_opacity[id] = select(raw_opacity[id], NOTHING, mark == HIDDEN);
    }
    var value = sh[at];
    if mark == SELECTED {
        // A colour is 0.5 and the sum of the harmonics, so that mixing coefficients mixes colours.
        value *= 1.0 - args.tint.w;
        if coefficient < 3u {
            value += args.tint.w * (args.tint[coefficient] - 0.5) / SH_C0;
        }
    }
    marked_sh[at] = value;
}
