// The threads of a subgroup go the same way: clusters are eight consecutive lanes of one.

// Convexes of the batch to visit, a bit each: those that a thread of the subgroup has to.
fn visits_of(thread: u32, is_busy: bool) -> u32 {
    return subgroupOr(select(0u, atomicLoad(&wg_visits[thread / CLUSTER]), is_busy));
}

// Whether it is so for any thread that goes the same way.
fn is_any(here: bool) -> bool {
    return subgroupAny(here);
}
