// Cotangents of a projected convex, as rows of numbers: for each line those of a, b and c, then the six below.

const V_SHARPNESS: u32 = 3u * POINTS;
const V_OPACITY: u32 = 3u * POINTS + 1u;
const V_COLOUR: u32 = 3u * POINTS + 2u;
// After `sh_backward`: the cotangent of the offset from camera to centroid, in place of the colour's.
const V_OFFSET: u32 = V_COLOUR;
const V_Z: u32 = 3u * POINTS + 5u;
const NUM_COTANGENTS: u32 = 3u * POINTS + 6u;

// A row of one instance has one number more: 1 if the convex is seen in the tile. Where it is 0 the others are not
// written.
const IS_SEEN: u32 = NUM_COTANGENTS;
const INSTANCE_STRIDE: u32 = NUM_COTANGENTS + 1u;
