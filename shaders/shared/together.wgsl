// Every thread for itself: for devices without subgroups of eight lanes.

// Convexes of the batch to visit, a bit each.
fn visits_of(thread: u32, is_busy: bool) -> u32 {
    return select(0u, atomicLoad(&wg_visits[thread / CLUSTER]), is_busy);
}

// Whether it is so for any thread that goes the same way.
fn is_any(here: bool) -> bool {
    return here;
}
