// A convex as one camera sees it: this, and its lines, which lie apart so that neither array is longer than a binding
// before there are a million convexes. Everything is relative to `origin`, a pixel corner near the convex: f32 would
// cancel in absolute pixels.

struct Projected {
    // Whole pixels from the upper left corner of the picture.
    origin: vec2<f32>,
    // alpha >= ALPHA_MIN means lambda <= lambda_max, in units of the lines.
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
    // Tiles that the convex can touch; until they are counted, those of its box. The lines are there unless this is 0.
    num_instances: u32,
    // First tile row, and the last one in the upper half of the word; then columns in the same way.
    tile_rows: u32,
    tile_columns: u32,
    // z·delta·log2(e): the factor that the lines contain.
    smoothness: f32,
    // What `sharpness` is without anti-aliasing.
    full_sharpness: f32,
}

// (a, b, c, v): t(p) = a·x + b·y + c = z·delta·log2(e)·L at p pixels from the origin; the edge begins at point v. Unused
// lines are far below all others.
alias Lines = array<vec4<f32>, POINTS>;

fn range_in_word(word: u32) -> vec2<i32> {
    return vec2(i32(word & 0xffffu), i32(word >> 16u));
}

// Value of a line that is never the largest.
const FAR_INSIDE: f32 = -1e30;

// Pixels by which tiles and blocks are widened against rounding. One more changes no pixel; one less would.
const TILE_MARGIN: f32 = 1.0 / 64.0;
