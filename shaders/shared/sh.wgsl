// Spherical harmonics: the real basis up to degree 3 in the order and with the signs of 3D Gaussian Splatting.
// docs/spec.md §2; src/reference/sh.rs has the same lines with their derivative.

fn sh_basis(direction: vec3<f32>) -> array<f32, SH_COEFFS> {
    let x = direction.x;
    let y = direction.y;
    let z = direction.z;
    let xx = x * x;
    let yy = y * y;
    let zz = z * z;
    return array<f32, SH_COEFFS>(
        // One unit in the last place below SH_C0: stored scenes depend on it bit for bit.
        0.28209479,
        -0.48860251 * y,
        0.48860251 * z,
        -0.48860251 * x,
        1.0925484 * x * y,
        -1.0925484 * y * z,
        0.31539157 * (2.0 * zz - xx - yy),
        -1.0925484 * x * z,
        0.54627422 * (xx - yy),
        -0.59004359 * y * (3.0 * xx - yy),
        2.8906114 * x * y * z,
        -0.45704580 * y * (4.0 * zz - xx - yy),
        0.37317633 * z * (2.0 * zz - 3.0 * xx - 3.0 * yy),
        -0.45704580 * x * (4.0 * zz - xx - yy),
        1.4453057 * z * (xx - yy),
        -0.59004359 * x * (xx - 3.0 * yy),
    );
}
