// Which tiles a convex can touch: the one loop that counting and emitting share.
//
// The support lies inside P = { p : t_k(p) <= lambda_max for all k }, because a smooth maximum is never below the
// maximum. A tile's pixel centres form a rectangle; by the separating-axis theorem it misses the convex polygon P if and
// only if a side of the rectangle or an edge of P separates them. The sides of the rectangle are the bounding box;
// the edges of P are taken a row of tiles at a time, where each leaves a run of columns.

// First and last column of row `row`; empty when the first is larger.
fn tile_columns(convex: Projected, edges: ptr<function, Lines>, row: i32) -> vec2<i32> {
    let tile = f32(TILE_SIZE);
    let top = f32(row) * tile + 0.5 - convex.origin.y - TILE_MARGIN;
    let bottom = top + tile - 1.0 + 2.0 * TILE_MARGIN;
    var first = f32(range_in_word(convex.tile_columns).x);
    var last = f32(range_in_word(convex.tile_columns).y);
    for (var k = 0u; k < POINTS; k++) {
        let line = (*edges)[k];
        // What is left for a·x where the row is furthest inside.
        let room = convex.lambda_max - line.z - line.y * select(bottom, top, line.y > 0.0);
        // Where the line crosses the row, in pixels of the picture.
        let crossing = room / line.x + convex.origin.x;
        if line.x > 0.0 {
            last = min(last, floor((crossing - 0.5 + TILE_MARGIN) / tile));
        } else if line.x < 0.0 {
            first = max(first, ceil((crossing + 0.5 - tile - TILE_MARGIN) / tile));
        } else if room < 0.0 {
            last = -1.0;
        }
    }
    // Both are clamped before they become integers: they may be far outside, but never NaN.
    return vec2(i32(clamp(first, 0.0, 1e6)), i32(clamp(last, -1.0, 1e6)));
}
