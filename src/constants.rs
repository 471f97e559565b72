//! Every number that the method fixes, each once. The shaders receive these values from
//! [`wgsl_header`], so there is no second copy to drift.
//!
//! Source: docs/spec.md §2, §3 and §6.

/// Edge of a square tile in pixels. One workgroup rasterizes one tile.
pub const TILE_SIZE: u32 = 16;

/// Fewest points that can span a convex.
pub const MIN_POINTS: usize = 3;

/// Most points a convex may have: a hull index then fits in three bits.
pub const MAX_POINTS: usize = 8;

/// Points per convex where the user does not say otherwise.
pub const DEFAULT_POINTS: usize = 6;

/// Highest degree of the spherical harmonics.
pub const SH_MAX_DEGREE: usize = 3;

/// Coefficients per colour channel that are always stored: `(SH_MAX_DEGREE + 1)²`.
pub const SH_COEFFS: usize = 16;

/// The constant function of the spherical harmonics: a colour is `SH_C0 · dc + 0.5`.
pub const SH_C0: f64 = 0.282_094_791_773_878_14;

/// A pixel never becomes fully opaque through one convex, so that `1 − alpha` can be divided by.
pub const ALPHA_MAX: f64 = 0.99;

/// Below this a contribution is invisible in 8 bits and is skipped.
pub const ALPHA_MIN: f64 = 1.0 / 255.0;

/// Blending stops before a convex that would leave less transmittance than this.
pub const TRANSMITTANCE_MIN: f64 = 1e-4;

/// Least alpha of a pixel whose depth says where a surface is: then most of what is seen there is the scene.
pub const NORMAL_ALPHA_MIN: f64 = 0.5;

/// Default near plane in scene units. A convex with any point at or before it is culled.
pub const NEAR: f64 = 0.01;

/// Anti-aliasing: variance that is added to the points of a convex along every direction of the picture, pixels².
pub const AA_SPREAD: f64 = 0.08;

/// Anti-aliasing: most that the exponent of a border changes within a pixel.
pub const AA_SLOPE: f64 = 8.0;

/// Anti-aliasing: what the borders add to the area of a convex, in the measure of √det of the points' covariance, pixels².
pub const AA_FRINGE: f64 = 0.25;

/// Weight of `1 − SSIM` in the loss; L1 has the rest.
pub const SSIM_WEIGHT: f64 = 0.2;

/// Side of the square SSIM window in pixels.
pub const SSIM_WINDOW: usize = 11;

/// Standard deviation of the SSIM window in pixels.
pub const SSIM_STD: f64 = 1.5;

/// `C1 = (0.01 · L)²` of SSIM with dynamic range `L = 1`.
pub const SSIM_C1: f64 = 0.01 * 0.01;

/// `C2 = (0.03 · L)²` of SSIM with dynamic range `L = 1`.
pub const SSIM_C2: f64 = 0.03 * 0.03;

/// Workgroups per row of a dispatch: one dimension holds at most 65 535, so a long line of workgroups is folded into
/// rows of this length and a kernel finds its place by `y · GROUPS_PER_ROW + x`.
pub const GROUPS_PER_ROW: u32 = 32_768;

/// Threads of a workgroup of the kernels that work on lines of items: the most that every WebGPU device has.
pub const WG_SIZE: u32 = 256;

/// Items that each thread of those kernels handles.
pub const ITEMS_PER_THREAD: u32 = 8;

/// Items of one workgroup of those kernels.
pub const BLOCK_SIZE: u32 = WG_SIZE * ITEMS_PER_THREAD;

/// Windows of a buffer that is longer than a binding start at whole multiples of this many items, so that every array of
/// theirs is aligned.
pub const WINDOW_UNIT: u32 = 64;

/// Decay of Adam's mean of the gradient.
pub const ADAM_BETA1: f64 = 0.9;

/// Decay of Adam's mean of the squared gradient.
pub const ADAM_BETA2: f64 = 0.999;

