// A convex of the batch in hand, read from workgroup memory where it is needed.

struct Row {
    j: u32,
}

fn row_of(j: u32, thread: u32) -> Row {
    return Row(j);
}

// (a, b, c) of line k.
fn line_of(row: Row, k: u32) -> vec3<f32> {
    return sh_lines[row.j * ROWS + k].xyz;
}

// Origin, lambda_max, sharpness.
fn place_of(row: Row) -> vec4<f32> {
    return sh_shape[2u * row.j];
}

// Opacity, z, tau, bits of the id.
fn shape_of(row: Row) -> vec4<f32> {
    return sh_shape[2u * row.j + 1u];
}
