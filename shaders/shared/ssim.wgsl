// Windows of the structural similarity: src/reference/loss.rs on tiles of 16×16 pixels, one thread for a run of RUN
// pixels, so that what it reads serves several windows.

// What lies outside the picture counts as zero and keeps its weight. Values are taken relative to the middle of their
// range, which changes no variance and costs f32 fewer digits.
const MIDDLE: f32 = 0.5;
const REACH: u32 = SSIM_WINDOW / 2u;
// A tile with what its windows reach, as rows of SIDE pixels.
const SIDE: u32 = TILE_SIZE + 2u * REACH;
// That tile blurred along its rows.
const NUM_BLURRED: u32 = SIDE * TILE_SIZE;
// Runs of a row; RUN are the pixels of a thread.
const RUNS: u32 = TILE_SIZE / RUN;
const THREADS: u32 = TILE_SIZE * RUNS;
// Pixels that the windows of a run reach.
const SPAN: u32 = RUN + 2u * REACH;

@group(0) @binding(0) var<uniform> args: LossArgs;
@group(0) @binding(1) var<storage, read> rgba: array<vec4<f32>>;
// Four bytes a pixel: red, green, blue, and the weight of the pixel.
@group(0) @binding(2) var<storage, read> targets: array<u32>;

// Place in the picture of entry `i` of a tile with its reach; wraps around to something large on the far sides.
fn place_in_picture(tile: vec2<u32>, i: u32) -> vec2<u32> {
    return tile * TILE_SIZE + vec2(i % SIDE, i / SIDE) - REACH;
}

fn is_inside(place: vec2<u32>) -> bool {
    return all(place < args.size);
}

// Picture and target of a channel at a pixel inside. Where the weight is not one the picture is moved to the target.
fn pair_at(place: vec2<u32>, channel: u32) -> vec2<f32> {
    let at = place.y * args.size.x + place.x;
    let target_value = unpack4x8unorm(targets[at]);
    let y = target_value[channel];
    return vec2(mix(y, rgba[at][channel], target_value.w), y);
}
