// Gradient of each function of `sh_basis` by x, y and z, as polynomials. src/reference/sh.rs.

fn sh_basis_gradient(direction: vec3<f32>) -> array<vec3<f32>, SH_COEFFS> {
    let x = direction.x;
    let y = direction.y;
    let z = direction.z;
    let xx = x * x;
    let yy = y * y;
    let zz = z * z;
    return array<vec3<f32>, SH_COEFFS>(
        vec3(0.0),
        vec3(0.0, -0.48860251, 0.0),
        vec3(0.0, 0.0, 0.48860251),
        vec3(-0.48860251, 0.0, 0.0),
        1.0925484 * vec3(y, x, 0.0),
        -1.0925484 * vec3(0.0, z, y),
        0.31539157 * vec3(-2.0 * x, -2.0 * y, 4.0 * z),
        -1.0925484 * vec3(z, 0.0, x),
        0.54627422 * vec3(2.0 * x, -2.0 * y, 0.0),
        -0.59004359 * vec3(6.0 * x * y, 3.0 * xx - 3.0 * yy, 0.0),
        2.8906114 * vec3(y * z, x * z, x * y),
        -0.45704580 * vec3(-2.0 * x * y, 4.0 * zz - xx - 3.0 * yy, 8.0 * y * z),
        0.37317633 * vec3(-6.0 * x * z, -6.0 * y * z, 6.0 * zz - 3.0 * xx - 3.0 * yy),
        -0.45704580 * vec3(4.0 * zz - 3.0 * xx - yy, -2.0 * x * y, 8.0 * x * z),
        1.4453057 * vec3(2.0 * x * z, -2.0 * y * z, xx - yy),
        -0.59004359 * vec3(3.0 * xx - 3.0 * yy, -6.0 * x * y, 0.0),
    );
}
