// Convexes that the forward pass of the rasterizer holds in workgroup memory at a time.

const BATCH: u32 = 32u;
