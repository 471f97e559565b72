// How a scene is changed before it is shown.

struct AlterArgs {
    // Rows of R in p_box = R·p_world + t, the axes of the box that is kept about its middle; the last component is t.
    box_from_world: array<vec4<f32>, 3>,
    // Half of its sides.
    crop_half: vec4<f32>,
    num_convexes: u32,
    // Size of every convex relative to its own, about its centroid.
    scale: f32,
    // Opacity before the sigmoid below which convexes are hidden.
    raw_threshold: f32,
    padding: u32,
}
