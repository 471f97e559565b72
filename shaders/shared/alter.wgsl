// How a scene is changed before it is shown.

struct AlterArgs {
    // Lower and upper corner of the box that is kept, by centroids.
    crop_low: vec4<f32>,
    crop_high: vec4<f32>,
    num_convexes: u32,
    // Size of every convex relative to its own, about its centroid.
    scale: f32,
    // Opacity before the sigmoid below which convexes are hidden.
    raw_threshold: f32,
    padding: u32,
}
