//! What frames and iterations leave for the host to read.

use crate::gpu::mirror;

mirror! {
    /// Whether all frames of a list fitted, and how many steps were done; the host reads it later. `shaders/shared/status.wgsl`
    pub struct Status {
        /// 1 once a frame did not fit; nothing changes any parameter from then on.
        pub has_overflowed: u32,
        /// Most instances that a frame has asked for.
        pub needed_instances: u32,
        /// Iterations that changed the parameters.
        pub num_steps: u32,
        /// Unused.
        pub padding: u32,
    }
}
