// What becomes of a convex when the scene is rebuilt.

struct Edit {
    // The convex that it comes from.
    source: u32,
    // What is done to the points: one of the constants below.
    shape: u32,
    // SHAPE_AT_POINT: the point that becomes the centroid.
    point: u32,
    // 1 where the optimiser's moments go along, 0 where they begin at zero.
    keeps_moments: u32,
    // SHAPE_AT_POINT: factor of the shape.
    scale: f32,
    // Factor of log_sigma.
    sigma_exponent: f32,
    // Added to log_delta.
    log_delta_shift: f32,
    // The new value.
    raw_opacity: f32,
}

const SHAPE_SAME: u32 = 0u;
// The half of the shape before its middle along its longest reach, or behind it.
const SHAPE_FRONT_HALF: u32 = 1u;
const SHAPE_BACK_HALF: u32 = 2u;
const SHAPE_AT_POINT: u32 = 3u;
