// The largest share, T·alpha, that every instance has in a pixel of its tile: the walk of `rasterize` without its pictures.
// Slots of instances that no pixel comes to are left as they are.
//
// One workgroup per tile, four pixels of a row per thread.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/blend.wgsl, shared/together_subgroups.wgsl or
// shared/together.wgsl, shared/row_lanes.wgsl or shared/row.wgsl, shared/batch.wgsl.

@group(0) @binding(6) var<storage, read_write> share_from_slot: array<f32>;

// Bits of the shares of a batch, which are ordered as the shares are.
var<workgroup> wg_shares: array<atomic<u32>, BATCH>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy + vec2(0u, camera.first_tile_row);
    let first = first_pixel(tile, thread);
    let pixel = vec2<f32>(first) + 0.5;
    var transmittance = vec4(1.0);
    var done = is_outside(first);

    let range = range_of(tile, thread);
    for (var batch = range.x; batch < range.y; batch += BATCH) {
        let count = min(BATCH, range.y - batch);
        if thread < BATCH {
            atomicStore(&wg_shares[thread], 0u);
        }
        if !load_batch(tile, batch, count, thread, !all(done)) {
            break;
        }
        var visits = visits_of(thread, !all(done));
        while visits != 0u {
            let j = firstTrailingBit(visits);
            visits &= visits - 1u;
            let coverage = evaluate(j, thread, pixel, transmittance, done);
            done |= coverage.exhausted;
            let share = select(vec4(0.0), transmittance * coverage.alpha, coverage.drawn);
            transmittance = select(transmittance, coverage.left, coverage.drawn);
            let largest = max(max(share.x, share.y), max(share.z, share.w));
            if largest > 0.0 {
                atomicMax(&wg_shares[j], bitcast<u32>(largest));
            }
        }
        workgroupBarrier();
        if thread < count {
            share_from_slot[wg_slot[thread]] = bitcast<f32>(atomicLoad(&wg_shares[thread]));
        }
        workgroupBarrier();
    }
}
