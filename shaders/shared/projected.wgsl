// A convex as one camera sees it. Everything is relative to `origin`, a pixel corner near the convex: f32 would cancel
// in absolute pixels.

struct Projected {
    // Whole pixels from the upper left corner of the picture.
    origin: vec2<f32>,
    // alpha >= ALPHA_MIN means lambda <= lambda_max, in units of `lines`.
    lambda_max: f32,
    // z·sigma: the exponent of the border per unit of lambda, base 2.
    sharpness: f32,
    // After the sigmoid.
    opacity: f32,
    // View depth of the centroid.
    z: f32,
    // Edges further than this below the largest change no pixel that can be seen.
    tau: f32,
    // 0 where the convex is culled.
    num_edges: u32,
    // sRGB, clamped below at zero.
    colour: vec3<f32>,
    // Tiles that the convex can touch.
    num_instances: u32,
    // First and last tile row, first and last tile column of the bounding box.
    tile_box: vec4<i32>,
    // (a, b, c, 0): t(p) = a·x + b·y + c = z·delta·log2(e)·L at p pixels from the origin. Unused ones are far below all.
    lines: array<vec4<f32>, POINTS>,
}

// Value of a line that is never the largest.
const FAR_INSIDE: f32 = -1e30;
