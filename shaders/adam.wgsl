// One step of Adam on one parameter: src/reference/adam.rs.
//
// One thread per value.
//
// Uses: shared/status.wgsl.

struct AdamArgs {
    // Values in the window that the bindings show, and the first of them in the whole parameter.
    num_values: u32,
    first_value: u32,
    // Values of one convex, and how many of them at its front have a rate of their own.
    row_width: u32,
    front_width: u32,
    front_rate: f32,
    rate: f32,
    // Inverse of 1 − beta^step for both moments.
    correction1: f32,
    correction2: f32,
}

@group(0) @binding(0) var<uniform> args: AdamArgs;
@group(0) @binding(1) var<storage, read> status: Status;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(5) var<storage, read_write> second_moment: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let i = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if i >= args.num_values || status.has_overflowed == 1u {
        return;
    }
    let g = gradient[i];
    let first = ADAM_BETA1 * first_moment[i] + ADAM_1_MINUS_BETA1 * g;
    let second = ADAM_BETA2 * second_moment[i] + ADAM_1_MINUS_BETA2 * g * g;
    first_moment[i] = first;
    second_moment[i] = second;
    let is_front = (args.first_value + i) % args.row_width < args.front_width;
    let rate = select(args.rate, args.front_rate, is_front);
    values[i] -= rate * first * args.correction1 / (sqrt(second * args.correction2) + ADAM_EPSILON);
}
