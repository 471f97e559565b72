// The strict 2D hull of the few projected points of a convex: src/reference/hull.rs without allocation.
//
// Andrew's monotone chain over points sorted by x, then y, then falling index. Coincident and collinear points are left
// out. Vertices run so that (b − a) × (c − b) > 0, x right and y down.

struct Hull {
    // Indices of the points that are vertices.
    vertices: array<u32, POINTS>,
    count: u32,
}

fn turn(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>) -> f32 {
    let ab = b - a;
    let ac = c - a;
    return ab.x * ac.y - ab.y * ac.x;
}

fn hull_of(points: ptr<function, array<vec2<f32>, POINTS>>) -> Hull {
    // Insertion sort: at most eight points.
    var order: array<u32, POINTS>;
    for (var i = 0u; i < POINTS; i++) {
        let p = (*points)[i];
        var at = i;
        for (; at > 0u; at--) {
            let q = (*points)[order[at - 1u]];
            // Equal points: the later index goes first and stands for all.
            if q.x < p.x || (q.x == p.x && q.y < p.y) {
                break;
            }
            order[at] = order[at - 1u];
        }
        order[at] = i;
    }
    var distinct = 1u;
    for (var i = 1u; i < POINTS; i++) {
        if any((*points)[order[i]] != (*points)[order[distinct - 1u]]) {
            order[distinct] = order[i];
            distinct++;
        }
    }

    // There and back again; each way ends where the other begins. The way back needs one slot more for a moment.
    var chain: array<u32, POINTS + 1>;
    var length = 0u;
    var base = 0u;
    for (var step = 0u; step < 2u * distinct; step++) {
        let back = step >= distinct;
        if step == distinct {
            // The last vertex of the way there is the first of the way back.
            base = length - 1u;
            continue;
        }
        let id = order[select(step, 2u * distinct - 1u - step, back)];
        while length >= base + 2u
            && turn((*points)[chain[length - 2u]], (*points)[chain[length - 1u]], (*points)[id]) <= 0.0 {
            length--;
        }
        chain[length] = id;
        length++;
    }
    var hull: Hull;
    // The way back has come to the first vertex again.
    hull.count = length - 1u;
    for (var k = 0u; k < hull.count; k++) {
        hull.vertices[k] = chain[k];
    }
    return hull;
}
