// What a list of frames or iterations leaves for the host to read when it likes.

struct Status {
    // 1 once a frame did not fit; nothing changes any parameter from then on.
    has_overflowed: u32,
    // Most instances that a frame has asked for.
    needed_instances: u32,
    // Iterations that changed the parameters.
    num_steps: u32,
    padding: u32,
}
