// Anti-aliasing: src/reference/antialias.rs on lines in pixels from the convex's origin. docs/spec.md §9.

// Beyond this determinant, pixels⁴, a convex is left as it is; beyond this slope a border is as steep as that.
const HUGE: f32 = 1e30;
const STEEPEST: f32 = 1e15;

const LN_2: f32 = 0.6931471805599453;

// Symmetric matrices are (xx, xy, yy).
struct Stretch {
    // Mean of the points, pixels from the origin.
    centre: vec2<f32>,
    covariance: vec3<f32>,
    // Inverse of the covariance with AA_SPREAD added to it; zero where nothing is stretched.
    inverse: vec3<f32>,
    // Roots of the determinants of both.
    area: f32,
    wide_area: f32,
    // N takes slopes of lines to what they are now; its square, determinant, and the divisor of its closed form.
    squeeze: vec3<f32>,
    squared: vec3<f32>,
    ratio: f32,
    root: f32,
    // Factor of the opacity.
    coverage: f32,
}

fn times(m: vec3<f32>, v: vec2<f32>) -> vec2<f32> {
    return vec2(m.x * v.x + m.y * v.y, m.y * v.x + m.z * v.y);
}

// `in_pixels` are the points, from the origin. Where they span no area the coverage is zero.
fn stretch_of(in_pixels: ptr<function, array<vec2<f32>, POINTS>>) -> Stretch {
    let share = 1.0 / f32(POINTS);
    var stretch: Stretch;
    for (var k = 0u; k < POINTS; k++) {
        stretch.centre += (*in_pixels)[k] * share;
    }
    // A sum of squares: the usual difference has no digits left for a sliver.
    var det = 0.0;
    for (var k = 0u; k < POINTS; k++) {
        let d = (*in_pixels)[k] - stretch.centre;
        stretch.covariance += vec3(d.x * d.x, d.x * d.y, d.y * d.y) * share;
        for (var j = 0u; j < k; j++) {
            let other = (*in_pixels)[j] - stretch.centre;
            let across = (d.x * other.y - d.y * other.x) * share;
            det += across * across;
        }
    }
    let c = stretch.covariance;
    let wide_det = det + AA_SPREAD * (c.x + c.z) + AA_SPREAD * AA_SPREAD;
    stretch.squeeze = vec3(1.0, 0.0, 1.0);
    stretch.coverage = 1.0;
    if !is_finite(wide_det) || wide_det >= HUGE {
        return stretch;
    }
    stretch.area = sqrt(det);
    stretch.wide_area = sqrt(wide_det);
    stretch.inverse = vec3(c.z + AA_SPREAD, -c.y, c.x + AA_SPREAD) / wide_det;
    stretch.squared = vec3(1.0, 0.0, 1.0) - AA_SPREAD * stretch.inverse;
    stretch.ratio = stretch.area / stretch.wide_area;
    stretch.root = sqrt(stretch.squared.x + stretch.squared.z + 2.0 * stretch.ratio);
    stretch.squeeze = (stretch.squared + vec3(stretch.ratio, 0.0, stretch.ratio)) / stretch.root;
    stretch.coverage = stretch.area / (stretch.wide_area + AA_FRINGE);
    return stretch;
}

// How much less steep a border becomes whose exponent, base 2, changes by this much per pixel.
fn cap_of(slope: f32) -> f32 {
    let relative = min(slope * LN_2, STEEPEST) / AA_SLOPE;
    return 1.0 / sqrt(1.0 + relative * relative);
}
