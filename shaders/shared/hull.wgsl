// The strict 2D hull of the few projected points of a convex, by the rules of src/reference/hull.rs: coincident and collinear
// points are left out, the first vertex is the one with the least x, then y, and vertices run so that (b − a) × (c − b) > 0,
// x right and y down.
//
// The border is followed from vertex to vertex, there and back again along x. No array is indexed by what only the run knows,
// so that all of it stays in registers.

struct Hull {
    // Places of the vertices in order and the indices of their points; what is behind them means nothing.
    places: array<vec2<f32>, POINTS>,
    indices: array<u32, POINTS>,
    count: u32,
}

struct Vertex {
    place: vec2<f32>,
    // POINTS where there is none.
    index: u32,
}

fn turn(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>) -> f32 {
    let ab = b - a;
    let ac = c - a;
    return ab.x * ac.y - ab.y * ac.x;
}

// By x, then y.
fn is_before(a: vec2<f32>, b: vec2<f32>) -> bool {
    return (a.x < b.x) | ((a.x == b.x) & (a.y < b.y));
}

fn first_vertex(points: ptr<function, array<vec2<f32>, POINTS>>) -> Vertex {
    var first = Vertex((*points)[0], 0u);
    for (var k = 1u; k < POINTS; k++) {
        let p = (*points)[k];
        // Of equal points the last stands for all.
        if !is_before(first.place, p) {
            first = Vertex(p, k);
        }
    }
    return first;
}

// Of the points that lie ahead, the one that all others are to the left of. `direction` is 1 on the way there and −1 on the way back.
fn next_vertex(points: ptr<function, array<vec2<f32>, POINTS>>, here: vec2<f32>, direction: f32) -> Vertex {
    var next = Vertex(here, POINTS);
    for (var k = 0u; k < POINTS; k++) {
        let p = (*points)[k];
        let side = turn(here, next.place, p);
        let is_further = (side == 0.0) & !is_before(direction * p, direction * next.place);
        let is_better = (next.index == POINTS) | (side < 0.0) | is_further | all(p == next.place);
        if is_before(direction * here, direction * p) & is_better {
            next = Vertex(p, k);
        }
    }
    return next;
}

fn hull_of(points: ptr<function, array<vec2<f32>, POINTS>>) -> Hull {
    let first = first_vertex(points);
    var hull: Hull;
    var here = first;
    var direction = 1.0;
    // Nothing is ahead at the turn, and the way back ends at the first vertex.
    for (var step = 0u; step <= POINTS; step++) {
        for (var i = 0u; i < POINTS; i++) {
            if i == hull.count {
                hull.places[i] = here.place;
                hull.indices[i] = here.index;
            }
        }
        hull.count++;
        var next = next_vertex(points, here.place, direction);
        if next.index == POINTS {
            direction = -1.0;
            next = next_vertex(points, here.place, direction);
        }
        if next.index == first.index || next.index == POINTS || hull.count == POINTS {
            break;
        }
        here = next;
    }
    return hull;
}
