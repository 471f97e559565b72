// Normals of what a frame shows: of the surface that the expected depth, depth / alpha, spans between the four neighbours of
// a pixel. World axes, towards the camera; zero where the pixel or a neighbour shows too little, or is not there.
//
// One thread per pixel of a band; the bands above and below are bound too, because neighbours may lie there.
//
// Uses: shared/camera.wgsl, shared/finite.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> rgba: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> rgba_above: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> rgba_below: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> depth: array<f32>;
@group(0) @binding(5) var<storage, read> depth_above: array<f32>;
@group(0) @binding(6) var<storage, read> depth_below: array<f32>;
// Three numbers for every pixel.
@group(0) @binding(7) var<storage, read_write> normals: array<f32>;

// Alpha and depth of a pixel; `row` counts from the first row of the band, and all bands but the last are whole rows.
fn alpha_and_depth(column: u32, row: i32) -> vec2<f32> {
    let width = camera.size.x;
    let num_rows = i32(arrayLength(&depth) / width);
    if row < 0 {
        let at = arrayLength(&depth_above) / width * width - width + column;
        return vec2(rgba_above[at].a, depth_above[at]);
    }
    if row >= num_rows {
        return vec2(rgba_below[column].a, depth_below[column]);
    }
    let at = u32(row) * width + column;
    return vec2(rgba[at].a, depth[at]);
}

// Where a pixel's ray meets the expected depth, view axes, in units of `unit`; z is 0 where the pixel shows too little.
fn surface(column: u32, row: i32, unit: f32) -> vec3<f32> {
    let seen = alpha_and_depth(column, row);
    if seen.x < NORMAL_ALPHA_MIN {
        return vec3(0.0);
    }
    let pixel = vec2(f32(column), f32(i32(camera.first_tile_row * TILE_SIZE) + row)) + 0.5;
    return vec3((pixel - camera.principal) / camera.focal, 1.0) * (seen.y / seen.x / unit);
}

fn normal_at(column: u32, row: i32) -> vec3<f32> {
    let y = i32(camera.first_tile_row * TILE_SIZE) + row;
    if column == 0u || column + 1u >= camera.size.x || y == 0 || y + 1 >= i32(camera.size.y) {
        return vec3(0.0);
    }
    // In units of the depth here nothing overflows that can be seen.
    let unit = surface(column, row, 1.0).z;
    if unit <= 0.0 {
        return vec3(0.0);
    }
    let left = surface(column - 1u, row, unit);
    let right = surface(column + 1u, row, unit);
    let above = surface(column, row - 1, unit);
    let below = surface(column, row + 1, unit);
    if min(min(left.z, right.z), min(above.z, below.z)) <= 0.0 {
        return vec3(0.0);
    }
    // x right and y down: this order points towards the camera as long as nothing turns over.
    var normal = cross(below - above, right - left);
    if dot(normal, surface(column, row, unit)) > 0.0 {
        normal = -normal;
    }
    let size = max(max(abs(normal.x), abs(normal.y)), abs(normal.z));
    if !is_finite(size) || size < 1e-30 {
        return vec3(0.0);
    }
    normal = normalize(normal / size);
    return normal.x * camera.view_from_world[0].xyz + normal.y * camera.view_from_world[1].xyz
        + normal.z * camera.view_from_world[2].xyz;
}

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let i = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    let column = i % camera.size.x;
    let row = i / camera.size.x;
    if camera.first_tile_row * TILE_SIZE + row >= camera.size.y || i * 3u + 2u >= arrayLength(&normals) {
        return;
    }
    let normal = normal_at(column, i32(row));
    normals[i * 3u] = normal.x;
    normals[i * 3u + 1u] = normal.y;
    normals[i * 3u + 2u] = normal.z;
}
