// Sums, products and quotients with their rounding error, as two floats (value, error). Used once per convex, where the
// place of a convex in the picture would lose the digits that a sharp border needs. Dekker 1971; no fused multiply-add
// is asked for, because not every device has one. A compiler that rearranges sums turns this into plain f32.

fn two_sum(a: f32, b: f32) -> vec2<f32> {
    let sum = a + b;
    let from_b = sum - a;
    return vec2(sum, (a - (sum - from_b)) + (b - from_b));
}

// The upper and the lower half of the digits.
fn halves(a: f32) -> vec2<f32> {
    let shifted = 4097.0 * a;
    let upper = shifted - (shifted - a);
    return vec2(upper, a - upper);
}

fn two_product(a: f32, b: f32) -> vec2<f32> {
    let product = a * b;
    let p = halves(a);
    let q = halves(b);
    return vec2(product, ((p.x * q.x - product) + p.x * q.y + p.y * q.x) + p.y * q.y);
}

// x / y.
fn two_quotient(x: vec2<f32>, y: vec2<f32>) -> vec2<f32> {
    let quotient = x.x / y.x;
    let back = two_product(quotient, y.x);
    let rest = ((x.x - back.x) - back.y) + x.y - quotient * y.y;
    return vec2(quotient, rest / y.x);
}

// row·p + offset.
fn two_dot(row: vec4<f32>, p: vec3<f32>) -> vec2<f32> {
    let x = two_product(row.x, p.x);
    let y = two_product(row.y, p.y);
    let z = two_product(row.z, p.z);
    let xy = two_sum(x.x, y.x);
    let zw = two_sum(z.x, row.w);
    let all = two_sum(xy.x, zw.x);
    return vec2(all.x, all.y + xy.y + zw.y + x.y + y.y + z.y);
}
