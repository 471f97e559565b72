//! How many numbers cotangents have. `shaders/shared/cotangents.wgsl`

/// Numbers of a projected convex's cotangent: three per line, and those of sharpness, opacity, colour and depth.
#[must_use]
pub const fn cotangents_per_convex(points_per_convex: u32) -> u64 {
    points_per_convex as u64 * 3 + 6
}

/// Numbers of an instance's cotangent: those of a projected convex, and whether it is seen.
#[must_use]
pub const fn cotangents_per_instance(points_per_convex: u32) -> u64 {
    cotangents_per_convex(points_per_convex) + 1
}
