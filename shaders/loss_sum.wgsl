// Means of |x − y| and of the SSIM over a picture, from the sums over its tiles, in a fixed order.
//
// One workgroup in all.
//
// Uses: shared/loss_args.wgsl.

@group(0) @binding(0) var<uniform> args: LossArgs;
@group(0) @binding(1) var<storage, read> sums: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> losses: array<vec2<f32>>;

var<workgroup> wg_sums: array<vec2<f32>, WG_SIZE>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(local_invocation_index) thread: u32) {
    var sum = vec2(0.0);
    for (var tile = thread; tile < args.num_tiles.x * args.num_tiles.y; tile += WG_SIZE) {
        sum += sums[tile];
    }
    wg_sums[thread] = sum;
    workgroupBarrier();
    if thread == 0u {
        sum = vec2(0.0);
        for (var i = 0u; i < WG_SIZE; i++) {
            sum += wg_sums[i];
        }
        losses[args.index] = sum / (3.0 * f32(args.size.x * args.size.y));
    }
}