/// Added to the root of Adam's second moment; so small that the step has the size of the rate however small gradients are.
pub const ADAM_EPSILON: f64 = 1e-15;

/// Weights of the SSIM window along one axis; they add up to one.
#[must_use]
pub fn ssim_weights() -> [f64; SSIM_WINDOW] {
    let middle = (SSIM_WINDOW / 2) as f64;
    let weights: [f64; SSIM_WINDOW] =
        std::array::from_fn(|i| (-(i as f64 - middle).powi(2) / (2.0 * SSIM_STD * SSIM_STD)).exp());
    let total: f64 = weights.iter().sum();
    weights.map(|weight| weight / total)
}

/// Key of a convex that no tile can touch, in the sort by depth: the largest, so that such convexes come last.
pub const CULLED_KEY: u32 = u32::MAX;

/// What a picture can show of a frame, by the names of the shaders.
pub const DISPLAY_MODES: [&str; 8] = ["COLOUR", "DEPTH", "NORMAL", "ALPHA", "CONVEX", "CONTRIBUTORS", "TILES", "HULLS"];

/// Colours of a ramp from small to large numbers.
pub const RAMP_STOPS: u32 = 9;

/// The constants that shaders use, as WGSL source that is put before every shader.
#[must_use]
pub fn wgsl_header() -> String {
    let mut header = String::new();
    let mut constant = |name: &str, kind: &str, value: &dyn std::fmt::Display| {
        header.push_str(&format!("const {name}: {kind} = {kind}({value});\n"));
    };
    constant("TILE_SIZE", "u32", &TILE_SIZE);
    constant("GROUPS_PER_ROW", "u32", &GROUPS_PER_ROW);
    constant("WG_SIZE", "u32", &WG_SIZE);
    constant("ITEMS_PER_THREAD", "u32", &ITEMS_PER_THREAD);
    constant("BLOCK_SIZE", "u32", &BLOCK_SIZE);
    constant("WINDOW_UNIT", "u32", &WINDOW_UNIT);
    constant("CULLED_KEY", "u32", &CULLED_KEY);
    constant("RAMP_STOPS", "u32", &RAMP_STOPS);
    for (index, name) in DISPLAY_MODES.iter().enumerate() {
        constant(&format!("MODE_{name}"), "u32", &index);
    }
    constant("MAX_POINTS", "u32", &MAX_POINTS);
    constant("SH_COEFFS", "u32", &SH_COEFFS);
    constant("ALPHA_MAX", "f32", &ALPHA_MAX);
    constant("ALPHA_MIN", "f32", &ALPHA_MIN);
    constant("TRANSMITTANCE_MIN", "f32", &TRANSMITTANCE_MIN);
    constant("NORMAL_ALPHA_MIN", "f32", &NORMAL_ALPHA_MIN);
    constant("AA_SPREAD", "f32", &AA_SPREAD);
    constant("AA_SLOPE", "f32", &AA_SLOPE);
    constant("AA_FRINGE", "f32", &AA_FRINGE);
    constant("SSIM_WINDOW", "u32", &SSIM_WINDOW);
    constant("SSIM_C1", "f32", &SSIM_C1);
    constant("SSIM_C2", "f32", &SSIM_C2);
    constant("ADAM_BETA1", "f32", &ADAM_BETA1);
    constant("ADAM_BETA2", "f32", &ADAM_BETA2);
    // In f32 the difference would be off in the fifth digit.
    constant("ADAM_1_MINUS_BETA1", "f32", &(1.0 - ADAM_BETA1));
    constant("ADAM_1_MINUS_BETA2", "f32", &(1.0 - ADAM_BETA2));
    constant("ADAM_EPSILON", "f32", &ADAM_EPSILON);
    // By distance from the middle. Shaders spell the window out: an index into a constant array is slow on some drivers.
    for (distance, weight) in ssim_weights()[SSIM_WINDOW / 2..].iter().enumerate() {
        constant(&format!("SSIM_WEIGHT_{distance}"), "f32", weight);
    }
    header
}
