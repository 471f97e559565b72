// Arguments of the kernels of the loss.

struct LossArgs {
    // Width and height in pixels.
    size: vec2<u32>,
    // Width and height in tiles.
    num_tiles: vec2<u32>,
    // Weights of L1 and of 1 − SSIM.
    l1_weight: f32,
    ssim_weight: f32,
    // Place in `losses` that the means of the picture are put at.
    index: u32,
    padding: u32,
}
