// Counts what the rasterizer does in every tile: the walk of `rasterize` without its pictures.
//
// One workgroup per tile, four pixels of a row per thread.
//
// Uses: shared/camera.wgsl, shared/projected.wgsl, shared/blend.wgsl, shared/together.wgsl, shared/row.wgsl,
// shared/batch.wgsl.

@group(0) @binding(6) var<storage, read_write> tiles: array<TileStatistics>;

struct TileStatistics {
    // Convexes that the tile was visited for, and those that are drawn in at least one pixel.
    num_instances: u32,
    num_drawn_instances: u32,
    // Pairs of a pixel and a convex: those whose lines are evaluated, those that the largest line alone does not reject,
    // those among them that need the sum of exponentials, and those that are drawn.
    tested_pairs: u32,
    near_pairs: u32,
    smooth_pairs: u32,
    drawn_pairs: u32,
}

// Tested, near, smooth and drawn.
var<workgroup> wg_pairs: array<atomic<u32>, 4>;
// Convexes of the batch that are drawn, one bit each.
var<workgroup> wg_drawn: atomic<u32>;

fn count(pixels: vec4<bool>) -> u32 {
    let ones = select(vec4(0u), vec4(1u), pixels);
    return ones.x + ones.y + ones.z + ones.w;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let tile = group.xy + vec2(0u, camera.first_tile_row);
    let first = first_pixel(tile, thread);
    let pixel = vec2<f32>(first) + 0.5;
    if thread < 4u {
        atomicStore(&wg_pairs[thread], 0u);
    }
    var transmittance = vec4(1.0);
    var done = is_outside(first);
    var pairs = vec4(0u);
    var num_drawn_instances = 0u;

    let range = range_of(tile, thread);
    for (var batch = range.x; batch < range.y; batch += BATCH) {
        let batch_size = min(BATCH, range.y - batch);
        if thread == 0u {
            atomicStore(&wg_drawn, 0u);
        }
        if !load_batch(tile, batch, batch_size, thread, !all(done)) {
            break;
        }
        var visits = visits_of(thread, !all(done));
        while visits != 0u {
            let j = firstTrailingBit(visits);
            visits &= visits - 1u;
            let coverage = evaluate(j, thread, pixel, transmittance, done);
            pairs += vec4(count(!done), count(coverage.near), count(coverage.smooth_here), count(coverage.drawn));
            done |= coverage.exhausted;
            transmittance = select(transmittance, coverage.left, coverage.drawn);
            if any(coverage.drawn) {
                atomicOr(&wg_drawn, 1u << j);
            }
        }
        workgroupBarrier();
        num_drawn_instances += countOneBits(atomicLoad(&wg_drawn));
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
        atomicAdd(&wg_pairs[i], pairs[i]);
    }
    workgroupBarrier();
    if thread == 0u {
        tiles[tile.y * camera.num_tiles.x + tile.x] = TileStatistics(
            range.y - range.x,
            num_drawn_instances,
            atomicLoad(&wg_pairs[0]),
            atomicLoad(&wg_pairs[1]),
            atomicLoad(&wg_pairs[2]),
            atomicLoad(&wg_pairs[3]),
        );
    }
}
